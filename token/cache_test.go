package token_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

// These tests run in a bubble of synctest, which fails when a goroutine is left behind.

func TestOneFetchForAThousand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{}
		c := newCache(t, src)
		want := func(want string) func() {
			return func() {
				v, err := c.Get(t.Context())
				assert.NoError(t, err)
				assert.Equal(t, want, v)
			}
		}
		all(1000, want("TOKEN_1"))
		assert.Equal(t, 1, src.fetches(), "cold")
		time.Sleep(2*time.Hour - time.Minute)
		all(1000, want("TOKEN_1"))
		time.Sleep(2 * time.Second)
		all(1000, want("TOKEN_2"))
		assert.Equal(t, 2, src.fetches(), "due: the old one is served while one fetch is under way")
		time.Sleep(3 * time.Hour)
		all(1000, want("TOKEN_3"))
		assert.Equal(t, 3, src.fetches(), "expired")
		all(1000, func() {
			assert.NoError(t, c.Invalidate(t.Context(), "TOKEN_3"))
			want("TOKEN_4")()
		})
		assert.Equal(t, 4, src.fetches(), "refused")
	})
}

func TestRefreshMoment(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		life, margin, from, to time.Duration
	}{
		"default":         {2 * time.Hour, 0, 2*time.Hour - 198*time.Second, 2*time.Hour - 180*time.Second},
		"given":           {2 * time.Hour, 10 * time.Minute, 109 * time.Minute, 110 * time.Minute},
		"short lifetime":  {6 * time.Minute, 0, 228 * time.Second, 240 * time.Second},
		"absurd margin":   {time.Hour, 1 << 62, 38 * time.Minute, 40 * time.Minute},
		"three seconds":   {3 * time.Second, 0, 1900 * time.Millisecond, 2 * time.Second},
		"one second":      {time.Second, 0, time.Second, time.Second},
		"less than one":   {300 * time.Millisecond, 0, time.Second, time.Second},
		"as good as none": {time.Nanosecond, 0, time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen, step := map[time.Duration]bool{}, max(tc.life/2000, time.Millisecond)
			for range 20 {
				d := refreshAfter(t, tc.life, tc.margin, step)
				assert.GreaterOrEqual(t, d, tc.from)
				assert.LessOrEqual(t, d, tc.to+step, "who asks does so a step late at most")
				seen[d] = true
			}
			if tc.life > time.Second {
				assert.Greater(t, len(seen), 1, "jitter")
			}
		})
	}
}

// refreshAfter tells when a token that is asked for at each step is fetched again.
func refreshAfter(t *testing.T, life, margin, step time.Duration) (second time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		var fetches []time.Time
		src := token.SourceFunc(func(context.Context) (token.Token, error) {
			fetches = append(fetches, time.Now())
			return token.Token{Value: "v", Expiry: time.Now().Add(life)}, nil
		})
		var opts []token.Option
		if margin != 0 {
			opts = append(opts, token.WithMargin(margin))
		}
		c := newCache(t, src, opts...)
		for len(fetches) < 2 {
			get(t, c)
			synctest.Wait()
			time.Sleep(step)
		}
		second = fetches[1].Sub(fetches[0])
	})
	return second
}

// A token of less than a second is not served past its end, and there is one fetch a second.
func TestVeryShortTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends, n := map[string]time.Time{}, 0
		c := newCache(t, token.SourceFunc(func(context.Context) (token.Token, error) {
			n++
			tok := token.Token{Value: fmt.Sprint(n), Expiry: time.Now().Add(300 * time.Millisecond)}
			ends[tok.Value] = tok.Expiry
			return tok, nil
		}))
		for range 1000 {
			v := get(t, c)
			require.Positive(t, time.Until(ends[v]))
			time.Sleep(7 * time.Millisecond)
			synctest.Wait()
		}
		assert.Greater(t, n, 10)
		assert.LessOrEqual(t, n, int(time.Since(ends["1"])/time.Second)+2)
	})
}

// In the two hours of a token whose source fails as fast as it is asked nobody notices, and
// the source is not hammered, least of all in the last seconds.
func TestFailedRefreshKeepsTheOldToken(t *testing.T) {
	t.Parallel()
	for failure, most := range map[error]int{errDown: 18, coded(40164): 18, io.EOF: 60} {
		synctest.Test(t, func(t *testing.T) {
			src := &source{fast: true}
			c := newCache(t, src)
			get(t, c)
			end := time.Now().Add(2 * time.Hour)
			src.failWith(failure)
			for time.Until(end) > 0 {
				require.Equal(t, "TOKEN_1", get(t, c))
				synctest.Wait()
				time.Sleep(max(time.Until(end)/100, 50*time.Millisecond))
			}
			assert.Less(t, src.fetches(), most, "%v", failure)
			assert.Greater(t, src.fetches(), 5, "it does go on")
			_, err := c.Get(t.Context())
			require.ErrorIs(t, err, failure, "expired")
			src.fail.Store(nil)
			time.Sleep(34 * time.Second)
			get(t, c)
		})
	}
}

