package push

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/org/wxhome/examples/internal/db"
)

// person is whom a row is for.
type person struct{ openid, studentID string }

// bound tells which of rows are still in the school's answer.
func (s *source) bound(ctx context.Context, rows []*row) (map[person]bool, error) {
	found := make(map[person]bool, len(rows))
	if len(rows) == 0 {
		return found, nil
	}
	openids := make([]string, len(rows))
	for i, r := range rows {
		openids[i] = r.openid
	}
	err := s.bindings(ctx, "0", openids, func(p person, _ int64) { found[p] = true })
	return found, err
}

// distinct drops those of page whose binding is not the first one of its person: a parent may be
// registered twice, and is counted once.
func (s *source) distinct(ctx context.Context, page []entry) ([]entry, error) {
	if !slices.ContainsFunc(page, func(x entry) bool { return x.binding != 0 }) { // pages by person have each once
		return page, nil
	}
	openids := make([]string, len(page))
	for i, x := range page {
		openids[i] = x.given
	}
	first := make(map[person]int64, len(page))
	err := s.bindings(ctx, "id", openids, func(p person, id int64) {
		if held, ok := first[p]; !ok || id < held {
			first[p] = id
		}
	})
	var firsts []entry
	for _, x := range page {
		if first[person{x.given, x.values["student_id"]}] == x.binding {
			firsts = append(firsts, x)
		}
	}
	return firsts, err
}

// numberedBindings is bindings with their ids; 0 where they are no numbers of their own.
func (s *source) numberedBindings(ctx context.Context, openids []string, f func(p person, id int64)) error {
	numbered, err := s.isNumbered(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("look up the bindings in %s: %w", s.db.Name, err)
	case numbered:
		return s.bindings(ctx, "id", openids, f)
	}
	return s.bindings(ctx, "0", openids, f)
}

// bindings calls f for each binding of some openids, and perhaps for others: the caller compares.
// id is the column that numbers them, or 0.
func (s *source) bindings(ctx context.Context, id string, openids []string, f func(p person, id int64)) error {
	for some := range slices.Chunk(openids, db.FindLimit) {
		err := s.patiently(ctx, func(ctx context.Context) error { return s.someBindings(ctx, id, some, f) })
		if err != nil {
			return fmt.Errorf("look up the bindings in %s: %w", s.db.Name, err)
		}
	}
	return nil
}

func (s *source) someBindings(ctx context.Context, id string, openids []string, f func(p person, id int64)) error {
	table, openid, student := "parent_wechat_bind", "wechat_openid", "student_id"
	if s.query != "" {
		table, openid, student, id = "("+s.query+") q", "q.openid", "q.student_id", "0"
	}
	condition, args, err := s.db.Dialect.Find(ctx, s.db, table, openid, openids...)
	if err != nil {
		return err
	}
	answer, err := s.db.QueryContext(ctx, fmt.Sprintf("SELECT %s, %s, %s FROM %s WHERE %s",
		s.db.Dialect.Text(openid), s.db.Dialect.Text(student), id, table, condition), args...)
	if err != nil {
		return err
	}
	defer answer.Close()
	for answer.Next() {
		var openid, student sql.NullString
		var id int64
		if err := answer.Scan(&openid, &student, &id); err != nil {
			return err
		}
		f(person{openid.String, student.String}, id)
	}
	return answer.Err()
}
