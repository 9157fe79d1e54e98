package push

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/org/wxhome/examples/internal/db"
)

// Campaign is what the ledger knows of a campaign as a whole.
type Campaign struct {
	Name       string
	TemplateID string
	Fields     []Field
	Since      time.Time // zero: all photos
	Created    time.Time
	Finished   time.Time // zero: it is not
	settings   string    // as they are kept
}

// Fits reports whether a push with cfg would go on with the campaign by the settings that it began
// with.
func (c Campaign) Fits(cfg Config) bool {
	want, err := cfg.settings()
	return err == nil && want == c.settings
}

// Campaigns returns an account's campaigns, the newest first; none where there is no ledger
// yet. It only reads.
func Campaigns(ctx context.Context, ledger *db.DB, appID string) ([]Campaign, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	rows, err := ledger.QueryContext(ctx, `SELECT name, settings, created_at, finished_at FROM push_campaign
WHERE appid = ? ORDER BY created_at DESC, name DESC`, appID)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the ledger in %s: %w", ledger.Name, err)
	}
	defer rows.Close()
	var all []Campaign
	for rows.Next() {
		var c Campaign
		var text string
		var created, finished int64
		if err := rows.Scan(&c.Name, &text, &created, &finished); err != nil {
			return nil, err
		}
		var s settings
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			return nil, fmt.Errorf("campaign %s: its settings are not JSON: %w", c.Name, err)
		}
		c.TemplateID, c.Fields, c.settings = s.Template, s.Fields, text
		c.Since, c.Created, c.Finished = moment0(s.Since), moment0(created), moment0(finished)
		all = append(all, c)
	}
	return all, rows.Err()
}

// moment0 makes a time of unix seconds, the zero time of 0.
func moment0(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0)
}

// absent reports whether an error says that a table does not exist. To a user without rights to
// it MySQL says the same of a table that exists and of one that does not.
func absent(err error) bool {
	var refused *mysql.MySQLError
	if errors.As(err, &refused) {
		return refused.Number == 1146 || refused.Number == 1142
	}
	return err != nil && strings.Contains(err.Error(), "no such table")
}

// Tally returns what has become of a campaign so far; sql.ErrNoRows where there is none of
// that name. It only reads.
func Tally(ctx context.Context, ledger *db.DB, appID, campaign string) (Summary, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	s := Summary{Campaign: campaign}
	err := ledger.QueryRowContext(ctx, `SELECT unchanged, left_out FROM push_campaign WHERE appid = ? AND name = ?`,
		appID, campaign).Scan(&s.Unchanged, &s.LeftOut)
	if absent(err) {
		err = sql.ErrNoRows
	}
	if err != nil {
		return Summary{}, err
	}
	counts, err := newLedger(ledger, appID, campaign).tally(ctx)
	if err != nil {
		return Summary{}, err
	}
	s.count(counts)
	s.Dropped, err = newLedger(ledger, appID, campaign).dropped(ctx)
	return s, err
}

// count takes the rows' states over, so that the tally adds up.
func (s *Summary) count(states map[string]int) {
	s.Accepted, s.Skipped, s.Failed, s.Unknown = states[stateAccepted], states[stateSkipped], states[stateFailed], states[stateUnknown]
	s.Pending = states[statePending] + states[stateSending]
	s.Recipients = s.Unchanged + s.Accepted + s.Skipped + s.Failed + s.Unknown + s.Pending
}

// newLedger is a ledger to read from.
func newLedger(d *db.DB, appID, campaign string) *ledger {
	return &ledger{db: d, appID: appID, campaign: campaign, now: time.Now}
}

// Failure is a row that was not accepted.
type Failure struct {
	OpenID, StudentID, StudentName string
	State                          string // skipped, failed or unknown
	Code                           int    // errcode; 0: none
	Error                          string
	Attempts                       int
	Updated                        time.Time
}

// failuresPage is how many rows Failures reads at a time.
const failuresPage = 1000

// Failures returns the rows of a campaign that are skipped, failed or unknown, in the order of
// the ledger and page by page. It only reads.
func Failures(ctx context.Context, ledger *db.DB, appID, campaign string) iter.Seq2[Failure, error] {
	return func(yield func(Failure, error) bool) {
		for last := int64(0); ; {
			page, next, err := failures(ctx, ledger, appID, campaign, last)
			if err != nil {
				yield(Failure{}, fmt.Errorf("read the ledger in %s: %w", ledger.Name, err))
				return
			}
			for _, f := range page {
				if !yield(f, nil) {
					return
				}
			}
			if len(page) < failuresPage {
				return
			}
			last = next
		}
	}
}

func failures(ctx context.Context, ledger *db.DB, appID, campaign string, after int64) (page []Failure, last int64, err error) {
	rows, err := ledger.QueryContext(ctx, `SELECT id, openid, student_id, content, state, errcode, error, attempts, updated_at FROM push_message
WHERE appid = ? AND campaign = ? AND state IN ('skipped', 'failed', 'unknown') AND id > ? ORDER BY id LIMIT ?`, appID, campaign, after, failuresPage)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var f Failure
		var text string
		var updated int64
		if err := rows.Scan(&last, &f.OpenID, &f.StudentID, &text, &f.State, &f.Code, &f.Error, &f.Attempts, &updated); err != nil {
			return nil, 0, err
		}
		if c, err := decodeContent(text); err == nil {
			f.StudentName = c["student_name"]
		}
		f.Updated = moment0(updated)
		page = append(page, f)
	}
	return page, last, rows.Err()
}
