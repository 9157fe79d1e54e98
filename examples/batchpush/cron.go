package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/org/wxhome/examples/internal/push"
)

// beijing is the day that WeChat counts quotas by, UTC+8 without daylight
// saving time.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// stay pushes whenever the cron line fires, until ctx ends. Unfinished
// campaigns go first.
func (p *program) stay(ctx context.Context, s *session) error {
	for {
		next, err := nextFiring(p.cron, time.Now().In(p.timeZone))
		if err != nil {
			return usage(err.Error())
		}
		p.say("next push: %s", next.Format("2006-01-02 15:04 MST"))
		if !sleepUntil(ctx, next) {
			return settled{exitInterrupted}
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
		p.sinceTime, _ = parseSince(p.since, p.timeZone, at)
	}
	unfinished, err := s.unfinished(ctx)
	if err != nil {
		p.complain(p.describe(err))
	}
	own := push.Campaign{Name: campaignName(at, true)}
	unfinished = slices.DeleteFunc(unfinished, func(c push.Campaign) bool { return c.Name == own.Name })
	for _, campaign := range append(unfinished, own) {
		if err := p.pushPatiently(ctx, s, campaign); err != nil {
			return err
		}
	}
	return nil
}

// pushPatiently pushes one campaign and goes on with it at 00:05 in Beijing
// as often as the daily quota stops it. Whatever else stops it is left to the
// next firing; only an interruption is returned.
func (p *program) pushPatiently(ctx context.Context, s *session, campaign push.Campaign) error {
	for {
		err := p.pushOnce(ctx, s, campaign)
		if ctx.Err() != nil {
			return settled{exitInterrupted}
		}
		stop, stopped := errors.AsType[*push.StopError](err)
		if !stopped || stop.Reason != push.ReasonQuota {
			return nil // reported; the next firing continues it
		}
		again := quotaReturns(time.Now())
		p.say("the quota is used up; going on at %s", again.In(p.timeZone).Format("2006-01-02 15:04 MST"))
		if !sleepUntil(ctx, again) {
			return settled{exitInterrupted}
		}
	}
}

// reportSkipped tells of the firings that a push has outlasted.
func (p *program) reportSkipped(from time.Time) {
	now := time.Now().In(p.timeZone)
	skipped, last := 0, from
	for {
		next, err := nextFiring(p.cron, last)
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

// campaignName is the default name of a push: Beijing's date, and for a
// firing of -cron the time too, since there may be several a day.
func campaignName(at time.Time, firing bool) string {
	layout := "photos-2006-01-02"
	if firing {
		layout += "-1504"
	}
	return at.In(beijing).Format(layout)
}

// quotaReturns is 00:05 of Beijing's next day: the quota returns at midnight,
// by clocks that need not agree.
func quotaReturns(now time.Time) time.Time {
	day := now.In(beijing)
	return time.Date(day.Year(), day.Month(), day.Day()+1, 0, 5, 0, 0, beijing)
}

// sleepUntil waits by the wall clock, in steps, since a machine that sleeps
// stops the other one. It reports whether the moment came before ctx ended.
func sleepUntil(ctx context.Context, at time.Time) bool {
	const step = 30 * time.Second
	for {
		left := time.Until(at.Round(0))
		if left <= 0 {
			return ctx.Err() == nil
		}
		timer := time.NewTimer(min(left, step))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}
