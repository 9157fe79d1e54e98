package operator

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator/languagetest"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/wechat"
)

func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	used := languagetest.Lines(t, "Text")
	for p := school.ProblemEmpty; p <= school.ProblemEngine; p++ {
		used = append(used, p.String())
	}
	assert.Greater(t, len(used), 30)
	languagetest.Complete(t, Chinese(), used)
}

func TestChoose(t *testing.T) {
	t.Parallel()
	own := func() map[string]string {
		return map[string]string{"hello %s": "你好 %s", "the file is no SQLite database": "自己的"}
	}
	l, ok := Choose([]string{"-lang=zh"}, func(string) string { return "" }, own)
	require.True(t, ok)
	assert.True(t, l.IsChinese())
	assert.Equal(t, "你好 甲", l.Text("hello %s", "甲"))
	assert.Equal(t, "自己的", l.Text("the file is no SQLite database"), "the program's own line goes first")
	assert.Equal(t, "100 %", l.Text("100 %"), "no arguments, no verbs")
	l, ok = Choose(nil, func(name string) string { return map[string]string{"LANG": "en_US"}[name] }, own)
	require.True(t, ok)
	assert.Equal(t, "hello you", l.Text("hello %s", "you"))
	_, ok = Choose([]string{"--lang", "fr"}, func(string) string { return "" }, own)
	assert.False(t, ok)
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"7d": 7 * 24 * time.Hour, "90s": 90 * time.Second, "0": 0} {
		var p Period
		require.NoError(t, p.Set(text))
		assert.Equal(t, want, time.Duration(p))
	}
	for _, text := range []string{"", "x", "-1h", "-1d", "1.5d", "99999d"} {
		_, err := ParsePeriod(text)
		require.Error(t, err, text)
	}
	week := Period(7 * 24 * time.Hour)
	assert.Equal(t, "7d", week.String())
	minute := Period(time.Minute)
	assert.Equal(t, "1m0s", minute.String())
	assert.Empty(t, (*Period)(nil).String())
}

func TestCell(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"": "", "张三": "张三", "=1+1": "'=1+1", "-o": "'-o", "＝1": "'＝1", "a=b": "a=b"} {
		assert.Equal(t, want, Cell(value))
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  error
		want string
	}{
		{&account.ConfigError{BadBaseURL: true}, "WECHAT_BASE_URL must be an address"},
		{&account.ConfigError{Given: []string{"WECHAT_APPID"}, Missing: []string{"WECHAT_APPSECRET"}}, "WECHAT_APPID is set and WECHAT_APPSECRET is not"},
		{&account.ConfigError{Given: []string{"-db"}, Missing: []string{"WECHAT_APPID"}}, "-db speaks of a real push"},
		{&wechat.Error{Code: 40125, Message: "invalid appsecret", RID: "1-2-3"}, "WeChat refuses: 40125 invalid appsecret (rid 1-2-3); compare WECHAT_APPSECRET"},
		{&wechat.Error{Code: 40164, Message: "invalid ip 1.2.3.4 ipv6"}, "add 1.2.3.4 to the IP allow list"},
		{&wechat.Error{Code: 40013}, "compare WECHAT_APPID"},
		{&wechat.Error{Code: 45009}, "at midnight in Beijing"},
		{&wechat.Error{Code: 48001}, "lacks this permission"},
		{&wechat.Error{Status: 502}, "WeChat cannot be reached"},
		{&school.FileError{Line: 3, Column: "class", Value: "x", Problem: school.ProblemTooLong, Limit: 64}, `line 3: class: "x": the value is too long (64)`},
		{&school.FileError{Line: 3, Problem: school.ProblemConflict, Other: 2}, "an earlier line says otherwise (line 2)"},
		{&school.UnfitError{Faults: []*school.FileError{{Line: 2, Column: "student_id", Value: "007"}, {Line: 4, Column: "parent_mobile"}}, More: 7},
			`the table's columns cannot hold these values unchanged`},
		{&school.UnfitError{Faults: []*school.FileError{{Line: 2, Column: "student_id", Value: "007"}, {Line: 4, Column: "parent_mobile"}}, More: 7},
			`: line 2: student_id "007"; line 4: parent_mobile; and 7 more`},
		{&db.CharsetError{Option: "collation"}, "must not set collation to anything but utf8mb4"},
		{fmt.Errorf("open: %w", &mysql.MySQLError{Number: 1045, Message: "Access denied"}), "check the user, his password"},
		{&mysql.MySQLError{Number: 1049}, "no database of that name"},
		{&mysql.MySQLError{Number: 1142}, "grant the user what is missing"},
		{&mysql.MySQLError{Number: 1146}, "batchpush import makes them"},
		{&mysql.MySQLError{Number: 1064}, "must be one SELECT"},
		{&mysql.MySQLError{Number: 1114}, "make room on the disk"},
		{&mysql.MySQLError{Number: 1290}, "read-only"},
		{errors.New("attempt to write a readonly database"), "may not write there"},
		{errors.New("file is not a database"), "no SQLite database"},
		{errors.New("unable to open database file"), "check the path"},
		{errors.New("database or disk is full"), "make room"},
		{errors.New("no such table: student_photo"), "batchpush import makes them"},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, "whether the database is running"},
		{errors.New("something\n  else"), "something else"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			got := Language{}.Describe(tt.err)
			assert.Contains(t, got, tt.want)
			assert.NotContains(t, got, "\n")
			assert.NotEmpty(t, InChinese(Chinese()).Describe(tt.err))
		})
	}
}

func TestOpenDemo(t *testing.T) {
	for _, name := range []string{"XDG_CACHE_HOME", "LocalAppData", "HOME"} {
		t.Setenv(name, t.TempDir())
	}
	for range 2 {
		d, err := OpenDemo(t.Context())
		require.NoError(t, err)
		path, err := DemoPath()
		require.NoError(t, err)
		assert.Equal(t, path, d.Name)
		var n int
		require.NoError(t, d.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM student_photo").Scan(&n))
		assert.Greater(t, n, 1000)
		require.NoError(t, d.Close())
	}
}
