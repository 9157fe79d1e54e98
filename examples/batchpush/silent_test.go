package main

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/wechat/wechattest"
)

// TestSilentBeforeItBegan: a database that goes silent before the first page of recipients was read
// stops a push as a later silence does, and the command that is printed goes on.
func TestSilentBeforeItBegan(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		at   string // the statement that gets no answer
		more []string
	}{
		"the first page":      {"FROM parent_wechat_bind", nil},
		"the campaigns":       {"FROM push_campaign", nil},
		"the control":         {"FROM push_control", nil},
		"a dry run":           {"FROM push_message", []string{"-dry-run"}},
		"a trial":             {"FROM student_photo", []string{"-to", "oA"}},
		"the start of a cron": {"FROM parent_wechat_bind", []string{"-cron", "@daily"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, id, environment := newServer(t)
			school := importSmallSchool(t, dbtest.MariaDB(t))
			var silent atomic.Bool
			behind := between(t, school, func(said []byte) []byte {
				if silent.Load() || bytes.Contains(said, []byte(tt.at)) {
					silent.Store(true)
					return nil
				}
				return said
			})
			r := runProgram(t.Context(), environment, realFlags(behind+"?readTimeout=1s", id, tt.more...)...)
			require.Equal(t, exitStopped, r.status, r.both())
			assert.Contains(t, r.out, "To continue: batchpush ")
			require.True(t, silent.Load())
			require.Zero(t, s.AcceptedCount())
		})
	}
}

// TestNoDatabase: an address at which nobody answers from the beginning is one of configuration.
func TestNoDatabase(t *testing.T) {
	t.Parallel()
	_, id, environment := newServer(t)
	r := runProgram(t.Context(), environment, realFlags("mysql:u:p@tcp(127.0.0.1:1)/school", id)...)
	oneClearLine(t, r, exitUsage, "whether the database is running")
}

// TestSilentBeforeAFiringsPage: -cron tries a campaign again whose database went silent before it was
// looked at, and leaves it to no later firing.
func TestSilentBeforeAFiringsPage(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	school := importSmallSchool(t, dbtest.MariaDB(t))
	s.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
	require.Equal(t, exitStopped, runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "c")...).status)
	s.Heal()
	var silent atomic.Bool
	behind := between(t, school, func(said []byte) []byte {
		if bytes.Contains(said, []byte("FROM push_message")) && silent.CompareAndSwap(false, true) {
			return nil
		}
		return said
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waits := &until{text: "next push: ", then: cancel}
	args := append([]string{"batchpush"}, asking(behind+"?readTimeout=1s", id, "-cron", "0 0 1 1 *")...)
	status := run(ctx, args, func(name string) string { return environment[name] }, nil, waits, waits)
	assert.Equal(t, exitInterrupted, status, waits.String())
	assert.Contains(t, waits.String(), "the database answers again; going on")
	assert.EqualValues(t, 4, s.AcceptedCount(), waits.String())
	assert.True(t, silent.Load())
}
