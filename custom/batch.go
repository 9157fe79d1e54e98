package custom

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
)

// maxQueued bounds the messages that wait behind others to the same follower.
const maxQueued = 1024

// batch is one run of SendAll. Its owner, the caller's goroutine, pulls, decides whose turn it is,
// and yields; workers send. The context of its methods ends with the caller's, which cuts off what
// is being sent too, and by halt, which only keeps back what has not left yet.
type batch struct {
	workers int
	send    func(Item) error // under the caller's context
	halt    context.CancelCauseFunc
	yield   func(Result) bool
	jobs    chan Item   // unbuffered: what has been handed over is a worker's
	done    chan Result // unbuffered: a worker keeps its result until the owner takes it
	group   sync.WaitGroup
	pause   pause

	// What follows is the owner's.
	left    bool     // the loop was left: yield must not be called any more
	started int      // workers
	sending int      // messages handed over whose results have not been taken
	ready   []pulled // messages whose turn it is
	queued  int      // messages in queues
	// queues has an entry for each follower with a message that is ready or being sent: the
	// messages behind it.
	queues map[string][]pulled
	failed map[string]error // by follower, from the first failure on
}

// pulled is an Item with the error that items has yielded with it.
type pulled struct {
	Item
	err error
}

func (b *batch) run(ctx context.Context, items iter.Seq2[Item, error]) {
	if ctx.Err() != nil {
		return
	}
	for item, err := range items {
		b.enter(ctx, pulled{item, err})
		b.advance(ctx, maxQueued-1)
		b.drain(ctx)
		if b.left {
			return
		}
		if ctx.Err() != nil {
			break
		}
	}
	b.advance(ctx, 0)
	for b.sending > 0 && !b.left {
		b.take(ctx, <-b.done)
	}
}

// enter gives p its place: behind another message to the same follower, or at the end of those that
// are ready.
func (b *batch) enter(ctx context.Context, p pulled) {
	waiting, busy := b.queues[p.To]
	switch {
	case busy:
		b.queues[p.To] = append(waiting, p)
		b.queued++
	case b.failed[p.To] != nil:
		b.give(p, b.failed[p.To])
	default:
		b.queues[p.To] = nil
		b.ready = append(b.ready, p)
	}
}

// advance hands over what is ready, and takes results, until nothing is ready and no more than most
// messages wait in queues.
func (b *batch) advance(ctx context.Context, most int) {
	for !b.left && (len(b.ready) > 0 || b.queued > most) {
		if len(b.ready) == 0 {
			b.take(ctx, <-b.done)
			continue
		}
		next := b.ready[0]
		if next.err != nil || ctx.Err() != nil {
			b.ready = b.ready[1:]
			b.keepBack(ctx, next)
			continue
		}
		b.start(ctx)
		select {
		case b.jobs <- next.Item:
			b.ready = b.ready[1:]
			b.sending++
		case r := <-b.done:
			b.take(ctx, r)
		case <-ctx.Done():
		}
	}
}

// start starts a worker where none is free and there may be another.
func (b *batch) start(ctx context.Context) {
	if b.sending >= b.started && b.started < b.workers {
		b.started++
		b.group.Go(func() { b.work(ctx) })
	}
}

// drain takes the results that are there, so that none waits for items.
func (b *batch) drain(ctx context.Context) {
	for !b.left {
		select {
		case r := <-b.done:
			b.take(ctx, r)
			b.advance(ctx, maxQueued-1)
		default:
			return
		}
	}
}

// take yields the result of a message that was sent, and lets the follower's next one be ready.
func (b *batch) take(ctx context.Context, r Result) {
	b.sending--
	b.finish(ctx, r)
}

// keepBack yields why p, whose turn it is, is not sent.
func (b *batch) keepBack(ctx context.Context, p pulled) {
	err := p.err
	if err == nil {
		err = ended(ctx)
	}
	b.finish(ctx, Result{p.Item, notSent(err)})
}

// finish yields r, and lets the follower's next message be ready, or gives up those behind it.
func (b *batch) finish(ctx context.Context, r Result) {
	to := r.Item.To
	if r.Err != nil && to != "" && ctx.Err() == nil { // nobody in particular holds nobody back
		b.failed[to] = behind(r.Err)
	}
	b.left = b.left || !b.yield(r)
	waiting := b.queues[to]
	for len(waiting) > 0 && b.failed[to] != nil {
		b.queued--
		b.give(waiting[0], b.failed[to])
		waiting = waiting[1:]
	}
	if len(waiting) == 0 {
		delete(b.queues, to)
		return
	}
	b.queued--
	b.ready, b.queues[to] = append(b.ready, waiting[0]), waiting[1:]
}

// give yields p without sending it, for a message to its follower has failed.
func (b *batch) give(p pulled, why error) {
	if p.err != nil {
		why = p.err
	}
	b.left = b.left || !b.yield(Result{p.Item, notSent(why)})
}

// behind is why the messages behind one that has failed with err are not sent. Only what is about the
// follower is true of them too: the kind and code of another failure say nothing of a message that
// never left.
func behind(err error) error {
	switch kindName(err) {
	case "window", "recipient":
		return &behindError{err, err}
	}
	return &behindError{err, nil}
}

// behindError tells of an earlier failure.
type behindError struct{ told, wrapped error }

func (e *behindError) Error() string {
	return "an earlier message to this follower failed: " + unprefixed(e.told)
}
func (e *behindError) Unwrap() error { return e.wrapped }

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
	for ; b.sending > 0; b.sending-- {
		<-b.done
	}
	b.group.Wait()
}

// work sends until there are no more jobs. A Caller that ends its goroutine (as t.FailNow does)
// gets a successor, or the owner would wait for ever.
func (b *batch) work(ctx context.Context) {
	over := false
	defer func() {
		if !over {
			b.group.Go(func() { b.work(ctx) })
		}
	}()
	for item := range b.jobs {
		b.serve(ctx, item)
	}
	over = true
}

// serve gives exactly one result for item, whatever the Caller does.
func (b *batch) serve(ctx context.Context, item Item) {
	r := Result{item, oddAnswer("the Caller ended its goroutine", nil)}
	defer func() { b.done <- r }()
	r.Err = b.deliver(ctx, item)
}

// deliver sends item, again after each minute that the platform's limit takes.
func (b *batch) deliver(ctx context.Context, item Item) error {
	var limit error
	for try := 1; ; try++ {
		if why := b.pause.wait(ctx); why != nil {
			if limit != nil {
				why = fmt.Errorf("%w, while waiting after: %w", why, limit)
			}
			return notSent(why)
		}
		err := b.attempt(item)
		code, coded := platformError(err)
		switch code {
		case codeMinuteLimit:
			b.pause.untilNextMinute()
			switch {
			case kindName(err) == "lost": // it may have arrived
			case try == minuteTries:
				return notSent(err)
			default:
				limit = err
				continue
			}
		case codeDailyQuota:
			b.halt(halted{coded})
		}
		return err
	}
}

// attempt makes an error of a panic in the Caller, which on a worker would end the process. Its text
// may hold anything, so only its type is told.
func (b *batch) attempt(item Item) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = oddAnswer(fmt.Sprintf("the Caller panicked with a %T", v), nil)
		}
	}()
	if err := checkMessage(item.To, item.Message); err != nil {
		return notSent(err)
	}
	return b.send(item)
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
