package push

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// The states of a row.
const (
	statePending  = "pending"
	stateSending  = "sending"
	stateAccepted = "accepted"
	stateSkipped  = "skipped"
	stateFailed   = "failed"
	stateUnknown  = "unknown"
)

// horizon is how long after its first attempt a message may be repeated: WeChat remembers a
// client_msg_id for ten minutes, and one is kept for clocks that differ and for the way.
const (
	horizon        = 9 * time.Minute
	horizonSeconds = int64(horizon / time.Second)
	slackSeconds   = int64(ClockSlack / time.Second)
)

// ledger is the rows of one campaign.
type ledger struct {
	db              *db.DB
	appID, campaign string
	owner           string
	now             func() time.Time
}

// messageID derives the client_msg_id of the n-th deliberate sending of a row.
func messageID(appID, campaign, openid, studentID string, n int) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{appID, campaign, openid, studentID, strconv.Itoa(n)}, "\x00")))
	return fmt.Sprintf("%.24s-%s-%d", appID, base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])[:26], n)
}

// recover takes the rows of dead owners: those young enough are repeated with the same id, the
// others are unknown. alive tells of an owner; live counts rows of living ones.
func (l *ledger) recover(ctx context.Context, alive func(owner string) (bool, error)) (live int, err error) {
	rows, err := l.db.QueryContext(ctx, `SELECT owner, COUNT(*) FROM push_message
WHERE appid = ? AND campaign = ? AND state = 'sending' AND owner <> ? GROUP BY owner`, l.appID, l.campaign, l.owner)
	if err != nil {
		return 0, l.failed(err)
	}
	owners := map[string]int{}
	for rows.Next() {
		var owner string
		var n int
		if err := rows.Scan(&owner, &n); err != nil {
			return 0, errors.Join(err, rows.Close())
		}
		owners[owner] = n
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, l.failed(err)
	}
	for owner, n := range owners {
		held, err := alive(owner)
		if err != nil {
			return 0, l.failed(err)
		}
		if held {
			live += n
			continue
		}
		if err := l.orphan(ctx, owner); err != nil {
			return 0, err
		}
	}
	return live, nil
}

func (l *ledger) orphan(ctx context.Context, owner string) error {
	now := l.now().Unix()
	return l.transact(ctx, func(tx *sql.Tx) error {
		const whose = ` WHERE appid = ? AND campaign = ? AND state = 'sending' AND owner = ?`
		_, err := tx.ExecContext(ctx, `UPDATE push_message SET state = 'unknown', owner = '', updated_at = ?, error = 'interrupted while sending'`+
			whose+` AND (sending_at > ? OR sending_at <= ?)`, now, l.appID, l.campaign, owner, now+slackSeconds, now-horizonSeconds)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE push_message SET state = 'pending', owner = '', updated_at = ?`+whose, now, l.appID, l.campaign, owner)
		return err
	})
}

// reopen makes the rows of a state pending again, with a new client_msg_id.
func (l *ledger) reopen(ctx context.Context, state string) error {
	for after, n := int64(0), chunk; n == chunk; {
		err := l.transact(ctx, func(tx *sql.Tx) (err error) {
			var rows []*row
			if rows, err = l.inState(ctx, tx, state, after); err != nil {
				return err
			}
			n = len(rows)
			for _, r := range rows {
				times, _ := strconv.Atoi(r.clientMsgID[strings.LastIndexByte(r.clientMsgID, '-')+1:])
				id := messageID(l.appID, l.campaign, r.openid, r.studentID, times+1)
				if _, err := tx.ExecContext(ctx, `UPDATE push_message SET state = 'pending', client_msg_id = ?, sending_at = 0, attempts = 0, errcode = 0, error = '', updated_at = ?
WHERE id = ? AND state = ?`, id, l.now().Unix(), r.id, state); err != nil {
					return err
				}
				after = r.id
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *ledger) inState(ctx context.Context, tx *sql.Tx, state string, after int64) ([]*row, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, openid, student_id, client_msg_id FROM push_message
WHERE appid = ? AND campaign = ? AND state = ? AND id > ? ORDER BY id LIMIT ?`, l.appID, l.campaign, state, after, chunk)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []*row
	for rows.Next() {
		r := new(row)
		if err := rows.Scan(&r.id, &r.openid, &r.studentID, &r.clientMsgID); err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

// tally counts the campaign's rows by state.
func (l *ledger) tally(ctx context.Context) (map[string]int, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT state, COUNT(*) FROM push_message WHERE appid = ? AND campaign = ? GROUP BY state`, l.appID, l.campaign)
	if err != nil {
		return nil, l.failed(err)
	}
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, l.failed(err)
		}
		counts[state] = n
	}
	return counts, rows.Err()
}

// lasting warns of a server that may lose, with its machine, rows that it has called written.
func (l *ledger) lasting(ctx context.Context) (warning string) {
	if l.db.Dialect != db.MySQL {
		return ""
	}
	var n int
	err := l.db.QueryRowContext(ctx, "SELECT @@innodb_flush_log_at_trx_commit").Scan(&n)
	if err != nil { // some servers do not tell
		return ""
	}
	return flushWarning(n)
}

func flushWarning(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf("innodb_flush_log_at_trx_commit is %d, not 1: after a power failure messages may be sent twice", n)
}

// tries bounds how often a transaction is repeated that another one was in the way of.
const tries = 8

// transact runs f in a transaction, again when another one was in its way.
func (l *ledger) transact(ctx context.Context, f func(*sql.Tx) error) error {
	for try := 1; ; try++ {
		err := l.transactOnce(ctx, f)
		if err == nil {
			return nil
		}
		if try == tries || ctx.Err() != nil || !db.IsConflict(err) && !db.IsBusy(err) {
			return l.failed(err)
		}
	}
}

func (l *ledger) failed(err error) error { return fmt.Errorf("ledger in %s: %w", l.db.Name, err) }

func (l *ledger) transactOnce(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}
