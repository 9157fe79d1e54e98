package push

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
)

const aMoment = 1795000000 // unix seconds

// ledgerOf is a ledger with n pending rows.
func ledgerOf(t *testing.T, d *db.DB, owner string, n int) *ledger {
	t.Helper()
	require.NoError(t, createLedger(t.Context(), d))
	l := &ledger{db: d, appID: "wx1", campaign: "spring", owner: owner, now: func() time.Time { return time.Unix(aMoment, 0) }}
	cfg := &Config{TemplateID: templateID, Fields: []Field{{"thing1", "{student_name}"}}}
	var page []recipient
	for i := range n {
		page = append(page, person1(fmt.Sprintf("o%05d", i), "1"))
	}
	entries, err := cfg.entries(page)
	require.NoError(t, err)
	_, err = l.add(t.Context(), entries, choice{})
	require.NoError(t, err)
	return l
}

func (l *ledger) at(owner string, after time.Duration) *ledger {
	other := *l
	other.owner, other.now = owner, func() time.Time { return time.Unix(aMoment, 0).Add(after) }
	return &other
}

func ids(rows []*row) (ids []int64) {
	for _, r := range rows {
		ids = append(ids, r.id)
	}
	return ids
}

func counts(t *testing.T, l *ledger) map[string]int {
	t.Helper()
	c, err := l.tally(t.Context())
	require.NoError(t, err)
	return c
}

func TestOneOfTwoClaimsARow(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		ctx := t.Context()
		a := ledgerOf(t, emptySchool(t, address), "a", 450)
		b := a.at("b", 0)
		var seen []*row // what a has read before b was there
		require.NoError(t, a.transact(ctx, func(tx *sql.Tx) (err error) {
			seen, err = a.pending(ctx, tx, pick{n: 430})
			return err
		}))
		require.Len(t, seen, 430)
		got, err := b.step(ctx, nil, pick{n: 415})
		require.NoError(t, err)
		require.Len(t, got.rows, 415)
		assert.Equal(t, got.rows[414].id, got.last)
		require.NoError(t, a.transact(ctx, func(tx *sql.Tx) error {
			mine, err := a.claim(ctx, tx, seen)
			assert.Equal(t, ids(seen[415:]), ids(mine), "what b has is not a's")
			return err
		}))
		assert.Equal(t, map[string]int{stateSending: 430, statePending: 20}, counts(t, a))
		got, err = a.step(ctx, nil, pick{n: 100})
		require.NoError(t, err)
		assert.Len(t, got.rows, 20)
		got, err = a.step(ctx, nil, pick{n: 100})
		require.NoError(t, err)
		assert.Equal(t, claims{}, got)
	})
}

// A row that another process has sent and put back meanwhile is not what was read.
func TestClaimOfARowThatWasSentMeanwhile(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		ctx := t.Context()
		a := ledgerOf(t, emptySchool(t, address), "a", 2)
		var seen []*row
		require.NoError(t, a.transact(ctx, func(tx *sql.Tx) (err error) {
			seen, err = a.pending(ctx, tx, pick{n: 2})
			return err
		}))
		b := a.at("b", -8*time.Minute)
		got, err := b.step(ctx, nil, pick{n: 1})
		require.NoError(t, err)
		_, err = b.step(ctx, []outcome{{row: got.rows[0], state: statePending, code: -1}}, pick{})
		require.NoError(t, err)
		require.NoError(t, a.transact(ctx, func(tx *sql.Tx) error {
			mine, err := a.claim(ctx, tx, seen)
			assert.Equal(t, []int64{seen[1].id}, ids(mine), "its nine minutes began with b")
			return err
		}))
		got, err = a.step(ctx, nil, pick{n: 9})
		require.NoError(t, err)
		require.Len(t, got.rows, 1)
		assert.Equal(t, []int64{aMoment - 8*60, aMoment - 8*60, 2}, []int64{got.rows[0].before, got.rows[0].firstAt, int64(got.rows[0].attempts)})
	})
}

