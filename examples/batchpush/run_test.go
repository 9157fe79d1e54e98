package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/receipt"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

// result is what a run of the program left.
type result struct {
	status      int
	out, errors string
}

// both returns all that was printed.
func (r result) both() string { return r.out + r.errors }

// runProgram runs batchpush with an environment of its own.
func runProgram(ctx context.Context, environment map[string]string, args ...string) result {
	var out, errs bytes.Buffer
	getenv := func(name string) string { return environment[name] }
	status := run(ctx, append([]string{"batchpush"}, args...), getenv, strings.NewReader(""), &out, &errs)
	return result{status, out.String(), errs.String()}
}

const csvHeader = "parent_mobile,wechat_openid,student_id,student_name,photo_url,photo_update_time\n"

// newSchool imports lines into a SQLite file and returns its address.
func newSchool(t *testing.T, lines ...string) string {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "parents.csv")
	require.NoError(t, os.WriteFile(file, []byte(csvHeader+strings.Join(lines, "\n")), 0o600))
	address := "sqlite:" + filepath.Join(folder, "school.db")
	r := runProgram(t.Context(), nil, "import", "-db", address, file)
	require.Equal(t, exitOK, r.status, r.both())
	return address
}

// smallSchool has four reachable children, one parent who left, and one row
// without a photo.
func smallSchool(t *testing.T) string {
	t.Helper()
	return newSchool(t, smallSchoolLines...)
}

var smallSchoolLines = []string{
	"13900000001,oA,1,甲,https://p.example/1.jpg,2026-11-20 09:00",
	"13900000001,oA,2,乙,https://p.example/2.jpg,2026-11-20 09:00",
	"13900000002,oB,3,丙,https://p.example/3.jpg,2026-11-20 09:00",
	"13900000003,oC,4,丁,https://p.example/4.jpg,2026-11-20 09:00",
	"13900000004,oGone,5,戊,https://p.example/5.jpg,2026-11-20 09:00",
	"13900000005,oE,6,己,,",
}

// newServer is a WeChat with the small school's parents and a template, and
// the environment that leads there.
func newServer(t *testing.T) (*wechattest.Server, string, map[string]string) {
	t.Helper()
	s := wechattest.New(t, wechattest.WithAppID("wx0123456789abcdef", "0ad1b0c0ffee0ad1b0c0ffee0ad1b0c0"))
	s.Follow("oA", "oB", "oC", "oE")
	s.Unfollow("oGone")
	id := s.AddTemplate(template.Template{Title: "照片更新提醒", Content: "学生姓名{{thing1.DATA}}\n更新时间{{time2.DATA}}\n"})
	return s, id, map[string]string{
		account.EnvAppID: s.AppID, account.EnvAppSecret: s.AppSecret, account.EnvBaseURL: s.URL,
	}
}

// realFlags are what a real push of the small school needs.
func realFlags(db, templateID string, more ...string) []string {
	return append([]string{
		"-db", db, "-template", templateID, "-field", "thing1={student_name}", "-field", "time2={photo_update_time}",
		"-public-photos", "-rate", "1000", "-interval", "1ms", "-yes",
	}, more...)
}

func summaryOf(t *testing.T, r result) push.Summary {
	t.Helper()
	var s push.Summary
	require.NoError(t, json.Unmarshal([]byte(r.out), &s), r.both())
	return s
}

func TestDemo(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // os.UserCacheDir on Linux
	t.Setenv("LocalAppData", t.TempDir())   // and on Windows
	t.Setenv("HOME", t.TempDir())           // and on macOS
	first := runProgram(t.Context(), nil, "-json", "-rate", "5000", "-interval", "1ms")
	require.Equal(t, exitOK, first.status, first.both())
	assert.True(t, strings.HasPrefix(first.errors, "Simulation: nothing leaves this machine.\n"), first.errors)
	assert.Contains(t, first.errors, "demo-school.db")
	s := summaryOf(t, first)
	assert.Equal(t, s.Recipients, s.Accepted+s.Skipped)
	assert.Greater(t, s.Accepted, 1400)
	assert.NotZero(t, s.Skipped)
	assert.NotZero(t, s.LeftOut)
	assert.Equal(t, s.Accepted, s.Sent)

	second := runProgram(t.Context(), nil, "-json")
	require.Equal(t, exitOK, second.status, second.both())
	again := summaryOf(t, second)
	assert.Zero(t, again.Sent)
	assert.Equal(t, s.Accepted, again.Accepted)

	status := runProgram(t.Context(), nil, "status", "-json")
	require.Equal(t, exitOK, status.status, status.both())
	assert.Equal(t, s.Accepted, summaryOf(t, status).Accepted)
}

