package token_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

// deafStore answers when its time has come, whatever its contexts say.
type deafStore struct {
	*token.MemoryStore
	takes    time.Duration
	unlocked chan struct{}
}

func (s *deafStore) Load(_ context.Context, key string) (token.Token, error) {
	time.Sleep(s.takes)
	return s.MemoryStore.Load(context.Background(), key)
}

func (s *deafStore) Save(_ context.Context, key string, t token.Token) error {
	time.Sleep(s.takes)
	return s.MemoryStore.Save(context.Background(), key, t)
}

func (s *deafStore) Lock(context.Context, string) (func(), error) {
	time.Sleep(s.takes)
	return func() { s.unlocked <- struct{}{} }, nil
}

// TestDeafStore has a Store that is deaf to its context for ten minutes: the source is asked all
// the same, and a lock that comes too late is given back.
func TestDeafStore(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]token.Option{"": nil, "with its lock": {token.WithLock()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &deafStore{token.NewMemoryStore(), 10 * time.Minute, make(chan struct{}, 10)}
				var events []token.Event
				c, err := token.NewCache(token.SourceFunc(func(context.Context) (token.Token, error) {
					return token.Token{Value: "TOKEN", Expiry: time.Now().Add(2 * time.Hour)}, nil
				}), append(opts, token.WithStore(s, "k"), token.WithHook(func(_ context.Context, ev token.Event) { events = append(events, ev) }))...)
				require.NoError(t, err)
				start := time.Now()
				value, err := c.Get(t.Context())
				require.NoError(t, err)
				assert.Equal(t, "TOKEN", value)
				assert.LessOrEqual(t, time.Since(start), 10*time.Second)
				synctest.Wait()
				require.NotEmpty(t, events)
				assert.Equal(t, token.OpLoad, events[0].Op)
				require.ErrorIs(t, events[0].Err, context.DeadlineExceeded)
				time.Sleep(time.Hour) // what was given up on ends by itself
			})
		})
	}
}

// TestLateLockIsGivenBack has a Locker that answers after it was given up on.
func TestLateLockIsGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &lateLocker{deafStore{token.NewMemoryStore(), time.Minute, make(chan struct{}, 1)}}
		c, err := token.NewCache(token.SourceFunc(func(context.Context) (token.Token, error) {
			return token.Token{Value: "TOKEN", Expiry: time.Now().Add(2 * time.Hour)}, nil
		}), token.WithStore(s, "k"), token.WithLock())
		require.NoError(t, err)
		_, err = c.Get(t.Context())
		require.NoError(t, err)
		assert.Empty(t, s.unlocked)
		time.Sleep(2 * time.Minute)
		assert.Len(t, s.unlocked, 1)
	})
}

// lateLocker is deaf only where it locks.
type lateLocker struct{ deafStore }

func (s *lateLocker) Load(ctx context.Context, key string) (token.Token, error) {
	return s.MemoryStore.Load(ctx, key)
}

func (s *lateLocker) Save(ctx context.Context, key string, t token.Token) error {
	return s.MemoryStore.Save(ctx, key, t)
}

// TestDeafSource has a Source of the caller's own that never looks at its context: the refresh
// ends all the same, and the next one may do better.
func TestDeafSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		c, err := token.NewCache(token.SourceFunc(func(context.Context) (token.Token, error) {
			n := asked.Add(1)
			if n == 1 {
				time.Sleep(10 * time.Minute)
			}
			return token.Token{Value: "TOKEN " + strconv.FormatInt(n, 10), Expiry: time.Now().Add(2 * time.Hour)}, nil
		}))
		require.NoError(t, err)
		_, err = c.Get(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "fetch goes on after the end of its context")
		time.Sleep(300 * time.Millisecond)
		value, err := c.Get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "TOKEN 2", value)
		time.Sleep(time.Hour)
	})
}
