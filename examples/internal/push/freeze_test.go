package push

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/departure"
	"github.com/org/wxhome/wechat"
)

const (
	freezeRows   = 60
	beforeFreeze = 20 // messages that are sent before it
)

// freezer stops the senders of a process: every other one before its request leaves, the others
// when it has arrived; their answers are lost.
type freezer struct {
	calls  atomic.Int64
	inside sync.WaitGroup // until all workers stand still
	thaw   chan struct{}
	thawed atomic.Bool

	next http.RoundTripper
	wire atomic.Int64 // requests that have left since
}

func newFreezer(workers int) *freezer {
	f := &freezer{thaw: make(chan struct{})}
	f.inside.Add(workers)
	return f
}

// Wait implements [wechat.Limiter].
func (f *freezer) Wait(context.Context) error {
	if n := f.calls.Add(1); !f.thawed.Load() && n > beforeFreeze && n%2 == 0 {
		f.inside.Done()
		<-f.thaw
	}
	return nil
}

func (f *freezer) RoundTrip(req *http.Request) (*http.Response, error) {
	if f.thawed.Load() {
		f.wire.Add(1)
	}
	before := f.calls.Load()
	resp, err := f.next.RoundTrip(req)
	if f.thawed.Load() || before <= beforeFreeze || err != nil || req.URL.Path != sendPath {
		return resp, err
	}
	f.inside.Done()
	<-f.thaw
	_ = resp.Body.Close()
	return nil, errors.New("connection reset")
}

func (f *freezer) client(s *simulated) *wechat.Client {
	return s.Server.Client(wechat.WithLimiter(f, sendPath),
		wechat.WithTransport(func(next http.RoundTripper) http.RoundTripper { f.next = next; return f }),
		wechat.WithTransport(departure.Transport))
}

// stage is a school, a WeChat, and the time of all, which a test moves.
type stage struct {
	*simulated
	now atomic.Int64
}

func (s *stage) clock() time.Time { return time.Now().Add(time.Duration(s.now.Load())) }

func (s *stage) pass(d time.Duration) {
	s.now.Add(int64(d))
	s.Advance(d)
}

// frozen begins a push that then stands still.
func (s *stage) frozen(t *testing.T, d *db.DB, h *hands) (f *freezer, end func() (Summary, error)) {
	t.Helper()
	cfg := ofSchool(d, s.simulated)
	cfg.Workers, cfg.Now, cfg.watch = 4, s.clock, h.stopwatch()
	f = newFreezer(cfg.Workers)
	cfg.Caller = f.client(s.simulated)
	type result struct {
		Summary
		err error
	}
	ended := make(chan result, 1)
	go func() {
		got, err := Run(context.WithoutCancel(t.Context()), nil, cfg)
		ended <- result{got, err}
	}()
	f.inside.Wait()
	return f, func() (Summary, error) {
		f.thawed.Store(true)
		close(f.thaw)
		r := <-ended
		return r.Summary, r.err
	}
}

// TestFrozenProcess: a process with claimed rows stands still for eleven minutes, and its database
// connections die; another takes over and finishes; then the first one goes on.
func TestFrozenProcess(t *testing.T) {
	t.Parallel()
	for name, still := range standstills {
		for how, wake := range map[string]func(p *proxy){
			"its database is back":   func(p *proxy) { p.mend(); p.cut() },
			"its database is silent": func(*proxy) {},
		} {
			if name != "stopped" && how == "its database is silent" {
				continue // which takes half a minute
			}
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				s := &stage{simulated: newWeChat(t)}
				address := dbtest.MariaDB(t)
				d := emptySchool(t, address)
				fill(t, d, freezeRows)
				p, through := throughProxy(t, address)
				h := newHands()
				f, end := s.frozen(t, dbtest.Open(t, through), h)
				p.silence()
				s.pass(time.Minute)
				other := ofSchool(d, s.simulated)
				other.Now = s.clock
				got, err := Run(t.Context(), nil, other)
				require.NoError(t, err)
				assert.Equal(t, freezeRows, got.Accepted)
				s.pass(10 * time.Minute)
				h.wall.Add(int64(still.wall))
				h.monotonic.Add(int64(still.monotonic))
				wake(p)
				_, err = end()
				require.Error(t, err, "its lock is lost")
				assert.Zero(t, f.wire.Load(), "requests of the first one since, whatever WeChat makes of them")
				s.once(t, freezeRows)
				tally, err := Tally(t.Context(), d, s.AppID, "spring")
				require.NoError(t, err)
				assert.Equal(t, freezeRows, tally.Accepted)
			})
		}
	}
}

// TestFrozenAlone: on SQLite the process that stands still keeps its lock. It repeats nothing that
// WeChat has forgotten; what has never left goes on.
func TestFrozenAlone(t *testing.T) {
	t.Parallel()
	for name, still := range standstills {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stage{simulated: newWeChat(t)}
			d := emptySchool(t, "sqlite:"+filepath.Join(t.TempDir(), "school.db"))
			fill(t, d, freezeRows)
			h := newHands()
			_, end := s.frozen(t, d, h)
			s.pass(11 * time.Minute)
			h.wall.Add(int64(still.wall))
			h.monotonic.Add(int64(still.monotonic))
			_, err := Run(t.Context(), nil, ofSchool(d, s.simulated))
			require.ErrorIs(t, err, ErrBusy)
			got, err := end()
			require.NoError(t, err)
			addsUp(t, got)
			assert.Equal(t, []int{freezeRows, 0}, []int{got.Accepted + got.Unknown, got.Pending})
			assert.Positive(t, got.Unknown)
			assert.LessOrEqual(t, got.Unknown, 4)
			s.once(t, freezeRows)
			assert.Zero(t, s.RepeatedCount())
		})
	}
}
