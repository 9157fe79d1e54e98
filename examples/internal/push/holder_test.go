package push

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// TestHolders tells who has how many rows in its hands, since when, and whether it has ended.
func TestHolders(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		none, err := Holders(t.Context(), d, "wx1", "spring")
		require.NoError(t, err, "without a ledger")
		assert.Empty(t, none)
		l := ledgerOf(t, d, "me", 6)
		set := func(owner string, at, from, to int) {
			execute(t, d, "UPDATE push_message SET state = 'sending', owner = ?, updated_at = ? WHERE id BETWEEN ? AND ?", owner, at, from, to)
		}
		set("host-1-DEAD", 1000, 1, 1)
		set("host-1-DEAD", 1100, 2, 2)
		set("host-2-ALIVE", 1050, 3, 5)
		if d.Dialect.String() == "SQLite" {
			all, err := Holders(t.Context(), d, "wx1", "spring")
			require.NoError(t, err)
			assert.Equal(t, []Holder{{"host-1-DEAD", 2, time.Unix(1000, 0), ""}, {"host-2-ALIVE", 3, time.Unix(1050, 0), ""}}, all)
			return
		}
		lock, err := acquire(t.Context(), d, "host-2-ALIVE", stopwatch{})
		require.NoError(t, err)
		defer lock.release()
		all, err := Holders(t.Context(), d, "wx1", l.campaign)
		require.NoError(t, err)
		assert.Equal(t, []Holder{{"host-1-DEAD", 2, time.Unix(1000, 0), LockFree}, {"host-2-ALIVE", 3, time.Unix(1050, 0), LockHeld}}, all)
	})
}

// TestWaitingForOthersIsTold: after fifteen seconds a push that waits for another process tells who
// has the rows, and not more often.
func TestWaitingForOthersIsTold(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, dbtest.MariaDB(t))
	fill(t, d, 2)
	cfg := ofSchool(d, s)
	var told []Holder
	cfg.Progress = func(p Progress) { told = append(told, p.Holders...) }
	prepare(t, cfg)
	claimed := time.Now().Unix()
	execute(t, d, "UPDATE push_message SET state = 'sending', owner = 'host-2-FROZEN', updated_at = ?", claimed)
	other, err := acquire(t.Context(), d, "host-2-FROZEN", stopwatch{})
	require.NoError(t, err)
	defer other.release()
	e, err := newEngine(t.Context(), nil, cfg)
	require.NoError(t, err)
	e.lock, err = acquire(t.Context(), d, e.ledger.owner, stopwatch{})
	require.NoError(t, err)
	defer e.lock.release()
	others := []Holder{{"host-2-FROZEN", 2, time.Unix(claimed, 0), LockHeld}}
	require.NoError(t, e.waitForOthers(t.Context(), others))
	assert.Empty(t, told, "what is sent within seconds needs no line")
	e.toldHolders = time.Now().Add(-tellHolders)
	for range 2 {
		over, err := e.turn(t.Context())
		require.NoError(t, err)
		assert.False(t, over)
	}
	assert.Equal(t, others, told)

	told, e.toldHolders = nil, time.Time{}
	others[0].Lock = LockFree
	require.NoError(t, e.waitForOthers(t.Context(), others))
	assert.Equal(t, others, told, "of one that has ended a push tells at once, since its rows are left alone for a while")
}
