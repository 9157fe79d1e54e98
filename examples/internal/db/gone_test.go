package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIsGone(t *testing.T) {
	t.Parallel()
	for err, gone := range map[error]bool{
		driver.ErrBadConn: true, mysql.ErrInvalidConn: true, context.DeadlineExceeded: true, &net.OpError{Op: "dial", Err: errors.New("refused")}: true,
		&mysql.MySQLError{Number: 1927}: true, &mysql.MySQLError{Number: 1146}: false, &mysql.MySQLError{Number: 1213}: false,
		context.Canceled: false, errors.New("disk full"): false,
	} {
		assert.Equal(t, gone, IsGone(fmt.Errorf("wrapped: %w", err)), "%v", err)
	}
	assert.False(t, IsGone(nil))
}

// A server that goes silent in the middle is found out, also by a COMMIT.
func TestWithin(t *testing.T) {
	t.Parallel()
	file := open(t, "sqlite:"+t.TempDir()+"/x.db", Create())
	same, done := file.Within(time.Second)
	done()
	assert.Same(t, file, same)
	require.NoError(t, same.PingContext(t.Context()))

	d := open(t, mariaDB(t))
	own, done := d.Within(time.Second)
	defer done()
	begun := time.Now()
	_, err := own.Exec("SELECT SLEEP(8)")
	require.Error(t, err)
	assert.True(t, IsGone(err), "%v", err)
	assert.Less(t, time.Since(begun), 5*time.Second)
	var wait, usual, zone string
	require.NoError(t, own.QueryRow("SELECT @@innodb_lock_wait_timeout, @@time_zone").Scan(&wait, &zone))
	assert.Equal(t, []string{lockWait, "+08:00"}, []string{wait, zone})
	require.NoError(t, d.QueryRow("SELECT @@innodb_lock_wait_timeout").Scan(&usual))
	assert.NotEqual(t, lockWait, usual)
	done()
	require.NoError(t, d.PingContext(t.Context()), "the others are as before")
}

// A file that cannot be opened is no server that gives no answer.
func TestFileIsNotGone(t *testing.T) {
	t.Parallel()
	_, err := os.Open(filepath.Join(t.TempDir(), "missing"))
	require.Error(t, err)
	assert.False(t, IsGone(err))
}
