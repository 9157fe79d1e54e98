package callback

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is rare and does harm once: claims and late answers that hang, whether they obey their
// context or not, a Shutdown in the middle of it, and clocks that disagree.

// claimFunc is a Claimer.
type claimFunc func(ctx context.Context, key string) (bool, error)

func (f claimFunc) Claim(ctx context.Context, key string, _ time.Duration) (bool, error) {
	return f(ctx, key)
}

// A Claim that does not obey its context is given up on after a second, and the handler runs.
func TestClaimThatIsDeaf(t *testing.T) {
	t.Parallel()
	for _, takes := range []time.Duration{900 * time.Millisecond, 1100 * time.Millisecond, 3 * time.Second, 6 * time.Second, time.Hour} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprint(takes, first), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h, e := &slow{}, &ends{}
					st := newStation(t, Config{
						Account: testAccount(true), Late: e.sent, OnError: e.failed, Logger: quiet(),
						Claim: claimFunc(func(context.Context, string) (bool, error) { time.Sleep(takes); return first, nil }),
					}, h)
					began := time.Now()
					told := weChat(pushed{account: testAccount(true), body: textPush(9), safe: true}, 0, false, st)
					assert.Equal(t, min(takes, claimTimeout), time.Since(began))
					st.close(t)
					assert.False(t, told.notice)
					assert.Empty(t, e.late)
					if takes < claimTimeout {
						assert.Equal(t, first, len(told.answers) == 1)
						assert.Empty(t, e.errors)
						return
					}
					assert.EqualValues(t, 1, st.deaf.Load())
					assert.Len(t, told.answers, 1)
					assert.EqualValues(t, 1, h.runs.Load())
					require.Len(t, e.errors, 1)
					assert.ErrorIs(t, e.errors[0], context.DeadlineExceeded)
					time.Sleep(time.Hour)
					synctest.Wait()
					assert.Zero(t, st.deaf.Load(), "it has returned")
				})
			})
		}
	}
}

// With too many calls of Claim left behind it is not called any more, until they return.
func TestClaimsThatAreLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, e := &slow{}, &ends{}
		var asked atomic.Int32
		release := make(chan struct{})
		s, err := NewServer(Config{
			Account: testAccount(false), MaxInFlight: 2, OnError: e.failed, Logger: quiet(),
			Claim: claimFunc(func(context.Context, string) (bool, error) { asked.Add(1); <-release; return true, nil }),
		}, h)
		require.NoError(t, err)
		for id := range int64(5) {
			assert.Contains(t, serve(s, genuine(false, id+1)).body.String(), "您的照片")
		}
		assert.EqualValues(t, 2, asked.Load())
		assert.Len(t, e.errors, 5, "each is reported")
		assert.ErrorIs(t, e.errors[4], errDeaf)
		close(release)
		synctest.Wait()
		assert.Contains(t, serve(s, genuine(false, 6)).body.String(), "您的照片")
		assert.EqualValues(t, 3, asked.Load())
		assert.EqualValues(t, 6, h.runs.Load())
		require.NoError(t, s.Shutdown(t.Context()))
	})
}

// A Claim that was carried out, and whose answer was lost, lets the handler run here, and keeps
// it from running where the repeat goes.
func TestClaimWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	for _, takes := range []time.Duration{time.Second, 6 * time.Second} {
		t.Run(fmt.Sprint(takes), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, e, c := &slow{takes: takes}, &ends{}, &claims{}
				cfg := Config{Account: testAccount(false), Lapse: 2, Late: e.sent, OnError: e.failed, Logger: quiet()}
				cfg.Claim = claimFunc(func(ctx context.Context, key string) (bool, error) {
					_, _ = c.Claim(ctx, key, 0)
					return false, errTest
				})
				a := newStation(t, cfg, h)
				cfg.Claim = c
				b := newStation(t, cfg, h)
				told := weChat(pushed{account: testAccount(false), body: textPush(9)}, 0, false, a, b)
				time.Sleep(time.Minute)
				a.close(t)
				b.close(t)
				assert.EqualValues(t, 1, h.runs.Load())
				assert.Equal(t, 1, len(told.answers)+len(e.late))
				require.Len(t, e.errors, 1)
				assert.ErrorIs(t, e.errors[0], errTest)
			})
		})
	}
}

func TestClaimThatPanics(t *testing.T) {
	t.Parallel()
	h, e := &slow{}, &ends{}
	s, err := NewServer(Config{
		Account: testAccount(false), Late: e.sent, OnError: e.failed, Logger: quiet(),
		Claim: claimFunc(func(context.Context, string) (bool, error) { panic("claim") }),
	}, h)
	require.NoError(t, err)
	assert.Equal(t, "success", serve(s, genuine(false, 1)).body.String())
	require.NoError(t, s.Shutdown(t.Context()), "nothing is left in flight")
	require.Len(t, e.errors, 1)
	assert.ErrorContains(t, e.errors[0], "panic: claim")
}

