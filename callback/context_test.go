package callback

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type ctxKey struct{}

// Everything that is the caller's learns which account it is about, and has the request's values.
func TestAppIDFrom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		seen := map[string]map[string]int{}
		see := func(ctx context.Context, who string) {
			mu.Lock()
			defer mu.Unlock()
			if seen[who] == nil {
				seen[who] = map[string]int{}
			}
			seen[who][AppIDFrom(ctx)]++
			assert.Equal(t, "v", ctx.Value(ctxKey{}), who)
		}
		s, err := NewServer(Config{
			Logger: quiet(),
			Select: func(r *http.Request) (Account, error) {
				return Account{AppID: "wx" + r.URL.Path[1:], Token: pushToken}, nil
			},
			Late:    func(ctx context.Context, _ Header, _ Reply) error { see(ctx, "Late"); return errTest },
			OnError: func(ctx context.Context, _ Header, _ error) { see(ctx, "OnError") },
			Hook:    func(ctx context.Context, d Delivery) { see(ctx, "Hook"); assert.Equal(t, d.AppID, AppIDFrom(ctx)) },
			Claim:   claimFunc(func(ctx context.Context, _ string) (bool, error) { see(ctx, "Claim"); return true, nil }),
		}, HandlerFunc(func(ctx context.Context, _ Message) (Reply, error) {
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			see(child, "handler")
			time.Sleep(5 * time.Second)
			return Text{Content: "x"}, nil
		}))
		require.NoError(t, err)
		var all sync.WaitGroup
		for i := range 10 {
			r := pushed{account: testAccount(false), body: textPush(int64(i + 1))}.request(context.WithValue(t.Context(), ctxKey{}, "v"), "")
			r.URL.Path = fmt.Sprint("/", i)
			all.Go(func() { assert.Equal(t, "success", serve(s, r).body.String()) })
		}
		all.Wait()
		require.NoError(t, s.Shutdown(t.Context()))
		for _, who := range []string{"handler", "Late", "OnError", "Hook", "Claim"} {
			assert.Len(t, seen[who], 10, who)
			assert.Equal(t, 1, seen[who]["wx7"], who)
		}
		assert.Empty(t, AppIDFrom(t.Context()))
	})
}

// A handler's context outlives the request, and ends by its deadline, by Shutdown, or with the handler.
func TestHandlersContext(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		takes time.Duration
		stop  bool
		want  error
		cause error
		after time.Duration
	}{
		"with the handler": {0, false, context.Canceled, context.Canceled, 0},
		"by its deadline":  {time.Hour, false, context.DeadlineExceeded, context.DeadlineExceeded, 10 * time.Second},
		"by Shutdown":      {time.Hour, true, context.Canceled, ErrShutdown, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				kept := make(chan context.Context, 1)
				s, err := NewServer(Config{Account: testAccount(false), HandlerTimeout: 10 * time.Second, Logger: quiet()},
					HandlerFunc(func(ctx context.Context, _ Message) (Reply, error) {
						kept <- ctx
						child, cancel := context.WithTimeout(ctx, 2*time.Hour) // hangs on without a goroutine of its own
						defer cancel()
						select {
						case <-child.Done():
						case <-time.After(tt.takes):
						}
						return nil, nil
					}))
				require.NoError(t, err)
				request, cancel := context.WithCancel(context.WithValue(t.Context(), ctxKey{}, "v"))
				cancel() // the request is over: that must not matter
				began := time.Now()
				go serve(s, pushed{account: testAccount(false), body: textPush(1)}.request(request, ""))
				ctx := <-kept
				deadline, ok := ctx.Deadline()
				assert.True(t, ok)
				assert.Equal(t, began.Add(10*time.Second), deadline)
				assert.Equal(t, "v", ctx.Value(ctxKey{}))
				if tt.stop {
					time.Sleep(time.Second)
					stopped, cancel := context.WithCancel(t.Context())
					cancel()
					require.Error(t, s.Shutdown(stopped))
				}
				<-ctx.Done()
				assert.Equal(t, tt.after, time.Since(began))
				assert.ErrorIs(t, ctx.Err(), tt.want)
				assert.ErrorIs(t, context.Cause(ctx), tt.cause)
				require.NoError(t, s.Shutdown(t.Context()))
				time.Sleep(time.Minute)
			})
		})
	}
}

// A handler's context costs nothing until it is asked for its end, and then tells the same whichever
// way it is asked, and by whomever.
func TestHandlerContext(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		asked bool // for Done, before it ends
		end   func(*handlerContext, context.CancelCauseFunc)
		want  error
		cause error
	}{
		"by its deadline":         {false, func(*handlerContext, context.CancelCauseFunc) { time.Sleep(time.Second) }, context.DeadlineExceeded, context.DeadlineExceeded},
		"by its deadline, asked":  {true, func(*handlerContext, context.CancelCauseFunc) { time.Sleep(time.Second) }, context.DeadlineExceeded, context.DeadlineExceeded},
		"by the server":           {false, func(_ *handlerContext, stop context.CancelCauseFunc) { stop(ErrShutdown) }, context.Canceled, ErrShutdown},
		"by the server, asked":    {true, func(_ *handlerContext, stop context.CancelCauseFunc) { stop(ErrShutdown) }, context.Canceled, ErrShutdown},
		"with the handler":        {false, func(c *handlerContext, _ context.CancelCauseFunc) { c.end() }, context.Canceled, context.Canceled},
		"with the handler, asked": {true, func(c *handlerContext, _ context.CancelCauseFunc) { c.end(); c.end() }, context.Canceled, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, stop := context.WithCancelCause(context.Background())
				defer stop(nil)
				request, over := context.WithCancel(context.WithValue(context.Background(), ctxKey{}, "v"))
				over() // that must not matter
				c := &handlerContext{server: server, values: request, appID: "wx", deadline: time.Now().Add(time.Second)}
				assert.Equal(t, "v", c.Value(ctxKey{}))
				assert.Equal(t, "wx", AppIDFrom(c))
				assert.NoError(t, context.Cause(c))
				assert.Nil(t, c.timed.Load(), "no timer yet")
				if tt.asked {
					child, cancel := context.WithCancel(c)
					defer cancel()
					assert.NoError(t, child.Err())
					go func() { <-c.Done() }()
					select {
					case <-c.Done():
						t.Fatal("ended at once")
					default:
					}
				}
				tt.end(c, stop)
				synctest.Wait()
				assert.ErrorIs(t, c.Err(), tt.want)
				<-c.Done()
				assert.ErrorIs(t, context.Cause(c), tt.cause)
				assert.Equal(t, "v", c.Value(ctxKey{}))
				late, cancel := context.WithTimeout(c, time.Hour)
				defer cancel()
				assert.ErrorIs(t, late.Err(), tt.want)
				c.end()
			})
		})
	}
}
