package push

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
)

func TestFileLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "学 校#1.db")
	d := emptySchool(t, "sqlite:"+path)
	first, err := acquire(t.Context(), d, "a", stopwatch{})
	require.NoError(t, err)
	_, err = acquire(t.Context(), d, "b", stopwatch{})
	require.ErrorIs(t, err, ErrBusy)
	assert.ErrorContains(t, err, "process ", "it says who")
	alive, err := first.alive(t.Context())("anybody")
	require.NoError(t, err)
	assert.False(t, alive, "there is one lock")
	require.NoError(t, first.held(t.Context()))
	require.NoError(t, first.lost())
	first.release()
	assert.NoFileExists(t, path+"-pusher")
	second, err := acquire(t.Context(), d, "b", stopwatch{})
	require.NoError(t, err, "the lock goes with its owner")
	second.release()
	_, err = acquireFile(t.Context(), filepath.Join(t.TempDir(), "nowhere", "x.db"))
	require.ErrorContains(t, err, "-lock")
	require.NotErrorIs(t, err, ErrBusy)
}

func TestLockOfMariaDB(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d := emptySchool(t, dbtest.MariaDB(t))
	a, err := acquire(ctx, d, "a", stopwatch{})
	require.NoError(t, err)
	b, err := acquire(ctx, d, "b", stopwatch{})
	require.NoError(t, err, "several may push")
	alive, err := b.alive(ctx)("a")
	require.NoError(t, err)
	assert.True(t, alive)
	_, err = acquire(ctx, d, "a", stopwatch{})
	require.Error(t, err, "an owner's name is taken once")
	var timeout int
	require.NoError(t, a.mysql.QueryRowContext(ctx, "SELECT @@wait_timeout").Scan(&timeout))
	assert.Equal(t, sessionSeconds, timeout, "a pause does not end the session")
	a.release()
	alive, err = b.alive(ctx)("a")
	require.NoError(t, err)
	assert.False(t, alive, "the lock goes with its owner")

	require.NoError(t, b.held(ctx))
	killConnections(t, d, "IS_USED_LOCK('"+lockName("b")+"') = id")
	select {
	case <-b.gone: // the watch finds out by itself
	case <-time.After(30 * time.Second):
		t.Fatal("nobody has noticed")
	}
	require.ErrorContains(t, b.lost(), "lost")
	require.Error(t, b.held(ctx))
	b.release()
}

// A lock that is not held any more is as bad as a connection that is gone.
func TestLockTakenAway(t *testing.T) {
	t.Parallel()
	d := emptySchool(t, dbtest.MariaDB(t))
	l, err := acquire(t.Context(), d, "a", stopwatch{})
	require.NoError(t, err)
	defer l.release()
	_, err = l.mysql.ExecContext(t.Context(), "SELECT RELEASE_LOCK(?)", lockName("a"))
	require.NoError(t, err)
	require.Error(t, l.held(t.Context()))
	require.Error(t, l.lost())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	other, err := acquire(t.Context(), d, "b", stopwatch{})
	require.NoError(t, err)
	defer other.release()
	require.ErrorIs(t, other.held(ctx), context.Canceled)
	require.NoError(t, other.lost(), "to be asked to end says nothing about the lock")
}

// killConnections ends the connections to d's database of which condition is true.
func killConnections(t *testing.T, d *db.DB, condition string) {
	t.Helper()
	admin, err := sql.Open("mysql", os.Getenv("WXHOME_TEST_MYSQL"))
	require.NoError(t, err)
	defer admin.Close()
	rows, err := admin.Query("SELECT id FROM information_schema.processlist WHERE db = ? AND "+condition, filepath.Base(d.Name))
	require.NoError(t, err)
	var found []int64
	for rows.Next() {
		var id int64
		require.NoError(t, rows.Scan(&id))
		found = append(found, id)
	}
	require.NoError(t, rows.Close())
	require.NotEmpty(t, found)
	for _, id := range found {
		_, _ = admin.Exec("KILL ?", id) // it may have ended by itself
	}
}

// A push whose connections are cut writes no more, stops, and is continued by the next one.
func TestConnectionsLost(t *testing.T) {
	t.Parallel()
	for name, condition := range map[string]string{"all": "id <> CONNECTION_ID()", "the lock's": "command = 'Sleep' AND info IS NULL"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newWeChat(t)
			d := emptySchool(t, dbtest.MariaDB(t))
			fill(t, d, 600)
			cfg := ofSchool(d, s)
			cfg.Rate = 150
			killed := false
			cfg.Progress = func(p Progress) {
				if p.Done > 50 && !killed {
					killed = true
					killConnections(t, d, condition)
				}
			}
			got, err := Run(t.Context(), nil, cfg)
			addsUp(t, got)
			require.Error(t, err)
			require.True(t, killed)
			assert.Less(t, got.Accepted, 600)
			got, err = Run(t.Context(), nil, cfg)
			require.NoError(t, err)
			assert.Equal(t, 600, got.Accepted)
			s.once(t, 600)
		})
	}
}
