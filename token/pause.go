package token

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

const (
	// answerPause is how long the Source is left alone after it answered wrongly. It doubles
	// with each failure up to answerLimit: the platform blocks an address that keeps asking, for
	// an hour and then for a day.
	answerPause = 500 * time.Millisecond
	answerLimit = 30 * time.Second
	// lostPause and lostLimit are the same where no answer came. They are shorter, since a
	// network that is back is to be used soon.
	lostPause = 250 * time.Millisecond
	lostLimit = 5 * time.Second
	// shortPause is how long a pause may last for callers to wait for its end, where the Source
	// did nothing wrong: a token was refused twice, as may happen while its entries learn of it.
	shortPause = time.Second
	// probation is how long a token must serve without being refused until what went wrong
	// before is forgotten.
	probation = answerLimit
)

// trouble counts what goes wrong in a row, and tells how long the Source is left alone for it.
// The zero trouble is none.
type trouble struct {
	count int       // failed fetches, and tokens that were refused during their probation
	err   error     // what callers get until the pause is over; nil: they wait for its end
	until time.Time // no fetch begins sooner
	since time.Time // when the token in use came
	// proven is when the probation of the token in use ends; zero: it is over.
	proven time.Time
}

// failed begins the pause after a fetch that failed.
func (t *trouble) failed(err error, now time.Time) {
	first, limit := answerPause, answerLimit
	if unanswered(err) {
		first, limit = lostPause, lostLimit
	}
	t.count = max(t.count, 1)
	d := pause(first, limit, t.count)
	d += rand.N(d / 10) // so that processes do not ask together
	t.count++
	t.err, t.until = err, now.Add(d)
}

// refused begins the pause after a token that WeChat refused during its probation. The first is
// free: a token that another process has renewed meanwhile looks like that.
func (t *trouble) refused(now time.Time) {
	if t.proven.IsZero() {
		return
	}
	if until := t.since.Add(pause(answerPause, answerLimit, t.count)); until.After(t.until) {
		t.until = until
	}
	if t.err == nil && t.until.Sub(now) > shortPause {
		t.err = ErrRefused
	}
	t.count++
}

// arrived ends the pause, and puts a token on probation for d at most.
func (t *trouble) arrived(now time.Time, d time.Duration) {
	t.err, t.until, t.since = nil, time.Time{}, now
	t.proven = now.Add(min(d, probation))
}

// follow takes over the pause of another process.
func (t *trouble) follow(n *note) {
	t.count = max(t.count, n.count)
	if n.until.After(t.until) {
		t.until = n.until
	}
	if t.err == nil {
		t.err = &fault{kind: n.kind, text: "another process that shares the Store got no token, and one is asked for again in at most 36 s"}
	}
}

// settle forgets what went wrong once a token has proved itself.
func (t *trouble) settle(now time.Time) {
	if !t.proven.IsZero() && !now.Before(t.proven) {
		t.count, t.proven = 0, time.Time{}
	}
}

// pausing returns what callers get while the Source is left alone; nil: it may be asked.
func (t *trouble) pausing(now time.Time) error {
	if now.Before(t.until) {
		return t.err
	}
	return nil
}

// mostCounted is more than it takes to reach any limit.
const mostCounted = 10

// pause returns the nth pause; there is none before the first.
func pause(first, limit time.Duration, n int) time.Duration {
	if n == 0 {
		return 0
	}
	return min(first<<(min(n, mostCounted)-1), limit)
}

// kindName asks err for its kind; see [Source].
func kindName(err error) (name string, ok bool) {
	named, ok := errors.AsType[interface {
		error
		KindName() string
	}](err)
	if !ok {
		return "", false
	}
	name = named.KindName()
	return name, name != ""
}

// unanswered reports whether err means that no answer came.
func unanswered(err error) bool {
	if name, ok := kindName(err); ok {
		return name == kindNetwork || name == kindLost
	}
	var network net.Error // context.DeadlineExceeded is one too
	return errors.As(err, &network) || errors.Is(err, context.Canceled) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
