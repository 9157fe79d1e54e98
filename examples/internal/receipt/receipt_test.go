package receipt_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/receipt"
)

const appID = "wx0123456789abcdef"

// bench is a ledger with messages, its receipts, and a clock.
type bench struct {
	t    *testing.T
	db   *db.DB
	log  *receipt.Log
	now  time.Time
	next int
}

func newBench(t *testing.T, address string) *bench {
	t.Helper()
	b := &bench{t: t, db: dbtest.Open(t, address), now: time.Unix(1_790_000_000, 0)}
	_, err := push.Unfinished(t.Context(), push.Config{AppID: appID, Ledger: b.db}) // makes the ledger
	require.NoError(t, err)
	b.log, err = receipt.Open(t.Context(), receipt.Config{Ledger: b.db, AppID: appID, Key: "a key for the tests", Now: func() time.Time { return b.now }})
	require.NoError(t, err)
	return b
}

// message adds a row that was sent ago before now, and returns its id.
func (b *bench) message(campaign, openid, state string, msgID int64, ago time.Duration) int {
	b.t.Helper()
	b.next++
	_, err := b.db.ExecContext(b.t.Context(), `INSERT INTO push_message
(id, appid, campaign, openid, student_id, content, client_msg_id, state, owner, sending_at, msgid, errcode, error, attempts, updated_at)
VALUES (?, ?, ?, ?, ?, '{}', ?, ?, '', ?, ?, 0, '', 1, 0)`,
		b.next, appID, campaign, openid, fmt.Sprintf("S%d", b.next), fmt.Sprintf("m-%d", b.next), state, b.now.Add(-ago).Unix(), msgID)
	require.NoError(b.t, err)
	return b.next
}

func (b *bench) add(msgID int64, openid string, status callback.DeliveryStatus) {
	b.t.Helper()
	require.NoError(b.t, b.log.Add(b.t.Context(), msgID, openid, status))
}

func (b *bench) count(campaign string) receipt.Tally {
	b.t.Helper()
	got, err := receipt.Count(b.t.Context(), b.db, appID, campaign)
	require.NoError(b.t, err)
	return got
}

func (b *bench) rows(query string, args ...any) (n int) {
	b.t.Helper()
	require.NoError(b.t, b.db.QueryRowContext(b.t.Context(), "SELECT COUNT(*) FROM "+query, args...).Scan(&n))
	return n
}

func each(t *testing.T, f func(b *bench)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		f(newBench(t, address))
	})
}

func TestByMsgID(t *testing.T) {
	each(t, func(b *bench) {
		for i, openid := range []string{"oA", "oB", "oC", "oD"} {
			b.message("spring", openid, "accepted", int64(100+i), time.Minute)
		}
		b.message("spring", "oE", "skipped", 0, time.Minute)
		b.message("summer", "oA", "accepted", 200, time.Minute)
		assert.Equal(t, receipt.Tally{Waiting: 4}, b.count("spring"))
		b.add(100, "oA", callback.StatusDelivered)
		b.add(101, "oB", callback.StatusBlocked)
		b.add(102, "oC", callback.StatusFailed)
		b.add(200, "oA", callback.StatusDelivered)
		got := b.count("spring")
		assert.Equal(t, receipt.Tally{Delivered: 1, Blocked: 1, Failed: 1, Waiting: 1}, got)
		assert.Equal(t, 3, got.Receipts())
		assert.Equal(t, receipt.Tally{Delivered: 1}, b.count("summer"))
		assert.Equal(t, receipt.Tally{}, b.count("winter"))

		b.add(102, "oC", callback.StatusDelivered)
		assert.Equal(t, receipt.Tally{Delivered: 2, Blocked: 1, Waiting: 1}, b.count("spring"), "the last of a message's receipts")
		b.add(103, "oD", "failed:some new reason")
		assert.Equal(t, receipt.Tally{Delivered: 2, Blocked: 1, Failed: 1}, b.count("spring"), "a status that is not known is no delivery")
	})
}

