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

// concerns refuses a decision about a pupil or a parent of whom the campaign has no such row: a
// mistyped id would decide nothing, and say nothing.
func (p *program) concerns(ctx context.Context, s *session, campaign push.Campaign) error {
	if p.student == "" && p.openid == "" {
		return nil
	}
	if err := p.known(ctx, s.ledger, s.account.AppID); err != nil {
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
