package token_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

func TestInvalidateOfAnotherTokenIsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{}
		c := newCache(t, src)
		require.NoError(t, c.Invalidate(t.Context(), "another"), "cold")
		assert.Zero(t, src.fetches())
		get(t, c)
		require.NoError(t, c.Invalidate(t.Context(), "another"))
		require.NoError(t, c.Invalidate(t.Context(), ""))
		assert.Equal(t, 1, src.fetches())
		require.NoError(t, c.Invalidate(t.Context(), "TOKEN_1"))
		require.NoError(t, c.Invalidate(t.Context(), "TOKEN_1"), "somebody was here before")
		assert.Equal(t, 2, src.fetches())
	})
}

func TestSameTokenAgainIsNoLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{}
		src.same.Store(true)
		c := newCache(t, src)
		get(t, c)
		all(1000, func() {
			assert.ErrorIs(t, c.Invalidate(t.Context(), "TOKEN_1"), token.ErrUnchanged)
		})
		assert.Equal(t, 2, src.fetches())
		require.ErrorIs(t, c.Invalidate(t.Context(), "TOKEN_1"), token.ErrUnchanged)
		assert.Equal(t, 2, src.fetches(), "the source's word holds for a while")
		assert.Equal(t, "TOKEN_1", get(t, c), "the source has confirmed it")
		time.Sleep(11 * time.Second)
		require.ErrorIs(t, c.Invalidate(t.Context(), "TOKEN_1"), token.ErrUnchanged)
		assert.Equal(t, 3, src.fetches())
		time.Sleep(11 * time.Second)
		src.same.Store(false)
		require.NoError(t, c.Invalidate(t.Context(), "TOKEN_1"))
		assert.Equal(t, "TOKEN_4", get(t, c))
	})
}

func TestRefusedTokenIsNotServedAfterAFailure(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	synctest.Test(t, func(t *testing.T) {
		src := &source{}
		src.same.Store(true)
		c := newCache(t, src)
		get(t, c)
		src.failWith(down)
		require.ErrorIs(t, c.Invalidate(t.Context(), "TOKEN_1"), down)
		_, err := c.Get(t.Context())
		require.ErrorIs(t, err, down)
		require.ErrorIs(t, c.Invalidate(t.Context(), "TOKEN_1"), down)
		assert.Equal(t, 2, src.fetches(), "the failure is remembered")
		src.fail.Store(nil)
		time.Sleep(600 * time.Millisecond)
		assert.Equal(t, "TOKEN_1", get(t, c), "the source gave it once more")
		require.ErrorIs(t, c.Invalidate(t.Context(), "TOKEN_1"), token.ErrUnchanged)
		assert.Equal(t, 3, src.fetches())
	})
}

// A refresh ahead of time was refused, so the old token is served on; then that is refused too.
func TestRefusedTokenIsNotServedDuringARefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{}
		c := newCache(t, src)
		get(t, c)
		time.Sleep(2*time.Hour - 2*time.Minute)
		src.failWith(coded(40164))
		for range 600 {
			assert.Equal(t, "TOKEN_1", get(t, c))
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		asked := src.fetches()
		assert.LessOrEqual(t, asked, 8, "not asked again soon")
		require.ErrorIs(t, c.Invalidate(t.Context(), "TOKEN_1"), coded(40164))
		_, err := c.Get(t.Context())
		require.ErrorIs(t, err, coded(40164))
		assert.Equal(t, asked, src.fetches(), "the refusal is remembered")
		src.fail.Store(nil)
		time.Sleep(34 * time.Second)
		assert.Equal(t, fmt.Sprintf("TOKEN_%d", asked+1), get(t, c))
	})
}

// A token is refused while a refresh that began before is under way and brings it again.
func TestRefusalDuringARefresh(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		then string // what the source gives in the end
		err  error
	}{
		"another in the end": {"NEW", nil},
		"the same again":     {"OLD", token.ErrUnchanged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				answers := []string{"OLD", "OLD", tc.then}
				c := newCache(t, token.SourceFunc(func(context.Context) (token.Token, error) {
					time.Sleep(time.Second)
					v := answers[0]
					answers = answers[1:]
					return token.Token{Value: v, Expiry: time.Now().Add(2 * time.Hour)}, nil
				}))
				get(t, c)
				time.Sleep(2*time.Hour - 2*time.Minute)
				get(t, c) // begins the refresh
				time.Sleep(500 * time.Millisecond)
				var waiters sync.WaitGroup
				waiters.Go(func() {
					time.Sleep(100 * time.Millisecond)
					v, err := c.Get(t.Context())
					assert.NoError(t, err)
					assert.Equal(t, tc.then, v, "not what the first answer says")
				})
				require.Equal(t, tc.err, c.Invalidate(t.Context(), "OLD"))
				waiters.Wait()
				assert.Empty(t, answers)
			})
		})
	}
}

// A confirmed token and its successor: being refused is not remembered for too long.
func TestInvalidateOneAfterTheOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &source{fast: true}
		c := newCache(t, src, token.WithStore(token.NewMemoryStore(), "k"))
		for i := range 100 {
			want := fmt.Sprintf("TOKEN_%d", i+1)
			require.Equal(t, want, get(t, c))
			all(10, func() { assert.NoError(t, c.Invalidate(t.Context(), want)) })
			time.Sleep(31 * time.Second)
		}
		assert.Equal(t, 101, src.fetches())
	})
}
