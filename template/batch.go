package template

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
)

// batch is one run of SendAll. Its owner, the caller's goroutine, pulls and yields; workers send.
// The context of its methods ends with the caller's, which cuts off what is being sent too, and by
// halt, which only keeps back what has not left yet.
type batch struct {
	workers int
	send    func(Message) (int64, error) // under the caller's context
	halt    context.CancelCauseFunc
	jobs    chan Message // unbuffered: what has been handed over is a worker's
	done    chan Result  // unbuffered: a worker keeps its result until the owner takes it
	group   sync.WaitGroup
	pause   pause

	started int // workers; only the owner's, like pending
	pending int // messages handed over whose results have not been taken
}

func newBatch(send func(Message) (int64, error), halt context.CancelCauseFunc, workers int) *batch {
	return &batch{workers: workers, send: send, halt: halt, jobs: make(chan Message), done: make(chan Result)}
}

func (b *batch) run(ctx context.Context, msgs iter.Seq2[Message, error], yield func(Result) bool) {
	if ctx.Err() != nil {
		return
	}
	for m, err := range msgs {
		if err != nil && !yield(Result{Message: m, Err: notSent(err)}) {
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
func (b *batch) hand(ctx context.Context, m Message, yield func(Result) bool) bool {
	fillID(&m)
	for {
		if ctx.Err() != nil {
			return yield(Result{Message: m, Err: notSent(ended(ctx))})
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
func (b *batch) drain(yield func(Result) bool) bool {
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

func (b *batch) take(r Result, yield func(Result) bool) bool {
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
func (b *batch) leave() {
	b.halt(halted{errLeft})
	close(b.jobs)
	for ; b.pending > 0; b.pending-- {
		<-b.done
	}
	b.group.Wait()
}

// work sends until there are no more jobs. A Caller that ends its goroutine (as t.FailNow does)
// gets a successor, or the owner would wait for ever.
func (b *batch) work(ctx context.Context) {
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

var errEnded = &oddError{"the Caller ended its goroutine"}

// serve gives exactly one result for m, whatever the Caller does.
func (b *batch) serve(ctx context.Context, m Message) {
	r := Result{Message: m, Err: errEnded}
	defer func() { b.done <- r }()
	r.MsgID, r.Err = b.deliver(ctx, m)
}

// deliver sends m, again after each minute that the platform's limit takes.
func (b *batch) deliver(ctx context.Context, m Message) (int64, error) {
	if err := m.sendable(); err != nil {
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
		switch errCode(err) {
		case codeMinuteLimit:
			if try == minuteTries {
				return 0, notSent(err)
			}
			b.pause.untilNextMinute()
			limit = err
			continue
		case codeDailyQuota:
			b.halt(halted{err})
		}
		return msgID, err
	}
}

// attempt makes an error of a panic in the Caller, which on a worker would end the process. Its
// text may hold anything, so only its type is told.
func (b *batch) attempt(m Message) (msgID int64, err error) {
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

// errCode returns the platform's errcode in err, 0 when there is none.
func errCode(err error) int {
	type coded interface {
		error
		ErrCode() int
	}
	if c, ok := errors.AsType[coded](err); ok {
		return c.ErrCode()
	}
	return 0
}
