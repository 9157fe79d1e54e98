package main

import (
	"context"
	"errors"
	"time"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/pushflag"
)

// stay goes on with what is open, and then pushes whenever the cron line fires, until ctx ends.
func (p *program) stay(ctx context.Context, s *session) error {
	if err := p.goOn(ctx, s, ""); err != nil {
		return err
	}
	for {
		next, err := pushflag.NextFiring(p.cron, time.Now().In(p.timeZone))
		if err != nil {
			return usage(err.Error())
		}
		p.say("next push: %s", next.Format("2006-01-02 15:04 MST"))
		if !pushflag.SleepUntil(ctx, next) {
			return operator.Settled{Status: exitInterrupted}
		}
		if err := p.fire(ctx, s, next); err != nil {
			return err
		}
		p.reportSkipped(next)
	}
}

// fire does what is left of earlier campaigns and then one of its own.
func (p *program) fire(ctx context.Context, s *session, at time.Time) error {
	if p.relativeSince() { // 7d are those before this firing, not before the program's start
		p.sinceTime, _ = pushflag.ParseSince(p.since, p.timeZone, at)
	}
	own := push.Campaign{Name: pushflag.CampaignName(at, true)}
	if err := p.goOn(ctx, s, own.Name); err != nil {
		return err
	}
	return p.pushPatiently(ctx, s, own)
}

// pushPatiently pushes one campaign and goes on with it at 00:05 in Beijing
// as often as the daily quota stops it, and as soon as the ledger answers again
// when that had gone silent. Whatever else stops it is left to the
// next firing; only an interruption is returned.
func (p *program) pushPatiently(ctx context.Context, s *session, campaign push.Campaign) error {
	for {
		err := p.holdBack(ctx, s, campaign)
		if err == nil {
			break
		}
		p.complain(p.describe(err))
		if ctx.Err() != nil {
			return operator.Settled{Status: exitInterrupted}
		}
		if !push.IsSilent(err) {
			return nil // the next firing tries it again
		}
		p.awaitLedger(ctx, s)
	}
	for {
		err := p.pushOnce(ctx, s, campaign)
		if ctx.Err() != nil {
			return operator.Settled{Status: exitInterrupted}
		}
		if push.IsSilent(err) {
			p.awaitLedger(ctx, s)
			continue
		}
		stop, stopped := errors.AsType[*push.StopError](err)
		if !stopped || stop.Reason != push.ReasonQuota {
			return nil // reported; the next firing continues it
		}
		again := pushflag.QuotaReturns(time.Now())
		p.say("the quota is used up; going on at %s", again.In(p.timeZone).Format("2006-01-02 15:04 MST"))
		if !pushflag.SleepUntil(ctx, again) {
			return operator.Settled{Status: exitInterrupted}
		}
	}
}

const (
	// ledgerEvery is how often a ledger that is gone is tried again.
	ledgerEvery = 5 * time.Second
	// ledgerWithin is how long it may take to answer then.
	ledgerWithin = 10 * time.Second
)

// awaitLedger waits until the ledger answers, or ctx ends. It was said what the
// matter is; it says when that is over.
func (p *program) awaitLedger(ctx context.Context, s *session) {
	for ctx.Err() == nil {
		pushflag.SleepUntil(ctx, time.Now().Add(ledgerEvery))
		asking, cancel := context.WithTimeout(ctx, ledgerWithin)
		err := s.ledger.PingContext(asking)
		cancel()
		if err == nil {
			p.say("the database answers again; going on")
			return
		}
	}
}

// reportSkipped tells of the firings that a push has outlasted.
func (p *program) reportSkipped(from time.Time) {
	now := time.Now().In(p.timeZone)
	skipped, last := 0, from
	for {
		next, err := pushflag.NextFiring(p.cron, last)
		if err != nil || next.After(now) {
			break
		}
		skipped, last = skipped+1, next
	}
	if skipped > 0 {
		p.warn("firings skipped until %s: %d, since the push of %s was still running",
			last.Format("2006-01-02 15:04"), skipped, from.Format("2006-01-02 15:04"))
	}
}
