package main

import (
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

// oneClearLine asserts that a run ended with a status and one line that says
// what is wanted of the operator.
func oneClearLine(t *testing.T, r result, status int, says ...string) {
	t.Helper()
	require.Equal(t, status, r.status, r.both())
	var complaints []string
	for line := range strings.Lines(r.errors) {
		if strings.HasPrefix(line, "batchpush: ") {
			complaints = append(complaints, line)
		}
	}
	require.Len(t, complaints, 1, r.errors)
	for _, want := range says {
		assert.Contains(t, complaints[0], want)
	}
}

func TestBadCommandLine(t *testing.T) {
	t.Parallel()
	tests := []struct{ args, says string }{
		{"-rate 0", "-rate must be from"},
		{"-rate NaN", "-rate must be from"},
		{"-rate fast", "invalid value"},
		{"-batch 0", "-batch must be at least 1"},
		{"-workers 0", "-workers must be from"},
		{"-workers 100000", "-workers must be from"},
		{"-limit -1", "-limit must be at least 1"},
		{"-limit 0", "-limit must be at least 1"},
		{"-interval soon", "invalid value"},
		{"-interval -5s", "invalid value"},
		{"-link-ttl 0s -link https://x.example", "-link-ttl must be at least"},
		{"-link-ttl 7d", "-link-ttl is of use with -link only"},
		{"-since yesterday", "-since"},
		{"-tz Mars/Olympus -simulate", "-tz"},
		{"-simulate -cron often", "-cron"},
		{"-simulate -cron 60_18_*_*_5", "-cron"},
		{"-field thing1", "KEY=TEXT"},
		{"-field thing1=a -field thing1=b", "given twice"},
		{"-public-photos -link https://x.example", "do not go together"},
		{"-dry-run -to oA", "do not go together"},
		{"-simulate -cron @daily -dry-run", "do not go together"},
		{"-campaign _spring", "is no name"},
		{"-campaign " + strings.Repeat("春", 65), "is no name"},
		{"-nonsense", "-nonsense"},
		{"send", `unknown command "send"`},
		{"templates now", `"now" is not expected here`},
		{"import", "import needs the name"},
		{"import a.csv b.csv", `"b.csv" is not expected here`},
		{"import a.csv -cron @daily", "-cron does nothing with import"},
		{"status -rate 5", "-rate does nothing with status"},
		{"-failures x.csv", "-failures does nothing with push"},
		{"-to= -ledger=", "-ledger, -to has an empty value"},
		{"pause -campaign=", "-campaign has an empty value"},
		{"-lang fr", "-lang must be zh or en"},
		{"-simulate -to 13800138000", "is not an openid"},
		{"-simulate -query nowhere.sql", "there is no file nowhere.sql"},
		{"-simulate -link x.example/photo", "WXHOME_LINK_KEY"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields(tt.args)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "_", " ")
			}
			if strings.Contains(tt.args, "-simulate") {
				args = append(args, "-db", "sqlite:"+filepath.Join(t.TempDir(), "school.db"))
			}
			if tt.says == "is not an openid" {
				args = append(args[:len(args)-1], smallSchool(t))
			}
			oneClearLine(t, runProgram(t.Context(), nil, args...), exitUsage, tt.says)
		})
	}
}

