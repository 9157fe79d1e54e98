package push

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// What a person may want of a campaign. Cancelled is final.
const (
	wantOpen      = "open"
	wantPaused    = "paused"
	wantCancelled = "cancelled"
)

// everyCampaign stands in push_control for all campaigns of an account, also those to come. No
// campaign has this name.
const everyCampaign = ""

// byLimit is the length of push_control's column, in characters.
const byLimit = 190

// Control is what a person wants of a campaign. The zero value means that nobody has said anything,
// so that the campaign is open.
type Control struct {
	Wanted string    `json:"wanted,omitempty"` // open, paused or cancelled
	By     string    `json:"by,omitempty"`
	At     time.Time `json:"at,omitzero"`
	All    bool      `json:"all,omitempty"` // it was said of all campaigns of the account
}

// Paused reports whether nothing new is to be sent for now.
func (c Control) Paused() bool { return c.Wanted == wantPaused }

// Cancelled reports whether nothing is to be sent any more.
func (c Control) Cancelled() bool { return c.Wanted == wantCancelled }

// Held reports whether the campaign waits for a person's yes, see [Hold].
func (c Control) Held() bool { return c.Paused() && !c.All && isHold(c.By) }

// The programs that hold campaigns back, as [Hold] writes them down.
const (
	HeldByCron     = "batchpush -cron"
	HeldBySchedule = "pushfleet schedule"
)

func isHold(by string) bool { return by == HeldByCron || by == HeldBySchedule }

// CancelledError is returned for a campaign that a person has cancelled. Its name is not taken again.
type CancelledError struct {
	Campaign string
	Control
}

// Error implements error.
func (e *CancelledError) Error() string {
	return fmt.Sprintf("campaign %s was cancelled by %s at %s; choose another name", e.Campaign, e.By, e.At.In(beijing).Format("2006-01-02 15:04"))
}

// ControlOf tells what a person wants of a campaign: what was said last, of it or of all. What is
// said of all is no yes to a campaign that is held. It only reads, and a ledger of an older version, which has no such table, says nothing.
func ControlOf(ctx context.Context, ledger *db.DB, appID, campaign string) (Control, error) {
	rows, err := ledger.QueryContext(ctx, "SELECT campaign, wanted, `by`, at FROM push_control WHERE appid = ? AND campaign IN (?, ?) ORDER BY at",
		appID, everyCampaign, campaign)
	if absent(err) {
		return Control{}, nil
	}
	if err != nil {
		return Control{}, fmt.Errorf("ledger in %s: %w", ledger.Name, err)
	}
	defer rows.Close()
	var last Control
	for rows.Next() {
		var c Control
		var name string
		var at int64
		if err := rows.Scan(&name, &c.Wanted, &c.By, &at); err != nil {
			return Control{}, fmt.Errorf("ledger in %s: %w", ledger.Name, err)
		}
		c.At, c.All = time.UnixMilli(at), name == everyCampaign
		if !last.Cancelled() && !last.Held() { // whatever is said of all
			last = c
		}
	}
	return last, rows.Err()
}

// Pause stops a campaign, or with an empty name all campaigns of the account and those to come. No
// process claims anything new two seconds later; what is in doubt is still repeated in time.
func Pause(ctx context.Context, ledger *db.DB, appID, campaign, by string) error {
	return want(ctx, ledger, appID, campaign, wantPaused, by)
}

// Hold pauses a campaign until a person resumes it by its name. by is one of the constants.
func Hold(ctx context.Context, ledger *db.DB, appID, campaign, by string) error {
	return want(ctx, ledger, appID, campaign, wantPaused, by)
}

// Held returns the unfinished campaigns that wait for a person's yes, the oldest first.
func Held(ctx context.Context, ledger *db.DB, appID string) (names []string, err error) {
	all, err := Campaigns(ctx, ledger, appID)
	if err != nil {
		return nil, err
	}
	for _, c := range slices.Backward(all) {
		if !c.Finished.IsZero() {
			continue
		}
		control, err := ControlOf(ctx, ledger, appID, c.Name)
		if err != nil {
			return nil, err
		}
		if control.Held() {
			names = append(names, c.Name)
		}
	}
	return names, nil
}

// Resume lets a campaign go on, or with an empty name all campaigns of the account but
// those that are held.
func Resume(ctx context.Context, ledger *db.DB, appID, campaign, by string) error {
	return want(ctx, ledger, appID, campaign, wantOpen, by)
}

// want writes down what a person wants. The moment is later than that of anything said before, so
// that the last one to speak wins, whatever the clocks say.
func want(ctx context.Context, d *db.DB, appID, campaign, wanted, by string) error {
	if err := createLedger(ctx, d); err != nil {
		return err
	}
	now, err := serverTime(ctx, d)
	if err != nil {
		return err
	}
	last, insert := "SELECT COALESCE(MAX(at), 0) FROM push_control WHERE appid = ?", " ON CONFLICT (appid, campaign) DO UPDATE SET wanted = excluded.wanted, `by` = excluded.`by`, at = excluded.at"
	if d.Dialect == db.MySQL {
		last, insert = last+" FOR UPDATE", " ON DUPLICATE KEY UPDATE wanted = VALUES(wanted), `by` = VALUES(`by`), at = VALUES(at)"
	}
	l := newLedger(d, appID, campaign)
	return l.transact(ctx, func(tx *sql.Tx) error {
		var at int64
		if err := tx.QueryRowContext(ctx, last, appID).Scan(&at); err != nil {
			return err
		}
		var before, who string
		var when int64
		err := tx.QueryRowContext(ctx, "SELECT wanted, `by`, at FROM push_control WHERE appid = ? AND campaign = ?", appID, campaign).Scan(&before, &who, &when)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if before == wantCancelled {
			return &CancelledError{campaign, Control{before, who, time.UnixMilli(when), false}}
		}
		if before == wantPaused && wanted == wantPaused && isHold(who) {
			return nil // a pause of it is no yes either
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO push_control (appid, campaign, wanted, `by`, at) VALUES (?, ?, ?, ?, ?)"+insert,
			appID, campaign, wanted, clip(by, byLimit), max(at+1, now.UnixMilli()))
		return err
	})
}

// serverTime is the time of the ledger's server, which all machines share.
func serverTime(ctx context.Context, d *db.DB) (time.Time, error) {
	if d.Dialect != db.MySQL {
		return time.Now(), nil
	}
	return (&clock{db: d}).ask(ctx)
}

// controlEvery is how old what is known of push_control may be when something new is claimed.
const controlEvery = time.Second

// controls reads push_control for those who send, at most once a second for each campaign. It is
// safe for concurrent use.
type controls struct {
	db    *db.DB
	appID string

	mu    sync.Mutex // guards known
	known map[string]knownControl
}

type knownControl struct {
	control Control
	asked   time.Time
}

func (c *controls) of(ctx context.Context, campaign string) (Control, error) {
	now := time.Now()
	c.mu.Lock()
	k, ok := c.known[campaign]
	c.mu.Unlock()
	if age := now.Sub(k.asked); ok && age >= 0 && age < controlEvery {
		return k.control, nil
	}
	control, err := ControlOf(ctx, c.db, c.appID, campaign)
	if err != nil {
		return Control{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string]knownControl{}
	}
	c.known[campaign] = knownControl{control, now}
	return control, nil
}
