package token_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

// source counts its fetches and gives TOKEN_1, TOKEN_2 and so on. It takes a second for each.
type source struct {
	n    atomic.Int32
	life time.Duration // 2 h unless set
	same atomic.Bool   // TOKEN_1 each time
	fast bool          // takes no time
	fail atomic.Pointer[error]
}

func (s *source) Token(ctx context.Context) (token.Token, error) {
	n := s.n.Add(1)
	if !s.fast {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return token.Token{}, ctx.Err()
		}
	}
	if err := s.fail.Load(); err != nil {
		return token.Token{}, *err
	}
	if s.same.Load() {
		n = 1
	}
	life := s.life
	if life == 0 {
		life = 2 * time.Hour
	}
	return token.Token{Value: fmt.Sprintf("TOKEN_%d", n), Expiry: time.Now().Add(life)}, nil
}

func (s *source) failWith(err error) { s.fail.Store(&err) }

func (s *source) fetches() int { return int(s.n.Load()) }

// coded is an error with a code, as wechat.Error is.
type coded int

func (c coded) Error() string { return fmt.Sprintf("errcode %d", int(c)) }
func (c coded) ErrCode() int  { return int(c) }

func newCache(t *testing.T, src token.Source, opts ...token.Option) *token.Cache {
	t.Helper()
	c, err := token.NewCache(src, opts...)
	require.NoError(t, err)
	return c
}

// get is Get where it must succeed.
func get(t *testing.T, c *token.Cache) string {
	t.Helper()
	v, err := c.Get(t.Context())
	require.NoError(t, err)
	return v
}

// all runs f on n goroutines at once and returns when they have ended.
func all(n int, f func()) {
	var group sync.WaitGroup
	for range n {
		group.Go(f)
	}
	group.Wait()
}

// exit ends the goroutine, as t.FailNow does.
func exit() { runtime.Goexit() }
