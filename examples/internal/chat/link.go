package chat

import (
	"context"
	"encoding/json"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// LedgerLinks finds links in the ledger: a link names a row of it.
type LedgerLinks struct {
	Ledger *db.DB
	AppID  string
	Make   func(row int64) string // the signed address of a row's photo page
}

// recentRows is how many of a parent's rows for a pupil are looked at.
const recentRows = 5

// linkTime bounds the look-up: a text without a link is better than none.
const linkTime = 5 * time.Second

// Link returns the address of the newest message about this photo.
func (l LedgerLinks) Link(ctx context.Context, openid, studentID, photoURL string) (string, bool) {
	ctx, cancel := context.WithTimeout(ctx, linkTime)
	defer cancel()
	rows, err := l.Ledger.QueryContext(ctx, `SELECT id, openid, student_id, content FROM push_message
WHERE appid = ? AND openid = ? AND student_id = ? ORDER BY id DESC LIMIT ?`, l.AppID, openid, studentID, recentRows)
	if err != nil {
		return "", false // mostly: nothing was pushed yet, so there is no ledger
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var who, whose, content string
		if err := rows.Scan(&id, &who, &whose, &content); err != nil {
			return "", false
		}
		if who != openid || whose != studentID {
			continue // MySQL ignores spaces at the end
		}
		var row struct {
			Photo string `json:"photo_url"`
		}
		if json.Unmarshal([]byte(content), &row) == nil && row.Photo == photoURL {
			return l.Make(id), true
		}
	}
	return "", false
}
