package push

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// ErrBusy is returned when another process pushes from the same SQLite ledger.
var ErrBusy = errors.New("another process is pushing")

// lock is held while a process pushes and dies with it.
type lock struct {
	mysql *sql.Conn // the connection that holds GET_LOCK
	file  *sql.DB   // the lock file's database, in an exclusive transaction
	conn  *sql.Conn
	note  string
}

// acquire takes the lock of owner. On MySQL each process has its own and several may push; on
// SQLite there is one for the ledger, kept by an exclusive transaction on a file beside it.
func acquire(ctx context.Context, d *db.DB, owner string) (*lock, error) {
	if d.Dialect != db.MySQL {
		return acquireFile(ctx, d.Path)
	}
	conn, err := d.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, 0)", lockName(owner)).Scan(&got); err != nil || got.Int64 != 1 {
		_ = conn.Close()
		return nil, errors.Join(errors.New("GET_LOCK failed"), err)
	}
	return &lock{mysql: conn}, nil
}

func lockName(owner string) string {
	sum := sha256.Sum256([]byte(owner))
	return "wxhome-push-" + hex.EncodeToString(sum[:16])
}

func acquireFile(ctx context.Context, path string) (*lock, error) {
	l := &lock{note: path + "-pusher"}
	file, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path + "-lock")}).EscapedPath())
	if err != nil {
		return nil, err
	}
	l.file = file
	if l.conn, err = file.Conn(ctx); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if _, err = l.conn.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		_ = errors.Join(l.conn.Close(), file.Close())
		if !strings.Contains(err.Error(), "locked") && !strings.Contains(err.Error(), "SQLITE_BUSY") {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		who, _ := os.ReadFile(l.note)
		return nil, fmt.Errorf("%w: %s", ErrBusy, strings.TrimSpace(string(who)))
	}
	host, _ := os.Hostname()
	_ = os.WriteFile(l.note, fmt.Appendf(nil, "process %d on %s since %s\n", os.Getpid(), host, time.Now().Format(time.DateTime)), 0o600)
	return l, nil
}

// held fails when the connection that holds the lock is gone: others then take our rows.
func (l *lock) held(ctx context.Context) error {
	if l.mysql == nil {
		return nil
	}
	var one int
	return l.mysql.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// alive reports whether the lock of another owner is held.
func (l *lock) alive(ctx context.Context) func(owner string) (bool, error) {
	return func(owner string) (bool, error) {
		if l.mysql == nil {
			return false, nil // we hold the only lock
		}
		var free sql.NullInt64
		err := l.mysql.QueryRowContext(ctx, "SELECT IS_FREE_LOCK(?)", lockName(owner)).Scan(&free)
		return free.Int64 == 0, err
	}
}

func (l *lock) release() {
	if l.mysql != nil {
		_ = l.mysql.Raw(func(any) error { return driver.ErrBadConn }) // ends the session, and the lock
		_ = l.mysql.Close()
		return
	}
	_ = os.Remove(l.note)
	_ = l.conn.Close()
	_ = l.file.Close()
}
