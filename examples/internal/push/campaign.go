package push

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// ErrSettings is returned when a campaign is continued with other settings than it began with.
var ErrSettings = errors.New("the campaign was begun with another template, fields, since or link; use those, or another campaign")

// unfinishedFor is how long a campaign that was not finished is continued unasked.
const unfinishedFor = 48 * time.Hour

// settings is what a campaign keeps and a rerun must repeat.
type settings struct {
	Template string  `json:"template"`
	Fields   []Field `json:"fields"`
	Since    int64   `json:"since"`
	Linked   bool    `json:"linked"`
	Public   bool    `json:"public"`
}

func (c *Config) settings() (string, error) {
	s := settings{Template: c.TemplateID, Fields: c.Fields, Linked: c.Link != nil, Public: c.Public}
	if !c.Since.IsZero() {
		s.Since = c.Since.Unix()
	}
	b, err := json.Marshal(s)
	return string(b), err
}

// DefaultCampaign names the campaign of the day in Beijing.
func DefaultCampaign(now time.Time) string { return "photos-" + now.In(beijing).Format("2006-01-02") }

// Unfinished returns the newest campaign of the last 48 hours that is not finished, "" for none.
func Unfinished(ctx context.Context, c Config) (string, error) {
	if err := createLedger(ctx, c.Ledger); err != nil {
		return "", err
	}
	var name string
	err := c.Ledger.QueryRowContext(ctx, `SELECT name FROM push_campaign
WHERE appid = ? AND finished_at = 0 AND created_at > ? ORDER BY created_at DESC LIMIT 1`,
		c.AppID, c.now().Add(-unfinishedFor).Unix()).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return name, err
}

func (c *Config) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// begin makes the campaign or checks that it is the one that was begun.
func (e *engine) begin(ctx context.Context) error {
	want, err := e.cfg.settings()
	if err != nil {
		return err
	}
	var have string
	err = e.cfg.Ledger.QueryRowContext(ctx, `SELECT settings FROM push_campaign WHERE appid = ? AND name = ?`,
		e.cfg.AppID, e.cfg.Campaign).Scan(&have)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		insert := "INSERT OR IGNORE" // two processes may begin it at the same moment
		if e.cfg.Ledger.Dialect == db.MySQL {
			insert = "INSERT IGNORE"
		}
		_, err = e.cfg.Ledger.ExecContext(ctx, insert+` INTO push_campaign (appid, name, settings, unchanged, left_out, created_at, finished_at)
VALUES (?, ?, ?, 0, 0, ?, 0)`, e.cfg.AppID, e.cfg.Campaign, want, e.cfg.now().Unix())
	case err == nil && have != want:
		return fmt.Errorf("campaign %s: %w", e.cfg.Campaign, ErrSettings)
	}
	return err
}

// load puts the recipients into the ledger, page by page; those that are there stay as they are.
func (e *engine) load(ctx context.Context) error {
	left := e.cfg.Limit
	err := e.source.pages(ctx, func(page []recipient, leftOut int) error {
		if e.cfg.Limit > 0 {
			page = page[:min(len(page), left)]
			left -= len(page)
		}
		unchanged, err := e.ledger.add(ctx, page, e.cfg.Again)
		e.summary.Unchanged += unchanged
		e.summary.LeftOut += leftOut
		return err
	})
	if err != nil {
		return err
	}
	_, err = e.cfg.Ledger.ExecContext(ctx, `UPDATE push_campaign SET unchanged = ?, left_out = ? WHERE appid = ? AND name = ?`,
		e.summary.Unchanged, e.summary.LeftOut, e.cfg.AppID, e.cfg.Campaign)
	return err
}

// finish notes whether the campaign has come to its end, and tallies it.
func (e *engine) finish(ctx context.Context, start time.Time) (Summary, error) {
	counts, err := e.ledger.tally(ctx)
	if err != nil {
		return e.summary, err
	}
	s := &e.summary
	s.Accepted, s.Skipped, s.Failed, s.Unknown = counts[stateAccepted], counts[stateSkipped], counts[stateFailed], counts[stateUnknown]
	s.Pending = counts[statePending] + counts[stateSending]
	s.Recipients = s.Unchanged + s.Accepted + s.Skipped + s.Failed + s.Unknown + s.Pending
	s.Seconds = e.cfg.now().Sub(start).Seconds()
	finished := int64(0)
	if s.Pending == 0 {
		finished = e.cfg.now().Unix()
	}
	_, err = e.cfg.Ledger.ExecContext(ctx, `UPDATE push_campaign SET finished_at = ? WHERE appid = ? AND name = ?`,
		finished, e.cfg.AppID, e.cfg.Campaign)
	return *s, err
}
