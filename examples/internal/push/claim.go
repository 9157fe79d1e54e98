package push

import (
	"context"
	"database/sql"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// chunk is how many rows one statement writes or asks for.
const chunk = 200

// row is a row of the ledger that this process has claimed.
type row struct {
	id                int64
	openid, studentID string
	content           string
	clientMsgID       string
	attempts          int       // that left or may have left, with the one that is claimed
	before            int64     // sending_at before the claim; 0: it has never left
	firstAt           int64     // unix seconds of the first attempt with this client_msg_id
	since             time.Time // of that attempt by the clock that cannot be set; zero: by another process
	doubt             bool      // an earlier attempt may have been carried out
}

// outcome is what a row becomes.
type outcome struct {
	row    *row
	state  string
	msgID  int64
	code   int
	reason string
	forget bool // the attempt surely was not carried out: it does not count
}

// pick says which pending rows to claim.
type pick struct {
	n           int
	after, upTo int64   // by id; upTo 0: no bound
	only        []int64 // of these ids; nil: of all
	except      []int64 // without these
}

// claims are the rows that a step got.
type claims struct {
	rows []*row
	last int64 // the last id that was looked at; 0: there was none
}

// step writes what became of rows and claims more, in one commit.
func (l *ledger) step(ctx context.Context, results []outcome, p pick) (got claims, err error) {
	if len(results) == 0 && p.n <= 0 {
		return claims{}, nil
	}
	err = l.transact(ctx, func(tx *sql.Tx) error {
		got = claims{}
		if err := l.write(ctx, tx, results); err != nil || p.n <= 0 {
			return err
		}
		candidates, err := l.pending(ctx, tx, p)
		if err != nil || len(candidates) == 0 {
			return err
		}
		got.last = candidates[len(candidates)-1].id
		got.rows, err = l.claim(ctx, tx, candidates)
		return err
	})
	return got, err
}

func (l *ledger) pending(ctx context.Context, tx *sql.Tx, p pick) ([]*row, error) {
	where, args := " AND id > ?", []any{l.appID, l.campaign, p.after}
	if p.upTo > 0 {
		where, args = where+" AND id <= ?", append(args, p.upTo)
	}
	if p.only != nil {
		where, args = where+" AND id IN ("+db.Marks(len(p.only))+")", appendIDs(args, p.only)
	}
	if len(p.except) > 0 {
		where, args = where+" AND id NOT IN ("+db.Marks(len(p.except))+")", appendIDs(args, p.except)
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
		if err := rows.Scan(&r.id, &r.openid, &r.studentID, &r.content, &r.clientMsgID, &r.before, &r.attempts); err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

func appendIDs(args []any, ids []int64) []any {
	for _, id := range ids {
		args = append(args, id)
	}
	return args
}

// claim makes candidates sending, durably before they leave. The update is guarded by the state
// and by what was read, and its count tells whether another process had some of them first.
func (l *ledger) claim(ctx context.Context, tx *sql.Tx, candidates []*row) ([]*row, error) {
	now := l.now().Unix()
	var claimed, fresh []*row
	for _, r := range candidates {
		r.attempts++
		r.firstAt = r.before
		if r.before == 0 {
			r.firstAt = now
			fresh = append(fresh, r)
			continue
		}
		n, err := l.seize(ctx, tx, []*row{r}, r.before, r.before, now)
		if err != nil {
			return nil, err
		}
		if n == 1 {
			claimed = append(claimed, r)
		}
	}
	for first := 0; first < len(fresh); first += chunk {
		some := fresh[first:min(first+chunk, len(fresh))]
		n, err := l.seize(ctx, tx, some, 0, now, now)
		if err == nil && n < len(some) {
			some, err = l.mine(ctx, tx, some)
		}
		if err != nil {
			return nil, err
		}
		claimed = append(claimed, some...)
	}
	return claimed, nil
}

func (l *ledger) seize(ctx context.Context, tx *sql.Tx, rows []*row, before, firstAt, now int64) (int, error) {
	args := []any{l.owner, firstAt, now, before}
	for _, r := range rows {
		args = append(args, r.id)
	}
	done, err := tx.ExecContext(ctx, `UPDATE push_message SET state = 'sending', owner = ?, sending_at = ?, attempts = attempts + 1, updated_at = ?
WHERE state = 'pending' AND sending_at = ? AND id IN (`+db.Marks(len(rows))+`)`, args...)
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}

// mine returns those of rows that are sending for this process.
func (l *ledger) mine(ctx context.Context, tx *sql.Tx, rows []*row) ([]*row, error) {
	byID := make(map[int64]*row, len(rows))
	args := []any{l.owner}
	for _, r := range rows {
		byID[r.id] = r
		args = append(args, r.id)
	}
	answer, err := tx.QueryContext(ctx, `SELECT id FROM push_message WHERE state = 'sending' AND owner = ? AND id IN (`+db.Marks(len(rows))+`)`, args...)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	var found []*row
	for answer.Next() {
		var id int64
		if err := answer.Scan(&id); err != nil {
			return nil, err
		}
		found = append(found, byID[id])
	}
	return found, answer.Err()
}

// write notes what became of rows, of those that are still this process's.
func (l *ledger) write(ctx context.Context, tx *sql.Tx, results []outcome) error {
	var accepted []outcome
	for _, o := range results {
		if o.state == stateAccepted {
			accepted = append(accepted, o)
			continue
		}
		if err := l.writeOne(ctx, tx, o); err != nil {
			return err
		}
	}
	for first := 0; first < len(accepted); first += acceptedChunk {
		if err := l.writeAccepted(ctx, tx, accepted[first:min(first+acceptedChunk, len(accepted))]); err != nil {
			return err
		}
	}
	return nil
}

func (l *ledger) writeOne(ctx context.Context, tx *sql.Tx, o outcome) error {
	first, attempts := o.row.firstAt, o.row.attempts
	if o.forget {
		first, attempts = o.row.before, attempts-1
	}
	_, err := tx.ExecContext(ctx, `UPDATE push_message SET state = ?, owner = '', sending_at = ?, attempts = ?, errcode = ?, error = ?, updated_at = ?
WHERE id = ? AND state = 'sending' AND owner = ?`, o.state, first, attempts, o.code, clip(o.reason, errorLimit), l.now().Unix(), o.row.id, l.owner)
	return err
}

const (
	// errorLimit is within the column's length.
	errorLimit = 450
	// acceptedChunk is small, since the database looks for each row's msgid one by one.
	acceptedChunk = 40
)

func (l *ledger) writeAccepted(ctx context.Context, tx *sql.Tx, results []outcome) error {
	args, ids := make([]any, 0, 3*len(results)+2), make([]int64, len(results))
	whens := make([]byte, 0, 17*len(results))
	for i, o := range results {
		args = append(args, o.row.id, o.msgID)
		whens = append(whens, " WHEN ? THEN ?"...)
		ids[i] = o.row.id
	}
	args = append(appendIDs(append(args, l.now().Unix()), ids), l.owner)
	_, err := tx.ExecContext(ctx, `UPDATE push_message SET state = 'accepted', owner = '', msgid = CASE id`+string(whens)+` END, errcode = 0, error = '', updated_at = ?
WHERE id IN (`+db.Marks(len(results))+`) AND state = 'sending' AND owner = ?`, args...)
	return err
}
