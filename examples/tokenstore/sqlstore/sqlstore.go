// Package sqlstore shares an account's access token through a SQL database, for programs that
// have one and no Redis. It is one file, made to be copied into a program of one's own.
//
// [Store] is a token.Store on SQLite, MySQL or MariaDB, safe for concurrent use. It leaves the
// closing of the database to whoever opened it. It is no token.Locker: use it with the stable
// token, which needs no lock.
//
// # Errors
//
// An error of the database is returned as it is, wrapped, and never taken for "there is none".
// No error holds a token.
package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/org/wxhome/token"
)

// Dialect is the kind of SQL that a database speaks.
type Dialect int

// The dialects.
const (
	SQLite Dialect = iota
	MySQL          // and MariaDB
)

// statements are what differs between the dialects.
type statements struct{ create, save string }

func (d Dialect) statements() statements {
	if d == MySQL {
		return statements{
			create: `CREATE TABLE IF NOT EXISTS wxhome_token (
  token_key VARBINARY(255) NOT NULL PRIMARY KEY, value VARBINARY(2048) NOT NULL, expires_at BIGINT NOT NULL
) ENGINE=InnoDB`,
			save: `INSERT INTO wxhome_token (token_key, value, expires_at) VALUES (?, ?, ?)
ON DUPLICATE KEY UPDATE value = VALUES(value), expires_at = VALUES(expires_at)`,
		}
	}
	return statements{
		create: `CREATE TABLE IF NOT EXISTS wxhome_token (token_key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL, expires_at INTEGER NOT NULL)`,
		save: `INSERT INTO wxhome_token (token_key, value, expires_at) VALUES (?, ?, ?)
ON CONFLICT (token_key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
	}
}

// Store is a [token.Store] in the table wxhome_token(token_key, value, expires_at).
type Store struct {
	db  *sql.DB
	sql statements
}

// New returns a Store on a database and creates its table when that is absent. Without the right
// to create, make the table by hand first: the columns are in the type's comment.
func New(ctx context.Context, db *sql.DB, d Dialect) (*Store, error) {
	s := &Store{db, d.statements()}
	if _, err := s.db.ExecContext(ctx, "SELECT token_key FROM wxhome_token WHERE 1 = 0"); err == nil {
		return s, nil
	}
	if _, err := db.ExecContext(ctx, s.sql.create); err != nil {
		return nil, fmt.Errorf("sqlstore: create the table wxhome_token: %w", err)
	}
	return s, nil
}

// maxKey is the length of a key that is stored as it is. The end of a longer one is hashed.
const maxKey = 255

func column(key string) []byte {
	if len(key) <= maxKey {
		return []byte(key)
	}
	sum := sha256.Sum256([]byte(key))
	return []byte(key[:maxKey-2*len(sum)] + hex.EncodeToString(sum[:]))
}

// forever stands for a token whose end is not known.
const forever = int64(1) << 62

// Load returns the token under key, or the zero Token when there is none or it has expired.
func (s *Store) Load(ctx context.Context, key string) (token.Token, error) {
	var value []byte
	err := s.db.QueryRowContext(ctx, "SELECT value FROM wxhome_token WHERE token_key = ? AND expires_at > ?",
		column(key), time.Now().Unix()).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return token.Token{}, nil
	}
	if err != nil {
		return token.Token{}, fmt.Errorf("sqlstore: load: %w", err)
	}
	var t token.Token
	if err := t.UnmarshalBinary(value); err != nil {
		return token.Token{}, fmt.Errorf("sqlstore: %w", err)
	}
	return t, nil
}

// Save replaces the token under key.
func (s *Store) Save(ctx context.Context, key string, t token.Token) error {
	value, err := t.MarshalBinary()
	if err != nil {
		return err
	}
	end := forever
	if !t.Expiry.IsZero() {
		end = t.Expiry.Unix()
	}
	if _, err := s.db.ExecContext(ctx, s.sql.save, column(key), value, end); err != nil {
		return fmt.Errorf("sqlstore: save: %w", err)
	}
	return nil
}
