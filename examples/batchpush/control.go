package main

import (
	"context"
	"errors"
	"slices"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
)

// steer carries out pause, resume and cancel. What a person wants lies in the ledger, so that it
// needs neither WeChat nor Redis, and is heeded by every process that sends.
func (p *program) steer(ctx context.Context) error {
	return p.withLedger(ctx, func(ledger *db.DB, appID string) error { return p.steerIn(ctx, ledger, appID) })
}

func (p *program) steerIn(ctx context.Context, ledger *db.DB, appID string) error {
	if err := p.known(ctx, ledger, appID); err != nil {
		return err
	}
	var err error
	switch p.command {
	case cmdPause:
		err = p.pause(ctx, ledger, appID)
	case cmdResume:
		err = p.resume(ctx, ledger, appID)
	default:
		err = p.cancel(ctx, ledger, appID)
	}
	if e, ok := errors.AsType[*push.CancelledError](err); ok {
		return p.cancelledError(e)
	}
	return err
}

// known checks that there is a campaign of the name that was given: a mistyped one would stop
// nothing.
func (p *program) known(ctx context.Context, ledger *db.DB, appID string) error {
	if p.campaign == "" {
		return nil
	}
	all, err := push.Campaigns(ctx, ledger, appID)
	if err != nil {
		return p.databaseError(p.text("the ledger"), err)
	}
	if !slices.ContainsFunc(all, func(c push.Campaign) bool { return c.Name == p.campaign }) {
		return usage(p.text("the ledger has no campaign %s of account %s", p.campaign, appID))
	}
	return nil
}

func (p *program) pause(ctx context.Context, ledger *db.DB, appID string) error {
	if err := push.Pause(ctx, ledger, appID, p.campaign, operator.Person()); err != nil {
		return err
	}
	if p.campaign == "" {
		p.say("All campaigns of account %s are paused, and those to come: within two seconds nothing new is sent. What may have left is still repeated.", appID)
	} else {
		p.say("Campaign %s is paused: within two seconds nothing new is sent. What may have left is still repeated.", p.campaign)
	}
	p.say("To go on: %s", p.commandLine(p.steering(cmdResume, p.campaign)))
	return nil
}

func (p *program) resume(ctx context.Context, ledger *db.DB, appID string) error {
	if err := push.Resume(ctx, ledger, appID, p.campaign, operator.Person()); err != nil {
		return err
	}
	if p.campaign == "" {
		p.say("All campaigns of account %s go on, wherever a process or a worker waits for that.", appID)
		return p.sayHeld(ctx, ledger, appID)
	}
	p.say("Campaign %s goes on, wherever a process or a worker waits for that.", p.campaign)
	return nil
}

// sayHeld tells which campaigns wait for a yes of their own, and how each gets it.
func (p *program) sayHeld(ctx context.Context, ledger *db.DB, appID string) error {
	held, err := push.Held(ctx, ledger, appID)
	if err != nil {
		return p.databaseError(p.text("the ledger"), err)
	}
	for _, name := range held {
		p.say("But campaign %s still waits for a yes, since it is the account's first or unusually large. To send it: %s",
			name, p.commandLine(p.steering(cmdResume, name)))
	}
	return nil
}

func (p *program) cancel(ctx context.Context, ledger *db.DB, appID string) error {
	if p.asks && !p.yes && !p.ask(ctx, p.text("Cancel campaign %s for good? [y/N] ", p.campaign)) {
		p.say("Nothing was cancelled.")
		return operator.Settled{Status: exitStopped}
	}
	done, err := push.Cancel(ctx, ledger, appID, p.campaign, operator.Person())
	if err != nil {
		return err
	}
	p.say("Campaign %s is cancelled: %d messages are not sent, %d may have been, %d are being settled by the process that sends them.",
		p.campaign, done.Skipped, done.Unknown, done.Sending)
	if done.Dropped > 0 {
		p.say("%d of the messages that are not sent had been taken over from other campaigns, which do not send them any more. A push with -new sends them.", done.Dropped)
	}
	return nil
}

// steering is the command that resumes a campaign, or with an empty name all of them.
func (p *program) steering(command, campaign string) operator.Change {
	c := other(command)
	c.Drop = []string{"campaign"}
	if campaign != "" {
		c.Add = []string{"-campaign", campaign}
	}
	return c
}

// cancelledError says that a campaign is over for good.
func (p *program) cancelledError(e *push.CancelledError) error {
	return usage(p.text("campaign %s: %s; that is final, and its name is not taken again: use another -campaign", e.Campaign, p.Control(e.Control)))
}

// mayGoOn asks before a paused campaign that was named on a terminal goes on. Elsewhere the push
// waits for resume, and says so.
func (p *program) mayGoOn(ctx context.Context, s *session, campaign push.Campaign) error {
	control, err := push.ControlOf(ctx, s.ledger, s.account.AppID, campaign.Name)
	if err != nil {
		return p.ledgerError(err)
	}
	switch {
	case control.Cancelled():
		return p.cancelledError(&push.CancelledError{Campaign: campaign.Name, Control: control})
	case !control.Paused() || !p.asks || p.campaign == "" || p.dryRun:
		return nil
	}
	if !p.ask(ctx, p.text("Campaign %s: %s. Go on with it? [y/N] ", campaign.Name, p.Control(control))) {
		p.say("Nothing was sent.")
		return operator.Settled{Status: exitStopped}
	}
	return p.ledgerError(push.Resume(ctx, s.ledger, s.account.AppID, campaign.Name, operator.Person()))
}

// sayControl tells who has paused or cancelled a campaign, and how it goes on.
func (p *program) sayControl(campaign string, control push.Control) {
	if line := p.Control(control); line != "" {
		p.say("%s: %s", campaign, line)
	}
	if !control.Paused() {
		return
	}
	if control.All {
		campaign = ""
	}
	p.say("To go on: %s", p.commandLine(p.steering(cmdResume, campaign)))
}
