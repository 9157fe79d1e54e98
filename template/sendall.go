package template

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// ErrNotSent is in the error of a [Result] whose message was surely not sent: it never left, or
// the platform put it off (45011) until there was no more time. What else is in that error says
// why.
var ErrNotSent = errors.New("template: message not sent")

// defaultWorkers keeps a link with a latency of 50 ms at some 300 messages a second.
const defaultWorkers = 16

// Result is what became of one message.
type Result struct {
	// Message is the one pulled, with the ClientMsgID that was used.
	Message Message
	// MsgID is the platform's, when Err is nil.
	MsgID int64
	// Err is nil when the platform has accepted the message. An error with [ErrNotSent] in it
	// is certain; after any other, ask the error whether the message may have been carried out.
	Err error
}

// SendAllOption configures one [Client.SendAll].
type SendAllOption func(*batch)

// WithWorkers sends up to n messages at a time, 16 unless set; less than 1 means 1.
func WithWorkers(n int) SendAllOption { return func(b *batch) { b.workers = max(n, 1) } }

// SendAll sends the messages that msgs yields, several at a time, and yields one [Result] for
// each of them, in the order in which they finish. Nothing happens until the result is ranged
// over; each time it is, msgs is ranged over again. Memory is constant, however many messages
// there are. Nil msgs are none.
//
// msgs and the loop's body run on the caller's goroutine, so neither needs a lock. The body runs
// while msgs waits in its yield, and results that are ready come before the next message is
// pulled: msgs must not hold what the body needs, such as a database's only connection. An
// error that msgs yields becomes a Result with [ErrNotSent] and that error, and the pulling goes
// on. So does it after a refused message, since most refusals concern one follower only: leave
// the loop when an error says that all will fail.
//
// To stop gently, end msgs: what is in flight still gives its Results. To abort, cancel ctx:
// nothing more is pulled, what is in flight is cut off, and each message that was pulled gives
// its Result, with ErrNotSent and the context's cause if it never left. Leaving the loop lets
// the messages in flight finish, waits for them and drops their Results; so does a panic in the
// body or in msgs. No goroutine is left behind.
//
// When the platform's limit by the minute strikes (45011) all workers pause until the next
// minute has begun, and then the message is sent again, for up to 10 minutes; after that it
// gives ErrNotSent with that error. When the daily quota is used up (45009) no more is pulled, and what was
// pulled and not sent gives ErrNotSent with that error.
//
// A message without To or TemplateID gives ErrNotSent with [ErrInvalidMessage]; to check values,
// yield m, m.Validate(). A panic in the Caller becomes the error of that message, without its
// text.
func (c *Client) SendAll(ctx context.Context, msgs iter.Seq2[Message, error], opts ...SendAllOption) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		if msgs == nil {
			return
		}
		going, halt := context.WithCancelCause(ctx)
		b := newBatch(func(m Message) (int64, error) { return c.send(ctx, m) }, halt, opts)
		// Deferred, since msgs or the body may panic: no sender outlives the loop.
		defer b.leave()
		b.run(going, msgs, yield)
	}
}

func notSent(why error) error { return fmt.Errorf("%w: %w", ErrNotSent, why) }
