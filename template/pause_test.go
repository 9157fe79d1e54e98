package template_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

// sinceMinute is how far the clock is into its minute.
func sinceMinute() time.Duration { return time.Since(time.Now().Truncate(time.Minute)) }

func TestSendAllPausesToTheNextMinute(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			for range 100 { // the pause is random
				time.Sleep(time.Minute + 17*time.Second - sinceMinute()) // the refusal comes at :18
				start := time.Now()
				s := &sender{answer: func(n int64, _ string) error {
					if n == 1 {
						return coded(45011)
					}
					return nil
				}}
				require.NoError(t, all.errs(t.Context(), s, messages(1))["0"])
				assert.EqualValues(t, 2, s.calls.Load())
				again := time.Since(start) - time.Second // when the second send began
				assert.GreaterOrEqual(t, again, 43*time.Second+200*time.Millisecond)
				assert.LessOrEqual(t, again, 45*time.Second)
			}
		})
	})
}

// Twenty messages against five a minute: each worker runs into the limit at most once a minute.
func TestSendAllPausesAllWorkers(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			sent, most := map[int64]int{}, 0
			s := &sender{answer: func(int64, string) error {
				mu.Lock()
				defer mu.Unlock()
				minute := time.Now().Unix() / 60
				if sent[minute] >= 5 {
					return coded(45011)
				}
				sent[minute]++
				return nil
			}}
			got := all.errs(t.Context(), s, messages(20), template.WithWorkers(2))
			assert.Len(t, got, 20)
			for _, err := range got {
				require.NoError(t, err)
			}
			for _, n := range sent {
				most = max(most, n)
			}
			assert.Equal(t, 5, most)
			assert.LessOrEqual(t, s.calls.Load(), int64(20+2*4))
		})
	})
}

func TestSendAllGivesUpOnALimitThatStays(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			s := &sender{answer: func(int64, string) error { return coded(45011) }}
			got := all.errs(t.Context(), s, messages(1))
			require.ErrorIs(t, got["0"], template.ErrNotSent)
			require.ErrorIs(t, got["0"], coded(45011))
			assert.EqualValues(t, 10, s.calls.Load())
			assert.Less(t, time.Since(start), 10*time.Minute)
		})
	})
}

func TestSendAllContextEndsThePause(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			why := errors.New("closing time")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, why)
			defer cancel()
			start := time.Now()
			s := &sender{answer: func(int64, string) error { return coded(45011) }}
			got := all.errs(ctx, s, messages(1))
			require.ErrorIs(t, got["0"], template.ErrNotSent)
			require.ErrorIs(t, got["0"], coded(45011))
			require.ErrorIs(t, got["0"], why)
			assert.Equal(t, 5*time.Second, time.Since(start))
		})
	})
}

func TestSendAllLeavingTheLoopEndsThePause(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			s := &sender{answer: func(_ int64, to string) error {
				if to == "0" {
					return coded(45011)
				}
				time.Sleep(time.Second) // accepted when the pause has begun
				return nil
			}}
			for range all(t.Context(), s, messages(2)) {
				break
			}
			assert.Equal(t, 2*time.Second, time.Since(start))
		})
	})
}

func TestSendAllDailyQuotaEndsThePause(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			s := &sender{answer: func(_ int64, to string) error {
				if to == "0" {
					return coded(45011)
				}
				time.Sleep(time.Second)
				return coded(45009)
			}}
			got := all.errs(t.Context(), s, messages(2))
			require.ErrorIs(t, got["0"], template.ErrNotSent)
			require.ErrorIs(t, got["0"], coded(45009))
			assert.Equal(t, coded(45009), got["1"])
			assert.Equal(t, 2*time.Second, time.Since(start))
		})
	})
}
