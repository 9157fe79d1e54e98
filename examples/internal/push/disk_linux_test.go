package push

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// A full disk under MariaDB is what it is under SQLite: one error, nothing sent that could not be
// written down, and nothing lost or sent twice once there is room again.
func TestDiskFullUnderMariaDB(t *testing.T) {
	t.Parallel()
	address := dbtest.MariaDB(t)
	disk := smallDisk(t, address)
	s := newWeChat(t)
	d := emptySchool(t, address)
	const n = 6000
	fill(t, d, n)
	cfg := ofSchool(d, s)
	got, err := Run(t.Context(), nil, limited(cfg, 1)) // makes the ledger
	require.NoError(t, err)
	require.Equal(t, 1, got.Accepted)

	fillDisk(t, disk)
	_, err = Run(t.Context(), nil, cfg)
	require.Error(t, err)
	assert.True(t, db.IsFull(err), "%v", err)
	assert.EqualValues(t, 1, s.AcceptedCount(), "nothing is sent that could not be written down")

	emptyDisk(t, disk)
	stopped := false
	cfg.Progress = func(p Progress) {
		if p.Done > 1 && !stopped {
			stopped = true
			fillDisk(t, disk)
		}
	}
	got, err = Run(t.Context(), nil, cfg)
	addsUp(t, got)
	assert.True(t, stopped)
	if err != nil { // whether rows that change their state need room is up to InnoDB
		assert.True(t, db.IsFull(err), "%v", err)
	}
	emptyDisk(t, disk)
	cfg.Progress = nil
	got, err = run(t, cfg)
	require.NoError(t, err)
	assert.Equal(t, n, got.Accepted)
	s.once(t, n)
}

func limited(cfg Config, n int) Config {
	cfg.Limit = n
	return cfg
}

// smallDisk puts the tables of an empty database on a file system of their own with little room,
// and returns where that is.
func smallDisk(t *testing.T, address string) string {
	t.Helper()
	d := dbtest.Open(t, address)
	var data, name string
	require.NoError(t, d.QueryRow("SELECT @@datadir, DATABASE()").Scan(&data, &name))
	folder := filepath.Join(data, name)
	var owner syscall.Stat_t
	if err := syscall.Stat(folder, &owner); err != nil {
		t.Skipf("MariaDB's files are not on this machine, or are not to be seen: %v", err)
	}
	options, err := os.ReadFile(filepath.Join(folder, "db.opt"))
	require.NoError(t, err)
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("a small file system cannot be mounted without root: %v", err)
	}
	t.Cleanup(func() {
		// MariaDB cannot drop a database whose folder is a mount.
		for _, table := range tables(t, d) {
			_, err := d.Exec("DROP TABLE " + d.Quote(table))
			assert.NoError(t, err)
		}
		assert.NoError(t, syscall.Unmount(folder, syscall.MNT_DETACH))
	})
	require.NoError(t, os.Chown(folder, int(owner.Uid), int(owner.Gid)))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "db.opt"), options, 0o644))
	return folder
}

func tables(t *testing.T, d *db.DB) (names []string) {
	t.Helper()
	rows, err := d.Query("SHOW TABLES")
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	return names
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

func emptyDisk(t *testing.T, folder string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(folder, filler)))
}
