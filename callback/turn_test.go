package callback

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// diary writes down when handlers begin and end.
type diary struct {
	mu    sync.Mutex
	began time.Time
	lines []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf("%v ", time.Since(d.began))+fmt.Sprintf(format, args...))
}

// from is a text message of a follower.
func from(follower string, id int64) string {
	return strings.Replace(textPush(id), "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", follower, 1)
}

// say delivers messages one after the other, each on a goroutine of its own, and returns when all
// are waiting.
func say(s http.Handler, safe bool, all *sync.WaitGroup, bodies ...string) {
	for _, body := range bodies {
		r := pushed{account: testAccount(safe), body: body, safe: safe}.request(context.Background(), "")
		all.Go(func() { serve(s, r) })
		synctest.Wait()
	}
}

func TestInOrder(t *testing.T) {
	t.Parallel()
	for _, safe := range []bool{false, true} {
		t.Run(fmt.Sprint(safe), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &diary{began: time.Now()}
				s, err := NewServer(Config{
					Account: testAccount(safe), InOrder: true, Logger: quiet(), HandlerTimeout: 3 * time.Second,
					Late: func(context.Context, Header, Reply) error { return nil },
				}, HandlerFunc(func(ctx context.Context, m Message) (Reply, error) {
					id := m.Head().MsgID
					d.note("%s %d begins", m.Head().FromUserName, id)
					defer d.note("%s %d ends", m.Head().FromUserName, id)
					switch id {
					case 2:
						panic("2")
					case 3:
						deadline, ok := ctx.Deadline()
						assert.True(t, ok)
						assert.Equal(t, 3*time.Second, time.Until(deadline), "HandlerTimeout runs from the handler's start")
						time.Sleep(5 * time.Second) // deaf to its context: the turn is handed on at 3 s
					case 4:
						goexit()
					}
					time.Sleep(time.Second)
					return Text{Content: "x"}, nil
				}))
				require.NoError(t, err)
				var all sync.WaitGroup
				say(s, safe, &all, from("oA", 1), from("oA", 2), from("oA", 3), from("oB", 10), from("oA", 4), from("oA", 5))
				all.Wait()
				require.NoError(t, s.Shutdown(t.Context()))
				slices.Sort(d.lines)
				assert.Equal(t, []string{
					"0s oA 1 begins", "0s oB 10 begins", "1s oA 1 ends", "1s oA 2 begins", "1s oA 2 ends", "1s oA 3 begins", "1s oB 10 ends",
					"4s oA 4 begins", "4s oA 4 ends", "4s oA 5 begins", "5s oA 5 ends", "7s oA 3 ends",
				}, d.lines)
				assert.True(t, idle(s))
			})
		})
	}
}

// Pushes without a sender are nobody's, and have no order.
func TestInOrderWithoutASender(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"platform":    "<xml><AppId>c</AppId><CreateTime>%d</CreateTime><InfoType>authorized</InfoType></xml>",
		"withdrawals": "<xml><ToUserName>gh_1</ToUserName><FromUserName>oPLATFORM</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>user_authorization_revoke</Event><OpenID>o%d</OpenID></xml>",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &slow{takes: time.Second}
				s, err := NewServer(Config{Account: testAccount(false), InOrder: true, Logger: quiet()}, h)
				require.NoError(t, err)
				began := time.Now()
				var all sync.WaitGroup
				for i := range 30 {
					all.Go(func() {
						w := serve(s, pushed{account: testAccount(false), body: fmt.Sprintf(body, i)}.request(t.Context(), ""))
						assert.Equal(t, http.StatusOK, w.status)
					})
				}
				all.Wait()
				assert.Equal(t, time.Second, time.Since(began))
				assert.EqualValues(t, 30, h.runs.Load())
				require.NoError(t, s.Shutdown(t.Context()))
				assert.True(t, idle(s))
			})
		})
	}
}

// Without InOrder the same messages are handled side by side.
func TestNotInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := NewServer(Config{Account: testAccount(false), Logger: quiet()}, &slow{takes: time.Second})
		require.NoError(t, err)
		began := time.Now()
		var all sync.WaitGroup
		say(s, false, &all, from("oA", 1), from("oA", 2), from("oA", 3))
		all.Wait()
		assert.Equal(t, time.Second, time.Since(began))
	})
}