func TestByOpenID(t *testing.T) {
	each(t, func(b *bench) {
		b.message("spring", "oA", "accepted", 100, 3*time.Hour)
		b.message("spring", "oA", "accepted", 101, 2*time.Hour)
		b.message("summer", "oA", "accepted", 102, time.Hour)
		b.message("summer", "oB", "accepted", 103, 25*time.Hour)
		b.message("summer", "oC", "unknown", 0, time.Hour)
		b.message("summer", "oD", "pending", 0, time.Hour)

		b.add(101, "oA", callback.StatusDelivered)
		b.add(0, "oA", callback.StatusBlocked) // the oldest that has none: 100
		b.add(0, "oA", callback.StatusFailed)  // then 102
		b.add(0, "oA", callback.StatusFailed)  // and then there is none left
		b.add(0, "oB", callback.StatusDelivered)
		b.add(777, "oC", callback.StatusDelivered) // its answer was lost, so nobody noted 777
		b.add(0, "oD", callback.StatusDelivered)
		b.add(0, "oX", callback.StatusDelivered)
		assert.Equal(t, receipt.Tally{Delivered: 1, Blocked: 1}, b.count("spring"))
		assert.Equal(t, receipt.Tally{Delivered: 1, Failed: 1, Waiting: 1}, b.count("summer"),
			"oB's message is older than a day; oC's was delivered after all; oD's has not been sent")
	})
}

// TestARowHasOneReceipt: what came early and what came late do not take each other's message.
func TestARowHasOneReceipt(t *testing.T) {
	each(t, func(b *bench) {
		b.add(0, "oA", callback.StatusDelivered) // before the row's time, but the clocks differ
		b.now = b.now.Add(time.Minute)
		b.message("spring", "oA", "accepted", 100, 0)
		b.message("spring", "oA", "accepted", 101, 0)
		b.add(100, "oA", callback.StatusBlocked)
		assert.Equal(t, receipt.Tally{Delivered: 1, Blocked: 1}, b.count("spring"))
		b.now = b.now.Add(time.Hour)
		b.message("summer", "oB", "accepted", 102, -10*time.Minute)
		b.add(0, "oB", callback.StatusDelivered)
		assert.Equal(t, receipt.Tally{Waiting: 1}, b.count("summer"), "no receipt comes ten minutes before its message")
	})
}

func TestAddChangesNoMessage(t *testing.T) {
	each(t, func(b *bench) {
		b.message("spring", "oA", "accepted", 100, time.Minute)
		dump := func() (all string) {
			rows, err := b.db.QueryContext(t.Context(), "SELECT openid, state, msgid, sending_at, errcode, error, attempts, updated_at FROM push_message")
			require.NoError(t, err)
			defer rows.Close()
			for rows.Next() {
				v := make([]any, 8)
				for i := range v {
					v[i] = new(any)
				}
				require.NoError(t, rows.Scan(v...))
				for _, cell := range v {
					all += fmt.Sprint(*cell.(*any), "|")
				}
			}
			return all
		}
		before := dump()
		b.add(100, "oA", callback.StatusFailed)
		b.add(0, "oA", callback.DeliveryStatus(strings.Repeat("失\xff", 100)))
		b.count("spring")
		assert.Equal(t, before, dump())
		assert.Equal(t, 2, b.rows("push_receipt"))
	})
}

func TestForget(t *testing.T) {
	each(t, func(b *bench) {
		b.message("spring", "oA", "accepted", 100, time.Minute)
		b.message("spring", "oA", "accepted", 101, time.Minute)
		b.message("spring", "oB", "accepted", 102, time.Minute)
		b.add(100, "oA", callback.StatusDelivered)
		b.add(102, "oB", callback.StatusDelivered)
		require.NoError(t, b.log.Forget(t.Context(), "oA"))
		assert.Zero(t, b.rows("push_message WHERE openid = 'oA'"))
		assert.Zero(t, b.rows("push_receipt WHERE openid = 'oA'"))
		assert.Equal(t, 2, b.rows("push_message WHERE openid LIKE 'gone-%'"))
		assert.Equal(t, 1, b.rows("push_message WHERE openid = 'oB'"), "others stay")
		assert.Equal(t, receipt.Tally{Delivered: 2, Waiting: 1}, b.count("spring"), "the figures stay")

		b.add(0, "oA", callback.StatusBlocked) // late
		assert.Zero(t, b.rows("push_receipt WHERE openid = 'oA'"), "a late receipt does not bring the openid back")
		assert.Equal(t, receipt.Tally{Delivered: 2, Blocked: 1}, b.count("spring"))

		other, err := receipt.Open(t.Context(), receipt.Config{Ledger: b.db, AppID: appID, Key: "another key of the tests"})
		require.NoError(t, err)
		b.message("summer", "oA", "accepted", 200, time.Minute)
		require.NoError(t, other.Forget(t.Context(), "oA"))
		assert.Equal(t, 1, b.rows("push_message WHERE campaign = 'summer' AND openid IN (SELECT openid FROM push_message WHERE campaign = 'spring')"),
			"the key is the ledger's, whatever the environment says")
	})
}

