package push

import (
	"context"
	"errors"
	"maps"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/org/wxhome/template"
)

// BlockSize is how many ids a block has: a larger one is no faster.
const BlockSize = 200

// Block names rows of a campaign: the pending ones with ids from First to before End.
type Block struct {
	Campaign   string
	First, End int64
	Repeats    bool // only rows that have left, or may have
}

// span is a block within its campaign. The zero span is the whole campaign.
type span struct {
	first, end int64
	repeats    bool
}

// Settled counts rows that were settled.
type Settled struct{ Accepted, Skipped, Failed, Unknown int }

// Plus returns the sum of both.
func (s Settled) Plus(t Settled) Settled {
	return Settled{s.Accepted + t.Accepted, s.Skipped + t.Skipped, s.Failed + t.Failed, s.Unknown + t.Unknown}
}

// settledOf counts what became of rows.
func settledOf(results []outcome) (s Settled) {
	for _, o := range results {
		switch o.state {
		case stateAccepted:
			s.Accepted++
		case stateSkipped:
			s.Skipped++
		case stateFailed:
			s.Failed++
		case stateUnknown:
			s.Unknown++
		}
	}
	return s
}

// Carried is what a Desk has made of a Block.
type Carried struct {
	// Settled counts the rows that were settled.
	Settled
	// Fresh: pending rows are left that have never left. Repeats: some that have, or may have, and
	// are to be repeated soon.
	Fresh, Repeats bool
	// Again is how long the first of them is to wait; 0: not at all.
	Again time.Duration
	// Paused: a person has paused the campaign. Nothing that is Fresh was touched.
	Paused bool
	// Minute: the limit by the minute has struck, for all messages.
	Minute bool
	// Halt is why nothing more should be sent for now; empty: go on.
	Halt Reason
	// Err is the failure behind Halt; nil: there was none.
	Err error
}

// Left reports whether pending rows are left.
func (c *Carried) Left() bool { return c.Fresh || c.Repeats }

// Block sends the pending rows of a block, by the rules of [Run], and returns when none is left that
// may leave now: rows that are to be repeated after a while are not waited for. Several blocks
// share the Desk's senders. Close stop to end gently: what is in flight is finished and written
// down, the rest stays pending. An error means that nothing was sent, or that the Desk is broken
// and others will find out what became of what was in flight.
func (d *Desk) Block(ctx context.Context, stop <-chan struct{}, b Block) (Carried, error) {
	if err := d.lost(); err != nil {
		return Carried{}, err
	}
	k, err := d.book(ctx, b.Campaign)
	if err != nil {
		return Carried{}, err
	}
	e, err := d.engine(k, span{b.First, b.End, b.Repeats}, stop)
	if err != nil {
		return Carried{}, err
	}
	d.hand.blocks.Add(1)
	ended := e.carry(ctx)
	d.hand.blocks.Add(-1)
	d.keep(e)
	halt, halted := errors.AsType[*StopError](ended)
	switch written := len(e.results) == 0; { // what could not be written stands beside the reason to stop
	case written && e.control.Cancelled():
		_, err := k.ledger.giveUp(context.WithoutCancel(ctx))
		return e.carried(), err
	case ended != nil && !(written && halted):
		d.breakWith(ended)
		return e.carried(), errors.Join(ended, e.last(ctx))
	}
	done := e.carried()
	if halted && halt.Reason != ReasonStopped {
		done.Halt, done.Err = halt.Reason, halt.Err
	}
	done.Fresh, done.Repeats, err = e.left(ctx)
	if err != nil {
		d.breakWith(err)
	}
	return done, err
}

