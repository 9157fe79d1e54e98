package push

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
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

// moment is a column's value as a time; the zero time when it is none.
func (s *source) moment(v any) time.Time {
	if t, ok := v.(time.Time); ok {
		return s.onTheWall(t)
	}
	t, _ := db.Moment(v)
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
// anything else as it is, also a day without a time, and a number.
func Printed(s string) string {
	if !strings.ContainsAny(s, ":：") {
		return s
	}
	if t, ok := db.ParseMoment(s); ok {
		return t.Format("2006年1月2日 15:04")
	}
	return s
}

// PrintedTime is a photo's time as a parent reads it. A number is one, too.
func PrintedTime(s string) string {
	if strings.ContainsAny(s, ":：") || len(s) == len("20060102") {
		return Printed(s)
	}
	if _, day := db.ParseMoment(s); day {
		return s
	}
	if t, ok := db.Moment(s); ok {
		return t.Format("2006年1月2日 15:04")
	}
	return s
}
