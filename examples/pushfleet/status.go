package main

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
)

// status tells what has become of a campaign, from the ledger, and what waits in
// the queues.
func (p *program) status(ctx context.Context) error {
	name := p.campaign
	if name == "" {
		all, err := push.Campaigns(ctx, p.ledger, p.account.AppID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return p.usage("there is no campaign of account %s in %s yet", p.account.AppID, p.ledger.Name)
		}
		name = all[0].Name
	}
	summary, err := push.Tally(ctx, p.ledger, p.account.AppID, name)
	if errors.Is(err, sql.ErrNoRows) {
		return p.usage("the ledger has no campaign %s of account %s", name, p.account.AppID)
	}
	if err != nil {
		return err
	}
	p.report(summary)
	s := state{Summary: summary}
	if s.Control, err = push.ControlOf(ctx, p.ledger, p.account.AppID, name); err != nil {
		return err
	}
	if s.Holders, err = push.Holders(ctx, p.ledger, p.account.AppID, name); err != nil {
		return err
	}
	for _, h := range s.Holders {
		p.print("  " + p.Holder(h))
	}
	if err := p.sayControl(ctx, name); err != nil {
		return err
	}
	p.sayDropped(summary)
	if p.json {
		p.encode(s)
	}
	queues := p.sayQueues(ctx)
	if queues != nil { // the ledger has told what it knows
		p.complain("the Redis %s: %s", p.shared.Name, operator.OneLine(queues.Error()))
	}
	switch {
	case summary.Failed+summary.Unknown > 0:
		return operator.Settled{Status: exitFailed}
	case queues != nil:
		return operator.Settled{Status: exitStopped}
	}
	return nil
}

// state is the object of status -json.
type state struct {
	push.Summary
	Control push.Control  `json:"control,omitzero"`
	Holders []push.Holder `json:"holders,omitempty"`
}

// sayControl tells who has paused or cancelled a campaign.
func (p *program) sayControl(ctx context.Context, campaign string) error {
	c, err := push.ControlOf(ctx, p.ledger, p.account.AppID, campaign)
	line := p.Control(c)
	if line == "" || err != nil {
		return err
	}
	if c.Paused() {
		line = p.text("%s; the command resume of batchpush lets it go on", line)
	}
	p.print(campaign + ": " + line)
	return nil
}

// sayQueues tells how many blocks wait, and whether the account is held.
func (p *program) sayQueues(ctx context.Context) error {
	infos, err := p.fleet.infos()
	if err != nil {
		return err
	}
	for _, info := range infos {
		waits := info.Pending + info.Scheduled + info.Retry
		switch old := slices.Contains(p.fleet.rows(), info.Queue); {
		case !old:
			p.say("queue %s: %d blocks wait", info.Queue, waits)
		case waits > 0:
			p.say("queue %s: %d messages of the version before wait", info.Queue, waits)
		}
	}
	h, _, err := p.fleet.held(ctx)
	if h == nil || err != nil {
		return err
	}
	if h.Until == 0 {
		p.say("held: %s", p.text(h.Reason))
		return nil
	}
	p.say("held until %s: %s", time.Unix(h.Until, 0).In(p.timeZone).Format("2006-01-02 15:04:05 MST"), p.text(h.Reason))
	return nil
}
