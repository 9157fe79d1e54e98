package push

import (
	"context"
	"database/sql"
	"iter"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// blocksPage is how many blocks are looked for at a time.
const blocksPage = 100

// blockOf returns the block that a row is in.
func (l *ledger) blockOf(id int64) Block {
	first := id - id%BlockSize
	return Block{Campaign: l.campaign, First: first, End: first + BlockSize}
}

// PendingBlocks yields the blocks that have pending rows of the campaign, in the order of the ledger
// and page by page. A block that has rows to be repeated comes a second time, with Repeats. It only
// reads.
func (p Prepared) PendingBlocks(ctx context.Context, ledger *db.DB, appID string) iter.Seq2[[]Block, error] {
	return func(yield func([]Block, error) bool) {
		l := newLedger(ledger, appID, p.Campaign)
		for after := int64(0); ; {
			next, page, err := l.blocks(ctx, after, p.upTo)
			if err != nil || len(page) > 0 {
				if !yield(page, err) || err != nil {
					return
				}
			}
			if next == 0 {
				return
			}
			after = next
		}
	}
}

// blocks returns the first blocks with pending rows whose ids are at least from and at most upTo; 0:
// no bound. next is where the next page begins; 0: there is none.
func (l *ledger) blocks(ctx context.Context, from, upTo int64) (next int64, page []Block, err error) {
	var id sql.NullInt64
	err = l.db.QueryRowContext(ctx, `SELECT MIN(id) FROM push_message WHERE appid = ? AND campaign = ? AND state = 'pending' AND id >= ?`,
		l.appID, l.campaign, from).Scan(&id)
	if err != nil {
		return 0, nil, l.failed(err)
	}
	if !id.Valid || upTo > 0 && id.Int64 > upTo {
		return 0, nil, nil
	}
	first := l.blockOf(id.Int64).First
	next = first + blocksPage*BlockSize
	end := next
	if upTo > 0 {
		end = min(end, upTo+1)
	}
	rows, err := l.db.QueryContext(ctx, `SELECT MIN(id), COUNT(*), COUNT(CASE WHEN sending_at <> 0 THEN 1 END) FROM push_message
WHERE appid = ? AND campaign = ? AND state = 'pending' AND id >= ? AND id < ? GROUP BY id DIV ? ORDER BY 1`, l.appID, l.campaign, first, end, BlockSize)
	if err != nil {
		return 0, nil, l.failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var n, repeats int
		if err := rows.Scan(&id, &n, &repeats); err != nil {
			return 0, nil, l.failed(err)
		}
		b := l.blockOf(id)
		b.End = min(b.End, end)
		if repeats > 0 {
			again := b
			again.Repeats = true
			page = append(page, again)
		}
		if n > repeats {
			page = append(page, b)
		}
	}
	return next, page, rows.Err()
}

// repeats returns the blocks of pending rows that have left, or may have, and were not touched since
// a moment; some of many.
func (l *ledger) repeats(ctx context.Context, since time.Time) (found []Block, err error) {
	ids, err := l.pendingRows(ctx, "sending_at <> 0 AND updated_at <= ?", since.Unix())
	for _, id := range ids {
		b := l.blockOf(id)
		b.Repeats = true
		if len(found) == 0 || found[len(found)-1] != b {
			found = append(found, b)
		}
	}
	return found, err
}

// idsPage is how many rows pendingRows returns.
const idsPage = 1000

// pendingRows returns the ids of the first pending rows of which condition is true.
func (l *ledger) pendingRows(ctx context.Context, condition string, args ...any) (ids []int64, err error) {
	rows, err := l.db.QueryContext(ctx, `SELECT id FROM push_message WHERE appid = ? AND campaign = ? AND state = 'pending' AND `+
		condition+` ORDER BY id LIMIT ?`, append(append([]any{l.appID, l.campaign}, args...), idsPage)...)
	if err != nil {
		return nil, l.failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, l.failed(err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// takeOrphans is recover. It returns how many rows of others it has taken.
func (l *ledger) takeOrphans(ctx context.Context, alive func(owner string) (bool, error)) (taken int, err error) {
	before, err := l.holders(ctx)
	if err != nil || len(before) == 0 {
		return 0, err
	}
	after, err := l.recover(ctx, alive)
	for _, h := range before {
		taken += h.Rows
	}
	for _, h := range after {
		taken -= h.Rows
	}
	return taken, err
}