func TestPushForReal(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	db := smallSchool(t)
	r := runProgram(t.Context(), environment, realFlags(db, id)...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.NotContains(t, r.both(), "Simulation")
	assert.Contains(t, r.out, s.AppID+" at 127.0.0.1")
	assert.Contains(t, r.out, "照片更新提醒")
	assert.Contains(t, r.out, "5 recipients = 0 unchanged + 4 accepted + 1 skipped + 0 failed + 0 unknown + 0 pending")
	assert.NotContains(t, r.both(), s.AppSecret)
	require.Len(t, s.Accepted(), 4)
	for _, m := range s.Accepted() {
		assert.True(t, strings.HasPrefix(m.Message.ClientMsgID, s.AppID), m.Message.ClientMsgID)
		assert.Equal(t, "2026年11月20日 09:00", m.Message.Data["time2"].Value)
		assert.True(t, strings.HasPrefix(m.Message.URL, "https://p.example/"), m.Message.URL)
	}
}

func TestJSONKeys(t *testing.T) {
	t.Parallel()
	r := runProgram(t.Context(), nil, "-simulate", "-json", "-db", smallSchool(t))
	require.Equal(t, exitOK, r.status, r.both())
	var object map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.out), &object), "stdout has one object and no more")
	var keys []string
	for key := range object {
		keys = append(keys, key)
	}
	assert.ElementsMatch(t, []string{
		"campaign", "recipients", "left_out", "no_photo", "unchanged", "accepted", "skipped", "failed", "unknown", "pending", "sent", "seconds",
	}, keys)
}

// TestSimulationMarksNothingReal simulates with the real school, and pushes
// for real after that.
func TestSimulationMarksNothingReal(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	db := smallSchool(t)
	r := runProgram(t.Context(), environment, realFlags(db, id, "-simulate")...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.out, "Simulation: nothing leaves this machine.")
	assert.Zero(t, s.AcceptedCount())
	r = runProgram(t.Context(), environment, realFlags(db, id)...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.EqualValues(t, 4, s.AcceptedCount())
}

func TestDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	db := smallSchool(t)
	before := readFile(t, strings.TrimPrefix(db, "sqlite:"))
	r := runProgram(t.Context(), environment, realFlags(db, id, "-dry-run")...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.out, "5 recipients: 5 to send, 0 unchanged, 0 accepted, 0 skipped, 0 failed, 0 unknown; 1 rows left out")
	assert.Equal(t, 3, strings.Count(r.out, "→ "), "three messages")
	assert.Contains(t, r.out, "thing1 = 甲")
	assert.Contains(t, r.out, "url = https://p.example/1.jpg")
	assert.Zero(t, s.AcceptedCount())
	assert.Equal(t, before, readFile(t, strings.TrimPrefix(db, "sqlite:")))
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return b
}

