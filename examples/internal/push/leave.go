package push

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// leftPart has the rows that were being sent when their parent left: whoever settles them takes the
// openid out.
var leftPart = part{
	"SELECT id, appid, done FROM push_left WHERE 1 = 0",
	[]string{
		"CREATE TABLE IF NOT EXISTS push_left (id INTEGER NOT NULL PRIMARY KEY, appid TEXT NOT NULL, done INTEGER NOT NULL)",
		"CREATE INDEX IF NOT EXISTS push_left_open ON push_left (appid, done)",
	},
	[]string{`CREATE TABLE IF NOT EXISTS push_left (
  id BIGINT NOT NULL PRIMARY KEY, appid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, done INT NOT NULL,
  KEY push_left_open (appid, done)
) ENGINE=InnoDB`},
}

// Renamed is what Forget has made of an openid.
type Renamed struct {
	Name    string           // what stands in its place
	Message map[int64]string // by msgid: other names, of rows for which the ledger had the first already
}

// Forget takes a parent who has left out of an account's ledger: a keyed hash takes the place of the
// openid. What was never sent is skipped; what may have arrived is unknown, since it can be repeated
// no more; what is being sent keeps the openid until it is settled. Nothing else changes.
func Forget(ctx context.Context, ledger *db.DB, appID, openid string) (Renamed, error) {
	l := newLedger(ledger, appID, "")
	secret, err := makeSecret(ctx, ledger, time.Now())
	if err != nil {
		return Renamed{}, fmt.Errorf("forget a parent in %s: %w", ledger.Name, err)
	}
	did := Renamed{Name: formerName(secret, openid)}
	if err := probe(ctx, ledger, parts[0].probe); absent(err) {
		return did, nil // nothing was pushed yet
	}
	if err := leftPart.ensure(ctx, ledger); err != nil {
		return did, err
	}
	err = l.transact(ctx, func(tx *sql.Tx) error {
		did.Message = map[int64]string{}
		rows, err := l.leaving(ctx, tx, "m.appid = ? AND m.openid = ?", appID, openid)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := l.leave(ctx, tx, r, did); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return did, err
	}
	if err = forgetTrials(ctx, l, openid, did.Name); err != nil {
		return did, err
	}
	return did, l.leaveSettled(ctx)
}

// forgetTrials takes the openid out of the trials, whose links it may open no more.
func forgetTrials(ctx context.Context, l *ledger, openid, name string) error {
	_, err := l.db.ExecContext(ctx, "UPDATE push_trial SET openid = ?, guest = 0 WHERE appid = ? AND openid = ?", name, l.appID, openid)
	if absent(err) {
		return nil
	}
	return err
}

// leaver is a row of a parent who has left.
type leaver struct {
	id                                 int64
	campaign, openid, studentID, state string
	sendingAt                          int64
	attempts                           int
	msgID                              int64
}

// leaving reads the rows that meet a condition and, on MariaDB, locks them.
func (l *ledger) leaving(ctx context.Context, tx *sql.Tx, condition string, args ...any) ([]leaver, error) {
	rows, err := tx.QueryContext(ctx, `SELECT m.id, m.campaign, m.openid, m.student_id, m.state, m.sending_at, m.attempts, m.msgid FROM push_message m
WHERE `+condition+" ORDER BY m.id"+l.locking(true), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []leaver
	for rows.Next() {
		var r leaver
		if err := rows.Scan(&r.id, &r.campaign, &r.openid, &r.studentID, &r.state, &r.sendingAt, &r.attempts, &r.msgID); err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

// unsent reports whether no message of the row has left.
func (r leaver) unsent() bool {
	return r.sendingAt == 0 && (r.state == statePending || r.state == stateUnknown && r.attempts == 0)
}

// weight orders rows by what a later load must know of them.
func (r leaver) weight() int {
	switch {
	case r.state == stateAccepted:
		return 2
	case r.state == stateUnknown && !r.unsent():
		return 1
	}
	return 0
}

// leave takes the openid out of a row. One that is being sent is noted, for whoever settles it.
func (l *ledger) leave(ctx context.Context, tx *sql.Tx, r leaver, did Renamed) error {
	if r.state == stateSending {
		insert, end := "INSERT OR IGNORE", ""
		if l.db.Dialect == db.MySQL {
			insert, end = "INSERT", " ON DUPLICATE KEY UPDATE done = 0"
		}
		_, err := tx.ExecContext(ctx, insert+" INTO push_left (id, appid, done) VALUES (?, ?, 0)"+end, r.id, l.appID)
		return err
	}
	reason := ""
	switch {
	case r.unsent():
		r.state, reason = stateSkipped, string(whyLeft)
	case r.state == statePending:
		r.state, reason = stateUnknown, string(whyLeftDoubt)
	}
	name, err := l.nameOf(ctx, tx, r, did)
	if err != nil {
		return err
	}
	statement, args := "UPDATE push_message SET openid = ?, state = ?", []any{name, r.state}
	if reason != "" {
		statement, args = statement+", error = ?, updated_at = ?", append(args, reason, l.now().Unix())
	}
	_, err = tx.ExecContext(ctx, statement+" WHERE id = ? AND state <> 'sending'", append(args, r.id)...)
	return err
}

// nameOf is what takes the openid's place. A parent who was forgotten, came back and left again may
// have two rows of one campaign and pupil: the one that says more has the name that a load looks
// for, the other one has the row's number behind it.
func (l *ledger) nameOf(ctx context.Context, tx *sql.Tx, r leaver, did Renamed) (string, error) {
	others, err := l.leaving(ctx, tx, "m.appid = ? AND m.campaign = ? AND m.openid = ? AND m.student_id = ?", l.appID, r.campaign, did.Name, r.studentID)
	if err != nil || len(others) == 0 {
		return did.Name, err
	}
	other := others[0]
	if other.weight() >= r.weight() {
		return did.numbered(r), nil
	}
	_, err = tx.ExecContext(ctx, "UPDATE push_message SET openid = ? WHERE id = ?", did.numbered(other), other.id)
	return did.Name, err
}

func (did Renamed) numbered(r leaver) string {
	name := fmt.Sprintf("%s-%d", did.Name, r.id)
	if r.msgID != 0 && did.Message != nil {
		did.Message[r.msgID] = name
	}
	return name
}

// leaveSettled takes the openids out of rows that were being sent when their parents left, and are
// settled by now.
func (l *ledger) leaveSettled(ctx context.Context) error {
	var one int
	err := l.db.QueryRowContext(ctx, "SELECT 1 FROM push_left WHERE appid = ? AND done = 0 LIMIT 1", l.appID).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) || absent(err) {
		return nil // nobody has left while a message was under way
	}
	if err != nil {
		return l.failed(err)
	}
	secret, err := readSecret(ctx, l.db)
	if err != nil || secret == "" {
		return err
	}
	return l.transact(ctx, func(tx *sql.Tx) error {
		rows, err := l.leaving(ctx, tx, "m.state <> 'sending' AND m.id IN (SELECT f.id FROM push_left f WHERE f.appid = ? AND f.done = 0)", l.appID)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if !isFormer(r.openid) { // one who left a second time has a name of hers already
				err = l.leave(ctx, tx, r, Renamed{Name: formerName(secret, r.openid)})
			}
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE push_left SET done = 1 WHERE id = ?", r.id); err != nil {
				return err
			}
		}
		return nil
	})
}

// parted is what becomes of a claimed row whose binding is gone: it is sent no more, but what may
// have arrived stays in doubt, so that it holds when the parent is bound again.
func (r *row) parted() string {
	if r.before != 0 || r.doubt {
		return stateUnknown
	}
	return stateSkipped
}

// left reports whether the row is of a parent who has left: it can be sent no more, and its doubt
// stays.
func (r *row) left() bool { return isFormer(r.openid) }
