package school

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/go-sql-driver/mysql"
)

// The tables. Identifiers are compared bytewise: openids and, by habit of
// many schools, student ids differ in case alone. The indices serve the push,
// which reads by openid and student, and the import.
const (
	sqliteBind = `CREATE TABLE IF NOT EXISTS parent_wechat_bind (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  parent_mobile TEXT NOT NULL,
  wechat_openid TEXT,
  student_id TEXT NOT NULL,
  create_time TEXT NOT NULL
)`
	sqlitePhoto = `CREATE TABLE IF NOT EXISTS student_photo (
  student_id TEXT NOT NULL,
  student_name TEXT NOT NULL,
  photo_url TEXT,
  photo_update_time TEXT
)`
	mysqlBind = `CREATE TABLE IF NOT EXISTS parent_wechat_bind (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  parent_mobile VARCHAR(32) NOT NULL,
  wechat_openid VARCHAR(64) NULL,
  student_id VARCHAR(64) NOT NULL,
  create_time DATETIME NOT NULL,
  KEY parent_wechat_bind_openid (wechat_openid, student_id),
  KEY parent_wechat_bind_mobile (parent_mobile, student_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`
	mysqlPhoto = `CREATE TABLE IF NOT EXISTS student_photo (
  student_id VARCHAR(64) NOT NULL,
  student_name VARCHAR(64) NOT NULL,
  photo_url VARCHAR(1024) NULL,
  photo_update_time DATETIME NULL,
  KEY student_photo_student (student_id, photo_update_time)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`
)

// table is how one of the two is probed and made.
type table struct {
	probe  string
	create []string // the table first, then its indices
}

var sqliteTables = []table{
	{
		"SELECT id, parent_mobile, wechat_openid, student_id, create_time FROM parent_wechat_bind WHERE 1 = 0",
		[]string{
			sqliteBind,
			"CREATE INDEX IF NOT EXISTS parent_wechat_bind_openid ON parent_wechat_bind (wechat_openid, student_id)",
			"CREATE INDEX IF NOT EXISTS parent_wechat_bind_mobile ON parent_wechat_bind (parent_mobile, student_id)",
		},
	},
	{
		"SELECT student_id, student_name, photo_url, photo_update_time FROM student_photo WHERE 1 = 0",
		[]string{
			sqlitePhoto,
			"CREATE INDEX IF NOT EXISTS student_photo_student ON student_photo (student_id, photo_update_time)",
		},
	},
}

var mysqlTables = []table{
	{sqliteTables[0].probe, []string{mysqlBind}},
	{sqliteTables[1].probe, []string{mysqlPhoto}},
}

// createTables makes the tables that are absent. Those that exist are only
// read, so that no right to create is needed where the school has made them.
func createTables(ctx context.Context, conn *sql.DB) error {
	for _, t := range tablesOf(conn) {
		if probe(ctx, conn, t.probe) == nil {
			continue
		}
		for i, statement := range t.create {
			if _, err := conn.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("school: create the tables: %w", err)
			}
			if i > 0 {
				continue
			}
			if err := probe(ctx, conn, t.probe); err != nil {
				return fmt.Errorf("school: the table exists with other columns: %w", err)
			}
		}
	}
	return nil
}

// exist reports whether both tables are there.
func exist(ctx context.Context, conn *sql.DB) bool {
	for _, t := range tablesOf(conn) {
		if probe(ctx, conn, t.probe) != nil {
			return false
		}
	}
	return true
}

func tablesOf(conn *sql.DB) []table {
	if _, ok := conn.Driver().(*mysql.MySQLDriver); ok {
		return mysqlTables
	}
	return sqliteTables
}

func probe(ctx context.Context, conn *sql.DB, query string) error {
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	rows.Next() // some drivers report what is wrong no earlier
	return rows.Err()
}
