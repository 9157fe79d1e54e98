package token_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

// faultyStore does as the fault says, which may change.
type faultyStore struct {
	token.MemoryStore
	fault atomic.Pointer[func(context.Context) error]
}

var errDown = errors.New("store down")

func (s *faultyStore) set(f func(context.Context) error) { s.fault.Store(&f) }

func (s *faultyStore) down() { s.set(func(context.Context) error { return errDown }) }

func (s *faultyStore) up() { s.fault.Store(nil) }

func (s *faultyStore) Load(ctx context.Context, key string) (token.Token, error) {
	if f := s.fault.Load(); f != nil {
		return token.Token{}, (*f)(ctx)
	}
	return s.MemoryStore.Load(ctx, key)
}

func (s *faultyStore) Save(ctx context.Context, key string, t token.Token) error {
	if f := s.fault.Load(); f != nil {
		return (*f)(ctx)
	}
	return s.MemoryStore.Save(ctx, key, t)
}

// events collects what a hook is told, with a mark on failures.
type events []string

func (e *events) hook(_ context.Context, ev token.Event) {
	s := string(ev.Op)
	if ev.Err != nil {
		s += "!"
	}
	*e = append(*e, s)
}

// take returns what was collected since the last take.
func (e *events) take() []string {
	got := []string(*e)
	*e = nil
	return got
}

func TestStoreSharesBetweenCaches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src, st, told := &source{}, token.NewMemoryStore(), events{}
		a := newCache(t, src, token.WithStore(st, "k"), token.WithHook(told.hook))
		b := newCache(t, src, token.WithStore(st, "k"))
		assert.Equal(t, "TOKEN_1", get(t, a))
		assert.Equal(t, "TOKEN_1", get(t, b))
		assert.Equal(t, []string{"load", "fetch", "save"}, told.take())
		require.NoError(t, b.Invalidate(t.Context(), "TOKEN_1"))
		require.NoError(t, a.Invalidate(t.Context(), "TOKEN_1"))
		assert.Equal(t, "TOKEN_2", get(t, a), "taken from the store")
		assert.Equal(t, []string{"load"}, told.take())
		assert.Equal(t, 2, src.fetches())
		time.Sleep(2*time.Hour - 170*time.Second)
		get(t, b)
		time.Sleep(2 * time.Second)
		assert.Equal(t, "TOKEN_3", get(t, b), "its own copy in the store is not taken for a new one")
		get(t, a)
		synctest.Wait()
		assert.Equal(t, "TOKEN_3", get(t, a), "the other's is, ahead of time")
		assert.Equal(t, 3, src.fetches())
	})
}

// A token is refreshed a little sooner than the margin says. The copy in the store is then not
// yet too old to be taken by others, but it is the one to be replaced.
func TestRefreshDoesNotTakeItsOwnTokenBack(t *testing.T) {
	t.Parallel()
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			src := &source{fast: true}
			c := newCache(t, src, token.WithStore(token.NewMemoryStore(), "k"))
			get(t, c)
			time.Sleep(2*time.Hour - 199*time.Second)
			for range 220 {
				get(t, c)
				synctest.Wait()
				time.Sleep(100 * time.Millisecond)
			}
			assert.Equal(t, "TOKEN_2", get(t, c))
		})
	}
}

func TestWhatIsNotTakenFromTheStore(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		life    time.Duration
		fetches int
	}{
		"long":          {time.Hour, 0},
		"in its margin": {170 * time.Second, 1},
		"expired":       {-time.Second, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			src := &source{}
			c := newCache(t, src, token.WithStore(leaky{Value: "STORED", Expiry: time.Now().Add(tc.life)}, "k"))
			get(t, c)
			assert.Equal(t, tc.fetches, src.fetches(), name)
		})
	}
	src := &source{fast: true}
	c := newCache(t, src, token.WithStore(leaky{Value: "STORED"}, "k"))
	assert.Equal(t, "TOKEN_1", get(t, c), "a store must tell the end")
}

// leaky is a Store that gives the same whatever happens.
type leaky token.Token

