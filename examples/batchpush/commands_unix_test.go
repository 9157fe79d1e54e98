//go:build unix

package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/operator/commandtest"
	"github.com/org/wxhome/wechat/wechattest"
)

// printedCommand is a way to have the program print a command.
type printedCommand struct {
	fault  *wechattest.Fault // of the sending, in before or else in args
	before []string          // a command line that is run first
	change string            // a statement for the database after it
	args   []string
	stays  bool // until it is interrupted
	status int
	text   string // what the command stands behind
	want   int    // its exit status
	says   string // and what it prints
}

// killed has a process die that was sending a message of c.
const killed = `UPDATE push_message SET state = 'sending', owner = 'dead-1-x', sending_at = strftime('%s', 'now') - 2, updated_at = strftime('%s', 'now') WHERE openid = 'oB';
UPDATE push_campaign SET finished_at = 0`

// cancelledAfter has a later campaign take the rows of c over, and be cancelled.
const cancelledAfter = `INSERT INTO push_campaign SELECT appid, 'd', settings, 0, 0, created_at + 1, 1 FROM push_campaign;
INSERT INTO push_message (appid, campaign, openid, student_id, content, client_msg_id, state, owner, sending_at, msgid, errcode, error, attempts, updated_at)
SELECT appid, 'd', openid, student_id, content, client_msg_id || 'd', 'skipped', '', 0, 0, 0, 'cancelled by li', 0, 1 FROM push_message;
UPDATE push_message SET state = 'skipped', error = 'superseded by d' WHERE campaign = 'c';
UPDATE push_campaign SET finished_at = 1;
INSERT INTO push_control VALUES ('wx0123456789abcdef', 'd', 'cancelled', 'li', 1)`

// printedCommands has each place that prints a command, as [commandtest.Callers] calls it.
func printedCommands(school, id string) map[string]printedCommand {
	push := func(more ...string) []string { return realFlags(school, id, more...) }
	odd := "春 天's -{photo,x} $HOME"
	nowhere := []string{"-db", school, "-public-photos", "-template", "nowhere"}
	return map[string]printedCommand{
		"run":             {args: []string{"-nonsense", "-lang", "zh"}, status: exitUsage, text: "参数说明：", says: "退出码"},
		"describe":        {args: append(nowhere, "-yes", "-field", "thing1=x"), status: exitStopped, text: "own list: ", says: "照片更新提醒"},
		"approved":        {args: asking(school, id), status: exitUsage, text: "then add -yes: ", says: "4 accepted"},
		"templateMissing": {args: []string{"-db", school, "-public-photos"}, status: exitUsage, text: "the account's: ", says: "照片更新提醒"},
		"unlisted":        {args: nowhere, status: exitUsage, text: "another id from: ", says: "照片更新提醒"},
		"outcome": {
			fault: &wechattest.Fault{Code: 47003}, args: push("-campaign", odd), status: exitFailed,
			text: "as a file for Excel: ", says: "5 rows written to failures.csv",
		},
		"outcome#2": {
			fault: &wechattest.Fault{Code: 47003}, args: push("-campaign", odd), status: exitFailed,
			text: "once that is mended: ", says: odd + ": 5 recipients = 0 unchanged + 4 accepted + 1 skipped",
		},
		"outcome#3": {
			before: push("-campaign", "c"), change: "UPDATE push_message SET state = 'unknown' WHERE openid = 'oB'",
			args: push("-campaign", "c"), status: exitFailed,
			text: "at the risk of a second message: ", says: "1 sent in this run",
		},
		"outcome#4": {
			before: push("-campaign", "c"), change: "UPDATE push_message SET state = 'unknown' WHERE openid = 'oB'",
			args: push("-campaign", "c"), status: exitFailed,
			text: "as received instead: ", says: "0 sent in this run",
		},
		"outcome#5": {
			fault: &wechattest.Fault{Code: 48001}, before: push("-campaign", "c"), args: push("-campaign", "c", "-limit=2"), status: exitStopped,
			text: "-limit leaves the rest. To continue: ", says: "c: 5 recipients = 0 unchanged + 4 accepted",
		},
		"concerns": {
			before: push("-campaign", "c"), args: push("-campaign", "c", "-resend-unknown", "-student", "99"), status: exitUsage,
			text: "pupils' ids with ", says: "1 rows written to failures.csv",
		},
		"pause": {
			fault: &wechattest.Fault{Code: 48001}, before: push("-campaign", odd), args: []string{"pause", "-db", school, "-campaign", odd}, status: exitOK,
			text: "To go on: ", says: "Campaign " + odd + " goes on",
		},
		"sayControl": {
			before: push("-campaign", "c"), change: "INSERT INTO push_control VALUES ('wx0123456789abcdef', '', 'paused', 'li', 1)",
			args: []string{"status", "-db", school, "-failures", os.DevNull}, status: exitOK, text: "To go on: ", says: "All campaigns of account",
		},
		"sayHeld": {
			fault: &wechattest.Fault{Code: 48001}, before: push("-campaign", "c"), change: "INSERT INTO push_control VALUES ('wx0123456789abcdef', 'c', 'paused', 'batchpush -cron', 1)",
			args: []string{"resume", "-db", school}, status: exitOK, text: "To send it: ", says: "Campaign c goes on",
		},
		"unasked": {
			fault: &wechattest.Fault{Code: 48001}, before: push("-campaign", "c"), change: "UPDATE push_campaign SET created_at = created_at - 200000",
			args: push("-cron", "0 0 1 1 *"), stays: true, status: exitInterrupted, text: "To continue it: ", says: "c: 5 recipients = 0 unchanged + 4 accepted",
		},
		"sayNewer": {
			before: push("-campaign", "c"), change: "UPDATE student_photo SET photo_update_time = '2026-11-26 09:00:00'",
			args: push("-campaign", "c"), status: exitOK, text: "To send that photo too: ", says: "4 sent in this run",
		},
		"sayOpen": {
			before: push("-campaign", "c"), change: killed, args: push("-campaign", "d"), status: exitFailed,
			text: "Then continue this one: ", want: exitFailed, says: "d: 5 recipients",
		},
		"sayHowToSettle": {
			before: push("-campaign", "c"), change: killed + "; INSERT INTO push_control VALUES ('wx0123456789abcdef', 'c', 'cancelled', 'li', 1)",
			args: push("-campaign", "d"), status: exitFailed,
			text: "To have it settle them: ", says: "Campaign c is cancelled: 0 messages are not sent, 1 may have been",
		},
		"sayHowToSettle#2": {
			before: push("-campaign", "c"), change: killed, args: push("-campaign", "d", "-limit", "3"), status: exitFailed,
			text: "To continue it: ", says: "1 sent in this run",
		},
		"sayDropped": {
			fault: &wechattest.Fault{Code: 48001}, before: push("-campaign", "c"), change: cancelledAfter,
			args: push("-campaign", "c"), status: exitOK, text: "so that no campaign sends them: 5. To send them: ", says: "4 sent in this run",
		},
		"sayContinue": {
			fault: &wechattest.Fault{Code: 48001}, args: push("-campaign", "-c", "-new"), status: exitStopped,
			text: "To continue: ", says: "-c: 5 recipients = 0 unchanged + 4 accepted",
		},
	}
}

