package main

import (
	"context"
	"slices"
	"time"

	"github.com/org/wxhome/examples/internal/push"
)

// goOn goes on with the campaigns that nobody has to be asked about, the oldest first. own is the
// campaign of the firing, whose turn comes after them.
func (p *program) goOn(ctx context.Context, s *session, own string) error {
	all, err := s.campaigns(ctx)
	if err != nil {
		p.complain(p.describe(err))
	}
	slices.Reverse(all) // the newest came first
	for _, c := range all {
		if !c.Finished.IsZero() || c.Name == own || !p.unasked(ctx, s, c) {
			continue
		}
		if err := p.pushPatiently(ctx, s, c); err != nil {
			return err
		}
	}
	return nil
}

// unasked reports whether a firing may go on with a campaign. Of those that it may not it says why:
// an old message, or one in other words, is no surprise that a program may decide about.
func (p *program) unasked(ctx context.Context, s *session, c push.Campaign) bool {
	control, err := push.ControlOf(ctx, s.ledger, s.account.AppID, c.Name)
	began := c.Created.In(p.timeZone).Format("2006-01-02 15:04")
	switch {
	case err != nil:
		p.complain(p.describe(err))
	case control.Cancelled():
	case control.Paused() && !control.All: // while all are paused, it waits as everything does
		p.sayControl(c.Name, control)
	case !c.Fits(s.config(c)):
		p.say("Campaign %s of %s is not finished. It was begun with another template, fields, since or link, so it is left alone.", c.Name, began)
	case time.Since(c.Created) >= unfinishedFor:
		p.say("Campaign %s of %s is not finished. It is older than 48 hours, so it is left alone. To continue it: %s",
			c.Name, began, p.commandLine(naming(c.Name)))
	default:
		return true
	}
	return false
}
