package token

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// Cache holds the token of one account. Make one with [NewCache]. It serves other secrets that
// live for some two hours as well, such as the jsapi_ticket or a component_access_token: write a
// [Source] for each, and give it a Cache and a key of its own.
//
// A token is served by [Cache.Get] until shortly before its end. Then the next caller begins a
// refresh, in a goroutine of its own that ends by itself, and all callers are served the old
// token until the new one is there. Callers wait for a refresh only when they have no token that
// works, each until its own context ends.
//
// There is one fetch at a time. After the Source answered wrongly, whatever it said, it is left
// alone for 0.5 s, and after each further failure in a row twice as long, up to 30 s. Where no
// answer came (see [Source]) these are 0.25 s and 5 s. Up to a tenth is added by chance. Meanwhile
// the old token is served as long as it works; after that callers get the error at once. A token
// that WeChat refuses soon after it was fetched counts as a failure too, except the first. A new
// token ends the pause. The count begins anew once a token has served for 30 s, or until its
// refresh, without being refused. So the Source is asked six times in 8 s at most.
//
// Caches with one [Store] leave the Source alone together, unless no answer came. Meanwhile each
// looks into the Store, once a second at most, for a token that another process has fetched.
// Expiry is judged by this process's clock. A Store, or a process, whose clock is hours off does
// no harm: a token that is taken over too late is refused once and replaced, and one that seems
// to have expired is fetched anew.
//
// All methods are safe for concurrent use. There is nothing to close.
type Cache struct {
	fresh atomic.Pointer[entry] // what Get serves at once; a timer takes it away

	settings
	source Source
	owner  string // names this Cache in notes for other processes

	mu       sync.Mutex // guards what follows, down to the empty line
	last     *entry     // the token in use; it may still work when fresh is nil
	timer    *time.Timer
	pending  *pending // the refresh under way; nil: none
	trouble  trouble
	earliest time.Time // the next refresh for age begins no sooner
	// dropped is the token that was refused, until there is another. It is served again only
	// if the source gives it once more, and that word holds until confirmed.
	dropped   *entry // nil: none
	before    *entry // what was refused before the token in use; a Store that has it still is behind
	confirmed time.Time
	renewable time.Time // the next renewal begins no sooner
	peeked    time.Time // when the Store was looked into last during a pause

	// What follows belongs to the pending refresh: there is one at a time, and mu lies between two.
	fetched time.Time     // when the source was asked last
	life    time.Duration // of the token that it gave last
}

// entry is a token, behind a pointer so that printing a Cache, by whatever way, shows none.
type entry struct{ token Token }

// is reports whether e holds value.
func (e *entry) is(value string) bool { return e != nil && e.token.Value == value }

// NewCache returns an empty Cache over src. It does no I/O and starts no goroutine. An src that is
// nil is an error, and so is an [Option] that makes no sense. The error names them all.
func NewCache(src Source, opts ...Option) (*Cache, error) {
	s, err := configure(opts)
	if isNil(src) {
		err = errors.Join(badOption("the source is nil"), err)
	}
	if err != nil {
		return nil, err
	}
	return &Cache{settings: s, source: src, owner: rand.Text()[:ownerLength]}, nil
}

// Get returns a token that works, as far as is known. It waits only when there is none: for
// the Store and the Source, or until ctx ends. The error is that of the Source, of ctx, or
// [ErrRefused]; while the Source is left alone it comes at once. The Store's failures are told
// to [WithHook].
func (c *Cache) Get(ctx context.Context) (string, error) {
	if e := c.fresh.Load(); e != nil {
		return e.token.Value, nil
	}
	return c.get(ctx)
}

func (c *Cache) get(ctx context.Context) (string, error) {
	if ctx == nil {
		return "", errNilContext
	}
	value, p, err := c.look(ctx)
	if p == nil {
		return value, err
	}
	return p.wait(ctx)
}

// look returns the token in use, with a refresh begun if it is due, or a refresh to wait for.
func (c *Cache) look(ctx context.Context) (string, *pending, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.trouble.settle(now)
	if c.last != nil && !c.last.token.Expired(now) {
		if c.fresh.Load() == nil && c.pending == nil {
			c.start(ctx)
		}
		return c.last.token.Value, nil, nil
	}
	if err := c.trouble.pausing(now); err != nil {
		c.peek(ctx, now)
		return "", nil, err
	}
	if err := ctx.Err(); err != nil {
		return "", nil, err
	}
	if c.pending == nil {
		c.start(ctx)
	}
	return "", c.pending, nil
}

// Invalidate drops stale, a token that the platform refused (40001, 40014, 42001), and returns
// once there is another. It returns nil at once if stale is not the token in use: another caller
// has invalidated it before. Any number of callers cause one refresh.
//
// The Store is read first, so that a token which another process has fetched is taken over.
// [ErrUnchanged] means that the Source gave the very same token back. It stays in use then,
// and for ten seconds the Source is not asked about it again. After any other error of
// the Source the token is no longer served, and the error is returned until the Source may be
// asked again. Invalidate does not shorten that pause. A token that is refused within 30 seconds
// of its fetch lengthens it, and while it lasts more than a second the error is [ErrRefused].
// When ctx ends first its error is returned and the refresh goes on.
func (c *Cache) Invalidate(ctx context.Context, stale string) error {
	if ctx == nil {
		return errNilContext
	}
	p, err := c.invalidate(ctx, stale)
	if p == nil {
		return err
	}
	value, err := p.wait(ctx)
	if err == nil && value == stale {
		return ErrUnchanged
	}
	return err
}

func (c *Cache) invalidate(ctx context.Context, stale string) (*pending, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch {
	case stale == "", !c.last.is(stale) && (c.last != nil || !c.dropped.is(stale)):
		return nil, nil
	case c.last != nil && c.dropped.is(stale) && now.Before(c.confirmed):
		return nil, ErrUnchanged
	case c.last != nil && !c.dropped.is(stale): // what the source has confirmed is its own matter
		c.trouble.settle(now)
		c.trouble.refused(now)
	}
	c.drop(stale)
	if err := c.trouble.pausing(now); err != nil {
		c.peek(ctx, now)
		return nil, err
	}
	if c.pending == nil {
		c.start(ctx)
	}
	return c.pending, nil
}

// drop takes stale out of use. c.mu is held.
func (c *Cache) drop(stale string) {
	c.fresh.Store(nil)
	if c.timer != nil {
		c.timer.Stop()
	}
	c.last, c.dropped = nil, &entry{Token{Value: stale}}
	c.trouble.proven = time.Time{}
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
