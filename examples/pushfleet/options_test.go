package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
)

const someSecret = "0ad1b0c0ffee0ad1b0c0ffee0ad1b0c0"

// oneClearLine asserts that a run ended with a status and one line that says
// what is wanted of the operator.
func oneClearLine(t *testing.T, r result, status int, says string) {
	t.Helper()
	require.Equal(t, status, r.status, r.both())
	require.Equal(t, 1, strings.Count(r.errors, "\n"), r.errors)
	assert.True(t, strings.HasPrefix(r.errors, "pushfleet: "), r.errors)
	assert.Contains(t, r.errors, says)
}

func TestBadCommandLine(t *testing.T) {
	t.Parallel()
	const loads = " -template x -field thing1=a -public-photos"
	for _, tt := range []struct{ args, says string }{
		{"", "a command is missing"},
		{"push", `unknown command "push"`},
		{"work now", `"now" is not expected here`},
		{"work -nonsense", "-nonsense"},
		{"work -template x", "-template does nothing with work"},
		{"enqueue -rate 5" + loads, "-rate does nothing with enqueue"},
		{"status -until-done", "-until-done does nothing with status"},
		{"enqueue -cron @daily" + loads, "-cron does nothing with enqueue"},
		{"work -rate 0", "-rate must be from"},
		{"work -rate NaN", "-rate must be from"},
		{"work -workers 0", "-workers must be from"},
		{"work -workers 100000", "-workers must be from"},
		{"work -link https://x.example -link-ttl 1s", "-link-ttl must be at least"},
		{"work -link https://x.example", "WXHOME_LINK_KEY"},
		{"enqueue", "-public-photos"},
		{"enqueue -public-photos", "-template and -field are missing"},
		{"enqueue -link https://x.example" + loads, "do not go together"},
		{"enqueue -limit 0" + loads, "-limit must be at least 1"},
		{"enqueue -since yesterday" + loads, "-since"},
		{"enqueue -tz Mars/Olympus" + loads, "-tz"},
		{"schedule" + loads, "-cron"},
		{"schedule -cron often" + loads, "-cron"},
		{"schedule -campaign x -cron @daily" + loads, "-campaign does nothing with schedule"},
		{"work -redis 127.0.0.1:6379", "redis://USER:PASSWORD@HOST:6379/0"},
		{"work -redis redis://u:geheim@h:port", "redis://USER:PASSWORD@HOST:6379/0"},
		{"work -db sqlite:none.db", "no file"},
		{"work -db mysql:u:geheim@tcp(127.0.0.1:1)/d", "the database"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			r := runProgram(t.Context(), map[string]string{
				account.EnvAppID: "wx0123456789abcdef", account.EnvAppSecret: someSecret,
				"WXHOME_DB": "mysql:u:geheim@tcp(127.0.0.1:1)/d", "WXHOME_REDIS": "redis://:geheim@127.0.0.1:1/0",
			}, strings.Fields(tt.args)...)
			oneClearLine(t, r, exitUsage, tt.says)
			assert.NotContains(t, r.both(), "geheim")
			assert.NotContains(t, r.both(), someSecret)
		})
	}
}

// TestWithoutRedis says what to start.
func TestWithoutRedis(t *testing.T) {
	t.Parallel()
	env := map[string]string{"WXHOME_DB": "mysql:u@tcp(127.0.0.1:1)/d"}
	oneClearLine(t, runProgram(t.Context(), env, "work"), exitUsage, "redis-server --appendonly yes")
	env = map[string]string{"WXHOME_REDIS": "redis://127.0.0.1:1/0"}
	oneClearLine(t, runProgram(t.Context(), env, "work"), exitUsage, "WXHOME_DB")
}

// TestNeverASilentSimulation gives no credentials, or half of them.
func TestNeverASilentSimulation(t *testing.T) {
	t.Parallel()
	env := map[string]string{"WXHOME_DB": "mysql:u@tcp(127.0.0.1:1)/d", "WXHOME_REDIS": "redis://127.0.0.1:1/0"}
	oneClearLine(t, runProgram(t.Context(), env, "work"), exitUsage, "WECHAT_APPID and WECHAT_APPSECRET")
	env[account.EnvAppID] = "wx0123456789abcdef"
	oneClearLine(t, runProgram(t.Context(), env, "work"), exitUsage, "WECHAT_APPSECRET")
}

// TestSQLiteIsRefused: several machines cannot share a file.
func TestSQLiteIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	for _, args := range [][]string{{"work"}, {"status"}, {"enqueue", "-template", "x", "-field", "a=b", "-public-photos"}} {
		folder := t.TempDir()
		w.env["WXHOME_DB"] = w.source
		makeSQLite(t, folder+"/ledger.db")
		r := w.run(t.Context(), append(args, "-ledger", "sqlite:"+folder+"/ledger.db")...)
		oneClearLine(t, r, exitUsage, "MySQL or MariaDB")
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	r := runProgram(t.Context(), nil, "-h")
	require.Equal(t, exitOK, r.status)
	for _, want := range []string{"pushfleet enqueue", "-until-done", "redis://"} {
		assert.Contains(t, r.out, want)
	}
}

// TestBadTemplate holds -field to the account's list.
func TestBadTemplate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	r := w.run(t.Context(), "enqueue", "-template", templateID, "-field", "time2=x", "-public-photos")
	oneClearLine(t, r, exitUsage, "-field does not cover thing1")
	r = w.run(t.Context(), "enqueue", "-template", templateID, "-field", "thing1=x", "-field", "time2=x", "-public-photos")
	oneClearLine(t, r, exitUsage, "no such keyword")
	w.enqueue()
	r = w.run(t.Context(), "enqueue", "-template", templateID, "-field", "thing1=other", "-public-photos", "-campaign", "spring")
	oneClearLine(t, r, exitUsage, "campaign spring was begun with another")
	r = w.run(t.Context(), "enqueue", "-template", templateID, "-field", "thing1=other", "-public-photos", "-campaign", " ")
	oneClearLine(t, r, exitUsage, "-campaign")
	r = w.run(t.Context(), "status", "-campaign", "autumn")
	oneClearLine(t, r, exitUsage, "no campaign autumn")
}
