package token_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

// source counts its fetches. It takes a second for each.
type source struct {
	n    atomic.Int32
	life time.Duration
	same bool
	fail atomic.Pointer[error]
}

func (s *source) Token(ctx context.Context) (token.Token, error) {
	n := s.n.Add(1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return token.Token{}, ctx.Err()
	}
	if err := s.fail.Load(); err != nil {
		return token.Token{}, *err
	}
	if s.same {
		n = 1
	}
	life := s.life
	if life == 0 {
		life = 2 * time.Hour
	}
	return token.Token{Value: fmt.Sprintf("TOKEN_%d", n), Expiry: time.Now().Add(life)}, nil
}

func (s *source) failWith(err error) { s.fail.Store(&err) }

type coded int

func (c coded) Error() string { return fmt.Sprintf("errcode %d", int(c)) }
func (c coded) ErrCode() int  { return int(c) }

func newCache(t *testing.T, src token.Source, opts ...token.Option) *token.Cache {
	t.Helper()
	c, err := token.NewCache(src, opts...)
	require.NoError(t, err)
	return c
}

// all runs f on n goroutines at once and returns when they have ended.
func all(n int, f func()) {
	var group sync.WaitGroup
	for range n {
		group.Go(f)
	}
	group.Wait()
}

func TestOneFetchForAThousand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{}
		c := newCache(t, src)
		get := func(want string) func() {
			return func() {
				v, err := c.Get(t.Context())
				assert.NoError(t, err)
				assert.Equal(t, want, v)
			}
		}
		all(1000, get("TOKEN_1"))
		assert.EqualValues(t, 1, src.n.Load(), "cold")
		time.Sleep(2*time.Hour - time.Minute)
		all(1000, get("TOKEN_1"))
		synctest.Wait()
		time.Sleep(2 * time.Second)
		all(1000, get("TOKEN_2"))
		assert.EqualValues(t, 2, src.n.Load(), "at expiry: the old one is served while one fetch is under way")
		time.Sleep(3 * time.Hour)
		all(1000, get("TOKEN_3"))
		assert.EqualValues(t, 3, src.n.Load(), "long after expiry")
		all(1000, func() {
			assert.NoError(t, c.Invalidate(t.Context(), "TOKEN_3"))
			get("TOKEN_4")()
		})
		assert.EqualValues(t, 4, src.n.Load(), "refused")
	})
}

func TestInvalidateTellsTokensApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{}
		c := newCache(t, src)
		_, err := c.Get(t.Context())
		require.NoError(t, err)
		require.NoError(t, c.Invalidate(t.Context(), "another"))
		require.NoError(t, c.Invalidate(t.Context(), ""))
		assert.EqualValues(t, 1, src.n.Load())
	})
}

func TestSameTokenAgainIsNoLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{same: true}
		c := newCache(t, src)
		_, err := c.Get(t.Context())
		require.NoError(t, err)
		for range 100 {
			require.ErrorIs(t, c.Invalidate(t.Context(), "TOKEN_1"), token.ErrUnchanged)
		}
		assert.EqualValues(t, 2, src.n.Load())
		v, err := c.Get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "TOKEN_1", v, "the source has confirmed it")
		time.Sleep(11 * time.Second)
		require.ErrorIs(t, c.Invalidate(t.Context(), "TOKEN_1"), token.ErrUnchanged)
		assert.EqualValues(t, 3, src.n.Load())
	})
}

func TestRefusalIsRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{}
		src.failWith(coded(40125))
		c := newCache(t, src)
		for range 1000 {
			_, err := c.Get(t.Context())
			require.ErrorIs(t, err, coded(40125))
		}
		assert.EqualValues(t, 1, src.n.Load())
		src.fail.Store(nil)
		time.Sleep(11 * time.Second)
		_, err := c.Get(t.Context())
		require.NoError(t, err)
		src.failWith(coded(-1))
		require.Error(t, c.Invalidate(t.Context(), "TOKEN_2"))
		n := src.n.Load()
		_, err = c.Get(t.Context())
		require.Error(t, err)
		assert.Equal(t, n+1, src.n.Load(), "busy is no refusal")
	})
}

func TestFailedRefreshKeepsTheOldToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{}
		c := newCache(t, src)
		_, err := c.Get(t.Context())
		require.NoError(t, err)
		src.failWith(errors.New("down"))
		for range 110 * 60 {
			v, err := c.Get(t.Context())
			require.NoError(t, err)
			require.Equal(t, "TOKEN_1", v)
			time.Sleep(time.Second)
		}
		before := src.n.Load()
		for range 9 * 60 {
			_, err := c.Get(t.Context())
			require.NoError(t, err)
			time.Sleep(time.Second)
		}
		assert.Less(t, src.n.Load()-before, int32(30), "no storm while it fails")
		time.Sleep(2 * time.Minute)
		_, err = c.Get(t.Context())
		require.ErrorContains(t, err, "down", "expired")
	})
}

func TestCancelledWaiterReturnsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, &source{})
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := c.Get(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 100*time.Millisecond, time.Since(start))
		v, err := c.Get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "TOKEN_1", v, "the fetch outlived who began it")
	})
}

// faultyStore fails while down is set.
type faultyStore struct {
	*token.MemoryStore
	down atomic.Bool
}

var errDown = errors.New("store down")

func (s *faultyStore) Load(ctx context.Context, key string) (token.Token, error) {
	if s.down.Load() {
		return token.Token{}, errDown
	}
	return s.MemoryStore.Load(ctx, key)
}

func (s *faultyStore) Save(ctx context.Context, key string, t token.Token) error {
	if s.down.Load() {
		return errDown
	}
	return s.MemoryStore.Save(ctx, key, t)
}

func TestStoreDownIsNoFetchStorm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src, st, failures := &source{}, &faultyStore{MemoryStore: token.NewMemoryStore()}, 0
		c := newCache(t, src, token.WithStore(st, "k"), token.WithHook(func(_ context.Context, e token.Event) {
			if errors.Is(e.Err, errDown) {
				failures++
			}
		}))
		st.down.Store(true)
		start := time.Now()
		for range 10 {
			v, err := c.Get(t.Context())
			require.NoError(t, err)
			require.NoError(t, c.Invalidate(t.Context(), v))
		}
		assert.GreaterOrEqual(t, time.Since(start), 50*time.Second, "five seconds between fetches")
		assert.EqualValues(t, 11, src.n.Load())
		assert.Equal(t, 22, failures)
	})
}

func TestStoreSharesBetweenCaches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src, st := &source{}, token.NewMemoryStore()
		a, b := newCache(t, src, token.WithStore(st, "k")), newCache(t, src, token.WithStore(st, "k"))
		for _, c := range []*token.Cache{a, b} {
			v, err := c.Get(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "TOKEN_1", v)
		}
		require.NoError(t, a.Invalidate(t.Context(), "TOKEN_1"))
		require.NoError(t, b.Invalidate(t.Context(), "TOKEN_1"))
		v, err := b.Get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "TOKEN_2", v, "taken from the store")
		assert.EqualValues(t, 2, src.n.Load())
	})
}

func TestShortLivesDoNotSpin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{life: 3 * time.Second}
		c := newCache(t, src)
		for range 600 {
			_, err := c.Get(t.Context())
			require.NoError(t, err)
			time.Sleep(100 * time.Millisecond)
		}
		assert.Less(t, src.n.Load(), int32(45), "a minute of three-second tokens")
	})
}

