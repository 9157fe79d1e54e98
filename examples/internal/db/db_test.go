package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mariaDB makes a database of the test's own and returns its address.
func mariaDB(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv("WXHOME_TEST_MYSQL")
	if dsn == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("WXHOME_TEST_MYSQL names no MariaDB, and CI must have one")
		}
		t.Skip("WXHOME_TEST_MYSQL names no MariaDB")
	}
	conn, err := sql.Open("mysql", dsn)
	require.NoError(t, err)
	name := fmt.Sprintf("wxhome_db_%d_%d", os.Getpid(), rand.Uint32())
	_, err = conn.Exec("CREATE DATABASE " + name)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = conn.Exec("DROP DATABASE " + name); _ = conn.Close() })
	return "mysql:" + dsn[:strings.LastIndexByte(dsn, '/')+1] + name
}

func open(t *testing.T, address string, opts ...Option) *DB {
	t.Helper()
	d, err := Open(t.Context(), address, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// What is wrong is said in one line that never holds the password.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := filepath.Join(folder, "text.db")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("no database\n", 100)), 0o600))
	for name, tt := range map[string]struct{ address, says string }{
		"empty":            {"", "sqlite:PATH"},
		"no kind":          {"hunter2@tcp(h)/x", "sqlite:PATH"},
		"another kind":     {"postgres:hunter2", "sqlite:PATH"},
		"no path":          {"sqlite:", "sqlite:PATH"},
		"no file":          {"sqlite:" + filepath.Join(folder, "missing.db"), "missing.db: check the path"},
		"a folder":         {"sqlite:" + folder, "is a folder"},
		"a text":           {"sqlite:" + text, "text.db"},
		"no DSN":           {"mysql:", "mysql:USER:PASSWORD"},
		"not a DSN":        {"mysql:me:hunter2@nowhere", "USER:PASSWORD@tcp"},
		"bad option":       {"mysql:me:hunter2@tcp(127.0.0.1:1)/x?parseTime=hunter2", "cannot be read"},
		"no database":      {"mysql:me:hunter2@tcp(127.0.0.1:1)/", "names no database"},
		"multiStatements":  {"mysql:me:hunter2@tcp(127.0.0.1:1)/x?multiStatements=true", "multiStatements"},
		"nobody listens":   {"mysql:me:hunter2@tcp(127.0.0.1:1)/x", "me@127.0.0.1:1/x"},
		"password with @/": {"mysql:me:hun@ter/hunter2@tcp(127.0.0.1:1)/x", "me@127.0.0.1:1/x"},
		"unknown TLS":      {"mysql:me:hunter2@tcp(127.0.0.1:1)/x?tls=hunter2", "db: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Open(t.Context(), tt.address, Create())
			if name == "no file" {
				require.NoError(t, err)
				require.NoError(t, d.Close())
				require.NoError(t, os.Remove(filepath.Join(folder, "missing.db")))
				_, err = Open(t.Context(), tt.address)
			}
			require.ErrorContains(t, err, tt.says)
			for e := err; e != nil; e = errors.Unwrap(e) {
				for _, form := range []string{"%v", "%+v", "%#v"} {
					assert.NotContains(t, fmt.Sprintf(form, e), "hunter2")
				}
			}
			assert.NotContains(t, err.Error(), "\n")
			assert.True(t, strings.HasPrefix(err.Error(), "db: "), err)
		})
	}
}

func TestOpenWrongPassword(t *testing.T) {
	t.Parallel()
	address := mariaDB(t)
	cfg, err := mysql.ParseDSN(strings.TrimPrefix(address, "mysql:"))
	require.NoError(t, err)
	cfg.User, cfg.Passwd = "nobody_"+fmt.Sprint(rand.Uint32()), "hunter2"
	_, err = Open(t.Context(), "mysql:"+cfg.FormatDSN())
	require.Error(t, err)
	assert.True(t, IsDenied(err), err)
	assert.NotContains(t, err.Error(), "hunter2")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Open(ctx, address)
	require.ErrorIs(t, err, context.Canceled)
}

