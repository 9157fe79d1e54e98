package token

import (
	"context"
	"fmt"
	"time"
)

// Op names the step of a refresh that an [Event] reports.
type Op string

// The steps of a refresh.
const (
	OpLoad  Op = "load"  // the Store was read
	OpLock  Op = "lock"  // the Store's lock was waited for
	OpFetch Op = "fetch" // the Source was asked
	OpSave  Op = "save"  // the Store was written
)

// Event is one step of a refresh, for [WithHook]. It holds no token: an error of the Store that
// quotes the one it was given is replaced by one that does not, and that answers [errors.Is]
// as before. A Source must not quote a token in its errors.
type Event struct {
	Op       Op            // which step
	Start    time.Time     // when it began
	Duration time.Duration // how long it took
	Err      error         // nil: it went well
}

// step runs f and tells the hooks.
func (c *Cache) step(ctx context.Context, op Op, f func() error) error {
	start := time.Now()
	err := contain(string(op), f)
	ev := Event{Op: op, Start: start, Duration: time.Since(start), Err: err}
	for _, hook := range c.hooks {
		_ = contain("hook", func() error { hook(ctx, ev); return nil })
	}
	return err
}

// contain makes an error of a panic in code that is not ours: in a goroutine that nobody else
// can guard it would end the process. The panic's value may hold anything, a token too, so
// only its type is told.
func contain(what string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = noToken(fmt.Sprintf("panic in %s (%T)", what, v))
		}
	}()
	return f()
}
