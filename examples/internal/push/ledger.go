package push

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

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
// client_msg_id for ten minutes, and one is kept for the way.
const horizon = 9 * time.Minute

// row is a row of the ledger that this process has claimed.
type row struct {
	id                int64
	openid, studentID string
	content           string
	clientMsgID       string
	firstAt           int64 // unix seconds of the first attempt with this client_msg_id
	attempts          int   // with the one that is claimed
}

// outcome is what a row becomes.
type outcome struct {
	row    *row
	state  string
	msgID  int64
	code   int
	reason string
	forget bool // the attempt surely did not leave: it does not count
}

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

// add inserts the recipients that are not there yet, but those whose photo an earlier campaign
// had accepted, which it counts.
func (l *ledger) add(ctx context.Context, page []recipient, again bool) (unchanged int, err error) {
	err = l.transact(ctx, func(tx *sql.Tx) error {
		unchanged = 0
		ignore := "INSERT OR IGNORE"
		if l.db.Dialect == db.MySQL {
			ignore = "INSERT IGNORE"
		}
		insert, err := tx.PrepareContext(ctx, ignore+` INTO push_message
(appid, campaign, openid, student_id, content, client_msg_id, state, owner, sending_at, msgid, errcode, error, attempts, updated_at)
VALUES (?, ?, ?, ?, ?, ?, 'pending', '', 0, 0, 0, '', 0, ?)`)
		if err != nil {
			return err
		}
		defer insert.Close()
		earlier, err := tx.PrepareContext(ctx, `SELECT content FROM push_message
WHERE appid = ? AND openid = ? AND student_id = ? AND campaign <> ? AND state = 'accepted'`)
		if err != nil {
			return err
		}
		defer earlier.Close()
		for _, r := range page {
			text, err := r.content.encode()
			if err != nil {
				return err
			}
			if !again {
				same, err := l.accepted(ctx, earlier, r)
				if err != nil {
					return err
				}
				if same {
					unchanged++
					continue
				}
			}
			id := messageID(l.appID, l.campaign, r.openid, r.studentID, 0)
			if _, err := insert.ExecContext(ctx, l.appID, l.campaign, r.openid, r.studentID, text, id, l.now().Unix()); err != nil {
				return err
			}
		}
		return nil
	})
	return unchanged, err
}

// accepted reports whether an earlier campaign had the same photo accepted.
func (l *ledger) accepted(ctx context.Context, earlier *sql.Stmt, r recipient) (bool, error) {
	rows, err := earlier.QueryContext(ctx, l.appID, r.openid, r.studentID, l.campaign)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return false, err
		}
		c, err := decodeContent(text)
		if err == nil && c["photo_url"] == r.content["photo_url"] && c["photo_update_time"] == r.content["photo_update_time"] {
			return true, nil
		}
	}
	return false, rows.Err()
}

// pick says which pending rows to claim.
type pick struct {
	n      int     // so many at most
	only   []int64 // of these ids; nil: of all
	except []int64 // without these
}

// step writes what became of rows and claims more, in one commit. A claim is an update
// guarded by the state, so that of two processes one has the row.
func (l *ledger) step(ctx context.Context, results []outcome, p pick) (claimed []*row, err error) {
	err = l.transact(ctx, func(tx *sql.Tx) error {
		claimed = nil
		if err := l.write(ctx, tx, results); err != nil {
			return err
		}
		if p.n <= 0 {
			return nil
		}
		candidates, err := l.pending(ctx, tx, p)
		if err != nil {
			return err
		}
		now := l.now().Unix()
		for _, r := range candidates {
			if r.firstAt == 0 {
				r.firstAt = now
			}
			r.attempts++
			done, err := tx.ExecContext(ctx, `UPDATE push_message SET state = 'sending', owner = ?, sending_at = ?, attempts = ?, updated_at = ?
WHERE id = ? AND state = 'pending'`, l.owner, r.firstAt, r.attempts, now, r.id)
			if err != nil {
				return err
			}
			if k, err := done.RowsAffected(); err != nil {
				return err
			} else if k == 1 {
				claimed = append(claimed, r)
			}
		}
		return nil
	})
	return claimed, err
}

