package custom_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

func TestSendAllCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		why, pulled := errors.New("plug pulled"), 0
		s := &sender{}
		time.AfterFunc(2500*time.Millisecond, func() { cancel(why) })
		start, tally := time.Now(), map[string]int{}
		for r := range newClient(s).SendAll(ctx, counted(&pulled, followers(1000)), custom.WithWorkers(4)) {
			switch {
			case r.Err == nil:
				tally["accepted"]++
			case errors.Is(r.Err, custom.ErrNotSent):
				require.ErrorIs(t, r.Err, why)
				tally["not sent"]++
			default:
				require.ErrorIs(t, r.Err, context.Canceled)
				tally["cut off"]++
			}
		}
		assert.Equal(t, map[string]int{"accepted": 8, "cut off": 4, "not sent": 1}, tally)
		assert.Equal(t, 13, pulled)
		assert.Equal(t, 2500*time.Millisecond, time.Since(start))
	})
}

// What waits behind a message that is cut off gives its Result too, with the context's cause.
func TestSendAllCancelWithMessagesBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("plug pulled")
		time.AfterFunc(1500*time.Millisecond, func() { cancel(why) })
		errs, order := sendAll(ctx, &sender{}, items("A1", "A2", "A3", "A4"))
		assert.Equal(t, []string{"A1", "A2", "A3", "A4"}, order)
		require.NoError(t, errs["A1"])
		require.ErrorIs(t, errs["A2"], context.Canceled)
		require.NotErrorIs(t, errs["A2"], custom.ErrNotSent)
		for _, behind := range []string{"A3", "A4"} {
			require.EqualError(t, errs[behind], "custom: message not sent: plug pulled")
			require.ErrorIs(t, errs[behind], why)
		}
	})
}

// The failure of another call that has ended the context says nothing of these messages.
func TestSendAllCauseOfTheContextIsNotThatOfAMessage(t *testing.T) {
	t.Parallel()
	other := fmt.Errorf("push: %w", kinded{45009, "daily quota"})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(other) })
		errs, _ := sendAll(ctx, &sender{}, items("A1", "A2", "A3"))
		require.ErrorIs(t, errs["A3"], custom.ErrNotSent)
		require.ErrorIs(t, errs["A3"], context.Canceled)
		require.ErrorContains(t, errs["A3"], other.Error(), "why it is over")
		require.NotErrorIs(t, errs["A3"], other)
		assert.Equal(t, "network", kindName(t, errs["A3"]))
	})
}

func TestSendAllCancelledBefore(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	pulled, s := 0, &sender{}
	errs, _ := sendAll(ctx, s, counted(&pulled, followers(3)))
	assert.Empty(t, errs)
	assert.Zero(t, pulled)
	assert.Empty(t, s.calls)
}

// panicking yields four items, and then panics.
func panicking(yield func(custom.Item, error) bool) {
	for item := range followers(4) {
		yield(item, nil)
	}
	panic("input")
}

// Each way out of the loop stops the pulling and lets what is being sent finish first.
func TestSendAllLeavingTheLoopWaits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		leave func(t *testing.T, s *sender, pulled *int)
		calls int
	}{
		"break": {func(t *testing.T, s *sender, pulled *int) {
			for range newClient(s).SendAll(t.Context(), counted(pulled, followers(100)), custom.WithWorkers(4)) {
				break
			}
		}, 4},
		"body": {func(t *testing.T, s *sender, pulled *int) {
			assert.PanicsWithValue(t, "body", func() {
				for range newClient(s).SendAll(t.Context(), counted(pulled, followers(100)), custom.WithWorkers(4)) {
					panic("body")
				}
			})
		}, 4},
		"input": {func(t *testing.T, s *sender, pulled *int) {
			assert.PanicsWithValue(t, "input", func() {
				for range newClient(s).SendAll(t.Context(), counted(pulled, panicking)) {
					t.Error("a result before any send was done")
				}
			})
		}, 4},
		"break while draining": {func(t *testing.T, s *sender, pulled *int) {
			for range newClient(s).SendAll(t.Context(), counted(pulled, followers(4))) {
				break
			}
		}, 4},
		"break with messages behind": {func(t *testing.T, s *sender, pulled *int) {
			for range newClient(s).SendAll(t.Context(), counted(pulled, items("A1", "A2", "A3", "B1"))) {
				break
			}
		}, 2},
		"break at what was held back": {func(t *testing.T, s *sender, pulled *int) {
			s.answer = func(int, string) error { return coded(45015) }
			for r := range newClient(s).SendAll(t.Context(), counted(pulled, items("A1", "A2", "A3"))) {
				if errors.Is(r.Err, custom.ErrNotSent) {
					break
				}
			}
		}, 1},
		"break at a bad row": {func(t *testing.T, s *sender, pulled *int) {
			bad := func(yield func(custom.Item, error) bool) {
				for item := range followers(2) {
					yield(item, nil)
				}
				yield(custom.Item{}, errors.New("bad row"))
			}
			for range newClient(s).SendAll(t.Context(), counted(pulled, bad)) {
				break
			}
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, pulled, start := &sender{}, 0, time.Now()
				tt.leave(t, s, &pulled)
				assert.Zero(t, s.now.Load(), "being sent after the loop")
				assert.Len(t, s.ended, tt.calls, "cut off")
				assert.Len(t, s.calls, tt.calls)
				assert.LessOrEqual(t, pulled, 5)
				assert.Equal(t, time.Second, time.Since(start))
			}) // the bubble fails when a goroutine is left
		})
	}
}

func TestSendAllStopsAtTheDailyQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &sender{answer: func(n int, _ string) error {
			if n > 2 {
				return coded(45009)
			}
			return nil
		}}
		pulled := 0
		errs, _ := sendAll(t.Context(), s, counted(&pulled, items("A1", "A2", "B1", "B2", "A3", "C1", "D1")), custom.WithWorkers(2))
		tally := map[string]int{}
		for _, err := range errs {
			switch {
			case err == nil:
				tally["accepted"]++
			case errors.Is(err, custom.ErrNotSent):
				require.ErrorIs(t, err, coded(45009))
				tally["not sent"]++
			default:
				assert.Equal(t, coded(45009), err)
				tally["refused"]++
			}
		}
		assert.Equal(t, map[string]int{"accepted": 2, "refused": 2, "not sent": pulled - 4}, tally)
		assert.Contains(t, errs, "A3", "which was pulled and waited behind A2")
		assert.Len(t, s.calls, 4)
		assert.Less(t, pulled, 8)
	})
}

// sinceMinute is how far the clock is into its minute.
func sinceMinute() time.Duration { return time.Since(time.Now().Truncate(time.Minute)) }

// A limit by the minute holds all workers back; the message that met it is sent again, before those
// behind it.
func TestSendAllPausesToTheNextMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for range 100 { // the pause is random
			time.Sleep(time.Minute + 17*time.Second - sinceMinute()) // the refusal comes at :18
			start := time.Now()
			s := &sender{answer: func(n int, _ string) error {
				if n == 1 {
					return coded(45011)
				}
				return nil
			}}
			errs, _ := sendAll(t.Context(), s, items("A1", "A2"))
			require.NoError(t, errs["A1"])
			require.NoError(t, errs["A2"])
			assert.Equal(t, []string{"A1", "A1", "A2"}, s.calls)
			again := time.Since(start) - 2*time.Second // when A1 left for the second time
			assert.GreaterOrEqual(t, again, 43*time.Second+200*time.Millisecond)
			assert.LessOrEqual(t, again, 45*time.Second)
		}
	})
}

func TestSendAllGivesUpOnALimitThatStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := &sender{answer: func(int, string) error { return coded(45011) }}
		errs, _ := sendAll(t.Context(), s, items("A1", "A2"))
		require.ErrorIs(t, errs["A1"], custom.ErrNotSent)
		require.ErrorIs(t, errs["A1"], coded(45011))
		require.ErrorIs(t, errs["A2"], custom.ErrNotSent)
		assert.Len(t, s.calls, 10)
		assert.Less(t, time.Since(start), 10*time.Minute)
	})
}

func TestSendAllContextEndsThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("closing time")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, why)
		defer cancel()
		start := time.Now()
		s := &sender{answer: func(int, string) error { return coded(45011) }}
		errs, _ := sendAll(ctx, s, followers(1))
		require.ErrorIs(t, errs["0hi"], custom.ErrNotSent)
		require.ErrorIs(t, errs["0hi"], coded(45011))
		require.ErrorIs(t, errs["0hi"], why)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

func TestSendAllLeavingTheLoopEndsThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := &sender{answer: func(_ int, sent string) error {
			if sent == "A1" {
				return coded(45011)
			}
			time.Sleep(time.Second) // accepted when the pause has begun
			return nil
		}}
		for range newClient(s).SendAll(t.Context(), items("A1", "B1")) {
			break
		}
		assert.Equal(t, 2*time.Second, time.Since(start))
	})
}

// doubted is the answer to a second attempt, where the first may have been carried out.
type doubted struct{ coded }

func (d doubted) Error() string {
	return d.coded.Error() + ", and an earlier attempt may have been carried out"
}
func (doubted) ErrCode() int     { return 0 }
func (doubted) KindName() string { return "lost" }
func (d doubted) Unwrap() error  { return fmt.Errorf("wrapped: %w", d.coded) }

// The quota is seen behind an error that says the message may have arrived, and the messages that did
// not leave are not said to have.
func TestSendAllSeesTheDailyQuotaInDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, pulled := &sender{answer: func(int, string) error { return doubted{45009} }}, 0
		errs, _ := sendAll(t.Context(), s, counted(&pulled, followers(1000)), custom.WithWorkers(2))
		inDoubt := 0
		for _, err := range errs {
			if errors.Is(err, custom.ErrNotSent) {
				require.EqualError(t, err, "custom: message not sent: errcode 45009")
				continue
			}
			assert.Equal(t, doubted{45009}, err)
			inDoubt++
		}
		assert.Equal(t, 2, inDoubt)
		assert.Less(t, pulled, 5)
	})
}

// A limit by the minute that is met in doubt holds the workers back. The message itself is not sent
// again.
func TestSendAllPausesInDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := &sender{answer: func(n int, _ string) error {
			if n == 1 {
				return doubted{45011}
			}
			return nil
		}}
		errs, _ := sendAll(t.Context(), s, items("A1", "B1"), custom.WithWorkers(1))
		assert.Equal(t, map[string]error{"A1": doubted{45011}, "B1": nil}, errs)
		assert.Equal(t, []string{"A1", "B1"}, s.calls)
		assert.Greater(t, time.Since(start), 10*time.Second)
	})
}

func TestSendAllWithoutAContext(t *testing.T) {
	t.Parallel()
	var none context.Context
	pulled, n := 0, 0
	for r := range newClient(&sender{}).SendAll(none, counted(&pulled, followers(3))) {
		require.EqualError(t, r.Err, "custom: message not sent: the context is nil")
		require.ErrorIs(t, r.Err, custom.ErrInvalidArgument)
		require.ErrorIs(t, r.Err, custom.ErrNotSent)
		assert.Zero(t, r.Item)
		n++
	}
	assert.Equal(t, 1, n)
	assert.Zero(t, pulled)
}
