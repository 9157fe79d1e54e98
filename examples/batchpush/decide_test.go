package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// parentOf is a file of -parent.
func parentOf(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "parent.txt")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// TestDecideAboutOne decides about the rows of one pupil or of one parent, and leaves the others.
func TestDecideAboutOne(t *testing.T) {
	t.Parallel()
	byParent := func(t *testing.T) []string { return []string{"-parent", parentOf(t, "\uFEFFoA\r\n")} }
	byPupil := func(*testing.T) []string { return []string{"-student", "2"} }
	both := func(t *testing.T) []string { return append(byParent(t), "-student", "2") }
	tests := []struct {
		name, flag, state string
		about             func(*testing.T) []string
		sent, decided     int
	}{
		{"resend to a parent", "-resend-unknown", "unknown", byParent, 2, 2},
		{"resend about a pupil", "-resend-unknown", "unknown", byPupil, 1, 1},
		{"resend to a parent about a pupil", "-resend-unknown", "unknown", both, 1, 1},
		{"received by a parent", "-unknown-received", "unknown", byParent, 0, 2},
		{"received about a pupil", "-unknown-received", "unknown", byPupil, 0, 1},
		{"retry to a parent", "-retry-failed", "failed", byParent, 2, 2},
		{"retry about a pupil", "-retry-failed", "failed", byPupil, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, id, environment := newServer(t)
			school := smallSchool(t)
			require.Equal(t, exitOK, runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "one")...).status)
			alter(t, school, "UPDATE push_message SET state = '"+tt.state+"', attempts = 1, sending_at = 5 WHERE state = 'accepted'")
			before := s.AcceptedCount()
			flags := append(tt.about(t), "-campaign", "one", tt.flag, "-json")
			look := summaryOf(t, runProgram(t.Context(), environment, realFlags(school, id, append(flags, "-dry-run")...)...))
			assert.Equal(t, 4-tt.decided, look.Unknown+look.Failed, "a dry run counts them too")
			r := runProgram(t.Context(), environment, realFlags(school, id, flags...)...)
			require.Equal(t, exitFailed, r.status, r.both())
			done := summaryOf(t, r)
			assert.Equal(t, tt.decided, done.Accepted)
			assert.Equal(t, 4-tt.decided, done.Unknown+done.Failed)
			assert.EqualValues(t, tt.sent, s.AcceptedCount()-before)
			assert.NotContains(t, r.both(), "-student 2", "a printed command is about all of them")
			assert.NotContains(t, r.both(), "parent.txt")
		})
	}
}

// TestDecideAboutNobody: an id or a file that decides about nothing is told, and nothing is sent.
func TestDecideAboutNobody(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	school := smallSchool(t)
	require.Equal(t, exitOK, runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "one")...).status)
	alter(t, school, "UPDATE push_message SET state = 'unknown', attempts = 1, sending_at = 5 WHERE student_id = '3'")
	alter(t, school, "UPDATE push_message SET state = 'failed' WHERE student_id = '4'")
	nobody := "has no row to decide about"
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"-campaign", "one", "-resend-unknown", "-student", "1"}, nobody},
		{[]string{"-campaign", "one", "-resend-unknown", "-student", "4"}, nobody},
		{[]string{"-campaign", "one", "-retry-failed", "-student", "3"}, nobody},
		{[]string{"-campaign", "one", "-unknown-received", "-student", "33"}, nobody},
		{[]string{"-campaign", "one", "-unknown-received", "-student", "3", "-parent", parentOf(t, "oA")}, nobody},
		{[]string{"-campaign", "one", "-unknown-received", "-student", "3", "-parent", parentOf(t, "ob")}, nobody},
		{[]string{"-campaign", "two", "-resend-unknown", "-student", "3"}, "no campaign two"},
		{[]string{"-resend-unknown", "-student", "3"}, "needs -campaign"},
		{[]string{"-student", "3"}, "-student is of use with -to, -resend-unknown"},
		{[]string{"-parent", parentOf(t, "oB")}, "-parent is of use with -resend-unknown"},
		{[]string{"-to", "oB", "-retry-failed", "-parent", parentOf(t, "oB")}, "do not go together"},
		{[]string{"-cron", "@daily", "-retry-failed", "-student", "3"}, "do not go together"},
		{[]string{"-campaign", "one", "-resend-unknown", "-parent", "nowhere.txt"}, "there is no file nowhere.txt"},
		{[]string{"-campaign", "one", "-resend-unknown", "-parent", parentOf(t, "")}, "one openid and nothing else"},
		{[]string{"-campaign", "one", "-resend-unknown", "-parent", parentOf(t, "oSecret oB")}, "one openid and nothing else"},
	} {
		r := runProgram(t.Context(), environment, realFlags(school, id, tt.args...)...)
		oneClearLine(t, r, exitUsage, tt.says)
		assert.NotContains(t, r.both(), "oSecret")
	}
	assert.EqualValues(t, 4, s.AcceptedCount())
}

// TestDecideAboutNoCampaign: a mistyped -campaign begins no campaign, which would also send what
// another one has left in doubt.
func TestDecideAboutNoCampaign(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		s, id, environment := newServer(t)
		school := importSmallSchool(t, address)
		require.Equal(t, exitOK, runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "one")...).status)
		alter(t, school, "UPDATE push_message SET state = 'unknown', attempts = 1, sending_at = 5 WHERE openid = 'oB'")
		alter(t, school, "UPDATE push_campaign SET created_at = created_at - 10, finished_at = 1")
		for _, flag := range []string{"-resend-unknown", "-unknown-received", "-retry-failed"} {
			for _, more := range [][]string{{flag}, {flag, "-dry-run"}} {
				r := runProgram(t.Context(), environment, realFlags(school, id, append(more, "-campaign", "onne")...)...)
				oneClearLine(t, r, exitUsage, "the ledger has no campaign onne of account "+s.AppID)
				r = runProgram(t.Context(), environment, realFlags(school, id, more...)...)
				oneClearLine(t, r, exitUsage, "are about a campaign that has begun: name it with -campaign")
			}
		}
		r := runProgram(t.Context(), environment, realFlags(school, id, "-unknown-received", "-new")...)
		oneClearLine(t, r, exitUsage, "are about a campaign that has begun: name it with -campaign")
		assert.EqualValues(t, 4, s.AcceptedCount())
		r = runProgram(t.Context(), environment, realFlags(school, id, "-resend-unknown", "-new", "-campaign", "two")...)
		require.Equal(t, exitOK, r.status, r.both())
		assert.EqualValues(t, 5, s.AcceptedCount(), "a person has said that it is a new one")
	})
}
