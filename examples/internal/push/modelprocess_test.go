package push

import (
	"errors"

	"github.com/org/wxhome/template"
)

// do has the process act. What ends it within the action ends the action.
func (p *process) do(what string, action func()) {
	if p.dead || p.m.failure != "" {
		return
	}
	p.m.note("%s %s", p.name, what)
	p.busy = true
	defer func() {
		p.busy = false
		if err := recover(); err != nil && err != errKilled { //nolint:errorlint // what was panicked with
			panic(err)
		}
	}()
	p.controls.known = nil // a second has passed
	action()
}

// acts has the process do one of the things that it does in turn.
func (p *process) acts() {
	switch n := p.m.rnd.IntN(20); {
	case n < 6 && len(p.queue) == 0, n < 2:
		p.do("claims", p.claim)
	case n < 12:
		p.do("sends", p.send)
	case n < 15:
		p.do("writes", p.write)
	case n < 17:
		p.do("sweeps", p.sweep)
	case n < 19:
		p.do("asks for its lock", func() { p.ask() })
	default:
		p.do("stops", p.stop)
	}
}

// ask asks the server for the lock.
func (p *process) ask() bool {
	asked := p.clock.watch.now()
	if p.lockFree {
		if p.lock.why == nil {
			p.lock.why = errLockLost
			close(p.lock.gone)
		}
		p.stop()
		return false
	}
	p.confirmed = asked
	return true
}

// prepare begins the campaign, settles what others have left and loads the school.
func (p *process) prepare() {
	ctx := p.m.t.Context()
	if err := p.heed(ctx); err != nil {
		p.end(err)
		return
	}
	if err := p.begin(ctx); err != nil {
		p.end(err)
		return
	}
	p.sweep()
	names, err := p.ledger.openOthers(ctx)
	if err != nil {
		p.end(err)
	}
	for _, name := range names { // as recoverOthers does, with the model's locks
		other := *p.ledger
		other.campaign = name
		p.m.watched(actRecover, p, func() error { _, err := other.recover(ctx, p.lives); return err })
		p.m.watched(actExpire, p, func() error { return other.expire(ctx) })
	}
	load := actLoad
	if p.cfg.ResendUnknown || p.cfg.UnknownReceived || p.cfg.RetryFailed {
		load = actDecide
		p.m.watched(actDecide, p, func() error {
			err := p.takeUp(ctx)
			if p.cfg.UnknownReceived {
				p.m.countByHand(p.cfg.Campaign)
			}
			return err
		})
	}
	p.loadSome(load)
}

// countByHand notes what a person has counted as received.
func (m *model) countByHand(campaign string) {
	for id, r := range m.rows {
		if r.campaign == campaign && r.state == stateUnknown {
			m.byHand[id] = true
		}
	}
}

// loadSome loads the parents in two pages; the others act in between.
func (p *process) loadSome(a act) {
	pages := [2][]recipient{}
	for _, b := range p.m.parents {
		if b.bound {
			i := p.m.rnd.IntN(2)
			pages[i] = append(pages[i], b.recipient())
		}
	}
	for _, page := range pages {
		entries, err := p.cfg.entries(page)
		if err == nil && len(page) > 0 {
			p.m.watched(a, p, func() error {
				done, err := p.ledger.add(p.m.t.Context(), entries, p.choice)
				p.reckoned.add(done.others)
				return err
			})
		}
		p.end(err)
		if p.m.rnd.IntN(4) == 0 {
			p.standStill()
		}
	}
}

func (p *process) lives(owner string) (bool, error) { return p.m.alive(owner), nil }

// sweep takes the rows of the dead.
func (p *process) sweep() {
	if !p.ask() || p.readClock(p.m.t.Context()) != nil {
		return
	}
	p.m.watched(actRecover, p, func() error { _, err := p.ledger.recover(p.m.t.Context(), p.lives); return err })
}

// claim claims rows as the engine does.
func (p *process) claim() {
	ctx := p.m.t.Context()
	paused := p.paused(ctx)
	if p.fatal != nil {
		p.stop()
		return
	}
	if !p.ask() {
		return
	}
	claimed := p.clock.watch.now()
	var got claims
	p.m.watched(actStep, p, func() (err error) {
		got, err = p.step(ctx, pick{n: 1 + p.m.rnd.IntN(3), after: -1, doubtful: paused})
		return err
	})
	for _, r := range got.rows {
		r.claimed = claimed
		if paused && r.before == 0 {
			p.m.failf("row %d is claimed while the campaign is paused", r.id)
		}
	}
	if p.m.rnd.IntN(6) == 0 {
		p.standStill()
	}
	p.admitAll(ctx, got.rows)
}

// send sends the next row.
func (p *process) send() {
	p.dropStale()
	if len(p.queue) == 0 {
		return
	}
	r := p.queue[0]
	p.queue = p.queue[1:]
	m, ok := p.ready(r)
	if !ok {
		return
	}
	p.gate.expect(r)
	id, err := p.sender.Send(p.m.t.Context(), m)
	p.gate.forget(r)
	p.m.note("  row %d: %v", r.id, err)
	p.settle(r, template.Result{MsgID: id, Err: err})
}

// write writes down what is known.
func (p *process) write() {
	p.m.watched(actStep, p, func() error { return p.flush(p.m.t.Context()) })
}

// stop ends the process gently.
func (p *process) stop() {
	for _, r := range p.queue {
		p.giveBack(r)
	}
	p.queue = nil
	p.write()
	if p.control.Cancelled() {
		p.m.giveUp(p.cfg.Campaign)
	}
	p.m.kill(p)
}

// end ends the process when something has failed: only a person's word does.
func (p *process) end(err error) {
	if err == nil {
		return
	}
	if _, cancelled := errors.AsType[*CancelledError](err); !cancelled {
		p.m.failf("%s: %v", p.name, err)
	}
	p.m.kill(p)
}
