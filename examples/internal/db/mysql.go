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

const (
	mysqlConns = 8
	// mysqlIdle is shorter than the idle limits of usual firewalls and proxies.
	mysqlIdle = time.Minute
	// mysqlDial and mysqlRead bound a server that does not answer. The first
	// page of a large query of a school's own may take minutes.
	mysqlDial  = 10 * time.Second
	mysqlRead  = 10 * time.Minute
	mysqlWrite = time.Minute
)

func openMySQL(dsn string) (*DB, error) {
	cfg, err := mysqlConfig(dsn)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, errors.New("db: the MySQL DSN has options that do not go together")
	}
	conn := sql.OpenDB(connector)
	conn.SetMaxOpenConns(mysqlConns)
	conn.SetMaxIdleConns(mysqlConns)
	conn.SetConnMaxIdleTime(mysqlIdle)
	name := fmt.Sprintf("%s@%s/%s", cfg.User, cfg.Addr, cfg.DBName)
	return &DB{DB: conn, Dialect: MySQL, Name: name, server: cfg}, nil
}

// mysqlConfig reads a DSN and fills in what it does not say.
func mysqlConfig(dsn string) (*mysql.Config, error) {
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		// The driver's error may repeat parts of the DSN.
		return nil, errors.New("db: the MySQL DSN cannot be read; write it USER:PASSWORD@tcp(HOST:3306)/DATABASE")
	}
	if cfg.DBName == "" {
		return nil, errors.New("db: the MySQL DSN names no database; write it USER:PASSWORD@tcp(HOST:3306)/DATABASE")
	}
	says := func(option string) bool {
		_, query, _ := strings.Cut(dsn[strings.LastIndexByte(dsn, '/'):], "?")
		return strings.HasPrefix(query, option+"=") || strings.Contains(query, "&"+option+"=")
	}
	if !says("parseTime") {
		cfg.ParseTime = true
	}
	if !says("loc") && !says("time_zone") {
		// A TIMESTAMP comes in the session's zone, a DATETIME as it was written.
		cfg.Loc = Beijing
		if cfg.Params == nil {
			cfg.Params = make(map[string]string)
		}
		cfg.Params["time_zone"] = "'+08:00'"
	}
	if err := checkCharset(dsn); err != nil {
		return nil, err
	}
	if !says("charset") {
		if err := cfg.Apply(mysql.Charset("utf8mb4", cfg.Collation)); err != nil {
			return nil, fmt.Errorf("db: %w", err)
		}
	}
	// A guarded update reports the rows that it found, as SQLite's does.
	cfg.ClientFoundRows = true
	if !says("interpolateParams") {
		cfg.InterpolateParams = true // one round trip for a statement instead of three
	}
	if cfg.MultiStatements {
		return nil, errors.New("db: the MySQL DSN must not set multiStatements")
	}
	fill(&cfg.Timeout, mysqlDial)
	fill(&cfg.ReadTimeout, mysqlRead)
	fill(&cfg.WriteTimeout, mysqlWrite)
	cfg.Logger = &mysql.NopLogger{} // errors are returned; nothing prints beside the program's own lines
	return cfg, nil
}

// A CharsetError says that an option of a MySQL DSN would let the server change texts: all but
// utf8mb4 lose emoji and rare characters of names, in what is read and in what is looked up.
type CharsetError struct {
	Option string // charset, collation or a variable of the session
}

// Error returns the sentence in English.
func (e *CharsetError) Error() string {
	return "db: the MySQL DSN must not set " + e.Option + " to anything but utf8mb4, since other character sets lose emoji and rare characters of names: write charset=utf8mb4 and leave the rest out"
}

// checkCharset refuses a charset or a collation that is not of utf8mb4. Of several charsets the
// driver takes the first that the server knows.
func checkCharset(dsn string) error {
	_, query, _ := strings.Cut(dsn[strings.LastIndexByte(dsn, '/'):], "?")
	for option := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(option, "=")
		value = strings.ToLower(value)
		switch {
		case name == "charset" && value != "utf8mb4",
			name == "collation" && !strings.HasPrefix(value, "utf8mb4_") && !strings.HasPrefix(value, "uca1400_"):
			return &CharsetError{Option: name}
		}
	}
	return nil
}

// sessionSets are the variables by which a server converts texts.
var sessionSets = [...]string{"character_set_client", "character_set_connection", "character_set_results"}

// checkSession refuses what other options of the DSN have made of the session.
func (d *DB) checkSession(ctx context.Context) error {
	var sets [len(sessionSets)]sql.NullString
	err := d.QueryRowContext(ctx, "SELECT @@"+strings.Join(sessionSets[:], ", @@")).Scan(&sets[0], &sets[1], &sets[2])
	for i, name := range sessionSets {
		if err == nil && sets[i].String != "utf8mb4" {
			err = &CharsetError{Option: name}
		}
	}
	return err
}

func fill(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// mysqlCode returns the server's error number in err; 0: there is none.
func mysqlCode(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}
