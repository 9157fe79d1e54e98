package push

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

const (
	// pageSize is how many bindings are read at a time. No cursor is open between two pages.
	pageSize = 2000
	// queryPageSize is larger, since each page runs the whole query once more.
	queryPageSize = 10000
)

// recipient is a row of the query that can be pushed to.
type recipient struct {
	openid, studentID string
	content           content
	binding           int64 // the key in parent_wechat_bind; 0: from a query of the user's, or it has none
}

// source reads the recipients in pages by key.
type source struct {
	db    *db.DB
	query string // the user's; empty: the two tables
	since time.Time
	needs []string // columns that the fields fill in
	size  int      // of a page; 0: the usual one

	stop <-chan struct{}     // ends the reading; nil: nothing does
	tell func(time.Duration) // how long one reading lasts by now; nil: nobody is told
}

func newSource(cfg *Config) *source {
	s := &source{db: cfg.School, query: strings.TrimRight(strings.TrimSpace(cfg.Query), "; \r\n\t"), since: cfg.Since}
	if s.query != "" {
		s.query += "\n" // its last line may be a comment
	}
	for _, f := range cfg.Fields {
		s.needs = append(s.needs, f.columns()...)
	}
	if cfg.Progress != nil {
		s.tell = func(d time.Duration) { cfg.Progress(Progress{Reading: d}) }
	}
	return s
}

// each is called with a page and the rows in it that cannot be pushed to.
type each func(page []recipient, out omitted) error

// pages calls f with page after page. Of several rows for one recipient it gets the one with
// the newest photo.
func (s *source) pages(ctx context.Context, f each) error {
	return s.patiently(ctx, func(ctx context.Context) error {
		if s.query != "" {
			return s.queryPages(ctx, f)
		}
		return s.tablePages(ctx, f)
	})
}

func (s *source) failed(err error) error {
	return fmt.Errorf("read the recipients from %s: %w", s.db.Name, err)
}

// bindingsPage reads who is bound to whom, as text. Which photo is whose is decided in Go.
const bindingsPage = `SELECT id, %s, %s FROM parent_wechat_bind WHERE id > ? ORDER BY id LIMIT ?`

// pageKey names the column that pages are ordered by, openidText and studentText those that have
// the identifiers as text.
const (
	pageKey     = "wxhome_page_key"
	openidText  = "wxhome_openid"
	studentText = "wxhome_student"
)

func (s *source) tablePages(ctx context.Context, f each) error {
	if err := s.haveColumns(bindingColumns); err != nil {
		return s.failed(err)
	}
	numbered, err := s.isNumbered(ctx)
	switch {
	case err != nil:
		return s.failed(err)
	case !numbered:
		return s.personPages(ctx, f)
	}
	for after := int64(math.MinInt64); ; {
		page, err := s.bindingsAfter(ctx, after)
		if err != nil {
			return s.failed(err)
		}
		p, err := s.withPhotos(ctx, page)
		if err != nil {
			return s.failed(err)
		}
		if err := f(p.recipients, p.out); err != nil {
			return err
		}
		if len(page) < s.limit(pageSize) {
			return nil
		}
		after = page[len(page)-1].id
	}
}

// withPhotos makes recipients of bindings.
func (s *source) withPhotos(ctx context.Context, page []binding) (p read, err error) {
	photos, err := s.newestPhotos(ctx, page)
	if err != nil {
		return p, err
	}
	for _, b := range page {
		s.put(&p, b.line(photos[b.studentID]))
	}
	return p, nil
}

// binding is a row of parent_wechat_bind.
type binding struct {
	id int64
	person
}

// bindingsAfter returns the page of bindings that comes after a key.
func (s *source) bindingsAfter(ctx context.Context, after int64) ([]binding, error) {
	statement := fmt.Sprintf(bindingsPage, s.db.Dialect.Text("wechat_openid"), s.db.Dialect.Text("student_id"))
	rows, err := s.db.QueryContext(ctx, statement, after, s.limit(pageSize))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	page := make([]binding, 0, s.limit(pageSize))
	for rows.Next() {
		var b binding
		var openid, student sql.NullString
		if err := rows.Scan(&b.id, &openid, &student); err != nil {
			return nil, err
		}
		b.person = person{openid.String, student.String}
		page = append(page, b)
	}
	return page, rows.Err()
}

func (s *source) limit(usual int) int {
	if s.size > 0 {
		return s.size
	}
	return usual
}

// queryPage reads a user's query by openid and student, compared bytewise.
const queryPage = `SELECT q.*, %[5]s AS ` + openidText + `, %[6]s AS ` + studentText + `, %[2]s AS %[3]s FROM (%[1]s) q WHERE %[2]s > ? AND NOT (%[4]s)
ORDER BY %[2]s, q.photo_update_time DESC, q.photo_url DESC LIMIT ?`

