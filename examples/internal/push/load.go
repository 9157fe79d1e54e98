package push

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/org/wxhome/examples/internal/db"
)

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// held is a row that the campaign has already.
type held struct {
	id        int64
	state     string
	untouched bool // no attempt of it has left
	content   string
	updatedAt int64
}

// known is what the ledger knows of a page of recipients.
type known struct {
	held map[person]held
	sent map[person]int64 // when another campaign had the same photo accepted
}

func (l *ledger) known(ctx context.Context, q querier, page []entry, others bool) (k known, err error) {
	openids, photos := make([]any, len(page)), make(map[person]string, len(page))
	for i, x := range page {
		openids[i], photos[x.person] = x.openid, x.photo
	}
	k = known{held: map[person]held{}, sent: map[person]int64{}}
	if len(page) == 0 {
		return k, nil
	}
	in := " AND openid IN (" + db.Marks(len(openids)) + ")"
	err = l.each(ctx, q, `SELECT id, openid, student_id, state, sending_at, attempts, content, updated_at FROM push_message
WHERE appid = ? AND campaign = ?`+in, openids, func(rows *sql.Rows) error {
		var h held
		var p person
		var sendingAt, attempts int64
		err := rows.Scan(&h.id, &p.openid, &p.studentID, &h.state, &sendingAt, &attempts, &h.content, &h.updatedAt)
		h.untouched = sendingAt == 0 && attempts == 0
		if _, wanted := photos[p]; wanted {
			k.held[p] = h
		}
		return err
	})
	if err != nil || !others {
		return k, err
	}
	err = l.each(ctx, q, `SELECT openid, student_id, content, updated_at FROM push_message
WHERE appid = ? AND campaign <> ? AND state = 'accepted'`+in, openids, func(rows *sql.Rows) error {
		var p person
		var text string
		var at int64
		if err := rows.Scan(&p.openid, &p.studentID, &text, &at); err != nil {
			return err
		}
		photo, wanted := photos[p]
		if !wanted {
			return nil
		}
		if c, err := decodeContent(text); err == nil && c.photo() == photo {
			k.sent[p] = max(k.sent[p], at)
		}
		return nil
	})
	return k, err
}

