package push

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/org/wxhome/examples/internal/db"
)

// A table of the school's own, or a view, may have ids that are text, that repeat or that are
// missing. Pages by such an id would lose bindings without a word, so they go by openid and
// student instead, which takes longer.

// isNumbered reports whether each binding has a whole number of its own as its id.
func (s *source) isNumbered(ctx context.Context) (bool, error) {
	odd := "id IS NULL OR typeof(id) <> 'integer'"
	if s.db.Dialect == db.MySQL {
		if sure, err := s.hasNumericKey(ctx); sure || err != nil {
			return sure, err
		}
		if number, err := s.idIsNumeric(ctx); !number || err != nil {
			return false, err
		}
		odd = "id IS NULL"
	}
	for _, statement := range []string{
		"SELECT 1 FROM parent_wechat_bind WHERE " + odd + " LIMIT 1",
		"SELECT 1 FROM parent_wechat_bind GROUP BY id HAVING COUNT(*) > 1 LIMIT 1",
	} {
		var one int
		switch err := s.db.QueryRowContext(ctx, statement).Scan(&one); {
		case err == nil:
			return false, nil
		case !errors.Is(err, sql.ErrNoRows):
			return false, err
		}
	}
	return true, nil
}

// hasNumericKey asks the schema alone, which takes no time, whether id is a unique whole number.
func (s *source) hasNumericKey(ctx context.Context) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.COLUMNS c
JOIN information_schema.STATISTICS i ON i.TABLE_SCHEMA = c.TABLE_SCHEMA AND i.TABLE_NAME = c.TABLE_NAME AND i.COLUMN_NAME = c.COLUMN_NAME
WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME = 'parent_wechat_bind' AND c.COLUMN_NAME = 'id'
AND c.DATA_TYPE LIKE '%int' AND c.IS_NULLABLE = 'NO' AND i.NON_UNIQUE = 0 AND i.SEQ_IN_INDEX = 1
AND NOT EXISTS (SELECT 1 FROM information_schema.STATISTICS o WHERE o.TABLE_SCHEMA = i.TABLE_SCHEMA AND o.TABLE_NAME = i.TABLE_NAME
AND o.INDEX_NAME = i.INDEX_NAME AND o.SEQ_IN_INDEX > 1)`).Scan(&n)
	return n > 0, err
}

// idIsNumeric reports whether MySQL has whole numbers in id.
func (s *source) idIsNumeric(ctx context.Context) (bool, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id FROM parent_wechat_bind WHERE 1 = 0")
	if err != nil {
		return false, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return false, err
	}
	return strings.HasSuffix(types[0].DatabaseTypeName(), "INT"), rows.Err()
}

// personPage reads who is bound to whom by openid and student, compared bytewise, each pair once.
const personPage = `SELECT DISTINCT %[1]s AS ` + pageKey + `, %[2]s, %[3]s FROM parent_wechat_bind q WHERE %[1]s > ? AND NOT (%[4]s) ORDER BY 1 LIMIT ?`

// unbound is true for a row without openid or student.
const unbound = `COALESCE(q.wechat_openid, '') = '' OR COALESCE(q.student_id, '') = ''`

func (s *source) personPages(ctx context.Context, f each) error {
	var out omitted
	if err := s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM parent_wechat_bind q WHERE "+unbound).Scan(&out.noOpenID); err != nil {
		return s.failed(err)
	}
	text := s.db.Dialect.Text
	statement := fmt.Sprintf(personPage, s.key("q.wechat_openid"), text("q.wechat_openid"), text("q.student_id"), unbound)
	for after := []byte{}; ; {
		page, last, err := s.personsAfter(ctx, statement, after)
		if err != nil {
			return s.failed(err)
		}
		p, err := s.withPhotos(ctx, page)
		if err != nil {
			return s.failed(err)
		}
		out.add(p.out)
		if err := f(p.recipients, out); err != nil {
			return err
		}
		if len(page) < s.limit(queryPageSize) {
			return nil
		}
		after, out = last, omitted{}
	}
}

// personsAfter returns the page that comes after a key, and the key of its last row.
func (s *source) personsAfter(ctx context.Context, statement string, after []byte) (page []binding, last []byte, err error) {
	rows, err := s.db.QueryContext(ctx, statement, after, s.limit(queryPageSize))
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var openid, student sql.NullString
		if err := rows.Scan(&last, &openid, &student); err != nil {
			return nil, nil, err
		}
		page = append(page, binding{person: person{openid.String, student.String}})
	}
	return page, last, rows.Err()
}
