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

// dropped counts the ledger's rows that another campaign had taken over, which was cancelled, where
// no campaign since has settled the recipient, or will.
func (l *ledger) dropped(ctx context.Context) (int, error) {
	return l.countDropped(ctx, isSuperseded.of("m.error")+" OR "+isSentAgain.of("m.error"),
		isCancelled.of("x.error")+" AND ("+isSuperseded.of("m.error")+" AND c.created_at > ? OR m.error = "+sentAgainBy("x.campaign")+")")
}

// tookAlong counts the rows of a cancelled campaign that it had taken over from others, where no
// campaign since has settled the recipient, or will.
func (l *ledger) tookAlong(ctx context.Context) (int, error) {
	return l.countDropped(ctx, isCancelled.of("m.error"),
		isSuperseded.of("x.error")+" AND c.created_at < ? OR x.error = "+sentAgainBy("m.campaign"))
}

// like is a condition for a row's reason, whatever campaign or person it names.
type like why

const (
	isSuperseded = like(whySuperseded)
	isSentAgain  = like(whySentAgain)
	isCancelled  = like(whyCancelled)
)

func (w like) of(column string) string { return column + " LIKE '" + why(w).of("%") + "'" }

// sentAgainBy is the SQL for the reason that names the campaign of a column.
func sentAgainBy(column string) string {
	return "REPLACE('" + whySentAgain.of("%") + "', '%', " + column + ")"
}

// countDropped counts skipped rows m for whose recipients there is a skipped row x in another campaign
// c, page by page. own and theirs are conditions; the moment when m's campaign began is theirs' value.
func (l *ledger) countDropped(ctx context.Context, own, theirs string) (n int, err error) {
	var created int64
	err = l.db.QueryRowContext(ctx, `SELECT c.created_at FROM push_campaign c WHERE c.appid = ? AND c.name = ?
AND EXISTS (SELECT 1 FROM push_control w WHERE w.appid = c.appid AND w.wanted = 'cancelled')`, l.appID, l.campaign).Scan(&created)
	if errors.Is(err, sql.ErrNoRows) || absent(err) {
		return 0, nil
	}
	if err != nil {
		return 0, l.failed(err)
	}
	count := `SELECT COUNT(*) FROM push_message m
WHERE m.appid = ? AND m.campaign = ? AND m.state = 'skipped' AND m.id > ? AND m.id <= ? AND (` + own + `)
AND EXISTS (SELECT 1 FROM push_message x JOIN push_campaign c ON c.appid = x.appid AND c.name = x.campaign
 WHERE x.appid = m.appid AND x.openid = m.openid AND x.student_id = m.student_id AND x.state = 'skipped' AND (` + theirs + `))
AND NOT EXISTS (SELECT 1 FROM push_message y JOIN push_campaign c ON c.appid = y.appid AND c.name = y.campaign
 WHERE y.appid = m.appid AND y.openid = m.openid AND y.student_id = m.student_id AND c.created_at > ?
 AND y.state <> 'failed' AND NOT (y.state = 'skipped' AND (` + isSuperseded.of("y.error") + " OR " + isSentAgain.of("y.error") + " OR " + isCancelled.of("y.error") + `)))`
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
		if err := l.db.QueryRowContext(ctx, count, l.appID, l.campaign, after, last.Int64, created, created).Scan(&some); err != nil {
			return 0, l.failed(err)
		}
		n, after = n+some, last.Int64
	}
}
