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
//
// A token is served by [Cache.Get] until shortly before its end. Then the next caller begins a
// refresh, in a goroutine of its own that ends by itself, and all are served the old token
// until the new one is there. A refresh that fails leaves the old token in use and is repeated
// after 1 to 30 seconds, until the token has ended. Callers wait for a refresh only when they
// have no token that works, each until its own context ends.
//
// All methods are safe for concurrent use. There is nothing to close.
type Cache struct {
	fresh atomic.Pointer[entry] // what Get serves at once; a timer takes it away

	source Source
	store  Store // nil: none
	key    string
	locked bool
	locker Locker // nil: none
	margin time.Duration
	hook   func(context.Context, Event) // nil: none

	mu       sync.Mutex // guards what follows, down to the empty line
	last     *entry     // the token in use; it may still work when fresh is nil
	timer    *time.Timer
	flight   *flight // the refresh under way; nil: none
	refusal  *refusal
	retries  int       // failed refreshes in a row
	earliest time.Time // the next refresh for age begins no sooner
	// dropped is the token that was refused, until there is another. It is served again only
	// if the source gives it once more, and that word holds until confirmed.
	dropped   *entry // nil: none
	confirmed time.Time

	// What follows belongs to the flight: there is one at a time, and mu lies between two.
	fetched time.Time     // when the source was asked last
	life    time.Duration // of the token that it gave last
}

// entry is a token, behind a pointer so that printing a Cache, by whatever way, shows none.
type entry struct{ token Token }

// is reports whether e holds value.
func (e *entry) is(value string) bool { return e != nil && e.token.Value == value }

// refusal is an answer of the source that asking again will not change.
type refusal struct {
	err   error
	until time.Time
}

// ErrUnchanged is returned by [Cache.Invalidate] when the source gave the refused token back.
var ErrUnchanged = errors.New("token: the source gave the refused token back")

// NewCache returns an empty Cache over src. It does no I/O and starts no goroutine.
func NewCache(src Source, opts ...Option) (*Cache, error) {
	if isNil(src) {
		return nil, errors.New("token: the source is nil")
	}
	c := &Cache{source: src, margin: DefaultMargin}
	if err := c.configure(opts); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return c, nil
}

// Get returns a token that works, as far as is known. It waits only when there is none: for
// the Store and the Source, or until ctx ends. The error is that of the Source or of ctx; the
// Store's failures are told to [WithHook].
func (c *Cache) Get(ctx context.Context) (string, error) {
	if e := c.fresh.Load(); e != nil {
		return e.token.Value, nil
	}
	return c.get(ctx)
}

func (c *Cache) get(ctx context.Context) (string, error) {
	value, f, err := c.look(ctx)
	if f == nil {
		return value, err
	}
	return f.wait(ctx)
}

// look returns the token in use, with a refresh begun if it is due, or a flight to wait for.
func (c *Cache) look(ctx context.Context) (string, *flight, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.last != nil && c.last.token.live(now) {
		if c.fresh.Load() == nil && c.flight == nil {
			c.start(ctx)
		}
		return c.last.token.Value, nil, nil
	}
	if err := c.refused(now); err != nil {
		return "", nil, err
	}
	if err := ctx.Err(); err != nil {
		return "", nil, err
	}
	if c.flight == nil {
		c.start(ctx)
	}
	return "", c.flight, nil
}

// Invalidate drops stale, a token that the platform refused (40001, 40014, 42001), and returns
// once there is another. It returns nil at once if stale is not the token in use: somebody
// else has been here before. Any number of callers cause one refresh.
//
// The Store is read first, so that a token which another process has fetched is taken over.
// [ErrUnchanged] means that the Source gave the very same token back. It stays in use then,
// and for ten seconds the Source is not asked about it again. After any other error of the
// Source the token is no longer served, and the next [Cache.Get] asks anew. When ctx ends
// first its error is returned and the refresh goes on.
func (c *Cache) Invalidate(ctx context.Context, stale string) error {
	f, err := c.invalidate(ctx, stale)
	if f == nil {
		return err
	}
	value, err := f.wait(ctx)
	if err == nil && value == stale {
		return ErrUnchanged
	}
	return err
}

func (c *Cache) invalidate(ctx context.Context, stale string) (*flight, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch {
	case stale == "", !c.last.is(stale) && (c.last != nil || !c.dropped.is(stale)):
		return nil, nil
	case c.last != nil && c.dropped.is(stale) && now.Before(c.confirmed):
		return nil, ErrUnchanged
	}
	c.drop(stale)
	if err := c.refused(now); err != nil {
		return nil, err
	}
	if c.flight == nil {
		c.start(ctx)
	}
	return c.flight, nil
}

// refused returns the source's refusal while it is remembered. c.mu is held.
func (c *Cache) refused(now time.Time) error {
	if c.refusal == nil || !now.Before(c.refusal.until) {
		return nil
	}
	return c.refusal.err
}

// drop takes stale out of use. c.mu is held.
func (c *Cache) drop(stale string) {
	c.fresh.Store(nil)
	if c.timer != nil {
		c.timer.Stop()
	}
	c.last, c.dropped, c.earliest = nil, &entry{Token{Value: stale}}, time.Time{}
}

// publish lets Get serve e at once for d. c.mu is held.
//
// A timer, and no look at the clock in Get, ends that. It holds the Cache weakly, so that one
// that is no longer used can be collected. Timers stand still while a machine sleeps: after
// that an expired token may be served, which the platform refuses with 40001 and Invalidate
// mends, as it does for a token that was retired early.
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

// Format prints no token, whatever the verb. It implements [fmt.Formatter].
func (c *Cache) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "token.Cache") }
