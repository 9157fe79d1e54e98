package push

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
)

// No database cuts an identifier and takes its owner for somebody else; MariaDB without its
// strict mode would.
func TestNothingIsCut(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		if strings.HasPrefix(address, "mysql:") {
			address += "?sql_mode=%27%27"
		}
		d := emptySchool(t, address)
		execute(t, d, "CREATE TABLE pupil (who VARCHAR(200), number VARCHAR(200), name TEXT)")
		long := strings.Repeat("9", 64)
		for _, p := range [][2]string{
			{"oA", long + "1"}, {"oA", long + "2"}, {"oA", long}, {strings.Repeat("o", 65), "1"}, {strings.Repeat("o", 66), "1"},
			{"未", "1"}, {"绑", "1"}, {"oA", "1"}, {"oA", "1 "}, {"oA", "a"}, {"oA", "A"}, {"oa", "A"},
		} {
			execute(t, d, "INSERT INTO pupil VALUES (?, ?, '张三')", p[0], p[1])
		}
		execute(t, d, "INSERT INTO pupil VALUES ('oB', '1', ?)", strings.Repeat("长", 30000))
		cfg := ofSchool(d, newWeChat(t))
		cfg.Query = "SELECT who AS openid, number AS student_id, name AS student_name, 'https://p.example/1.jpg' AS photo_url, '2026-11-20 18:00:00' AS photo_update_time FROM pupil"
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, []int{13, 5, 8}, []int{got.Recipients, got.Accepted, got.Failed})
		again, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, []int{13, 0, 8}, []int{again.Recipients, again.Sent, again.Failed})
		cfg.Campaign = strings.Repeat("x", 65)
		_, err = Run(t.Context(), nil, cfg)
		require.ErrorContains(t, err, "64 characters")
	})
}

// A full disk is one error; the ledger is whole, and when there is room again the push goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, "sqlite:"+t.TempDir()+"/s.db")
	fill(t, d, 1500)
	d.SetMaxOpenConns(1) // whose limit is the test's
	cfg := ofSchool(d, s)
	full := func() {
		var pages int
		_ = d.QueryRow("PRAGMA page_count").Scan(&pages)
		_, _ = d.Exec(fmt.Sprint("PRAGMA max_page_count = ", pages+1))
	}
	full()
	_, err := Run(t.Context(), nil, cfg)
	require.Error(t, err)
	assert.True(t, db.IsFull(err), "%v", err)
	assert.Zero(t, s.AcceptedCount(), "nothing is sent that could not be written down")
	execute(t, d, "PRAGMA max_page_count = 1000000")
	cfg.Progress = func(p Progress) {
		if p.Done > 0 && p.Done < 1200 {
			full()
		}
	}
	got, err := Run(t.Context(), nil, cfg)
	addsUp(t, got)
	if err != nil { // whether rows that change their state need room depends on the file
		assert.True(t, db.IsFull(err), "%v", err)
	}
	execute(t, d, "PRAGMA max_page_count = 1000000")
	cfg.Progress = nil
	got, err = run(t, cfg)
	require.NoError(t, err)
	assert.Equal(t, 1500, got.Accepted)
	s.once(t, 1500)
	var ok string
	require.NoError(t, d.QueryRow("PRAGMA integrity_check").Scan(&ok))
	assert.Equal(t, "ok", ok)
}

// What was accepted is not forgotten when a commit fails: the last write of the Run tries again.
func TestResultsOutliveAFailedCommit(t *testing.T) {
	t.Parallel()
	d := emptySchool(t, "sqlite:"+t.TempDir()+"/s.db")
	l := ledgerOf(t, d, "a", 2)
	e := &engine{hand: new(inHand), ledger: l, clock: newClock(d, nil, stopwatch{})}
	got, err := l.step(t.Context(), nil, pick{n: 2})
	require.NoError(t, err)
	e.results = []outcome{{row: got.rows[0], state: stateAccepted, msgID: 1}}
	execute(t, d, "ALTER TABLE push_message RENAME TO away")
	require.Error(t, e.flush(t.Context()))
	execute(t, d, "ALTER TABLE away RENAME TO push_message")
	require.NoError(t, e.flush(t.Context()))
	assert.Equal(t, map[string]int{stateAccepted: 1, stateSending: 1}, counts(t, l))
	assert.Equal(t, 1, e.done)
	assert.Empty(t, e.results)
}
