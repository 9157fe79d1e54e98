package push

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/departure"
	"github.com/org/wxhome/examples/internal/share"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// everyFive is a limiter of which others take most: a permit in five minutes.
type everyFive struct{}

func (everyFive) Wait(ctx context.Context) error {
	select {
	case <-time.After(5 * time.Minute):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestSlowRates: however far apart the permits are, everybody has one message, and nobody's row is
// in doubt.
func TestSlowRates(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rate   float64
		shared wechat.Limiter
		least  time.Duration
	}{
		"0.01 a second":              {0.01, nil, 19 * 100 * time.Second},
		"and a third of what others": {0.01, everyFive{}, 19 * 5 * time.Minute},
		"one in ten seconds":         {0.1, nil, 19 * 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 20, func(t *testing.T, s *simulated, cfg Config) {
				cfg.Rate, cfg.Workers, cfg.Limiter = tt.rate, 16, tt.shared
				if tt.shared != nil {
					cfg.Caller = s.Client(wechat.WithMaxAttempts(1), wechat.WithLimiter(departure.Limiter(tt.shared), sendPath))
				}
				s.Fail(sendPath, 1, wechattest.Fault{Code: 45011})
				most := 0
				cfg.Progress = func(Progress) {
					var n int
					require.NoError(t, cfg.Ledger.QueryRow("SELECT COUNT(*) FROM push_message WHERE state = 'sending'").Scan(&n))
					most = max(most, n)
				}
				start := time.Now()
				got, err := run(t, cfg)
				require.NoError(t, err)
				assert.Equal(t, []int{20, 0}, []int{got.Accepted, got.Unknown})
				s.once(t, 20)
				assert.GreaterOrEqual(t, time.Since(start), tt.least)
				assert.Less(t, time.Since(start), 2*tt.least)
				assert.LessOrEqual(t, most, 2, "no more is claimed than can leave within 10 s")
			})
		})
	}
}

// TestSlowWeChat: claims wait behind slow answers, and are given back rather than sent too late.
func TestSlowWeChat(t *testing.T) {
	t.Parallel()
	inBubble(t, 200, func(t *testing.T, s *simulated, cfg Config) {
		cfg.Workers = 2
		s.OnAccept(func(a wechattest.Accepted) {
			s.mu.Lock()
			s.got[a.Message.To+a.Message.Data["thing1"].Value]++
			s.mu.Unlock()
			time.Sleep(12 * time.Second)
		})
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, []int{200, 0}, []int{got.Accepted, got.Unknown})
		s.once(t, 200)
		assert.Zero(t, s.RepeatedCount())
	})
}

// TestStopBetweenPermits: nobody waits for a permit to stop.
func TestStopBetweenPermits(t *testing.T) {
	t.Parallel()
	inBubble(t, 5, func(t *testing.T, _ *simulated, cfg Config) {
		cfg.Rate = 0.01
		stop := make(chan struct{})
		time.AfterFunc(130*time.Second, func() { close(stop) })
		start := time.Now()
		got, err := Run(t.Context(), stop, cfg)
		assert.Equal(t, ReasonStopped, stopReason(t, err))
		assert.Equal(t, []int{2, 3}, []int{got.Accepted, got.Pending})
		assert.Less(t, time.Since(start), 131*time.Second)
	})
}

// TestResultsBetweenPermits: what has been accepted is written down while the push waits.
func TestResultsBetweenPermits(t *testing.T) {
	t.Parallel()
	inBubble(t, 3, func(t *testing.T, s *simulated, cfg Config) {
		cfg.Rate = 0.01
		accepted := -1
		time.AfterFunc(110*time.Second, func() {
			_ = cfg.Ledger.QueryRow("SELECT COUNT(*) FROM push_message WHERE state = 'accepted'").Scan(&accepted)
		})
		_, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 2, accepted, "ten seconds after the second one")
		s.once(t, 3)
	})
}

// TestThreeProcessesShareALimiter on one MariaDB and one Redis, through a pause by 45011.
func TestThreeProcessesShareALimiter(t *testing.T) {
	t.Parallel()
	address := os.Getenv("WXHOME_TEST_REDIS")
	if address == "" {
		t.Skip("WXHOME_TEST_REDIS names no Redis")
	}
	const n, rate = 24, 3
	s := newWeChat(t)
	database := dbtest.MariaDB(t)
	fill(t, emptySchool(t, database), n)
	appID := "wx" + database[len(database)-12:]
	s.Fail(sendPath, 3, wechattest.Fault{Code: 45011})
	shared, err := share.Open(address)
	require.NoError(t, err)
	t.Cleanup(func() {
		keys, _ := shared.Client.Keys(context.Background(), "*"+appID+"*").Result()
		for _, key := range keys {
			_ = shared.Client.Del(context.Background(), key).Err()
		}
		shared.Close()
	})
	var group sync.WaitGroup
	errs := make([]error, 3)
	sums := make([]Summary, 3)
	start := time.Now()
	for i := range errs {
		limiter, err := shared.Limiter(appID, rate)
		require.NoError(t, err)
		cfg := ofSchool(dbtest.Open(t, database), s)
		cfg.Workers, cfg.Rate, cfg.Limiter = 16, rate, limiter
		cfg.Caller = s.Client(wechat.WithLimiter(departure.Limiter(limiter), sendPath))
		group.Go(func() { sums[i], errs[i] = Run(t.Context(), nil, cfg) })
	}
	group.Wait()
	require.NoError(t, errors.Join(errs...))
	s.once(t, n)
	for _, sum := range sums {
		assert.Equal(t, []int{n, 0}, []int{sum.Accepted, sum.Unknown})
	}
	assert.Greater(t, time.Since(start), (n-1)*time.Second/rate)
}
