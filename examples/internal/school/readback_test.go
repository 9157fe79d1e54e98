package school

import (
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
)

// ownTables makes tables of the school's own. The columns that are not given hold any text.
func ownTables(t *testing.T, conn *sql.DB, columns map[string]string) {
	t.Helper()
	isMySQL := db.DialectOf(conn) == db.MySQL
	key, text := "INTEGER PRIMARY KEY", "TEXT"
	if isMySQL {
		key, text = "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY", "VARCHAR(500) CHARACTER SET utf8mb4"
	}
	if own, ok := columns["id"]; ok {
		key = own
	}
	of := func(name string) string {
		if own, ok := columns[name]; ok {
			return own
		}
		return text
	}
	for _, statement := range []string{
		"DROP TABLE IF EXISTS parent_wechat_bind", "DROP TABLE IF EXISTS student_photo",
		fmt.Sprintf("CREATE TABLE parent_wechat_bind (id %s, parent_mobile %s, wechat_openid %s, student_id %s, create_time TEXT) %s",
			key, of("parent_mobile"), of("wechat_openid"), of("student_id"), columns["end"]),
		fmt.Sprintf("CREATE TABLE student_photo (student_id %s, student_name %s, photo_url %s, photo_update_time %s)",
			of("photo's student_id"), of("student_name"), of("photo_url"), of("photo_update_time")),
	} {
		_, err := conn.Exec(statement)
		require.NoError(t, err, statement)
	}
}

// TestImportReadsBack: a value that a column changes is refused, with all the others, and nothing is written.
func TestImportReadsBack(t *testing.T) {
	t.Parallel()
	pupils := []string{
		"13800138000,oLi,007,李雷,https://p.example/1.jpg,2026/11/20 9:05",
		"13900139000,oHan,7,韩梅梅,https://p.example/2.jpg,2026/11/20 9:05",
		"13700137000,oWang,0012,王五,,",
	}
	long := []string{
		"13800138000,oLi,2026001,李雷,https://p.example/1.jpg,2026/11/20 9:05",
		"13900139000,oHan,2026002,韩梅梅,https://p.example/2.jpg,2026/11/20 9:05",
		"13700137000,oWang,2026,王五,,",
	}
	tests := []struct {
		name    string
		columns map[string]string
		lines   []string
		want    string // line and column of each fault
		loose   bool   // MySQL with sql_mode=''; SQLite has no such thing
		mysql   bool   // only there
	}{
		{name: "numbers", columns: map[string]string{"student_id": "INTEGER"}, lines: pupils, want: "2 student_id, 4 student_id"},
		{name: "numbers of photos", columns: map[string]string{"photo's student_id": "INTEGER"}, lines: pupils, want: "2 student_id, 4 student_id"},
		{name: "a number of a parent", columns: map[string]string{"parent_mobile": "BIGINT"},
			lines: []string{"+8613800138000,oLi,007,李雷,,", "13900139000,oHan,7,韩梅梅,,"}, want: "2 parent_mobile"},
		{name: "short", columns: map[string]string{"student_id": "VARCHAR(4)"}, lines: long, want: "2 student_id, 3 student_id", mysql: true},
		{name: "short, not strict", columns: map[string]string{"student_id": "VARCHAR(4)"}, lines: long, want: "2 student_id, 3 student_id", loose: true},
		{name: "a short openid", columns: map[string]string{"wechat_openid": "VARCHAR(3)"}, lines: long, want: "3 wechat_openid, 4 wechat_openid", loose: true},
		{name: "a short address", columns: map[string]string{"photo_url": "VARCHAR(10)"}, lines: long, want: "2 photo_url, 3 photo_url", loose: true},
		{name: "a name of four bytes", columns: map[string]string{"student_name": "VARCHAR(10) CHARACTER SET utf8mb3"},
			lines: []string{"13800138000,oLi,007,王𠮷,,", "13900139000,oHan,7,韩梅梅,,"}, want: "2 student_name", loose: true},
		{name: "a name of four bytes, strict", columns: map[string]string{"student_name": "VARCHAR(10) CHARACTER SET utf8mb3"},
			lines: []string{"13800138000,oLi,007,王𠮷,,", "13900139000,oHan,7,韩梅梅,,"}, want: "2 student_name", mysql: true},
		{name: "a year", columns: map[string]string{"photo_update_time": "INTEGER"}, lines: long, want: "2 photo_update_time, 3 photo_update_time", loose: true},
		{name: "a day", columns: map[string]string{"photo_update_time": "DATE"}, lines: long},
	}
	onBoth(t, func(t *testing.T, conn *sql.DB) {
		isMySQL := db.DialectOf(conn) == db.MySQL
		conn.SetMaxOpenConns(1)
		for _, tt := range tests {
			if !isMySQL && (tt.mysql || tt.loose) {
				continue
			}
			ownTables(t, conn, tt.columns)
			if isMySQL {
				mode := "STRICT_TRANS_TABLES"
				if tt.loose {
					mode = ""
				}
				_, err := conn.Exec("SET SESSION sql_mode = ?", mode)
				require.NoError(t, err)
			}
			_, err := Import(t.Context(), conn, strings.NewReader(header+strings.Join(tt.lines, "\n")))
			if tt.want == "" {
				require.NoError(t, err, tt.name)
				continue
			}
			assert.Equal(t, tt.want, faults(t, err), tt.name)
			assert.Zero(t, count(t, conn, "SELECT COUNT(*) FROM parent_wechat_bind"), tt.name)
			assert.Zero(t, count(t, conn, "SELECT COUNT(*) FROM student_photo"), tt.name)
		}
	})
}

