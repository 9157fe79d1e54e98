package push

import (
	"context"
	"errors"
	"fmt"
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
// repeated, also while the campaign is being sent. With an error, a Summary without a Campaign says
// that nothing was done.
func Prepare(ctx context.Context, cfg Config) (Prepared, error) {
	start := cfg.now()
	if err := cfg.shareable(); err != nil {
		return Prepared{}, err
	}
	done := cfg.ownLedger()
	defer done()
	e, err := newEngine(ctx, nil, cfg)
	if err != nil {
		return Prepared{}, err
	}
	if err = e.takeLock(ctx); err != nil {
		return Prepared{}, err
	}
	defer e.lock.release()
	begun := Prepared{Summary: e.summary}
	if err := e.prepare(ctx); err != nil {
		return begun, err
	}
	if _, err := e.ledger.recover(ctx, e.lock.alive(ctx)); err != nil {
		return begun, err
	}
	s, err := e.finish(ctx, start)
	if err == nil {
		s.Dropped, err = e.ledger.dropped(ctx)
	}
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
