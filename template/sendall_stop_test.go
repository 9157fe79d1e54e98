package template_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

func TestSendAllCancel(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			why, pulled := errors.New("plug pulled"), 0
			s := &sender{}
			time.AfterFunc(2500*time.Millisecond, func() { cancel(why) })
			start, tally := time.Now(), map[string]int{}
			for r := range all(ctx, s, counted(&pulled, messages(1000)), template.WithWorkers(4)) {
				switch {
				case r.Err == nil:
					tally["accepted"]++
				case errors.Is(r.Err, template.ErrNotSent):
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
	})
}

func TestSendAllCancelledWhilePulling(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			pulled := 0
			for r := range all(ctx, &sender{}, counted(&pulled, messages(1000)), template.WithWorkers(1)) {
				if r.Err == nil {
					cancel() // from the body
				}
			}
			assert.Equal(t, 2, pulled)
		})
	})
}

func TestSendAllCancelledBefore(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		pulled, s := 0, &sender{}
		assert.Empty(t, all.errs(ctx, s, counted(&pulled, messages(3))))
		assert.Zero(t, pulled)
		assert.Zero(t, s.calls.Load())
	})
}

// panicking yields four messages, and then panics.
func panicking(yield func(template.Message, error) bool) {
	for m := range messages(4) {
		yield(m, nil)
	}
	panic("input")
}

// Each way out of the loop stops the pulling and lets what is being sent finish first.
func TestSendAllLeavingTheLoopWaits(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		for name, tt := range map[string]struct {
			leave func(t *testing.T, s *sender, pulled *int)
			calls int64
		}{
			"break": {func(t *testing.T, s *sender, pulled *int) {
				for range all(t.Context(), s, counted(pulled, messages(100)), template.WithWorkers(4)) {
					break
				}
			}, 4},
			"body": {func(t *testing.T, s *sender, pulled *int) {
				assert.PanicsWithValue(t, "body", func() {
					for range all(t.Context(), s, counted(pulled, messages(100)), template.WithWorkers(4)) {
						panic("body")
					}
				})
			}, 4},
			"input": {func(t *testing.T, s *sender, pulled *int) {
				assert.PanicsWithValue(t, "input", func() {
					for range all(t.Context(), s, counted(pulled, panicking)) {
						t.Error("a result before any send was done")
					}
				})
			}, 4},
			"break while draining": {func(t *testing.T, s *sender, pulled *int) {
				for range all(t.Context(), s, counted(pulled, messages(4))) {
					break
				}
			}, 4},
			"break at a bad row": {func(t *testing.T, s *sender, pulled *int) {
				bad := func(yield func(template.Message, error) bool) {
					for m := range messages(2) {
						yield(m, nil)
					}
					yield(template.Message{}, errors.New("bad row"))
				}
				for range all(t.Context(), s, counted(pulled, bad)) {
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
					assert.Equal(t, tt.calls, s.finished.Load(), "cut off")
					assert.Equal(t, tt.calls, s.calls.Load())
					assert.LessOrEqual(t, pulled, 5)
					assert.Equal(t, time.Second, time.Since(start))
				}) // the bubble fails when a goroutine is left
			})
		}
	})
}

func TestSendAllStopsAtTheDailyQuota(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			s := &sender{answer: func(n int64, _ string) error {
				if n > 4 {
					return coded(45009)
				}
				return nil
			}}
			pulled, tally := 0, map[string]int{}
			for r := range all(t.Context(), s, counted(&pulled, messages(1000)), template.WithWorkers(2)) {
				switch {
				case r.Err == nil:
					tally["accepted"]++
				case errors.Is(r.Err, template.ErrNotSent):
					require.ErrorIs(t, r.Err, coded(45009))
					tally["not sent"]++
				default:
					assert.Equal(t, coded(45009), r.Err)
					tally["refused"]++
				}
			}
			assert.Equal(t, map[string]int{"accepted": 4, "refused": 2, "not sent": 1}, tally)
			assert.Equal(t, 7, pulled)
		})
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
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			s := &sender{answer: func(n int64, _ string) error {
				if n > 4 {
					return doubted{45009}
				}
				return nil
			}}
			pulled, tally := 0, map[string]int{}
			for r := range all(t.Context(), s, counted(&pulled, messages(1000)), template.WithWorkers(2)) {
				switch {
				case r.Err == nil:
					tally["accepted"]++
				case errors.Is(r.Err, template.ErrNotSent):
					require.EqualError(t, r.Err, "template: message not sent: errcode 45009")
					tally["not sent"]++
				default:
					assert.Equal(t, doubted{45009}, r.Err)
					tally["in doubt"]++
				}
			}
			assert.Equal(t, map[string]int{"accepted": 4, "in doubt": 2, "not sent": 1}, tally)
			assert.Equal(t, 7, pulled)
		})
	})
}

// A limit by the minute that is met in doubt holds the workers back. The message itself is not sent
// again.
func TestSendAllPausesInDoubt(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			s := &sender{answer: func(n int64, _ string) error {
				if n == 1 {
					return doubted{45011}
				}
				return nil
			}}
			start, failed := time.Now(), 0
			for r := range all(t.Context(), s, messages(2), template.WithWorkers(1)) {
				if r.Err != nil {
					assert.Equal(t, doubted{45011}, r.Err)
					failed++
				}
			}
			assert.Equal(t, 1, failed)
			assert.EqualValues(t, 2, s.calls.Load())
			assert.Greater(t, time.Since(start), 10*time.Second)
		})
	})
}

func TestSendAllWithoutAContext(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		var none context.Context
		pulled, n := 0, 0
		for r := range all(none, &sender{}, counted(&pulled, messages(3))) {
			require.EqualError(t, r.Err, "template: message not sent: the context is nil")
			require.ErrorIs(t, r.Err, template.ErrInvalidArgument)
			require.ErrorIs(t, r.Err, template.ErrNotSent)
			n++
		}
		assert.Equal(t, 1, n)
		assert.Zero(t, pulled)
	})
}
