package push

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// ErrBusy is returned when another process pushes from the same SQLite ledger.
var ErrBusy = errors.New("another process is pushing")

const (
	// watchInterval is how often the connection that holds the lock is tried.
	watchInterval = 2 * time.Second
	// watchTimeout is how long it may take to answer.
	watchTimeout = 10 * time.Second
	// sessionSeconds keeps a server with a short wait_timeout from closing that connection.
	sessionSeconds = 28800
)

// lock is held while a process pushes and dies with it.
type lock struct {
	owner string
	gone  chan struct{} // closed when the lock is lost
	end   func()        // ends the watching and waits for it

	mu    sync.Mutex // guards mysql and why; one statement at a time
	mysql *sql.Conn  // the connection that holds GET_LOCK
	why   error

	file *sql.DB // the lock file's database, in an exclusive transaction
	conn *sql.Conn
	note string
}

// acquire takes the lock of owner. On MySQL each process has its own and several may push; on
// SQLite there is one for the ledger, kept by an exclusive transaction on a file beside it.
func acquire(ctx context.Context, d *db.DB, owner string) (*lock, error) {
	if d.Dialect != db.MySQL {
		return acquireFile(ctx, d.Path)
	}
	conn, err := d.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("lock in %s: %w", d.Name, err)
	}
	var got sql.NullInt64
	_, err = conn.ExecContext(ctx, "SET SESSION wait_timeout = ?", sessionSeconds)
	if err == nil {
		err = conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, 0)", lockName(owner)).Scan(&got)
	}
	if err != nil || got.Int64 != 1 {
		_ = conn.Close()
		return nil, errors.Join(fmt.Errorf("lock in %s: GET_LOCK failed", d.Name), err)
	}
	l := &lock{owner: owner, mysql: conn, gone: make(chan struct{})}
	l.watch(ctx)
	return l, nil
}

func lockName(owner string) string {
	sum := sha256.Sum256([]byte(owner))
	return "wxhome-push-" + hex.EncodeToString(sum[:16])
}

func acquireFile(ctx context.Context, path string) (*lock, error) {
	l := &lock{note: path + "-pusher"}
	file, err := db.OpenExclusive(path + "-lock")
	if err != nil {
		return nil, err
	}
	l.file = file
	if l.conn, err = file.Conn(ctx); err == nil {
		_, err = l.conn.ExecContext(ctx, "BEGIN EXCLUSIVE")
	}
	if err == nil {
		host, _ := os.Hostname()
		_ = os.WriteFile(l.note, fmt.Appendf(nil, "process %d on %s since %s\n", os.Getpid(), host, time.Now().Format(time.DateTime)), 0o600)
		return l, nil
	}
	if l.conn != nil {
		_ = l.conn.Close()
	}
	_ = file.Close()
	if !db.IsBusy(err) {
		return nil, fmt.Errorf("lock %s-lock, which a push needs to make beside its ledger: %w", path, err)
	}
	who, _ := os.ReadFile(l.note)
	return nil, fmt.Errorf("%w: %s", ErrBusy, strings.TrimSpace(string(who)))
}

// watch tries the lock again and again, also while the push pauses, until release.
func (l *lock) watch(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // the lock outlives an abort
	var group sync.WaitGroup
	l.end = func() { cancel(); group.Wait() }
	group.Go(func() {
		tick := time.NewTicker(watchInterval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if l.held(ctx) != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	})
}

// held asks whether the lock is still this process's: without it others take its rows.
func (l *lock) held(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mysql == nil || l.why != nil {
		return l.why
	}
	asking, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	var mine sql.NullBool
	err := l.mysql.QueryRowContext(asking, "SELECT IS_USED_LOCK(?) = CONNECTION_ID()", lockName(l.owner)).Scan(&mine)
	if ctx.Err() != nil {
		return ctx.Err() // asked to end, which says nothing about the lock
	}
	if err != nil || !mine.Bool {
		l.why = errors.Join(errors.New("the connection that holds the push's lock is lost"), err)
		close(l.gone)
	}
	return l.why
}

// lost returns why the lock is not held any more; nil: it is, as far as is known.
func (l *lock) lost() error {
	select {
	case <-l.gone: // nil on SQLite, whose lock lasts as long as the process
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.why
	default:
		return nil
	}
}

// alive reports whether the lock of another owner is held.
func (l *lock) alive(ctx context.Context) func(owner string) (bool, error) {
	return func(owner string) (bool, error) {
		if l.mysql == nil {
			return false, nil // we hold the only lock
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		var free sql.NullInt64
		err := l.mysql.QueryRowContext(ctx, "SELECT IS_FREE_LOCK(?)", lockName(owner)).Scan(&free)
		return free.Int64 == 0, err
	}
}

func (l *lock) release() {
	if l.mysql != nil {
		l.end()
		// The server notices the end of a session in its own time; until then others would take
		// this process for a living one.
		ctx, cancel := context.WithTimeout(context.Background(), watchTimeout)
		defer cancel()
		_, _ = l.mysql.ExecContext(ctx, "DO RELEASE_LOCK(?)", lockName(l.owner))
		_ = l.mysql.Raw(func(any) error { return driver.ErrBadConn }) // ends the session, and the lock
		_ = l.mysql.Close()
		return
	}
	_ = os.Remove(l.note)
	_ = l.conn.Close()
	_ = l.file.Close()
}
