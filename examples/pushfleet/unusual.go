package main

import (
	"context"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
)

// unusual says why a person should look at a campaign before it is sent; empty: it is as others
// were. A simulation never asks, and -yes has answered.
func (p *program) unusual(ctx context.Context, c push.Config) (string, error) {
	if p.account.Simulated() || p.yes {
		return "", nil
	}
	look, err := push.Look(ctx, c, 0)
	if err != nil {
		return "", err
	}
	u, err := push.CompareWithUsual(ctx, c, look.Pending)
	return p.Unusual(u, c.AppID), err
}

// approved refuses an unusual campaign that nobody has said yes to.
func (p *program) approved(ctx context.Context, c push.Config) error {
	why, err := p.unusual(ctx, c)
	if err != nil || why == "" {
		return err
	}
	return p.usage("%s. If that is meant, add -yes: %s", why, p.commandLine(operator.Change{Add: []string{"-yes"}}))
}

// holdBack pauses an unusual campaign of a firing, at which nobody is there to be asked, until a
// person resumes it by its name.
func (p *program) holdBack(ctx context.Context, c push.Config) error {
	why, err := p.unusual(ctx, c)
	if err != nil || why == "" {
		return err
	}
	p.complain("warning: %s; the campaign %s waits for the command resume -campaign of batchpush, and -yes would not wait", why, c.Campaign)
	return push.Hold(ctx, p.ledger, p.account.AppID, c.Campaign, push.HeldBySchedule)
}
