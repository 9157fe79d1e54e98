package callback

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

type appIDKey struct{}

// AppIDFrom returns the AppID of the account that received the push. ctx is the context of a
// [Handler], or of Late, OnError, Hook or Claim of a [Config]. AppIDFrom returns "" for any other
// context, for an account configured without an AppID, and for a request whose account is unknown.
func AppIDFrom(ctx context.Context) string {
	appID, _ := ctx.Value(appIDKey{}).(string)
	return appID
}

// pushContext ends with its Context, and has the values of a request and of its account.
type pushContext struct {
	context.Context
	values context.Context
	appID  string
}

// Value implements [context.Context]. It asks c.Context first: package context then recognises its
// own types, and starts no goroutine for a child of c.
func (c *pushContext) Value(key any) any {
	if key == (appIDKey{}) {
		return c.appID
	}
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.values.Value(key)
}

// handlerContext is the context of a handler. It has the values of a request and its account. It
// ends by its deadline, with the Server's, or when the handler returns. It sets a timer only when
// Done is called, which most handlers never do: the timer would cost a twentieth of a push.
type handlerContext struct {
	server   context.Context // ends when Shutdown gives up
	values   context.Context
	appID    string
	deadline time.Time

	ended  atomic.Bool           // the handler has returned
	timed  atomic.Pointer[timed] // nil until Done is called
	timing sync.Mutex            // is held while timed is set
}

// timed is a context with a timer.
type timed struct {
	context.Context
	cancel context.CancelFunc
}

// Deadline implements [context.Context].
func (c *handlerContext) Deadline() (time.Time, bool) { return c.deadline, true }

// Done implements [context.Context].
func (c *handlerContext) Done() <-chan struct{} { return c.start().Done() }

// Err implements [context.Context]. Once it returns an error, Done is closed.
func (c *handlerContext) Err() error {
	if c.timed.Load() == nil && !c.ended.Load() && c.server.Err() == nil && time.Now().Before(c.deadline) {
		return nil
	}
	return c.start().Err()
}

// Value implements [context.Context]. Package context finds its own kinds in the timed context.
func (c *handlerContext) Value(key any) any {
	if key == (appIDKey{}) {
		return c.appID
	}
	if t := c.timed.Load(); t != nil {
		if v := t.Value(key); v != nil {
			return v
		}
	}
	return c.values.Value(key)
}

// start returns the timed context. The first call makes it.
func (c *handlerContext) start() *timed {
	c.timing.Lock()
	defer c.timing.Unlock()
	if t := c.timed.Load(); t != nil {
		return t
	}
	ctx, cancel := context.WithDeadline(c.server, c.deadline)
	t := &timed{ctx, cancel}
	c.timed.Store(t)
	if c.ended.Load() {
		cancel() // end has not seen it
	}
	return t
}

// end ends the context and stops its timer.
func (c *handlerContext) end() {
	c.ended.Store(true)
	if t := c.timed.Load(); t != nil {
		t.cancel()
	}
}
