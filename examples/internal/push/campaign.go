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

// What an ErrSettings may be in particular.
var (
	ErrAgain error = settingError("Again stays with the campaign that began with it; continue it as it was begun, or take another campaign")
	ErrQuery error = settingError("the campaign was begun with another query; use that one, or another campaign")
)

type settingError string

func (e settingError) Error() string { return string(e) }

// Is makes it an ErrSettings.
func (settingError) Is(target error) bool { return target == ErrSettings }

// disagree tells in what the settings that a campaign was begun with differ from those of this run.
func disagree(have, want string) error {
	if have == want {
		return nil
	}
	var h, w settings
	if err := errors.Join(json.Unmarshal([]byte(have), &h), json.Unmarshal([]byte(want), &w)); err != nil {
		return ErrSettings
	}
	switch {
	case h.Apart != w.Apart:
		return ErrAgain
	case h.Query != w.Query:
		return ErrQuery
	}
	return ErrSettings
}

// unfinishedFor is how long a campaign that was not finished is continued unasked.
const unfinishedFor = 48 * time.Hour

// settings is what a campaign keeps and a rerun must repeat.
type settings struct {
	Template string  `json:"template"`
	Fields   []Field `json:"fields"`
	Since    int64   `json:"since"`
	Link     string  `json:"link"` // what links begin with; empty: there are none
	Public   bool    `json:"public"`
	Query    string  `json:"query,omitempty"` // by KeepQuery
	Apart    bool    `json:"apart,omitempty"` // by Again
}

func (c *Config) settings() (string, error) {
	s := settings{Template: c.TemplateID, Fields: c.Fields, Public: c.Public && c.Link == nil, Apart: c.Again}
	if c.Link != nil {
		s.Link = "link:" + c.LinkBase
	}
	if !c.Since.IsZero() {
		s.Since = c.Since.Unix()
	}
	if c.KeepQuery {
		s.Query = c.Query
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

// begin makes the campaign or checks that it is the one that was begun. Two processes may begin
// it at the same moment: the first one's settings stand.
func (e *engine) begin(ctx context.Context) error {
	want, err := e.cfg.settings()
	if err != nil {
		return err
	}
	insert, end := "INSERT OR IGNORE", ""
	if e.cfg.Ledger.Dialect == db.MySQL {
		insert, end = "INSERT", " ON DUPLICATE KEY UPDATE name = name"
	}
	var have string
	// By the ledger's clock, and later than every campaign before: of two the later one has a person.
	var created int64
	err = e.cfg.Ledger.QueryRowContext(ctx, "SELECT COALESCE(MAX(created_at), 0) + 1 FROM push_campaign WHERE appid = ?", e.cfg.AppID).Scan(&created)
	if err != nil {
		return e.ledger.failed(err)
	}
	created = max(created, e.ledger.now().Unix())
	err = e.ledger.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, insert+` INTO push_campaign (appid, name, settings, unchanged, left_out, created_at, finished_at)
VALUES (?, ?, ?, 0, 0, ?, 0)`+end, e.cfg.AppID, e.cfg.Campaign, want, created); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT settings FROM push_campaign WHERE appid = ? AND name = ?`,
			e.cfg.AppID, e.cfg.Campaign).Scan(&have)
	})
	if err != nil {
		return err
	}
	if err := disagree(have, want); err != nil {
		return fmt.Errorf("campaign %s: %w", e.cfg.Campaign, err)
	}
	return nil
}

// finish notes whether the campaign has come to its end, and tallies it.
func (e *engine) finish(ctx context.Context, start time.Time) (Summary, error) {
	e.summary.Others = e.reckoned.others()
	if err := e.ledger.leaveSettled(ctx); err != nil {
		return e.summary, err
	}
	counts, err := e.ledger.tally(ctx)
	if err != nil {
		return e.summary, err
	}
	s := &e.summary
	s.count(counts)
	s.Seconds = e.cfg.now().Sub(start).Seconds()
	if !e.loaded { // what the campaign was is not touched
		return *s, nil
	}
	finished := int64(0)
	if s.Pending == 0 {
		finished = e.cfg.now().Unix()
	}
	_, err = e.cfg.Ledger.ExecContext(ctx, `UPDATE push_campaign SET finished_at = ? WHERE appid = ? AND name = ?`,
		finished, e.cfg.AppID, e.cfg.Campaign)
	if err != nil {
		err = e.ledger.failed(err)
	}
	return *s, err
}