// TestForgetTwice: a parent may leave, come back, and leave again within a campaign.
func TestForgetTwice(t *testing.T) {
	each(t, func(b *bench) {
		b.message("spring", "oA", "accepted", 500, time.Minute) // another child's, without a receipt
		for range 3 {
			id := b.message("spring", "oA", "accepted", int64(100+b.next), time.Minute)
			_, err := b.db.ExecContext(t.Context(), "UPDATE push_message SET student_id = 'S' WHERE id = ?", id)
			require.NoError(t, err)
			b.add(int64(99+id), "oA", callback.StatusDelivered)
			require.NoError(t, b.log.Forget(t.Context(), "oA"))
		}
		assert.Zero(t, b.rows("push_message WHERE openid = 'oA'"))
		assert.Equal(t, 4, b.rows("push_message"))
		assert.Equal(t, receipt.Tally{Delivered: 3, Waiting: 1}, b.count("spring"), "receipts stay with their messages")
	})
}

func TestOtherAccountsAreNotTouched(t *testing.T) {
	each(t, func(b *bench) {
		b.message("spring", "oA", "accepted", 100, time.Minute)
		other, err := receipt.Open(t.Context(), receipt.Config{Ledger: b.db, AppID: "wxother", Key: "a key for the tests"})
		require.NoError(t, err)
		require.NoError(t, other.Add(t.Context(), 100, "oA", callback.StatusDelivered))
		require.NoError(t, other.Add(t.Context(), 0, "oA", callback.StatusDelivered))
		require.NoError(t, other.Forget(t.Context(), "oA"))
		assert.Equal(t, receipt.Tally{Waiting: 1}, b.count("spring"), "a simulation's receipts are not the account's")
		assert.Equal(t, 1, b.rows("push_message WHERE openid = 'oA'"))
	})
}

// TestManyWithoutMsgID: pages of people, each with one receipt without a msgid.
func TestManyWithoutMsgID(t *testing.T) {
	each(t, func(b *bench) {
		const n = 1203
		tx, err := b.db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		for i := range n {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO push_message
(appid, campaign, openid, student_id, content, client_msg_id, state, owner, sending_at, msgid, errcode, error, attempts, updated_at)
VALUES (?, 'spring', ?, 'S', '{}', 'm', 'accepted', '', ?, ?, 0, '', 1, 0)`, appID, fmt.Sprintf("o%d", i), b.now.Unix(), 1000+i)
			require.NoError(t, err)
			_, err = tx.ExecContext(t.Context(), `INSERT INTO push_receipt (appid, msgid, openid, status, created) VALUES (?, 0, ?, 'success', ?)`,
				appID, fmt.Sprintf("o%d", i), b.now.Unix())
			require.NoError(t, err)
		}
		require.NoError(t, tx.Commit())
		assert.Equal(t, receipt.Tally{Delivered: n}, b.count("spring"))
	})
}

func TestWithoutALedger(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		d := dbtest.Open(t, address)
		got, err := receipt.Count(t.Context(), d, appID, "spring")
		require.NoError(t, err)
		assert.Zero(t, got)
		_, err = receipt.Open(t.Context(), receipt.Config{Ledger: d, AppID: appID, Key: "short"})
		require.ErrorContains(t, err, "at least 16")
		l, err := receipt.Open(t.Context(), receipt.Config{Ledger: d, AppID: appID, Key: "a key for the tests"})
		require.NoError(t, err)
		require.NoError(t, l.Add(t.Context(), 0, "oA", callback.StatusDelivered))
		require.NoError(t, l.Forget(t.Context(), "oA"))
		var n int
		require.NoError(t, d.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM push_receipt WHERE openid = 'oA'").Scan(&n))
		assert.Zero(t, n)
		_, err = push.Unfinished(t.Context(), push.Config{AppID: appID, Ledger: d})
		require.NoError(t, err)
	})
	d := dbtest.Open(t, dbtest.SQLite(t))
	_, err := push.Unfinished(t.Context(), push.Config{AppID: appID, Ledger: d})
	require.NoError(t, err)
	got, err := receipt.Count(t.Context(), d, appID, "spring")
	require.NoError(t, err, "a ledger without the table of receipts")
	assert.Zero(t, got)
}

func TestAtTheSameTime(t *testing.T) {
	each(t, func(b *bench) {
		b.message("spring", "oA", "accepted", 1000, time.Minute)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 10 {
					assert.NoError(t, b.log.Add(context.WithoutCancel(t.Context()), 1000, "oA", callback.StatusDelivered))
				}
			})
		}
		group.Wait()
		assert.Equal(t, 80, b.rows("push_receipt"))
		assert.Equal(t, receipt.Tally{Delivered: 1}, b.count("spring"))
	})
}
