package push

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// Holder is a process that has rows of a campaign in its hands.
type Holder struct {
	Owner string    `json:"owner"` // host, process id and a random part
	Rows  int       `json:"rows"`
	Since time.Time `json:"since"` // of the claim that is oldest
	// Lock tells whether its lock is held, so that it lives or stands still, or free, so that it has
	// ended. Empty: the database does not tell, as SQLite.
	Lock string `json:"lock,omitempty"`
}

// The values of [Holder.Lock].
const (
	LockHeld = "held"
	LockFree = "free"
)

// Holders returns who has rows of a campaign in its hands, the oldest claim first; none where there
// is no ledger. It only reads.
func Holders(ctx context.Context, ledger *db.DB, appID, campaign string) ([]Holder, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	rows, err := ledger.QueryContext(ctx, `SELECT owner, COUNT(*), MIN(updated_at) FROM push_message
WHERE appid = ? AND campaign = ? AND state = 'sending' GROUP BY owner ORDER BY 3, 1`, appID, campaign)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ledger in %s: %w", ledger.Name, err)
	}
	defer rows.Close()
	var all []Holder
	for rows.Next() {
		var h Holder
		var since int64
		if err := rows.Scan(&h.Owner, &h.Rows, &since); err != nil {
			return nil, fmt.Errorf("ledger in %s: %w", ledger.Name, err)
		}
		h.Since = moment0(since)
		all = append(all, h)
	}
	if err := rows.Err(); err != nil || ledger.Dialect != db.MySQL {
		return all, err
	}
	for i := range all {
		var free sql.NullInt64
		err := ledger.QueryRowContext(ctx, "SELECT IS_FREE_LOCK(?)", lockName(all[i].Owner)).Scan(&free)
		switch {
		case err != nil || !free.Valid: // some servers have no such locks
		case free.Int64 == 0:
			all[i].Lock = LockHeld
		default:
			all[i].Lock = LockFree
		}
	}
	return all, nil
}

// tellHolders is how often a Run that waits for other processes tells who they are.
const tellHolders = 15 * time.Second

// waitForOthers waits for processes that have rows of the campaign, and tells who they are: of one
// that has ended at once, since its rows are left alone for a while.
func (e *engine) waitForOthers(ctx context.Context, others []Holder) error {
	if e.cfg.Progress != nil && time.Since(e.toldHolders) >= tellHolders {
		ended := slices.ContainsFunc(others, func(h Holder) bool { return h.Lock == LockFree })
		if ended || !e.toldHolders.IsZero() { // what is sent within seconds needs no line
			e.cfg.Progress(Progress{Total: e.total, Done: e.done, Holders: others, Paused: e.pausedBy()})
		}
		e.toldHolders = time.Now()
	}
	return e.sleep(ctx, time.Second) // take over if it dies
}
