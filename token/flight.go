package token

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// flight is a refresh under way. It has a goroutine of its own, so that a caller who gives up
// takes nobody else down.
type flight struct {
	avoid string // the token in use or refused; not taken from the Store
	told  bool   // it began after avoid was refused
	done  chan struct{}
	// value and err are set before done is closed.
	value string
	err   error
}

// errGone is what waiters get when the source ends its goroutine, as t.FailNow does.
var errGone = errors.New("token: the refresh ended without a token (runtime.Goexit)")

// wait returns what f brings, or ctx's error. It prefers the former when both are there.
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

// start begins a refresh that outlives ctx and keeps its values. c.mu is held.
func (c *Cache) start(ctx context.Context) {
	f := &flight{told: c.last == nil, done: make(chan struct{})}
	switch {
	case c.last != nil:
		f.avoid = c.last.token.Value
	case c.dropped != nil:
		f.avoid = c.dropped.token.Value
	}
	c.flight = f
	go c.fly(context.WithoutCancel(ctx), f, c.earliest)
}

// fly refreshes until f has landed, which takes two rounds at most.
func (c *Cache) fly(ctx context.Context, f *flight, earliest time.Time) {
	landed := false
	defer func() {
		if !landed {
			c.land(f, Token{}, errGone)
		}
	}()
	time.Sleep(time.Until(earliest))
	for !landed {
		t, err := c.refresh(ctx, f.avoid)
		landed = c.land(f, t, err)
	}
}

// land takes in what a refresh brought. It returns false if that is a token which was refused
// while the refresh was under way: the source's word is older than the refusal then, and it
// has to be asked once more.
func (c *Cache) land(f *flight, t Token, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && c.last == nil && c.dropped.is(t.Value) && !f.told {
		f.avoid, f.told = t.Value, true
		return false
	}
	now := time.Now()
	if err != nil {
		c.failed(err, now)
	} else {
		c.arrived(t, now)
	}
	c.flight, f.value, f.err = nil, t.Value, err
	close(f.done)
	return true
}

// arrived puts t into use. c.mu is held.
func (c *Cache) arrived(t Token, now time.Time) {
	c.refusal, c.retries, c.earliest = nil, 0, now.Add(leastDelay)
	if c.dropped.is(t.Value) {
		c.confirmed = now.Add(confirmedMemory)
	} else {
		c.dropped, c.confirmed = nil, time.Time{}
	}
	life := max(t.Expiry.Sub(now), 0) // saving it may have taken longer
	margin := min(c.margin, life/3)
	wait := life - margin - rand.N(margin/10+1)
	c.publish(&entry{t}, min(max(wait, leastDelay), life))
}

// failed remembers a refusal, and goes on serving a token that still works: from the fast path
// again, so that the source is asked after a while and not by the next caller. c.mu is held.
func (c *Cache) failed(err error, now time.Time) {
	wait := min(retryDelay<<min(c.retries, 10), retryLimit)
	wait = wait/2 + rand.N(wait/2)
	c.retries++
	if refusing(err) {
		c.refusal = &refusal{err, now.Add(refusalMemory)}
		wait = max(wait, refusalMemory)
	}
	if c.last != nil && c.last.token.live(now) {
		c.publish(c.last, min(wait, c.last.token.Expiry.Sub(now)))
	}
}

// refusing reports an answer that asking again will not change. Of the platform's codes only
// -1 (system busy) may be another one a moment later; 0 is an error without a code.
func refusing(err error) bool {
	coded, ok := errors.AsType[interface {
		error
		ErrCode() int
	}](err)
	return ok && coded.ErrCode() != 0 && coded.ErrCode() != -1
}
