package template_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

// sender takes a second for each message and watches how many are under way. answer, which may
// be nil, is asked at the end of that second, from the worker's goroutine.
type sender struct {
	calls, now, most, finished atomic.Int64
	answer                     func(call int64, to string) error
}

func (s *sender) Call(ctx context.Context, _, _ string, in, _ any) error {
	n, now := s.calls.Add(1), s.now.Add(1)
	defer s.now.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return ctx.Err()
	}
	s.finished.Add(1)
	if s.answer != nil {
		return s.answer(n, recipient(in))
	}
	return nil
}

func messages(n int) iter.Seq2[template.Message, error] {
	return func(yield func(template.Message, error) bool) {
		for i := range n {
			if !yield(template.Message{To: fmt.Sprint(i), TemplateID: "T"}, nil) {
				return
			}
		}
	}
}

// counted adds to n each time that a message is pulled.
func counted(n *int, msgs iter.Seq2[template.Message, error]) iter.Seq2[template.Message, error] {
	return func(yield func(template.Message, error) bool) {
		for m, err := range msgs {
			*n++
			if !yield(m, err) {
				return
			}
		}
	}
}

// goroutine returns the name of the goroutine it runs on, such as "goroutine 7".
func goroutine() string {
	var buf [64]byte
	name, _, _ := bytes.Cut(buf[:runtime.Stack(buf[:], false)], []byte(" ["))
	return string(name)
}

func TestSendAllGivesOneResultEach(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			s, start := &sender{}, time.Now()
			got := all.errs(t.Context(), s, messages(100), template.WithWorkers(10))
			assert.Len(t, got, 100)
			for _, err := range got {
				require.NoError(t, err)
			}
			assert.EqualValues(t, 10, s.most.Load())
			assert.Equal(t, 10*time.Second, time.Since(start))
		})
	})
}

func TestSendAllWorkers(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		for name, tt := range map[string]struct {
			opts []template.Option
			want int64
		}{
			"default": {nil, 16},
			"three":   {[]template.Option{template.WithWorkers(3)}, 3},
			"one":     {[]template.Option{template.WithWorkers(1)}, 1},
			"more than messages, which must not be allocated for": {[]template.Option{template.WithWorkers(1 << 40)}, 50},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := &sender{}
					assert.Len(t, all.errs(t.Context(), s, messages(50), tt.opts...), 50)
					assert.Equal(t, tt.want, s.most.Load())
				})
			})
		}
	})
}

func TestSendAllOfNothing(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		assert.Empty(t, all.errs(t.Context(), &sender{}, nil))
		assert.Empty(t, all.errs(t.Context(), &sender{}, messages(0)))
	})
}

// usedIDs accepts messages, and keeps their ids by recipient.
type usedIDs map[string]string

func (c usedIDs) Call(_ context.Context, _, _ string, in, _ any) error {
	m := in.(*template.Message)
	c[m.To] = m.ClientMsgID
	return nil
}

func TestSendAllReportsTheIDUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		input := func(yield func(template.Message, error) bool) {
			_ = yield(template.Message{To: "own", TemplateID: "T", ClientMsgID: "MINE"}, nil) &&
				yield(template.Message{To: "random", TemplateID: "T"}, nil)
		}
		used := usedIDs{}
		for r := range newClient(used).SendAll(t.Context(), input, template.WithWorkers(1)) {
			assert.Equal(t, used[r.Message.To], r.Message.ClientMsgID)
		}
		assert.Equal(t, "MINE", used["own"])
		assert.GreaterOrEqual(t, len(used["random"]), 20)
	})
}

func TestSendAllGivesTheMsgID(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		n := 0
		for r := range all(t.Context(), &fake{answer: `{"errcode":0,"errmsg":"ok","msgid":3717005636572528642}`}, messages(1)) {
			require.NoError(t, r.Err)
			assert.Equal(t, int64(3717005636572528642), r.MsgID)
			n++
		}
		assert.Equal(t, 1, n)
	})
}

