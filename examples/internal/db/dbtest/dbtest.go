// Package dbtest gives tests a database of their own: a SQLite file, and a
// MariaDB or MySQL database where the environment variable WXHOME_TEST_MYSQL
// names a server. [Each] is the one call to know. [Start] starts a server for a test
// that harms it. With CI set, a server that is missing is a failure, not a reason to skip.
package dbtest

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
)

// Each runs f twice, as subtests: with the address of a SQLite file that does
// not exist yet, and with that of an empty MariaDB database.
func Each(t *testing.T, f func(t *testing.T, address string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("mariadb", func(t *testing.T) { f(t, MariaDB(t)) })
}

// SQLite returns the address of a file that does not exist yet.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "学校.db")
}

// MariaDB returns the address of an empty database, which the test's end
// drops. It skips the test where there is no server.
func MariaDB(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv("WXHOME_TEST_MYSQL")
	if dsn == "" {
		missing(t, "WXHOME_TEST_MYSQL names no MariaDB")
	}
	conn, err := sql.Open("mysql", dsn)
	require.NoError(t, err)
	name := fmt.Sprintf("wxhome_test_%d_%d", os.Getpid(), rand.Uint32())
	_, err = conn.Exec("CREATE DATABASE " + name)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = conn.Exec("DROP DATABASE " + name); _ = conn.Close() })
	return "mysql:" + dsn[:len(dsn)-len(filepath.Base(dsn))] + name
}

// Open opens an address until the test ends.
func Open(t testing.TB, address string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), address, db.Create())
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}
