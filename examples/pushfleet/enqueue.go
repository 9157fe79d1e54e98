package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/pushflag"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/template"
)

// enqueueOnce loads a campaign and puts its blocks into the queue.
func (p *program) enqueueOnce(ctx context.Context) error {
	config, err := p.config()
	if err != nil {
		return err
	}
	if err := p.checkTemplate(ctx); err != nil {
		return err
	}
	if err := p.probe(ctx, config); err != nil {
		return err
	}
	if config.Campaign, err = p.chooseCampaign(ctx, config); err != nil {
		return err
	}
	if err := p.concerns(ctx, config.Campaign); err != nil {
		return err
	}
	if err := p.approved(ctx, config); err != nil {
		return err
	}
	summary, err := p.enqueue(ctx, config)
	if err != nil && !isMistake(err) {
		change := naming(config.Campaign)
		if summary.Campaign == "" {
			change = asGiven(config.Campaign)
		}
		p.say("To continue: %s", p.commandLine(change))
	}
	if err != nil {
		return err
	}
	if summary.Newer > 0 {
		p.say("Messages of this campaign that arrived before the newest photo: %d. To send that photo too, enqueue with another -campaign.", summary.Newer)
	}
	p.sayDropped(summary)
	p.say("How far it is: %s", p.commandLine(statusOf(config.Campaign)))
	if p.json {
		p.encode(summary)
	}
	return nil
}

// config is the campaign of the flags, without its name.
func (p *program) config() (push.Config, error) {
	c := push.Config{
		PrivacyKeys: push.PrivacyKeys(p.getenv),
		AppID:       p.account.AppID, Caller: p.account.Client, School: p.school, Ledger: p.ledger, KeepQuery: true,
		TemplateID: p.template, Fields: p.fields, Since: p.sinceTime, Public: p.public, Limit: p.limit,
		Again: p.options.again, RetryFailed: p.retryFailed, ResendUnknown: p.resendUnknown, UnknownReceived: p.unknownReceived, TimesShifted: p.timesShifted, Now: p.now, Log: p.logger(),
	}
	if p.link != "" { // only workers have the key
		c.Link, c.LinkBase = func(int64) string { return p.link + "/" + strings.Repeat("x", 64) }, p.link
	}
	var err error
	if p.query != "" {
		if c.Query, err = pushflag.ReadQuery(p.query); err != nil {
			return c, p.usage("-query %s: %v", p.query, err)
		}
	}
	return c, nil
}

// probe reads a page of the school, so that a table, column or right that is missing is told before
// anything is written.
func (p *program) probe(ctx context.Context, c push.Config) error {
	err := push.Probe(ctx, c)
	if err == nil || ctx.Err() != nil || push.IsSilent(err) {
		return err
	}
	if foreign, ok := errors.AsType[*foreignError](p.ownLedger(ctx)); ok { // a school without tables is another one
		return foreign
	}
	return operator.Usage(p.describe(err))
}

// checkTemplate holds -field to the template, where the account's list shows it, and its values to
// the rules. A simulation has the demo school's template, and each other one with the keywords that
// -field fills.
func (p *program) checkTemplate(ctx context.Context) error {
	list := []template.Template{school.DemoTemplate()}
	if !p.account.Simulated() {
		var err error
		if list, err = p.account.Client.Template.List(ctx); err != nil {
			return err
		}
	}
	at := slices.IndexFunc(list, func(t template.Template) bool { return t.ID == p.template })
	if at >= 0 {
		missing, surplus := pushflag.Cover(list[at], p.fields)
		if len(missing) > 0 {
			return p.usage("-field does not cover %s of the template %q", strings.Join(missing, ", "), list[at].Title)
		}
		if len(surplus) > 0 {
			return p.usage("-field %s: the template %q has no such keyword", surplus[0].Key, list[at].Title)
		}
	}
	if err := p.checkLiterals(); err != nil {
		return err
	}
	if at < 0 && !p.account.Simulated() {
		p.complain("warning: the account's list does not show the template %s; going on with the -field given", p.template)
	}
	return nil
}

// checkLiterals checks what can be checked of the values without a row.
func (p *program) checkLiterals() error {
	key, err := p.fields.CheckLiterals()
	if errors.Is(err, pushflag.ErrLink) {
		return p.usage("-field %s: a link is no value; the message itself is the link (-link or -public-photos)", key)
	}
	if e, ok := errors.AsType[*template.ValueError](err); ok {
		return p.usage("-field %s: %s", key, e.Reason)
	}
	return err
}

// chooseCampaign returns -campaign, or the unfinished one, or today's.
func (p *program) chooseCampaign(ctx context.Context, c push.Config) (string, error) {
	if p.campaign != "" {
		if err := push.CheckCampaign(p.campaign); err != nil {
			return "", p.usage("-campaign: %v", err)
		}
		return p.campaign, nil
	}
	name, err := push.Unfinished(ctx, c)
	if err != nil {
		return "", err
	}
	if name != "" {
		p.say("Continuing the unfinished campaign %s (another one: -campaign)", name)
		return name, nil
	}
	return pushflag.CampaignName(p.clock(), false), nil
}