func (l leaky) Load(context.Context, string) (token.Token, error) { return token.Token(l), nil }
func (l leaky) Save(context.Context, string, token.Token) error   { return nil }

// Tokens that live a minute are shared as well, though the margin is three.
func TestShortTokensAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src, st := &source{life: time.Minute, fast: true}, token.NewMemoryStore()
		var caches []*token.Cache
		for range 10 {
			caches = append(caches, newCache(t, src, token.WithStore(st, "k")))
		}
		for range 600 {
			for _, c := range caches {
				get(t, c)
				synctest.Wait()
			}
			time.Sleep(time.Second)
		}
		assert.Less(t, src.fetches(), 10+25, "ten minutes: each once at its start, then one for all")
	})
}

func TestStoreDownIsNoFetchStorm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src, st, told := &source{}, &faultyStore{}, events{}
		c := newCache(t, src, token.WithStore(st, "k"), token.WithHook(told.hook))
		st.down()
		start := time.Now()
		for range 3 {
			v := get(t, c)
			all(100, func() { assert.NoError(t, c.Invalidate(t.Context(), v), "it waits and does not fail") })
		}
		assert.GreaterOrEqual(t, time.Since(start), 15*time.Second, "five seconds between fetches")
		assert.Equal(t, 4, src.fetches())
		var want []string
		for range 4 {
			want = append(want, "load!", "fetch", "save!")
		}
		assert.Equal(t, want, told.take(), "told, not returned")
		st.up()
		time.Sleep(time.Minute)
		start = time.Now()
		require.NoError(t, c.Invalidate(t.Context(), get(t, c)))
		assert.Equal(t, time.Second, time.Since(start), "no waiting any more")
		src.failWith(errors.New("down as well"))
		st.down()
		start = time.Now()
		for n := src.fetches(); src.fetches() < n+3; time.Sleep(100 * time.Millisecond) {
			_ = c.Invalidate(t.Context(), "TOKEN_5")
		}
		assert.GreaterOrEqual(t, time.Since(start), 14*time.Second, "failed fetches count")
	})
}

func TestStoreThatHangsOrPanics(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault func(context.Context) error
		took  time.Duration
	}{
		"hangs":  {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 5 * time.Second},
		"panics": {func(context.Context) error { panic("SECRET") }, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			st, failures := &faultyStore{}, []error{}
			c := newCache(t, &source{}, token.WithStore(st, "k"), token.WithHook(func(_ context.Context, ev token.Event) {
				if ev.Err != nil {
					failures = append(failures, ev.Err)
				}
			}))
			st.set(tc.fault)
			start := time.Now()
			assert.Equal(t, "TOKEN_1", get(t, c), name)
			assert.Equal(t, tc.took, time.Since(start), name)
			require.Len(t, failures, 2, name)
			assert.NotContains(t, errors.Join(failures...).Error(), "SECRET")
		})
	}
}

// slowStore takes its time to save.
type slowStore struct {
	token.MemoryStore
	left time.Duration // that Save had
}

func (s *slowStore) Save(ctx context.Context, key string, t token.Token) error {
	deadline, _ := ctx.Deadline()
	s.left = time.Until(deadline)
	time.Sleep(1500 * time.Millisecond)
	return s.MemoryStore.Save(ctx, key, t)
}

func TestSlowSave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var st slowStore
		c := newCache(t, token.SourceFunc(func(context.Context) (token.Token, error) {
			time.Sleep(9 * time.Second)
			return token.Token{Value: "v", Expiry: time.Now().Add(time.Second)}, nil
		}), token.WithStore(&st, "k"))
		get(t, c) // expired while it was saved: no crash
		assert.Equal(t, 2*time.Second, st.left, "what a slow source leaves is not all that Save has")
	})
}

func TestHook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []token.Event
		c := newCache(t, &source{}, token.WithHook(func(ctx context.Context, ev token.Event) {
			assert.Equal(t, "trace", ctx.Value(traceKey{}))
			got = append(got, ev)
			panic("in the hook")
		}))
		start := time.Now()
		_, err := c.Get(context.WithValue(t.Context(), traceKey{}, "trace"))
		require.NoError(t, err, "a panic in the hook is dropped")
		assert.Equal(t, []token.Event{{Op: token.OpFetch, Start: start, Duration: time.Second}}, got)
	})
}