// TestNeverASilentSimulation gives half of what a real push needs.
func TestNeverASilentSimulation(t *testing.T) {
	t.Parallel()
	const appID, secret = "wx0123456789abcdef", "0ad1b0c0ffee0ad1b0c0ffee0ad1b0c0"
	both := map[string]string{account.EnvAppID: appID, account.EnvAppSecret: secret}
	with := func(name, value string) map[string]string {
		m := maps.Clone(both)
		m[name] = value
		return m
	}
	tests := []struct {
		name        string
		environment map[string]string
		args        []string
		says        string
	}{
		{"only the AppID", map[string]string{account.EnvAppID: appID}, nil, "WECHAT_APPSECRET"},
		{"only the AppSecret", map[string]string{account.EnvAppSecret: secret}, nil, "WECHAT_APPID"},
		{"only -db", nil, []string{"-db", "sqlite:school.db"}, "WECHAT_APPID, WECHAT_APPSECRET"},
		{"only WXHOME_DB", map[string]string{"WXHOME_DB": "sqlite:school.db"}, nil, "WXHOME_DB"},
		{"only -template", nil, []string{"-template", "x"}, "-template"},
		{"only -link", nil, []string{"-link", "https://x.example"}, "-link"},
		{"only -redis", nil, []string{"-redis", "redis://127.0.0.1:1/0"}, "-redis"},
		{"only -cron", nil, []string{"-cron", "@daily"}, "-cron"},
		{"credentials without -db", both, []string{"-template", "x", "-public-photos"}, "-db"},
		{"credentials without -template", both, []string{"-db", "sqlite:school.db", "-public-photos"}, "-template"},
		{"credentials without links", both, []string{"-db", "sqlite:school.db", "-template", "x"}, "-public-photos"},
		{"base URL without scheme", with(account.EnvBaseURL, "gateway.example"), nil, "WECHAT_BASE_URL"},
		{"short link key", with("WXHOME_LINK_KEY", "short"), []string{"-db", "sqlite:x.db", "-template", "x", "-link", "https://x.example"}, "WXHOME_LINK_KEY"},
		{"link over http", with("WXHOME_LINK_KEY", "a key of sixteen bytes"), []string{"-db", "sqlite:x.db", "-template", "x", "-link", "http://x.example"}, "https://"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := runProgram(t.Context(), tt.environment, tt.args...)
			oneClearLine(t, r, exitUsage, tt.says)
			assert.NotContains(t, r.both(), secret)
			assert.NotContains(t, r.both(), "Simulation")
		})
	}
}

// TestWeChatRefuses scripts what a person must mend.
func TestWeChatRefuses(t *testing.T) {
	t.Parallel()
	const tokenPath, listPath = "/cgi-bin/stable_token", "/cgi-bin/template/get_all_private_template"
	tests := []struct {
		name   string
		path   string
		fault  wechattest.Fault
		status int
		says   []string
	}{
		{"wrong secret", tokenPath, wechattest.Fault{Code: 40125}, exitUsage, []string{"40125", "WECHAT_APPSECRET", "开发密钥"}},
		{"secret of another account", tokenPath, wechattest.Fault{Code: 40001}, exitUsage, []string{"40001", "WECHAT_APPSECRET"}},
		{"wrong AppID", tokenPath, wechattest.Fault{Code: 40013}, exitUsage, []string{"40013", "WECHAT_APPID"}},
		{"IP not allowed", tokenPath, wechattest.Fault{Code: 40164, Message: "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist"}, exitUsage, []string{"203.0.113.7", "IP白名单", "开发密钥"}},
		{"no permission", listPath, wechattest.Fault{Code: 48001}, exitUsage, []string{"48001", "mp.weixin.qq.com"}},
		{"quota", listPath, wechattest.Fault{Code: 45009}, exitStopped, []string{"45009", "midnight"}},
		{"gateway", listPath, wechattest.Fault{Status: 502}, exitStopped, []string{"502", "network"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, id, environment := newServer(t)
			s.Fail(tt.path, 100, tt.fault)
			db := smallSchool(t)
			r := runProgram(t.Context(), environment, realFlags(db, id)...)
			oneClearLine(t, r, tt.status, tt.says...)
			assert.Zero(t, s.AcceptedCount())
			assert.NotContains(t, r.both(), s.AppSecret)
		})
	}
}