// Late answers that hang keep nobody else from an answer, until there are as many as messages may
// be in flight; and when they end, they leave nothing.
func TestLateThatIsDeaf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const room = 4
		var hanging atomic.Int32
		release := make(chan struct{})
		st := newStation(t, Config{
			Account: testAccount(false), MaxInFlight: room, Logger: quiet(),
			Late: func(context.Context, Header, Reply) error { hanging.Add(1); <-release; return nil },
		}, HandlerFunc(func(_ context.Context, m Message) (Reply, error) {
			if m.Head().MsgID < 100 {
				time.Sleep(5 * time.Second)
			}
			return Text{Content: "您的照片"}, nil
		}))
		say := func(id int64) tale {
			return weChat(pushed{account: testAccount(false), body: textPush(id)}, 0, false, st)
		}
		var slow sync.WaitGroup
		for i := range int64(room - 1) {
			slow.Go(func() { assert.Equal(t, 1, say(i+1).success) })
		}
		slow.Wait()
		time.Sleep(time.Second)
		assert.EqualValues(t, room-1, hanging.Load())
		assert.Equal(t, []string{"您的照片"}, say(100).answers, "there is room for one")
		assert.Equal(t, 1, say(1).success, "a repeat of what hangs")
		assert.Equal(t, 1, say(room).success)
		time.Sleep(time.Second)
		assert.Equal(t, http.StatusServiceUnavailable, serve(st.Server, genuine(false, 101)).status, "all of them hang")

		began := time.Now()
		require.ErrorIs(t, st.Server.Shutdown(deadline(t, 10*time.Second)), context.DeadlineExceeded)
		assert.Equal(t, 10*time.Second, time.Since(began), "it waits for as long as it may")
		close(release)
		synctest.Wait()
		assert.True(t, idle(st.Server))
		st.close(t)
		assert.EqualValues(t, room, hanging.Load())
	})
}

// Shutdown in the middle of messages in each state: none is lost, none is answered twice, and
// WeChat is told to bring what is new to somebody else.
func TestShutdownWithSlowHandlers(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 100 * time.Millisecond, 4400 * time.Millisecond, 4600 * time.Millisecond, 7 * time.Second, 13 * time.Second} {
		for _, lapse := range []int{0, 2} {
			t.Run(fmt.Sprintf("after %v, lapse %d", after, lapse), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					const messages = 40 // of 0 to 19.5 s
					e := &ends{}
					var runs atomic.Int32
					st := newStation(t, Config{Account: testAccount(true), Lapse: lapse, Late: e.sent, OnError: e.failed, Logger: quiet()},
						HandlerFunc(func(_ context.Context, m Message) (Reply, error) {
							runs.Add(1)
							time.Sleep(time.Duration(m.Head().MsgID-1) * 500 * time.Millisecond)
							return Text{Content: "您的照片"}, nil
						}))
					var passive, refused atomic.Int32
					var all sync.WaitGroup
					for i := range int64(messages) {
						all.Go(func() {
							told := weChat(pushed{account: testAccount(true), body: textPush(i + 1), safe: true}, time.Second, false, st)
							passive.Add(int32(len(told.answers)))
							if told.notice {
								refused.Add(1)
							}
						})
					}
					synctest.Wait()
					time.Sleep(after)
					began := time.Now()
					require.NoError(t, st.Server.Shutdown(t.Context()))
					assert.Less(t, time.Since(began), 20*time.Second)
					assert.Equal(t, http.StatusServiceUnavailable, serve(st.Server, genuine(true, 1000)).status)
					all.Wait()
					assert.EqualValues(t, messages, runs.Load())
					assert.EqualValues(t, messages, int(passive.Load())+len(e.late), "passive and late")
					assert.Zero(t, refused.Load(), "notices")
					assert.Empty(t, e.errors)
					st.close(t)
				})
			})
		}
	}
}

// A handler that does not obey its context cannot keep Shutdown beyond its own.
func TestShutdownWithDeafHandlers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &ends{}
		st := newStation(t, Config{Account: testAccount(false), Late: e.sent, OnError: e.failed, Logger: quiet()},
			HandlerFunc(func(context.Context, Message) (Reply, error) {
				time.Sleep(time.Minute)
				return Text{Content: "您的照片"}, nil
			}))
		told := make(chan tale)
		go func() { told <- weChat(pushed{account: testAccount(false), body: textPush(1)}, 0, false, st) }()
		synctest.Wait()
		began := time.Now()
		require.ErrorIs(t, st.Server.Shutdown(deadline(t, 10*time.Second)), context.DeadlineExceeded)
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.Equal(t, 1, (<-told).success, "WeChat was answered in time")
		require.NoError(t, st.Server.Shutdown(t.Context()), "a second one waits for it")
		assert.Equal(t, time.Minute, time.Since(began))
		assert.Len(t, e.late, 1, "what was done is not lost")
		st.close(t)
	})
}

