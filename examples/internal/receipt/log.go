package receipt

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/examples/internal/db"
)

// MinKey is the least length of a key, in bytes.
const MinKey = 16

// Config says where a Log keeps its table. Fields without a remark are
// required.
type Config struct {
	Ledger *db.DB // where push_message is
	AppID  string
	Key    string           // of the hash that takes an openid's place; at least [MinKey] bytes
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
	hash := l.pseudonym(openid)
	var plain, hashed int
	err := l.db.QueryRowContext(ctx, `SELECT
  (SELECT COUNT(*) FROM push_message WHERE appid = ? AND openid = ?), (SELECT COUNT(*) FROM push_message WHERE appid = ? AND openid = ?)`,
		l.appID, openid, l.appID, hash).Scan(&plain, &hashed)
	if err != nil && !db.IsMissing(err) { // nothing was pushed yet
		return "", err
	}
	if plain == 0 && hashed > 0 {
		return hash, nil
	}
	return openid, nil
}

// hashDomain keeps the hashes apart from whatever else the key signs.
const hashDomain = "wxhome forgotten openid 1\x00"

// pseudonym is what takes an openid's place. Without the key nobody can tell
// whether an openid is the one.
func (l *Log) pseudonym(openid string) string {
	h := hmac.New(sha256.New, l.key)
	h.Write([]byte(hashDomain))
	h.Write([]byte(openid))
	return "gone-" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil))[:32]
}

// Forget replaces an openid by a keyed hash in the ledger and the receipts.
// What was forgotten before stays as it is.
func (l *Log) Forget(ctx context.Context, openid string) error {
	hash := l.pseudonym(openid)
	_, err := l.db.ExecContext(ctx, `UPDATE push_receipt SET openid = ? WHERE appid = ? AND openid = ?`, hash, l.appID, openid)
	if err == nil {
		err = l.forgetMessages(ctx, openid, hash)
	}
	if err != nil && !db.IsMissing(err) {
		return fmt.Errorf("receipt: forget a parent in %s: %w", l.db.Name, err)
	}
	return nil
}

// forgetMessages replaces the openid of the messages. A parent who was
// forgotten, came back and left again may have two rows for one campaign and
// pupil: the later one's hash gets the row's number, with its receipts.
func (l *Log) forgetMessages(ctx context.Context, openid, hash string) error {
	twice, err := l.twice(ctx, openid, hash)
	if err != nil {
		return err
	}
	for id, msgID := range twice {
		numbered := fmt.Sprintf("%s-%d", hash, id)
		_, err := l.db.ExecContext(ctx, `UPDATE push_receipt SET openid = ? WHERE appid = ? AND msgid = ? AND openid = ?`, numbered, l.appID, msgID, hash)
		if err != nil {
			return err
		}
		if _, err := l.db.ExecContext(ctx, `UPDATE push_message SET openid = ? WHERE id = ? AND openid = ?`, numbered, id, openid); err != nil {
			return err
		}
	}
	_, err = l.db.ExecContext(ctx, `UPDATE push_message SET openid = ? WHERE appid = ? AND openid = ?`, hash, l.appID, openid)
	return err
}

// twice returns the ids and msgids of the rows for which there is one with the
// hash already.
func (l *Log) twice(ctx context.Context, openid, hash string) (map[int64]int64, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT m.id, m.msgid FROM push_message m JOIN push_message o
ON o.appid = m.appid AND o.campaign = m.campaign AND o.student_id = m.student_id AND o.openid = ? WHERE m.appid = ? AND m.openid = ?`,
		hash, l.appID, openid)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[int64]int64{}
	for rows.Next() {
		var id, msgID int64
		if err := rows.Scan(&id, &msgID); err != nil {
			return nil, err
		}
		found[id] = msgID
	}
	return found, rows.Err()
}
