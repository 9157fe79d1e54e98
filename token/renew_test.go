package token_test

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

// renewable is a log that can renew; what Renew gives is renewed's.
type renewable struct {
	log
	renewals atomic.Int32
	renewed  func(n int) (token.Token, error) // nil: log's answer
}

func (r *renewable) Renew(ctx context.Context) (token.Token, error) {
	n := int(r.renewals.Add(1))
	if r.renewed != nil {
		time.Sleep(time.Second)
		return r.renewed(n)
	}
	return r.Token(ctx)
}

func newRenewable() *renewable { return &renewable{log: log{answer: good}} }

func TestRenew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newRenewable()
		c := newCache(t, src)
		require.NoError(t, c.Renew(t.Context()), "of an empty cache")
		assert.Equal(t, "TOKEN_1", get(t, c))
		for range 29 {
			time.Sleep(time.Second)
			err := c.Renew(t.Context())
			require.ErrorIs(t, err, token.ErrRenewTooSoon)
			var kind interface{ KindName() string }
			require.ErrorAs(t, err, &kind)
			assert.Equal(t, "minute limit", kind.KindName())
		}
		require.ErrorContains(t, c.Renew(t.Context()), "try again in 1s")
		assert.EqualValues(t, 1, src.renewals.Load())
		time.Sleep(time.Second)
		require.NoError(t, c.Renew(t.Context()))
		assert.Equal(t, "TOKEN_2", get(t, c))
		require.NoError(t, c.Invalidate(t.Context(), "TOKEN_1"), "the old one is not in use")
		assert.Equal(t, "TOKEN_2", get(t, c))
		assert.EqualValues(t, 2, src.renewals.Load())
	})
}

func TestRenewByManyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newRenewable()
		c := newCache(t, src)
		get(t, c)
		var renewed atomic.Int32
		all(100, func() {
			if err := c.Renew(t.Context()); err == nil {
				renewed.Add(1)
			} else {
				assert.ErrorIs(t, err, token.ErrRenewTooSoon)
			}
		})
		assert.EqualValues(t, 1, renewed.Load())
		assert.EqualValues(t, 1, src.renewals.Load())
	})
}

func TestRenewOfAnotherProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, one, two := newLockStore(), newRenewable(), newRenewable()
		a := newCache(t, one, token.WithStore(st, "k"), token.WithLock())
		b := newCache(t, two, token.WithStore(st, "k"))
		old := get(t, a)
		require.Equal(t, old, get(t, b))
		require.NoError(t, a.Renew(t.Context()))
		require.ErrorIs(t, b.Renew(t.Context()), token.ErrRenewTooSoon)
		assert.Equal(t, old, get(t, b), "the old one is served until it is refused")
		require.NoError(t, b.Invalidate(t.Context(), old))
		assert.Equal(t, get(t, a), get(t, b), "taken from the store")
		assert.Empty(t, two.times())
		time.Sleep(33 * time.Second)
		require.NoError(t, b.Renew(t.Context()))
		assert.EqualValues(t, 1, two.renewals.Load())
		assert.Empty(t, st.held, "the lock was given back")
	})
}

// A process that has no token and may not renew gets one as otherwise.
func TestRenewTooSoonWithoutAToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, src := token.NewMemoryStore(), newRenewable()
		require.NoError(t, newCache(t, newRenewable(), token.WithStore(st, "k")).Renew(t.Context()))
		require.NoError(t, st.Save(t.Context(), "k", token.Token{}), "and the token is gone")
		b := newCache(t, src, token.WithStore(st, "k"))
		require.ErrorIs(t, b.Renew(t.Context()), token.ErrRenewTooSoon)
		assert.Equal(t, "TOKEN_1", get(t, b))
		assert.Zero(t, src.renewals.Load())
		assert.Len(t, src.times(), 1)
	})
}

func TestRenewThatFails(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	for name, tc := range map[string]struct {
		renewed func(int) (token.Token, error)
		want    error
	}{
		"refused":   {always(coded(45009)), coded(45009)},
		"lost":      {always(io.ErrUnexpectedEOF), io.ErrUnexpectedEOF},
		"down":      {always(down), down},
		"unchanged": {func(int) (token.Token, error) { return good(1) }, token.ErrUnchanged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src := newRenewable()
				src.renewed = tc.renewed
				c := newCache(t, src)
				get(t, c)
				require.ErrorIs(t, c.Renew(t.Context()), tc.want)
				assert.Equal(t, "TOKEN_1", get(t, c), "the old one is in use still")
				require.ErrorIs(t, c.Renew(t.Context()), token.ErrRenewTooSoon, "it may have been carried out")
				time.Sleep(time.Second)
				require.NoError(t, c.Invalidate(t.Context(), "TOKEN_1"))
				assert.Equal(t, "TOKEN_2", get(t, c))
			})
		})
	}
}

