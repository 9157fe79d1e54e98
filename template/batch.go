package template

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
)

// door is what [Client.SendAll] and [Client.NotifyAll] differ in: M is a message, R what became of it.
type door[M, R any] struct {
	check  func(*M) error         // refuses what cannot be sent
	fill   func(*M)               // completes a message before it is sent; nil: there is nothing to add
	send   func(M) (int64, error) // under the caller's context
	result func(M, int64, error) R
}

// all is SendAll and NotifyAll.
func all[M, R any](ctx context.Context, msgs iter.Seq2[M, error], opts []Option, d door[M, R]) iter.Seq[R] {
	set, err := configure(opts)
	if err == nil && ctx == nil {
		err = badArgument("the context is nil")
	}
	return func(yield func(R) bool) {
		if err != nil {
			var none M
			yield(d.result(none, 0, notSent(err)))
			return
		}
		if msgs == nil {
			return
		}
		going, halt := context.WithCancelCause(ctx)
		b := &batch[M, R]{door: d, workers: set.workers, halt: halt, jobs: make(chan M), done: make(chan R)}
		// Deferred, since msgs or the body may panic: no sender outlives the loop.
		defer b.leave()
		b.run(going, msgs, yield)
	}
}

// batch is one run over messages. Its owner, the caller's goroutine, pulls and yields; workers send.
// The context of its methods ends with the caller's, which cuts off what is being sent too, and by
// halt, which only keeps back what has not left yet.
type batch[M, R any] struct {
	door[M, R]
	workers int
	halt    context.CancelCauseFunc
	jobs    chan M // unbuffered: what has been handed over is a worker's
	done    chan R // unbuffered: a worker keeps its result until the owner takes it
	group   sync.WaitGroup
	pause   pause

	started int // workers; only the owner's, like pending
	pending int // messages handed over whose results have not been taken
}

func (b *batch[M, R]) run(ctx context.Context, msgs iter.Seq2[M, error], yield func(R) bool) {
	if ctx.Err() != nil {
		return
	}
	for m, err := range msgs {
		if err != nil && !yield(b.result(m, 0, notSent(err))) {
			return
		}
		if err == nil && !b.hand(ctx, m, yield) {
			return
		}
		if !b.drain(yield) {
			return
		}
		if ctx.Err() != nil {
			break
		}
	}
	for b.pending > 0 {
		if !b.take(<-b.done, yield) {
			return
		}
	}
}

// hand gives m to a worker, and yields what finishes until one is free. False: the loop has been
// left, as with drain and take.
func (b *batch[M, R]) hand(ctx context.Context, m M, yield func(R) bool) bool {
	if b.fill != nil {
		b.fill(&m)
	}
	for {
		if ctx.Err() != nil {
			return yield(b.result(m, 0, notSent(ended(ctx))))
		}
		if b.pending >= b.started && b.started < b.workers {
			b.started++
			b.group.Go(func() { b.work(ctx) })
		}
		select {
		case b.jobs <- m:
			b.pending++
			return true
		case r := <-b.done:
			if !b.take(r, yield) {
				return false
			}
		case <-ctx.Done():
		}
	}
}

// drain yields what is ready, so that no result waits for msgs.
func (b *batch[M, R]) drain(yield func(R) bool) bool {
	for {
		select {
		case r := <-b.done:
			if !b.take(r, yield) {
				return false
			}
		default:
			return true
		}
	}
}

func (b *batch[M, R]) take(r R, yield func(R) bool) bool {
	b.pending--
	return yield(r)
}

// halted is the cause of a context that halt has ended.
type halted struct{ error }

// ended returns why ctx, the batch's, has ended. Where the failure of another call has ended the
// caller's context, as errgroup does, that is no more than text: its code and kind say nothing of
// the messages that were not sent.
func ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	if own, ok := cause.(halted); ok {
		return own.error
	}
	if kindName(cause) != "" {
		return fmt.Errorf("%w: %v", ctx.Err(), cause)
	}
	return cause
}

// errLeft ends the pauses of messages whose results nobody waits for any more.
var errLeft = errors.New("the loop over the results was left")

// leave lets what is being sent finish, drops the results, and waits for the workers.
func (b *batch[M, R]) leave() {
	b.halt(halted{errLeft})
	close(b.jobs)
	for ; b.pending > 0; b.pending-- {
		<-b.done
	}
	b.group.Wait()
}

// work sends until there are no more jobs. A Caller that ends its goroutine (as t.FailNow does)
// gets a successor, or the owner would wait for ever.
func (b *batch[M, R]) work(ctx context.Context) {
	ended := false
	defer func() {
		if !ended {
			b.group.Go(func() { b.work(ctx) })
		}
	}()
	for m := range b.jobs {
		b.serve(ctx, m)
	}
	ended = true
}

var errEnded error = &oddError{"the Caller ended its goroutine"}

// serve gives exactly one result for m, whatever the Caller does.
func (b *batch[M, R]) serve(ctx context.Context, m M) {
	msgID, err := int64(0), errEnded
	defer func() { b.done <- b.result(m, msgID, err) }()
	msgID, err = b.deliver(ctx, m)
}

// deliver sends m, again after each minute that the platform's limit takes.
func (b *batch[M, R]) deliver(ctx context.Context, m M) (int64, error) {
	if err := b.check(&m); err != nil {
		return 0, notSent(err)
	}
	var limit error
	for try := 1; ; try++ {
		if why := b.pause.wait(ctx); why != nil {
			if limit != nil {
				why = fmt.Errorf("%w, while waiting after: %w", why, limit)
			}
			return 0, notSent(why)
		}
		msgID, err := b.attempt(m)
		code, coded := platformError(err)
		switch code {
		case codeMinuteLimit:
			b.pause.untilNextMinute()
			switch {
			case kindName(err) == "lost": // it may have arrived
			case try == minuteTries:
				return 0, notSent(err)
			default:
				limit = err
				continue
			}
		case codeDailyQuota:
			b.halt(halted{coded})
		}
		return msgID, err
	}
}

// attempt makes an error of a panic in the Caller, which on a worker would end the process. Its
// text may hold anything, so only its type is told.
func (b *batch[M, R]) attempt(m M) (msgID int64, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &oddError{fmt.Sprintf("the Caller panicked with a %T", v)}
		}
	}()
	return b.send(m)
}

// The codes that concern more than one message.
const (
	codeDailyQuota  = 45009
	codeMinuteLimit = 45011
)

// platformError returns the platform's errcode in err, and the error that has it; 0 when there is none.
// The code may stand behind an error without one: an answer to a second attempt, where the first may
// have been carried out.
func platformError(err error) (int, error) {
	if coded, ok := err.(interface{ ErrCode() int }); ok {
		if code := coded.ErrCode(); code != 0 {
			return code, err
		}
	}
	switch wrapped := err.(type) {
	case interface{ Unwrap() error }:
		return platformError(wrapped.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range wrapped.Unwrap() {
			if code, coded := platformError(inner); code != 0 {
				return code, coded
			}
		}
	}
	return 0, nil
}
