package push

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// Prepared is a campaign whose rows are in the ledger.
type Prepared struct {
	Summary
	upTo int64 // the last row that Limit lets through; 0: no bound
}

// Prepare puts the recipients of a campaign into the ledger, as Run does before its first
// message, and takes the rows of dead processes. It sends nothing: a [Desk] does. It may be
// repeated, also while the campaign is being sent.
func Prepare(ctx context.Context, cfg Config) (Prepared, error) {
	start := cfg.now()
	if err := cfg.shareable(); err != nil {
		return Prepared{}, err
	}
	e, err := newEngine(ctx, nil, cfg)
	if err != nil {
		return Prepared{}, err
	}
	if e.lock, err = acquire(ctx, cfg.Ledger, e.ledger.owner); err != nil {
		return Prepared{}, err
	}
	defer e.lock.release()
	if err := e.prepare(ctx); err != nil {
		return Prepared{}, err
	}
	if _, err := e.ledger.recover(ctx, e.lock.alive(ctx)); err != nil {
		return Prepared{}, err
	}
	s, err := e.finish(ctx, start)
	p := Prepared{Summary: s}
	if cfg.Limit > 0 {
		p.upTo = max(e.upTo, 1)
	}
	return p, err
}

// ErrNotShareable is returned for a ledger that several machines cannot share.
var ErrNotShareable = errors.New("a SQLite file cannot be shared between machines: keep the ledger in MySQL or MariaDB (mysql:USER:PASSWORD@tcp(HOST:3306)/DATABASE)")

func (c *Config) shareable() error {
	if c.Ledger != nil && c.Ledger.Dialect != db.MySQL {
		return fmt.Errorf("ledger in %s: %w", c.Ledger.Name, ErrNotShareable)
	}
	return nil
}

// idsPage is how many rows PendingRows yields at a time.
const idsPage = 1000

// Waiting is a pending row.
type Waiting struct {
	ID       int64
	Attempts int // that left or may have left
}

// PendingRows yields the campaign's pending rows, in the order of the ledger and page
// by page. It only reads.
func (p Prepared) PendingRows(ctx context.Context, ledger *db.DB, appID string) iter.Seq2[[]Waiting, error] {
	return func(yield func([]Waiting, error) bool) {
		l := newLedger(ledger, appID, p.Campaign)
		for after := int64(0); ; {
			rows, err := l.pendingRows(ctx, "id > ? AND (id <= ? OR 0 = ?)", after, p.upTo, p.upTo)
			if err != nil || len(rows) > 0 {
				if !yield(rows, err) || err != nil {
					return
				}
			}
			if len(rows) < idsPage {
				return
			}
			after = rows[len(rows)-1].ID
		}
	}
}

// pendingRows returns the first pending rows of which condition is true.
func (l *ledger) pendingRows(ctx context.Context, condition string, args ...any) ([]Waiting, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT id, attempts FROM push_message WHERE appid = ? AND campaign = ? AND state = 'pending' AND `+
		condition+` ORDER BY id LIMIT ?`, append(append([]any{l.appID, l.campaign}, args...), idsPage)...)
	if err != nil {
		return nil, l.failed(err)
	}
	defer rows.Close()
	var found []Waiting
	for rows.Next() {
		var w Waiting
		if err := rows.Scan(&w.ID, &w.Attempts); err != nil {
			return nil, l.failed(err)
		}
		found = append(found, w)
	}
	return found, rows.Err()
}

// done reports whether every row of the campaign is settled.
func (l *ledger) done(ctx context.Context) (bool, error) {
	var left bool
	err := l.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM push_message WHERE appid = ? AND campaign = ? AND state IN ('pending', 'sending'))`,
		l.appID, l.campaign).Scan(&left)
	if err != nil {
		return false, l.failed(err)
	}
	return !left, nil
}

// end notes that a campaign has come to its end, if it has: no row of it is left.
func (l *ledger) end(ctx context.Context, now time.Time) error {
	_, err := l.db.ExecContext(ctx, `UPDATE push_campaign SET finished_at = ? WHERE appid = ? AND name = ? AND finished_at = 0
AND NOT EXISTS (SELECT 1 FROM push_message WHERE appid = ? AND campaign = ? AND state IN ('pending', 'sending'))`,
		now.Unix(), l.appID, l.campaign, l.appID, l.campaign)
	if err != nil {
		return l.failed(err)
	}
	return nil
}
