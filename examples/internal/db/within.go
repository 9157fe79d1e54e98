package db

import (
	"database/sql"
	"maps"
	"time"

	"github.com/go-sql-driver/mysql"
)

// lockWait is how long a statement of [DB.Within] waits for a lock, in seconds: shorter than the
// limits that callers choose, so that the server says what the matter is.
const lockWait = "8"

// Within returns connections of their own to the same database, on which no answer takes longer
// than limit: a statement, a COMMIT too, fails when the server says nothing for so long. Call done
// when done with them. A SQLite file is no server: it is returned as it is.
func (d *DB) Within(limit time.Duration) (own *DB, done func()) {
	if d.server == nil {
		return d, func() {}
	}
	cfg := d.server.Clone()
	cfg.ReadTimeout, cfg.WriteTimeout = min(cfg.ReadTimeout, limit), min(cfg.WriteTimeout, limit)
	cfg.Timeout = min(cfg.Timeout, limit)
	cfg.Params = maps.Clone(cfg.Params)
	if cfg.Params == nil {
		cfg.Params = map[string]string{}
	}
	if _, said := cfg.Params["innodb_lock_wait_timeout"]; !said {
		cfg.Params["innodb_lock_wait_timeout"] = lockWait
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil { // it was good before
		return d, func() {}
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(mysqlConns)
	pool.SetMaxIdleConns(mysqlConns)
	pool.SetConnMaxIdleTime(mysqlIdle)
	return &DB{DB: pool, Dialect: d.Dialect, Name: d.Name, server: cfg}, func() { _ = pool.Close() }
}
