package photopage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/school"
)

// SQLStore is a [Store] over the tables of the examples: the ledger's
// push_message, and the school's parent_wechat_bind. It only reads.
type SQLStore struct {
	Ledger *sql.DB // with push_message
	School *sql.DB // with parent_wechat_bind; often the same
	AppID  string  // rows of other accounts do not count
}

// Row reads what a link names: a row of push_message or a trial, whose content is what the message
// was made of, so that the page shows the photo that was announced; or a binding, of which the
// newest photo is shown.
func (s SQLStore) Row(ctx context.Context, id int64) (Row, error) {
	l, err := push.ReadLink(ctx, s.Ledger, s.School, s.AppID, id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Row{}, ErrNoRow
	case err != nil:
		return Row{}, fmt.Errorf("read the ledger: %w", err)
	}
	row := Row{OpenID: l.OpenID, StudentID: l.StudentID, Guest: l.Guest}
	if l.Content == "" {
		return s.newest(ctx, row)
	}
	var content struct {
		Name    string `json:"student_name"`
		Photo   string `json:"photo_url"`
		Updated string `json:"photo_update_time"`
	}
	if json.Unmarshal([]byte(l.Content), &content) != nil { // the error would repeat the content
		return Row{}, errors.New("read the ledger: the row's content is not JSON")
	}
	row.StudentName, row.PhotoURL, row.Updated = content.Name, content.Photo, push.PrintedTime(content.Updated)
	return row, nil
}

func (s SQLStore) newest(ctx context.Context, row Row) (Row, error) {
	p, err := school.NewestPhoto(ctx, s.School, row.StudentID)
	if err != nil {
		return Row{}, err
	}
	row.StudentName, row.PhotoURL = p.StudentName, p.URL
	if !p.Updated.IsZero() {
		row.Updated = push.Printed(p.Updated.Format(time.DateTime))
	}
	return row, nil
}

// Bound looks in parent_wechat_bind. The identifiers are compared here, as text and byte by byte:
// the school's own table may take upper for lower case, in which openids differ, or a number for a
// text.
func (s SQLStore) Bound(ctx context.Context, openid, studentID string) (bool, error) {
	if openid == "" || studentID == "" {
		return false, nil
	}
	found, err := s.bound(ctx, openid, studentID)
	if err != nil && !found {
		return false, fmt.Errorf("read the bindings: %w", err)
	}
	return found, nil
}

func (s SQLStore) bound(ctx context.Context, openid, studentID string) (found bool, err error) {
	dialect := db.DialectOf(s.School)
	condition, args, err := dialect.Find(ctx, s.School, "parent_wechat_bind", "wechat_openid", openid)
	if err != nil {
		return false, err
	}
	rows, err := s.School.QueryContext(ctx, fmt.Sprintf("SELECT %s, %s FROM parent_wechat_bind WHERE %s",
		dialect.Text("wechat_openid"), dialect.Text("student_id"), condition), args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() && !found {
		var who, whose sql.NullString
		if err := rows.Scan(&who, &whose); err != nil {
			return false, err
		}
		found = who.String == openid && whose.String == studentID
	}
	return found, rows.Err()
}
