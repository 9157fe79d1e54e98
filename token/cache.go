package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// Cache holds the token of one account. Make one with [NewCache].
type Cache struct {
	fresh atomic.Pointer[entry] // what Get serves at once; a timer takes it away

	source Source
	store  Store // nil: none
	key    string
	locker Locker // nil: none
	margin time.Duration
	hook   func(context.Context, Event)

	mu      sync.Mutex // guards what follows
	last    *entry     // the newest token; it may still be good when fresh is nil
	timer   *time.Timer
	flight  *flight // the refresh under way
	refusal *refusal
	retries int       // failed refreshes in a row
	fetched time.Time // when the source was last asked
	dropped string    // the token that was refused; never served or loaded again
	// confirmed is until when the source's word holds that a refused token is the right one.
	confirmed time.Time
}

// entry is a token in use, behind a pointer so that printing a Cache shows none.
type entry struct{ token Token }

type refusal struct {
	err   error
	until time.Time
}

// ErrUnchanged is returned by [Cache.Invalidate] when the source gave the refused token back.
var ErrUnchanged = errors.New("token: the source gave the refused token back")

// An Option configures a [Cache].
type Option func(*Cache) error

// WithStore shares the token under key; see [Key].
func WithStore(s Store, key string) Option {
	return func(c *Cache) error {
		if s == nil || key == "" {
			return errors.New("WithStore needs a store and a key")
		}
		c.store, c.key = s, key
		return nil
	}
}

// WithLock takes the lock of the Store, which must be a [Locker] and given before, around each
// fetch. It is for sources whose fetch retires the token before it (GET /cgi-bin/token).
func WithLock() Option {
	return func(c *Cache) error {
		l, ok := c.store.(Locker)
		if !ok {
			return errors.New("WithLock needs WithStore before it, with a store that is a Locker")
		}
		c.locker = l
		return nil
	}
}

// WithMargin begins the refresh d before the token ends, [DefaultMargin] unless set. Of a short
// lifetime it takes a third at most.
func WithMargin(d time.Duration) Option {
	return func(c *Cache) error {
		if d <= 0 {
			return fmt.Errorf("WithMargin: %v is not positive", d)
		}
		c.margin = d
		return nil
	}
}

// WithHook tells hook of each use of source, store and lock. It is called by one goroutine at
// a time. A panic in it is dropped.
func WithHook(hook func(context.Context, Event)) Option {
	return func(c *Cache) error {
		if hook == nil {
			return errors.New("WithHook: the hook is nil")
		}
		c.hook = hook
		return nil
	}
}

// NewCache returns an empty Cache over src. It does no I/O.
func NewCache(src Source, opts ...Option) (*Cache, error) {
	if src == nil {
		return nil, errors.New("token: the source is nil")
	}
	c := &Cache{source: src, margin: DefaultMargin}
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("token: option %d is nil", i+1)
		}
		if err := opt(c); err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
	}
	return c, nil
}

// Get returns a token that is good, as far as is known. It waits for a fetch, until ctx ends,
// only when there is none.
func (c *Cache) Get(ctx context.Context) (string, error) {
	if e := c.fresh.Load(); e != nil {
		return e.token.Value, nil
	}
	return c.get(ctx)
}

func (c *Cache) get(ctx context.Context) (string, error) {
	c.mu.Lock()
	now := time.Now()
	if c.last != nil && c.last.token.live(now) {
		value := c.last.token.Value
		if c.fresh.Load() == nil && c.flight == nil {
			c.start(ctx, "")
		}
		c.mu.Unlock()
		return value, nil
	}
	if c.refusal != nil && now.Before(c.refusal.until) {
		defer c.mu.Unlock()
		return "", c.refusal.err
	}
	if err := ctx.Err(); err != nil {
		c.mu.Unlock()
		return "", err
	}
	f := c.flight
	if f == nil {
		f = c.start(ctx, c.dropped)
	}
	c.mu.Unlock()
	return f.wait(ctx)
}

// Invalidate drops stale, a token that the platform refused, and returns when there is
// another. It does nothing if stale is not the token in use: then somebody else has been here
// before. The Store is read first, so that a token which another process has fetched is used.
// The error is [ErrUnchanged], the refresh's, or that of ctx.
func (c *Cache) Invalidate(ctx context.Context, stale string) error {
	for {
		c.mu.Lock()
		if c.last != nil && c.last.token.Value != stale || c.last == nil && c.dropped != stale || stale == "" {
			c.mu.Unlock()
			return nil
		}
		if c.last != nil && time.Now().Before(c.confirmed) {
			c.mu.Unlock()
			return ErrUnchanged
		}
		if c.refusal != nil && time.Now().Before(c.refusal.until) {
			defer c.mu.Unlock()
			return c.refusal.err
		}
		f, told := c.flight, true
		if f == nil {
			c.drop(stale)
			f = c.start(ctx, stale)
		} else {
			told = f.stale == stale
			c.drop(stale)
		}
		c.mu.Unlock()
		value, err := f.wait(ctx)
		switch {
		case err != nil:
			return err
		case value != stale:
			return nil
		case told:
			return ErrUnchanged
		}
		// The flight had left before anybody knew that stale was refused: ask once more.
	}
}

// drop takes stale out of use. c.mu is held.
func (c *Cache) drop(stale string) {
	c.fresh.Store(nil)
	if c.timer != nil {
		c.timer.Stop()
	}
	c.last, c.dropped = nil, stale
}

// publish serves e until its refresh is due. c.mu is held. The timer holds the Cache weakly, so
// that one which is no longer used can be collected; it counts the process's own time, so that
// a jump of the wall clock does not matter, and after a machine's sleep a late refresh is
// mended by the platform's refusal.
func (c *Cache) publish(e *entry, d time.Duration) {
	if c.timer != nil {
		c.timer.Stop()
	}
	c.last = e
	c.fresh.Store(e)
	self := weak.Make(c)
	c.timer = time.AfterFunc(d, func() {
		if c := self.Value(); c != nil {
			c.fresh.CompareAndSwap(e, nil)
		}
	})
}

// Format prints no token, whatever the verb.
func (c *Cache) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "token.Cache") }
