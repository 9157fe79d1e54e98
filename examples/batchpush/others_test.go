package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/wechat/wechattest"
)

// alter changes rows of a school's ledger.
func alter(t *testing.T, address, statement string) {
	t.Helper()
	d := dbtest.Open(t, address)
	_, err := d.Exec(statement)
	require.NoError(t, err)
}

// TestSupersededIsSaid: a campaign that was not finished is never dropped in silence.
func TestSupersededIsSaid(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	school := smallSchool(t)
	s.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
	require.Equal(t, exitStopped, runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "one")...).status)
	s.Heal()
	alter(t, school, "UPDATE push_message SET state = 'unknown', attempts = 1, sending_at = 5 WHERE id = (SELECT MIN(id) FROM push_message)")
	alter(t, school, "UPDATE push_campaign SET created_at = 1795000000")
	r := runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "two")...)
	assert.Equal(t, exitFailed, r.status, r.both())
	assert.Contains(t, r.out, "Campaign one of 18 Nov: 4 superseded by this one, 1 unknown, which hold their recipients back")
	r = runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "two", "-lang", "zh")...)
	assert.Contains(t, r.out, "推送任务 one（11月18日）：0 条由本次推送取代，1 条结果未知")
	before := s.AcceptedCount()
	r = runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "two", "-unknown-received")...)
	assert.Equal(t, exitOK, r.status, r.both())
	assert.Equal(t, before, s.AcceptedCount())
}

// TestDecisionsAreAPersons: what is meant once does not go with -cron.
func TestDecisionsAreAPersons(t *testing.T) {
	t.Parallel()
	_, id, environment := newServer(t)
	school := smallSchool(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // one that is not refused stays
	defer cancel()
	for _, flag := range []string{"-resend-unknown", "-unknown-received", "-retry-failed", "-times-shifted"} {
		r := runProgram(ctx, environment, realFlags(school, id, "-cron", "0 18 * * 5", "-again", flag)...)
		oneClearLine(t, r, exitUsage, flag+" and -cron do not go together: that is a person's decision")
		r = runProgram(ctx, environment, realFlags(school, id, "-lang", "zh", "-cron", "0 18 * * 5", flag)...)
		oneClearLine(t, r, exitUsage, "-cron", "不能")
	}
	r := runProgram(ctx, environment, realFlags(school, id, "-cron", "0 18 * * 5", "-again")...)
	oneClearLine(t, r, exitUsage, "-again and -cron do not go together: each firing would send once more")
	r = runProgram(ctx, environment, realFlags(school, id, "-cron", "0 18 * * 5", "-limit", "3")...)
	oneClearLine(t, r, exitUsage, "-limit and -cron do not go together: each firing would reach the same")
	r = runProgram(ctx, environment, realFlags(school, id, "-resend-unknown", "-unknown-received")...)
	oneClearLine(t, r, exitUsage, "do not go together")
}

// TestAgainStaysWithItsCampaign: -again is no flag of one run.
func TestAgainStaysWithItsCampaign(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	school := smallSchool(t)
	require.Equal(t, exitOK, runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "one")...).status)
	r := runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "one", "-again")...)
	oneClearLine(t, r, exitUsage, "-again stays with the campaign", "one")
	assert.EqualValues(t, 4, s.AcceptedCount())
}

// TestTimesShifted: loc in the database's address was changed, and every photo has another time.
func TestTimesShifted(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	school := smallSchool(t)
	require.Equal(t, exitOK, runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "one")...).status)
	alter(t, school, "UPDATE push_campaign SET created_at = created_at - 10")
	alter(t, school, "UPDATE student_photo SET photo_update_time = datetime(photo_update_time, '+8 hours')")
	for _, more := range [][]string{nil, {"-dry-run"}, {"-limit", "1"}} {
		r := runProgram(t.Context(), environment, realFlags(school, id, append(more, "-campaign", "two")...)...)
		oneClearLine(t, r, exitUsage, "4 of 4 recipients", "8h0m0s", "-times-shifted")
	}
	r := runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "two", "-lang", "zh")...)
	oneClearLine(t, r, exitUsage, "时区", "-times-shifted")
	r = runProgram(t.Context(), environment, realFlags(school, id, "-cron", "0 18 * * 5", "-times-shifted")...)
	oneClearLine(t, r, exitUsage, "do not go together")
	for _, more := range [][]string{{"-campaign", "two", "-times-shifted"}, {"-campaign", "three"}} {
		r := runProgram(t.Context(), environment, realFlags(school, id, append(more, "-json")...)...)
		require.Equal(t, exitOK, r.status, r.both())
		assert.Zero(t, summaryOf(t, r).Sent)
	}
	assert.EqualValues(t, 4, s.AcceptedCount())
}