// What the DSN does not say is filled in; what it says stands.
func TestMySQLConfig(t *testing.T) {
	t.Parallel()
	plain, err := mysqlConfig("me:pw@tcp(h:3306)/school")
	require.NoError(t, err)
	assert.True(t, plain.ParseTime)
	assert.Equal(t, Beijing, plain.Loc)
	assert.Equal(t, "'+08:00'", plain.Params["time_zone"])
	assert.True(t, plain.ClientFoundRows)
	assert.True(t, plain.InterpolateParams)
	assert.Equal(t, []time.Duration{mysqlDial, mysqlRead, mysqlWrite}, []time.Duration{plain.Timeout, plain.ReadTimeout, plain.WriteTimeout})

	said, err := mysqlConfig("me:a/b?parseTime=x@tcp(h:3306)/school?loc=UTC&parseTime=false&interpolateParams=false&timeout=1s&readTimeout=2s&writeTimeout=3s&charset=utf8mb4")
	require.NoError(t, err)
	assert.Equal(t, "a/b?parseTime=x", said.Passwd)
	assert.False(t, said.ParseTime)
	assert.Equal(t, time.UTC, said.Loc)
	assert.Empty(t, said.Params["time_zone"])
	assert.False(t, said.InterpolateParams)
	assert.Equal(t, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}, []time.Duration{said.Timeout, said.ReadTimeout, said.WriteTimeout})

	zone, err := mysqlConfig("me:pw@tcp(h:3306)/school?time_zone=%27%2B00%3A00%27")
	require.NoError(t, err)
	assert.Equal(t, time.UTC, zone.Loc, "the session's zone is the user's, so is the location")
	assert.Equal(t, "'+00:00'", zone.Params["time_zone"])
}

// A DATETIME is the clock on the school's wall, a TIMESTAMP a moment.
func TestMySQLTimes(t *testing.T) {
	t.Parallel()
	d := open(t, mariaDB(t))
	assert.Equal(t, MySQL, d.Dialect)
	assert.Equal(t, "MySQL", d.Dialect.String())
	assert.Empty(t, d.Path)
	_, err := d.Exec("CREATE TABLE x (a DATETIME, b TIMESTAMP NULL, c VARCHAR(20))")
	require.NoError(t, err)
	_, err = d.Exec("INSERT INTO x VALUES ('2026-11-20 18:00:00', FROM_UNIXTIME(1795000000), '张三😀')")
	require.NoError(t, err)
	var a, b time.Time
	var c string
	require.NoError(t, d.QueryRow("SELECT a, b, c FROM x").Scan(&a, &b, &c))
	assert.Equal(t, time.Date(2026, 11, 20, 18, 0, 0, 0, Beijing).Unix(), a.Unix())
	assert.EqualValues(t, 1795000000, b.Unix())
	assert.Equal(t, "张三😀", c)
	done, err := d.Exec("UPDATE x SET c = '张三😀'")
	require.NoError(t, err)
	n, err := done.RowsAffected()
	require.NoError(t, err)
	assert.EqualValues(t, 1, n, "rows found, as with SQLite, not rows changed")
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(t *testing.T) string{
		"sqlite":  func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "x.db") },
		"mariadb": mariaDB,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, address(t), Create())
			_, err := d.Exec("CREATE TABLE x (a INTEGER PRIMARY KEY)")
			require.NoError(t, err)
			for _, statement := range []string{"SELECT * FROM nowhere", "SELECT absent_column FROM x"} {
				_, err = d.Exec(statement)
				assert.True(t, IsMissing(err), "%s: %v", statement, err)
				assert.False(t, IsBusy(err) || IsFull(err) || IsDenied(err) || IsConflict(err))
			}
			_, err = d.Exec("SELECT FROM WHERE")
			assert.False(t, IsMissing(err), "%v", err)
			assert.Contains(t, d.Quote("a`\"b"), "b")
			_, err = d.Exec("CREATE TABLE " + d.Quote("odd `\" name") + " (" + d.Quote("b`\"") + " INTEGER)")
			assert.NoError(t, err)
		})
	}
	for number, is := range map[uint16]func(error) bool{1213: IsConflict, 1205: IsConflict, 1021: IsFull, 1114: IsFull, 1142: IsDenied, 1290: IsDenied} {
		assert.True(t, is(fmt.Errorf("wrapped: %w", &mysql.MySQLError{Number: number})), number)
	}
	for _, is := range []func(error) bool{IsBusy, IsConflict, IsFull, IsMissing, IsDenied} {
		assert.False(t, is(nil))
		assert.False(t, is(errors.New("disk full, no such table")))
	}
	assert.Equal(t, []string{"NULL", "?", "?,?,?"}, []string{Marks(0), Marks(1), Marks(3)})
}