func (l *ledger) write(ctx context.Context, tx *sql.Tx, results []outcome) error {
	for _, o := range results {
		first := o.row.firstAt
		if o.forget && o.row.attempts <= 1 {
			first = 0
		}
		_, err := tx.ExecContext(ctx, `UPDATE push_message SET state = ?, owner = '', sending_at = ?, msgid = ?, errcode = ?, error = ?, updated_at = ?
WHERE id = ? AND state = 'sending' AND owner = ?`, o.state, first, o.msgID, o.code, cut(o.reason, 450), l.now().Unix(), o.row.id, l.owner)
		if err != nil {
			return err
		}
	}
	return nil
}

func cut(s string, limit int) string {
	r := []rune(s)
	return string(r[:min(len(r), limit)])
}

func (l *ledger) pending(ctx context.Context, tx *sql.Tx, p pick) ([]*row, error) {
	where, args := "", []any{l.appID, l.campaign}
	if p.only != nil {
		where += " AND id IN (0" + strings.Repeat(",?", len(p.only)) + ")"
	}
	if len(p.except) > 0 {
		where += " AND id NOT IN (0" + strings.Repeat(",?", len(p.except)) + ")"
	}
	for _, id := range slices.Concat(p.only, p.except) {
		args = append(args, id)
	}
	rows, err := tx.QueryContext(ctx, `SELECT id, openid, student_id, content, client_msg_id, sending_at, attempts FROM push_message
WHERE appid = ? AND campaign = ? AND state = 'pending'`+where+` ORDER BY id LIMIT ?`, append(args, p.n)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []*row
	for rows.Next() {
		r := new(row)
		if err := rows.Scan(&r.id, &r.openid, &r.studentID, &r.content, &r.clientMsgID, &r.firstAt, &r.attempts); err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

// recover takes the rows of dead owners: those young enough are repeated with the same id, the
// others are unknown. alive tells of an owner; live counts rows of living ones.
func (l *ledger) recover(ctx context.Context, alive func(owner string) (bool, error)) (live int, err error) {
	rows, err := l.db.QueryContext(ctx, `SELECT owner, COUNT(*) FROM push_message
WHERE appid = ? AND campaign = ? AND state = 'sending' AND owner <> ? GROUP BY owner`, l.appID, l.campaign, l.owner)
	if err != nil {
		return 0, err
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
		return 0, err
	}
	for owner, n := range owners {
		held, err := alive(owner)
		if err != nil {
			return 0, err
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
			whose+` AND (sending_at > ? OR sending_at <= ?)`, now, l.appID, l.campaign, owner, now, now-int64(horizon/time.Second))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE push_message SET state = 'pending', owner = '', updated_at = ?`+whose, now, l.appID, l.campaign, owner)
		return err
	})
}

// reopen makes rows of a state pending again, with a new client_msg_id.
func (l *ledger) reopen(ctx context.Context, state string) error {
	return l.transact(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, openid, student_id, client_msg_id FROM push_message
WHERE appid = ? AND campaign = ? AND state = ?`, l.appID, l.campaign, state)
		if err != nil {
			return err
		}
		var found []*row
		for rows.Next() {
			r := new(row)
			if err := rows.Scan(&r.id, &r.openid, &r.studentID, &r.clientMsgID); err != nil {
				return errors.Join(err, rows.Close())
			}
			found = append(found, r)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		for _, r := range found {
			n, _ := strconv.Atoi(r.clientMsgID[strings.LastIndexByte(r.clientMsgID, '-')+1:])
			id := messageID(l.appID, l.campaign, r.openid, r.studentID, n+1)
			if _, err := tx.ExecContext(ctx, `UPDATE push_message SET state = 'pending', client_msg_id = ?, sending_at = 0, attempts = 0, errcode = 0, error = '', updated_at = ?
WHERE id = ? AND state = ?`, id, l.now().Unix(), r.id, state); err != nil {
				return err
			}
		}
		return nil
	})
}

// tally counts the campaign's rows by state.
func (l *ledger) tally(ctx context.Context) (map[string]int, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT state, COUNT(*) FROM push_message WHERE appid = ? AND campaign = ? GROUP BY state`, l.appID, l.campaign)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, err
		}
		counts[state] = n
	}
	return counts, rows.Err()
}

// transact runs f in a transaction, again when MySQL gave the locks to another one.
func (l *ledger) transact(ctx context.Context, f func(*sql.Tx) error) error {
	for try := 1; ; try++ {
		err := l.transactOnce(ctx, f)
		var refused *mysql.MySQLError
		if err == nil || try == 5 || !errors.As(err, &refused) || refused.Number != 1213 && refused.Number != 1205 {
			if err != nil {
				return fmt.Errorf("ledger in %s: %w", l.db.Name, err)
			}
			return nil
		}
	}
}

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