// engine returns one that sends a span with what all blocks of the Desk share.
func (d *Desk) engine(k *book, s span, stop <-chan struct{}) (*engine, error) {
	cfg := k.cfg
	cfg.Workers, cfg.Rate = d.cfg.Workers, d.cfg.Rate
	e := &engine{
		cfg: cfg, stop: stop, log: d.log, flying: map[string]*row{}, waiting: map[int64]waiting{}, looked: map[int64]bool{}, reckoned: reckoning{}, choice: cfg.choice(),
		source: newSource(&cfg), ledger: k.ledger, lock: d.lock, clock: d.clock,
		limiters: limiters{rate.NewLimiter(rate.Inf, 1), d.cfg.Limiter},
		controls: &d.controls, hand: &d.hand, tellSettled: d.cfg.Settled, span: s,
	}
	e.gate = newGate(d.pool, d.clock, d.log)
	e.gate.lost, e.gate.sure = d.lost, d.lock.sure
	d.mu.Lock()
	defer d.mu.Unlock()
	e.rules, e.pace = d.rules.copy(), d.pace
	var err error
	e.sender, err = template.NewClient(e.gate)
	return e, err
}

// keep remembers what the next block should know of this one.
func (d *Desk) keep(e *engine) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pace = e.pace
	d.rules = e.rules.copy()
	d.rules.doubted = 0 // its row waits in the ledger
	if e.fatal != nil || d.rules.holding() {
		d.rules = rules{workers: d.cfg.Workers, accepted: d.rules.accepted} // what comes after a pause is judged anew
	}
}

// copy returns rules that change without the others.
func (r *rules) copy() rules {
	c := *r
	c.refused, c.retried = maps.Clone(r.refused), maps.Clone(r.retried)
	return c
}

// carry sends the engine's span. It returns a *StopError when it was stopped, or when nothing more
// should be sent for now; any other error breaks the Desk.
func (e *engine) carry(ctx context.Context) error {
	if err := e.readClock(ctx); err != nil {
		return err
	}
	for {
		if err := e.pass(ctx); err != nil {
			return err
		}
		switch {
		case e.limited() > 0, e.control.Paused():
			return nil
		case e.rules.transit >= e.rules.workers:
			return &StopError{Reason: ReasonOutage}
		case e.rules.doubted > 0: // it decides whether anything new may leave
			if err := e.sleep(ctx, e.untilNext()); err != nil {
				return err
			}
		case e.dry || e.taken == 0:
			return nil
		}
	}
}

// last tries once more to write down what is known, when the database has failed.
func (e *engine) last(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	_, err := e.ledger.step(ctx, e.results, pick{})
	return err
}

// carried is what is known without asking the ledger.
func (e *engine) carried() Carried {
	c := Carried{Settled: e.settled, Minute: !e.minute.IsZero()}
	if len(e.waiting) > 0 {
		c.Again = e.untilNext()
	}
	if e.control.Paused() {
		c.Paused, c.Again = true, pausedAgain
	}
	return c
}

// left asks what is left of the span. A round that has found nothing more has left none but those
// that wait.
func (e *engine) left(ctx context.Context) (fresh, repeats bool, err error) {
	if e.dry && len(e.waiting) == 0 && !e.control.Paused() {
		return false, false, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepLimit)
	defer cancel()
	var n, again int
	err = e.ledger.db.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(CASE WHEN sending_at <> 0 THEN 1 END) FROM push_message
WHERE appid = ? AND campaign = ? AND state = 'pending' AND id >= ? AND id < ?`, e.ledger.appID, e.ledger.campaign, e.span.first, e.span.end).Scan(&n, &again)
	if err != nil {
		return false, false, e.ledger.failed(err)
	}
	return n > again && !e.span.repeats, again > 0, nil
}

// inHand counts what a process has claimed and not written down.
type inHand struct {
	rows   atomic.Int64
	blocks atomic.Int64 // that are being sent at a Desk
}

// pool lets as many messages be in flight as the Desk has senders, whichever block they are of.
type pool struct {
	caller template.Caller
	slots  chan struct{}
}

// Call implements [template.Caller].
func (p *pool) Call(ctx context.Context, method, path string, in, out any) error {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return &heldBack{reason: errClosed} // it surely has not left
	}
	defer func() { <-p.slots }()
	return p.caller.Call(ctx, method, path, in, out)
}
