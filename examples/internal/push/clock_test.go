package push

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// Machines that ask the ledger's server agree to less than a second: with whole ones a row could
// come from the future, as the one saw it that found its sender dead.
func TestClockOfTheServer(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.MariaDB(t))
	server := func() (at time.Time) {
		var micros int64
		require.NoError(t, d.QueryRow("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS UNSIGNED)").Scan(&micros))
		return time.UnixMicro(micros)
	}
	c := newClock(d, nil, stopwatch{})
	for range 20 {
		before := server()
		at, err := c.ask(t.Context())
		require.NoError(t, err)
		after := server()
		assert.WithinRange(t, at, before, after)
	}
}

func TestTooLate(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	h := newHands()
	c := h.clock(t, now)
	for name, tt := range map[string]struct {
		age  time.Duration // of the first attempt; by this clock
		late bool
	}{
		"now":             {0, false},
		"another's clock": {-ClockSlack, false},
		"set back":        {-ClockSlack - time.Second, true},
		"last moment":     {horizon - time.Second, false},
		"nine minutes":    {horizon, true},
	} {
		first := now.Add(-tt.age).Unix()
		assert.Equal(t, tt.late, c.tooLate(&row{before: first, firstAt: first}, 0), name)
	}
	assert.True(t, c.tooLate(&row{before: now.Unix() - 530, firstAt: now.Unix() - 530}, 10*time.Second), "by then")
	assert.False(t, c.tooLate(&row{firstAt: 1}, 0), "it has never left")
	assert.Less(t, horizon+ClockSlack, 10*time.Minute, "WeChat's memory of an id")
}