// concerns refuses a decision about a campaign that there is not: its mistyped name would begin one,
// which would also send what another one has left in doubt.
func (p *program) concerns(ctx context.Context, campaign string) error {
	if !p.retryFailed && !p.resendUnknown && !p.unknownReceived {
		return nil
	}
	all, err := push.Campaigns(ctx, p.ledger, p.account.AppID)
	if err == nil && !slices.ContainsFunc(all, func(c push.Campaign) bool { return c.Name == campaign }) {
		return p.usage("the ledger has no campaign %s of account %s", campaign, p.account.AppID)
	}
	return err
}

func (p *program) clock() time.Time {
	if p.now != nil {
		return p.now()
	}
	return time.Now()
}

// enqueue loads a campaign into the ledger and puts each block with pending rows
// into the queue. What is there already stays; what Redis has lost is put there
// again.
func (p *program) enqueue(ctx context.Context, c push.Config) (push.Summary, error) {
	if err := p.ownLedger(ctx); err != nil {
		return push.Summary{}, err
	}
	if err := p.keepSince(ctx, &c); err != nil {
		return push.Summary{}, err
	}
	prepared, err := push.Prepare(ctx, c)
	if shifted, ok := errors.AsType[*push.ShiftedError](err); ok {
		return prepared.Summary, p.usage("the photos of %d of %d recipients have the addresses of earlier campaigns, and times that differ by %s: nothing was put into the queue. If only the time zone of the database's address (loc) was changed, enqueue once with -times-shifted; if these are new photos, with -again and another -campaign",
			shifted.Recipients, shifted.Sampled, shifted.By)
	}
	if errors.Is(err, push.ErrAgain) {
		return prepared.Summary, p.usage("-again stays with the campaign that began with it: continue %s as it was begun, or take another -campaign", c.Campaign)
	}
	if errors.Is(err, push.ErrSettings) {
		return prepared.Summary, p.usage("campaign %s was begun with another template, fields, since, link or query: use those, or another -campaign", c.Campaign)
	}
	if e, cancelled := errors.AsType[*push.CancelledError](err); cancelled {
		return prepared.Summary, p.usage("campaign %s was cancelled by %s at %s; choose another name", e.Campaign, e.By, e.At.In(db.Beijing).Format("2006-01-02 15:04"))
	}
	if err != nil {
		return prepared.Summary, err
	}
	if err := p.begin(ctx, c.Campaign); err != nil {
		return prepared.Summary, err
	}
	added, known := 0, 0
	for blocks, err := range prepared.PendingBlocks(ctx, p.ledger, p.account.AppID) {
		if err != nil {
			return prepared.Summary, err
		}
		n, err := p.fleet.putAll(ctx, blocks)
		if err != nil {
			return prepared.Summary, err
		}
		added, known = added+n, known+len(blocks)-n
	}
	if err := p.begin(ctx, c.Campaign); err != nil { // a worker may have called it done meanwhile
		return prepared.Summary, err
	}
	p.report(prepared.Summary)
	if err := p.sayControl(ctx, c.Campaign); err != nil {
		return prepared.Summary, err
	}
	p.say("Blocks of %d recipients: %d put into the queue, %d were there already", push.BlockSize, added, known)
	h, err := p.fleet.resume(ctx)
	if err == nil && h != nil {
		p.say("The queue is held until %s: %s", time.Unix(h.Until, 0).In(p.timeZone).Format("2006-01-02 15:04 MST"), p.text(h.Reason))
	}
	return prepared.Summary, err
}

// keepSince keeps the moment that a campaign's -since 7d stood for when it began.
func (p *program) keepSince(ctx context.Context, c *push.Config) error {
	if _, err := operator.ParsePeriod(p.since); p.since == "" || err != nil {
		return nil
	}
	all, err := push.Campaigns(ctx, p.ledger, p.account.AppID)
	for _, known := range all {
		if known.Name == c.Campaign && !known.Since.IsZero() {
			c.Since = known.Since
		}
	}
	return err
}

// sayDropped tells of recipients whom another campaign took over, which was cancelled.
func (p *program) sayDropped(s push.Summary) {
	if s.Dropped > 0 {
		p.say("Skipped here since another campaign took them over, which was cancelled, so that no campaign sends them: %d. To send them, enqueue with another -campaign.", s.Dropped)
	}
}

func (p *program) report(s push.Summary) {
	p.say("%s: %d recipients = %d unchanged + %d accepted + %d skipped + %d failed + %d unknown + %d pending",
		s.Campaign, s.Recipients, s.Unchanged, s.Accepted, s.Skipped, s.Failed, s.Unknown, s.Pending)
	if s.LeftOut > 0 {
		p.print(p.LeftOut(s))
	}
	if line := p.Early(s); line != "" {
		p.print(line)
	}
	if line := p.Alike(s); line != "" {
		p.complain("warning: %s", line)
	}
	for _, o := range s.Others {
		p.say("Campaign %s of %s: %d superseded by this one, %d unknown, which hold their recipients back",
			o.Campaign, o.Begun.In(p.timeZone).Format(p.text("2 Jan")), o.Superseded, o.Unknown)
		if o.Open > 0 {
			p.say("%d of them wait for campaign %s, which has not settled its own messages yet: enqueue that one as it was begun, and this one again when it is done", o.Open, o.Campaign)
		}
	}
}
