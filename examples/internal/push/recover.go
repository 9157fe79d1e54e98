package push

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const (
	// takeOverTime is how long after their claim the rows of a dead process are left alone. Its
	// lease is over after 30 s; the rest is for clocks that differ and for a request on its way.
	takeOverTime = 45 * time.Second
	// silentTime is how long after its claim a row of a process that lives and says nothing is
	// unknown.
	silentTime = horizon
)

// holders returns the owners of rows that are sending, but for the ledger's own.
func (l *ledger) holders(ctx context.Context) (found []Holder, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	rows, err := l.db.QueryContext(ctx, `SELECT owner, COUNT(*), MIN(updated_at) FROM push_message
WHERE appid = ? AND campaign = ? AND state = 'sending' AND owner <> ? GROUP BY owner ORDER BY owner`, l.appID, l.campaign, l.owner)
	if err != nil {
		return nil, l.failed(err)
	}
	for rows.Next() {
		var h Holder
		var since int64
		if err := rows.Scan(&h.Owner, &h.Rows, &since); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		h.Since = moment0(since)
		found = append(found, h)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, l.failed(err)
	}
	return found, nil
}

// recover takes the rows of dead owners whose claims are old enough: those that have left a short
// while ago are repeated with the same id, the others are unknown. Of an owner that lives and is
// silent they become unknown. alive tells of an owner. It returns who still has rows.
func (l *ledger) recover(ctx context.Context, alive func(owner string) (bool, error)) (others []Holder, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	if err := l.leaveSettled(ctx); err != nil {
		return nil, err
	}
	found, err := l.holders(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range found {
		lives, err := alive(h.Owner)
		if err != nil {
			return nil, l.failed(err)
		}
		take := l.orphan
		h.Lock = LockFree
		if lives {
			take, h.Lock = l.silent, LockHeld
		}
		taken, err := take(ctx, h.Owner)
		if err != nil {
			return nil, err
		}
		if h.Rows -= taken; h.Rows > 0 {
			others = append(others, h)
		}
	}
	return others, nil
}

const whoseRows = ` WHERE appid = ? AND campaign = ? AND state = 'sending' AND owner = ?`

// orphan takes the rows of a dead owner. Where the owner's lock was a file's, the lock says that
// the process has ended, and nothing of it is on its way: takeOver is 0 then. The owner of what
// becomes unknown stays noted, see [ledger.write].
func (l *ledger) orphan(ctx context.Context, owner string) (taken int, err error) {
	now := l.now().Unix()
	// A claim of the future was written before the clock was set back: its age is not known.
	where := whoseRows + ` AND (updated_at <= ? OR updated_at > ?)`
	args := []any{l.appID, l.campaign, owner, now - int64(l.takeOver/time.Second), now + slackSeconds}
	err = l.transact(ctx, func(tx *sql.Tx) error {
		taken = 0
		for _, u := range []struct {
			set, and string
			more     []any
		}{
			{`state = 'unknown', error = 'interrupted while sending'`, ` AND (sending_at > ? OR sending_at <= ? OR updated_at > ?)`, []any{now + slackSeconds, now - horizonSeconds, now + slackSeconds}},
			{`state = 'pending', owner = ''`, ``, nil},
		} {
			all := append(append([]any{now}, args...), u.more...)
			done, err := tx.ExecContext(ctx, `UPDATE push_message SET `+u.set+`, updated_at = ?`+where+u.and, all...)
			if err != nil {
				return err
			}
			n, err := done.RowsAffected()
			if err != nil {
				return err
			}
			taken += int(n)
		}
		return nil
	})
	return taken, err
}

// silent makes the rows unknown that an owner has had for nine minutes: it lives, and it stands
// still or has lost them. Its answer may still come.
func (l *ledger) silent(ctx context.Context, owner string) (taken int, err error) {
	now := l.now().Unix()
	err = l.transact(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE push_message SET state = 'unknown', error = ?, updated_at = ?`+whoseRows+` AND updated_at <= ?`,
			"its process lives and has said nothing for nine minutes", now, l.appID, l.campaign, owner, now-int64(silentTime/time.Second))
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		taken = int(n)
		return err
	})
	return taken, err
}