// faults returns line and column of each fault of an UnfitError.
func faults(t *testing.T, err error) string {
	t.Helper()
	e, ok := errors.AsType[*UnfitError](err)
	if !assert.True(t, ok, "%v", err) {
		return ""
	}
	all := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		assert.Equal(t, ProblemUnfit, f.Problem)
		all[i] = strconv.Itoa(f.Line) + " " + f.Column
	}
	return strings.Join(all, ", ")
}

// TestImportReadsUpdatesBack: also what takes the place of an older value.
func TestImportReadsUpdatesBack(t *testing.T) {
	t.Parallel()
	conn := newMySQL(t)
	conn.SetMaxOpenConns(1)
	ownTables(t, conn, map[string]string{"wechat_openid": "VARCHAR(5)", "student_name": "VARCHAR(3)", "photo_url": "VARCHAR(30)"})
	_, err := conn.Exec("SET SESSION sql_mode = ''")
	require.NoError(t, err)
	load1(t, conn, "13800138000,oLi,007,李雷,,", "13800138000,oLi,008,李雷,,", "13800138000,oLi,009,李雷,,")
	_, err = Import(t.Context(), conn, strings.NewReader(header+"13800138000,oLiLei,007,李雷,,\n13800138000,oLi,008,李雷李雷,,\n"+
		"13800138000,oLi,009,李雷,https://p.example/"+strings.Repeat("a", 30)+".jpg,2026-11-20 09:00\n"))
	assert.Equal(t, "2 wechat_openid, 3 student_name, 4 photo_url", faults(t, err))
	assert.Equal(t, 3, count(t, conn, "SELECT COUNT(*) FROM parent_wechat_bind WHERE wechat_openid = 'oLi'"))
}

// TestImportIntoStrictTable: SQLite refuses a type that it cannot convert.
func TestImportIntoStrictTable(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, conn *sql.DB) {
		columns := map[string]string{"student_id": "INTEGER"}
		if db.DialectOf(conn) == db.SQLite {
			columns["end"] = "STRICT"
		}
		ownTables(t, conn, columns)
		_, err := Import(t.Context(), conn, strings.NewReader(header+"13800138000,oLi,S7,李雷,,\n13800138000,oLi,7,李雷,,\n13800138000,oLi,S8,李雷,,\n"))
		assert.Equal(t, "2 student_id, 4 student_id", faults(t, err))
	})
}

