package push

import (
	"bytes"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// line is a row of the school's, with its columns' names.
type line struct {
	columns []string
	cells   []any
}

func (l line) get(name string) any {
	if i := slices.Index(l.columns, name); i >= 0 && l.cells != nil {
		return l.cells[i]
	}
	return nil
}

// key is nil for no row.
func (l line) key() any { return l.get(pageKey) }

// readLine reads a row into the memory of an old one.
func readLine(rows *sql.Rows, columns []string, old line) (line, error) {
	l := line{columns, old.cells}
	if l.cells == nil {
		l.cells = make([]any, len(columns))
	}
	targets := make([]any, len(columns))
	for i := range l.cells {
		targets[i] = &l.cells[i]
	}
	return l, rows.Scan(targets...)
}

// same compares two keys of pages.
func same(a, b any) bool {
	x, isBytes := a.([]byte)
	y, both := b.([]byte)
	if isBytes && both {
		return bytes.Equal(x, y)
	}
	return !isBytes && !both && a == b
}

// text is a column's value as an identifier.
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

// beijing is the zone in which times are kept and printed.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// timeLayouts are the text forms of a time, which is how SQLite keeps one.
var timeLayouts = []string{time.DateTime, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04"}

// parseMoment reads a time in text, Beijing's unless it says otherwise. Fractions of a second
// are read and dropped.
func parseMoment(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02 15:04") || s[4] != '-' {
		return time.Time{}, false
	}
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, s, beijing); err == nil {
			return t.In(beijing).Truncate(time.Second), true
		}
	}
	return time.Time{}, false
}

// moment is a column's value as a time; the zero time when it is none.
func (s *source) moment(v any) time.Time {
	if t, ok := v.(time.Time); ok {
		return s.onTheWall(t)
	}
	t, err := time.ParseInLocation(time.DateOnly, text(v), beijing)
	if err == nil {
		return t
	}
	t, _ = parseMoment(text(v))
	return t
}

// onTheWall corrects what SQLite's driver makes of a time without a zone: it takes it for UTC,
// and a school means the clock on its wall.
func (s *source) onTheWall(t time.Time) time.Time {
	if s.db.Dialect == db.SQLite && t.Location() == time.UTC {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, beijing)
	}
	return t.Truncate(time.Second)
}

// kept is a column's value as the ledger keeps it; a time to the second, in Beijing's.
func (s *source) kept(v any) string {
	t, ok := v.(time.Time)
	switch {
	case !ok:
		return text(v)
	case t.IsZero(): // MySQL's 0000-00-00
		return ""
	}
	return s.onTheWall(t).In(beijing).Format(time.DateTime)
}

// Printed is a value of a row's content as a parent reads it: a time as 2026年11月20日 18:00,
// anything else as it is.
func Printed(s string) string {
	if t, ok := parseMoment(s); ok {
		return t.Format("2006年1月2日 15:04")
	}
	return s
}