func TestPick(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		ctx := t.Context()
		l := ledgerOf(t, emptySchool(t, address), "a", 10)
		var all []int64
		require.NoError(t, l.transact(ctx, func(tx *sql.Tx) error {
			rows, err := l.pending(ctx, tx, pick{n: 100})
			all = ids(rows)
			return err
		}))
		for name, tt := range map[string]struct {
			p    pick
			want []int64
		}{
			"first":  {pick{n: 2}, all[:2]},
			"after":  {pick{n: 2, after: all[4]}, all[5:7]},
			"up to":  {pick{n: 9, after: all[4], upTo: all[5]}, all[5:6]},
			"only":   {pick{n: 9, only: []int64{all[3], all[1]}}, []int64{all[1], all[3]}},
			"none":   {pick{n: 9, only: []int64{}}, nil},
			"except": {pick{n: 2, except: all[:8]}, all[8:]},
		} {
			require.NoError(t, l.transact(ctx, func(tx *sql.Tx) error {
				rows, err := l.pending(ctx, tx, tt.p)
				assert.Equal(t, tt.want, ids(rows), name)
				return err
			}))
		}
	})
}

// What becomes of a row is written by its owner only.
func TestWrite(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		ctx := t.Context()
		l := ledgerOf(t, emptySchool(t, address), "a", 100)
		got, err := l.step(ctx, nil, pick{n: 100})
		require.NoError(t, err)
		var results []outcome
		for i, r := range got.rows[:90] {
			results = append(results, outcome{row: r, state: stateAccepted, msgID: int64(3717005636572528642) + int64(i)})
		}
		results = append(results,
			outcome{row: got.rows[90], state: stateSkipped, code: 43004, reason: "not a follower"},
			outcome{row: got.rows[91], state: stateFailed, code: 47003, reason: "坏\xff" + fmt.Sprintf("%600s", "")},
			outcome{row: got.rows[92], state: statePending, code: -1, reason: "busy"},
			outcome{row: got.rows[93], state: statePending, forget: true},
		)
		stranger := l.at("b", time.Second)
		_, err = stranger.step(ctx, results, pick{})
		require.NoError(t, err)
		assert.Equal(t, map[string]int{stateSending: 100}, counts(t, l), "not the stranger's to write")
		_, err = l.at("a", time.Second).step(ctx, results, pick{})
		require.NoError(t, err)
		assert.Equal(t, map[string]int{stateAccepted: 90, stateSkipped: 1, stateFailed: 1, statePending: 2, stateSending: 6}, counts(t, l))
		type stored struct {
			msgID, sendingAt, updatedAt int64
			code, attempts              int
			owner, reason               string
		}
		read := func(r *row) (s stored) {
			require.NoError(t, l.db.QueryRow("SELECT msgid, sending_at, updated_at, errcode, attempts, owner, error FROM push_message WHERE id = ?", r.id).
				Scan(&s.msgID, &s.sendingAt, &s.updatedAt, &s.code, &s.attempts, &s.owner, &s.reason))
			return s
		}
		assert.Equal(t, stored{3717005636572528642, aMoment, aMoment + 1, 0, 1, "", ""}, read(got.rows[0]))
		assert.Equal(t, stored{3717005636572528642 + 89, aMoment, aMoment + 1, 0, 1, "", ""}, read(got.rows[89]))
		assert.Equal(t, stored{0, aMoment, aMoment + 1, 43004, 1, "", "not a follower"}, read(got.rows[90]))
		assert.Len(t, []rune(read(got.rows[91]).reason), errorLimit)
		assert.Equal(t, stored{0, aMoment, aMoment + 1, -1, 1, "", "busy"}, read(got.rows[92]), "an attempt that may have left counts")
		assert.Equal(t, stored{0, 0, aMoment + 1, 0, 0, "", ""}, read(got.rows[93]), "one that has not is forgotten")
		assert.Equal(t, stored{0, aMoment, aMoment, 0, 1, "a", ""}, read(got.rows[94]))
	})
}

