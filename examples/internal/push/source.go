package push

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

// pageSize is how many recipients are read at a time. No cursor is open between two pages.
const pageSize = 2000

// recipient is a row of the query that can be pushed to.
type recipient struct {
	openid, studentID string
	content           content
}

// source reads the recipients in pages by key.
type source struct {
	db    *db.DB
	query string // the user's; empty: the two tables
	since time.Time
	needs []string // columns beside the required ones that the fields fill in
}

func newSource(cfg *Config) *source {
	s := &source{db: cfg.School, query: cfg.Query, since: cfg.Since}
	for _, f := range cfg.Fields {
		s.needs = append(s.needs, f.columns()...)
	}
	return s
}

// tablesPage has the newest photo of each bound child, by the binding's key.
const tablesPage = `SELECT b.id AS page_key, b.wechat_openid AS openid, b.student_id, p.student_name, p.photo_url, p.photo_update_time
FROM parent_wechat_bind b LEFT JOIN student_photo p ON p.student_id = b.student_id AND p.photo_url <> '' AND NOT EXISTS (
  SELECT 1 FROM student_photo n WHERE n.student_id = p.student_id AND n.photo_url <> '' AND (n.photo_update_time > p.photo_update_time
    OR n.photo_update_time = p.photo_update_time AND n.photo_url > p.photo_url))
WHERE b.id > ? ORDER BY b.id LIMIT ?`

// queryPage reads a user's query by openid and student, compared bytewise.
const queryPage = `SELECT q.* FROM (%s) q WHERE %[2]s > ? ORDER BY %[2]s LIMIT ?`

// pages calls f with each page and the number of rows in it that cannot be pushed to.
func (s *source) pages(ctx context.Context, f func(page []recipient, leftOut int) error) error {
	statement, key := tablesPage, any(int64(0))
	if s.query != "" {
		joined := `(q.openid || ':' || q.student_id)`
		if s.db.Dialect == db.MySQL {
			joined = `CAST(CONCAT(COALESCE(q.openid, ''), ':', q.student_id) AS BINARY)`
		}
		statement, key = fmt.Sprintf(queryPage, strings.TrimRight(strings.TrimSpace(s.query), ";"), joined), any("")
	}
	for {
		page, leftOut, last, n, err := s.page(ctx, statement, key)
		if err != nil {
			return fmt.Errorf("read the recipients from %s: %w", s.db.Name, err)
		}
		if err := f(page, leftOut); err != nil {
			return err
		}
		if n < pageSize {
			return nil
		}
		key = last
	}
}

func (s *source) page(ctx context.Context, statement string, key any) (page []recipient, leftOut int, last any, n int, err error) {
	rows, err := s.db.QueryContext(ctx, statement, key, pageSize)
	if err != nil {
		return nil, 0, nil, 0, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, 0, nil, 0, err
	}
	if err := s.haveColumns(columns); err != nil {
		return nil, 0, nil, 0, err
	}
	for rows.Next() {
		values, err := scan(rows, columns)
		if err != nil {
			return nil, 0, nil, 0, err
		}
		n++
		last = values["page_key"]
		if s.query != "" {
			last = text(values["openid"]) + ":" + text(values["student_id"])
		}
		r, ok := s.recipient(values)
		switch {
		case !ok:
			leftOut++
		case r.openid != "":
			page = append(page, r)
		}
	}
	return page, leftOut, last, n, rows.Err()
}

// recipient makes one of a row. ok is false for a row without openid or photo; a photo from
// before since gives an empty one.
func (s *source) recipient(values map[string]any) (r recipient, ok bool) {
	r = recipient{openid: text(values["openid"]), studentID: text(values["student_id"]), content: content{}}
	if r.openid == "" || r.studentID == "" || text(values["photo_url"]) == "" {
		return recipient{}, false
	}
	if at := moment(values["photo_update_time"]); !s.since.IsZero() && at.Before(s.since) {
		return recipient{}, true
	}
	for name, v := range values {
		if name != "page_key" && name != "openid" {
			r.content[name] = printed(v)
		}
	}
	return r, true
}

// required are the columns that a query must have.
var required = []string{"openid", "student_id", "student_name", "photo_url", "photo_update_time"}

func (s *source) haveColumns(columns []string) error {
	for _, want := range required {
		if !slices.Contains(columns, want) {
			return fmt.Errorf("the query has no column %s", want)
		}
	}
	for _, want := range s.needs {
		if want == "openid" || want == "page_key" || !slices.Contains(columns, want) {
			return fmt.Errorf("a field wants {%s}, and the query has no column %[1]s to show", want)
		}
	}
	return nil
}

func scan(rows *sql.Rows, columns []string) (map[string]any, error) {
	cells := make([]any, len(columns))
	targets := make([]any, len(columns))
	for i := range cells {
		targets[i] = &cells[i]
	}
	if err := rows.Scan(targets...); err != nil {
		return nil, err
	}
	values := make(map[string]any, len(columns))
	for i, c := range columns {
		values[c] = cells[i]
	}
	return values, nil
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	case string:
		return v
	}
	return fmt.Sprint(v)
}

func moment(v any) time.Time {
	if t, ok := v.(time.Time); ok {
		return t
	}
	t, err := time.ParseInLocation(time.DateTime, text(v), beijing)
	if err != nil {
		return time.Time{}
	}
	return t
}

// bound tells which of rows are still in the query's answer.
func (s *source) bound(ctx context.Context, rows []*row) (map[string]bool, error) {
	found := make(map[string]bool)
	if len(rows) == 0 {
		return found, nil
	}
	statement := "SELECT wechat_openid, student_id FROM parent_wechat_bind WHERE wechat_openid IN "
	if s.query != "" {
		statement = "SELECT q.openid, q.student_id FROM (" + strings.TrimRight(strings.TrimSpace(s.query), ";") + ") q WHERE q.openid IN "
	}
	args := make([]any, len(rows))
	for i, r := range rows {
		args[i] = r.openid
	}
	answer, err := s.db.QueryContext(ctx, statement+"(?"+strings.Repeat(",?", len(rows)-1)+")", args...)
	if err != nil {
		return nil, errors.Join(errors.New("look up the bindings in "+s.db.Name), err)
	}
	defer answer.Close()
	for answer.Next() {
		var openid, student string
		if err := answer.Scan(&openid, &student); err != nil {
			return nil, err
		}
		found[openid+"\x00"+student] = true
	}
	return found, answer.Err()
}
