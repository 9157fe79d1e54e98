package push

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/org/wxhome/examples/internal/db"
)

// querier is a database or a transaction.
type querier = db.Querier

// held is a row that the campaign has already.
type held struct {
	id        int64
	state     string
	sendingAt int64
	attempts  int
	content   string
	reason    string
	updatedAt int64
}

// open reports whether nothing of the row has left, so that a load may still decide about it.
func (h *held) open() bool {
	return foreign{state: h.state, sendingAt: h.sendingAt, attempts: h.attempts}.unsent()
}

// shown is what the row says of its photo.
func (h *held) shown() foreign { return foreign{photo: decodePhoto(h.content), updatedAt: h.updatedAt} }

// known is what the ledger knows of a page of recipients.
type known struct {
	choice  choice
	held    map[person]*held
	foreign map[person][]foreign
}

// choice is what a person has said.
func (c *Config) choice() choice {
	return choice{own: rival{apart: c.Again}, resend: c.ResendUnknown, about: c.only(), made: c.made}
}

// known reads it. With lock, it is what holds until the transaction ends.
func (l *ledger) known(ctx context.Context, q querier, page []entry, c choice, lock bool) (k known, err error) {
	all, err := l.rivals(ctx, q, lock)
	if err != nil {
		return k, err
	}
	if apart := c.own.apart; !all.begun {
		all.own.apart = apart
	}
	c.own = all.own
	k = known{choice: c}
	if k.held, err = l.held(ctx, q, page); err != nil || len(page) == 0 {
		return k, err
	}
	if alone, err := l.alone(ctx, q, all); alone || err != nil {
		return k, err
	}
	wanted := make(map[person]bool, len(page))
	for _, x := range page {
		wanted[x.person] = true
	}
	k.foreign, err = l.foreign(ctx, q, all, wanted, lock)
	k.returned()
	return k, err
}

