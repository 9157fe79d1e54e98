package bind

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// What Bind answers to a code that is none of its own making any more.
var (
	ErrNoCode  = errors.New("bind: there is no code in the message")
	ErrUsed    = errors.New("bind: the code was redeemed before")
	ErrExpired = errors.New("bind: the code has expired")
)

// A WrongError says that there is no such code.
type WrongError struct {
	Left int // wrong tries before the openid is locked
}

// Error returns the sentence in English.
func (e *WrongError) Error() string {
	return fmt.Sprintf("bind: there is no such code; tries left: %d", e.Left)
}

// A LockedError says that an openid has tried too many wrong codes.
type LockedError struct {
	Until time.Time
}

// Error returns the sentence in English.
func (e *LockedError) Error() string {
	return "bind: too many wrong codes, locked until " + e.Until.In(db.Beijing).Format(time.DateTime)
}

// Bound is what a binding was made with.
type Bound struct {
	Child
	Already bool // the parent was bound to this pupil before; the code is still good
}

// Bind redeems a code for an openid. typed is what the parent wrote: case,
// full-width characters, blanks and characters that look alike do not matter.
// Five codes within an hour that cannot be redeemed lock the openid for an
// hour, right ones included.
func (s *Store) Bind(ctx context.Context, openid, typed string) (bound Bound, err error) {
	code := fold(typed)
	if code == "" {
		return Bound{}, ErrNoCode
	}
	var refused error // is committed with the try that it counts
	err = s.db.Transact(ctx, func(tx *sql.Tx) error {
		bound, refused = Bound{}, nil
		tries, err := s.lockTries(ctx, tx, openid)
		if err != nil {
			return err
		}
		now := s.now()
		if until := time.Unix(tries.lockedUntil, 0); now.Before(until) {
			refused = &LockedError{Until: until}
			return nil
		}
		bound, refused, err = s.redeem(ctx, tx, openid, code)
		if err != nil {
			return err
		}
		if refused == nil {
			return s.keepTries(ctx, tx, openid, tries)
		}
		lock, err := s.countTry(ctx, tx, openid, tries)
		if lock != nil {
			refused = lock
		} else if wrong, ok := errors.AsType[*WrongError](refused); ok {
			wrong.Left = MaxTries - len(tries.at)
		}
		return err
	})
	switch {
	case err != nil:
		return Bound{}, fmt.Errorf("bind: redeem a code in %s: %w", s.db.Name, err)
	case refused != nil:
		return Bound{}, refused
	}
	return bound, nil
}

// redeem takes the code and makes the binding. refused says why not.
func (s *Store) redeem(ctx context.Context, tx *sql.Tx, openid, code string) (bound Bound, refused, err error) {
	hashes := make([]any, len(s.keys))
	for i, key := range s.keys {
		hashes[i] = hashCode(key, code)
	}
	var hash, student string
	var expires, used int64
	err = tx.QueryRowContext(ctx, `SELECT hash, student_id, expires_at, used_at FROM bind_code WHERE hash IN (`+db.Marks(len(hashes))+`)`,
		hashes...).Scan(&hash, &student, &expires, &used)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return bound, &WrongError{}, nil
	case err != nil:
		return bound, nil, err
	}
	if bound.Child, err = s.child(ctx, tx, student); err != nil {
		return bound, nil, err
	}
	have, err := s.bindings(ctx, tx, openid)
	if err != nil {
		return bound, nil, err
	}
	if slices.ContainsFunc(have, func(b binding) bool { return b.studentID == student }) {
		bound.Already = true
		return bound, nil, nil
	}
	now := s.now()
	switch {
	case used != 0:
		return bound, ErrUsed, nil
	case now.Unix() >= expires:
		return bound, ErrExpired, nil
	}
	// Another process may have read the same row: who changes it has the code.
	done, err := tx.ExecContext(ctx, `UPDATE bind_code SET used_at = ? WHERE hash = ? AND used_at = 0`, now.Unix(), hash)
	if err != nil {
		return bound, nil, err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return bound, ErrUsed, err
	}
	return bound, nil, s.insert(ctx, tx, openid, student)
}

