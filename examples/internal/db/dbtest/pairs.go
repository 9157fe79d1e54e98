package dbtest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
)

// A Pair is a child as the bindings name it and one as the photos name it, in columns of any type.
type Pair struct {
	Name         string
	Bound, Shown string // the columns' types
	ID, Photo    string // their values, as SQL
	Text         string // what the database prints of ID; empty: it is no identifier
	Same         bool   // it prints the same of both
}

// PairOpenID is bound to the child of a pair, and PairName is the name in the photo.
const (
	PairOpenID = "oChildOfAPair"
	PairName   = "张三"
)

const (
	general = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
	unicode = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
	binary  = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
	latin1  = "VARCHAR(40) CHARACTER SET latin1"
	ascii   = "VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin"
	gbk     = "VARCHAR(40) CHARACTER SET gbk"
	utf8mb3 = "VARCHAR(40) CHARACTER SET utf8mb3"
)

// Pairs are what a database takes for the same and is not, and what is the same although the
// columns differ.
func Pairs(d db.Dialect) []Pair {
	if d == db.SQLite {
		return sqlitePairs
	}
	return mysqlPairs
}

var mysqlPairs = []Pair{
	{"upper and lower case", general, general, "'a1'", "'A1'", "a1", false},
	{"the same", general, general, "'a1'", "'a1'", "a1", true},
	{"a space at the end", general, general, "'a'", "'a '", "a", false},
	{"VARCHAR and INT", general, "INT", "'7'", "7", "7", true},
	{"zeros and INT", general, "INT", "'007'", "7", "007", false},
	{"zeros and ZEROFILL", general, "INT(3) ZEROFILL", "'007'", "7", "007", true},
	{"INT and VARCHAR", "INT", general, "7", "'7'", "7", true},
	{"INT and zeros", "INT", general, "7", "'007'", "7", false},
	{"INT and what begins with it", "INT", general, "1", "'1abc'", "1", false},
	{"accents", general, general, "'é'", "'e'", "é", false},
	{"sharp s", unicode, unicode, "'ß'", "'ss'", "ß", false},
	{"full width", unicode, unicode, "'ａ１'", "'a1'", "ａ１", false},
	{"two collations", general, unicode, "'a1'", "'a1'", "a1", true},
	{"two collations, Chinese", general, unicode, "'三'", "'三'", "三", true},
	{"a binary one and upper case", binary, general, "'a1'", "'A1'", "a1", false},
	{"a binary one", unicode, binary, "'三1'", "'三1'", "三1", true},
	{"latin1 and utf8mb4", latin1, general, "'é'", "'é'", "é", true},
	{"utf8mb4 and latin1", general, latin1, "'é'", "'é'", "é", true},
	{"latin1 without an accent", general, latin1, "'é'", "'e'", "é", false},
	{"ascii and utf8mb4", ascii, unicode, "'a1'", "'a1'", "a1", true},
	{"Chinese and ascii", general, ascii, "'三'", "'?'", "三", false},
	{"gbk and utf8mb4", gbk, general, "'三'", "'三'", "三", true},
	{"utf8mb4 and gbk", general, gbk, "'三'", "'三'", "三", true},
	{"four bytes and utf8mb3", general, utf8mb3, "'😀'", "'?'", "😀", false},
	{"bytes", general, "VARBINARY(40)", "'三'", "'三'", "三", true},
	{"BIGINT and VARCHAR", "BIGINT", general, "9007199254740993", "'9007199254740992'", "9007199254740993", false},
	{"BIGINT and DECIMAL", "BIGINT", "DECIMAL(20,0)", "9007199254740993", "9007199254740993", "9007199254740993", true},
	{"VARCHAR and BIGINT", general, "BIGINT UNSIGNED", "'9007199254740993'", "9007199254740993", "9007199254740993", true},
	{"INT and DECIMAL with digits", "INT", "DECIMAL(20,2)", "7", "7", "7", false},
	{"FLOAT of too many digits", "FLOAT", "FLOAT", "20261104", "20261100", "", false},
	{"FLOAT", "FLOAT", general, "7", "'7'", "7", true},
	{"CHAR and VARCHAR", "CHAR(10)", general, "'a'", "'a'", "a", true},
	{"NULL", general, general, "NULL", "NULL", "", false},
	{"empty", general, general, "''", "''", "", false},
	{"empty and 0", general, "INT", "''", "0", "", false},
}

