package push

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// A full disk under MariaDB is what it is under SQLite: an error, nothing sent that could not be
// written down, and nothing lost or sent twice once there is room again. A server that finds no
// room to undo a statement may end itself, so this one is the test's own, and is started again.
func TestDiskFullUnderMariaDB(t *testing.T) {
	t.Parallel()
	server := dbtest.Start(t)
	address, folder := server.Database("school")
	smallDisk(t, server, folder)
	s := newWeChat(t)
	d := emptySchool(t, address)
	const n = 6000
	fill(t, d, n)
	cfg := ofSchool(d, s)
	got, err := Run(t.Context(), nil, limited(cfg, 1)) // makes the ledger
	require.NoError(t, err)
	require.Equal(t, 1, got.Accepted)

	fillDisk(t, folder)
	_, err = Run(t.Context(), nil, cfg)
	fullOrGone(t, server, err)
	assert.EqualValues(t, 1, s.AcceptedCount(), "nothing is sent that could not be written down")

	emptyDisk(t, server, folder)
	stopped := false
	cfg.Progress = func(p Progress) {
		if p.Done > 1 && !stopped {
			stopped = true
			fillDisk(t, folder)
		}
	}
	got, err = Run(t.Context(), nil, cfg)
	assert.True(t, stopped)
	if err != nil { // whether rows that change their state need room is up to InnoDB
		fullOrGone(t, server, err)
	} else {
		addsUp(t, got)
	}
	emptyDisk(t, server, folder)
	cfg.Progress = nil
	got, err = run(t, cfg)
	if damaged(err) { // in want of room InnoDB may have left an index unfinished; this is how a person mends it
		require.NoError(t, syscall.Mount("", folder, "", syscall.MS_REMOUNT, "size=96m")) // it copies the table
		execute(t, d, "ALTER TABLE push_message FORCE")
		got, err = run(t, cfg)
	}
	require.NoError(t, err)
	assert.Equal(t, n, got.Accepted)
	s.once(t, n)
}

// damaged reports whether the server says that an index is corrupt.
func damaged(err error) bool {
	refused, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && (refused.Number == 1034 || refused.Number == 1712)
}

// fullOrGone asserts that a push ended since the disk is full: the server said so, or ended itself.
func fullOrGone(t *testing.T, server *dbtest.Server, err error) {
	t.Helper()
	require.Error(t, err)
	assert.Eventually(t, func() bool { return db.IsFull(err) || damaged(err) || !server.Alive() }, time.Minute, 20*time.Millisecond, "%v", err)
}

func limited(cfg Config, n int) Config {
	cfg.Limit = n
	return cfg
}

// smallDisk puts the files of an empty database on a file system of their own with little room.
func smallDisk(t *testing.T, server *dbtest.Server, folder string) {
	t.Helper()
	options, err := os.ReadFile(filepath.Join(folder, "db.opt"))
	require.NoError(t, err)
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("a small file system cannot be mounted without root: %v", err)
	}
	t.Cleanup(func() {
		server.Stop()
		assert.NoError(t, syscall.Unmount(folder, syscall.MNT_DETACH))
	})
	require.NoError(t, os.WriteFile(filepath.Join(folder, "db.opt"), options, 0o644))
}

const filler = "filler"

// fillDisk takes all the room that is left.
func fillDisk(t *testing.T, folder string) {
	t.Helper()
	f, err := os.Create(filepath.Join(folder, filler))
	require.NoError(t, err)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	require.True(t, errors.Is(err, syscall.ENOSPC), "%v", err)
	require.NoError(t, f.Close())
}

// emptyDisk makes room again, and starts a server that has ended itself.
func emptyDisk(t *testing.T, server *dbtest.Server, folder string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(folder, filler)))
	server.Revive()
}
