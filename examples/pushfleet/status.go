package main

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
)

// status tells what has become of a campaign, and what is in the queues.
func (p *program) status(ctx context.Context) error {
	name := p.campaign
	if name == "" {
		all, err := push.Campaigns(ctx, p.ledger, p.account.AppID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return usage("there is no campaign of account %s in %s yet", p.account.AppID, p.ledger.Name)
		}
		name = all[0].Name
	}
	summary, err := push.Tally(ctx, p.ledger, p.account.AppID, name)
	if errors.Is(err, sql.ErrNoRows) {
		return usage("the ledger has no campaign %s of account %s", name, p.account.AppID)
	}
	if err != nil {
		return err
	}
	p.report(summary)
	if p.json {
		p.encode(summary)
	}
	if err := p.sayQueues(ctx); err != nil { // the ledger has told what there is to know
		p.complain("the Redis %s: %s", p.shared.Name, operator.OneLine(err.Error()))
	}
	if summary.Failed+summary.Unknown > 0 {
		return operator.Settled{Status: exitFailed}
	}
	return nil
}

func (p *program) sayQueues(ctx context.Context) error {
	infos, err := p.fleet.infos()
	if err != nil {
		return err
	}
	for _, info := range infos {
		p.say("queue %s: %d waiting, %d being sent, %d put off, %d failed or unknown", info.Queue, info.Pending, info.Active, info.Scheduled+info.Retry, info.Archived)
	}
	h, _, err := p.fleet.held(ctx)
	if h == nil || err != nil {
		return err
	}
	if h.Until == 0 {
		p.say("held: %s", h.Reason)
		return nil
	}
	p.say("held until %s: %s", time.Unix(h.Until, 0).In(p.timeZone).Format("2006-01-02 15:04:05 MST"), h.Reason)
	return nil
}
