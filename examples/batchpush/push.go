package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/wechat"
)

// push is the main command: a push now, or with -cron whenever it is time.
func (p *program) push(ctx context.Context) error {
	s, err := p.begin(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	s.sayTarget()
	p.warnOfVariables()
	if err := push.Probe(ctx, s.config(push.Campaign{})); err != nil {
		return p.lookError(err)
	}
	switch {
	case p.cron != "":
		return p.stay(ctx, s)
	case p.to != "":
		return p.trial(ctx, s)
	}
	campaign, err := s.choose(ctx)
	if err != nil {
		return err
	}
	if err := p.concerns(ctx, s, campaign); err != nil {
		return err
	}
	if err := p.mayGoOn(ctx, s, campaign); err != nil {
		return err
	}
	if p.dryRun {
		return p.dry(ctx, s, campaign)
	}
	if err := p.announce(ctx, s, campaign); err != nil {
		return err
	}
	return p.pushOnce(ctx, s, campaign)
}

// sayTarget says where the messages go.
func (s *session) sayTarget() {
	s.p.say("Account %s at %s, database %s, template %s %s", s.account.AppID, s.account.Host, s.school.Name, s.chosen.ID, s.chosen.Title)
	if s.ledger != s.school {
		s.p.say("Ledger: %s", s.ledger.Name)
	}
}

// announce tells on a terminal how much there is to do, and asks before a new
// campaign.
func (p *program) announce(ctx context.Context, s *session, campaign push.Campaign) error {
	p.say("Campaign %s", campaign.Name)
	if !p.terminal && (p.yes || s.account.Simulated()) {
		return nil
	}
	look, err := push.Look(ctx, s.config(campaign), 0)
	if err != nil {
		return p.lookError(err)
	}
	if p.terminal {
		p.sayCount(ctx, s, look)
	}
	return p.approved(ctx, s, campaign, look.Pending)
}

// sayCount tells the count, the quota that is left and when it will be over.
func (p *program) sayCount(ctx context.Context, s *session, look push.Preview) {
	p.say("%d recipients: %d to send, %d unchanged, %d accepted, %d skipped, %d failed, %d unknown; %s",
		look.Recipients, look.Pending, look.Unchanged, look.Accepted, look.Skipped, look.Failed, look.Unknown, p.LeftOut(look.Summary))
	p.sayOmitted(look.Summary)
	p.sayOthers(look.Summary)
	if look.Failed > 0 {
		p.warn("messages that have failed or whose values break a rule, and which will not be sent: %d", look.Failed)
	}
	pace := p.pace(s.account.Simulated())
	took := time.Duration(float64(look.Pending) / pace.rate * float64(time.Second))
	took += time.Duration(max(look.Pending-1, 0)/pace.batch) * pace.interval
	p.say("Finished at about %s (%s), at %g a second and %s between batches of %d",
		time.Now().Add(took).Format("2006-01-02 15:04"), spoken(took), pace.rate, pace.interval, pace.batch)
	q, ok := s.quota(ctx)
	switch {
	case ok && q.Remain < int64(look.Pending):
		p.warn("%d messages are left of today's quota of %d: the rest has to wait for tomorrow", q.Remain, q.DailyLimit)
	case ok:
		p.say("Quota left today: %d of %d", q.Remain, q.DailyLimit)
	}
}

// lookError makes what goes wrong before the first message an error of
// configuration, unless the network is to blame, or a database that gives no answer any more.
func (p *program) lookError(err error) error {
	if _, ok := errors.AsType[*wechat.Error](err); ok || errors.Is(err, context.Canceled) || push.IsSilent(err) {
		return err
	}
	if shifted, ok := errors.AsType[*push.ShiftedError](err); ok {
		return p.shifted(shifted)
	}
	return usage(p.describe(err))
}

// pushOnce pushes one campaign and reports. The error is a settled one, or
// joins one with the reason why the push was stopped.
func (p *program) pushOnce(ctx context.Context, s *session, campaign push.Campaign) error {
	meter := p.newMeter(campaign.Name)
	config := s.config(campaign)
	config.Progress = meter.show
	summary, err := push.Run(context.WithoutCancel(ctx), ctx.Done(), config)
	meter.end(summary)
	if summary.Campaign == "" && err != nil { // it never began
		return errors.Join(p.neverBegan(ctx, campaign, err), err)
	}
	p.report(summary)
	return p.outcome(ctx, s, summary, err)
}

// neverBegan maps what stops a push before its campaign exists.
func (p *program) neverBegan(ctx context.Context, campaign push.Campaign, err error) error {
	switch {
	case push.IsSilent(err) && p.cron == "":
		p.complain(p.describe(err))
		p.sayContinue(ctx, asGiven(campaign.Name))
	case push.IsSilent(err):
		p.complain(p.describe(err))
	case errors.Is(err, push.ErrBusy):
		p.complain(p.text("another process is pushing with this ledger (%s): wait until it is done", oneLine(err.Error())))
	case db.IsFull(err):
		p.complain(p.describe(err))
	default:
		return p.lookError(err)
	}
	return operator.Settled{Status: exitStopped}
}

// report prints the summary.
func (p *program) report(s push.Summary) {
	p.say("%s: %d recipients = %d unchanged + %d accepted + %d skipped + %d failed + %d unknown + %d pending",
		s.Campaign, s.Recipients, s.Unchanged, s.Accepted, s.Skipped, s.Failed, s.Unknown, s.Pending)
	p.say("%d sent in this run in %.1f s; %s", s.Sent, s.Seconds, p.LeftOut(s))
	p.sayOmitted(s)
	p.sayOthers(s)
	if p.json {
		p.encode(s)
	}
}

// sayOmitted tells whom -since leaves out, and of pupils whose ids differ in form alone.
func (p *program) sayOmitted(s push.Summary) {
	if line := p.Early(s); line != "" {
		fmt.Fprintln(p.out, line)
	}
	if line := p.Alike(s); line != "" {
		fmt.Fprintln(p.stderr, p.text("warning: ")+line)
	}
}

func (p *program) encode(v any) {
	e := json.NewEncoder(p.stdout)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a stdout that is gone changes no status
}

// outcome explains what is left to do, and chooses the exit status.
func (p *program) outcome(ctx context.Context, in *session, s push.Summary, err error) error {
	if err != nil {
		return p.stopped(ctx, s, err)
	}
	if s.Failed > 0 {
		p.say("What failed, and why, as a file for Excel: %s", p.commandLine(statusOf(s.Campaign, "-failures", "failures.csv")))
		p.say("To send the failed ones again, once that is mended: %s", p.commandLine(naming(s.Campaign, "-retry-failed")))
	}
	if open := p.sayOpen(ctx, in, s); s.Unknown > open {
		p.say("Nobody knows whether the unknown ones arrived. To send them again, at the risk of a second message: %s",
			p.commandLine(naming(s.Campaign, "-resend-unknown")))
		p.say("To count them as received instead: %s", p.commandLine(naming(s.Campaign, "-unknown-received")))
		p.say("For one pupil only, add -student ID to that command; for one parent only, -parent FILE, a file with the openid.")
	}
	p.sayNewer(s)
	p.sayDropped(s)
	switch {
	case s.Pending > 0: // a campaign that had more rows than -limit lets through
		p.say("-limit leaves the rest. To continue: %s", p.commandLine(without("limit", naming(s.Campaign))))
		return operator.Settled{Status: exitStopped}
	case s.Failed+s.Unknown > 0:
		return operator.Settled{Status: exitFailed}
	}
	return nil
}

// sayNewer tells of photos that came after the campaign's messages. A firing needs no telling: the
// next one sends them.
func (p *program) sayNewer(s push.Summary) {
	if s.Newer > 0 && p.cron == "" {
		p.say("Messages of this campaign that arrived before the newest photo: %d. To send that photo too: %s", s.Newer, p.commandLine(anew()))
	}
}

// stopped explains an early stop and prints the command that continues.
func (p *program) stopped(ctx context.Context, s push.Summary, err error) error {
	status := exitStopped
	stop, isStop := errors.AsType[*push.StopError](err)
	cancelled, isCancelled := errors.AsType[*push.CancelledError](err)
	if shifted, ok := errors.AsType[*push.ShiftedError](err); ok {
		return p.shifted(shifted)
	}
	switch {
	case errors.Is(err, push.ErrAgain):
		p.complain(p.text("-again stays with the campaign that began with it: continue %s as it was begun, or take another -campaign or -new", s.Campaign))
		return operator.Settled{Status: exitUsage}
	case errors.Is(err, push.ErrQuery):
		p.complain(p.text("campaign %s was begun with another -query: use that one, or another -campaign", s.Campaign))
		return operator.Settled{Status: exitUsage}
	case errors.Is(err, push.ErrSettings):
		p.complain(p.otherSettings(s.Campaign))
		return operator.Settled{Status: exitUsage}
	case isCancelled:
		p.complain(p.describe(p.cancelledError(cancelled)))
		return operator.Settled{Status: exitStopped}
	case ctx.Err() != nil:
		status = exitInterrupted
		p.complain(p.text("interrupted"))
	case db.IsDenied(err) || db.IsMissing(err): // which no repeating mends
		p.complain(p.describe(err))
		return operator.Settled{Status: exitUsage}
	case isStop && stop.Err != nil:
		p.complain(p.text(string(stop.Reason)) + ": " + p.describe(stop.Err))
	default:
		p.complain(p.describe(err))
	}
	p.sayContinue(ctx, naming(s.Campaign))
	return errors.Join(operator.Settled{Status: status}, err)
}

func (p *program) otherSettings(campaign string) string {
	return p.text("campaign %s was begun with another template, fields, since or link: use those, or another -campaign", campaign)
}

// sayContinue prints the command that goes on. After an interruption of -cron it is the one that
// stays again, which goes on with the open campaign first.
func (p *program) sayContinue(ctx context.Context, change operator.Change) {
	if p.cron != "" && ctx.Err() != nil {
		change = operator.Change{}
	}
	p.say("To continue: %s", p.commandLine(change))
}

// dry shows what a push would do.
func (p *program) dry(ctx context.Context, s *session, campaign push.Campaign) error {
	if !campaign.Created.IsZero() && !campaign.Fits(s.config(campaign)) {
		return usage(p.otherSettings(campaign.Name))
	}
	look, err := push.Look(ctx, s.config(campaign), 3)
	if err != nil {
		return p.lookError(err)
	}
	p.say("Dry run of campaign %s: nothing is sent and nothing is written.", campaign.Name)
	p.sayCount(ctx, s, look)
	p.sayNewer(look.Summary)
	p.sayDropped(look.Summary)
	for i, m := range look.First {
		fmt.Fprintln(p.out, p.show(m))
		if look.Faults[i] != nil {
			p.warn("this message would fail: %s", p.valueFault(look.Faults[i]))
		}
	}
	if p.json {
		p.encode(look.Summary)
	}
	if look.Failed > 0 {
		return operator.Settled{Status: exitFailed}
	}
	return nil
}