// A path is one path, whatever is in it, and a link to a file is that file.
func TestSQLitePath(t *testing.T) {
	t.Parallel()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	odd := filepath.Join(folder, "学校 100%#1?mode=memory&x", "a.db")
	if runtime.GOOS == "windows" {
		odd = filepath.Join(folder, "学校 100%#1", "a.db")
	}
	d := open(t, "sqlite:"+odd, Create())
	_, err = d.Exec("CREATE TABLE x (a INTEGER)")
	require.NoError(t, err)
	assert.FileExists(t, odd)
	assert.Equal(t, odd, d.Path)
	link := filepath.Join(folder, "link.db")
	if err := os.Symlink(odd, link); err != nil {
		t.Skip("no symbolic links here")
	}
	assert.Equal(t, odd, open(t, "sqlite:"+link).Path, "two names, one lock")
}

func TestSQLiteSettings(t *testing.T) {
	t.Parallel()
	d := open(t, "sqlite:"+filepath.Join(t.TempDir(), "x.db"), Create())
	assert.Equal(t, "SQLite", d.Dialect.String())
	var synchronous, timeout int
	require.NoError(t, d.QueryRow("PRAGMA synchronous").Scan(&synchronous))
	require.NoError(t, d.QueryRow("PRAGMA busy_timeout").Scan(&timeout))
	assert.Equal(t, []int{2, 10000}, []int{synchronous, timeout}, "FULL")
	_, err := d.Exec("CREATE TABLE x (a INTEGER)")
	require.NoError(t, err)
	first, err := d.Begin()
	require.NoError(t, err)
	defer first.Rollback()
	other, err := OpenExclusive(d.Path)
	require.NoError(t, err)
	defer other.Close()
	_, err = other.Exec("BEGIN EXCLUSIVE")
	assert.True(t, IsBusy(err), "a transaction has the write lock from its beginning: %v", err)
}

// TestPrivateFile: a school and a ledger hold openids, so nobody else reads a file that is made, nor
// those beside it.
func TestPrivateFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other rights")
	}
	path := filepath.Join(t.TempDir(), "x.db")
	d := open(t, "sqlite:"+path, Create())
	for _, statement := range []string{"PRAGMA journal_mode = WAL", "CREATE TABLE x (a INTEGER)", "INSERT INTO x VALUES (7)"} {
		_, err := d.Exec(statement)
		require.NoError(t, err)
	}
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	assert.Len(t, files, 3)
	for _, file := range files {
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode(), file)
	}
}

// TestOrEmpty: nothing is made, and what is there is opened.
func TestOrEmpty(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "new", "x.db")
	d := open(t, "sqlite:"+path, OrEmpty())
	var n int
	require.NoError(t, d.QueryRow("SELECT COUNT(*) FROM sqlite_master").Scan(&n))
	assert.Zero(t, n)
	assert.Equal(t, path, d.Path)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries)
	made := open(t, "sqlite:"+path, Create())
	_, err = made.Exec("CREATE TABLE x (a INTEGER)")
	require.NoError(t, err)
	require.NoError(t, open(t, "sqlite:"+path, OrEmpty()).QueryRow("SELECT COUNT(*) FROM x").Scan(&n))
}

