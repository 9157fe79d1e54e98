package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/school"
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
		{"enqueue -template x -field thing1=a -link notaurl", "-link: "},
		{"enqueue -template x -field thing1=a -link http://school.example/photo", "-link: "},
		{"schedule -cron @daily -template x -field thing1=a -link http://school.example/photo", "-link: "},
		{"enqueue -link https://x.example" + loads, "do not go together"},
		{"enqueue -limit 0" + loads, "-limit must be at least 1"},
		{"enqueue -since yesterday" + loads, "-since"},
		{"enqueue -since 2999-01-01" + loads, "-since: 2999-01-01 is still to come"},
		{"enqueue -tz Mars/Olympus" + loads, "-tz"},
		{"schedule" + loads, "-cron"},
		{"schedule -cron often" + loads, "-cron"},
		{"schedule -again -cron @daily" + loads, "-again does not go with schedule: each firing would send once more"},
		{"schedule -limit 3 -cron @daily" + loads, "-limit does not go with schedule: each firing would reach the same"},
		{"schedule -retry-failed -cron @daily" + loads, "-retry-failed does not go with schedule: that is a person's decision"},
		{"schedule -resend-unknown -cron @daily" + loads, "-resend-unknown does not go with schedule: that is a person's decision"},
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
	for _, flag := range []string{"-retry-failed", "-resend-unknown", "-unknown-received"} {
		r = w.run(t.Context(), "enqueue", "-template", templateID, "-field", "thing1={student_name}", "-public-photos", flag, "-campaign", "sprung")
		oneClearLine(t, r, exitUsage, "the ledger has no campaign sprung of account ")
	}
	r = w.run(t.Context(), "status", "-campaign", "autumn")
	oneClearLine(t, r, exitUsage, "no campaign autumn")
}

// TestVariables: an environment variable stands for a flag that is missing, and for that alone.
func TestVariables(t *testing.T) {
	t.Parallel()
	environment := map[string]string{"WXHOME_DB": "mysql:a", "WXHOME_LEDGER": " mysql:b ", "WXHOME_REDIS": "redis://h:1/0"}
	getenv := func(name string) string { return environment[name] }
	o, err := parseOptions([]string{"work"}, getenv, language{}, time.Now())
	require.NoError(t, err)
	assert.Equal(t, []string{"mysql:a", "mysql:b", "redis://h:1/0"}, []string{o.db, o.ledger, o.redis})
	o, err = parseOptions([]string{"work", "-db", "mysql:c", "-ledger", "mysql:d", "-redis", "redis://h:2/0"}, getenv, language{}, time.Now())
	require.NoError(t, err)
	assert.Equal(t, []string{"mysql:c", "mysql:d", "redis://h:2/0"}, []string{o.db, o.ledger, o.redis})
}

// TestBadFields holds -field to the rules and to the template, in the simulation too, before
// anything is written.
func TestBadFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	demo := school.DemoTemplate().ID
	for _, tt := range []struct{ template, fields, says string }{
		{demo, "thing1=a", "-field does not cover time2, thing3"},
		{demo, "thing1=a time2=15:01 thing3=c thing4=d", "-field thing4: the template \"照片更新提醒\" has no such keyword"},
		{demo, "thing1={student_name} time2=soon thing3=c", "-field time2: "},
		{templateID, "thing1=abcdefghijklmnopqrstuvwxyz", "-field thing1: "},
		{templateID, "thing1=https://p.example/1.jpg", "-field thing1: a link is no value"},
		{templateID, "thing1={photo_url}", "-field thing1: a link is no value"},
	} {
		args := []string{"enqueue", "-public-photos", "-yes", "-template", tt.template}
		for field := range strings.FieldsSeq(tt.fields) {
			args = append(args, "-field", field)
		}
		oneClearLine(t, w.run(t.Context(), append(args, "-simulate")...), exitUsage, tt.says)
		if tt.template == templateID { // which the account has
			oneClearLine(t, w.run(t.Context(), args...), exitUsage, tt.says)
		}
	}
	campaigns, err := push.Campaigns(t.Context(), w.db, w.wechat.AppID)
	require.NoError(t, err)
	assert.Empty(t, campaigns)
	r := w.run(t.Context(), "enqueue", "-simulate", "-public-photos", "-template", demo, "-field", "thing1={student_name}", "-field", "time2={photo_update_time}", "-field", "thing3=c")
	assert.Equal(t, exitOK, r.status, r.both())
}

// TestMistakesAreNotContinued: what fails again as it stands ends with 2, and no command that would
// fail the same way is printed.
func TestMistakesAreNotContinued(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	loads := []string{"-template", templateID, "-public-photos", "-yes"}
	r := w.run(t.Context(), append(loads, "enqueue", "-field", "thing1={nope}")...)
	oneClearLine(t, r, exitUsage, "a field wants {nope}")
	assert.Empty(t, r.out)
	r = w.run(t.Context(), append(loads, "schedule", "-cron", "@daily", "-field", "thing1={nope}")...)
	oneClearLine(t, r, exitUsage, "a field wants {nope}")
	w.enqueue()
	loads = append(loads, "-field", "thing1={student_name}")
	r = w.run(t.Context(), append(loads, "enqueue", "-campaign", "spring", "-resend-unknown", "-unknown-received")...)
	oneClearLine(t, r, exitUsage, "-resend-unknown and -unknown-received do not go together")
	assert.Empty(t, r.out)

	var name string
	require.NoError(t, w.db.QueryRow("SELECT DATABASE()").Scan(&name))
	user := fmt.Sprintf("wxhome_reader_%d", os.Getpid())
	w.execute("CREATE USER " + user + "@'%'")
	t.Cleanup(func() { _, _ = w.db.Exec("DROP USER " + user + "@'%'") })
	w.execute("GRANT SELECT ON " + name + ".* TO " + user + "@'%'")
	r = w.run(t.Context(), append(loads, "enqueue", "-campaign", "spring", "-db", strings.Replace(w.source, "root@", user+"@", 1))...)
	oneClearLine(t, r, exitUsage, "denied")
	assert.NotContains(t, r.out, "To continue")
}

// TestNamingDropsDecisions: a command that goes on with a campaign repeats nothing that is meant once.
func TestNamingDropsDecisions(t *testing.T) {
	t.Parallel()
	args := []string{"enqueue", "-campaign", "x"}
	for _, flag := range decisions {
		args = append(args, "-"+flag)
	}
	i := operator.Invocation{Name: "pushfleet", Args: append(args, "-yes"), Flags: (&options{}).flagSet(language{})}
	assert.Equal(t, "pushfleet enqueue -yes -campaign spring", i.Command(naming("spring")))
	assert.Equal(t, "pushfleet enqueue -retry-failed -resend-unknown -unknown-received -times-shifted -yes -campaign spring", i.Command(asGiven("spring")), "nothing was done yet")
}
