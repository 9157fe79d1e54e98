package push

import (
	"context"
	"database/sql"
	"strings"

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
	attempts          int     // that left or may have left, with the one that is claimed
	before            int64   // sending_at before the claim; 0: it has never left
	firstAt           int64   // unix seconds of the first attempt with this client_msg_id
	since             instant // of that attempt; none: by another process
	claimed           instant // before the claim
	doubt             bool    // an earlier attempt may have been carried out
	tries             int     // how often this process has put it off
	heldBack          bool    // it waits for another campaign's row, and has never left
}

func (r *row) person() person { return person{r.openid, r.studentID} }

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
	doubtful    bool    // only rows that may have left
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

// peek reports whether there is anything to claim.
func (l *ledger) peek(ctx context.Context, p pick) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	found, err := l.pending(ctx, l.db, p)
	if err != nil {
		return false, l.failed(err)
	}
	return len(found) > 0, nil
}

func (l *ledger) pending(ctx context.Context, tx querier, p pick) ([]*row, error) {
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
	if p.doubtful {
		where += " AND sending_at <> 0"
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

// writeOne writes down what has become of a claim. Others may have taken the row meanwhile, and this
// process may have claimed it again: each claim has a number of attempts of its own.
func (l *ledger) writeOne(ctx context.Context, tx *sql.Tx, o outcome) error {
	first, attempts := o.row.firstAt, o.row.attempts
	if o.forget {
		first, attempts = o.row.before, attempts-1
	}
	from := "'sending'"
	if o.answered() {
		from = fromLate
	}
	_, err := tx.ExecContext(ctx, `UPDATE push_message SET state = ?, owner = '', sending_at = ?, attempts = ?, errcode = ?, error = ?, updated_at = ?
WHERE id = ? AND state IN (`+from+`) AND owner = ? AND client_msg_id = ? AND attempts = ?`,
		o.state, first, attempts, o.code, clip(o.reason, errorLimit), l.now().Unix(), o.row.id, l.owner, o.row.clientMsgID, o.row.attempts)
	return err
}

// fromLate is where WeChat's answer finds a row. Others make it unknown when its process says
// nothing for long, and leave its owner noted: an answer that comes to that owner for that very id
// says what is true.
const fromLate = "'sending', 'unknown'"

// answered reports whether WeChat has said what has become of the message.
func (o *outcome) answered() bool {
	return !o.forget && (o.state == stateAccepted || o.state == stateSkipped || o.state == stateFailed)
}

const (
	// errorLimit is within the column's length.
	errorLimit = 450
	// acceptedChunk is small, since the database looks for each row's msgid one by one.
	acceptedChunk = 40
)

func (l *ledger) writeAccepted(ctx context.Context, tx *sql.Tx, results []outcome) error {
	args, ids := make([]any, 0, 5*len(results)+2), make([]int64, len(results))
	for i, o := range results {
		args = append(args, o.row.id, o.msgID)
		ids[i] = o.row.id
	}
	whens := strings.Repeat(" WHEN ? THEN ?", len(results))
	args = append(appendIDs(append(args, l.now().Unix()), ids), l.owner)
	for _, o := range results {
		args = append(args, o.row.id, o.row.clientMsgID)
	}
	_, err := tx.ExecContext(ctx, `UPDATE push_message SET state = 'accepted', owner = '', msgid = CASE id`+whens+` END, errcode = 0, error = '', updated_at = ?
WHERE id IN (`+db.Marks(len(results))+`) AND state IN (`+fromLate+`) AND owner = ? AND client_msg_id = CASE id`+whens+` END`, args...)
	return err
}
