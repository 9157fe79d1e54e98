package main

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/photolink"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/pushflag"
	"github.com/org/wxhome/wechat"
)

// session is what a push needs: an account, the databases, a template.
type session struct {
	p       *program
	account *account.Account
	school  *db.DB
	ledger  *db.DB // may be school
	query   string
	links   *photolink.Signer // nil: none
	chosen  chosen
}

// begin opens everything that a push needs, in the order in which mistakes
// are cheapest to find, and changes nothing but for the demo school.
func (p *program) begin(ctx context.Context) (s *session, err error) {
	s = &session{p: p}
	if s.account, err = p.openAccount(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
			s = nil
		}
	}()
	if err = p.checkSetUp(s); err != nil {
		return s, err
	}
	if err = s.openDatabases(ctx); err != nil {
		return s, err
	}
	s.chosen, err = p.chooseTemplate(ctx, s.account)
	return s, err
}

// checkSetUp checks what needs neither a network nor a database.
func (p *program) checkSetUp(s *session) error {
	real := !s.account.Simulated()
	switch {
	case real && p.db == "":
		return usage(p.text("-db (or WXHOME_DB) is missing: the demo school is for the simulation only"))
	case real && p.template == "":
		return p.templateMissing()
	case real && p.link == "" && !p.public:
		return usage(p.text("a push needs -link URL (signed links to the photo page) or -public-photos (links to the photos themselves)"))
	}
	if err := s.readQuery(); err != nil {
		return err
	}
	if err := p.readParent(); err != nil {
		return err
	}
	return s.openLinks()
}

// readQuery reads the file of -query.
func (s *session) readQuery() error {
	if s.p.query == "" {
		return nil
	}
	query, err := pushflag.ReadQuery(s.p.query)
	switch {
	case errors.Is(err, pushflag.ErrNoFile):
		return usage(s.p.text("-query: there is no file %s", s.p.query))
	case errors.Is(err, pushflag.ErrNoSelect):
		return usage(s.p.text("-query: %s does not begin with SELECT", s.p.query))
	case err != nil:
		return usage("-query: " + err.Error())
	}
	s.query = query
	return nil
}

// openLinks makes the signer of -link.
func (s *session) openLinks() (err error) {
	p := s.p
	if p.link == "" {
		return nil
	}
	key, previous := p.getenv("WXHOME_LINK_KEY"), p.getenv("WXHOME_LINK_KEY_PREVIOUS")
	if len(key) < photolink.MinKey {
		return usage(p.text("-link needs WXHOME_LINK_KEY, a secret of at least %d characters that the photo page knows too", photolink.MinKey))
	}
	if s.links, err = photolink.New(p.link, key, previous); err != nil {
		return usage("-link: " + strings.TrimPrefix(err.Error(), "photolink: "))
	}
	return nil
}

func (s *session) openDatabases(ctx context.Context) (err error) {
	if s.school, err = s.p.openSchool(ctx, false); err != nil {
		return err
	}
	s.ledger, err = s.p.openLedger(ctx, s.school)
	return err
}

func (s *session) close() {
	if s.ledger != nil && s.ledger != s.school {
		_ = s.ledger.Close()
	}
	if s.school != nil {
		_ = s.school.Close()
	}
	s.account.Close()
}

// config is what a push of campaign does. A campaign that has begun keeps the
// moment that its -since 7d stood for.
func (s *session) config(campaign push.Campaign) push.Config {
	p := s.p
	pace := p.pace(s.account.Simulated())
	c := push.Config{
		PrivacyKeys: push.PrivacyKeys(p.getenv),
		AppID:       s.account.AppID, Caller: s.account.Client,
		School: s.school, Ledger: s.ledger, Query: s.query, KeepQuery: true,
		Campaign: campaign.Name, TemplateID: s.chosen.ID, Fields: s.chosen.fields, Since: p.sinceTime,
		Public: p.public || s.account.Simulated() && s.links == nil,
		Batch:  pace.batch, Interval: pace.interval, Rate: pace.rate, Workers: pace.workers, Limit: p.limit, Limiter: p.limiter,
		Again: p.again, RetryFailed: p.retryFailed, ResendUnknown: p.resendUnknown, UnknownReceived: p.unknownReceived, TimesShifted: p.timesShifted,
		OnlyStudent: p.student, OnlyOpenID: p.openid,
		Log: slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Progress: func(now push.Progress) {
			if now.Reading > 0 {
				p.sayReading(now)
			}
		},
	}
	if !campaign.Created.IsZero() && p.since != "" && p.relativeSince() && !campaign.Since.IsZero() {
		c.Since = campaign.Since
	}
	if s.links != nil {
		c.Link, c.LinkBase = s.link, p.link
	}
	return c
}

// link is the address of a ledger row's photo page.
func (s *session) link(row int64) string {
	return s.links.Link(row, time.Now().Add(time.Duration(s.p.linkTTL)))
}

// campaigns returns the account's campaigns, the newest first.
func (s *session) campaigns(ctx context.Context) ([]push.Campaign, error) {
	all, err := push.Campaigns(ctx, s.ledger, s.account.AppID)
	return all, s.p.ledgerError(err)
}

// unfinishedFor is how long an unfinished campaign is gone on with unasked.
const unfinishedFor = 48 * time.Hour

// choose finds the campaign to push: the one of -campaign, the unfinished
// one, or a new one of today.
func (s *session) choose(ctx context.Context) (push.Campaign, error) {
	all, err := s.campaigns(ctx)
	if err != nil {
		return push.Campaign{}, err
	}
	named := func(name string) (push.Campaign, bool) {
		for _, c := range all {
			if c.Name == name {
				return c, true
			}
		}
		return push.Campaign{Name: name}, false
	}
	if s.p.campaign != "" {
		c, exists := named(s.p.campaign)
		if exists && s.p.fresh {
			return c, usage(s.p.text("-new: there is a campaign %s already", c.Name))
		}
		return c, nil
	}
	if !s.p.fresh {
		for _, c := range all {
			if c.Finished.IsZero() && time.Since(c.Created) < unfinishedFor {
				s.p.say("Continuing the unfinished campaign %s (another one: -new)", c.Name)
				return c, nil
			}
		}
	}
	c, exists := named(pushflag.CampaignName(time.Now(), false))
	for n := 2; exists && s.p.fresh; n++ {
		c, exists = named(pushflag.CampaignName(time.Now(), false) + "-" + strconv.Itoa(n))
	}
	return c, nil
}

// sendPath is the call whose quota counts.
const sendPath = "/cgi-bin/message/template/send"

// quota returns what is left of today's messages; ok is false when WeChat
// does not say.
func (s *session) quota(ctx context.Context) (q wechat.Quota, ok bool) {
	q, err := s.account.Client.Quota(ctx, sendPath)
	return q, err == nil && q.DailyLimit > 0
}
