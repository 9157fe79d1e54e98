package custom

import (
	"context"
	"fmt"
	"iter"
)

// defaultWorkers keeps a link with a latency of 50 ms at some 300 messages a second.
const defaultWorkers = 16

// Item is one message to one follower, for [Client.SendAll].
type Item struct {
	// To is the follower's openid.
	To string
	// Message is what they get, such as a [Text].
	Message Message
}

// Result is what became of one [Item].
type Result struct {
	// Item is the one pulled.
	Item Item
	// Err is nil when the platform has accepted the message. An error with [ErrNotSent] in it is
	// certain; after any other, ask the error whether the message may have been carried out.
	Err error
}

// WithWorkers makes [Client.SendAll] send up to n messages at a time. n must be positive.
// [Client.Send] refuses it. Default: 16.
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

// SendAll sends the messages that items yields, and yields one [Result] for each of them. The
// messages to one follower leave one after the other, in the order of items; those to different
// followers leave side by side. The Results of one follower come in the order of items too, all
// others as they finish. opts apply to each message.
//
// A follower's failed message holds back those behind it: each later one to the same follower, in
// this SendAll, gives [ErrNotSent] and is not sent, so that a follower never sees a text with a part
// missing. This holds for every failure: a refusal by the platform or by this package, a lost
// answer, an error that items yields with the Item. The failures that are about the follower, such
// as a closed window (45015) or one that is used up (45047), are in the errors of the messages held
// back, for errors.Is and for their kind; any other failure is only told in the text. To go on with
// the follower, send the Items whose Results have an error again, in their order, but for one whose
// message may have arrived.
//
// No message is repeated after a lost answer or -1 (system error), since the platform has no means
// to tell the second one from the first: its Result has that error, without ErrNotSent. When the
// platform's limit by the minute strikes (45011) all workers pause until the next minute has begun,
// and then the message is sent again, for up to 10 minutes; after that it gives ErrNotSent with that
// error. When the daily quota is used up (45009) no more is pulled, and what was pulled and not sent
// gives ErrNotSent with that error.
//
// Nothing happens until the result is ranged over; each time it is, items is ranged over again, and
// nothing is remembered of the last time. A nil items is an empty sequence. A nil ctx and an [Option] that makes no
// sense give a single Result, without an Item and with ErrNotSent and [ErrInvalidArgument], and
// nothing is sent. Up to 1,024 messages wait in memory behind others to their followers, then the
// pulling waits. The followers whose message has failed are remembered until the end.
//
// items and the loop's body run on the caller's goroutine, so neither needs a lock. Results that
// are ready come before the next Item is pulled, while items waits in its yield: items must not hold
// what the body needs, such as a database's only connection.
//
// To stop gently, end items: all that was pulled is still sent and gives its Results. To abort,
// cancel ctx: nothing more is pulled, what is being sent is cut off, and each Item that was pulled
// gives its Result, with ErrNotSent and the context's cause if its message never left. The failure
// of another call as the cause is only told, and not wrapped. Leaving the loop lets the messages that
// are being sent finish, waits for them and drops all Results that were not yielded; so does a panic
// in the body or in items. No goroutine is left behind. A panic in the Caller becomes the error of
// that message, without its text.
//
// POST /cgi-bin/message/custom/send
func (c *Client) SendAll(ctx context.Context, items iter.Seq2[Item, error], opts ...Option) iter.Seq[Result] {
	set, err := configure(opts)
	if set.workers == 0 {
		set.workers = defaultWorkers
	}
	if err == nil && ctx == nil {
		err = badArgument("the context is nil")
	}
	return func(yield func(Result) bool) {
		if err != nil {
			yield(Result{Err: notSent(err)})
			return
		}
		if items == nil {
			return
		}
		going, halt := context.WithCancelCause(ctx)
		b := &batch{
			workers: set.workers, halt: halt, yield: yield,
			send: func(i Item) error { return c.send(ctx, i.To, i.Message, set) },
			jobs: make(chan Item), done: make(chan Result),
			queues: make(map[string][]pulled), failed: make(map[string]error),
		}
		// Deferred, since items or the body may panic: no sender outlives the loop.
		defer b.leave()
		b.run(going, items)
	}
}
