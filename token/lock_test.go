package token_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

// lockStore is a Locker over a channel with one place.
type lockStore struct {
	faultyStore
	held    chan struct{}
	lockErr error
	bare    bool // gives no func to unlock
}

func newLockStore() *lockStore { return &lockStore{held: make(chan struct{}, 1)} }

func (s *lockStore) Lock(ctx context.Context, _ string) (func(), error) {
	if s.lockErr != nil || s.bare {
		return nil, s.lockErr
	}
	select {
	case s.held <- struct{}{}:
		return func() { <-s.held }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestLockLetsOneProcessFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src, st := &source{}, newLockStore()
		var caches [20]*token.Cache
		for i := range caches {
			caches[i] = newCache(t, src, token.WithLock(), token.WithStore(st, "k"))
		}
		next := make(chan *token.Cache, len(caches))
		for _, c := range caches {
			next <- c
		}
		all(len(caches), func() {
			c := <-next
			v, err := c.Get(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, "TOKEN_1", v)
			next <- c
		})
		assert.Equal(t, 1, src.fetches())
		all(len(caches), func() { assert.NoError(t, (<-next).Invalidate(t.Context(), "TOKEN_1")) })
		assert.Equal(t, 2, src.fetches())
		assert.Empty(t, st.held, "given back")
	})
}

func TestLockIsGivenBack(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]token.SourceFunc{
		"error": func(context.Context) (token.Token, error) { return token.Token{}, errDown },
		"panic": func(context.Context) (token.Token, error) { panic("in the source") },
	} {
		st, told := newLockStore(), events{}
		c := newCache(t, src, token.WithStore(st, "k"), token.WithLock(), token.WithHook(told.hook))
		_, err := c.Get(t.Context())
		require.Error(t, err, name)
		assert.Equal(t, []string{"load", "lock", "load", "fetch!", "save"}, told.take(), name)
		assert.Empty(t, st.held, name)
	}
}

// Without the lock the token is fetched all the same, no oftener than with the Store down.
func TestLockThatFails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		st   func() *lockStore
		took time.Duration // of a first and a second refresh
	}{
		"error":       {func() *lockStore { st := newLockStore(); st.lockErr = errDown; return st }, 6 * time.Second},
		"never free":  {func() *lockStore { st := newLockStore(); st.held <- struct{}{}; return st }, 22 * time.Second},
		"no func":     {func() *lockStore { st := newLockStore(); st.bare = true; return st }, 6 * time.Second},
		"panic":       {func() *lockStore { st := newLockStore(); close(st.held); return st }, 6 * time.Second},
		"working one": {newLockStore, 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			src, told := &source{}, events{}
			c := newCache(t, src, token.WithStore(tc.st(), "k"), token.WithLock(), token.WithHook(told.hook))
			start := time.Now()
			assert.Equal(t, "TOKEN_1", get(t, c), name)
			require.NoError(t, c.Invalidate(t.Context(), "TOKEN_1"), name)
			assert.Equal(t, tc.took, time.Since(start).Truncate(time.Second), name)
			if name != "working one" {
				assert.Equal(t, []string{"load", "lock!", "fetch", "save", "load", "lock!", "fetch", "save"}, told.take(), name)
			}
		})
	}
}

// The Store goes down between the two looks at it.
func TestStoreDownUnderTheLock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src, st, told := &source{}, newLockStore(), events{}
		c := newCache(t, src, token.WithStore(st, "k"), token.WithLock(), token.WithHook(func(ctx context.Context, ev token.Event) {
			if told.hook(ctx, ev); ev.Op == token.OpLock {
				st.down()
			}
		}))
		get(t, c)
		assert.Equal(t, []string{"load", "lock", "load!", "fetch", "save!"}, told.take())
		st.up()
		start := time.Now()
		require.NoError(t, c.Invalidate(t.Context(), "TOKEN_1"))
		assert.Equal(t, 5*time.Second, time.Since(start), "one second after the last, and four to wait")
		assert.Empty(t, st.held)
	})
}