// held reads the campaign's own rows of a page.
func (l *ledger) held(ctx context.Context, q querier, page []entry) (map[person]*held, error) {
	openids, wanted := make([]any, len(page)), make(map[person]bool, len(page))
	for i, x := range page {
		openids[i], wanted[x.person] = x.openid, true
	}
	found := map[person]*held{}
	if len(page) == 0 {
		return found, nil
	}
	err := l.each(ctx, q, `SELECT id, openid, student_id, state, sending_at, attempts, content, error, updated_at FROM push_message
WHERE appid = ? AND campaign = ? AND openid IN (`+db.Marks(len(openids))+`)`, openids, func(rows *sql.Rows) error {
		h := new(held)
		var p person
		err := rows.Scan(&h.id, &p.openid, &p.studentID, &h.state, &h.sendingAt, &h.attempts, &h.content, &h.reason, &h.updatedAt)
		if wanted[p] {
			found[p] = h
		}
		return err
	})
	return found, err
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

// fate decides about a recipient.
func (k known) fate(x entry) fate {
	return k.choice.decide(k.held[x.person], x, k.foreign[x.person])
}

// added is what became of a page.
type added struct {
	unchanged []entry
	newer     []entry
	others    reckoning
}

// add puts a page into the ledger.
func (l *ledger) add(ctx context.Context, page []entry, c choice) (done added, err error) {
	err = l.transact(ctx, func(tx *sql.Tx) error {
		done = added{others: reckoning{}}
		k, err := l.known(ctx, tx, page, c, true)
		if err != nil {
			return err
		}
		var fresh []newRow
		for _, x := range page {
			f := k.fate(x)
			done.others.note(f)
			if f.newer {
				done.newer = append(done.newer, x)
			}
			h := k.held[x.person]
			switch {
			case f.unchanged:
				done.unchanged = append(done.unchanged, x)
			case h == nil:
				fresh = append(fresh, newRow{x, f.state, f.reason})
			case f.state != "":
				err = l.revise(ctx, tx, h, x, f)
			}
			if err != nil {
				return err
			}
		}
		if err := l.settleForeign(ctx, tx, done.others); err != nil {
			return err
		}
		return l.insert(ctx, tx, fresh)
	})
	return done, err
}

// revise gives a row that has never left its new state, and the school's present values.
func (l *ledger) revise(ctx context.Context, tx *sql.Tx, h *held, x entry, f fate) error {
	content, reason := x.content, clip(f.reason, errorLimit)
	if f.state == stateSkipped || f.state == stateFailed {
		content = h.content
	}
	if f.state == h.state && content == h.content && reason == h.reason {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE push_message SET state = ?, content = ?, error = ?, updated_at = ?
WHERE id = ? AND state = ? AND sending_at = 0`, f.state, content, reason, l.now().Unix(), h.id, h.state)
	return err
}

// newRow is a row to be made.
type newRow struct {
	entry
	state, reason string
}

// statementLimit keeps a statement's values far below the packet that any server takes.
const statementLimit = 256 << 10

// insert adds new rows, several in a statement; one that is there by now stays.
func (l *ledger) insert(ctx context.Context, tx *sql.Tx, fresh []newRow) error {
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

func (l *ledger) insertSome(ctx context.Context, tx *sql.Tx, fresh []newRow) error {
	// No INSERT IGNORE on MySQL: it would also cut what is too long.
	verb, end := "INSERT OR IGNORE", ""
	if l.db.Dialect == db.MySQL {
		verb, end = "INSERT", " ON DUPLICATE KEY UPDATE id = id"
	}
	now := l.now().Unix()
	args := make([]any, 0, 9*len(fresh))
	values := make([]byte, 0, 60*len(fresh))
	for i, x := range fresh {
		if i > 0 {
			values = append(values, ',')
		}
		values = append(values, "(?,?,?,?,?,?,?,'',0,0,0,?,0,?)"...)
		args = append(args, l.appID, l.campaign, x.openid, x.studentID, x.content,
			messageID(l.appID, l.campaign, x.openid, x.studentID, 0), x.state, clip(x.reason, errorLimit), now)
	}
	_, err := tx.ExecContext(ctx, verb+` INTO push_message
(appid, campaign, openid, student_id, content, client_msg_id, state, owner, sending_at, msgid, errcode, error, attempts, updated_at)
VALUES `+string(values)+end, args...)
	return err
}

// load puts the recipients into the ledger, page by page. Rows that have left stay as they are.
func (e *engine) load(ctx context.Context) error {
	left := e.cfg.Limit
	var out omitted
	err := e.source.pages(ctx, func(page []recipient, o omitted) error {
		if err := e.pausable(ctx); err != nil {
			return err
		}
		out.add(o)
		if e.cfg.Limit > 0 {
			page = page[:min(len(page), left)]
			left -= len(page)
		}
		if err := e.loadPage(ctx, page); err != nil {
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
	if err := e.source.omit(ctx, &e.summary, out); err != nil {
		return err
	}
	if err := e.endSuperseded(ctx); err != nil {
		return err
	}
	_, err = e.cfg.Ledger.ExecContext(ctx, `UPDATE push_campaign SET unchanged = ?, left_out = ? WHERE appid = ? AND name = ?`,
		e.summary.Unchanged, e.summary.LeftOut, e.cfg.AppID, e.cfg.Campaign)
	return err
}

// errEnough ends the reading of pages.
var errEnough = errors.New("there are enough rows")

func (e *engine) loadPage(ctx context.Context, page []recipient) error {
	entries, err := e.cfg.entries(page)
	if err != nil {
		return err
	}
	done, err := e.ledger.add(ctx, entries, e.choice)
	if err != nil {
		return err
	}
	e.reckoned.add(done.others)
	unchanged, err := e.source.distinct(ctx, done.unchanged)
	if err != nil {
		return err
	}
	e.summary.Unchanged += len(unchanged)
	newer, err := e.source.distinct(ctx, done.newer)
	if err != nil {
		return err
	}
	e.summary.Newer += len(newer)
	if e.cfg.Limit == 0 {
		return nil
	}
	have, err := e.ledger.held(ctx, e.cfg.Ledger, entries)
	for _, h := range have {
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
