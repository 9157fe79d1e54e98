package main

import (
	"context"
	"time"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
)

// unusual says why a person should look at a push of so many messages before it is sent; empty: it
// is as others were. A simulation never asks, and -yes has answered.
func (p *program) unusual(ctx context.Context, s *session, campaign push.Campaign, pending int) (string, error) {
	if s.account.Simulated() || p.yes {
		return "", nil
	}
	u, err := push.CompareWithUsual(ctx, s.config(campaign), pending)
	return p.Unusual(u, s.account.AppID), p.ledgerError(err)
}

// approved asks for the yes that an unusual push needs, and before a new campaign on a terminal.
func (p *program) approved(ctx context.Context, s *session, campaign push.Campaign, pending int) error {
	why, err := p.unusual(ctx, s, campaign, pending)
	switch {
	case err != nil:
		return err
	case p.yes || pending == 0 || why == "" && (!p.asks || !campaign.Created.IsZero()):
		return nil
	case !p.asks:
		return usage(p.text("%s. Look at it with -dry-run, then add -yes: %s", why, p.commandLine(operator.Change{Add: []string{"-yes"}})))
	case why != "":
		p.warn("%s", why)
	}
	if !p.ask(ctx, p.text("Send %d messages? [y/N] ", pending)) {
		p.say("Nothing was sent.")
		return operator.Settled{Status: exitStopped}
	}
	return nil
}

// holdBack pauses an unusual campaign of a firing, at which nobody is there to be asked, until a
// person resumes it by its name.
func (p *program) holdBack(ctx context.Context, s *session, campaign push.Campaign) error {
	if s.account.Simulated() || p.yes {
		return nil
	}
	look, err := push.Look(ctx, s.config(campaign), 0)
	if err != nil {
		return err
	}
	why, err := p.unusual(ctx, s, campaign, look.Pending)
	if err != nil || why == "" {
		return err
	}
	p.warn("%s; the campaign %s waits for resume -campaign, and -yes would not wait", why, campaign.Name)
	return push.Hold(ctx, s.ledger, s.account.AppID, campaign.Name, push.HeldByCron)
}

// compareCounts warns when WeChat has counted more messages today than the ledger has: one that was
// restored from a backup would send what it has forgotten.
func (c *checker) compareCounts(ctx context.Context) {
	if c.s.ledger == nil || c.used == 0 {
		return
	}
	day := time.Now().In(db.Beijing)
	midnight := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, db.Beijing)
	n, err := push.AttemptsSince(ctx, c.s.ledger, c.s.account.AppID, midnight.Unix())
	what := c.p.text("messages of today")
	switch {
	case err != nil:
		c.warn(what, c.p.describe(err))
	case c.used > n:
		c.warn(what, c.p.text("WeChat has counted %d, the ledger %d: unless another program sent the rest, or -to did, the ledger is older than what was sent, as after a restored backup, and a push would send some of it again",
			c.used, n))
	default:
		c.ok(what, c.p.text("WeChat has counted %d, the ledger %d", c.used, n))
	}
}
