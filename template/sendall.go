package template

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"time"
)

// ErrNotSent is in the error of a [Result] whose message surely never left.
var ErrNotSent = errors.New("template: message not sent")

const (
	// defaultWorkers keeps a link with a latency of 50 ms at some 300 messages a second.
	defaultWorkers = 16
	// minuteTries is how many minutes one message waits for the platform's limit by the minute.
	minuteTries = 10
)

// Result is what became of one message.
type Result struct {
	// Message is the one pulled, with the ClientMsgID that was used.
	Message Message
	// MsgID is the platform's, when Err is nil.
	MsgID int64
	// Err is nil when the platform has accepted the message.
	Err error
}

// SendAllOption configures one [Client.SendAll].
type SendAllOption func(*batch)

// WithWorkers sends up to n messages at a time, 16 unless set; less than 1 means 1.
func WithWorkers(n int) SendAllOption { return func(b *batch) { b.workers = max(n, 1) } }

// SendAll sends the messages that msgs yields, several at a time, and yields one [Result] for
// each of them, in the order in which they finish. Nothing happens until the result is ranged
// over; each time it is, msgs is ranged over again. Memory is constant.
//
// msgs and the loop's body run on the caller's goroutine: neither needs a lock. An error that
// msgs yields becomes a Result with [ErrNotSent], and the pulling goes on. End msgs to stop
// gently; cancel ctx to abort what is in flight, where every message that had been pulled still
// gives its Result. Leaving the loop waits for the messages in flight, whose Results are lost.
//
// When the platform's limit by the minute strikes (45011) all workers wait for the next minute
// and the message is sent again. When the daily quota is used up (45009) no more is pulled, and
// what was pulled gives ErrNotSent.
func (c *Client) SendAll(ctx context.Context, msgs iter.Seq2[Message, error], opts ...SendAllOption) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		if msgs == nil {
			return
		}
		b := &batch{client: c, workers: defaultWorkers, jobs: make(chan Message), done: make(chan Result)}
		for _, opt := range opts {
			opt(b)
		}
		b.run(ctx, msgs, yield)
	}
}

// batch is one run of SendAll.
type batch struct {
	client  *Client
	workers int
	jobs    chan Message // unbuffered: what a worker has taken is in flight
	done    chan Result
	group   sync.WaitGroup
	started int
	pending int // handed out and not yet yielded

	mu    sync.Mutex // guards what follows
	until time.Time  // no worker sends before
	quota error      // the daily quota is used up
}

func (b *batch) run(ctx context.Context, msgs iter.Seq2[Message, error], yield func(Result) bool) {
	// Also after a panic in msgs or in the loop: no sender outlives the loop.
	defer b.abandon()
	for m, err := range msgs {
		if err != nil {
			if !yield(Result{Message: m, Err: fmt.Errorf("%w: %w", ErrNotSent, err)}) {
				return
			}
			continue
		}
		fillID(&m)
		if ok, more := b.hand(ctx, m, yield); !ok {
			return
		} else if !more {
			break
		}
	}
	for b.pending > 0 {
		if !b.take(<-b.done, yield) {
			return
		}
	}
}

// hand gives m to a worker, and yields what finishes meanwhile. more is false when nothing
// more should be pulled.
func (b *batch) hand(ctx context.Context, m Message, yield func(Result) bool) (ok, more bool) {
	for {
		if stop := b.stopped(ctx); stop != nil {
			return yield(Result{Message: m, Err: fmt.Errorf("%w: %w", ErrNotSent, stop)}), false
		}
		if b.pending == b.started && b.started < b.workers {
			b.started++
			b.group.Go(func() { b.work(ctx) })
		}
		select {
		case b.jobs <- m:
			b.pending++
			return b.drain(yield), true
		case r := <-b.done:
			if !b.take(r, yield) {
				return false, false
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

// abandon lets the workers finish and drops what they bring.
func (b *batch) abandon() {
	close(b.jobs)
	for ; b.pending > 0; b.pending-- {
		<-b.done
	}
	b.group.Wait()
}

func (b *batch) work(ctx context.Context) {
	for m := range b.jobs {
		id, err := b.deliver(ctx, &m)
		b.done <- Result{m, id, err}
	}
}

// deliver sends m, again after each minute that the platform's limit takes.
func (b *batch) deliver(ctx context.Context, m *Message) (id int64, err error) {
	for try := 1; ; try++ {
		if waitErr := b.wait(ctx); waitErr != nil {
			if err != nil {
				waitErr = fmt.Errorf("%w (%w)", waitErr, err)
			}
			return 0, fmt.Errorf("%w: %w", ErrNotSent, waitErr)
		}
		id, err = b.attempt(ctx, m)
		switch errCode(err) {
		case codeMinuteLimit:
			b.pause()
			if try < minuteTries {
				continue
			}
		case codeDailyQuota:
			b.mu.Lock()
			b.quota = err
			b.mu.Unlock()
		}
		return id, err
	}
}

// attempt makes an error of a panic in the Caller, which would end the process from a worker.
func (b *batch) attempt(ctx context.Context, m *Message) (id int64, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("template: panic while sending (%T)", v)
		}
	}()
	return b.client.send(ctx, *m)
}

// stopped returns why nothing more may be sent, or nil.
func (b *batch) stopped(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.quota
}

// wait returns when a message may leave.
func (b *batch) wait(ctx context.Context) error {
	for {
		if err := b.stopped(ctx); err != nil {
			return err
		}
		b.mu.Lock()
		d := time.Until(b.until)
		b.mu.Unlock()
		if d <= 0 {
			return nil
		}
		t := time.NewTimer(d)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// pause stops all workers until the next minute, and up to two seconds more, since the
// platform's clock is not ours.
func (b *batch) pause() {
	now := time.Now()
	until := now.Truncate(time.Minute).Add(time.Minute + 200*time.Millisecond + rand.N(1800*time.Millisecond))
	b.mu.Lock()
	defer b.mu.Unlock()
	if until.After(b.until) {
		b.until = until
	}
}

// The codes that concern more than one message.
const (
	codeDailyQuota  = 45009
	codeMinuteLimit = 45011
)

// errCode returns the platform's errcode in err, 0 when there is none.
func errCode(err error) int {
	var coded interface {
		error
		ErrCode() int
	}
	if errors.As(err, &coded) {
		return coded.ErrCode()
	}
	return 0
}