func (l *ledger) each(ctx context.Context, q querier, statement string, openids []any, f func(*sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, statement, append([]any{l.appID, l.campaign}, openids...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// others reports whether the account has had another campaign.
func (l *ledger) others(ctx context.Context) (bool, error) {
	var one int
	err := l.db.QueryRowContext(ctx, "SELECT 1 FROM push_campaign WHERE appid = ? AND name <> ? LIMIT 1", l.appID, l.campaign).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// fate is what a load makes of a recipient.
type fate int

const (
	fateKeep      fate = iota // the campaign has it, and it stays as it is
	fateInsert                // it is new
	fateRefresh               // it has never left, and the school has other values by now
	fateElsewhere             // it has never left, and another campaign has sent the photo since
	fateUnchanged             // an earlier campaign had the photo accepted
)

// fateOf decides.
func (k known) fateOf(x entry, again bool) fate {
	h, isHeld := k.held[x.person]
	at, sent := k.sent[x.person]
	switch {
	case !isHeld && sent && !again:
		return fateUnchanged
	case !isHeld:
		return fateInsert
	case h.state != statePending || !h.untouched:
		return fateKeep
	case sent && !again && at > h.updatedAt:
		return fateElsewhere
	case x.fault != nil || x.content != h.content:
		return fateRefresh
	}
	return fateKeep
}

// add puts a page into the ledger and returns those of it that are unchanged.
func (l *ledger) add(ctx context.Context, page []entry, others, again bool) (unchanged []entry, err error) {
	err = l.transact(ctx, func(tx *sql.Tx) error {
		unchanged = nil
		k, err := l.known(ctx, tx, page, others && !again)
		if err != nil {
			return err
		}
		var fresh []entry
		for _, x := range page {
			switch k.fateOf(x, again) {
			case fateUnchanged:
				unchanged = append(unchanged, x)
			case fateInsert:
				fresh = append(fresh, x)
			case fateRefresh:
				err = l.refresh(ctx, tx, k.held[x.person].id, x)
			case fateElsewhere:
				err = l.settle(ctx, tx, k.held[x.person].id, stateSkipped, "another campaign has sent this photo")
			}
			if err != nil {
				return err
			}
		}
		return l.insert(ctx, tx, fresh)
	})
	return unchanged, err
}

// refresh gives a row that has never left the school's present values.
func (l *ledger) refresh(ctx context.Context, tx *sql.Tx, id int64, x entry) error {
	if x.fault != nil {
		return l.settle(ctx, tx, id, stateFailed, x.fault.Error())
	}
	_, err := tx.ExecContext(ctx, `UPDATE push_message SET content = ? WHERE id = ? AND state = 'pending' AND sending_at = 0`, x.content, id)
	return err
}

func (l *ledger) settle(ctx context.Context, tx *sql.Tx, id int64, state, reason string) error {
	_, err := tx.ExecContext(ctx, `UPDATE push_message SET state = ?, error = ?, updated_at = ? WHERE id = ? AND state = 'pending' AND sending_at = 0`,
		state, clip(reason, errorLimit), l.now().Unix(), id)
	return err
}

// statementLimit keeps a statement's values far below the packet that any server takes.
const statementLimit = 256 << 10

// insert adds new rows, several in a statement; one that is there by now stays.
func (l *ledger) insert(ctx context.Context, tx *sql.Tx, fresh []entry) error {
	for len(fresh) > 0 {
		n, size := 0, 0
		for n < len(fresh) && n < chunk && size < statementLimit {
			size += len(fresh[n].content)
			n++
		}
		if err := l.insertSome(ctx, tx, fresh[:n]); err != nil {
			return err
		}
		fresh = fresh[n:]
	}
	return nil
}

func (l *ledger) insertSome(ctx context.Context, tx *sql.Tx, fresh []entry) error {
	// No INSERT IGNORE on MySQL: it would also cut what is too long.
	verb, end := "INSERT OR IGNORE", ""
	if l.db.Dialect == db.MySQL {
		verb, end = "INSERT", " ON DUPLICATE KEY UPDATE id = id"
	}
	now := l.now().Unix()
	args := make([]any, 0, 9*len(fresh))
	values := make([]byte, 0, 60*len(fresh))
	for i, x := range fresh {
		state, reason := statePending, ""
		if x.fault != nil {
			state, reason = stateFailed, clip(x.fault.Error(), errorLimit)
		}
		if i > 0 {
			values = append(values, ',')
		}
		values = append(values, "(?,?,?,?,?,?,?,'',0,0,0,?,0,?)"...)
		args = append(args, l.appID, l.campaign, x.openid, x.studentID, x.content,
			messageID(l.appID, l.campaign, x.openid, x.studentID, 0), state, reason, now)
	}
	_, err := tx.ExecContext(ctx, verb+` INTO push_message
(appid, campaign, openid, student_id, content, client_msg_id, state, owner, sending_at, msgid, errcode, error, attempts, updated_at)
VALUES `+string(values)+end, args...)
	return err
}

// load puts the recipients into the ledger, page by page. Rows that have left stay as they are.
func (e *engine) load(ctx context.Context) error {
	others, err := e.ledger.others(ctx)
	if err != nil {
		return e.ledger.failed(err)
	}
	left := e.cfg.Limit
	err = e.source.pages(ctx, func(page []recipient, leftOut int) error {
		if err := e.pausable(ctx); err != nil {
			return err
		}
		e.summary.LeftOut += leftOut
		if e.cfg.Limit > 0 {
			page = page[:min(len(page), left)]
			left -= len(page)
		}
		if err := e.loadPage(ctx, page, others); err != nil {
			return err
		}
		if e.cfg.Limit > 0 && left == 0 {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	e.loaded = true
	_, err = e.cfg.Ledger.ExecContext(ctx, `UPDATE push_campaign SET unchanged = ?, left_out = ? WHERE appid = ? AND name = ?`,
		e.summary.Unchanged, e.summary.LeftOut, e.cfg.AppID, e.cfg.Campaign)
	return err
}

// errEnough ends the reading of pages.
var errEnough = errors.New("there are enough rows")

func (e *engine) loadPage(ctx context.Context, page []recipient, others bool) error {
	entries, err := e.cfg.entries(page)
	if err != nil {
		return err
	}
	unchanged, err := e.ledger.add(ctx, entries, others, e.cfg.Again)
	if err != nil {
		return err
	}
	if unchanged, err = e.source.distinct(ctx, unchanged); err != nil {
		return err
	}
	e.summary.Unchanged += len(unchanged)
	if e.cfg.Limit == 0 {
		return nil
	}
	k, err := e.ledger.known(ctx, e.cfg.Ledger, entries, false)
	for _, h := range k.held {
		e.upTo = max(e.upTo, h.id)
	}
	return err
}

// entries checks a page, and drops what it has twice.
func (c *Config) entries(page []recipient) ([]entry, error) {
	entries, seen := make([]entry, 0, len(page)), make(map[person]bool, len(page))
	for _, r := range page {
		x, err := c.entry(r)
		if err != nil {
			return nil, fmt.Errorf("the row of openid and student cannot be kept: %w", err)
		}
		if !seen[x.person] {
			seen[x.person] = true
			entries = append(entries, x)
		}
	}
	return entries, nil
}
