package token

import (
	"context"
	"errors"
	"time"
)

// pending is a refresh under way. It has a goroutine of its own, so that a caller who gives up
// ends nobody else's wait.
type pending struct {
	avoid   string  // the token in use or refused; not taken from the Store
	before  *entry  // was refused before that; not taken from it either
	told    bool    // it began after avoid was refused
	peek    bool    // it only looks into the Store, during a pause
	renewer Renewer // nil: an ordinary refresh
	done    chan struct{}
	// What follows is set before done is closed.
	value    string
	err      error
	renewErr error // why the renewal became an ordinary refresh, or none
}

// errGone is what waiters get when the source ends its goroutine, as t.FailNow does.
var errGone = noToken("the refresh ended without a token (runtime.Goexit)")

// wait returns what p brings, or ctx's error. It prefers the former when both are there.
func (p *pending) wait(ctx context.Context) (string, error) {
	select {
	case <-p.done:
		return p.value, p.err
	default:
	}
	select {
	case <-p.done:
		return p.value, p.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// newPending returns a refresh that has not begun. c.mu is held.
func (c *Cache) newPending() *pending {
	p := &pending{before: c.before, told: c.last == nil, done: make(chan struct{})}
	switch {
	case c.last != nil:
		p.avoid = c.last.token.Value
	case c.dropped != nil:
		p.avoid = c.dropped.token.Value
	}
	return p
}

// start begins an ordinary refresh as soon as it may begin. c.mu is held.
func (c *Cache) start(ctx context.Context) {
	at := c.trouble.until
	if c.last != nil && c.earliest.After(at) {
		at = c.earliest
	}
	c.begin(ctx, c.newPending(), at)
}

// peekInterval is how often the Store is looked into during a pause.
const peekInterval = time.Second

// peek looks whether another process has a token, while this one leaves the Source alone. Nobody
// waits for it. c.mu is held.
func (c *Cache) peek(ctx context.Context, now time.Time) {
	if c.store == nil || c.pending != nil || now.Sub(c.peeked) < peekInterval {
		return
	}
	c.peeked = now
	p := c.newPending()
	p.peek = true
	c.begin(ctx, p, now)
}

// begin runs p, which outlives ctx and keeps its values. c.mu is held.
func (c *Cache) begin(ctx context.Context, p *pending, at time.Time) {
	c.pending = p
	go c.work(context.WithoutCancel(ctx), p, at)
}

// work refreshes until p is done, which takes three rounds at most.
func (c *Cache) work(ctx context.Context, p *pending, at time.Time) {
	done := false
	defer func() {
		if !done {
			c.abandon(p)
		}
	}()
	time.Sleep(time.Until(at))
	for !done {
		t, err := c.refresh(ctx, p)
		done = c.finish(p, t, err)
	}
}

// abandon ends p when its goroutine was ended by the hook.
func (c *Cache) abandon(p *pending) {
	c.mu.Lock()
	c.trouble.failed(errGone, time.Now())
	c.mu.Unlock()
	p.peek, p.renewer = false, nil
	c.finish(p, Token{}, errGone)
}

// finish takes in what a refresh brought. It returns false if p must go on.
func (c *Cache) finish(p *pending, t Token, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch {
	case err == nil && c.last == nil && c.dropped.is(t.Value) && !p.told:
		// The token was refused while the refresh was under way: the source's word is older than
		// the refusal then, and it has to be asked once more.
		p.avoid, p.told, p.renewer = t.Value, true, nil
		return false
	case errors.Is(err, ErrRenewTooSoon) && p.renewer != nil:
		p.renewErr, p.renewer = err, nil
		if c.last == nil || c.last.token.Expired(now) {
			return false // other callers wait for a token
		}
		t, err = c.last.token, nil
	case err == nil:
		c.arrived(t, now)
	case isNote(err):
		c.trouble.follow(err.(*note))
		err = c.trouble.err
	case p.peek && c.trouble.pausing(now) == nil:
		p.peek = false
		return false // who came after the pause waits for a token
	case p.peek:
		err = c.trouble.err
	}
	if err != nil {
		c.keep(now)
	}
	c.pending, p.value, p.err = nil, t.Value, err
	close(p.done)
	return true
}

// arrived puts t into use. c.mu is held.
func (c *Cache) arrived(t Token, now time.Time) {
	c.earliest = now.Add(leastDelay)
	life := max(t.Expiry.Sub(now), 0) // saving it may have taken longer
	d := min(max(c.refreshAfter(life), leastDelay), life)
	c.trouble.arrived(now, d)
	if c.dropped.is(t.Value) {
		c.confirmed = now.Add(confirmedMemory)
	} else {
		if c.dropped != nil {
			c.before = c.dropped
		}
		c.dropped, c.confirmed = nil, time.Time{}
	}
	c.publish(&entry{t}, d)
}

// keep goes on serving a token that still works after a failure, from the fast path, until the
// source may be asked again. c.mu is held.
func (c *Cache) keep(now time.Time) {
	if c.last != nil && !c.last.token.Expired(now) {
		c.publish(c.last, min(c.trouble.until.Sub(now), c.last.token.Expiry.Sub(now)))
	}
}
