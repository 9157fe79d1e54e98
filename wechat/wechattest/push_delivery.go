package wechattest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/org/wxhome/callback"
)

// Delivered tells what became of a [Push].
type Delivered struct {
	// Reply is what the follower gets, nil for nothing.
	Reply callback.Reply
	// Notice says that the follower is told that the account is out of order
	// (该公众号暂时无法提供服务): no valid answer came to a message. Events fail in silence, and
	// a push that ended early is not decided.
	Notice bool
	// Attempts has one entry for each delivery.
	Attempts []Attempt
}

// An Attempt is one delivery of a [Push].
type Attempt struct {
	Status int           // 0: no answer came in time
	Took   time.Duration // until the answer, or until WeChat hung up
	Err    error         // why the answer is none; nil: it is one
}

// Push pushes a message or an event as WeChat does: signed and encrypted where the mode asks, and
// again when no answer comes within 5 s: at 0, 5 and 10 s ([Callback] has other times). It returns
// when there is an answer, when the last delivery has failed, when ctx ends, or when the server is
// closed. The error is of the test's own making: no callback is set, ctx ended, or the server was
// closed. Whatever the account answered is in Delivered.
//
// A follower who wrote, clicked or scanned opens the window for customer-service messages, also
// where no callback is set. Whoever has left the account cannot do so before they follow it again:
// that is an error too, and nothing is pushed.
func (a *Account) Push(ctx context.Context, p Push) (Delivered, error) {
	d, err := a.begin(p)
	if err != nil {
		return Delivered{}, err
	}
	err = d.run(ctx)
	return d.result, err
}

// firstPushID is the MsgId before the first: 17 digits, beyond 2^53, as real ones are. It is far from
// firstMsgID, so that what followers write and what the account sends never have the same number.
const firstPushID = 23_637_352_235_060_880

// delivery is a push on its way. It belongs to one goroutine at a time.
type delivery struct {
	server  *Server
	line    *line
	push    Push   // with what is known of it
	account string // another name of the account that a reply may have; empty: none
	plain   []byte
	query   string
	body    []byte
	begun   time.Time // of the latest attempt
	settled bool      // nothing is delivered any more
	result  Delivered
}

// begin prepares the delivery of p.
func (a *Account) begin(p Push) (*delivery, error) {
	if err := a.act(p); err != nil {
		return nil, err
	}
	l := a.line.Load()
	if l == nil {
		return nil, errNoCallback
	}
	now := a.server.Now()
	if p.Time.IsZero() {
		p.Time = now
	}
	if p.ID == 0 && !p.isEvent() && !p.has("MsgId") {
		p.ID = firstPushID + a.server.pushes.Add(1)
	}
	d := &delivery{server: a.server, line: l, plain: p.Body}
	d.push, d.account = p.known()
	if d.plain == nil {
		d.plain = encodeElements(l.Format, p.elements(l.OriginalID))
	}
	d.wrap(now)
	return d, nil
}

// wrap signs the push, and encrypts it where the mode asks.
func (d *delivery) wrap(now time.Time) {
	d.query, d.body = d.line.wrap(now, d.push.From, d.plain)
}

// run makes all attempts that are left. The error says why it ended early.
func (d *delivery) run(ctx context.Context) error {
	for !d.settled {
		if err := d.next(ctx); err != nil {
			return err
		}
	}
	return nil
}

// next makes the next attempt when its time has come.
func (d *delivery) next(ctx context.Context) error {
	if err := d.server.ended(ctx); err != nil {
		return err
	}
	times, n := d.line.Deliveries, len(d.result.Attempts)
	if n > 0 {
		if err := d.server.sleep(ctx, time.Until(d.begun.Add(times[n]-times[n-1]))); err != nil {
			return err
		}
		if d.line.Renew {
			d.wrap(d.server.Now())
		}
	}
	d.begun = time.Now()
	attempt, final := d.attempt(ctx)
	d.result.Attempts = append(d.result.Attempts, attempt)
	if err := d.server.ended(ctx); err != nil && !final {
		return err
	}
	d.settled = final || n+1 == len(times)
	d.result.Notice = d.settled && attempt.Err != nil && !d.push.isEvent()
	return nil
}

// attempt delivers once. final says that there is no point in a repeat: an answer came, good or
// bad.
func (d *delivery) attempt(ctx context.Context) (attempt Attempt, final bool) {
	ctx, cancel := context.WithTimeout(ctx, d.line.Timeout)
	defer cancel()
	status, answer, err := d.line.send(ctx, http.MethodPost, d.query, d.body)
	attempt = Attempt{Status: status, Took: time.Since(d.begun), Err: err}
	switch {
	case err != nil:
		attempt.Status = 0
	case status != http.StatusOK:
		attempt.Err = fmt.Errorf("wechattest: status %d", status)
		final = d.line.StatusFinal
	default:
		final = true
		if d.result.Reply, err = d.readReply(answer); err != nil {
			attempt.Err = fmt.Errorf("wechattest: the answer: %w", err)
		}
	}
	return attempt, final
}

var errClosed = errors.New("wechattest: the server was closed")

// ended returns why nothing is delivered any more, or nil.
func (s *Server) ended(ctx context.Context) error {
	select {
	case <-s.closing:
		return errClosed
	default:
		return ctx.Err()
	}
}

// sleep waits. The error says why it ended early.
func (s *Server) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-s.closing:
	}
	return s.ended(ctx)
}

// act has the account learn what a follower did. The error says that they cannot do it.
func (a *Account) act(p Push) error {
	what, acts := p.interaction()
	switch {
	case p.From != "" && p.is("unsubscribe"):
		a.Unfollow(p.From)
	case !acts:
	case what != Followed && a.follower(p.From) == Left:
		if p.Body == nil { // a Body is pushed whatever it is
			return fmt.Errorf("wechattest: %s has left the account, so cannot write, click or scan; push Subscribe first", p.From)
		}
	default:
		a.Interact(what, p.From)
		if what == Followed {
			a.noteOrigin(p)
		}
	}
	return nil
}

// interaction returns what a follower does by p, if that opens a window.
func (p Push) interaction() (what Interaction, ok bool) {
	switch {
	case p.From == "":
		return 0, false
	case !p.isEvent() && p.has("bizmsgmenuid"):
		return TappedMenu, true // on an item of a menu message
	case !p.isEvent():
		return Wrote, true
	case p.is("subscribe"):
		return Followed, true
	case p.is("SCAN"):
		return Scanned, true
	case p.is("CLICK"), p.is("scancode_push"), p.is("scancode_waitmsg"):
		return TappedMenu, true
	}
	return 0, false
}
