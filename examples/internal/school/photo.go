package school

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// EnsureTables makes the two tables where they are absent. Those that exist
// are only read.
func EnsureTables(ctx context.Context, conn *sql.DB) error { return createTables(ctx, conn) }

// A Photo is a pupil's photo.
type Photo struct {
	StudentID   string
	StudentName string
	URL         string    // empty: the pupil has none yet
	Updated     time.Time // Beijing's time; zero where the table does not say
}

// NewestPhoto returns the newest photo of a pupil, by the same order as the
// push: the latest time, then the greater address. A pupil without a photo has
// a name and no URL; one whom the table does not know has neither.
func NewestPhoto(ctx context.Context, conn *sql.DB, studentID string) (Photo, error) {
	return NewestPhotoOf(ctx, db.DialectOf(conn), conn, studentID)
}

// NewestPhotoOf is [NewestPhoto], also within a transaction.
func NewestPhotoOf(ctx context.Context, dialect db.Dialect, q db.Querier, studentID string) (Photo, error) {
	newest := Photo{StudentID: studentID}
	condition, args, err := dialect.Find(ctx, q, "student_photo", "student_id", studentID)
	if err != nil {
		return newest, fmt.Errorf("school: look up a photo: %w", err)
	}
	rows, err := q.QueryContext(ctx, fmt.Sprintf("SELECT %s, student_name, photo_url, photo_update_time FROM student_photo WHERE %s",
		dialect.Text("student_id"), condition), args...)
	if err != nil {
		return newest, fmt.Errorf("school: look up a photo: %w", err)
	}
	defer rows.Close()
	var named string
	for rows.Next() {
		p, err := scanPhoto(rows)
		if err != nil {
			return newest, err
		}
		if p.StudentID != studentID {
			continue // the database may compare s1 and S1, or 07 and 7, as equal
		}
		if named == "" {
			named = p.StudentName
		}
		if p.newer(newest) {
			newest = p
		}
	}
	if newest.StudentName == "" {
		newest.StudentName = named
	}
	return newest, rows.Err()
}

// newer reports whether p is shown rather than q.
func (p Photo) newer(q Photo) bool {
	if (p.URL == "") != (q.URL == "") {
		return q.URL == ""
	}
	if c := p.Updated.Compare(q.Updated); c != 0 {
		return c > 0
	}
	return p.URL > q.URL
}

// NewestPhotos returns the n photos that were updated last, the newest first.
func NewestPhotos(ctx context.Context, conn *sql.DB, n int) ([]Photo, error) {
	rows, err := conn.QueryContext(ctx, `SELECT student_id, student_name, photo_url, photo_update_time FROM student_photo
WHERE photo_url <> '' ORDER BY photo_update_time DESC, photo_url DESC LIMIT ?`, n)
	if err != nil {
		return nil, fmt.Errorf("school: look up the photos: %w", err)
	}
	defer rows.Close()
	var all []Photo
	for rows.Next() {
		p, err := scanPhoto(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

func scanPhoto(rows *sql.Rows) (Photo, error) {
	var p Photo
	var student, name, address sql.NullString
	var updated any
	if err := rows.Scan(&student, &name, &address, &updated); err != nil {
		return p, fmt.Errorf("school: read a photo: %w", err)
	}
	p.StudentID, p.StudentName, p.URL, p.Updated = student.String, name.String, address.String, readTime(updated)
	return p, nil
}

// readTime reads a column's moment. A driver that makes a time.Time out of a
// column without a zone may have put any zone to it, so the clock's reading
// is taken for Beijing's.
func readTime(held any) time.Time {
	if held, ok := held.(time.Time); ok {
		return time.Date(held.Year(), held.Month(), held.Day(), held.Hour(), held.Minute(), held.Second(), 0, Beijing)
	}
	t, _ := db.Moment(held) // the zero time where it is none
	return t
}
