package callback

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// runContext is what a handler gets: the values of the request, but an end of its own, by its
// deadline, by the Server, or when the handler has returned. It sets a timer only when somebody
// asks for Done, which most handlers never do.
type runContext struct {
	server   context.Context // ends when Shutdown gives up
	request  context.Context // its values only
	deadline time.Time

	ended  atomic.Bool
	inner  atomic.Pointer[armed]
	arming sync.Mutex
}

// armed is the context that Done and Err stand for, once somebody has asked.
type armed struct {
	context.Context
	cancel context.CancelFunc
}

// Deadline implements [context.Context].
func (c *runContext) Deadline() (time.Time, bool) { return c.deadline, true }

// Done implements [context.Context].
func (c *runContext) Done() <-chan struct{} { return c.arm().Done() }

// Err implements [context.Context]. What it says once is what Done says from then on.
func (c *runContext) Err() error {
	if c.inner.Load() == nil && !c.ended.Load() && c.server.Err() == nil && time.Now().Before(c.deadline) {
		return nil
	}
	return c.arm().Err()
}

// Value implements [context.Context].
func (c *runContext) Value(key any) any {
	if inner := c.inner.Load(); inner != nil {
		// Package context finds its own context here, and so needs no goroutine for a child.
		if v := inner.Value(key); v != nil {
			return v
		}
	}
	return c.request.Value(key)
}

// arm makes the context that Done and Err stand for.
func (c *runContext) arm() context.Context {
	if inner := c.inner.Load(); inner != nil {
		return inner
	}
	c.arming.Lock()
	defer c.arming.Unlock()
	if inner := c.inner.Load(); inner != nil {
		return inner
	}
	ctx, cancel := context.WithDeadline(c.server, c.deadline)
	inner := &armed{ctx, cancel}
	c.inner.Store(inner)
	if c.ended.Load() {
		cancel() // end may have come too early to see it
	}
	return inner
}

// end ends the context and stops its timer.
func (c *runContext) end() {
	c.ended.Store(true)
	if inner := c.inner.Load(); inner != nil {
		inner.cancel()
	}
}
