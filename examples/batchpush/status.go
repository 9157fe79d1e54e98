package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/receipt"
	"github.com/org/wxhome/wechat/wechattest"
)

// status tells what has become of a campaign.
func (p *program) status(ctx context.Context) error {
	return p.withLedger(ctx, func(ledger *db.DB, appID string) error { return p.tellStatus(ctx, ledger, appID) })
}

func (p *program) tellStatus(ctx context.Context, ledger *db.DB, appID string) error {
	campaign, err := p.statusCampaign(ctx, ledger, appID)
	if err != nil {
		return err
	}
	summary, err := push.Tally(ctx, ledger, appID, campaign)
	if errors.Is(err, sql.ErrNoRows) {
		return usage(p.text("the ledger has no campaign %s of account %s", campaign, appID))
	}
	if err != nil {
		return p.databaseError(p.text("the ledger"), err)
	}
	if err := p.reportStatus(ctx, ledger, appID, summary); err != nil {
		return err
	}
	if err := p.reportReceipts(ctx, ledger, appID, campaign); err != nil {
		return err
	}
	if p.failures == "" {
		return nil
	}
	return p.writeFailures(ctx, ledger, appID, campaign)
}

// state is the object of status -json.
type state struct {
	push.Summary
	Control push.Control  `json:"control,omitzero"`
	Holders []push.Holder `json:"holders,omitempty"`
}

func (p *program) reportStatus(ctx context.Context, ledger *db.DB, appID string, s push.Summary) error {
	control, err := push.ControlOf(ctx, ledger, appID, s.Campaign)
	if err != nil {
		return p.databaseError(p.text("the ledger"), err)
	}
	holders, err := push.Holders(ctx, ledger, appID, s.Campaign)
	if err != nil {
		return p.databaseError(p.text("the ledger"), err)
	}
	p.say("%s: %d recipients = %d unchanged + %d accepted + %d skipped + %d failed + %d unknown + %d pending",
		s.Campaign, s.Recipients, s.Unchanged, s.Accepted, s.Skipped, s.Failed, s.Unknown, s.Pending)
	for _, h := range holders {
		fmt.Fprintln(p.out, "  "+p.Holder(h))
	}
	p.sayControl(s.Campaign, control)
	if s.Dropped > 0 {
		p.say("Skipped here since another campaign took them over, which was cancelled, so that no campaign sends them: %d. A push with -new sends them.", s.Dropped)
	}
	if p.json {
		p.encode(state{s, control, holders})
	}
	return nil
}

// reportReceipts tells what WeChat has reported about the accepted messages,
// where photobot has written any of it down.
func (p *program) reportReceipts(ctx context.Context, ledger *db.DB, appID, campaign string) error {
	t, err := receipt.Count(ctx, ledger, appID, campaign)
	if err != nil {
		return p.databaseError(p.text("the ledger"), err)
	}
	if t.Receipts() > 0 {
		p.say("Receipts: %d delivered, %d blocked by the parent, %d failed, %d without one yet", t.Delivered, t.Blocked, t.Failed, t.Waiting)
	}
	return nil
}

// statusAccount returns the AppID whose campaigns are meant. The ledger is
// only read, so no secret is needed.
func (p *program) statusAccount() (string, error) {
	appID := strings.TrimSpace(p.getenv(account.EnvAppID))
	switch {
	case p.simulate, appID == "" && p.db == "":
		server := wechattest.NewServer(wechattest.InMemory())
		defer server.Close()
		return server.AppID, nil
	case appID == "":
		return "", usage(p.text("set WECHAT_APPID to say whose campaigns are meant, or use -simulate for those of the simulation"))
	}
	return appID, nil
}

// statusCampaign returns -campaign, or the newest one.
func (p *program) statusCampaign(ctx context.Context, ledger *db.DB, appID string) (string, error) {
	if p.campaign != "" {
		return p.campaign, nil
	}
	all, err := push.Campaigns(ctx, ledger, appID)
	switch {
	case err != nil:
		return "", p.databaseError(p.text("the ledger"), err)
	case len(all) == 0:
		return "", usage(p.text("there is no campaign of account %s in %s yet", appID, ledger.Name))
	}
	return all[0].Name, nil
}

// writeFailures writes what was not accepted to the file of -failures, in a
// form that Excel opens.
func (p *program) writeFailures(ctx context.Context, ledger *db.DB, appID, campaign string) (err error) {
	file, err := createPrivate(p.failures)
	if err != nil {
		return usage("-failures: " + err.Error())
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.WriteString("\uFEFF"); err != nil { // Excel takes a file without it for GBK
		return err
	}
	w := csv.NewWriter(file)
	w.UseCRLF = true
	header := strings.Split(p.text("openid,student id,student name,state,errcode,reason,attempts,time"), ",")
	if err := w.Write(header); err != nil {
		return err
	}
	n := 0
	for f, err := range push.Failures(ctx, ledger, appID, campaign) {
		if err != nil {
			return err
		}
		n++
		if err := w.Write(p.failureRow(f)); err != nil {
			return err
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	p.say("%d rows written to %s", n, p.failures)
	return nil
}

// createPrivate empties a file or makes it. Nobody else may read it: it names people.
func createPrivate(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		err = file.Chmod(0o600) // one that was there keeps its rights otherwise
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	return file, nil
}

func (p *program) failureRow(f push.Failure) []string {
	format, values := push.Why(f.Error)
	reason, code := p.text(format, values...), ""
	if f.Code != 0 {
		code = strconv.Itoa(f.Code)
	}
	row := []string{
		f.OpenID, f.StudentID, f.StudentName, p.text(f.State), code, reason,
		strconv.Itoa(f.Attempts), f.Updated.In(db.Beijing).Format("2006-01-02 15:04:05"),
	}
	for i, cell := range row {
		row[i] = operator.Cell(cell)
	}
	return row
}
