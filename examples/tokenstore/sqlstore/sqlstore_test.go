package sqlstore_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/org/wxhome/examples/tokenstore/sqlstore"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/token/tokentest"
)

// databases runs f on SQLite, and on MariaDB where there is one.
func databases(t *testing.T, f func(t *testing.T, open func(t *testing.T) *sql.DB, d sqlstore.Dialect)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		file := "file:" + filepath.ToSlash(filepath.Join(t.TempDir(), "token.db")) + "?_pragma=busy_timeout(5000)"
		f(t, func(t *testing.T) *sql.DB { return open(t, "sqlite", file) }, sqlstore.SQLite)
	})
	t.Run("mariadb", func(t *testing.T) {
		t.Parallel()
		dsn := os.Getenv("WXHOME_TEST_MYSQL")
		if dsn == "" {
			if os.Getenv("CI") != "" {
				t.Fatal("WXHOME_TEST_MYSQL names no MariaDB, and CI must have one")
			}
			t.Skip("WXHOME_TEST_MYSQL names no MariaDB")
		}
		f(t, func(t *testing.T) *sql.DB { return open(t, "mysql", dsn) }, sqlstore.MySQL)
	})
}

func open(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	d, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestStore(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, open func(t *testing.T) *sql.DB, d sqlstore.Dialect) {
		tokentest.Run(t, func(t *testing.T) token.Store {
			s, err := sqlstore.New(t.Context(), open(t), d)
			require.NoError(t, err)
			return s
		})
	})
}

func TestOutageIsNoMiss(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, open func(t *testing.T) *sql.DB, d sqlstore.Dialect) {
		db := open(t)
		s, err := sqlstore.New(t.Context(), db, d)
		require.NoError(t, err)
		key := token.Key("wxoutage", "stable", strings.Repeat("long.", 100))
		want := token.Token{Value: "TOKEN", Expiry: time.Now().Add(time.Hour).Truncate(time.Second)}
		require.NoError(t, s.Save(t.Context(), key, want))
		got, err := s.Load(t.Context(), key)
		require.NoError(t, err)
		assert.Equal(t, want.Value, got.Value)
		got, err = s.Load(t.Context(), key+"er")
		require.NoError(t, err)
		assert.Zero(t, got, "the end of a long key counts")

		require.NoError(t, s.Save(t.Context(), "no end", token.Token{Value: "FOREVER"}))
		got, err = s.Load(t.Context(), "no end")
		require.NoError(t, err)
		assert.Equal(t, "FOREVER", got.Value)

		_, err = db.Exec("UPDATE wxhome_token SET value = 'garbage' WHERE token_key = ?", []byte("no end"))
		require.NoError(t, err)
		_, err = s.Load(t.Context(), "no end")
		require.Error(t, err, "garbage is no miss")
		assert.NotContains(t, err.Error(), "garbage")

		require.NoError(t, db.Close())
		_, err = s.Load(t.Context(), key)
		require.ErrorContains(t, err, "sqlstore: load")
		err = s.Save(t.Context(), key, want)
		require.ErrorContains(t, err, "sqlstore: save")
		assert.NotContains(t, err.Error(), "TOKEN")
		_, err = sqlstore.New(t.Context(), db, d)
		require.ErrorContains(t, err, "wxhome_token")
	})
}