// TestWriteOfAnEarlierClaim: a process whose row others took may have claimed it again when it writes
// down what became of its first claim.
func TestWriteOfAnEarlierClaim(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		ctx := t.Context()
		l := ledgerOf(t, emptySchool(t, address), "a", 1)
		first, err := l.step(ctx, nil, pick{n: 1})
		require.NoError(t, err)
		execute(t, l.db, "UPDATE push_message SET state = 'pending', owner = ''") // others did
		l = l.at("a", time.Minute)
		second, err := l.step(ctx, nil, pick{n: 1})
		require.NoError(t, err)
		require.Len(t, second.rows, 1)
		for _, o := range []outcome{
			{state: statePending, forget: true}, {state: statePending, code: -1}, {state: stateUnknown}, {state: stateSkipped, code: 43004}, {state: stateFailed, code: 47003},
		} {
			o.row = first.rows[0]
			_, err = l.step(ctx, []outcome{o}, pick{})
			require.NoError(t, err)
			assert.Equal(t, map[string]int{stateSending: 1}, counts(t, l), "%+v", o)
		}
		_, err = l.step(ctx, []outcome{{row: second.rows[0], state: statePending, forget: true}}, pick{})
		require.NoError(t, err)
		var sendingAt, attempts int64
		require.NoError(t, l.db.QueryRow("SELECT sending_at, attempts FROM push_message").Scan(&sendingAt, &attempts))
		assert.Equal(t, []int64{aMoment, 1}, []int64{sendingAt, attempts}, "the first attempt stays in doubt")
	})
}

func TestReopen(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		l := ledgerOf(t, emptySchool(t, address), "a", 2*chunk+50)
		execute(t, l.db, "UPDATE push_message SET state = 'unknown', sending_at = 5, attempts = 7, errcode = 9, error = 'x' WHERE openid <> 'o00001'")
		for n := 1; n <= 2; n++ {
			_, err := l.reopen(t.Context(), stateUnknown, choice{resend: true})
			require.NoError(t, err)
			assert.Equal(t, map[string]int{statePending: 2*chunk + 50}, counts(t, l))
			var id string
			var sendingAt, attempts int
			require.NoError(t, l.db.QueryRow("SELECT client_msg_id, sending_at, attempts FROM push_message WHERE openid = 'o00449'").Scan(&id, &sendingAt, &attempts))
			assert.Equal(t, messageID("wx1", "spring", "o00449", "1", n), id)
			assert.Zero(t, sendingAt+attempts)
			execute(t, l.db, "UPDATE push_message SET state = 'unknown', sending_at = 5 WHERE openid <> 'o00001'")
		}
		require.NoError(t, l.db.QueryRow("SELECT client_msg_id FROM push_message WHERE openid = 'o00001'").Scan(new(string)))
	})
}

func TestLasting(t *testing.T) {
	t.Parallel()
	for n, warns := range map[int]bool{0: true, 1: false, 2: true} {
		assert.Equal(t, warns, flushWarning(n) != "")
	}
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		l := &ledger{db: d}
		if d.Dialect == db.SQLite {
			var full int
			require.NoError(t, d.QueryRow("PRAGMA synchronous").Scan(&full))
			assert.Equal(t, 2, full)
			return
		}
		var n int
		require.NoError(t, d.QueryRow("SELECT @@innodb_flush_log_at_trx_commit").Scan(&n))
		assert.Equal(t, flushWarning(n), l.lasting(t.Context()))
	})
}

// The school's file keeps its journal mode, whichever that is.
func TestJournalModeIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"delete", "wal", "truncate"} {
		address := "sqlite:" + t.TempDir() + "/school.db"
		d := emptySchool(t, address)
		d.SetMaxOpenConns(1)
		var is string
		require.NoError(t, d.QueryRow("PRAGMA journal_mode = "+mode).Scan(&is))
		fill(t, d, 3)
		_, err := Run(t.Context(), nil, ofSchool(d, newWeChat(t)))
		require.NoError(t, err)
		require.NoError(t, d.QueryRow("PRAGMA journal_mode").Scan(&is))
		assert.Equal(t, mode, is)
	}
}