// stamped is a push whose timestamp is what WeChat's clock says.
func stamped(t *testing.T, p pushed, at time.Time) *http.Request {
	t.Helper()
	if p.safe {
		return encrypted(encryptPush(p.account, p.body), at)
	}
	return post(signed(p.account.Token, at, ""), p.body)
}

// By ten minutes the clocks may differ, and not by a second more, either way: for pushes in each
// mode and for the console's check.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{
		-11 * time.Minute, -10*time.Minute - time.Second, -10 * time.Minute, 0, 10 * time.Minute, 10*time.Minute + time.Second, 11 * time.Minute,
	} {
		want := http.StatusOK
		if max(skew, -skew) > 10*time.Minute {
			want = http.StatusForbidden
		}
		for _, safe := range []bool{false, true} {
			t.Run(fmt.Sprint(skew, safe), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var told []error
					s, err := NewServer(Config{
						Account: testAccount(safe), Logger: quiet(),
						Hook: func(_ context.Context, d Delivery) { told = append(told, d.Err) },
					}, texter("您好"))
					require.NoError(t, err)
					at := time.Now().Add(skew)
					w := serve(s, stamped(t, pushed{testAccount(safe), textPush(1), safe}, at))
					assert.Equal(t, want, w.status, "a push")
					w = serve(s, must(http.NewRequest(http.MethodGet, "/wechat?"+signed(pushToken, at, "&echostr=1"), nil)))
					assert.Equal(t, want, w.status, "the console's check")
					require.Len(t, told, 2)
					for _, err := range told {
						if want == http.StatusOK {
							assert.NoError(t, err)
							continue
						}
						assert.ErrorIs(t, err, ErrStale)
						assert.ErrorContains(t, err, strconv.FormatInt(int64(-skew/time.Second), 10)+" s behind our clock")
					}
				})
			})
		}
	}
}

func must(r *http.Request, err error) *http.Request {
	if err != nil {
		panic(err)
	}
	return r
}

// A clock that jumps between a delivery and its repeats makes no second message of it, nor does a
// CreateTime that is years off.
func TestClockThatJumps(t *testing.T) {
	t.Parallel()
	for _, safe := range []bool{false, true} {
		t.Run(fmt.Sprint(safe), func(t *testing.T) {
			t.Parallel()
			h := &slow{}
			s, err := NewServer(Config{Account: testAccount(safe), Logger: quiet()}, h)
			require.NoError(t, err)
			p := pushed{testAccount(safe), textPush(1), safe} // of 2012
			for _, jump := range []time.Duration{0, 9 * time.Minute, -9 * time.Minute, 0} {
				w := serve(s, stamped(t, p, time.Now().Add(jump)))
				text, err := textReply(p, w.status, w.body.Bytes())
				require.NoError(t, err)
				assert.Equal(t, "您的照片", text, "%v", jump)
			}
			assert.Equal(t, http.StatusForbidden, serve(s, stamped(t, p, time.Now().Add(-11*time.Minute))).status)
			assert.EqualValues(t, 1, h.runs.Load())
		})
	}
}

// A clock that jumps while a handler runs moves no deadline: those go by the monotonic clock. So
// what differs is WeChat's, whose repeats are refused then, and the message is answered late.
func TestClockThatJumpsWhileAHandlerRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, e := &slow{takes: 6 * time.Second}, &ends{}
		s, err := NewServer(Config{Account: testAccount(true), Lapse: 2, Late: e.sent, OnError: e.failed, Logger: quiet()}, h)
		require.NoError(t, err)
		p := pushed{testAccount(true), textPush(1), true}
		first := make(chan int)
		go func() { first <- serve(s, stamped(t, p, time.Now())).status }()
		time.Sleep(5 * time.Second)
		assert.Equal(t, http.StatusForbidden, serve(s, stamped(t, p, time.Now().Add(11*time.Minute))).status)
		assert.Equal(t, http.StatusServiceUnavailable, <-first, "it lapsed")
		time.Sleep(DefaultGrace + time.Second)
		require.NoError(t, s.Shutdown(t.Context()))
		assert.EqualValues(t, 1, h.runs.Load())
		assert.Equal(t, []Reply{Text{Content: "您的照片"}}, e.late)
		assert.Empty(t, errors.Join(e.errors...))
	})
}
