package school

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// Tables of the school's own may have columns that cannot hold what the file says: an INT makes 7
// of 007, and a server that is not strict cuts 2026001 to 2026. A parent would be told of another
// child. So what was written is read back, byte for byte.

// UnfitLimit is how many faults an [UnfitError] names.
const UnfitLimit = 20

// An UnfitError says which values the school's own tables cannot hold. Nothing was written.
type UnfitError struct {
	Faults []*FileError // the first [UnfitLimit], in the order of the lines
	More   int          // those behind them
}

func (e *UnfitError) add(fault *FileError) {
	if len(e.Faults) == UnfitLimit {
		e.More++
		return
	}
	e.Faults = append(e.Faults, fault)
}

// err is nil when nothing was added.
func (e *UnfitError) err() error {
	if len(e.Faults) == 0 {
		return nil
	}
	return e
}

// Error returns the sentence in English.
func (e *UnfitError) Error() string {
	all := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		all[i] = fmt.Sprintf("line %d: %s", f.Line, f.Place())
	}
	if e.More > 0 {
		all = append(all, fmt.Sprintf("and %d more", e.More))
	}
	return ProblemUnfit.String() + ": " + strings.Join(all, "; ")
}

func unfit(r Row, c column, value string) *FileError {
	return &FileError{Line: r.Line, Column: c.String(), Value: excerpt(value), Problem: ProblemUnfit}
}

// faultOf returns what err says of a line's values; nil: err is about something else.
func faultOf(r Row, err error) *FileError {
	if e, ok := errors.AsType[*FileError](err); ok {
		return e
	}
	if !db.IsUnfit(err) {
		return nil
	}
	says := err.Error()
	if i := strings.LastIndex(says, "column"); i >= 0 { // before it MariaDB repeats the value
		says = says[i:]
	}
	values := [columns]string{r.Mobile, r.OpenID, r.StudentID, r.StudentName, r.PhotoURL, stamp(r.PhotoTime)}
	for c := range columns {
		if strings.Contains(says, c.String()) {
			return unfit(r, c, values[c])
		}
	}
	return unfit(r, colStudentID, r.StudentID) // by which the row was looked up
}

// bound reads a binding back.
func (l *loader) bound(r Row) error {
	const table = "parent_wechat_bind"
	isParent, parent, err := l.is(table, "parent_mobile", r.Mobile)
	if err != nil {
		return err
	}
	isChild, child, err := l.is(table, "student_id", r.StudentID)
	if err != nil {
		return err
	}
	var openID sql.NullString
	found, err := l.find(`SELECT `+l.dialect.Text("wechat_openid")+` FROM parent_wechat_bind
WHERE `+isParent+` AND `+isChild+` ORDER BY CASE WHEN `+l.dialect.Exactly("wechat_openid")+` THEN 0 ELSE 1 END LIMIT 1`,
		list(parent, child, db.Bytes(r.OpenID)), &openID)
	switch {
	case err != nil:
		return err
	case found && (r.OpenID == "" || r.OpenID == openID.String):
		return nil
	case found:
		return unfit(r, colOpenID, "")
	}
	var one int // a column that cannot hold a value has it in no row
	found, err = l.find(`SELECT 1 FROM parent_wechat_bind WHERE `+isChild+` LIMIT 1`, child, &one)
	switch {
	case err != nil:
		return err
	case found:
		return unfit(r, colMobile, "")
	}
	return unfit(r, colStudentID, r.StudentID)
}

// shown reads a photo back, or the row of a student without one.
func (l *loader) shown(r Row, is string, student []any) error {
	isPhoto, photo := "1 = 1", []any(nil) // any row of the student has the name
	if r.PhotoURL != "" {
		isPhoto, photo = l.dialect.Exactly("photo_url"), []any{db.Bytes(r.PhotoURL)}
	}
	var name sql.NullString
	var at any
	found, err := l.find(`SELECT `+l.dialect.Text("student_name")+`, photo_update_time FROM student_photo WHERE `+is+` AND `+isPhoto+` LIMIT 1`,
		list(student, photo), &name, &at)
	switch {
	case err != nil:
		return err
	case found && name.String != r.StudentName:
		return unfit(r, colStudentName, r.StudentName)
	case found && r.PhotoURL != "" && !holdsTime(at, r.PhotoTime):
		return unfit(r, colPhotoTime, stamp(r.PhotoTime))
	case found:
		return nil
	}
	var one int
	found, err = l.find(`SELECT 1 FROM student_photo WHERE `+is+` LIMIT 1`, student, &one)
	switch {
	case err != nil:
		return err
	case found:
		return unfit(r, colPhotoURL, r.PhotoURL)
	}
	return unfit(r, colStudentID, r.StudentID)
}

// holdsTime reports whether a column holds a moment, or the day alone, as a DATE does.
func holdsTime(held any, at time.Time) bool {
	year, month, day := at.In(Beijing).Date()
	return sameTime(held, at) || sameTime(held, time.Date(year, month, day, 0, 0, 0, 0, Beijing))
}

// canUndo refuses tables whose engine keeps what a failed import has written.
func canUndo(ctx context.Context, conn *sql.DB) error {
	if db.DialectOf(conn) != db.MySQL {
		return nil
	}
	var table, engine string
	err := conn.QueryRowContext(ctx, `SELECT t.TABLE_NAME, t.ENGINE FROM information_schema.TABLES t
JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_NAME IN ('parent_wechat_bind', 'student_photo') AND e.TRANSACTIONS <> 'YES' LIMIT 1`).Scan(&table, &engine)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("school: read the tables' engines: %w", err)
	}
	return &FileError{Column: table, Value: engine, Problem: ProblemEngine}
}
