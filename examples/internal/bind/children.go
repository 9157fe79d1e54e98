package bind

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/school"
)

// A Child is a pupil to whom somebody is bound.
type Child struct {
	StudentID string
	Name      string // empty: neither the roster nor the photos tell it
	Class     string // may be empty
}

// binding is a row of parent_wechat_bind.
type binding struct {
	id        any // of any type in a table of the school's own
	openid    string
	studentID string
	mobile    string
}

// bindings returns an openid's rows, the oldest first. The identifiers are compared here, as text:
// a table of the school's own may take aB and Ab for the same.
func (s *Store) bindings(ctx context.Context, q db.Querier, openid string) ([]binding, error) {
	if openid == "" {
		return nil, nil
	}
	condition, args, err := s.db.Dialect.Find(ctx, q, "parent_wechat_bind", "wechat_openid", openid)
	if err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, fmt.Sprintf("SELECT id, %s, %s, parent_mobile FROM parent_wechat_bind WHERE %s ORDER BY id",
		s.db.Dialect.Text("wechat_openid"), s.db.Dialect.Text("student_id"), condition), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []binding
	for rows.Next() {
		var b binding
		var whose, student, mobile sql.NullString
		if err := rows.Scan(&b.id, &whose, &student, &mobile); err != nil {
			return nil, err
		}
		if id, ok := b.id.([]byte); ok {
			b.id = string(id) // bytes would not be brought into the column's character set
		}
		b.openid, b.studentID, b.mobile = whose.String, student.String, mobile.String
		if whose.String == openid && b.studentID != "" {
			all = append(all, b)
		}
	}
	return all, rows.Err()
}

// Children returns the pupils to whom an openid is bound, in the order in
// which it was bound, each once.
func (s *Store) Children(ctx context.Context, openid string) ([]Child, error) {
	have, err := s.bindings(ctx, s.db, openid)
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
	have, err := s.bindings(ctx, s.db, openid)
	if err != nil {
		return false, fmt.Errorf("bind: look up a binding: %w", err)
	}
	return slices.ContainsFunc(have, func(b binding) bool { return b.studentID == studentID }), nil
}

// child looks a pupil's name up, in the roster and then among the photos.
func (s *Store) child(ctx context.Context, q db.Querier, studentID string) (Child, error) {
	c := Child{StudentID: studentID}
	found, err := s.pupil(ctx, q, &c)
	if err != nil || found {
		return c, err
	}
	p, err := school.NewestPhotoOf(ctx, s.db.Dialect, q, studentID)
	c.Name = p.StudentName
	return c, err
}

// pupil looks in the roster.
func (s *Store) pupil(ctx context.Context, q db.Querier, c *Child) (found bool, err error) {
	rows, err := q.QueryContext(ctx, `SELECT student_id, student_name, class FROM bind_pupil WHERE student_id = ?`, c.StudentID)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, name, class string
		if err := rows.Scan(&id, &name, &class); err != nil {
			return false, err
		}
		if id == c.StudentID { // MySQL ignores spaces at the end
			c.Name, c.Class, found = name, class, true
		}
	}
	return found, rows.Err()
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
		have, err := s.bindings(ctx, tx, openid)
		if err != nil {
			return err
		}
		pupils := map[string]bool{}
		for _, b := range have {
			if !chosen(b) {
				continue
			}
			if err := s.deleteBinding(ctx, tx, b); err != nil {
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

// deleteBinding names the row by its openid and pupil as well: the ids of a school's own table may
// repeat, or be compared as numbers although they are text.
func (s *Store) deleteBinding(ctx context.Context, tx *sql.Tx, b binding) error {
	is := " WHERE (id = ? OR id IS NULL) AND " + s.db.Dialect.Exactly("wechat_openid") + " AND " + s.db.Dialect.Exactly("student_id")
	args := []any{b.id, db.Bytes(b.openid), db.Bytes(b.studentID)}
	if b.mobile == "" {
		_, err := tx.ExecContext(ctx, `DELETE FROM parent_wechat_bind`+is, args...)
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE parent_wechat_bind SET wechat_openid = NULL`+is, args...); err == nil {
		return nil
	}
	// A table of the school's own may want a value.
	_, err := tx.ExecContext(ctx, `UPDATE parent_wechat_bind SET wechat_openid = ''`+is, args...)
	return err
}
