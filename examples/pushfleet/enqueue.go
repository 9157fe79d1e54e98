package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/pushflag"
)

// enqueueOnce loads a campaign and puts its rows into the queue.
func (p *program) enqueueOnce(ctx context.Context) error {
	config, err := p.config()
	if err != nil {
		return err
	}
	if err := p.checkTemplate(ctx); err != nil {
		return err
	}
	if config.Campaign, err = p.chooseCampaign(ctx, config); err != nil {
		return err
	}
	summary, err := p.enqueue(ctx, config)
	if err == nil && p.json {
		p.encode(summary)
	}
	return err
}

// config is the campaign of the flags, without its name.
func (p *program) config() (push.Config, error) {
	c := push.Config{
		AppID: p.account.AppID, Caller: p.account.Client, School: p.school, Ledger: p.ledger, KeepQuery: true,
		TemplateID: p.template, Fields: p.fields, Since: p.sinceTime, Public: p.public, Limit: p.limit,
		Again: p.options.again, RetryFailed: p.retryFailed, ResendUnknown: p.resendUnknown, Now: p.now, Log: p.logger(),
	}
	if p.link != "" { // only workers have the key
		c.Link, c.LinkBase = func(int64) string { return p.link + "/" + strings.Repeat("x", 64) }, p.link
	}
	var err error
	if p.query != "" {
		if c.Query, err = pushflag.ReadQuery(p.query); err != nil {
			return c, usage("-query %s: %v", p.query, err)
		}
	}
	return c, nil
}

// checkTemplate holds -field to the template, where the account's list shows it.
func (p *program) checkTemplate(ctx context.Context) error {
	if p.account.Simulated() {
		return nil
	}
	list, err := p.account.Client.Template.List(ctx)
	if err != nil {
		return err
	}
	for _, t := range list {
		if t.ID != p.template {
			continue
		}
		missing, surplus := pushflag.Cover(t, p.fields)
		if len(missing) > 0 {
			return usage("-field does not cover %s of the template %q", strings.Join(missing, ", "), t.Title)
		}
		if len(surplus) > 0 {
			return usage("-field %s: the template %q has no such keyword", surplus[0].Key, t.Title)
		}
		return nil
	}
	p.complain("warning: the account's list does not show the template %s; going on with the -field given", p.template)
	return nil
}

// chooseCampaign returns -campaign, or the unfinished one, or today's.
func (p *program) chooseCampaign(ctx context.Context, c push.Config) (string, error) {
	if p.campaign != "" {
		if err := push.CheckCampaign(p.campaign); err != nil {
			return "", usage("-campaign: %v", err)
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

func (p *program) clock() time.Time {
	if p.now != nil {
		return p.now()
	}
	return time.Now()
}

// enqueue loads a campaign into the ledger and puts each pending row into the
// queue. What is there already stays; what Redis has lost is put there again.
func (p *program) enqueue(ctx context.Context, c push.Config) (push.Summary, error) {
	if err := p.keepSince(ctx, &c); err != nil {
		return push.Summary{}, err
	}
	prepared, err := push.Prepare(ctx, c)
	if errors.Is(err, push.ErrSettings) {
		return prepared.Summary, usage("campaign %s was begun with another template, fields, since, link or query: use those, or another -campaign", c.Campaign)
	}
	if err != nil {
		return prepared.Summary, err
	}
	if err := p.fleet.begin(ctx, c.Campaign); err != nil {
		return prepared.Summary, err
	}
	added, known := 0, 0
	for rows, err := range prepared.PendingRows(ctx, p.ledger, p.account.AppID) {
		if err != nil {
			return prepared.Summary, err
		}
		n, err := p.putRows(ctx, c.Campaign, rows)
		if err != nil {
			return prepared.Summary, err
		}
		added, known = added+n, known+len(rows)-n
	}
	if err := p.fleet.begin(ctx, c.Campaign); err != nil { // a worker may have called it done meanwhile
		return prepared.Summary, err
	}
	p.report(prepared.Summary)
	p.say("%d put into the queue, %d were there already", added, known)
	h, err := p.fleet.resume(ctx)
	if err == nil && h != nil {
		p.say("The queue is held until %s: %s", time.Unix(h.Until, 0).In(p.timeZone).Format("2006-01-02 15:04 MST"), h.Reason)
	}
	return prepared.Summary, err
}

// putRows puts rows that have left before where they are repeated soon, and the
// others at the end of the queue.
func (p *program) putRows(ctx context.Context, campaign string, rows []push.Waiting) (added int, err error) {
	repeated := slices.DeleteFunc(slices.Clone(rows), func(w push.Waiting) bool { return w.Attempts == 0 })
	fresh := slices.DeleteFunc(rows, func(w push.Waiting) bool { return w.Attempts > 0 })
	n, err := p.fleet.putAll(ctx, p.fleet.again(), campaign, repeated)
	if err != nil {
		return n, err
	}
	m, err := p.fleet.putAll(ctx, p.fleet.first(), campaign, fresh)
	return n + m, err
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

func (p *program) report(s push.Summary) {
	p.say("%s: %d recipients = %d unchanged + %d accepted + %d skipped + %d failed + %d unknown + %d pending",
		s.Campaign, s.Recipients, s.Unchanged, s.Accepted, s.Skipped, s.Failed, s.Unknown, s.Pending)
}
