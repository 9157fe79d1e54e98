package push

import (
	"context"
	"fmt"
	"slices"

	"github.com/org/wxhome/examples/internal/db"
)

// bindingColumns are the columns of a binding with a photo.
var bindingColumns = []string{pageKey, openidText, studentText, "openid", "student_id", "student_name", "photo_url", "photo_update_time"}

// line is the binding with a photo as a query would answer it; a photo may be of no row.
func (b binding) line(photo line) line {
	l := line{columns: bindingColumns, cells: []any{b.id, b.openid, b.studentID, b.openid, b.studentID, nil, nil, nil}}
	for i, name := range bindingColumns[5:] {
		l.cells[5+i] = photo.get(name)
	}
	return l
}

// person is whom a row is about, by the texts of its identifiers.
func (l line) person() person { return person{text(l.get(openidText)), text(l.get(studentText))} }

// photosOf reads all photos of some children: the newest is chosen here, since SQL finds no newest
// among equal or unknown times. On SQLite the time is read as the text that it is: the driver
// would put UTC to a column declared as DATETIME.
const photosOf = `SELECT %s AS ` + studentText + `, student_name, photo_url, %s AS photo_update_time FROM student_photo
WHERE photo_url <> '' AND %s`

// newestPhotos returns the newest photo of each child of a page, by the text of the student id. The
// tables are not joined by the database: it would compare by collation or by number, and two
// collations might not mix at all.
func (s *source) newestPhotos(ctx context.Context, page []binding) (map[string]line, error) {
	newest := make(map[string]line, len(page))
	var students []string
	for _, b := range page {
		if _, twice := newest[b.studentID]; b.studentID != "" && b.openid != "" && !twice {
			newest[b.studentID] = line{}
			students = append(students, b.studentID)
		}
	}
	if len(students) == 0 { // the query is run all the same, to see its columns
		return newest, s.photos(ctx, "1 = 0", nil, newest)
	}
	for some := range slices.Chunk(students, db.FindLimit) {
		condition, args, err := s.db.Dialect.Find(ctx, s.db, "student_photo", "student_id", some...)
		if err != nil {
			return nil, err
		}
		if err := s.photos(ctx, condition, args, newest); err != nil {
			return nil, err
		}
	}
	return newest, nil
}

// photos puts the photos that meet a condition into newest. Those of children who are not asked
// for are dropped: the condition may be true for them.
func (s *source) photos(ctx context.Context, condition string, args []any, newest map[string]line) error {
	moment := "photo_update_time"
	if s.db.Dialect == db.SQLite {
		moment += " || ''"
	}
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf(photosOf, s.db.Dialect.Text("student_id"), moment, condition), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	var next line
	for rows.Next() {
		if next, err = readLine(rows, columns, next); err != nil {
			return err
		}
		student := text(next.get(studentText))
		held, wanted := newest[student]
		if wanted && (held.cells == nil || s.newer(next, held)) {
			newest[student], next = next, held
		}
	}
	return rows.Err()
}
