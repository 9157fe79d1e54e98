package school

import (
	"context"
	"database/sql"
	"fmt"
	"time"
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
	newest := Photo{StudentID: studentID}
	rows, err := conn.QueryContext(ctx, `SELECT student_id, student_name, photo_url, photo_update_time FROM student_photo
WHERE student_id = ? ORDER BY photo_update_time DESC, photo_url DESC`, studentID)
	if err != nil {
		return newest, fmt.Errorf("school: look up a photo: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		p, err := scanPhoto(rows)
		if err != nil {
			return newest, err
		}
		if p.StudentID != studentID {
			continue // a table of the school's own may compare s1 and S1 as equal
		}
		if newest.StudentName == "" {
			newest.StudentName = p.StudentName
		}
		if p.URL != "" {
			return p, rows.Err()
		}
	}
	return newest, rows.Err()
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
	var name, address sql.NullString
	var updated any
	if err := rows.Scan(&p.StudentID, &name, &address, &updated); err != nil {
		return p, fmt.Errorf("school: read a photo: %w", err)
	}
	p.StudentName, p.URL, p.Updated = name.String, address.String, readTime(updated)
	return p, nil
}

// readTime reads a column's moment. A driver that makes a time.Time out of a
// column without a zone may have put any zone to it, so the clock's reading
// is taken for Beijing's.
func readTime(held any) time.Time {
	switch held := held.(type) {
	case time.Time:
		return time.Date(held.Year(), held.Month(), held.Day(), held.Hour(), held.Minute(), held.Second(), 0, Beijing)
	case []byte:
		return readTime(string(held))
	case string:
		t, _ := parseTime(held) // the zero time where it is none
		return t
	}
	return time.Time{}
}