var sqlitePairs = []Pair{
	{"upper and lower case", "TEXT COLLATE NOCASE", "TEXT COLLATE NOCASE", "'a1'", "'A1'", "a1", false},
	{"the same", "TEXT", "TEXT", "'a1'", "'a1'", "a1", true},
	{"a space at the end", "TEXT", "TEXT COLLATE RTRIM", "'a'", "'a '", "a", false},
	{"TEXT and INTEGER", "TEXT", "INTEGER", "'7'", "7", "7", true},
	{"zeros and INTEGER", "TEXT", "INTEGER", "'01'", "1", "01", false},
	{"INTEGER and TEXT", "INTEGER", "TEXT", "7", "'7'", "7", true},
	{"INTEGER and zeros", "INTEGER", "TEXT", "1", "'01'", "1", false},
	{"no type, text and number", "", "", "'7'", "7", "7", true},
	{"no type, number and text", "", "", "7", "'7'", "7", true},
	{"no type, zeros", "", "", "'07'", "7", "07", false},
	{"no type, real and number", "", "", "7.0", "7", "7.0", false},
	{"no type, text and real", "", "", "'7.0'", "7.0", "7.0", true},
	{"NUMERIC", "NUMERIC", "TEXT", "'1.0'", "'1.0'", "1", false},
	{"NUMERIC and zeros", "TEXT", "NUMERIC", "'01'", "'01'", "01", false},
	{"REAL and INTEGER", "REAL", "INTEGER", "7", "7", "7.0", false},
	{"REAL and REAL", "REAL", "REAL", "7", "7", "7.0", true},
	{"REAL of many digits", "REAL", "REAL", "202611200012345678", "202611200012345999", "2.0261120001234566e+17", false},
	{"TEXT and REAL", "TEXT", "REAL", "'7.0'", "7", "7.0", true},
	{"many digits", "INTEGER", "TEXT", "9007199254740993", "'9007199254740992'", "9007199254740993", false},
	{"bytes", "TEXT", "BLOB", "'a1'", "x'6131'", "a1", true},
	{"Chinese", "TEXT COLLATE NOCASE", "", "'三1'", "'三1'", "三1", true},
	{"NULL", "TEXT", "TEXT", "NULL", "NULL", "", false},
	{"empty", "TEXT", "TEXT", "''", "''", "", false},
}

// Make makes a school of the pair: a parent who is bound to one child, and one photo. Tables that
// are there are replaced.
func (p Pair) Make(t testing.TB, d *db.DB, photoURL string) {
	t.Helper()
	key, openid := "INTEGER PRIMARY KEY", "TEXT COLLATE NOCASE" // openids that differ in case alone are found, too
	if d.Dialect == db.MySQL {
		key, openid = "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY", general
	}
	for _, statement := range []string{
		"DROP TABLE IF EXISTS parent_wechat_bind", "DROP TABLE IF EXISTS student_photo",
		fmt.Sprintf("CREATE TABLE parent_wechat_bind (id %s, parent_mobile VARCHAR(32), wechat_openid %s, student_id %s, create_time DATETIME)", key, openid, p.Bound),
		fmt.Sprintf("CREATE TABLE student_photo (student_id %s, student_name VARCHAR(64), photo_url VARCHAR(200), photo_update_time DATETIME)", p.Shown),
		"CREATE INDEX student_photo_student ON student_photo (student_id)",
		fmt.Sprintf("INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time) VALUES ('13900000001', '%s', %s, '2026-11-01 00:00:00')", PairOpenID, p.ID),
		fmt.Sprintf("INSERT INTO student_photo VALUES (%s, '%s', '%s', '2026-11-20 09:00:00')", p.Photo, PairName, photoURL),
	} {
		_, err := d.Exec(statement)
		require.NoError(t, err, "%s: %s", p.Name, statement)
	}
}