// insert adds a binding and reads it back: a table of the school's own may have a column that
// cannot hold the identifiers, and a server that is not strict would cut or convert them, to
// another child's perhaps.
func (s *Store) insert(ctx context.Context, tx *sql.Tx, openid, student string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time) VALUES ('', ?, ?, ?)`,
		openid, student, s.now().In(db.Beijing).Format(time.DateTime))
	if err != nil {
		return err
	}
	have, err := s.bindings(ctx, tx, openid)
	if err == nil && !slices.ContainsFunc(have, func(b binding) bool { return b.studentID == student }) {
		err = errors.New("parent_wechat_bind cannot hold this openid and student_id unchanged: give both columns the type VARCHAR(64)")
	}
	return err
}

// The limit on wrong codes.
const (
	MaxTries = 5         // within tryWindow, then the openid is locked
	LockTime = time.Hour // for so long

	tryWindow = time.Hour
)

// tries are an openid's wrong codes of the last hour.
type tries struct {
	at          []int64 // unix seconds, the oldest first
	lockedUntil int64
}

// lockTries reads an openid's tries and keeps everybody else from them until
// the transaction ends. SQLite has locked the whole database already.
func (s *Store) lockTries(ctx context.Context, tx *sql.Tx, openid string) (*tries, error) {
	insert := `INSERT OR IGNORE INTO bind_try (openid, tries, last_at, locked_until) VALUES (?, '', ?, 0)`
	if s.db.Dialect == db.MySQL {
		insert = `INSERT INTO bind_try (openid, tries, last_at, locked_until) VALUES (?, '', ?, 0) ON DUPLICATE KEY UPDATE last_at = VALUES(last_at)`
	}
	now := s.now()
	if _, err := tx.ExecContext(ctx, insert, openid, now.Unix()); err != nil {
		return nil, err
	}
	// MySQL takes a transaction's snapshot at its first read, which is this one: the lock is held.
	var text string
	t := new(tries)
	if err := tx.QueryRowContext(ctx, `SELECT tries, locked_until FROM bind_try WHERE openid = ?`, openid).Scan(&text, &t.lockedUntil); err != nil {
		return nil, err
	}
	for _, word := range strings.Fields(text) {
		var at int64
		if _, err := fmt.Sscan(word, &at); err == nil && at > now.Add(-tryWindow).Unix() {
			t.at = append(t.at, at)
		}
	}
	return t, nil
}

// countTry adds a try; the error that it returns besides err says that it was
// one too many.
func (s *Store) countTry(ctx context.Context, tx *sql.Tx, openid string, t *tries) (locked, err error) {
	now := s.now()
	t.at = append(t.at, now.Unix())
	if len(t.at) >= MaxTries {
		until := time.Unix(now.Add(LockTime).Unix(), 0)
		t.at, t.lockedUntil = nil, until.Unix()
		locked = &LockedError{Until: until}
	}
	_, err = tx.ExecContext(ctx, `UPDATE bind_try SET tries = ?, last_at = ?, locked_until = ? WHERE openid = ?`,
		strings.Trim(fmt.Sprint(t.at), "[]"), now.Unix(), t.lockedUntil, openid)
	return locked, err
}

// keepTries drops the row that was made to lock it. Wrong tries stay: a right
// code between them would start the count anew for who knows one.
func (s *Store) keepTries(ctx context.Context, tx *sql.Tx, openid string, t *tries) error {
	if len(t.at) > 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM bind_try WHERE openid = ?`, openid)
	return err
}

// Purge forgets the tries that count no more. Call it now and then.
func (s *Store) Purge(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM bind_try WHERE last_at < ?`, s.now().Add(-tryWindow-LockTime).Unix())
	if err != nil {
		return fmt.Errorf("bind: forget old tries: %w", err)
	}
	return nil
}
