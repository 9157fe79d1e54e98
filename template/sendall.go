package template

import (
	"context"
	"fmt"
	"iter"
)

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

// Option configures one [Client.SendAll] or [Client.NotifyAll]. An option that is nil, makes no sense
// or is given twice makes it fail.
type Option func(*settings) error

// settings is what the options fill in.
type settings struct{ workers int } // 0: not given

// WithWorkers sends up to n messages at a time. n must be positive. Default: 16.
func WithWorkers(n int) Option {
	return func(s *settings) error {
		switch {
		case n < 1:
			return badArgument(fmt.Sprintf("WithWorkers: %d workers send nothing; give 1 or more", n))
		case s.workers != 0:
			return badArgument("WithWorkers is given twice")
		}
		s.workers = n
		return nil
	}
}

func configure(opts []Option) (settings, error) {
	var s settings
	for i, opt := range opts {
		if opt == nil {
			return s, badArgument(fmt.Sprintf("option %d is nil", i+1))
		}
		if err := opt(&s); err != nil {
			return s, err
		}
	}
	if s.workers == 0 {
		s.workers = defaultWorkers
	}
	return s, nil
}

// SendAll sends the messages that msgs yields, several at a time, and yields one [Result] for
// each of them, in the order in which they finish. Nothing happens until the result is ranged
// over; each time it is, msgs is ranged over again. Memory is constant, however many messages
// there are. A nil msgs is an empty sequence. A nil ctx and an [Option] that makes no sense give a single Result, without
// a Message and with [ErrNotSent] and [ErrInvalidArgument], and nothing is sent.
//
// msgs and the loop's body run on the caller's goroutine, so neither needs a lock. The body runs
// while msgs waits in its yield, and results that are ready come before the next message is
// pulled: msgs must not hold what the body needs, such as a database's only connection. An
// error that msgs yields becomes a Result with [ErrNotSent] and that error, and the pulling goes
// on. So does it after a refused message, since most refusals concern one follower only: leave
// the loop when an error says that all will fail.
//
// To stop gently, end msgs: what is being sent still gives its Results. To abort, cancel ctx:
// nothing more is pulled, what is being sent is cut off, and each message that was pulled gives
// its Result, with ErrNotSent and the context's cause if it never left. The failure of another
// call as the cause is only told, and not wrapped. Leaving the loop lets the messages that are
// being sent finish, waits for them and drops their Results; so does a panic in the body or in
// msgs. No goroutine is left behind.
//
// When the platform's limit by the minute strikes (45011) all workers pause until the next
// minute has begun, and then the message is sent again, for up to 10 minutes; after that it
// gives ErrNotSent with that error. When the daily quota is used up (45009) no more is pulled, and what was
// pulled and not sent gives ErrNotSent with that error.
//
// A message that Send refuses gives ErrNotSent with [ErrInvalidMessage]; to check values,
// yield m, m.Validate(). A panic in the Caller becomes the error of that message, without its
// text.
func (c *Client) SendAll(ctx context.Context, msgs iter.Seq2[Message, error], opts ...Option) iter.Seq[Result] {
	return all(ctx, msgs, opts, door[Message, Result]{
		check: (*Message).sendable, fill: fillID,
		send:   func(m Message) (int64, error) { return c.send(ctx, m) },
		result: func(m Message, msgID int64, err error) Result { return Result{m, msgID, err} },
	})
}