func TestWrongTemplate(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	other := s.AddTemplate(template.Template{Title: "老模板", Content: "{{first.DATA}}\n姓名：{{keyword1.DATA}}\n{{remark.DATA}}"})
	plain := s.AddTemplate(template.Template{Title: "照片", Content: "{{studentName.DATA}} {{photoUrl.DATA}}"})
	db := smallSchool(t)
	base := []string{"-db", db, "-public-photos", "-rate", "1000", "-yes", "-template"}
	push := func(args ...string) result { return runProgram(t.Context(), environment, append(base, args...)...) }

	oneClearLine(t, push("nowhere"), exitUsage, "nowhere", "batchpush templates", "-field")
	r := push(id)
	oneClearLine(t, r, exitUsage, "thing1, time2", "照片更新提醒")
	assert.Contains(t, r.errors, "-field thing1={student_name} -field time2={photo_update_time}", "a ready line")
	oneClearLine(t, push(id, "-field", "thing1={student_name}"), exitUsage, "time2")
	oneClearLine(t, push(id, "-field", "thing1=x", "-field", "time2={photo_update_time}", "-field", "thing9=x"), exitUsage, "thing9")
	oneClearLine(t, push(id, "-field", "thing1={photo_url}", "-field", "time2={photo_update_time}"), exitUsage, "thing1", "link")
	oneClearLine(t, push(id, "-field", "thing1=https://x.example", "-field", "time2={photo_update_time}"), exitUsage, "link")
	oneClearLine(t, push(id, "-field", "thing1=祝好🎉", "-field", "time2={photo_update_time}"), exitUsage, "emoji")
	oneClearLine(t, push(id, "-field", "thing1=a\nb", "-field", "time2={photo_update_time}"), exitUsage, "line break")
	oneClearLine(t, push(id, "-field", "thing1=x", "-field", "time2=yesterday"), exitUsage, "time2")
	oneClearLine(t, push(id, "-field", "thing1={class}", "-field", "time2={photo_update_time}"), exitUsage, "{class}")
	assert.Zero(t, s.AcceptedCount())

	r = push("nowhere", "-field", "thing1={student_name}")
	require.Equal(t, exitStopped, r.status, r.both())
	assert.Contains(t, r.errors, "warning: the account's list does not show the template nowhere")
	assert.Contains(t, r.errors, "40037")
	assert.Contains(t, r.out, "To continue: batchpush ")
	assert.Contains(t, r.out, "5 pending")

	assert.Equal(t, exitOK, push(plain, "-campaign", "plain").status, "the one template that is served without -field")
	assert.Equal(t, exitOK, push(other, "-campaign", "other", "-again", "-field", "keyword1={student_name}").status, "first and remark need not be covered")
}

// TestSettingsOfACampaign continues a campaign with other settings.
func TestSettingsOfACampaign(t *testing.T) {
	t.Parallel()
	_, id, environment := newServer(t)
	db := smallSchool(t)
	require.Equal(t, exitOK, runProgram(t.Context(), environment, realFlags(db, id, "-campaign", "one")...).status)
	r := runProgram(t.Context(), environment, realFlags(db, id, "-campaign", "one", "-since", "2026-01-01")...)
	oneClearLine(t, r, exitUsage, "campaign one was begun with another template, fields, since or link")
	r = runProgram(t.Context(), environment, realFlags(db, id, "-campaign", "one", "-new")...)
	oneClearLine(t, r, exitUsage, "there is a campaign one already")
}