// A file that may only be read is a school all the same.
func TestReadOnlyFile(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Log("root may write everything: the folder's rights are not tried")
	}
	path := filepath.Join(t.TempDir(), "x.db")
	d := open(t, "sqlite:"+path, Create())
	_, err := d.Exec("CREATE TABLE x (a INTEGER)")
	require.NoError(t, err)
	_, err = d.Exec("INSERT INTO x VALUES (7)")
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.NoError(t, os.Chmod(path, 0o400))
	d = open(t, "sqlite:"+path)
	var a int
	require.NoError(t, d.QueryRow("SELECT a FROM x").Scan(&a))
	assert.Equal(t, 7, a)
	d.SetMaxOpenConns(1)
	_, err = d.Exec("PRAGMA query_only = 1") // what the file's rights say to anybody but root
	require.NoError(t, err)
	_, err = d.Exec("INSERT INTO x VALUES (8)")
	assert.True(t, IsDenied(err), "%v", err)
	_, err = d.Exec("PRAGMA query_only = 0")
	require.NoError(t, err)
	_, err = d.Exec("PRAGMA max_page_count = 1")
	require.NoError(t, err)
	_, err = d.Exec("CREATE TABLE y AS SELECT hex(randomblob(100000)) AS z")
	if os.Getuid() == 0 {
		assert.True(t, IsFull(err), "%v", err)
	} else {
		assert.True(t, IsDenied(err), "%v", err)
	}
}

// The lock's transaction excludes everybody, and does not wait.
func TestOpenExclusive(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "学 校.db-lock")
	first, err := OpenExclusive(path)
	require.NoError(t, err)
	defer first.Close()
	_, err = first.Exec("BEGIN EXCLUSIVE")
	require.NoError(t, err)
	second, err := OpenExclusive(path)
	require.NoError(t, err)
	defer second.Close()
	begun := time.Now()
	_, err = second.Exec("BEGIN EXCLUSIVE")
	assert.True(t, IsBusy(err), "%v", err)
	assert.Less(t, time.Since(begun), 5*time.Second)
	require.NoError(t, first.Close())
	_, err = second.Exec("BEGIN EXCLUSIVE")
	require.NoError(t, err)
}

func FuzzMySQLConfig(f *testing.F) {
	f.Add("me:pw@tcp(h:3306)/school?loc=UTC")
	f.Add("/")
	f.Add("a@b/c?d")
	f.Fuzz(func(t *testing.T, dsn string) {
		cfg, err := mysqlConfig(dsn)
		if err == nil && (cfg.DBName == "" || !cfg.ClientFoundRows) {
			t.Errorf("%q", dsn)
		}
	})
}

// TestCharsets: texts are utf8mb4, whatever way there is to say otherwise.
func TestCharsets(t *testing.T) {
	t.Parallel()
	address := mariaDB(t)
	for option, refused := range map[string]string{
		"charset=utf8": "charset", "charset=utf8mb3": "charset", "charset=gbk": "charset", "charset=latin1": "charset",
		"charset=utf8mb4,utf8": "charset", "charset=utf8,utf8mb4": "charset", "charset=utf8mb4&charset=utf8": "charset", "parseTime=true&charset=utf8": "charset",
		"charset=": "charset", "collation=utf8_general_ci": "collation", "collation=gbk_chinese_ci": "collation", "collation=binary": "collation",
		"charset=utf8mb4&collation=latin1_swedish_ci": "collation",
		"character_set_results=gbk":                   "character_set_results", "character_set_client=utf8mb3": "character_set_client",
		"collation_connection=utf8mb3_bin": "character_set_connection", "character_set_results=NULL": "character_set_results",
		"": "", "charset=utf8mb4": "", "charset=UTF8MB4": "", "collation=utf8mb4_bin": "", "charset=utf8mb4&collation=utf8mb4_unicode_ci": "",
		"collation_connection=utf8mb4_bin": "", "sql_mode=%27%27": "",
	} {
		d, err := Open(t.Context(), address+"?"+option)
		if refused != "" {
			e, ok := errors.AsType[*CharsetError](err)
			if assert.True(t, ok, "%s: %v", option, err) {
				assert.Equal(t, refused, e.Option, option)
				assert.ErrorContains(t, err, "write charset=utf8mb4")
			}
			continue
		}
		require.NoError(t, err, option)
		var same bool
		require.NoError(t, d.QueryRow("SELECT HEX(CONVERT(? USING utf8mb4)) = HEX('王𠮷😀')", "王𠮷😀").Scan(&same), option)
		assert.True(t, same, option)
		require.NoError(t, d.Close())
	}
}
