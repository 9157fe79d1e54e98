package push

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
)

// only restricts what a person has decided to one parent or pupil. The zero value restricts nothing.
type only struct{ openid, student string }

func (c *Config) only() only { return only{c.OnlyOpenID, c.OnlyStudent} }

// includes reports whether the decision is about p.
func (o only) includes(p person) bool {
	return (o.openid == "" || o.openid == p.openid) && (o.student == "" || o.student == p.studentID)
}

// Concerned counts the campaign's rows that a decision in cfg is about. Rows that may still become
// unknown count as such: a Run settles those of dead processes before it decides.
func Concerned(ctx context.Context, cfg Config) (n int, err error) {
	l, about := newLedger(cfg.Ledger, cfg.AppID, cfg.Campaign), cfg.only()
	err = l.each(ctx, cfg.Ledger, "SELECT openid, student_id, state FROM push_message WHERE appid = ? AND campaign = ? AND (state IN ('failed', 'unknown', 'sending') OR state = 'pending' AND sending_at <> 0)",
		nil, func(rows *sql.Rows) error {
			var p person
			var state string
			if err := rows.Scan(&p.openid, &p.studentID, &state); err != nil {
				return err
			}
			if wanted := cfg.RetryFailed && state == stateFailed || (cfg.ResendUnknown || cfg.UnknownReceived) && state != stateFailed; wanted && about.includes(p) {
				n++
			}
			return nil
		})
	if err != nil {
		return 0, l.failed(err)
	}
	return n, nil
}

// decided carries out what a person has decided about rows of earlier runs, after those of dead
// processes have been settled.
func (e *engine) decided(ctx context.Context) error {
	if err := e.recoverOthers(ctx); err != nil {
		return err
	}
	return e.takeUp(ctx)
}

// takeUp takes rows up again.
func (e *engine) takeUp(ctx context.Context) error {
	if e.cfg.UnknownReceived {
		if err := e.ledger.received(ctx, e.cfg.only()); err != nil {
			return err
		}
	}
	for _, again := range []struct {
		state  string
		wanted bool
	}{{stateFailed, e.cfg.RetryFailed}, {stateUnknown, e.cfg.ResendUnknown}} {
		if !again.wanted {
			continue
		}
		// The campaign is open again before its rows are: who dies now leaves it to the next one.
		if _, err := e.ledger.db.ExecContext(ctx, "UPDATE push_campaign SET finished_at = 0 WHERE appid = ? AND name = ?", e.cfg.AppID, e.cfg.Campaign); err != nil {
			return e.ledger.failed(err)
		}
		done, err := e.ledger.reopen(ctx, again.state, e.choice)
		e.reckoned.add(done)
		if err != nil {
			return err
		}
	}
	return nil
}

// recoverOthers settles the rows that dead processes have left sending in other campaigns: nobody
// may ever go on with those campaigns, and their rows hold recipients of this one back.
func (e *engine) recoverOthers(ctx context.Context) error {
	names, err := e.ledger.openOthers(ctx)
	if err != nil {
		return e.ledger.failed(err)
	}
	for _, name := range names {
		other := *e.ledger
		other.campaign = name
		if _, err := other.recover(ctx, e.lock.alive(ctx)); err != nil {
			return err
		}
		if err := other.expire(ctx); err != nil {
			return err
		}
	}
	return nil
}