func TestLimitAndUnchanged(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	db := smallSchool(t)
	r := runProgram(t.Context(), environment, realFlags(db, id, "-json", "-campaign", "one", "-limit", "2")...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.Equal(t, 2, summaryOf(t, r).Accepted)
	r = runProgram(t.Context(), environment, realFlags(db, id, "-json", "-campaign", "two")...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.Equal(t, 2, summaryOf(t, r).Unchanged)
	assert.Equal(t, 2, summaryOf(t, r).Sent)
	r = runProgram(t.Context(), environment, realFlags(db, id, "-json", "-campaign", "three", "-again")...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.Equal(t, 4, summaryOf(t, r).Sent)
	assert.EqualValues(t, 8, s.AcceptedCount())
}

// TestDryRunTellsWhatWouldFail has a row beyond the three that are shown.
func TestDryRunTellsWhatWouldFail(t *testing.T) {
	t.Parallel()
	_, id, environment := newServer(t)
	lines := []string{"13900000009,oB,9," + strings.Repeat("长", 21) + ",https://p.example/9.jpg,2026-11-20 09:00"}
	for i := range 4 {
		lines = slices.Insert(lines, 0, fmt.Sprintf("1390000000%d,oA,%d,甲,https://p.example/1.jpg,2026-11-20 09:00", i, i))
	}
	r := runProgram(t.Context(), environment, realFlags(newSchool(t, lines...), id, "-dry-run")...)
	require.Equal(t, exitFailed, r.status, r.both())
	assert.Contains(t, r.out, "5 recipients: 4 to send")
	assert.Contains(t, r.errors, "messages that have failed or whose values break a rule, and which will not be sent: 1")
}

// TestLimitLeavesTheRest runs a campaign that has more rows than the limit lets through.
func TestLimitLeavesTheRest(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	db := smallSchool(t)
	s.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
	require.Equal(t, exitStopped, runProgram(t.Context(), environment, realFlags(db, id)...).status)
	s.Heal()
	r := runProgram(t.Context(), environment, realFlags(db, id, "-limit", "2")...)
	require.Equal(t, exitStopped, r.status, r.both())
	assert.Contains(t, r.out, "2 accepted")
	assert.Contains(t, r.out, "3 pending")
	assert.Contains(t, r.out, "-limit leaves the rest. To continue: batchpush ")
	assert.NotContains(t, r.out[strings.Index(r.out, "To continue"):], "-limit")
	assert.EqualValues(t, 2, s.AcceptedCount())
}

func TestTrial(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	s.Follow("oMyself")
	db := smallSchool(t)
	r := runProgram(t.Context(), environment, realFlags(db, id, "-to", "oMyself")...)
	oneClearLine(t, r, exitUsage, "-student")
	r = runProgram(t.Context(), environment, realFlags(db, id, "-to", "oMyself", "-student", "no such")...)
	oneClearLine(t, r, exitUsage, "no such")
	assert.Empty(t, s.Accepted())
	r = runProgram(t.Context(), environment, realFlags(db, id, "-to", "oMyself", "-student", "3")...)
	require.Equal(t, exitOK, r.status, r.both())
	require.Len(t, s.Accepted(), 1)
	assert.Equal(t, "oMyself", s.Accepted()[0].Message.To)
	assert.Equal(t, "丙", s.Accepted()[0].Message.Data["thing1"].Value)
	r = runProgram(t.Context(), environment, realFlags(db, id, "-to", "oB")...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.Equal(t, "丙", s.Accepted()[1].Message.Data["thing1"].Value, "its own child, not the first row's")
	r = runProgram(t.Context(), environment, "status", "-db", db)
	assert.Equal(t, exitUsage, r.status, "no campaign was begun: %s", r.both())
	r = runProgram(t.Context(), environment, realFlags(db, id, "-to", "oGone")...)
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.errors, "43004")
}

func TestLinks(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	openids := []string{"oParentOfTheFirstChild", "oParentOfTheSecondChild"}
	s.Follow(openids...)
	environment["WXHOME_LINK_KEY"] = "a key of sixteen bytes"
	flags := []string{
		"-db", newSchool(t,
			"13900000001,"+openids[0]+",1,甲,https://p.example/1.jpg,2026-11-20 09:00",
			"13900000002,"+openids[1]+",2,乙,https://p.example/2.jpg,2026-11-20 09:00"),
		"-template", id, "-field", "thing1={student_name}", "-field", "time2={photo_update_time}",
		"-link", "https://school.example/photo", "-rate", "1000", "-yes",
	}
	r := runProgram(t.Context(), environment, flags...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.NotContains(t, r.both(), environment["WXHOME_LINK_KEY"])
	seen := map[string]bool{}
	for _, m := range s.Accepted() {
		assert.True(t, strings.HasPrefix(m.Message.URL, "https://school.example/photo/"), m.Message.URL)
		assert.NotContains(t, m.Message.URL, m.Message.To)
		seen[m.Message.URL] = true
	}
	assert.Len(t, seen, 2)
	r = runProgram(t.Context(), environment, append(flags, "-link", "https://elsewhere.example/photo")...)
	oneClearLine(t, r, exitUsage, "was begun with another template, fields, since or link")
}

func TestRetryFailed(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	db := newSchool(t,
		"13900000001,oA,1,"+strings.Repeat("长", 21)+",https://p.example/1.jpg,2026-11-20 09:00",
		"13900000002,oB,2,=1+1,https://p.example/2.jpg,2026-11-20 09:00")
	r := runProgram(t.Context(), environment, realFlags(db, id)...)
	require.Equal(t, exitFailed, r.status, r.both())
	assert.Contains(t, r.out, "-retry-failed -campaign photos-")
	failures := filepath.Join(t.TempDir(), "failures.csv")
	require.NoError(t, os.WriteFile(failures, []byte("an older one"), 0o644))
	r = runProgram(t.Context(), environment, "status", "-db", db, "-failures", failures)
	require.Equal(t, exitOK, r.status, r.both())
	text := string(readFile(t, failures))
	assert.True(t, strings.HasPrefix(text, "\uFEFFopenid,"), text)
	assert.Equal(t, 2, strings.Count(text, "\r\n"), text)
	assert.Contains(t, text, "oA,1,")
	if info, err := os.Stat(failures); assert.NoError(t, err) && runtime.GOOS != "windows" {
		assert.Equal(t, os.FileMode(0o600), info.Mode(), "it names parents")
	}
	assert.EqualValues(t, 1, s.AcceptedCount())
}

func TestQueryAndLedgerElsewhere(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	folder := t.TempDir()
	school := filepath.Join(folder, "old school.db")
	conn, err := sql.Open("sqlite", school)
	require.NoError(t, err)
	_, err = conn.Exec(`CREATE TABLE pupils (wx TEXT, no TEXT, name TEXT, photo TEXT, at TEXT, class TEXT);
INSERT INTO pupils VALUES ('oA', '1', '甲', 'https://p.example/1.jpg', '2026-11-20 09:00:00', '三班'), ('oB', '2', '乙', 'https://p.example/2.jpg', '2026-11-20 09:00:00', '四班')`)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, os.Chmod(school, 0o400))
	query := filepath.Join(folder, "query.sql")
	require.NoError(t, os.WriteFile(query, []byte("\uFEFFSELECT wx AS openid, no AS student_id, name AS student_name, photo AS photo_url, at AS photo_update_time, class FROM pupils;\n"), 0o600))
	ledger := filepath.Join(folder, "ledger.db")
	r := runProgram(t.Context(), environment, "-db", "sqlite:"+school, "-query", query, "-ledger", "sqlite:"+ledger, "-template", id,
		"-field", "thing1={class}{student_name}", "-field", "time2={photo_update_time}", "-public-photos", "-rate", "1000", "-yes")
	require.Equal(t, exitOK, r.status, r.both())
	require.Len(t, s.Accepted(), 2)
	var values []string
	for _, m := range s.Accepted() {
		values = append(values, m.Message.Data["thing1"].Value)
	}
	assert.ElementsMatch(t, []string{"三班甲", "四班乙"}, values)
	r = runProgram(t.Context(), environment, "status", "-db", "sqlite:"+school, "-ledger", "sqlite:"+ledger, "-json")
	require.Equal(t, exitOK, r.status, r.both())
	assert.Equal(t, 2, summaryOf(t, r).Accepted)
}

// TestStatusTellsReceipts: what photobot has appended is told beside the tally.
func TestStatusTellsReceipts(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	address := smallSchool(t)
	r := runProgram(t.Context(), environment, realFlags(address, id, "-campaign", "spring")...)
	require.Equal(t, exitOK, r.status, r.both())
	status := runProgram(t.Context(), environment, "status", "-db", address)
	require.Equal(t, exitOK, status.status, status.both())
	assert.NotContains(t, status.both(), "Receipts", "none has come, and there is no photobot")

	d, err := db.Open(t.Context(), address)
	require.NoError(t, err)
	defer d.Close()
	receipts, err := receipt.Open(t.Context(), receipt.Config{Ledger: d, AppID: s.AppID, Key: "a key for the tests"})
	require.NoError(t, err)
	require.NoError(t, receipts.Add(t.Context(), s.Accepted()[0].MsgID, s.Accepted()[0].Message.To, callback.StatusDelivered))
	require.NoError(t, receipts.Add(t.Context(), 0, "oC", callback.StatusBlocked))
	status = runProgram(t.Context(), environment, "status", "-db", address)
	require.Equal(t, exitOK, status.status, status.both())
	assert.Contains(t, status.out, "Receipts: 1 delivered, 1 blocked by the parent, 0 failed, 2 without one yet")
}
