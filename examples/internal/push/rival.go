package push

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"github.com/org/wxhome/examples/internal/db"
)

// rival is a campaign of the account.
type rival struct {
	name    string
	created int64 // unix seconds
	apart   bool  // it supersedes no other campaign, and no other one supersedes it
}

// after reports whether r began later than s. Of two that began in the same second the name
// decides, so that every process sees the same order.
func (r rival) after(s rival) bool {
	return cmp.Or(cmp.Compare(r.created, s.created), strings.Compare(r.name, s.name)) > 0
}

// rivals are the campaigns of the account.
type rivals struct {
	own    rival
	begun  bool // the ledger has own
	others map[string]rival
}

// rivals reads the account's campaigns. With lock, no other load of the account goes on before the
// transaction ends: on MariaDB by a locking read, which must be the first statement of the
// transaction, since a plain read before it would fix what later reads see. On SQLite the
// transaction has the write lock already.
func (l *ledger) rivals(ctx context.Context, q querier, lock bool) (rivals, error) {
	all := rivals{own: rival{name: l.campaign, created: l.now().Unix()}, others: map[string]rival{}}
	statement := "SELECT name, settings, created_at FROM push_campaign WHERE appid = ?"
	rows, err := q.QueryContext(ctx, statement+l.locking(lock), l.appID)
	if err != nil {
		return all, err
	}
	defer rows.Close()
	newest := int64(0)
	for rows.Next() {
		var r rival
		var text string
		if err := rows.Scan(&r.name, &text, &r.created); err != nil {
			return all, err
		}
		r.apart, newest = isApart(text), max(newest, r.created)
		if r.name == l.campaign {
			all.own, all.begun = r, true
		} else {
			all.others[r.name] = r
		}
	}
	if !all.begun { // as begin would begin it
		all.own.created = max(all.own.created, newest+1)
	}
	return all, rows.Err()
}

// isApart reads it from a campaign's settings.
func isApart(text string) bool {
	var s settings
	return strings.Contains(text, `"apart"`) && json.Unmarshal([]byte(text), &s) == nil && s.Apart
}

// locking is the end of a SELECT that locks what it reads, so that it reads what is there now.
func (l *ledger) locking(lock bool) string {
	if lock && l.db.Dialect == db.MySQL {
		return " FOR UPDATE"
	}
	return ""
}

// foreign is a row of another campaign.
type foreign struct {
	id        int64
	campaign  rival
	state     string
	sendingAt int64
	attempts  int
	photo     photoID
	updatedAt int64
}

// unsent reports whether no message of the row has left: it waits for its turn, or is held back.
func (f foreign) unsent() bool {
	return f.sendingAt == 0 && (f.state == statePending || f.heldBack())
}

// heldBack reports whether the row only waits for the doubt of another campaign's to end.
func (f foreign) heldBack() bool {
	return f.state == stateUnknown && f.attempts == 0 && f.sendingAt == 0
}

// inDoubt reports whether a message of the row may have arrived.
func (f foreign) inDoubt() bool {
	return !f.unsent() && (f.state == statePending || f.state == stateSending || f.state == stateUnknown)
}

// foreign reads the other campaigns' rows of persons. With lock, rows whose state may still change
// are locked and read as they are now: a claim of another process comes before or after, and
// either sees the other. They are locked by id, in the order in which a claim locks its own.
func (l *ledger) foreign(ctx context.Context, q querier, all rivals, wanted map[person]bool, lock bool) (map[person][]foreign, error) {
	openids := make([]any, 0, len(wanted))
	seen := make(map[string]bool, len(wanted))
	for p := range wanted {
		if !seen[p.openid] {
			seen[p.openid] = true
			openids = append(openids, p.openid)
		}
	}
	found := map[person][]foreign{}
	names, err := l.former(ctx, q, seen)
	if err != nil {
		return nil, err
	}
	openids, wanted = names.add(openids, wanted)
	err = l.each(ctx, q, `SELECT id, campaign, openid, student_id, state, sending_at, attempts, content, updated_at FROM push_message
WHERE appid = ? AND (campaign <> ? OR openid LIKE 'gone-%') AND state <> 'skipped' AND openid IN (`+db.Marks(len(openids))+`)`, openids, func(rows *sql.Rows) error {
		var f foreign
		var p person
		var name, text string
		if err := rows.Scan(&f.id, &name, &p.openid, &p.studentID, &f.state, &f.sendingAt, &f.attempts, &text, &f.updatedAt); err != nil {
			return err
		}
		if !wanted[p] {
			return nil
		}
		f.photo = decodePhoto(text)
		var known bool
		if f.campaign, known = all.others[name]; name == l.campaign {
			f.campaign = all.own
		} else if !known {
			f.campaign = rival{name: name} // rows without a campaign: somebody has deleted it
		}
		found[p] = append(found[p], f)
		return nil
	})
	names.join(found)
	if err == nil && lock && l.db.Dialect == db.MySQL {
		err = l.lockForeign(ctx, q, found)
	}
	for _, rows := range found {
		slices.SortFunc(rows, func(a, b foreign) int { return cmp.Compare(a.id, b.id) })
	}
	return found, err
}

// lockForeign locks the rows that may still change.
func (l *ledger) lockForeign(ctx context.Context, q querier, found map[person][]foreign) error {
	byID := map[int64]*foreign{}
	var ids []int64
	for _, rows := range found {
		for i := range rows {
			if f := &rows[i]; f.state != stateAccepted {
				byID[f.id] = f
				ids = append(ids, f.id)
			}
		}
	}
	slices.Sort(ids)
	for some := range slices.Chunk(ids, chunk) {
		rows, err := q.QueryContext(ctx, `SELECT id, state, sending_at, attempts FROM push_message WHERE id IN (`+
			db.Marks(len(some))+`) ORDER BY id`+l.locking(true), appendIDs(nil, some)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var now foreign
			if err := rows.Scan(&now.id, &now.state, &now.sendingAt, &now.attempts); err != nil {
				return err
			}
			f := byID[now.id]
			f.state, f.sendingAt, f.attempts = now.state, now.sendingAt, now.attempts
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}
