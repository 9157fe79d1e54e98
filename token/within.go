package token

import (
	"context"
	"fmt"
	"time"
)

// deafLimit is how long after the end of its context a Store or a Source may still answer. One
// that is deaf to its context is then given up on, so that it holds up no refresh.
const deafLimit = time.Second

// answer is what a call gave.
type answer[T any] struct {
	value T
	err   error
}

// within calls f, which is code that is not ours, in a goroutine of its own, and waits until it
// answers or has had its time. What it answers after that is handed to late, unless that is nil.
func within[T any](ctx context.Context, op Op, late func(T), f func() (T, error)) (T, error) {
	answered, gaveUp := make(chan answer[T]), make(chan struct{})
	go func() { // ends with f
		a := answer[T]{err: errGone} // unless f lets the goroutine end, as t.FailNow does
		defer func() {
			select {
			case answered <- a:
			case <-gaveUp:
				if a.err == nil && late != nil {
					late(a.value)
				}
			}
		}()
		a.err = contain(string(op), func() (err error) {
			a.value, err = f()
			return err
		})
	}()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
	}
	t := time.NewTimer(deafLimit)
	defer t.Stop()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-t.C:
		close(gaveUp)
		var none T
		return none, &fault{
			kind: kindNetwork, cause: ctx.Err(),
			text: fmt.Sprintf("%s goes on after the end of its context: %v", op, ctx.Err()),
		}
	}
}