// TestQueryStaysWithItsCampaign: a campaign sends by the query it began with, not by today's.
func TestQueryStaysWithItsCampaign(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	school := smallSchool(t)
	file := filepath.Join(t.TempDir(), "query.sql")
	query := func(more string) []string {
		require.NoError(t, os.WriteFile(file, []byte(`SELECT b.wechat_openid AS openid, b.student_id, p.student_name, p.photo_url, p.photo_update_time
FROM parent_wechat_bind b JOIN student_photo p ON p.student_id = b.student_id WHERE b.student_id < '3'`+more), 0o600))
		return realFlags(school, id, "-campaign", "one", "-query", file)
	}
	require.Equal(t, exitOK, runProgram(t.Context(), environment, query("")...).status)
	require.Equal(t, exitOK, runProgram(t.Context(), environment, query("\n")...).status, "the same query")
	for _, flags := range [][]string{query(" OR 1 = 1"), realFlags(school, id, "-campaign", "one")} {
		r := runProgram(t.Context(), environment, flags...)
		oneClearLine(t, r, exitUsage, "begun with another -query")
	}
	assert.EqualValues(t, 2, s.AcceptedCount())
}

// TestWaitsForAnotherCampaign: a process was killed, and another campaign came before its rows were
// settled. The command that settles them is printed, not one that changes nothing.
func TestWaitsForAnotherCampaign(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		s, id, environment := newServer(t)
		school := importSmallSchool(t, address)
		push := func(status int, more ...string) string {
			t.Helper()
			r := runProgram(t.Context(), environment, realFlags(school, id, more...)...)
			require.Equal(t, status, r.status, r.both())
			return r.out
		}
		push(exitOK, "-campaign", "one")
		at := func(ago time.Duration) string { return strconv.FormatInt(time.Now().Add(-ago).Unix(), 10) }
		alter(t, school, "UPDATE push_message SET state = 'sending', owner = 'dead-1-x', sending_at = "+at(2*time.Second)+", updated_at = "+at(0)+" WHERE openid = 'oA'")
		alter(t, school, "UPDATE push_campaign SET finished_at = 0, created_at = created_at - 10")
		before := s.AcceptedCount()
		for _, more := range [][]string{nil, {"-resend-unknown"}} {
			out := push(exitFailed, append(more, "-campaign", "two")...)
			assert.Contains(t, out, "2 of the unknown ones wait for campaign one")
			assert.Regexp(t, "To continue it: batchpush .* -campaign one\nThen continue this one: batchpush .* -campaign two\n", out)
			assert.NotContains(t, out, "-resend-unknown", "it would change nothing")
			assert.NotContains(t, out, "-unknown-received")
		}
		out := push(exitFailed, "-campaign", "three", "-since", "2020-01-01")
		assert.Contains(t, out, "wait for campaign one")
		assert.Contains(t, out, "Continue it with the template, fields, since, link and query that it was begun with.")
		alter(t, school, "UPDATE push_message SET updated_at = "+at(time.Minute)+" WHERE state = 'sending'")
		assert.EqualValues(t, before, s.AcceptedCount())
		assert.Contains(t, push(exitOK, "-campaign", "one"), "2 sent in this run")
		push(exitOK, "-campaign", "three", "-since", "2020-01-01")
		assert.EqualValues(t, before, s.AcceptedCount(), "WeChat knows the ids of the two again")
	})
}