func TestBadDatabases(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := filepath.Join(folder, "text.db")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600))
	empty := filepath.Join(folder, "empty.db")
	createSQLite(t, empty, "CREATE TABLE other (id INTEGER)")
	columns := filepath.Join(folder, "columns.db")
	createSQLite(t, columns, "CREATE TABLE parent_wechat_bind (id INTEGER PRIMARY KEY, openid TEXT); CREATE TABLE student_photo (student_id TEXT)")
	tests := []struct{ name, address, says string }{
		{"no such file", "sqlite:" + filepath.Join(folder, "missing.db"), "missing.db"},
		{"a folder", "sqlite:" + folder, folder},
		{"a text", "sqlite:" + text, "text.db"},
		{"no kind", "school.db", "sqlite:PATH"},
		{"no DSN", "mysql:", "mysql:"},
		{"a DSN that cannot be", "mysql:user:hunter2@nowhere", "DSN"},
		{"nobody listens", "mysql:user:hunter2@tcp(127.0.0.1:1)/school", "running"},
		{"no tables", "sqlite:" + empty, "batchpush import"},
		{"a charset", "mysql:me:hunter2@tcp(127.0.0.1:1)/x?charset=utf8", "write charset=utf8mb4"},
		{"no columns", "sqlite:" + columns, "parent_wechat_bind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := runProgram(t.Context(), nil, "-simulate", "-db", tt.address)
			oneClearLine(t, r, exitUsage, tt.says)
			assert.NotContains(t, r.both(), "hunter2")
		})
	}
}

func createSQLite(t *testing.T, path, statements string) {
	t.Helper()
	conn, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Exec(statements)
	require.NoError(t, err)
}

// TestBadRows has values in the tables that no message can carry. They fail
// alone.
func TestBadRows(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	db := smallSchool(t)
	createSQLite(t, strings.TrimPrefix(db, "sqlite:"), fmt.Sprintf(`
INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time) VALUES ('1', 'oA', 'long', ''), ('1', 'oA', 'line', ''), ('1', 'oA', 'emoji', ''), ('1', 'not an openid', '1', '');
INSERT INTO student_photo VALUES ('long', '%s', 'https://p.example/l.jpg', '2026-11-20 09:00:00'), ('line', 'a' || char(10) || 'b', 'https://p.example/l.jpg', '2026-11-20 09:00:00'), ('emoji', '小🎉明', 'https://p.example/l.jpg', '2026-11-20 09:00:00')`,
		strings.Repeat("长", 600)))
	r := runProgram(t.Context(), environment, realFlags(db, id, "-json")...)
	require.Equal(t, exitFailed, r.status, r.both())
	sum := summaryOf(t, r)
	assert.Equal(t, []int{9, 4, 2, 3}, []int{sum.Recipients, sum.Accepted, sum.Skipped, sum.Failed})
	assert.EqualValues(t, 4, s.AcceptedCount())
}

func TestBadCSV(t *testing.T) {
	t.Parallel()
	good := "13900000001,oA,1,甲,https://p.example/1.jpg,2026-11-20 09:00\n"
	tests := []struct {
		name, text string
		says       []string
	}{
		{"Excel's number", csvHeader + good + "13900000001,oA,2.026E+13,乙,,\n", []string{"line 3", "student_id", "2.026E+13", "Excel"}},
		{"long name", csvHeader + "13900000001,oA,1," + strings.Repeat("长", 600) + ",,\n", []string{"line 2", "student_name", "(64)"}},
		{"not an openid", csvHeader + "13900000001,未绑定,1,甲,,\n", []string{"line 2", "wechat_openid", "未绑定"}},
		{"no header", good, []string{"line 1", "parent_mobile"}},
		{"empty", "", []string{"empty"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "parents.csv")
			require.NoError(t, os.WriteFile(file, []byte(tt.text), 0o600))
			db := smallSchool(t)
			r := runProgram(t.Context(), nil, "import", "-db", db, file)
			oneClearLine(t, r, exitUsage, append(tt.says, "nothing was loaded")...)
			r = runProgram(t.Context(), nil, "import", "-db", db, "-lang", "zh", file)
			oneClearLine(t, r, exitUsage, "没有导入任何内容")
		})
	}
	address := dbtest.SQLite(t)
	_, err := dbtest.Open(t, address).Exec("CREATE TABLE parent_wechat_bind (id INTEGER PRIMARY KEY, parent_mobile TEXT, wechat_openid TEXT, student_id INTEGER, create_time TEXT)")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "parents.csv")
	require.NoError(t, os.WriteFile(file, []byte(csvHeader+"13800138000,oLi,007,甲,,\n13900139000,oHan,7,乙,,\n13800138000,oLi,08,丙,,\n"), 0o600))
	r := runProgram(t.Context(), nil, "import", "-db", address, "-lang", "zh", file)
	oneClearLine(t, r, exitUsage, `数据表的列无法原样保存这些值`, `第 2 行：student_id "007"; 第 4 行：student_id "08"`, "没有导入任何内容")
	r = runProgram(t.Context(), nil, "import", "-db", smallSchool(t), filepath.Join(t.TempDir(), "missing.csv"))
	oneClearLine(t, r, exitUsage, "there is no file", "missing.csv", "nothing was loaded")
	assert.NotContains(t, r.errors, "database")
	r = runProgram(t.Context(), nil, "import", "-db", smallSchool(t), t.TempDir())
	oneClearLine(t, r, exitUsage, "folder")
}

