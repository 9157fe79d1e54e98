package token

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	// DefaultMargin is how long before its end a token is refreshed. The platform rotates a
	// stable token about five minutes before its end, and both work for that while; three
	// minutes before the end the new one is there and the old one still works.
	DefaultMargin = 3 * time.Minute
	// refreshLimit bounds one refresh, whatever the callers' contexts say.
	refreshLimit = 10 * time.Second
	// storeLimit bounds each use of the Store, so that one that hangs does not use up the
	// refresh.
	storeLimit = 2 * time.Second
	// storeDownInterval is the least time between two fetches while the Store fails: without
	// it processes cannot see each other's tokens and would take turns in replacing them.
	storeDownInterval = 5 * time.Second
	// refusalMemory is how long a refusal is answered without asking. WeChat blocks an address
	// that keeps asking, for an hour and then for a day.
	refusalMemory = 10 * time.Second
	// confirmedMemory is how long a source's word holds that a refused token is the right one.
	confirmedMemory = 10 * time.Second
	// unknownLifetime is the life of a token whose source tells none.
	unknownLifetime = time.Minute
	// leastDelay keeps refreshes of very short tokens apart.
	leastDelay = time.Second
	// retryDelay and retryLimit space the refreshes that follow a failed one while the old
	// token still works: twice as long each time.
	retryDelay = 2 * time.Second
	retryLimit = 30 * time.Second
)

// Op names what an [Event] reports.
type Op string

// The events of a refresh.
const (
	OpFetch Op = "fetch" // the source was asked
	OpLoad  Op = "load"  // the store was read
	OpSave  Op = "save"  // the store was written
	OpLock  Op = "lock"  // the store's lock was taken
)

// Event is one step of a refresh, for [WithHook].
type Event struct {
	Op       Op
	Start    time.Time
	Duration time.Duration
	Err      error // nil: it went well
}

// flight is a refresh under way. value and err are set before done is closed.
type flight struct {
	stale string // this token will not do
	done  chan struct{}
	value string
	err   error
}

func (f *flight) wait(ctx context.Context) (string, error) {
	select {
	case <-f.done:
		return f.value, f.err
	default:
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// start begins a refresh that outlives ctx but keeps its values. c.mu is held.
func (c *Cache) start(ctx context.Context, stale string) *flight {
	f := &flight{stale: stale, done: make(chan struct{})}
	c.flight = f
	go c.fly(context.WithoutCancel(ctx), f)
	return f
}

func (c *Cache) fly(ctx context.Context, f *flight) {
	t, err := c.refresh(ctx, f.stale)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(f.done)
	c.flight = nil
	now := time.Now()
	if err != nil {
		f.err = err
		c.failed(err, now)
		return
	}
	c.refusal, c.retries = nil, 0
	f.value = t.Value
	if t.Value == c.dropped {
		c.confirmed = now.Add(confirmedMemory)
		if f.stale != c.dropped {
			return // refused while this was under way: Invalidate asks again
		}
	} else {
		c.dropped, c.confirmed = "", time.Time{}
	}
	c.publish(&entry{t}, c.delay(t.Expiry.Sub(now)))
}

// failed notes a refusal, and keeps serving a token that still works. c.mu is held.
func (c *Cache) failed(err error, now time.Time) {
	if refused(err) {
		c.refusal = &refusal{err, now.Add(refusalMemory)}
	}
	if c.last == nil || !c.last.token.live(now) {
		return
	}
	wait := min(retryDelay<<min(c.retries, 10), retryLimit)
	c.retries++
	wait = max(leastDelay, wait/2+rand.N(wait/2))
	if left := c.last.token.Expiry.Sub(now); wait < left {
		c.publish(c.last, wait)
	}
}

// delay returns how long after now a token with the given life is refreshed.
func (c *Cache) delay(life time.Duration) time.Duration {
	margin := min(c.margin, life/3)
	return max(leastDelay, life-margin-rand.N(margin/10+1))
}

// refused reports an answer that asking again will not change.
func refused(err error) bool {
	var coded interface {
		error
		ErrCode() int
	}
	return errors.As(err, &coded) && coded.ErrCode() != 0 && coded.ErrCode() != -1
}

// refresh takes the token from the Store if another process has put a good one there, and
// from the source otherwise.
func (c *Cache) refresh(ctx context.Context, stale string) (Token, error) {
	t, storeDown := c.load(ctx, stale)
	if t.Value != "" {
		return t, nil
	}
	if c.locker != nil && !storeDown {
		unlock, err := c.lock(ctx)
		if err == nil {
			defer unlock()
			if t, storeDown = c.load(ctx, stale); t.Value != "" {
				return t, nil
			}
		}
		storeDown = storeDown || err != nil
	}
	if storeDown {
		c.pace(ctx)
	}
	t, err := c.fetch(ctx)
	if err != nil {
		return Token{}, err
	}
	c.save(ctx, t)
	return t, nil
}

// load returns the shared token if it will do: not the refused one, and not due itself.
func (c *Cache) load(ctx context.Context, stale string) (t Token, down bool) {
	if c.store == nil {
		return Token{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	err := c.step(ctx, OpLoad, func() (err error) { t, err = c.store.Load(ctx, c.key); return err })
	if err != nil {
		return Token{}, true
	}
	if t.Value == stale || time.Until(t.Expiry) <= c.margin {
		return Token{}, false
	}
	return t, false
}

func (c *Cache) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	err = c.step(ctx, OpLock, func() (err error) { unlock, err = c.locker.Lock(ctx, c.key); return err })
	if err != nil {
		cancel()
		return nil, err
	}
	held := unlock
	return func() {
		defer cancel()
		_ = contain("lock", func() error { held(); return nil })
	}, nil
}

// pace waits until the source may be asked again while the Store is down.
func (c *Cache) pace(ctx context.Context) {
	c.mu.Lock()
	fetched := c.fetched
	c.mu.Unlock()
	if fetched.IsZero() {
		return
	}
	t := time.NewTimer(storeDownInterval - time.Since(fetched))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// fetch asks the source and completes what it says.
func (c *Cache) fetch(ctx context.Context) (t Token, err error) {
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	c.mu.Lock()
	c.fetched = time.Now()
	c.mu.Unlock()
	err = c.step(ctx, OpFetch, func() (err error) {
		t, err = c.source.Token(ctx)
		switch now := time.Now(); {
		case err != nil:
			return err
		case t.Value == "":
			return errors.New("token: the source gave an empty token")
		case t.Expiry.IsZero():
			t.Expiry = now.Add(unknownLifetime)
		case !t.live(now):
			return errors.New("token: the source gave a token that has expired; compare the clocks")
		}
		return nil
	})
	return t, err
}

// save shares t. A failure is told to the hook: the token is good all the same.
func (c *Cache) save(ctx context.Context, t Token) {
	if c.store == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	_ = c.step(ctx, OpSave, func() error { return c.store.Save(ctx, c.key, t) })
}

// step runs f and tells the hook.
func (c *Cache) step(ctx context.Context, op Op, f func() error) error {
	start := time.Now()
	err := contain(string(op), f)
	if c.hook != nil {
		_ = contain("hook", func() error {
			c.hook(ctx, Event{Op: op, Start: start, Duration: time.Since(start), Err: err})
			return nil
		})
	}
	return err
}

// contain makes an error of a panic in code that is not ours, since it would end the process
// from a goroutine that nobody can guard. Its value may hold anything, a token too, and is
// told by its type only.
func contain(what string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("token: panic in %s (%T)", what, v)
		}
	}()
	return f()
}
