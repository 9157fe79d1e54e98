package school

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
)

// onBoth runs a test on SQLite and on the MariaDB or MySQL of WXHOME_TEST_MYSQL.
func onBoth(t *testing.T, test func(t *testing.T, conn *sql.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		conn, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "school.db"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		test(t, conn)
	})
	t.Run("mysql", func(t *testing.T) {
		t.Parallel()
		test(t, newMySQL(t))
	})
}

var databases atomic.Int64

// newMySQL makes a database of the test's own and drops it at the end.
func newMySQL(t *testing.T) *sql.DB {
	t.Helper()
	dsn := os.Getenv("WXHOME_TEST_MYSQL")
	if dsn == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("WXHOME_TEST_MYSQL is not set, and with CI set nothing may be skipped")
		}
		t.Skip("WXHOME_TEST_MYSQL is not set: no MariaDB to test with")
	}
	config, err := mysql.ParseDSN(dsn)
	require.NoError(t, err)
	admin, err := sql.Open("mysql", config.FormatDSN())
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close() })
	config.DBName = fmt.Sprintf("wxhome_school_%d_%d", os.Getpid(), databases.Add(1))
	_, err = admin.Exec("CREATE DATABASE " + config.DBName)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = admin.Exec("DROP DATABASE " + config.DBName) })
	conn, err := sql.Open("mysql", config.FormatDSN())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func count(t *testing.T, conn *sql.DB, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, conn.QueryRow(query, args...).Scan(&n))
	return n
}

func text(t *testing.T, conn *sql.DB, query string, args ...any) (s string) {
	t.Helper()
	require.NoError(t, conn.QueryRow(query, args...).Scan(&s))
	return s
}

func load1(t *testing.T, conn *sql.DB, lines ...string) Counts {
	t.Helper()
	counts, err := Import(t.Context(), conn, strings.NewReader(header+strings.Join(lines, "\n")))
	require.NoError(t, err)
	return counts
}

func TestImport(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, conn *sql.DB) {
		first := []string{
			"13800138000,oLi,007,李雷,https://p.example/1.jpg,2026/11/20 9:05",
			"13800138000,oLi,008,李小雷,,",
			"13900139000,,009,韩𬍛,https://p.example/9.jpg,2026-11-20",
			"13800138000,oLi,007,李雷,https://p.example/2.jpg,2026/11/21 9:05",
			"13800138000,oLi,007,李雷,https://p.example/1.jpg,2026-11-20 09:05:00", // the first again
		}
		assert.Equal(t, Counts{Added: 4, Unchanged: 1}, load1(t, conn, first...))
		assert.Equal(t, Counts{Unchanged: 5}, load1(t, conn, first...), "the same file again")
		assert.Equal(t, 3, count(t, conn, "SELECT COUNT(*) FROM parent_wechat_bind"))
		assert.Equal(t, 4, count(t, conn, "SELECT COUNT(*) FROM student_photo"))
		assert.Equal(t, 1, count(t, conn, "SELECT COUNT(*) FROM student_photo WHERE photo_url IS NULL AND photo_update_time IS NULL"))
		assert.Equal(t, "韩𬍛", text(t, conn, "SELECT student_name FROM student_photo WHERE student_id = '009'"))
		assert.Equal(t, "2026-11-20 09:05:00",
			text(t, conn, "SELECT CAST(photo_update_time AS CHAR(19)) FROM student_photo WHERE photo_url LIKE '%1.jpg'"))

		assert.Equal(t, Counts{Updated: 4}, load1(t, conn,
			"13800138000,oLi,008,李小雷,https://p.example/8.jpg,2026/11/20 9:05", // the first photo
			"13900139000,oHan,009,韩𬍛,https://p.example/9.jpg,2026-11-20",      // bound at last
			"13800138000,oLi,007,李磊,https://p.example/1.jpg,2026/11/20 9:05",  // renamed
			"13800138000,oLi,007,李磊,https://p.example/2.jpg,2026/11/22 9:05")) // taken anew
		assert.Equal(t, 4, count(t, conn, "SELECT COUNT(*) FROM student_photo"))
		assert.Equal(t, 2, count(t, conn, "SELECT COUNT(*) FROM student_photo WHERE student_name = '李磊'"))

		assert.Equal(t, Counts{Unchanged: 1}, load1(t, conn, "13900139000,,009,韩𬍛,,"), "what is left empty stays")
		assert.Equal(t, Counts{Updated: 1}, load1(t, conn, "13900139000,oHAN,009,韩𬍛,,"), "openids differ by case")
	})
}