// openOthers returns the account's other campaigns that are not finished.
func (l *ledger) openOthers(ctx context.Context) (names []string, err error) {
	err = l.each(ctx, l.db, "SELECT name FROM push_campaign WHERE appid = ? AND name <> ? AND finished_at = 0", nil, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}

// expire makes rows that waited to be repeated unknown once nine minutes are over.
func (l *ledger) expire(ctx context.Context) error {
	now := l.now().Unix()
	_, err := l.db.ExecContext(ctx, `UPDATE push_message SET state = 'unknown', updated_at = ?, error = 'interrupted while sending'
WHERE appid = ? AND campaign = ? AND state = 'pending' AND sending_at <> 0 AND sending_at <= ?`, now, l.appID, l.campaign, now-horizonSeconds-slackSeconds)
	if err != nil {
		return l.failed(err)
	}
	return nil
}

// received counts rows in doubt as accepted.
func (l *ledger) received(ctx context.Context, about only) error {
	for after, n := int64(0), chunk; n == chunk; {
		rows, err := l.inState(ctx, l.db, stateUnknown, after)
		if err != nil {
			return l.failed(err)
		}
		n = len(rows)
		err = l.transact(ctx, func(tx *sql.Tx) error {
			for _, r := range rows {
				after = r.id
				if !about.includes(r.person()) {
					continue
				}
				if _, err := tx.ExecContext(ctx, `UPDATE push_message SET state = 'accepted', owner = '', errcode = 0, error = 'counted as received by hand', updated_at = ?
WHERE id = ? AND state = 'unknown'`, l.now().Unix(), r.id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// reopen takes the failed or unknown rows up again, with a new client_msg_id, unless another
// campaign's rows say otherwise.
func (l *ledger) reopen(ctx context.Context, state string, c choice) (reckoning, error) {
	total := reckoning{}
	for after, n := int64(0), chunk; n == chunk; {
		var done reckoning
		err := l.transact(ctx, func(tx *sql.Tx) error {
			all, err := l.rivals(ctx, tx, true)
			if err != nil {
				return err
			}
			rows, err := l.inState(ctx, tx, state, after)
			if err != nil {
				return err
			}
			if n = len(rows); n == 0 {
				return nil
			}
			done, err = l.reopenSome(ctx, tx, all, rows, state, c)
			after = rows[n-1].id
			return err
		})
		if err != nil {
			return total, err
		}
		total.add(done)
	}
	return total, nil
}

func (l *ledger) reopenSome(ctx context.Context, tx *sql.Tx, all rivals, rows []*row, state string, c choice) (reckoning, error) {
	done := reckoning{}
	fates, err := l.reopenings(ctx, tx, all, rows, c, true)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		f, chosen := fates[r.id]
		if !chosen || f.state == stateUnknown && state == stateUnknown { // another campaign's is not settled yet
			continue
		}
		f.doubt = nil // the load counts it
		done.note(f)
		id := r.clientMsgID
		if !r.heldBack {
			times, _ := strconv.Atoi(id[strings.LastIndexByte(id, '-')+1:])
			id = messageID(l.appID, l.campaign, r.openid, r.studentID, times+1)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE push_message SET state = ?, client_msg_id = ?, owner = '', sending_at = 0, attempts = 0, errcode = 0, error = ?, updated_at = ?
WHERE id = ? AND state = ?`, f.state, id, clip(f.reason, errorLimit), l.now().Unix(), r.id, state); err != nil {
			return nil, err
		}
	}
	return done, l.settleForeign(ctx, tx, done)
}

// reopenings decides about rows as if they had never left.
func (l *ledger) reopenings(ctx context.Context, q querier, all rivals, rows []*row, choice choice, lock bool) (map[int64]fate, error) {
	choice.own = all.own
	theirs := map[person][]foreign{}
	if len(all.others) > 0 {
		wanted := make(map[person]bool, len(rows))
		for _, r := range rows {
			wanted[r.person()] = true
		}
		var err error
		if theirs, err = l.foreign(ctx, q, all, wanted, lock); err != nil {
			return nil, err
		}
	}
	fates := make(map[int64]fate, len(rows))
	for _, r := range rows {
		if r.left() || !choice.about.includes(r.person()) {
			continue
		}
		fates[r.id] = choice.reopening(r.person(), r.id, r.content, theirs[r.person()])
	}
	return fates, nil
}

// reopening decides about a row as if it had never left. A row whose values cannot be sent as they
// were kept takes nothing away from another campaign: the load does, if the school has mended them.
func (c choice) reopening(p person, id int64, text string, theirs []foreign) fate {
	x := entry{person: p, photo: decodePhoto(text)}
	f := c.decide(&held{id: id, state: statePending}, x, theirs)
	if len(f.supersede) > 0 {
		values, err := decodeContent(text)
		if err != nil || c.made(p.openid, values) != nil {
			f.supersede = nil
		}
	}
	return f
}

// inState reads rows of a state, in the order of their ids.
func (l *ledger) inState(ctx context.Context, q querier, state string, after int64) ([]*row, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, openid, student_id, content, client_msg_id, sending_at, attempts FROM push_message
WHERE appid = ? AND campaign = ? AND state = ? AND id > ? ORDER BY id LIMIT ?`, l.appID, l.campaign, state, after, chunk)
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
		r.heldBack = foreign{state: state, sendingAt: r.before, attempts: r.attempts}.heldBack()
		found = append(found, r)
	}
	return found, rows.Err()
}
