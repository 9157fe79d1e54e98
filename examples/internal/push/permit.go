package push

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/time/rate"

	"github.com/org/wxhome/template"
)

const (
	// leadTime is in how long what is claimed can leave, at the pace of late.
	leadTime = 10 * time.Second
	// staleTime is how old a claim may be when its row is handed to a sender: the rest of the lease
	// is for the sender.
	staleTime = 20 * time.Second
	// tickTime is how often what has come in is looked at while the push waits for a permit.
	tickTime = time.Second
	// paceWeight is how much of the pace the last message makes.
	paceWeight = 8
)

// errTick is a message that is none: SendAll hands out the results that are ready.
var errTick = errors.New("no message")

// limiters are those that a permit is of: this process's own, and the one that it shares.
type limiters struct {
	own    *rate.Limiter
	shared interface{ Wait(context.Context) error } // nil: none
}

// take waits for a permit of each.
func (l limiters) take(ctx context.Context) error {
	if err := l.own.Wait(ctx); err != nil || l.shared == nil {
		return err
	}
	return l.shared.Wait(ctx)
}

// atOnce takes a permit that is there.
func (l limiters) atOnce() bool {
	shared, ok := l.shared.(interface{ Allow() bool })
	if l.shared != nil && (!ok || l.own.Limit() != rate.Inf) {
		return false
	}
	return l.own.Allow() && (!ok || shared.Allow())
}

// permit waits until a message may leave: before rows are claimed for it, since a claim lasts 30 s
// and a permit may take minutes. A permit that is not used is kept. tick hands out results. It
// returns false when there is nothing to send, or the round must end.
func (e *engine) permit(ctx context.Context, tick func() bool) bool {
	if e.permitted = e.permitted || e.limiters.atOnce(); e.permitted {
		return true
	}
	if len(e.queue) == 0 && !e.worthwhile(ctx) {
		return false
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- e.limiters.take(waiting) }()
	err := e.awaitPermit(ctx, done, cancel, tick)
	e.permitted = err == nil
	if err != nil && waiting.Err() == nil && e.fatal == nil {
		e.fatal = err // the limiter's own
	}
	return e.permitted && e.maySend(ctx)
}

// awaitPermit returns what comes out of done. It cancels the waiting when the round must end.
func (e *engine) awaitPermit(ctx context.Context, done <-chan error, cancel func(), tick func() bool) error {
	ticker := time.NewTicker(tickTime)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-e.stop:
			cancel()
			return <-done
		case <-e.lock.gone:
			cancel()
			return <-done
		case <-ticker.C:
			if !tick() || !e.maySend(ctx) || !e.writeDown(ctx) {
				cancel()
				return <-done
			}
		}
	}
}

// writeDown writes what is known: a permit may be far away.
func (e *engine) writeDown(ctx context.Context) bool {
	if err := e.flush(context.WithoutCancel(ctx)); err != nil && e.fatal == nil {
		e.fatal = err
	}
	e.progress(0)
	return e.fatal == nil
}

// worthwhile reports whether there is anything to claim, so that nobody waits for a permit in vain.
func (e *engine) worthwhile(ctx context.Context) bool {
	p := e.pick()
	if p.n <= 0 {
		e.dry = e.dry || e.limitReached()
		return false
	}
	if p.only != nil {
		return true
	}
	p.n = 1
	found, err := e.ledger.peek(ctx, p)
	if err != nil {
		e.fatal = err
		return false
	}
	e.dry = e.dry || !found
	return found
}

// paced notes that a message has been handed to a sender.
func (e *engine) paced() {
	now := time.Now()
	if !e.handed.IsZero() {
		e.pace += (now.Sub(e.handed) - e.pace) / paceWeight
	}
	e.handed = now
}

// lead is how many rows can leave within leadTime, at least one.
func (e *engine) lead() int {
	if e.pace <= 0 {
		return unlimitedAhead
	}
	return int(max(1, min(leadTime/e.pace, unlimitedAhead)))
}

// holdMinute lets nothing leave until the next minute has begun, for this process; a random part
// keeps processes that share an account from returning together.
func (e *engine) holdMinute() {
	now := time.Now()
	rest := now.Truncate(time.Minute).Add(time.Minute).Sub(now)
	e.minute = now.Add(rest + 200*time.Millisecond + rand.N(1800*time.Millisecond))
}

// limited is how long the limit by the minute still holds.
func (e *engine) limited() time.Duration { return max(0, time.Until(e.minute)) }

// next returns the row that leaves next, with its message, and claims more when it runs out.
func (e *engine) next(ctx context.Context) (*row, template.Message, bool) {
	for e.maySend(ctx) {
		e.dropStale()
		if len(e.queue) == 0 && !e.claim(ctx) {
			break
		}
		r := e.queue[0]
		if r.before == 0 && e.paused(ctx) {
			break
		}
		e.queue = e.queue[1:]
		if m, ok := e.ready(r); ok {
			return r, m, true
		}
	}
	return nil, template.Message{}, false
}

// dropStale gives rows back that have waited too long in the queue. They are claimed anew.
func (e *engine) dropStale() {
	for len(e.queue) > 0 && e.clock.watch.since(e.queue[0].claimed) > staleTime {
		r := e.queue[0]
		e.queue = e.queue[1:]
		e.giveBack(r)
		if r.before == 0 {
			e.cursor = min(e.cursor, r.id-1)
		}
	}
}
