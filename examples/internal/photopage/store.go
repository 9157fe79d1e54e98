package photopage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/org/wxhome/examples/internal/push"
)

// SQLStore is a [Store] over the tables of the examples: the ledger's
// push_message, and the school's parent_wechat_bind. It only reads.
type SQLStore struct {
	Ledger *sql.DB // with push_message
	School *sql.DB // with parent_wechat_bind; often the same
	AppID  string  // rows of other accounts do not count
}

// Row reads a row of push_message. Its content is what the message was made
// of, so that the page shows the photo that was announced.
func (s SQLStore) Row(ctx context.Context, id int64) (Row, error) {
	var row Row
	var text string
	err := s.Ledger.QueryRowContext(ctx, "SELECT openid, student_id, content FROM push_message WHERE id = ? AND appid = ?", id, s.AppID).
		Scan(&row.OpenID, &row.StudentID, &text)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Row{}, ErrNoRow
	case err != nil:
		return Row{}, fmt.Errorf("read the ledger: %w", err)
	}
	var content struct {
		Name    string `json:"student_name"`
		Photo   string `json:"photo_url"`
		Updated string `json:"photo_update_time"`
	}
	if json.Unmarshal([]byte(text), &content) != nil { // the error would repeat the content
		return Row{}, errors.New("read the ledger: the row's content is not JSON")
	}
	row.StudentName, row.PhotoURL, row.Updated = content.Name, content.Photo, push.Printed(content.Updated)
	return row, nil
}

// Bound looks in parent_wechat_bind. The values are compared here once more,
// byte by byte: the school's own table may have a collation that takes upper
// for lower case, in which openids differ.
func (s SQLStore) Bound(ctx context.Context, openid, studentID string) (bool, error) {
	if openid == "" || studentID == "" {
		return false, nil
	}
	rows, err := s.School.QueryContext(ctx, "SELECT wechat_openid, student_id FROM parent_wechat_bind WHERE wechat_openid = ? AND student_id = ?", openid, studentID)
	if err != nil {
		return false, fmt.Errorf("read the bindings: %w", err)
	}
	defer rows.Close()
	found := false
	for rows.Next() && !found {
		var who, whose string
		if err := rows.Scan(&who, &whose); err != nil {
			return false, fmt.Errorf("read the bindings: %w", err)
		}
		found = who == openid && whose == studentID
	}
	if err := rows.Err(); err != nil && !found {
		return false, fmt.Errorf("read the bindings: %w", err)
	}
	return found, nil
}