func TestSendAllRangedOverAgain(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			s := &sender{}
			results := all(t.Context(), s, messages(3))
			assert.Zero(t, s.calls.Load(), "nothing before the range")
			for round := range int64(2) {
				for r := range results {
					require.NoError(t, r.Err)
				}
				assert.Equal(t, 3*(round+1), s.calls.Load())
			}
		})
	})
}

func TestSendAllRunsInputAndBodyOnTheCallersGoroutine(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			me, senders := goroutine(), map[string]bool{}
			s := &sender{answer: func(int64, string) error { senders[goroutine()] = true; return nil }}
			input := func(yield func(template.Message, error) bool) {
				for m := range messages(5) {
					assert.Equal(t, me, goroutine())
					if !yield(m, nil) {
						return
					}
				}
			}
			for range all(t.Context(), s, input, template.WithWorkers(1)) {
				assert.Equal(t, me, goroutine())
			}
			assert.Len(t, senders, 1)
			assert.NotContains(t, senders, me)
		})
	})
}

func TestSendAllYieldsWhatIsReadyBeforeThePull(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			var events []string
			input := func(yield func(template.Message, error) bool) {
				for m := range messages(3) {
					events = append(events, "pull "+m.To)
					if !yield(m, nil) {
						return
					}
					time.Sleep(5 * time.Second) // the send takes one
				}
				events = append(events, "pull bad")
				if !yield(template.Message{To: "bad"}, errors.New("bad row")) {
					return
				}
				events = append(events, "end")
			}
			for r := range all(t.Context(), &sender{}, input) {
				events = append(events, "result "+r.Message.To)
			}
			assert.Equal(t, []string{
				"pull 0", "pull 1", "result 0", "pull 2", "result 1", "pull bad", "result bad", "result 2", "end",
			}, events)
		})
	})
}

func TestSendAllInputErrors(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			bad := errors.New("row 2")
			input := func(yield func(template.Message, error) bool) {
				_ = yield(template.Message{To: "a", TemplateID: "T"}, nil) &&
					yield(template.Message{To: "b"}, bad) && yield(template.Message{To: "c"}, nil)
			}
			s := &sender{}
			got := all.errs(t.Context(), s, input)
			assert.Len(t, got, 3)
			require.NoError(t, got["a"])
			require.ErrorIs(t, got["b"], template.ErrNotSent)
			require.ErrorIs(t, got["b"], bad)
			require.ErrorIs(t, got["c"], template.ErrInvalidMessage)
			require.ErrorIs(t, got["c"], template.ErrNotSent)
			assert.EqualValues(t, 1, s.calls.Load())
		})
	})
}

func TestSendAllGoesOnAfterARefusal(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		synctest.Test(t, func(t *testing.T) {
			s := &sender{answer: func(_ int64, to string) error {
				if to == "3" {
					return coded(43004)
				}
				return nil
			}}
			got := all.errs(t.Context(), s, messages(10))
			assert.Len(t, got, 10)
			assert.Equal(t, coded(43004), got["3"], "the Caller's error, untouched")
			require.NoError(t, got["9"])
		})
	})
}

func TestSendAllMayPanic(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		for name, fault := range map[string]func(){
			"panic":                func() { panic("SECRET") },
			"panic with an error":  func() { panic(errors.New("SECRET")) },
			"end of the goroutine": runtime.Goexit,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := &sender{answer: func(int64, string) error { fault(); return nil }}
					got := all.errs(t.Context(), s, messages(5), template.WithWorkers(2))
					assert.Len(t, got, 5)
					for _, err := range got {
						require.ErrorContains(t, err, "template: the Caller ")
						require.NotErrorIs(t, err, template.ErrNotSent)
						assert.NotContains(t, err.Error(), "SECRET")
					}
				})
			})
		}
	})
}

// The bound holds on real threads too.
func TestSendAllBoundsWhatIsUnderWay(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		c := &instant{}
		n := 0
		for r := range all(t.Context(), c, messages(10_000), template.WithWorkers(7)) {
			require.NoError(t, r.Err)
			n++
		}
		assert.Equal(t, 10_000, n)
		assert.LessOrEqual(t, c.most.Load(), int64(7))
		assert.Zero(t, c.now.Load())
	})
}
