package bind

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// A Child is a pupil to whom somebody is bound.
type Child struct {
	StudentID string
	Name      string // empty: neither the roster nor the photos tell it
	Class     string // may be empty
}

// binding is a row of parent_wechat_bind.
type binding struct {
	id        int64
	studentID string
	mobile    string
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// bindings returns an openid's rows, the oldest first.
func bindings(ctx context.Context, q querier, openid string) ([]binding, error) {
	if openid == "" {
		return nil, nil
	}
	rows, err := q.QueryContext(ctx, `SELECT id, wechat_openid, student_id, parent_mobile FROM parent_wechat_bind WHERE wechat_openid = ? ORDER BY id`, openid)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []binding
	for rows.Next() {
		var b binding
		var whose string
		var mobile sql.NullString
		if err := rows.Scan(&b.id, &whose, &b.studentID, &mobile); err != nil {
			return nil, err
		}
		b.mobile = mobile.String
		if whose == openid { // a table of the school's own may take aB and Ab for the same
			all = append(all, b)
		}
	}
	return all, rows.Err()
}

// Children returns the pupils to whom an openid is bound, in the order in
// which it was bound, each once.
func (s *Store) Children(ctx context.Context, openid string) ([]Child, error) {
	have, err := bindings(ctx, s.db, openid)
	if err != nil {
		return nil, fmt.Errorf("bind: look up bindings: %w", err)
	}
	var all []Child
	for _, b := range have {
		if slices.ContainsFunc(all, func(c Child) bool { return c.StudentID == b.studentID }) {
			continue
		}
		c, err := s.child(ctx, s.db, b.studentID)
		if err != nil {
			return nil, fmt.Errorf("bind: look up a pupil: %w", err)
		}
		all = append(all, c)
	}
	return all, nil
}

// Bound reports whether an openid is bound to a pupil now.
func (s *Store) Bound(ctx context.Context, openid, studentID string) (bool, error) {
	have, err := bindings(ctx, s.db, openid)
	if err != nil {
		return false, fmt.Errorf("bind: look up a binding: %w", err)
	}
	return slices.ContainsFunc(have, func(b binding) bool { return b.studentID == studentID }), nil
}

// child looks a pupil's name up, in the roster and then among the photos.
func (s *Store) child(ctx context.Context, q querier, studentID string) (Child, error) {
	c := Child{StudentID: studentID}
	err := q.QueryRowContext(ctx, `SELECT student_name, class FROM bind_pupil WHERE student_id = ?`, studentID).Scan(&c.Name, &c.Class)
	if !errors.Is(err, sql.ErrNoRows) {
		return c, err
	}
	var name sql.NullString
	err = q.QueryRowContext(ctx, `SELECT student_name FROM student_photo WHERE student_id = ? ORDER BY photo_update_time DESC LIMIT 1`, studentID).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	c.Name = name.String
	return c, err
}

// Unbind deletes an openid's bindings to the pupils given, and returns how many
// of these pupils it was bound to. A row that the school's own list has made
// keeps the parent's phone number and loses the openid.
func (s *Store) Unbind(ctx context.Context, openid string, studentIDs ...string) (n int, err error) {
	err = s.unbind(ctx, openid, func(b binding) bool { return slices.Contains(studentIDs, b.studentID) }, &n)
	return n, err
}

// Forget deletes all that is kept of an openid here: its bindings and its
// wrong tries.
func (s *Store) Forget(ctx context.Context, openid string) error {
	if err := s.unbind(ctx, openid, func(binding) bool { return true }, new(int)); err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, `DELETE FROM bind_try WHERE openid = ?`, openid); err != nil {
		return fmt.Errorf("bind: forget tries: %w", err)
	}
	return nil
}

func (s *Store) unbind(ctx context.Context, openid string, chosen func(binding) bool, n *int) error {
	err := s.db.Transact(ctx, func(tx *sql.Tx) error {
		have, err := bindings(ctx, tx, openid)
		if err != nil {
			return err
		}
		pupils := map[string]bool{}
		for _, b := range have {
			if !chosen(b) {
				continue
			}
			if err := deleteBinding(ctx, tx, b); err != nil {
				return err
			}
			pupils[b.studentID] = true
		}
		*n = len(pupils)
		return nil
	})
	if err != nil {
		return fmt.Errorf("bind: delete bindings in %s: %w", s.db.Name, err)
	}
	return nil
}

func deleteBinding(ctx context.Context, tx *sql.Tx, b binding) error {
	if b.mobile == "" {
		_, err := tx.ExecContext(ctx, `DELETE FROM parent_wechat_bind WHERE id = ?`, b.id)
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE parent_wechat_bind SET wechat_openid = NULL WHERE id = ?`, b.id); err == nil {
		return nil
	}
	// A table of the school's own may want a value.
	_, err := tx.ExecContext(ctx, `UPDATE parent_wechat_bind SET wechat_openid = '' WHERE id = ?`, b.id)
	return err
}
