package db

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite" // embedded, without cgo
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteConns is how many connections a SQLite database gets: one writes, the
// others read meanwhile.
const sqliteConns = 4

func openSQLite(path string, o options) (*DB, error) {
	if _, err := os.Stat(path); o.orEmpty && errors.Is(err, fs.ErrNotExist) {
		return openEmpty(path)
	}
	full, err := resolve(path, o.create)
	if err != nil {
		return nil, err
	}
	mode := "rw"
	if o.create {
		mode = "rwc"
	}
	conn, err := sql.Open("sqlite", sqliteURI(full, url.Values{
		"mode":    {mode},
		"_pragma": {"busy_timeout(10000)", "synchronous(FULL)"},
		// A transaction that begins to read and writes later cannot wait for the write lock.
		"_txlock": {"immediate"},
	}))
	if err != nil {
		return nil, fmt.Errorf("db: cannot open %s: %w", path, err)
	}
	conn.SetMaxOpenConns(sqliteConns)
	return &DB{DB: conn, Dialect: SQLite, Name: path, Path: full}, nil
}

// openEmpty opens a database that is empty in each of its connections.
func openEmpty(path string) (*DB, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("db: %w", err)
	}
	conn, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, fmt.Errorf("db: %w", err)
	}
	return &DB{DB: conn, Dialect: SQLite, Name: path, Path: full}, nil
}

// sqliteURI writes an absolute path as an address, so that no character of it
// is taken for an option.
func sqliteURI(path string, options url.Values) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/school.db
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: options.Encode()}).String()
}

// resolve returns the one name that a file has, however it was given: the
// pusher's lock lies beside it.
func resolve(path string, create bool) (string, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("db: %w", err)
	}
	info, err := os.Stat(full)
	switch {
	case err == nil && info.IsDir():
		return "", fmt.Errorf("db: %s is a folder, not a SQLite file", path)
	case err == nil:
		return evalLinks(full)
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("db: cannot open %s: %w", path, err)
	case !create:
		return "", fmt.Errorf("db: there is no file %s: check the path", path)
	}
	dir := filepath.Dir(full)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("db: cannot create the folder of %s: %w", path, err)
	}
	if dir, err = evalLinks(dir); err != nil {
		return "", err
	}
	full = filepath.Join(dir, filepath.Base(full))
	return full, private(full)
}

// private makes an empty file that nobody else may read: SQLite would let everybody, and gives the
// files beside a database the rights of the database.
func private(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) { // another process was faster
		return nil
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return fmt.Errorf("db: cannot create %s: %w", path, err)
	}
	return nil
}

func evalLinks(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("db: %w", err)
	}
	return real, nil
}

// OpenExclusive opens a SQLite file for a lock: it is made when absent, has
// one connection, and does not wait for others. The caller begins an exclusive
// transaction on it.
func OpenExclusive(path string) (*sql.DB, error) {
	conn, err := sql.Open("sqlite", sqliteURI(path, url.Values{
		"mode": {"rwc"}, "_pragma": {"busy_timeout(0)"},
	}))
	if err != nil {
		return nil, fmt.Errorf("db: cannot open %s: %w", path, err)
	}
	conn.SetMaxOpenConns(1)
	return conn, nil
}

// sqliteCode returns the primary result code in err; 0: there is none.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// sqliteMismatch reports a value of a type that a column does not take: in a STRICT table, or as the
// row's number.
func sqliteMismatch(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_DATATYPE || e.Code()&0xff == sqlite3.SQLITE_MISMATCH)
}

const (
	codeBusy     = sqlite3.SQLITE_BUSY
	codeFull     = sqlite3.SQLITE_FULL
	codeReadOnly = sqlite3.SQLITE_READONLY
	codeError    = sqlite3.SQLITE_ERROR
)
