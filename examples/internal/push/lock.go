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

var errLockLost = errors.New("the connection that holds the push's lock is lost")

const (
	// watchInterval is how often the connection that holds the lock is tried.
	watchInterval = 2 * time.Second
	// watchTimeout is how long it may take to answer.
	watchTimeout = 10 * time.Second
	// sureTime is how long the answer counts where a message leaves.
	sureTime = 10 * time.Second
	// releaseLimit bounds what is said to the server at the end.
	releaseLimit = 2 * time.Second
	// sessionSeconds keeps a server with a short wait_timeout from closing that connection.
	sessionSeconds = 28800
)

// lock is held while a process pushes and dies with it.
type lock struct {
	owner   string
	gone    chan struct{} // closed when the lock is lost
	end     func()        // ends the watching and waits for it
	watched stopwatch
	warning string // what is wrong with the server's locks; empty: nothing

	confirm   sync.Mutex // guards confirmed
	confirmed instant    // before the lock was last asked for and was there

	mu    sync.Mutex // guards mysql and why; one statement at a time
	mysql *sql.Conn  // the connection that holds GET_LOCK
	why   error

	file *sql.DB // the lock file's database, in an exclusive transaction
	conn *sql.Conn
	note string
}

// acquire takes the lock of owner. On MySQL each process has its own and several may push; on
// SQLite there is one for the ledger, kept by an exclusive transaction on a file beside it.
func acquire(ctx context.Context, d *db.DB, owner string, w stopwatch) (*lock, error) {
	w = w.orSystem()
	if d.Dialect != db.MySQL {
		return acquireFile(ctx, d.Path)
	}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	begun := w.now()
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
	l := &lock{owner: owner, mysql: conn, gone: make(chan struct{}), watched: w, confirmed: begun}
	l.warning = privateLock(ctx, d, owner)
	l.watch(ctx)
	return l, nil
}

// privateLock warns of a server that shows a lock to its own connection alone, as behind a proxy
// that shares connections, or in a cluster. The lease of 30 s holds there; but rows of a living
// process are taken over 45 s after their claim.
func privateLock(ctx context.Context, d *db.DB, owner string) (warning string) {
	var free sql.NullBool
	if err := d.QueryRowContext(ctx, "SELECT IS_FREE_LOCK(?)", lockName(owner)).Scan(&free); err != nil || !free.Bool {
		return ""
	}
	return "GET_LOCK does not reach other connections to this database (a proxy or a cluster?): let one process push at a time, or connect to one server directly"
}

// CheckLock takes a lock as a push does, and lets it go. shared reports whether other connections to
// the database see it. An error means that no push can begin. On SQLite it does nothing.
func CheckLock(ctx context.Context, d *db.DB) (shared bool, err error) {
	if d.Dialect != db.MySQL {
		return true, nil
	}
	l, err := acquire(ctx, d, newOwner(), stopwatch{})
	if err != nil {
		return false, err
	}
	defer l.release()
	return l.warning == "", nil
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
	asked := l.watched.now()
	var mine sql.NullBool
	err := l.mysql.QueryRowContext(asking, "SELECT IS_USED_LOCK(?) = CONNECTION_ID()", lockName(l.owner)).Scan(&mine)
	if ctx.Err() != nil {
		return ctx.Err() // asked to end, which says nothing about the lock
	}
	if err != nil || !mine.Bool {
		l.why = errors.Join(errLockLost, err)
		close(l.gone)
		return l.why
	}
	l.confirm.Lock()
	defer l.confirm.Unlock()
	l.confirmed = asked
	return nil
}

// sure reports whether the lock was there a short while ago: where a message leaves nobody waits
// for a database. A file's lock lasts as long as the process.
func (l *lock) sure() bool {
	if l.mysql == nil {
		return true
	}
	l.confirm.Lock()
	defer l.confirm.Unlock()
	return l.watched.since(l.confirmed) <= sureTime
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
		ctx, cancel := context.WithTimeout(ctx, watchTimeout)
		defer cancel()
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
		ctx, cancel := context.WithTimeout(context.Background(), releaseLimit)
		defer cancel()
		if l.lost() != nil {
			cancel() // there is nobody to tell
		}
		_, _ = l.mysql.ExecContext(ctx, "DO RELEASE_LOCK(?)", lockName(l.owner))
		_ = l.mysql.Raw(func(any) error { return driver.ErrBadConn }) // ends the session, and the lock
		_ = l.mysql.Close()
		return
	}
	_ = os.Remove(l.note)
	_ = l.conn.Close()
	_ = l.file.Close()
}