func TestBadSources(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]token.SourceFunc{
		"empty": func(context.Context) (token.Token, error) { return token.Token{}, nil },
		"expired": func(context.Context) (token.Token, error) {
			return token.Token{Value: "v", Expiry: time.Unix(1, 0)}, nil
		},
		"panics": func(context.Context) (token.Token, error) { panic("with SECRET") },
	} {
		c := newCache(t, src)
		_, err := c.Get(t.Context())
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), "SECRET")
	}
	c := newCache(t, token.SourceFunc(func(context.Context) (token.Token, error) { return token.Token{Value: "v"}, nil }),
		token.WithHook(func(context.Context, token.Event) { panic("hook") }))
	v, err := c.Get(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "v", v, "a life that is not told, and a hook that panics")
}

func TestPrintingShowsNoToken(t *testing.T) {
	t.Parallel()
	tok := token.Token{Value: "SECRET", Expiry: time.Unix(1_800_000_000, 0)}
	c := newCache(t, token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: "SECRET", Expiry: time.Now().Add(time.Hour)}, nil
	}))
	_, err := c.Get(t.Context())
	require.NoError(t, err)
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&b, verb+verb+verb, tok, &tok, c)
	}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "t", tok, "in", struct{ T token.Token }{tok})
	slog.New(slog.NewTextHandler(&b, nil)).Info("m", "t", tok, "c", c)
	assert.NotContains(t, b.String(), "SECRET")
	assert.NotContains(t, b.String(), fmt.Sprintf("%x", "SECRET"))
	data, err := tok.MarshalBinary()
	require.NoError(t, err)
	assert.JSONEq(t, `{"access_token":"SECRET","expires_at":1800000000}`, string(data))
	var back token.Token
	require.NoError(t, back.UnmarshalBinary(data))
	assert.True(t, back.Expiry.Equal(tok.Expiry) && back.Value == tok.Value)
}

func TestHotPathAllocatesNothing(t *testing.T) {
	c := newCache(t, token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: "v", Expiry: time.Now().Add(time.Hour)}, nil
	}), token.WithStore(token.NewMemoryStore(), "k"))
	ctx := t.Context()
	_, err := c.Get(ctx)
	require.NoError(t, err)
	assert.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = c.Get(ctx) }))
}

func FuzzUnmarshalBinary(f *testing.F) {
	f.Add([]byte(`{"access_token":"a","expires_at":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var tok token.Token
		if tok.UnmarshalBinary(data) != nil {
			return
		}
		again, err := tok.MarshalBinary()
		require.NoError(t, err)
		var back token.Token
		require.NoError(t, back.UnmarshalBinary(again))
		assert.Equal(t, tok.Value, back.Value)
		assert.True(t, tok.Expiry.Equal(back.Expiry))
	})
}

// BenchmarkGet compares Get with one atomic load, the least that sharing a token costs.
func BenchmarkGet(b *testing.B) {
	var floor atomic.Pointer[token.Token]
	floor.Store(&token.Token{Value: "v"})
	plain := func() (*token.Cache, error) { return token.NewCache(&source{}) }
	shared := func() (*token.Cache, error) {
		return token.NewCache(&source{}, token.WithStore(token.NewMemoryStore(), "k"))
	}
	impls := []struct {
		name string
		get  func(b *testing.B) func() string
	}{
		{"floor", func(*testing.B) func() string { return func() string { return floor.Load().Value } }},
		{"wxhome", warm(plain)},
		{"wxhome-store", warm(shared)},
	}
	for _, impl := range impls {
		b.Run("impl="+impl.name, func(b *testing.B) {
			get := impl.get(b)
			b.ReportAllocs()
			for b.Loop() {
				get()
			}
		})
		b.Run("parallel/impl="+impl.name, func(b *testing.B) {
			get := impl.get(b)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					get()
				}
			})
		})
	}
}

func warm(open func() (*token.Cache, error)) func(*testing.B) func() string {
	return func(b *testing.B) func() string {
		c, err := open()
		require.NoError(b, err)
		ctx := context.Background()
		_, err = c.Get(ctx)
		require.NoError(b, err)
		return func() string { v, _ := c.Get(ctx); return v }
	}
}
