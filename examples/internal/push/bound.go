package push

import (
	"context"
	"fmt"

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
	openids := make([]any, len(rows))
	for i, r := range rows {
		openids[i] = r.openid
	}
	err := s.bindings(ctx, openids, func(p person, _ int64) { found[p] = true })
	return found, err
}

// distinct drops those of page whose binding is not the first one of its person: a parent may be
// registered twice, and is counted once.
func (s *source) distinct(ctx context.Context, page []entry) ([]entry, error) {
	if len(page) == 0 || s.query != "" { // a query's pages have each person once
		return page, nil
	}
	openids := make([]any, len(page))
	for i, x := range page {
		openids[i] = x.given
	}
	first := make(map[person]int64, len(page))
	err := s.bindings(ctx, openids, func(p person, id int64) {
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

func (s *source) bindings(ctx context.Context, openids []any, f func(p person, id int64)) error {
	statement := "SELECT wechat_openid, student_id, id FROM parent_wechat_bind WHERE wechat_openid IN (" + db.Marks(len(openids)) + ")"
	if s.query != "" {
		statement = "SELECT q.openid, q.student_id, 0 FROM (" + s.query + ") q WHERE q.openid IN (" + db.Marks(len(openids)) + ")"
	}
	answer, err := s.db.QueryContext(ctx, statement, openids...)
	if err != nil {
		return fmt.Errorf("look up the bindings in %s: %w", s.db.Name, err)
	}
	defer answer.Close()
	for answer.Next() {
		var openid, student any // a student's id may be a number, or NULL
		var id int64
		if err := answer.Scan(&openid, &student, &id); err != nil {
			return fmt.Errorf("look up the bindings in %s: %w", s.db.Name, err)
		}
		f(person{text(openid), text(student)}, id)
	}
	return answer.Err()
}