// TestImportAllOrNothing has the bad line at the end of a file that is good
// until there.
func TestImportAllOrNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, conn *sql.DB) {
		load1(t, conn, "13800138000,oLi,007,李雷,https://p.example/1.jpg,2026/11/20 9:05")
		_, err := Import(t.Context(), conn, strings.NewReader(header+
			"13800138000,oLi,007,李雷,https://p.example/2.jpg,2026/11/21 9:05\n"+
			"13900139000,oHan,2.026E+13,韩梅梅,,\n"))
		require.ErrorContains(t, err, "line 3: student_id: \"2.026E+13\": Excel has rounded")
		assert.Equal(t, 1, count(t, conn, "SELECT COUNT(*) FROM student_photo"))
	})
}

// TestImportRollsBack makes the database refuse in the middle.
func TestImportRollsBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, conn *sql.DB) {
		require.NoError(t, createTables(t.Context(), conn))
		_, err := conn.Exec("CREATE UNIQUE INDEX one_each ON student_photo (student_id)")
		require.NoError(t, err)
		_, err = Import(t.Context(), conn, strings.NewReader(header+
			"13800138000,oLi,007,李雷,https://p.example/1.jpg,2026/11/20 9:05\n"+
			"13800138000,oLi,007,李雷,https://p.example/2.jpg,2026/11/21 9:05\n"))
		require.ErrorContains(t, err, "load line 3")
		assert.Zero(t, count(t, conn, "SELECT COUNT(*) FROM parent_wechat_bind"))
		assert.Zero(t, count(t, conn, "SELECT COUNT(*) FROM student_photo"))
	})
}

func TestImportRefusesContradictions(t *testing.T) {
	t.Parallel()
	conn, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "school.db"))
	require.NoError(t, err)
	defer conn.Close()
	start := header + "13800138000,oLi,007,李雷,https://p.example/1.jpg,2026/11/20 9:05\n\n"
	tests := map[string]string{
		"student_name":      "13900139000,oHan,007,李磊,,",
		"wechat_openid":     "13800138000,oHan,007,李雷,,",
		"photo_update_time": "13900139000,oHan,007,李雷,https://p.example/1.jpg,2026/11/20 9:06",
	}
	for column, line := range tests {
		_, err := Import(t.Context(), conn, strings.NewReader(start+line))
		e, ok := errors.AsType[*FileError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, FileError{Line: 4, Column: column, Problem: ProblemConflict, Other: 2}, *e)
	}
	assert.False(t, exist(t.Context(), conn), "a bad file makes no table")
}

func TestImportFile(t *testing.T) {
	t.Parallel()
	conn, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "school.db"))
	require.NoError(t, err)
	defer conn.Close()
	name := filepath.Join(t.TempDir(), "花名册.csv")
	_, err = ImportFile(t.Context(), conn, name)
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "花名册.csv")
	_, err = ImportFile(t.Context(), conn, filepath.Dir(name))
	assert.Equal(t, &FileError{Problem: ProblemFolder}, err)
	require.NoError(t, os.WriteFile(name, []byte(toGBK(t, chinese+"李雷,,007,oLi,13800138000,\r\n")), 0o600))
	counts, err := ImportFile(t.Context(), conn, name)
	require.NoError(t, err)
	assert.Equal(t, 1, counts.Rows())
}

func TestImportOtherTables(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, conn *sql.DB) {
		_, err := conn.Exec("CREATE TABLE student_photo (student_id VARCHAR(64), note VARCHAR(64))")
		require.NoError(t, err)
		_, err = Import(t.Context(), conn, strings.NewReader(header+"13800138000,oLi,007,李雷,,\n"))
		assert.ErrorContains(t, err, "other columns")
	})
}

func TestImportCancelled(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, conn *sql.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := Import(ctx, conn, strings.NewReader(demoFile))
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestEnsureDemo(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, conn *sql.DB) {
		created, err := EnsureDemo(t.Context(), conn)
		require.NoError(t, err)
		assert.True(t, created)
		assert.Equal(t, DemoParents, count(t, conn, "SELECT COUNT(DISTINCT parent_mobile) FROM parent_wechat_bind"))
		_, err = conn.Exec("DELETE FROM student_photo")
		require.NoError(t, err)
		created, err = EnsureDemo(t.Context(), conn)
		require.NoError(t, err)
		assert.False(t, created)
		assert.Zero(t, count(t, conn, "SELECT COUNT(*) FROM student_photo"), "a school that is there is left alone")
	})
}
