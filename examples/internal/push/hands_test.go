package push

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/departure"
	"github.com/org/wxhome/wechat"
)

// Client is the simulation's, with the look at the last moment.
func (s *simulated) Client(opts ...wechat.Option) *wechat.Client {
	return s.Server.Client(append([]wechat.Option{wechat.WithTransport(departure.Transport)}, opts...)...)
}

// hands are the hands of a stopwatch, which a test moves beside the time that passes.
type hands struct {
	start           time.Time
	wall, monotonic atomic.Int64
}

func newHands() *hands { return &hands{start: time.Now()} }

func (h *hands) stopwatch() stopwatch {
	return stopwatch{
		wall:      func() time.Time { return time.Now().Round(0).Add(time.Duration(h.wall.Load())) },
		monotonic: func() time.Duration { return time.Since(h.start) + time.Duration(h.monotonic.Load()) },
	}
}

// clock is a clock that says at, and goes on by the hands.
func (h *hands) clock(t *testing.T, at time.Time) *clock {
	t.Helper()
	c := newClock(&db.DB{}, func() time.Time { return at }, h.stopwatch())
	_, err := c.read(t.Context())
	require.NoError(t, err)
	return c
}

// standstills are what the two readings tell of eleven minutes in which a process stood still.
var standstills = map[string]struct{ wall, monotonic time.Duration }{
	"stopped":        {11 * time.Minute, 11 * time.Minute},
	"machine slept":  {11 * time.Minute, 0},
	"clock set back": {-time.Hour, 11 * time.Minute},
}

func TestStopwatchTakesTheLarger(t *testing.T) {
	t.Parallel()
	for name, s := range standstills {
		h := newHands()
		w := h.stopwatch()
		then := w.now()
		h.wall.Add(int64(s.wall))
		h.monotonic.Add(int64(s.monotonic))
		assert.InDelta(t, 11*time.Minute, w.since(then), float64(time.Minute), name)
	}
	assert.True(t, instant{}.none())
	assert.False(t, stopwatch{}.orSystem().now().none())
}

// A machine that has slept is told from a clock that has jumped.
func TestClockJumpsOnlyByItself(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		server, wall, monotonic time.Duration
		jumped                  bool
	}{
		"nothing":               {time.Minute, time.Minute, time.Minute, false},
		"the machine slept":     {11 * time.Minute, 11 * time.Minute, time.Minute, false},
		"the server jumped":     {11 * time.Minute, time.Minute, time.Minute, true},
		"the server set back":   {-time.Hour, time.Minute, time.Minute, true},
		"both set back":         {-time.Hour, -time.Hour, time.Minute, true},
		"this machine set back": {time.Minute, -time.Hour, time.Minute, false},
		"this machine jumped":   {time.Minute, time.Hour, time.Minute, false},
	} {
		h, at := newHands(), time.Unix(aMoment, 0)
		c := newClock(&db.DB{}, func() time.Time { return at }, h.stopwatch())
		_, err := c.read(t.Context())
		require.NoError(t, err)
		at = at.Add(tt.server)
		h.wall.Add(int64(tt.wall))
		h.monotonic.Add(int64(tt.monotonic))
		jump, err := c.read(t.Context())
		require.NoError(t, err)
		assert.Equal(t, tt.jumped, jump != 0, name)
		assert.Equal(t, !tt.jumped, c.steady(), name)
		assert.Equal(t, tt.jumped, c.tooLate(&row{before: at.Unix(), firstAt: at.Unix()}, 0), "no age is to be trusted: %s", name)
	}
}
