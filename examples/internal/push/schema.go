package push

import (
	"context"
	"fmt"

	"github.com/org/wxhome/examples/internal/db"
)

// The ledger and its campaigns. Identifiers are compared bytewise; the lengths keep the unique
// key within the 767 bytes of an old InnoDB row format. Times are unix seconds.
const (
	mysqlMessage = `CREATE TABLE IF NOT EXISTS push_message (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  campaign VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  student_id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  content TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  client_msg_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  owner VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sending_at BIGINT NOT NULL, msgid BIGINT NOT NULL, errcode INT NOT NULL,
  error VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  attempts INT NOT NULL, updated_at BIGINT NOT NULL,
  UNIQUE KEY push_message_key (appid, campaign, openid, student_id),
  KEY push_message_state (appid, campaign, state, id),
  KEY push_message_person (appid, openid, student_id)
) ENGINE=InnoDB`
	sqliteMessage = `CREATE TABLE IF NOT EXISTS push_message (
  id INTEGER PRIMARY KEY AUTOINCREMENT, appid TEXT NOT NULL, campaign TEXT NOT NULL, openid TEXT NOT NULL,
  student_id TEXT NOT NULL, content TEXT NOT NULL, client_msg_id TEXT NOT NULL, state TEXT NOT NULL,
  owner TEXT NOT NULL, sending_at INTEGER NOT NULL, msgid INTEGER NOT NULL, errcode INTEGER NOT NULL,
  error TEXT NOT NULL, attempts INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  UNIQUE (appid, campaign, openid, student_id)
)`
	mysqlCampaign = `CREATE TABLE IF NOT EXISTS push_campaign (
  appid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  settings TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  unchanged INT NOT NULL, left_out INT NOT NULL, created_at BIGINT NOT NULL, finished_at BIGINT NOT NULL,
  PRIMARY KEY (appid, name)
) ENGINE=InnoDB`
	sqliteCampaign = `CREATE TABLE IF NOT EXISTS push_campaign (
  appid TEXT NOT NULL, name TEXT NOT NULL, settings TEXT NOT NULL, unchanged INTEGER NOT NULL,
  left_out INTEGER NOT NULL, created_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, PRIMARY KEY (appid, name)
)`
	// What a person wants of a campaign; an empty name: of all. at is in milliseconds.
	mysqlControl = "CREATE TABLE IF NOT EXISTS push_control (\n" +
		"  appid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,\n" +
		"  campaign VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\n" +
		"  wanted VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,\n" +
		"  `by` VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, at BIGINT NOT NULL,\n" +
		"  PRIMARY KEY (appid, campaign)\n) ENGINE=InnoDB"
	sqliteControl = "CREATE TABLE IF NOT EXISTS push_control (\n" +
		"  appid TEXT NOT NULL, campaign TEXT NOT NULL, wanted TEXT NOT NULL, `by` TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (appid, campaign)\n)"
)

// part is a table of the ledger: how it is probed and made.
type part struct {
	probe         string
	sqlite, mysql []string // the table first, then its indices
}

var parts = [...]part{
	{
		"SELECT id, appid, campaign, openid, student_id, content, client_msg_id, state, owner, sending_at, msgid, errcode, error, attempts, updated_at FROM push_message WHERE 1 = 0",
		[]string{
			sqliteMessage,
			"CREATE INDEX IF NOT EXISTS push_message_state ON push_message (appid, campaign, state, id)",
			"CREATE INDEX IF NOT EXISTS push_message_person ON push_message (appid, openid, student_id)",
		},
		[]string{mysqlMessage},
	},
	{
		"SELECT appid, name, settings, unchanged, left_out, created_at, finished_at FROM push_campaign WHERE 1 = 0",
		[]string{sqliteCampaign}, []string{mysqlCampaign},
	},
	secretPart,
	leftPart,
	{
		"SELECT appid, campaign, wanted, `by`, at FROM push_control WHERE 1 = 0",
		[]string{sqliteControl}, []string{mysqlControl},
	},
}

// createLedger makes the tables that are absent. Those that exist are left alone, so that no
// right to create is needed where somebody else has made them.
func createLedger(ctx context.Context, d *db.DB) error {
	for _, p := range parts {
		if err := p.ensure(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// ensure makes the table if it is absent.
func (p part) ensure(ctx context.Context, d *db.DB) error {
	err := probe(ctx, d, p.probe)
	if err == nil {
		return nil
	}
	if !absent(err) {
		return fmt.Errorf("the ledger in %s cannot be read: %w", d.Name, err)
	}
	if err := create(ctx, d, p); err != nil {
		return fmt.Errorf("create the ledger in %s (the user needs the right to CREATE, INSERT and UPDATE there): %w", d.Name, err)
	}
	return nil
}

func probe(ctx context.Context, d *db.DB, query string) error {
	rows, err := d.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	rows.Next() // some drivers report what is wrong no earlier
	return rows.Err()
}

// create makes a table with its indices: on SQLite all or nothing, on MySQL in one statement.
func create(ctx context.Context, d *db.DB, p part) error {
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	statements := p.sqlite
	if d.Dialect == db.MySQL {
		statements = p.mysql
	}
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	return tx.Commit()
}
