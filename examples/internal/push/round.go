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
	since time.Time // of its first attempt
	doubt bool      // an attempt of it may have been carried out

	doubted bool // its 40037 is to be repeated once
}

// round sends until there is nothing to send, the batch is full, or something stops it.
func (e *engine) round(ctx context.Context) {
	for r := range e.sender.SendAll(ctx, e.input(ctx), template.WithWorkers(e.cfg.Workers)) {
		claimed, ok := e.flying[r.Message.ClientMsgID]
		if !ok {
			continue
		}
		delete(e.flying, r.Message.ClientMsgID)
		e.gate.forget(claimed)
		e.settle(claimed, r)
	}
	for _, r := range e.queue {
		e.giveBack(r)
	}
	e.queue = nil
}

// giveBack leaves a row that was claimed and not sent as it was.
func (e *engine) giveBack(r *row) {
	if r.before != 0 {
		e.waiting[r.id] = waiting{until: time.Now(), since: r.since, doubt: r.doubt}
	} else {
		e.claimed--
		e.inBatch--
	}
	e.results = append(e.results, outcome{row: r, state: statePending, forget: true})
}

// input yields the messages of claimed rows, and claims more when it runs out.
func (e *engine) input(ctx context.Context) func(func(template.Message, error) bool) {
	return func(yield func(template.Message, error) bool) {
		for e.maySend(ctx) && (len(e.queue) > 0 || e.claim(ctx)) {
			r := e.queue[0]
			m, ok := e.ready(r)
			if !ok {
				e.queue = e.queue[1:]
				continue
			}
			if err := e.limiter.Wait(ctx); err != nil || !e.maySend(ctx) {
				return
			}
			e.queue = e.queue[1:]
			e.flying[r.clientMsgID] = r
			e.gate.expect(r)
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
	return e.fatal == nil && !e.stopped(ctx) && (e.probing || !e.rules.holding())
}

// claim writes down what is known and takes the next rows, in one commit. It returns false when
// there is nothing to send now.
func (e *engine) claim(ctx context.Context) bool {
	for e.maySend(ctx) {
		p := e.pick()
		if p.n <= 0 {
			e.dry = e.dry || e.limitReached()
			return false
		}
		if err := e.lock.held(ctx); err != nil {
			continue // maySend ends it
		}
		got, err := e.step(ctx, p)
		if err != nil {
			e.fatal = err
			return false
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

// pick chooses what to claim: rows whose wait is over, otherwise what comes next within batch
// and limit.
func (e *engine) pick() pick {
	due, waiting := e.due()
	p := pick{n: e.ahead(), after: e.cursor, except: waiting}
	switch {
	case len(due) > 0:
		due = due[:min(len(due), p.n)]
		if e.rules.holding() {
			due = due[:min(len(due), e.cfg.Workers)]
		}
		return pick{n: len(due), after: math.MinInt64, only: due}
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
	bound, err := e.source.bound(ctx, rows)
	if err != nil {
		e.fatal = err
	}
	for _, r := range rows {
		if w, ok := e.waiting[r.id]; ok {
			r.since, r.doubt = w.since, w.doubt
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
		case !bound[person{r.openid, r.studentID}]:
			e.unsent(r, stateSkipped, "the binding is gone")
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
	if tooLate(r, e.ledger.now()) {
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
	if r.since.IsZero() {
		r.since = time.Now()
	}
	return m, true
}

// tooLate reports whether WeChat may have forgotten the id of a row that has left before. A
// clock that was set back by more than ClockSlack tells nothing.
func tooLate(r *row, now time.Time) bool {
	if r.before == 0 {
		return false
	}
	age := now.Unix() - r.firstAt
	return age < -slackSeconds || age >= horizonSeconds || !r.since.IsZero() && time.Since(r.since) >= horizon
}

// ahead is how many rows may be claimed beside those in flight: the workers' and one second of the
// rate in all. So many a crash leaves sending at most.
func (e *engine) ahead() int {
	second := unlimitedAhead
	if e.cfg.Rate > 0 {
		second = int(min(math.Ceil(e.cfg.Rate), unlimitedAhead))
	}
	return e.cfg.Workers + second - len(e.flying)
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
