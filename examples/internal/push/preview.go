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
}

// Look tells what a Run with the same Config would find, and makes the first n messages. It
// changes nothing, and needs neither a ledger nor the right to make one.
func Look(ctx context.Context, cfg Config, n int) (Preview, error) {
	e := &engine{cfg: cfg, source: newSource(&cfg), ledger: newLedger(cfg.Ledger, cfg.AppID, cfg.Campaign)}
	p := Preview{Summary: Summary{Campaign: cfg.Campaign}}
	counts, err := e.ledger.tally(ctx)
	hasLedger := !absent(err)
	others := false
	if err == nil {
		others, err = e.ledger.others(ctx)
	}
	if err != nil && hasLedger {
		return p, err
	}
	if cfg.RetryFailed {
		counts[statePending] += counts[stateFailed]
		counts[stateFailed] = 0
	}
	if cfg.ResendUnknown {
		counts[statePending] += counts[stateUnknown]
		counts[stateUnknown] = 0
	}
	p.count(counts)
	left := cfg.Limit
	err = e.source.pages(ctx, func(page []recipient, leftOut int) error {
		p.LeftOut += leftOut
		if cfg.Limit > 0 {
			page = page[:min(len(page), left)]
			left -= len(page)
		}
		if err := e.look(ctx, &p, page, hasLedger, others, n); err != nil {
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
	p.Recipients = p.Unchanged + p.Accepted + p.Skipped + p.Failed + p.Unknown + p.Pending
	return p, err
}

// Probe reads one page of recipients, so that a missing table, column or right is told before
// anything is announced. It changes nothing, and needs no ledger.
func Probe(ctx context.Context, cfg Config) error {
	err := newSource(&cfg).pages(ctx, func([]recipient, int) error { return errEnough })
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// look sorts a page into what is there already and what is to be sent.
func (e *engine) look(ctx context.Context, p *Preview, page []recipient, hasLedger, others bool, n int) error {
	entries, err := e.cfg.entries(page)
	if err != nil {
		return err
	}
	var k known
	if hasLedger {
		if k, err = e.ledger.known(ctx, e.cfg.Ledger, entries, others); err != nil {
			return e.ledger.failed(err)
		}
	}
	var unchanged, fresh []entry
	for _, x := range entries {
		h := k.held[x.person]
		if e.reopened(h.state) {
			h.state, h.untouched = statePending, true
			k.held[x.person] = h
		}
		switch fate := k.fateOf(x, e.cfg.Again); {
		case fate == fateInsert:
			fresh = append(fresh, x)
		case fate == fateUnchanged:
			unchanged = append(unchanged, x)
		case fate == fateElsewhere:
			p.Pending, p.Skipped = p.Pending-1, p.Skipped+1
		case fate == fateRefresh && x.fault != nil:
			p.Pending, p.Failed = p.Pending-1, p.Failed+1
			e.show(p, x, n)
		case h.state == statePending:
			e.show(p, x, n)
		}
	}
	return e.lookNew(ctx, p, fresh, unchanged, n)
}

// lookNew counts what the campaign does not have yet.
func (e *engine) lookNew(ctx context.Context, p *Preview, fresh, unchanged []entry, n int) (err error) {
	if unchanged, err = e.source.distinct(ctx, unchanged); err != nil {
		return err
	}
	if fresh, err = e.source.distinct(ctx, fresh); err != nil {
		return err
	}
	p.Unchanged += len(unchanged)
	for _, x := range fresh {
		if x.fault != nil {
			p.Failed++
		} else {
			p.Pending++
		}
		e.show(p, x, n)
	}
	return nil
}

// show keeps the message of x if it is among the first n.
func (e *engine) show(p *Preview, x entry, n int) {
	if len(p.First) >= n {
		return
	}
	m, fault := e.cfg.compose(&row{openid: x.openid}, x.values)
	if x.fault != nil {
		fault = x.fault
	}
	p.First, p.Faults = append(p.First, m), append(p.Faults, fault)
}

// reopened reports whether a Run with this Config takes rows of a state up again.
func (e *engine) reopened(state string) bool {
	return state == stateFailed && e.cfg.RetryFailed || state == stateUnknown && e.cfg.ResendUnknown
}
