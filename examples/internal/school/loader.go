package school

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// change is what a line did; the greater one wins.
type change int

const (
	unchanged change = iota
	updated
	added
)

// loader writes rows within a transaction.
type loader struct {
	ctx      context.Context // of the one call that the loader lives for
	tx       *sql.Tx
	dialect  db.Dialect
	now      string
	prepared map[string]*sql.Stmt
}

func (l *loader) close() error {
	var err error
	for _, s := range l.prepared {
		err = errors.Join(err, s.Close())
	}
	return err
}

func (l *loader) statement(query string) (*sql.Stmt, error) {
	if s, ok := l.prepared[query]; ok {
		return s, nil
	}
	s, err := l.tx.PrepareContext(l.ctx, query)
	if err == nil {
		l.prepared[query] = s
	}
	return s, err
}

// exec returns the number of rows affected.
func (l *loader) exec(query string, args ...any) (int64, error) {
	s, err := l.statement(query)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(l.ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// find scans the first row; false: there is none.
func (l *loader) find(query string, args []any, dest ...any) (bool, error) {
	s, err := l.statement(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(l.ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// is returns a condition, with its arguments, that is true for the rows of a table whose column is
// an identifier byte for byte.
func (l *loader) is(table, column, identifier string) (condition string, args []any, err error) {
	condition, args, err = l.dialect.Find(l.ctx, l.tx, table, column, identifier)
	return condition + " AND " + l.dialect.Exactly(column), append(args, db.Bytes(identifier)), err
}

// row writes one line. A *FileError is a value that the tables cannot hold.
func (l *loader) row(r Row) (change, error) {
	binding, err := l.binding(r)
	if err != nil {
		return 0, err
	}
	is, args, err := l.is("student_photo", "student_id", r.StudentID)
	if err != nil {
		return 0, err
	}
	// A collation would take a name for one that differs in case.
	renamed, err := l.exec(`UPDATE student_photo SET student_name = ? WHERE `+is+` AND (student_name IS NULL OR NOT (`+l.dialect.Exactly("student_name")+`))`,
		list(r.StudentName, args, db.Bytes(r.StudentName))...)
	if err != nil {
		return 0, err
	}
	photo, err := l.photo(r, is, args)
	if err != nil {
		return 0, err
	}
	if renamed > 0 {
		photo = max(photo, updated)
	}
	if photo != unchanged {
		err = l.shown(r, is, args)
	}
	return max(binding, photo), err
}

// list flattens the arguments of a statement.
func list(parts ...any) (args []any) {
	for _, part := range parts {
		if some, ok := part.([]any); ok {
			args = append(args, some...)
			continue
		}
		args = append(args, part)
	}
	return args
}

// binding writes a parent's openid for a child.
func (l *loader) binding(r Row) (change, error) {
	const table = "parent_wechat_bind"
	isParent, parent, err := l.is(table, "parent_mobile", r.Mobile)
	if err != nil {
		return 0, err
	}
	isChild, child, err := l.is(table, "student_id", r.StudentID)
	if err != nil {
		return 0, err
	}
	var id any // of any type in a table of the school's own
	var openID sql.NullString
	found, err := l.find(`SELECT id, wechat_openid FROM parent_wechat_bind
WHERE `+isParent+` AND `+isChild+` ORDER BY CASE WHEN `+l.dialect.Exactly("wechat_openid")+` THEN 0 ELSE 1 END, id LIMIT 1`,
		list(parent, child, db.Bytes(r.OpenID)), &id, &openID)
	if bytes, ok := id.([]byte); ok {
		id = string(bytes) // bytes would not be brought into the column's character set
	}
	done := added
	switch {
	case err != nil:
		return 0, err
	case !found:
		_, err = l.exec(`INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time) VALUES (?, ?, ?, ?)`,
			r.Mobile, nullable(r.OpenID), r.StudentID, l.now)
	case r.OpenID == "" || r.OpenID == openID.String:
		return unchanged, nil
	default:
		done = updated
		_, err = l.exec(`UPDATE parent_wechat_bind SET wechat_openid = ? WHERE id = ? AND `+isParent+` AND `+isChild,
			list(r.OpenID, id, parent, child)...)
	}
	if err != nil {
		return 0, err
	}
	return done, l.bound(r)
}

// photo writes a photo of the student whom is chooses. A student without one
// gets a row with the name alone, which the first photo then fills.
func (l *loader) photo(r Row, is string, student []any) (change, error) {
	var held sql.NullString
	at := nullable("")
	if r.PhotoURL != "" {
		at = nullable(stamp(r.PhotoTime))
	}
	isPhoto := l.dialect.Exactly("photo_url") // addresses that differ in case are two
	found, err := l.find(`SELECT photo_url FROM student_photo WHERE `+is+` AND (`+isPhoto+` OR photo_url IS NULL OR photo_url = '' OR ? = '')
ORDER BY CASE WHEN `+isPhoto+` THEN 0 ELSE 1 END LIMIT 1`,
		list(student, db.Bytes(r.PhotoURL), r.PhotoURL, db.Bytes(r.PhotoURL)), &held)
	switch {
	case err != nil:
		return 0, err
	case !found:
		_, err := l.exec(`INSERT INTO student_photo (student_id, student_name, photo_url, photo_update_time) VALUES (?, ?, ?, ?)`,
			r.StudentID, r.StudentName, nullable(r.PhotoURL), at)
		return added, err
	case r.PhotoURL == "":
		return unchanged, nil
	case held.String == r.PhotoURL:
		return l.photoTime(r, is, student)
	}
	_, err = l.exec(`UPDATE student_photo SET photo_url = ?, photo_update_time = ?
WHERE `+is+` AND (photo_url IS NULL OR photo_url = '')`, list(r.PhotoURL, at, student)...)
	return updated, err
}

// photoTime gives a photo that is there the file's time. The times are
// compared here: what a driver hands out depends on the column's type.
func (l *loader) photoTime(r Row, is string, student []any) (change, error) {
	isPhoto := l.dialect.Exactly("photo_url")
	var held any
	if _, err := l.find(`SELECT photo_update_time FROM student_photo WHERE `+is+` AND `+isPhoto,
		list(student, db.Bytes(r.PhotoURL)), &held); err != nil {
		return 0, err
	}
	if sameTime(held, r.PhotoTime) {
		return unchanged, nil
	}
	_, err := l.exec(`UPDATE student_photo SET photo_update_time = ? WHERE `+is+` AND `+isPhoto,
		list(stamp(r.PhotoTime), student, db.Bytes(r.PhotoURL))...)
	return updated, err
}

// sameTime compares a column's value with a moment. A driver that makes a
// time.Time out of a column without a zone may have put any zone to it, so the
// clock's reading decides.
func sameTime(held any, at time.Time) bool {
	switch held := held.(type) {
	case time.Time:
		return held.Format(time.DateTime) == stamp(at)
	case []byte:
		return sameTime(string(held), at)
	case string:
		t, ok := parseTime(held)
		return ok && t.Equal(at)
	}
	return false
}

func nullable(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