func TestRenewOfASourceThatCannot(t *testing.T) {
	t.Parallel()
	src := &source{fast: true}
	err := newCache(t, src).Renew(t.Context())
	require.ErrorIs(t, err, errors.ErrUnsupported)
	var kind interface{ KindName() string }
	require.ErrorAs(t, err, &kind)
	assert.Equal(t, "request", kind.KindName())
	assert.Zero(t, src.fetches())
}

func TestRenewWaitsForARefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newRenewable()
		c := newCache(t, src)
		go func() { _, _ = c.Get(t.Context()) }() // log panics when two fetches meet
		synctest.Wait()
		require.NoError(t, c.Renew(t.Context()))
		assert.Equal(t, "TOKEN_2", get(t, c))
	})
}

func TestRenewAndItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newRenewable()
		src.renewed = func(int) (token.Token, error) { return good(9) }
		c := newCache(t, src)
		get(t, c)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, c.Renew(ended), context.Canceled)
		assert.Zero(t, src.renewals.Load(), "nothing was sent")
		soon, cancel := context.WithTimeout(t.Context(), 100*ms)
		defer cancel()
		require.ErrorIs(t, c.Renew(soon), context.DeadlineExceeded)
		assert.Equal(t, "TOKEN_1", get(t, c))
		var waiter = make(chan error)
		go func() { waiter <- c.Invalidate(t.Context(), "TOKEN_1") }()
		require.NoError(t, <-waiter)
		assert.Equal(t, "TOKEN_9", get(t, c), "the renewal went on, and who needs a token waited for it")
	})
}

// A person may renew while the source is left alone, and that ends the pause.
func TestRenewInAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newRenewable()
		src.set(always(coded(-1)))
		src.renewed = func(int) (token.Token, error) { return good(9) }
		c := newCache(t, src)
		ask(t, c, 10*ms, 10*time.Second)
		require.NoError(t, c.Renew(t.Context()))
		assert.Equal(t, "TOKEN_9", get(t, c))
	})
}

// What stands under the key of the note says nothing when it cannot be one.
func TestRenewAndForeignNotes(t *testing.T) {
	t.Parallel()
	for name, note := range map[string]token.Token{
		"hours": {Value: "AAAA 1 minute limit", Expiry: time.Now().Add(20 * time.Hour)},
		"text":  {Value: "80_abcXYZ019-_zz", Expiry: time.Now().Add(10 * time.Second)},
		"over":  {Value: "AAAA 1 minute limit", Expiry: time.Now().Add(-time.Hour)},
	} {
		st := token.NewMemoryStore()
		require.NoError(t, st.Save(t.Context(), "k:renew", note), name)
		require.NoError(t, newCache(t, newRenewable(), token.WithStore(st, "k")).Renew(t.Context()), name)
	}
	st := &faultyStore{}
	st.down()
	require.NoError(t, newCache(t, newRenewable(), token.WithStore(st, "k")).Renew(t.Context()), "a store that is down stops no renewal")
}

// endsLate is a context that ends between two looks at it.
type endsLate struct {
	context.Context
	looks atomic.Int32
}

func (c *endsLate) Done() <-chan struct{} { return nil }

func (c *endsLate) Err() error {
	if c.looks.Add(1) > 1 {
		return context.Canceled
	}
	return nil
}

// A renewal that waited for a refresh, and whose context ended meanwhile, has renewed nothing.
func TestRenewThatEndsWithAnotherRefreshIsNoSuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newRenewable()
		src.answer = func(n int) (token.Token, error) { time.Sleep(time.Second); return good(n) }
		c := newCache(t, src)
		go func() { _, _ = c.Get(context.Background()) }()
		synctest.Wait()
		err := c.Renew(&endsLate{Context: t.Context()})
		require.ErrorIs(t, err, context.Canceled)
		require.EqualValues(t, 0, src.renewals.Load())
	})
}