// TestPrintedCommandsRun: each command that the program prints is run by a shell. Whoever prints
// one in another place adds it here.
func TestPrintedCommandsRun(t *testing.T) {
	t.Parallel()
	covered := printedCommands("", "")
	assert.Equal(t, commandtest.Callers(t, "."), slices.Sorted(maps.Keys(covered)), "each place that prints a command has a run here")
	for name := range covered {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, id, environment := newServer(t)
			school := smallSchool(t)
			c := printedCommands(school, id)[name]
			if c.fault != nil {
				s.Fail(sendPath, -1, *c.fault)
			}
			binary, env := commandtest.Binary(t, "batchpush"), environ(environment)
			if c.before != nil {
				_, _ = printedBy(t, binary, env, c.before)
				s.Heal()
				createSQLite(t, strings.TrimPrefix(school, "sqlite:"), c.change)
			}
			p := startCommand(t, environment, binary, c.args...)
			if c.stays {
				p.until(t, c.text)
				require.NoError(t, p.Process.Signal(os.Interrupt))
			}
			status, printed := p.end(), p.all.String()
			require.Equal(t, c.status, status, printed)
			s.Heal()
			status, printed = commandtest.Run(t, env, commandtest.Find(t, printed, c.text))
			assert.Equal(t, c.want, status, printed)
			assert.Contains(t, printed, c.says)
		})
	}
}

// environ is the environment of a process that is the program.
func environ(environment map[string]string) []string {
	env := append(os.Environ(), asProgram+"=1", "LC_ALL=C")
	for name, value := range environment {
		env = append(env, name+"="+value)
	}
	return env
}

// printedBy runs the program and returns its exit status and all that it printed.
func printedBy(t *testing.T, binary string, env, args []string) (status int, printed string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env, cmd.Dir = env, t.TempDir()
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

// TestPrintedCommandWithoutItsPassword: a password that was given by flag is printed nowhere. The
// command takes it from the environment, and says so when it is not there.
func TestPrintedCommandWithoutItsPassword(t *testing.T) {
	t.Parallel()
	admin, config := newMySQL(t)
	user := fmt.Sprintf("wxhome_printed_%d", os.Getpid())
	for _, statement := range []string{"CREATE USER '%s'@'%%' IDENTIFIED BY 'hunter2'", "GRANT ALL ON " + config.DBName + ".* TO '%s'@'%%'"} {
		_, err := admin.Exec(fmt.Sprintf(statement, user))
		require.NoError(t, err)
	}
	t.Cleanup(func() { _, _ = admin.Exec("DROP USER '" + user + "'@'%'") })
	config.User, config.Passwd = user, "hunter2"
	school := "mysql:" + config.FormatDSN()
	file := filepath.Join(t.TempDir(), "parents.csv")
	require.NoError(t, os.WriteFile(file, []byte(csvHeader+"13900000001,oA,1,甲,https://p.example/1.jpg,2026-11-20 09:00\n"), 0o600))
	r := runProgram(t.Context(), nil, "import", "-db", school, file)
	require.Equal(t, exitOK, r.status, r.both())

	s, id, environment := newServer(t)
	s.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
	binary, env := commandtest.Binary(t, "batchpush"), environ(environment)
	status, printed := printedBy(t, binary, env, realFlags(school, id))
	require.Equal(t, exitStopped, status, printed)
	assert.NotContains(t, printed, "hunter2")
	assert.NotContains(t, printed, "is set to something else")
	_, other := printedBy(t, binary, append(env, "WXHOME_DB=sqlite:other.db"), realFlags(school, id))
	assert.Contains(t, other, "warning: WXHOME_DB is set to something else than -db: set it to the value of -db before")
	s.Heal()
	command := commandtest.Find(t, printed, "To continue: ")
	status, printed = commandtest.Run(t, env, command)
	assert.NotZero(t, status)
	assert.Contains(t, printed, "WXHOME_DB: set it to the value that -db had")
	status, printed = commandtest.Run(t, append(env, "WXHOME_DB="+school), command)
	assert.Equal(t, exitOK, status, printed)
	assert.EqualValues(t, 1, s.AcceptedCount())
}