// lacking is true for a row without openid, student or photo. Such rows have no key of their
// own and are counted at once.
const (
	lackingKey = `COALESCE(q.openid, '') = '' OR COALESCE(q.student_id, '') = ''`
	lacking    = lackingKey + ` OR COALESCE(q.photo_url, '') = ''`
)

// key is the SQL for openid and student as bytes. No identifier has the character 0, so that no
// two pairs have one key.
func (s *source) key(openid string) string {
	if s.db.Dialect == db.MySQL {
		return `CONCAT(CAST(` + openid + ` AS BINARY), x'00', CAST(q.student_id AS BINARY))`
	}
	return `CAST((` + openid + ` || char(0) || q.student_id) AS BLOB)`
}

func (s *source) queryPages(ctx context.Context, f each) error {
	if err := s.checkColumns(ctx); err != nil {
		return s.failed(err)
	}
	var out omitted
	err := s.db.QueryRowContext(ctx, "SELECT COALESCE(SUM(CASE WHEN "+lackingKey+" THEN 1 ELSE 0 END), 0), COUNT(*) FROM ("+s.query+") q WHERE "+lacking).
		Scan(&out.noOpenID, &out.noPhoto)
	if err != nil {
		return s.failed(err)
	}
	out.noPhoto -= out.noOpenID
	key, after := s.key("q.openid"), []byte{}
	statement := fmt.Sprintf(queryPage, s.query, key, pageKey, lacking, s.db.Dialect.Text("q.openid"), s.db.Dialect.Text("q.student_id"))
	for limit := s.limit(queryPageSize); ; {
		p, err := s.page(ctx, limit, statement, after, limit)
		switch {
		case err != nil:
			return s.failed(err)
		case p.rows == limit && p.last == nil: // one person's rows are more than a page
			limit *= 2
			continue
		}
		out.add(p.out)
		if err := f(p.recipients, out); err != nil {
			return err
		}
		if p.rows < limit {
			return nil
		}
		after, out, limit = p.last, omitted{}, s.limit(queryPageSize)
	}
}

func (s *source) checkColumns(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, "SELECT q.* FROM ("+s.query+") q WHERE 1 = 0")
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	rows.Next() // some drivers report what is wrong no earlier
	if err := rows.Err(); err != nil {
		return err
	}
	return s.haveColumns(columns)
}

// read is what a page had.
type read struct {
	recipients []recipient
	out        omitted
	rows       int
	last       []byte // the key of the last person
}

// page reads rows, those of one person together. When there are as many as limit, the last person
// may have more and is left to the next page: the database may order the times as texts, so that
// the newest photo need not come first.
func (s *source) page(ctx context.Context, limit int, statement string, args ...any) (read, error) {
	var p read
	rows, err := s.db.QueryContext(ctx, statement, args...)
	if err != nil {
		return p, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return p, err
	}
	if err := s.haveColumns(columns); err != nil {
		return p, err
	}
	var best, next line
	for rows.Next() {
		if next, err = readLine(rows, columns, next); err != nil {
			return p, err
		}
		p.rows++
		switch {
		case best.key() == nil || best.person() != next.person():
			s.put(&p, best)
			p.last, _ = best.key().([]byte)
			best, next = next, line{}
		case s.newer(next, best):
			best, next = next, best
		}
	}
	if p.rows < limit {
		s.put(&p, best)
	}
	return p, rows.Err()
}

// put makes a recipient of the best row of a key. A row without openid or photo is left out; a
// photo from before since is nothing.
func (s *source) put(p *read, l line) {
	if l.key() == nil {
		return
	}
	who := l.person()
	r := recipient{openid: who.openid, studentID: who.studentID}
	switch {
	case r.openid == "" || r.studentID == "":
		p.out.noOpenID++
		return
	case text(l.get("photo_url")) == "":
		p.out.lacksPhoto(r.studentID)
		return
	case !s.since.IsZero() && s.moment(l.get("photo_update_time")).Before(s.since):
		p.out.early++
		return
	}
	r.binding, _ = l.key().(int64)
	r.content = make(content, len(required)+len(s.needs))
	for _, name := range slices.Concat(required[1:], s.needs) {
		r.content[name] = s.kept(l.get(name))
	}
	r.content["student_id"] = r.studentID
	p.recipients = append(p.recipients, r)
}

// newer compares photos. A photo without a time is the oldest; of two with the same time the
// address decides, so that every run chooses the same.
func (s *source) newer(a, b line) bool {
	if c := s.moment(a.get("photo_update_time")).Compare(s.moment(b.get("photo_update_time"))); c != 0 {
		return c > 0
	}
	return text(a.get("photo_url")) > text(b.get("photo_url"))
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
		if want == "openid" || want == pageKey || !slices.Contains(columns, want) {
			return fmt.Errorf("a field wants {%s}, and the query has no column %[1]s to show", want)
		}
	}
	return nil
}
