package receipt

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/push"
)

// MinKey is the least length of a key, in bytes.
const MinKey = 16

// Config says where a Log keeps its table. Fields without a remark are
// required.
type Config struct {
	Ledger *db.DB // where push_message is
	AppID  string
	Key    string           // that older versions hashed openids with; at least [MinKey] bytes
	Now    func() time.Time // nil: time.Now
}

// A Log appends receipts. Use [Open].
type Log struct {
	db    *db.DB
	appID string
	key   []byte
	now   func() time.Time
}

// Open returns a Log, making its table when it is absent.
func Open(ctx context.Context, c Config) (*Log, error) {
	if len(c.Key) < MinKey {
		return nil, fmt.Errorf("receipt: the key has %d bytes, at least %d are needed", len(c.Key), MinKey)
	}
	l := &Log{db: c.Ledger, appID: c.AppID, key: []byte(c.Key), now: c.Now}
	if l.now == nil {
		l.now = time.Now
	}
	statements := sqliteTable
	if c.Ledger.Dialect == db.MySQL {
		statements = mysqlTable
	}
	if err := c.Ledger.Ensure(ctx, "push_receipt", statements...); err != nil {
		return nil, fmt.Errorf("receipt: create the table for receipts in %s (the user needs the right to CREATE there): %w", c.Ledger.Name, err)
	}
	return l, nil
}

// created is this machine's time in unix seconds, as the ledger's are; status
// is a [callback.DeliveryStatus].
var (
	mysqlTable = []string{`CREATE TABLE IF NOT EXISTS push_receipt (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  msgid BIGINT NOT NULL,
  openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created BIGINT NOT NULL,
  KEY push_receipt_message (appid, msgid), KEY push_receipt_person (appid, openid, created)
) ENGINE=InnoDB`}
	sqliteTable = []string{
		`CREATE TABLE IF NOT EXISTS push_receipt (
  id INTEGER PRIMARY KEY AUTOINCREMENT, appid TEXT NOT NULL, msgid INTEGER NOT NULL, openid TEXT NOT NULL,
  status TEXT NOT NULL, created INTEGER NOT NULL
)`,
		`CREATE INDEX IF NOT EXISTS push_receipt_message ON push_receipt (appid, msgid)`,
		`CREATE INDEX IF NOT EXISTS push_receipt_person ON push_receipt (appid, openid, created)`,
	}
)

// maxStatus is the size of the column, in characters.
const maxStatus = 64

// Add appends the receipt of a message. msgID is 0 where WeChat names none.
func (l *Log) Add(ctx context.Context, msgID int64, openid string, status callback.DeliveryStatus) error {
	who, err := l.known(ctx, openid)
	if err != nil {
		return fmt.Errorf("receipt: look up the parent: %w", err)
	}
	text := []rune(strings.ToValidUTF8(string(status), "�"))
	_, err = l.db.ExecContext(ctx, `INSERT INTO push_receipt (appid, msgid, openid, status, created) VALUES (?, ?, ?, ?, ?)`,
		l.appID, msgID, who, string(text[:min(len(text), maxStatus)]), l.now().Unix())
	if err != nil {
		return fmt.Errorf("receipt: append to %s: %w", l.db.Name, err)
	}
	return nil
}

// known returns what stands for an openid in the ledger: the hash where the
// parent has left meanwhile, for receipts come late.
func (l *Log) known(ctx context.Context, openid string) (string, error) {
	names, err := push.FormerNames(ctx, l.db, openid, string(l.key))
	if err != nil {
		return "", err
	}
	for _, name := range append([]string{openid}, names...) {
		var one int
		err := l.db.QueryRowContext(ctx, "SELECT 1 FROM push_message WHERE appid = ? AND openid = ? LIMIT 1", l.appID, name).Scan(&one)
		switch {
		case err == nil:
			return name, nil
		case db.IsMissing(err): // nothing was pushed yet
			return openid, nil
		case !errors.Is(err, sql.ErrNoRows):
			return "", err
		}
	}
	return openid, nil
}

// Forget replaces an openid by a keyed hash in the ledger and the receipts.
// What was forgotten before stays as it is.
func (l *Log) Forget(ctx context.Context, openid string) error {
	did, err := push.Forget(ctx, l.db, l.appID, openid)
	if err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	for msgID, name := range did.Message {
		_, err := l.db.ExecContext(ctx, `UPDATE push_receipt SET openid = ? WHERE appid = ? AND msgid = ? AND openid IN (?, ?)`, name, l.appID, msgID, openid, did.Name)
		if err != nil {
			return fmt.Errorf("receipt: forget a parent in %s: %w", l.db.Name, err)
		}
	}
	if _, err := l.db.ExecContext(ctx, `UPDATE push_receipt SET openid = ? WHERE appid = ? AND openid = ?`, did.Name, l.appID, openid); err != nil {
		return fmt.Errorf("receipt: forget a parent in %s: %w", l.db.Name, err)
	}
	return nil
}
