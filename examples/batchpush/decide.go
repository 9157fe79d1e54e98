package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/school"
)

// parentFile bounds what is read of the file of -parent.
const parentFile = 1 << 10

// readParent reads the file of -parent. An openid is no word for a command line, which others may
// see, so no error repeats it.
func (p *program) readParent() error {
	if p.parent == "" {
		return nil
	}
	file, err := os.Open(p.parent)
	if errors.Is(err, fs.ErrNotExist) {
		return usage(p.text("-parent: there is no file %s", p.parent))
	}
	if err != nil {
		return usage("-parent: " + err.Error())
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, parentFile))
	if err != nil {
		return usage("-parent: " + err.Error())
	}
	openid := strings.TrimSpace(strings.TrimPrefix(string(text), "\uFEFF"))
	if !school.IsOpenID(openid) {
		return usage(p.text("-parent: %s must hold one openid and nothing else", p.parent))
	}
	p.openid = openid
	return nil
}

// concerns refuses a decision about a campaign that there is not, whose mistyped name would begin
// one, and a decision about a pupil or a parent of whom the campaign has no such row: a mistyped id
// would decide nothing, and say nothing.
func (p *program) concerns(ctx context.Context, s *session, campaign push.Campaign) error {
	if err := p.decidesAbout(campaign, s.account.AppID); err != nil || p.student == "" && p.openid == "" {
		return err
	}
	n, err := push.Concerned(ctx, s.config(campaign))
	if err != nil {
		return p.ledgerError(err)
	}
	if n == 0 {
		return usage(p.text("campaign %s has no row to decide about for this pupil or parent: look at the openids and the pupils' ids with %s",
			campaign.Name, p.commandLine(statusOf(campaign.Name, "-failures", "failures.csv"))))
	}
	return nil
}

// decidesAbout refuses a decision about a campaign that has not begun. With -new it is a person's
// wish that the new campaign sends again what others have left in doubt.
func (p *program) decidesAbout(campaign push.Campaign, appID string) error {
	decides := p.retryFailed || p.resendUnknown || p.unknownReceived
	switch {
	case !decides || !campaign.Created.IsZero():
		return nil
	case p.fresh && p.resendUnknown:
		return nil
	case p.fresh || p.campaign == "":
		return usage(p.text("-retry-failed, -resend-unknown and -unknown-received are about a campaign that has begun: name it with -campaign"))
	}
	return usage(p.text("the ledger has no campaign %s of account %s", campaign.Name, appID))
}