// TestImportNamesSomeFaults: a file of a million faults does not fill the memory.
func TestImportNamesSomeFaults(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, conn *sql.DB) {
		ownTables(t, conn, map[string]string{"student_id": "INTEGER"})
		var file strings.Builder
		file.WriteString(header)
		for i := range UnfitLimit + 3 {
			fmt.Fprintf(&file, "138001380%02d,oLi,0%d,李雷,,\n", i, i+1)
		}
		_, err := Import(t.Context(), conn, strings.NewReader(file.String()))
		e, ok := errors.AsType[*UnfitError](err)
		require.True(t, ok, "%v", err)
		assert.Len(t, e.Faults, UnfitLimit)
		assert.Equal(t, 3, e.More)
		assert.ErrorContains(t, err, `line 2: student_id "01"; line 3: student_id "02"`)
		assert.ErrorContains(t, err, "; and 3 more")
	})
}

// TestImportNeedsToUndo: an engine without transactions would keep half of a file.
func TestImportNeedsToUndo(t *testing.T) {
	t.Parallel()
	conn := newMySQL(t)
	ownTables(t, conn, map[string]string{"end": "ENGINE=MyISAM"})
	_, err := Import(t.Context(), conn, strings.NewReader(header+"13800138000,oLi,007,李雷,,\n"))
	assert.Equal(t, &FileError{Column: "parent_wechat_bind", Value: "MyISAM", Problem: ProblemEngine}, err)
	assert.Zero(t, count(t, conn, "SELECT COUNT(*) FROM parent_wechat_bind"))
}

// TestImportIntoCollations: a photo's address and a name that differ in case alone are others.
func TestImportIntoCollations(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, conn *sql.DB) {
		folded := "TEXT COLLATE NOCASE"
		if db.DialectOf(conn) == db.MySQL {
			folded = "VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
		}
		ownTables(t, conn, map[string]string{"photo_url": folded, "student_name": folded})
		load1(t, conn, "13800138000,oLi,007,Li Lei,https://p.example/AbC.jpg,2026/11/20 9:05")
		assert.Equal(t, Counts{Added: 1}, load1(t, conn, "13800138000,oLi,007,Li Lei,https://p.example/aBC.jpg,2026/11/21 9:05"))
		assert.Equal(t, Counts{Updated: 1}, load1(t, conn, "13800138000,oLi,007,Li Lei,https://p.example/AbC.jpg,2026/11/19 9:05"))
		for address, day := range map[string]string{"AbC": "2026-11-19", "aBC": "2026-11-21"} {
			assert.Equal(t, day+" 09:05:00", text(t, conn, "SELECT photo_update_time FROM student_photo WHERE photo_url LIKE '%"+address+".jpg' AND photo_update_time LIKE ?", day+"%"))
		}
		assert.Equal(t, 2, count(t, conn, "SELECT COUNT(*) FROM student_photo"))
		assert.Equal(t, Counts{Updated: 1}, load1(t, conn, "13800138000,oLi,007,LI LEI,,"))
		assert.Equal(t, "LI LEI", text(t, conn, "SELECT student_name FROM student_photo LIMIT 1"))
	})
}

// TestImportByTextKey: a table of the school's own may number its bindings as it likes.
func TestImportByTextKey(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, conn *sql.DB) {
		ownTables(t, conn, map[string]string{"id": "VARCHAR(10) DEFAULT 'b'"})
		load1(t, conn, "13800138000,oLi,007,李雷,,", "13800138000,oLi,008,李小雷,,")
		assert.Equal(t, Counts{Updated: 1}, load1(t, conn, "13800138000,oOther,008,李小雷,,"))
		assert.Equal(t, "oLi", text(t, conn, "SELECT wechat_openid FROM parent_wechat_bind WHERE student_id = '007'"))
		assert.Equal(t, "oOther", text(t, conn, "SELECT wechat_openid FROM parent_wechat_bind WHERE student_id = '008'"))
	})
}