// Two Gets with one token that stays the same up to its end, as from a platform that does not
// rotate, ask a few times and not each time.
func TestSameTokenUpToItsEndIsNoStorm(t *testing.T) {
	t.Parallel()
	for name, refusedOnce := range map[string]bool{"never refused": false, "confirmed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				end, n := time.Now().Add(2*time.Hour), 0
				c := newCache(t, token.SourceFunc(func(context.Context) (token.Token, error) {
					n++
					return token.Token{Value: "v", Expiry: end}, nil
				}))
				get(t, c)
				if refusedOnce {
					require.ErrorIs(t, c.Invalidate(t.Context(), "v"), token.ErrUnchanged)
				}
				for time.Until(end) > 0 {
					get(t, c)
					synctest.Wait()
					time.Sleep(50 * time.Millisecond)
				}
				assert.Less(t, n, 15)
			})
		})
	}
}

func TestCancelledWaiterReturnsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{}
		c := newCache(t, src)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := c.Get(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 100*time.Millisecond, time.Since(start))
		_, err = c.Get(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded, "ended before")
		assert.Equal(t, "TOKEN_1", get(t, c), "the fetch outlived who began it")
		assert.Equal(t, 1, src.fetches())
		v, err := c.Get(ctx)
		require.NoError(t, err, "what is there needs no waiting")
		assert.Equal(t, "TOKEN_1", v)
		err = c.Invalidate(ctx, "TOKEN_1")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, "TOKEN_2", get(t, c))
	})
}

type traceKey struct{}

func TestSourceContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		c := newCache(t, token.SourceFunc(func(ctx context.Context) (token.Token, error) {
			assert.Equal(t, "trace", ctx.Value(traceKey{}))
			<-ctx.Done()
			return token.Token{}, ctx.Err()
		}))
		_, err := c.Get(context.WithValue(t.Context(), traceKey{}, "trace"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 10*time.Second, time.Since(start), "bounded by itself")
	})
}

func TestBadSources(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		src  token.SourceFunc
		want string
	}{
		"empty": {func(context.Context) (token.Token, error) { return token.Token{}, nil }, "empty"},
		"expired": {func(context.Context) (token.Token, error) {
			return token.Token{Value: "SECRET", Expiry: time.Now()}, nil
		}, "expired"},
		"panics": {func(context.Context) (token.Token, error) { panic("SECRET") }, "panic in fetch (string)"},
		"exits":  {func(context.Context) (token.Token, error) { runtime.Goexit(); panic("unreachable") }, "Goexit"},
	} {
		c := newCache(t, tc.src)
		for range 2 {
			_, err := c.Get(t.Context())
			require.ErrorContains(t, err, tc.want, name)
			assert.NotContains(t, err.Error(), "SECRET")
		}
	}
}

func TestUnknownLifetimeIsAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := newCache(t, token.SourceFunc(func(context.Context) (token.Token, error) {
			n++
			return token.Token{Value: "v"}, nil
		}))
		for range 600 {
			get(t, c)
			synctest.Wait()
			time.Sleep(time.Second)
		}
		assert.InDelta(t, 15, n, 2, "ten minutes, a third of a minute before the end each time")
	})
}

func TestHotPathAllocatesNothing(t *testing.T) {
	c := newCache(t, &source{fast: true}, token.WithStore(token.NewMemoryStore(), "k"))
	ctx := t.Context()
	get(t, c)
	assert.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = c.Get(ctx) }))
}

func TestDroppedCacheIsCollected(t *testing.T) {
	t.Parallel()
	c := newCache(t, &source{fast: true})
	get(t, c)
	p := weak.Make(c)
	runtime.KeepAlive(c)
	c = nil
	assert.Eventually(t, func() bool { runtime.GC(); return p.Value() == nil }, 10*time.Second, time.Millisecond,
		"its timer, two hours from now, must not hold it")
	assert.Nil(t, c)
}

// Whatever callers do at once, they get tokens or are told to wait; -race looks on.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	src := &source{fast: true}
	c := newCache(t, src, token.WithStore(token.NewMemoryStore(), "k"))
	all(16, func() {
		for range 500 {
			v, err := c.Get(t.Context())
			if err == nil && rand.N(10) == 0 {
				err = c.Invalidate(t.Context(), v)
			}
			if err != nil {
				assert.ErrorIs(t, err, token.ErrRefused)
			}
		}
	})
	assert.LessOrEqual(t, src.fetches(), 6)
}

func TestNilContextIsRefused(t *testing.T) {
	t.Parallel()
	c, err := token.NewCache(renewing{})
	require.NoError(t, err)
	var none context.Context
	refused := func(err error) {
		t.Helper()
		require.EqualError(t, err, "token: the context is nil")
		var named interface{ KindName() string }
		require.ErrorAs(t, err, &named)
		assert.Equal(t, "request", named.KindName())
	}
	_, err = c.Get(none)
	refused(err)
	refused(c.Invalidate(none, "T"))
	refused(c.Renew(none))
}

// renewing is a Renewer that is never asked.
type renewing struct{ token.Renewer }
