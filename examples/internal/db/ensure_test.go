package db_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
)

func TestEnsure(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		d := dbtest.Open(t, address)
		require.NoError(t, d.Ensure(t.Context(), "thing", "CREATE TABLE thing (n INT)", "CREATE INDEX thing_n ON thing (n)"))
		require.NoError(t, d.Ensure(t.Context(), "thing", "this is not SQL"), "a table that is there is left alone")
		require.Error(t, d.Ensure(t.Context(), "other", "this is not SQL"))
	})
}

func TestTransact(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		d := dbtest.Open(t, address)
		require.NoError(t, d.Ensure(t.Context(), "thing", "CREATE TABLE thing (n INT NOT NULL PRIMARY KEY)"))
		insert := func(n int, err error) error {
			return d.Transact(t.Context(), func(tx *sql.Tx) error {
				_, failed := tx.ExecContext(t.Context(), "INSERT INTO thing (n) VALUES (?)", n)
				return errors.Join(failed, err)
			})
		}
		gone := errors.New("changed my mind")
		require.NoError(t, insert(1, nil))
		require.ErrorIs(t, insert(2, gone), gone)
		var n int
		require.NoError(t, d.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM thing").Scan(&n))
		assert.Equal(t, 1, n, "what failed has left nothing")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, d.Transact(ctx, func(*sql.Tx) error { return nil }), context.Canceled)
	})
}

// TestTransactAgain: of two transactions in each other's way MySQL undoes one, which is run again.
func TestTransactAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.MariaDB(t))
	require.NoError(t, d.Ensure(t.Context(), "thing", "CREATE TABLE thing (n INT NOT NULL PRIMARY KEY, v INT NOT NULL) ENGINE=InnoDB"))
	_, err := d.ExecContext(t.Context(), "INSERT INTO thing VALUES (1, 0), (2, 0)")
	require.NoError(t, err)
	var runs [2]int
	met := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	both := func(i int) error {
		return d.Transact(t.Context(), func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(t.Context(), "UPDATE thing SET v = v + 1 WHERE n = ?", i+1); err != nil {
				return err
			}
			if runs[i]++; runs[i] == 1 { // each holds a lock that the other will want
				close(met[i])
				<-met[1-i]
			}
			_, err := tx.ExecContext(t.Context(), "UPDATE thing SET v = v + 1 WHERE n = ?", 2-i)
			return err
		})
	}
	other := make(chan error, 1)
	go func() { other <- both(1) }()
	require.NoError(t, both(0))
	require.NoError(t, <-other)
	assert.Equal(t, 3, runs[0]+runs[1], "one of them twice")
	var sum int
	require.NoError(t, d.QueryRowContext(t.Context(), "SELECT SUM(v) FROM thing").Scan(&sum))
	assert.Equal(t, 4, sum)
}

func TestOpenTellsNoPassword(t *testing.T) {
	t.Parallel()
	_, err := db.Open(t.Context(), "postgres://root:secret@host/db")
	require.Error(t, err)
	assert.False(t, strings.Contains(err.Error(), "secret"))
}