func TestHooksAddUp(t *testing.T) {
	t.Parallel()
	var called []int
	hook := func(n int) token.Option {
		return token.WithHook(func(context.Context, token.Event) {
			called = append(called, n)
			panic("in a hook")
		})
	}
	c := newCache(t, &source{fast: true}, hook(1), hook(2), hook(3))
	get(t, c)
	assert.Equal(t, []int{1, 2, 3}, called, "in the order of the options, whatever one of them does")
}

// skewed is a Store whose clock is off: it judges what has expired by that, or also gives the end
// by it.
type skewed struct {
	inner  *token.MemoryStore
	by     time.Duration
	shifts bool
}

func (s skewed) Load(ctx context.Context, key string) (token.Token, error) {
	t, err := s.inner.Load(ctx, key)
	if t.Expired(time.Now().Add(s.by)) {
		return token.Token{}, err
	}
	if s.shifts {
		t.Expiry = t.Expiry.Add(-s.by)
	}
	return t, err
}

func (s skewed) Save(ctx context.Context, key string, t token.Token) error {
	return s.inner.Save(ctx, key, t)
}

// TestStoreWithAWrongClock has two processes share a Store, and a platform that has one token at a
// time and lets it live two hours.
func TestStoreWithAWrongClock(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{-48 * time.Hour, -5 * time.Hour, -time.Hour, -90 * time.Second, 0, 90 * time.Second, time.Hour, 5 * time.Hour} {
		for _, shifts := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v %v", by, shifts), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { testSkew(t, skewed{token.NewMemoryStore(), by, shifts}) })
			})
		}
	}
}

func testSkew(t *testing.T, st skewed) {
	var mu sync.Mutex
	var current token.Token // the platform's
	fetches, refused, ends := 0, 0, map[string]time.Time{}
	src := token.SourceFunc(func(context.Context) (token.Token, error) {
		mu.Lock()
		defer mu.Unlock()
		fetches++
		if time.Until(current.Expiry) < 5*time.Minute {
			current = token.Token{Value: fmt.Sprint("TOKEN_", fetches), Expiry: time.Now().Add(2 * time.Hour)}
			ends[current.Value] = current.Expiry
		}
		return current, nil
	})
	works := func(value string) bool {
		mu.Lock()
		defer mu.Unlock()
		return time.Now().Before(ends[value])
	}
	caches := []*token.Cache{newCache(t, src, token.WithStore(st, "k")), newCache(t, src, token.WithStore(st, "k"))}
	const hours = 24
	for end := time.Now().Add(hours * time.Hour); time.Now().Before(end); time.Sleep(20 * time.Second) {
		for _, c := range caches {
			if v := get(t, c); !works(v) {
				refused++
				require.NoError(t, c.Invalidate(t.Context(), v))
				assert.True(t, works(get(t, c)))
			}
			synctest.Wait()
		}
	}
	assert.LessOrEqual(t, fetches, hours*3, "a few for each token")
	assert.LessOrEqual(t, refused, hours, "one for each process and token")
}

// flapping is a Store behind which two copies answer in turn, each with a token of its own that
// WeChat has retired.
type flapping struct{ loads atomic.Int32 }

func (f *flapping) Load(_ context.Context, key string) (token.Token, error) {
	if key != "k" {
		return token.Token{}, nil
	}
	return token.Token{Value: fmt.Sprint("RETIRED_", f.loads.Add(1)%2), Expiry: time.Now().Add(time.Hour)}, nil
}

func (f *flapping) Save(context.Context, string, token.Token) error { return nil }

func TestStoreThatFlapsBetweenRefusedTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, &log{answer: good}, token.WithStore(&flapping{}, "k"))
		for range 2 {
			v := get(t, c)
			assert.Contains(t, v, "RETIRED")
			_ = c.Invalidate(t.Context(), v)
		}
		assert.Equal(t, "TOKEN_1", get(t, c))
	})
}
