package push

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/org/wxhome/template"
)

const (
	// unlimitedAhead is claimed at a time when no rate bounds it.
	unlimitedAhead = 1000
	// waitingLimit is how many rows may wait before nothing new is claimed.
	waitingLimit = 2000
	// firstBackoff doubles with each attempt of a row, up to lastBackoff.
	firstBackoff = time.Second
	lastBackoff  = 15 * time.Second
)

// waiting is a row that was put back for a while.
type waiting struct {
	until time.Time
	since instant // of its first attempt
	doubt bool    // an attempt of it may have been carried out
	tries int     // how often it was put off

	doubted bool // its 40037 is to be repeated once
}

// roundTime ends a round, so that rows of processes that have died are looked for.
const roundTime = 30 * time.Second

// round sends until there is nothing to send, the batch is full, or something stops it.
func (e *engine) round(ctx context.Context) {
	e.began, e.handed, e.others = time.Now(), time.Time{}, false
	e.written = e.began
	for r := range e.sender.SendAll(ctx, e.input(ctx), template.WithWorkers(e.cfg.Workers)) {
		claimed, ok := e.flying[r.Message.ClientMsgID]
		if !ok {
			continue
		}
		delete(e.flying, r.Message.ClientMsgID)
		e.gate.forget(claimed)
		e.settle(claimed, r)
		e.keepUp(ctx)
	}
	for _, r := range e.queue {
		e.giveBack(r)
	}
	e.queue = nil
}

// keepUp writes down what is known, at least once a second.
func (e *engine) keepUp(ctx context.Context) {
	if time.Since(e.written) >= tickTime {
		e.writeDown(ctx)
	}
}

// giveBack leaves a row that was claimed and not sent as it was.
func (e *engine) giveBack(r *row) {
	if r.before != 0 {
		e.waiting[r.id] = waiting{until: time.Now(), since: r.since, doubt: r.doubt, tries: r.tries}
	} else {
		e.claimed--
		e.inBatch--
	}
	e.results = append(e.results, outcome{row: r, state: statePending, forget: true})
}

// input yields the messages of claimed rows: first a permit, then a row.
func (e *engine) input(ctx context.Context) func(func(template.Message, error) bool) {
	return func(yield func(template.Message, error) bool) {
		tick := func() bool { return yield(template.Message{}, errTick) }
		for e.maySend(ctx) && e.permit(ctx, tick) {
			r, m, ok := e.next(ctx)
			if !ok {
				return
			}
			e.permitted = false
			e.flying[r.clientMsgID] = r
			e.gate.expect(r)
			e.paced()
			if !yield(m, nil) {
				return
			}
		}
	}
}

// maySend is false when the round must end: what is still claimed then goes back.
func (e *engine) maySend(ctx context.Context) bool {
	if err := e.lock.lost(); err != nil && e.fatal == nil {
		e.fatal = err
	}
	return e.fatal == nil && !e.stopped(ctx) && e.limited() == 0 && (e.probing || !e.rules.holding())
}

// claim writes down what is known and takes the next rows, in one commit. It returns false when
// there is nothing to send now.
func (e *engine) claim(ctx context.Context) bool {
	for e.maySend(ctx) && !e.lasted() {
		p := e.pick()
		p.doubtful = e.paused(ctx) || p.doubtful
		if e.fatal != nil {
			return false
		}
		if p.n <= 0 {
			e.dry = e.dry || e.limitReached()
			return false
		}
		if err := e.lock.held(ctx); err != nil {
			continue // maySend ends it
		}
		if p = e.reserve(p); p.n <= 0 {
			return false
		}
		claimed := e.clock.watch.now()
		got, err := e.step(ctx, p)
		if err != nil {
			e.fatal = err
			return false
		}
		for _, r := range got.rows {
			r.claimed = claimed
		}
		e.progress(0)
		e.advance(p, got)
		e.admitAll(ctx, got.rows)
		if len(e.queue) > 0 {
			return true
		}
		if got.last == 0 && p.only == nil {
			e.dry = true
			return false
		}
	}
	return false
}

// pick chooses what to claim: rows whose wait is over and, by turns, what comes next within batch
// and limit.
func (e *engine) pick() pick {
	due, waiting := e.due()
	p := pick{n: e.ahead(), after: e.cursor, upTo: max(0, e.span.end-1), doubtful: e.span.repeats, except: waiting}
	switch {
	case len(due) > 0 && (!e.others || e.probing || e.rules.holding() || len(waiting) >= waitingLimit):
		due = due[:min(len(due), p.n)]
		if e.rules.holding() {
			due = due[:min(len(due), e.cfg.Workers)]
		}
		return pick{n: len(due), after: math.MinInt64, only: due}
	case len(due) > 0:
		p.except = append(waiting, due...)
	case e.probing && e.rules.holding() && len(waiting) == 0 && len(e.flying) == 0:
		p.n = min(p.n, 1) // nobody is left who could try the way
	case e.probing, len(waiting) >= waitingLimit:
		p.n = 0
	}
	if e.cfg.Batch > 0 {
		p.n = min(p.n, e.cfg.Batch-e.inBatch)
	}
	if e.cfg.Limit > 0 {
		p.upTo = max(e.upTo, 1)
		p.n = min(p.n, e.cfg.Limit-e.claimed)
	}
	return p
}

