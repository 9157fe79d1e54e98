package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Dialect is the kind of SQL that a database speaks.
type Dialect int

// The dialects.
const (
	SQLite Dialect = iota
	MySQL          // MySQL from 5.7 on, and MariaDB
)

// String returns "SQLite" or "MySQL".
func (d Dialect) String() string {
	if d == MySQL {
		return "MySQL"
	}
	return "SQLite"
}

// Beijing is the time zone in which Chinese schools write times: UTC+8 without
// daylight saving time. It needs no time zone database, which Windows lacks.
var Beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// A DB is an open database. Call Close when done with it.
type DB struct {
	*sql.DB

	// Dialect is what it speaks.
	Dialect Dialect

	// Name is for people: the path of a file, or user@host/database. It never
	// holds a password.
	Name string

	// Path is a SQLite database's absolute path without symbolic links; empty
	// for MySQL.
	Path string

	server *mysql.Config // nil for SQLite
}

// An Option configures [Open].
type Option func(*options)

type options struct{ create, orEmpty bool }

// Create makes a SQLite file that does not exist yet, with its folder.
// Without it Open fails: a mistyped path must not become an empty school.
func Create() Option { return func(o *options) { o.create = true } }

// OrEmpty stands an empty database in memory for a SQLite file that does not exist, for programs that
// only read. Its Path is where the file would be.
func OrEmpty() Option { return func(o *options) { o.orEmpty = true } }

// pingTimeout bounds how long a server may take to say hello.
const pingTimeout = 15 * time.Second

// Open opens source, which is "sqlite:PATH" or "mysql:DSN" with the DSN in the
// form of go-sql-driver/mysql: user:password@tcp(host:3306)/database. It
// connects once to see that the database is there.
//
// A SQLite file is used in the journal mode it has, with synchronous=FULL; its
// transactions take the write lock when they begin. For MySQL, unless the DSN
// says otherwise: parseTime is on, and loc and the session's time_zone are
// Beijing's, since a DATETIME of a Chinese school holds the time on the wall there. Texts are
// utf8mb4: a DSN that says otherwise is a *[CharsetError].
func Open(ctx context.Context, source string, opts ...Option) (*DB, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	kind, rest, ok := strings.Cut(source, ":")
	var (
		d   *DB
		err error
	)
	switch {
	case ok && kind == "sqlite" && rest != "":
		d, err = openSQLite(rest, o)
	case ok && kind == "mysql" && rest != "":
		d, err = openMySQL(rest)
	default:
		// source is not repeated: it may hold a password in a form not foreseen.
		return nil, errors.New("db: a database is written sqlite:PATH or mysql:USER:PASSWORD@tcp(HOST:3306)/DATABASE")
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := d.check(ctx); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("db: cannot open %s: %w", d.Name, err)
	}
	return d, nil
}

// check reads something, since opening a SQLite file does not touch it.
func (d *DB) check(ctx context.Context) error {
	if err := d.PingContext(ctx); err != nil {
		return err
	}
	if d.Dialect == MySQL {
		return d.checkSession(ctx)
	}
	var n int
	return d.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_master").Scan(&n)
}

// Quote quotes an identifier such as a column's name.
func (d *DB) Quote(name string) string {
	if d.Dialect == MySQL {
		return "`" + strings.ReplaceAll(name, "`", "``") + "`"
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// Marks returns n placeholders for an IN list: ?,?,?
func Marks(n int) string {
	if n < 1 {
		return "NULL" // IN (NULL) is never true
	}
	return strings.Repeat("?,", n-1) + "?"
}
