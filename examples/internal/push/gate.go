package push

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/org/wxhome/template"
)

// The reasons for which a message is kept back at the last moment. It surely does not leave.
var (
	errTooLate = errors.New("too late to repeat safely")
	errClosed  = errors.New("the push has stopped")
)

// gate stands between the senders and the platform. A message may wait for minutes between
// being handed to a sender and leaving, for the limit by the minute or for a token; the gate
// looks once more.
type gate struct {
	caller template.Caller
	now    func() time.Time
	lost   func() error // why others may take the rows by now; nil: they may not
	closed atomic.Bool  // the push has stopped

	mu      sync.Mutex      // guards repeats
	repeats map[string]*row // rows in flight that have left before, by client_msg_id
}

func newGate(caller template.Caller, now func() time.Time) *gate {
	return &gate{caller: caller, now: now, repeats: map[string]*row{}}
}

// expect makes a row that has left before known.
func (g *gate) expect(r *row) {
	if r.before == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.repeats[r.clientMsgID] = r
}

func (g *gate) forget(r *row) {
	if r.before == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.repeats, r.clientMsgID)
}

// Call implements [template.Caller].
func (g *gate) Call(ctx context.Context, method, path string, in, out any) error {
	if m, ok := in.(*template.Message); ok {
		if err := g.check(m.ClientMsgID); err != nil {
			return err
		}
	}
	return g.caller.Call(ctx, method, path, in, out)
}

func (g *gate) check(id string) error {
	if g.closed.Load() || g.lost() != nil {
		return errClosed
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if r, isRepeat := g.repeats[id]; isRepeat && tooLate(r, g.now()) {
		return errTooLate
	}
	return nil
}
