package push

import (
	"context"
	"database/sql"
	"errors"
)

// A campaign that was cancelled had taken recipients over from earlier ones, and cancelled is final
// as superseded is: no campaign of these sends to them. A new one does.

// droppedPage is how many rows are looked at with one statement.
const droppedPage = 10000

// dropped counts the ledger's rows that a later campaign had taken over, which was cancelled, where
// no campaign since has settled the recipient, or will.
func (l *ledger) dropped(ctx context.Context) (int, error) {
	return l.countDropped(ctx, whySuperseded, ">", whyCancelled)
}

// tookAlong counts the rows of a cancelled campaign that it had taken over from earlier ones, where
// no campaign since has settled the recipient, or will.
func (l *ledger) tookAlong(ctx context.Context) (int, error) {
	return l.countDropped(ctx, whyCancelled, "<", whySuperseded)
}

// countDropped counts skipped rows with a reason, whose recipients have a row with another reason in
// a campaign that began later (>) or earlier (<), page by page.
func (l *ledger) countDropped(ctx context.Context, own why, order string, theirs why) (n int, err error) {
	var created int64
	err = l.db.QueryRowContext(ctx, `SELECT c.created_at FROM push_campaign c WHERE c.appid = ? AND c.name = ?
AND EXISTS (SELECT 1 FROM push_control w WHERE w.appid = c.appid AND w.wanted = 'cancelled')`, l.appID, l.campaign).Scan(&created)
	if errors.Is(err, sql.ErrNoRows) || absent(err) {
		return 0, nil
	}
	if err != nil {
		return 0, l.failed(err)
	}
	for after := int64(0); ; {
		var last sql.NullInt64
		err := l.db.QueryRowContext(ctx, `SELECT MAX(id) FROM (SELECT id FROM push_message
WHERE appid = ? AND campaign = ? AND state = 'skipped' AND id > ? ORDER BY id LIMIT ?) page`, l.appID, l.campaign, after, droppedPage).Scan(&last)
		if err != nil {
			return 0, l.failed(err)
		}
		if !last.Valid {
			return n, nil
		}
		var some int
		err = l.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM push_message m
WHERE m.appid = ? AND m.campaign = ? AND m.state = 'skipped' AND m.id > ? AND m.id <= ? AND m.error LIKE ?
AND EXISTS (SELECT 1 FROM push_message x JOIN push_campaign c ON c.appid = x.appid AND c.name = x.campaign
 WHERE x.appid = m.appid AND x.openid = m.openid AND x.student_id = m.student_id AND x.state = 'skipped' AND x.error LIKE ? AND c.created_at `+order+` ?)
AND NOT EXISTS (SELECT 1 FROM push_message y JOIN push_campaign c ON c.appid = y.appid AND c.name = y.campaign
 WHERE y.appid = m.appid AND y.openid = m.openid AND y.student_id = m.student_id AND c.created_at > ?
 AND y.state <> 'failed' AND NOT (y.state = 'skipped' AND (y.error LIKE ? OR y.error LIKE ?)))`,
			l.appID, l.campaign, after, last.Int64, own.of("%"), theirs.of("%"), created, created, whySuperseded.of("%"), whyCancelled.of("%")).Scan(&some)
		if err != nil {
			return 0, l.failed(err)
		}
		n, after = n+some, last.Int64
	}
}