// TestNoRightToWrite has a MySQL user who may only read.
func TestNoRightToWrite(t *testing.T) {
	t.Parallel()
	admin, config := newMySQL(t)
	user := fmt.Sprintf("wxhome_reader_%d", os.Getpid())
	for _, statement := range []string{
		"CREATE USER '" + user + "'@'%' IDENTIFIED BY 'hunter2'",
		"GRANT SELECT ON " + config.DBName + ".* TO '" + user + "'@'%'",
	} {
		_, err := admin.Exec(statement)
		require.NoError(t, err)
	}
	t.Cleanup(func() { _, _ = admin.Exec("DROP USER '" + user + "'@'%'") })
	file := filepath.Join(t.TempDir(), "parents.csv")
	require.NoError(t, os.WriteFile(file, []byte(csvHeader+"13900000001,oA,1,甲,https://p.example/1.jpg,2026-11-20 09:00\n"), 0o600))
	r := runProgram(t.Context(), nil, "import", "-db", "mysql:"+config.FormatDSN(), file)
	require.Equal(t, exitOK, r.status, r.both())

	owner := config.FormatDSN()
	config.User, config.Passwd = user, "hunter2"
	reader := "mysql:" + config.FormatDSN()
	r = runProgram(t.Context(), nil, "-simulate", "-db", reader)
	oneClearLine(t, r, exitUsage, "-ledger")
	assert.NotContains(t, r.both(), "hunter2")
	r = runProgram(t.Context(), nil, "check", "-simulate", "-db", reader)
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.out, "lacks INSERT, UPDATE, CREATE")
	require.Equal(t, exitOK, runProgram(t.Context(), nil, "-simulate", "-db", "mysql:"+owner, "-campaign", "one").status)
	for _, campaign := range []string{"one", "two"} {
		r = runProgram(t.Context(), nil, "-simulate", "-db", reader, "-campaign", campaign)
		assert.Equal(t, exitUsage, r.status, r.both())
		assert.Contains(t, r.errors, "denied")
		assert.NotContains(t, r.out, "To continue", "it would be denied again")
	}
	r = runProgram(t.Context(), nil, "-simulate", "-db", reader, "-ledger", "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.Equal(t, exitOK, r.status, r.both())
	config.Passwd = "wrong-hunter3"
	r = runProgram(t.Context(), nil, "-simulate", "-db", "mysql:"+config.FormatDSN())
	oneClearLine(t, r, exitUsage, "password")
	assert.NotContains(t, r.both(), "hunter3")
}

// newMySQL makes a database of the test's own and drops it at the end.
func newMySQL(t *testing.T) (admin *sql.DB, config *mysql.Config) {
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
	admin, err = sql.Open("mysql", config.FormatDSN())
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close() })
	config.DBName = fmt.Sprintf("wxhome_batchpush_%d_%s", os.Getpid(), strings.ToLower(t.Name()))
	_, err = admin.Exec("CREATE DATABASE " + config.DBName)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = admin.Exec("DROP DATABASE " + config.DBName) })
	return admin, config
}