// advance notes how far the claims have come. Rows that waited and are not there any more have
// been taken by another process.
func (e *engine) advance(p pick, got claims) {
	e.others = p.only != nil
	if p.only == nil {
		e.cursor = max(e.cursor, got.last)
		return
	}
	kept := make(map[int64]bool, len(got.rows))
	for _, r := range got.rows {
		kept[r.id] = true
	}
	for _, id := range p.only {
		if !kept[id] {
			e.goOn(id)
		}
	}
}

// admitAll queues claimed rows, but those whose binding is gone.
func (e *engine) admitAll(ctx context.Context, rows []*row) {
	e.taken += len(rows)
	bound, err := e.stillBound(ctx, rows)
	if err != nil {
		e.fatal = err
	}
	for _, r := range rows {
		if w, ok := e.waiting[r.id]; ok {
			r.since, r.doubt, r.tries = w.since, w.doubt, w.tries
			e.goOn(r.id)
		} else {
			r.doubt = r.before != 0 // of another Run's attempts nothing is known
		}
		if r.before == 0 {
			e.claimed++
			e.inBatch++
		}
		switch {
		case e.fatal != nil:
			e.giveBack(r)
		case !bound[r.id]:
			e.unsent(r, r.parted(), string(whyUnbound))
		default:
			e.queue = append(e.queue, r)
		}
	}
}

// unsent settles a row that does not leave.
func (e *engine) unsent(r *row, state, reason string) {
	e.results = append(e.results, outcome{row: r, state: state, reason: reason, forget: true})
}

// ready makes the message of r, or settles r.
func (e *engine) ready(r *row) (template.Message, bool) {
	if e.clock.tooLate(r, 0) {
		e.unsent(r, ended(r), errTooLate.Error())
		return template.Message{}, false
	}
	values, err := decodeContent(r.content)
	if err != nil {
		e.unsent(r, stateFailed, err.Error())
		return template.Message{}, false
	}
	m, err := e.cfg.compose(r, values)
	if err != nil {
		e.unsent(r, ended(r), err.Error())
		return m, false
	}
	if r.since.none() {
		r.since = e.clock.watch.now()
	}
	return m, true
}

// lasted reports whether the round has lasted long enough.
func (e *engine) lasted() bool { return time.Since(e.began) > roundTime }

// ahead is how many rows may be claimed beside those in hand: the workers' and one second of the
// rate in all, of which a crash leaves that many sending at most, and no more than can leave soon.
// What waits to be written is not in hand any more when the next ones are. 0: what is in flight has
// to come back first.
func (e *engine) ahead() int { return max(e.least(), min(e.room(e.hand.rows.Load()), e.lead())) }

// least is how many rows may be claimed although another block has taken all the room: one, if
// nothing of this block is in flight.
func (e *engine) least() int {
	if len(e.flying) > 0 {
		return 0
	}
	return 1
}

// room is how many rows may be claimed when so many are in hand. Each block leaves room for the one
// row of every block.
func (e *engine) room(hand int64) int {
	second := unlimitedAhead
	if e.cfg.Rate > 0 {
		second = int(min(math.Ceil(e.cfg.Rate), unlimitedAhead))
	}
	return e.cfg.Workers + second - int(hand+e.hand.blocks.Load()) + len(e.results)
}

// reserve takes the room for a claim, since another block may have taken some of it meanwhile. The
// step gives back what it did not need.
func (e *engine) reserve(p pick) pick {
	for {
		hand := e.hand.rows.Load()
		n := max(e.least(), min(p.n, e.room(hand)))
		if e.hand.rows.CompareAndSwap(hand, hand+int64(n)) {
			p.n = n
			if p.only != nil {
				p.only = p.only[:min(n, len(p.only))]
			}
			return p
		}
	}
}

func (e *engine) limitReached() bool { return e.cfg.Limit > 0 && e.claimed >= e.cfg.Limit }

func (e *engine) batchDone() bool { return e.cfg.Batch > 0 && e.inBatch >= e.cfg.Batch }

// due parts the rows that were put back into those whose time has come and the others.
func (e *engine) due() (due, waiting []int64) {
	now := time.Now()
	for id, w := range e.waiting {
		if now.Before(w.until) {
			waiting = append(waiting, id)
		} else {
			due = append(due, id)
		}
	}
	slices.Sort(due)
	return due, waiting
}

func (e *engine) untilNext() time.Duration {
	d := lastBackoff
	for _, w := range e.waiting {
		d = min(d, time.Until(w.until))
	}
	return max(d, 10*time.Millisecond)
}
