package bind

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/school"
)

// MinKey is the least length of a key, in bytes.
const MinKey = 16

// Config says where a Store keeps its tables. Fields without a remark are
// required.
type Config struct {
	DB *db.DB // the school's database: bindings are written there

	// Keys hash the codes: new ones with the first, and codes that were issued
	// with one of the others are still good. Empty keys are ignored; each has
	// at least [MinKey] bytes.
	Keys []string

	Now func() time.Time // nil: time.Now
}

// A Store issues codes and binds parents. Use [Open].
type Store struct {
	db   *db.DB
	keys [][]byte
	now  func() time.Time
}

// Open returns a Store, making the tables that are absent.
func Open(ctx context.Context, c Config) (*Store, error) {
	s := &Store{db: c.DB, now: c.Now}
	if s.now == nil {
		s.now = time.Now
	}
	for _, key := range c.Keys {
		switch {
		case key == "":
			continue
		case len(key) < MinKey:
			return nil, fmt.Errorf("bind: a key has %d bytes, at least %d are needed", len(key), MinKey)
		}
		s.keys = append(s.keys, []byte(key))
	}
	if len(s.keys) == 0 {
		return nil, errors.New("bind: a key is needed to hash the codes with")
	}
	if err := school.EnsureTables(ctx, c.DB.DB); err != nil {
		return nil, err
	}
	return s, createTables(ctx, c.DB)
}

// Identifiers are compared bytewise, times are unix seconds.
var (
	tables      = []string{"bind_code", "bind_pupil", "bind_try"}
	mysqlTables = [][]string{
		{`CREATE TABLE IF NOT EXISTS bind_code (
  hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  student_id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  issued_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT NOT NULL,
  KEY bind_code_student (student_id)
) ENGINE=InnoDB`},
		{`CREATE TABLE IF NOT EXISTS bind_pupil (
  student_id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
  student_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  class VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
) ENGINE=InnoDB`},
		{`CREATE TABLE IF NOT EXISTS bind_try (
  openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  tries VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  last_at BIGINT NOT NULL, locked_until BIGINT NOT NULL,
  KEY bind_try_last (last_at)
) ENGINE=InnoDB`},
	}
	sqliteTables = [][]string{
		{
			`CREATE TABLE IF NOT EXISTS bind_code (
  hash TEXT NOT NULL PRIMARY KEY, student_id TEXT NOT NULL,
  issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER NOT NULL
)`,
			`CREATE INDEX IF NOT EXISTS bind_code_student ON bind_code (student_id)`,
		},
		{`CREATE TABLE IF NOT EXISTS bind_pupil (
  student_id TEXT NOT NULL PRIMARY KEY, student_name TEXT NOT NULL, class TEXT NOT NULL
)`},
		{
			`CREATE TABLE IF NOT EXISTS bind_try (
  openid TEXT NOT NULL PRIMARY KEY, tries TEXT NOT NULL, last_at INTEGER NOT NULL, locked_until INTEGER NOT NULL
)`,
			`CREATE INDEX IF NOT EXISTS bind_try_last ON bind_try (last_at)`,
		},
	}
)

func createTables(ctx context.Context, d *db.DB) error {
	statements := sqliteTables
	if d.Dialect == db.MySQL {
		statements = mysqlTables
	}
	for i, table := range tables {
		if err := d.Ensure(ctx, table, statements[i]...); err != nil {
			return fmt.Errorf("bind: create the tables for bindings in %s (the user needs the right to CREATE there): %w", d.Name, err)
		}
	}
	return nil
}
