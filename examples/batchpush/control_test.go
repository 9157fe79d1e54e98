package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/wechat/wechattest"
)

// TestPauseResumeCancel steers a campaign from the command line, on SQLite and MariaDB.
func TestPauseResumeCancel(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		s, id, environment := newServer(t)
		school := importSmallSchool(t, address)
		command := func(status int, args ...string) string {
			t.Helper()
			r := runProgram(t.Context(), environment, append(args, "-db", school)...)
			require.Equal(t, status, r.status, r.both())
			return r.both()
		}
		s.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
		command(exitStopped, realFlags(school, id, "-campaign", "spring")...)
		s.Heal()
		assert.Contains(t, command(exitUsage, "pause", "-campaign", "sprong"), "no campaign sprong")
		assert.Contains(t, command(exitOK, "pause", "-campaign", "spring"), "Campaign spring is paused")
		said := command(exitOK, "status")
		assert.Contains(t, said, "spring: paused by "+operator.Person()+" since ")
		assert.Contains(t, said, "To go on: batchpush resume -db ")
		var j state
		r := runProgram(t.Context(), environment, "status", "-db", school, "-json")
		require.NoError(t, json.Unmarshal([]byte(r.out), &j), r.both())
		assert.Equal(t, []any{"paused", operator.Person(), 5}, []any{j.Control.Wanted, j.Control.By, j.Pending})
		assert.Contains(t, command(exitOK, "pause", "-lang", "zh"), "的全部任务（含以后的任务）已暂停")
		assert.Contains(t, command(exitOK, "status"), "all campaigns of the account are paused by")
		assert.Contains(t, command(exitOK, "resume"), "All campaigns of account "+s.AppID+" go on")
		assert.NotContains(t, command(exitOK, "status"), "paused")
		command(exitOK, realFlags(school, id, "-campaign", "spring")...)
		assert.EqualValues(t, 4, s.AcceptedCount())

		s.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
		command(exitStopped, realFlags(school, id, "-campaign", "autumn", "-again")...)
		s.Heal()
		assert.Contains(t, command(exitUsage, "cancel"), "cancel needs -campaign")
		assert.Contains(t, command(exitOK, "cancel", "-campaign", "autumn"), "autumn is cancelled: 5 messages are not sent, 0 may have been")
		assert.Contains(t, command(exitOK, "status", "-campaign", "autumn"), "autumn: cancelled by ")
		assert.Contains(t, command(exitUsage, "resume", "-campaign", "autumn"), "that is final")
		assert.Contains(t, command(exitUsage, realFlags(school, id, "-campaign", "autumn", "-again")...), "its name is not taken again")
		assert.EqualValues(t, 4, s.AcceptedCount())
	})
}

// TestCancelledTakesAlong: two campaigns were interrupted, and the later one, which had taken the rows
// of the earlier one over, was cancelled.
func TestCancelledTakesAlong(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		s, id, environment := newServer(t)
		school := importSmallSchool(t, address)
		s.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
		for _, campaign := range []string{"autumn", "winter"} {
			require.Equal(t, exitStopped, runProgram(t.Context(), environment, realFlags(school, id, "-campaign", campaign)...).status)
		}
		s.Heal()
		r := runProgram(t.Context(), environment, "cancel", "-db", school, "-campaign", "winter")
		assert.Contains(t, r.out, "5 of the messages that are not sent had been taken over from other campaigns", r.both())
		for _, more := range [][]string{nil, {"-dry-run"}} {
			r = runProgram(t.Context(), environment, realFlags(school, id, append(more, "-campaign", "autumn")...)...)
			assert.Contains(t, r.out, "so that no campaign sends them: 5. To send them: batchpush ", r.both())
		}
		r = runProgram(t.Context(), environment, "status", "-db", school, "-campaign", "autumn")
		assert.Contains(t, r.out, "so that no campaign sends them: 5. A push with -new", r.both())
		require.Equal(t, exitOK, runProgram(t.Context(), environment, realFlags(school, id, "-new")...).status)
		assert.EqualValues(t, 4, s.AcceptedCount())
		r = runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "autumn")...)
		assert.NotContains(t, r.both(), "no campaign sends them")
	})
}

// TestPausedByNameOnATerminal asks; any other push of it waits.
func TestPausedByNameOnATerminal(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	school := smallSchool(t)
	s.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
	r := runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "spring")...)
	require.Equal(t, exitStopped, r.status, r.both())
	s.Heal()
	require.Equal(t, exitOK, runProgram(t.Context(), environment, "pause", "-db", school).status)
	r = onTerminal(t.Context(), t, environment, "n\n", realFlags(school, id, "-campaign", "spring")...)
	require.Equal(t, exitStopped, r.status, r.both())
	assert.Contains(t, r.out, "Campaign spring: all campaigns of the account are paused by ")
	assert.Contains(t, r.out, "Go on with it? [y/N]")

	ctx, cancel := context.WithCancel(t.Context())
	waits := &until{text: "To go on: ", then: cancel}
	status := run(ctx, append([]string{"batchpush"}, realFlags(school, id)...), func(name string) string { return environment[name] }, nil, waits, waits)
	assert.Equal(t, exitInterrupted, status, waits.String())
	assert.Contains(t, waits.String(), "Continuing the unfinished campaign spring")
	assert.Contains(t, waits.String(), "spring: all campaigns of the account are paused by")
	assert.Zero(t, s.AcceptedCount())

	r = onTerminal(t.Context(), t, environment, "y\n", realFlags(school, id, "-campaign", "spring")...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.EqualValues(t, 4, s.AcceptedCount())
}

// TestLooksOfACampaign: check and -dry-run tell what the push would do, and leave nothing behind.
func TestLooksOfACampaign(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		s, id, environment := newServer(t)
		school := importSmallSchool(t, address)
		command := func(status int, args ...string) string {
			t.Helper()
			r := runProgram(t.Context(), environment, args...)
			require.Equal(t, status, r.status, r.both())
			return r.both()
		}
		folder := t.TempDir()
		elsewhere := []string{"-ledger", "sqlite:" + filepath.Join(folder, "new", "ledger.db")}
		command(exitOK, append([]string{"check"}, realFlags(school, id, elsewhere...)...)...)
		command(exitOK, realFlags(school, id, append(elsewhere, "-dry-run")...)...)
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		assert.Empty(t, entries, "they make nothing")

		s.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
		command(exitStopped, realFlags(school, id, "-campaign", "spring")...)
		s.Heal()
		check := append([]string{"check"}, realFlags(school, id, "-campaign", "spring")...)
		assert.Contains(t, command(exitOK, check...), "would work")
		assert.Contains(t, command(exitUsage, realFlags(school, id, "-campaign", "spring", "-since", "2020-01-01", "-dry-run")...), "was begun with another template, fields")
		command(exitOK, "pause", "-db", school)
		assert.Contains(t, command(exitUsage, check...), "all campaigns of the account are paused by")
		command(exitOK, "resume", "-db", school)
		command(exitOK, "cancel", "-db", school, "-campaign", "spring")
		assert.Contains(t, command(exitUsage, check...), "spring: cancelled by")
		assert.Contains(t, command(exitOK, append([]string{"check"}, realFlags(school, id)...)...), "would work")
	})
}
