package push

import (
	"context"
	"errors"

	"github.com/org/wxhome/template"
)

// Preview is what a Run would find.
type Preview struct {
	Summary                    // as if the Run had been stopped before its first message
	First   []template.Message // of those that are new or pending; without client_msg_id
	Faults  []error            // of the values of First, nil where there is none; such a row fails
	Shown   []Shown            // whom First is about
}

// Look tells what a Run with the same Config would find, and makes the first n messages. It
// changes nothing, and needs neither a ledger nor the right to make one.
func Look(ctx context.Context, cfg Config, n int) (Preview, error) {
	e := &engine{cfg: cfg, source: newSource(&cfg), ledger: newLedger(cfg.Ledger, cfg.AppID, cfg.Campaign), reckoned: reckoning{}, choice: cfg.choice()}
	e.ledger.oldKeys = cfg.PrivacyKeys
	e.ledger.now = cfg.now
	p := Preview{Summary: Summary{Campaign: cfg.Campaign}}
	counts, err := e.ledger.tally(ctx)
	hasLedger := !absent(err)
	if err != nil && hasLedger {
		return p, err
	}
	p.count(counts)
	if hasLedger {
		if err := e.unshifted(ctx, false); err != nil {
			return p, err
		}
		if err := e.lookDecided(ctx, &p); err != nil {
			return p, err
		}
	}
	left := cfg.Limit
	var out omitted
	err = e.source.pages(ctx, func(page []recipient, o omitted) error {
		out.add(o)
		if cfg.Limit > 0 {
			page = page[:min(len(page), left)]
			left -= len(page)
		}
		if err := e.look(ctx, &p, page, hasLedger, n); err != nil {
			return err
		}
		if cfg.Limit > 0 && left == 0 {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil && hasLedger {
		p.Dropped, err = e.ledger.dropped(ctx)
	}
	if err != nil {
		return p, err
	}
	err = e.source.omit(ctx, &p.Summary, out)
	p.Others = e.reckoned.others()
	p.Recipients = p.Unchanged + p.Accepted + p.Skipped + p.Failed + p.Unknown + p.Pending
	return p, err
}

// Probe reads one page of recipients, so that a missing table, column or right is told before
// anything is announced. It changes nothing, and needs no ledger.
func Probe(ctx context.Context, cfg Config) error {
	err := newSource(&cfg).pages(ctx, func([]recipient, omitted) error { return errEnough })
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// look sorts a page into what is there already and what is to be sent.
func (e *engine) look(ctx context.Context, p *Preview, page []recipient, hasLedger bool, n int) error {
	entries, err := e.cfg.entries(page)
	if err != nil {
		return err
	}
	var k known
	if hasLedger {
		if k, err = e.ledger.known(ctx, e.cfg.Ledger, entries, e.choice, false); err != nil {
			return e.ledger.failed(err)
		}
	}
	var unchanged, fresh, have []entry
	fates := make(map[person]fate, len(entries))
	for _, x := range entries {
		h := k.held[x.person]
		counted := h != nil && e.asIfDecided(k, x.person, h)
		f := k.fate(x)
		if counted { // by lookDecided
			f.supersede = nil
		}
		fates[x.person] = f
		switch {
		case f.unchanged:
			unchanged = append(unchanged, x)
		case h == nil:
			fresh = append(fresh, x)
		default:
			have = append(have, x)
			if f.state == statePending || f.state == stateFailed || h.state == statePending && f.state == "" {
				err = e.show(ctx, p, x, h.id, n)
			}
		}
		if err != nil {
			return err
		}
	}
	return e.lookCount(ctx, p, k, fates, have, fresh, unchanged, n)
}

// lookCount counts a page. A parent who is registered twice is counted once.
func (e *engine) lookCount(ctx context.Context, p *Preview, k known, fates map[person]fate, have, fresh, unchanged []entry, n int) (err error) {
	if unchanged, err = e.source.distinct(ctx, unchanged); err != nil {
		return err
	}
	if fresh, err = e.source.distinct(ctx, fresh); err != nil {
		return err
	}
	if have, err = e.source.distinct(ctx, have); err != nil {
		return err
	}
	p.Unchanged += len(unchanged)
	for _, x := range have {
		f := fates[x.person]
		e.reckoned.note(f)
		if f.newer {
			p.Newer++
		}
		if f.state != "" {
			*p.in(k.held[x.person].state)--
			*p.in(f.state)++
		}
	}
	for _, x := range fresh {
		f := fates[x.person]
		e.reckoned.note(f)
		*p.in(f.state)++
		if f.state == stateUnknown {
			continue
		}
		if err := e.show(ctx, p, x, 0, n); err != nil {
			return err
		}
	}
	return nil
}

// in is the number of rows of a state.
func (s *Summary) in(state string) *int {
	switch state {
	case stateAccepted:
		return &s.Accepted
	case stateSkipped:
		return &s.Skipped
	case stateFailed:
		return &s.Failed
	case stateUnknown:
		return &s.Unknown
	}
	return &s.Pending
}

// show keeps the message of x if it is among the first n.
func (e *engine) show(ctx context.Context, p *Preview, x entry, row int64, n int) error {
	if len(p.First) >= n {
		return nil
	}
	m, fault, err := e.shown(ctx, x, row)
	if err != nil {
		return err
	}
	if x.fault != nil {
		fault = x.fault
	}
	p.First, p.Faults = append(p.First, m), append(p.Faults, fault)
	p.Shown = append(p.Shown, Shown{x.openid, x.studentID, x.values["student_name"], x.values["photo_url"]})
	return nil
}

// lookDecided counts what a person's decisions would do to the campaign's rows.
func (e *engine) lookDecided(ctx context.Context, p *Preview) error {
	if !e.cfg.UnknownReceived && !e.cfg.RetryFailed && !e.cfg.ResendUnknown {
		return nil
	}
	all, err := e.ledger.rivals(ctx, e.cfg.Ledger, false)
	if err != nil {
		return e.ledger.failed(err)
	}
	for _, state := range []string{stateFailed, stateUnknown} {
		for after, n := int64(0), chunk; n == chunk; {
			rows, err := e.ledger.inState(ctx, e.cfg.Ledger, state, after)
			if err != nil {
				return e.ledger.failed(err)
			}
			if n = len(rows); n == 0 {
				break
			}
			after = rows[n-1].id
			fates, err := e.ledger.reopenings(ctx, e.cfg.Ledger, all, rows, e.choice, false)
			if err != nil {
				return e.ledger.failed(err)
			}
			for _, r := range rows {
				f, chosen := fates[r.id]
				if to := e.becomes(state, f); chosen && to != "" {
					f.doubt = nil // the load counts it
					e.reckoned.note(f)
					*p.in(state)--
					*p.in(to)++
				}
			}
		}
	}
	return nil
}

// becomes is the state that a person's decision gives to a row, by what reopenings has said of it;
// empty: it stays.
func (e *engine) becomes(state string, f fate) string {
	switch {
	case state == stateUnknown && e.cfg.UnknownReceived:
		return stateAccepted
	case state == stateUnknown && e.cfg.ResendUnknown && f.state != stateUnknown, state == stateFailed && e.cfg.RetryFailed:
		return f.state
	}
	return ""
}

// asIfDecided makes of h what a person's decision would make of it, and reports whether that takes
// rows of other campaigns over.
func (e *engine) asIfDecided(k known, p person, h *held) bool {
	if !e.cfg.only().includes(p) || h.state != stateFailed && h.state != stateUnknown {
		return false
	}
	f := k.choice.reopening(p, h.id, h.content, k.foreign[p])
	to := e.becomes(h.state, f)
	if to == "" {
		return false
	}
	h.state, h.sendingAt, h.attempts = to, 0, 0
	return len(f.supersede) > 0
}
