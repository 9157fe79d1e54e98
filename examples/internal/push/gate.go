package push

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/org/wxhome/examples/internal/departure"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
)

// leaseTime is how long after its claim a row may leave. Others take it takeOverTime after the
// claim at the earliest: what lies between is for clocks that differ and for the way of a request.
const leaseTime = 30 * time.Second

// The reasons for which a message is kept back at the last moment. It surely does not leave.
var (
	errTooLate   = errors.New("too late to repeat safely")
	errClosed    = errors.New("the push has stopped")
	errLeaseOver = errors.New("the claim of the row is over 30 s old")
	errUnsure    = errors.New("the lock of the push was not confirmed within 10 s")
)

// heldBack is the error of a message that the gate kept back.
type heldBack struct {
	reason error
	before error // how an earlier attempt of the same call ended that may have been carried out; nil: there was none
}

// Error returns the reason, and what happened before.
func (h *heldBack) Error() string {
	if h.before == nil {
		return h.reason.Error()
	}
	return h.reason.Error() + ", after: " + h.before.Error()
}

// Unwrap returns the reason.
func (h *heldBack) Unwrap() error { return h.reason }

// minuteLimit is a 45011. It hides its code from SendAll, which would wait for the next minute
// with the row in its hands, longer than a claim lasts.
type minuteLimit struct{ said error }

// Error returns WeChat's words.
func (m *minuteLimit) Error() string { return m.said.Error() }

// plain returns the error that err hides.
func plain(err error) error {
	if m, ok := errors.AsType[*minuteLimit](err); ok {
		return m.said
	}
	return err
}

// gate stands between the senders and the platform. A message may wait for minutes between being
// handed to a sender and leaving, for a limit, a token or a connection, or because the machine
// stands still. The gate looks when it is called, and once more where each attempt leaves.
type gate struct {
	caller template.Caller
	clock  *clock
	lost   func() error // why others may take the rows by now; nil: they may not
	sure   func() bool  // whether the lock was confirmed a short while ago
	log    *slog.Logger
	closed atomic.Bool // the push has stopped
	warned sync.Once

	mu   sync.Mutex      // guards rows
	rows map[string]*row // rows in flight, by client_msg_id
}

func newGate(caller template.Caller, c *clock, log *slog.Logger) *gate {
	return &gate{caller: caller, clock: c, log: log, rows: map[string]*row{}}
}

// expect makes a row known that is about to be sent.
func (g *gate) expect(r *row) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rows[r.clientMsgID] = r
}

func (g *gate) forget(r *row) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.rows, r.clientMsgID)
}

func (g *gate) find(id string) (row, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r, ok := g.rows[id]; ok {
		return *r, true // a copy: the sender's goroutine may outlast the row's flight
	}
	return row{}, false
}

// Call implements [template.Caller].
func (g *gate) Call(ctx context.Context, method, path string, in, out any) error {
	m, ok := in.(*template.Message)
	if !ok {
		return g.caller.Call(ctx, method, path, in, out)
	}
	r, ok := g.find(m.ClientMsgID)
	if !ok {
		return &heldBack{reason: errClosed} // nobody waits for it any more
	}
	check := func() error { return g.check(&r) }
	if err := check(); err != nil {
		return &heldBack{reason: err}
	}
	ctx, d := departure.With(ctx, path, check)
	return g.judge(d, g.caller.Call(ctx, method, path, in, out))
}

// judge says of a call's error what the Client cannot: whether it is the gate's own.
func (g *gate) judge(d *departure.Departure, err error) error {
	kind := wechat.KindOf(err)
	switch refused := d.Refused(); {
	case err == nil:
		if !d.Asked() {
			g.warned.Do(func() { g.log.Warn(departure.ErrNoTransport.Error()) })
		}
		return nil
	case kind == wechat.KindMinuteLimit:
		return &minuteLimit{err}
	case refused != nil && d.Left() && (kind == wechat.KindLost || kind == wechat.KindBusy):
		return &heldBack{refused, err}
	case refused != nil:
		return &heldBack{reason: refused}
	}
	return err
}

// check decides whether an attempt of r may leave now.
func (g *gate) check(r *row) error {
	switch {
	case g.closed.Load() || g.lost() != nil:
		return errClosed
	case g.clock.watch.since(r.claimed) > leaseTime:
		return errLeaseOver
	case !g.sure():
		return errUnsure
	case g.clock.tooLate(r, 0):
		return errTooLate
	}
	return nil
}