// Waiting is part of a delivery's time: who waits long is answered late, in order all the same.
func TestInOrderWaitingCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &ends{}
		var order []int64
		st := newStation(t, Config{Account: testAccount(false), InOrder: true, Late: e.sent, OnError: e.failed, Logger: quiet()},
			HandlerFunc(func(_ context.Context, m Message) (Reply, error) {
				order = append(order, m.Head().MsgID)
				time.Sleep(2 * time.Second)
				return Text{Content: "您的照片"}, nil
			}))
		var tales [4]tale
		var all sync.WaitGroup
		for i := range tales {
			all.Go(func() {
				tales[i] = weChat(pushed{account: testAccount(false), body: textPush(int64(i + 1))}, 0, false, st)
			})
			synctest.Wait()
		}
		all.Wait()
		st.close(t)
		assert.Equal(t, []int64{1, 2, 3, 4}, order)
		for i, told := range tales {
			assert.False(t, told.notice)
			assert.Equal(t, i < 2, len(told.answers) == 1, "%d", i)
		}
		assert.Len(t, e.late, 2)
		assert.Empty(t, e.errors)
	})
}

// At most 16 messages of a follower wait. A repeat of one that waits is no further message.
func TestInOrderIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &slow{takes: 100 * time.Millisecond}
		s, err := NewServer(Config{Account: testAccount(false), InOrder: true, Logger: quiet()}, h)
		require.NoError(t, err)
		var all sync.WaitGroup
		for id := range int64(17) {
			say(s, false, &all, from("oA", id+1))
		}
		status := func(body string) int {
			return serve(s, pushed{account: testAccount(false), body: body}.request(t.Context(), "")).status
		}
		assert.Equal(t, http.StatusServiceUnavailable, status(from("oA", 18)))
		assert.Equal(t, http.StatusOK, status(from("oB", 19)), "another follower's")
		assert.Equal(t, http.StatusOK, status(from("oA", 17)), "a repeat")
		all.Wait()
		assert.Equal(t, http.StatusOK, status(from("oA", 18)), "WeChat's repeat")
		assert.EqualValues(t, 19, h.runs.Load())
		assert.True(t, idle(s))
	})
}

// A message that another process handles does not let the one behind it overtake the one before.
func TestInOrderWithClaim(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{began: time.Now()}
		asked := 0
		s, err := NewServer(Config{
			Account: testAccount(false), InOrder: true, Logger: quiet(),
			Claim: claimFunc(func(context.Context, string) (bool, error) {
				if asked++; asked == 4 {
					panic("claim")
				}
				return asked != 2, nil
			}),
		}, HandlerFunc(func(_ context.Context, m Message) (Reply, error) {
			d.note("%d", m.Head().MsgID)
			time.Sleep(time.Second)
			return nil, nil
		}))
		require.NoError(t, err)
		var all sync.WaitGroup
		began := time.Now()
		say(s, false, &all, from("oA", 1), from("oA", 2), from("oA", 3), from("oA", 4), from("oA", 5))
		all.Wait()
		assert.Equal(t, []string{"0s 1", "1s 3", "2s 5"}, d.lines)
		assert.Equal(t, 3*time.Second, time.Since(began))
		require.NoError(t, s.Shutdown(t.Context()))
		assert.True(t, idle(s))
	})
}

// Shutdown waits for those that wait. When it gives up the turns are handed on, with an ended context.
func TestInOrderAndShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var causes []error
		s, err := NewServer(Config{Account: testAccount(false), InOrder: true, HandlerTimeout: time.Hour, Logger: quiet()},
			HandlerFunc(func(ctx context.Context, _ Message) (Reply, error) {
				<-ctx.Done()
				mu.Lock()
				defer mu.Unlock()
				causes = append(causes, context.Cause(ctx))
				return nil, nil
			}))
		require.NoError(t, err)
		var all sync.WaitGroup
		say(s, false, &all, from("oA", 1), from("oA", 2), from("oA", 3))
		began := time.Now()
		require.ErrorIs(t, s.Shutdown(deadline(t, time.Minute)), context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(began))
		require.NoError(t, s.Shutdown(t.Context()))
		assert.Equal(t, []error{ErrShutdown, ErrShutdown, ErrShutdown}, causes)
		all.Wait()
		assert.True(t, idle(s))
	})
}

// Accounts that share a Server have followers of their own.
func TestInOrderOfTwoAccounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := NewServer(Config{
			InOrder: true, Logger: quiet(),
			Select: func(r *http.Request) (Account, error) { return Account{AppID: r.URL.Path, Token: pushToken}, nil },
		}, &slow{takes: time.Second})
		require.NoError(t, err)
		began := time.Now()
		var all sync.WaitGroup
		for i, path := range []string{"/a", "/b"} {
			r := pushed{account: testAccount(false), body: from("oA", int64(i+1))}.request(t.Context(), "")
			r.URL.Path = path
			all.Go(func() { serve(s, r) })
		}
		all.Wait()
		assert.Equal(t, time.Second, time.Since(began))
	})
}
