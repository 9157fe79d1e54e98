package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
)

// TestUnusualPush: without a terminal the first push and one that is more than twice as large need
// -yes; on a terminal they are asked about.
func TestUnusualPush(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	school := smallSchool(t)
	r := runProgram(t.Context(), environment, asking(school, id)...)
	oneClearLine(t, r, exitUsage, "this is the first push of account", "of 5 messages", "-dry-run", "-yes")
	r = onTerminal(t.Context(), t, environment, "n\n", asking(school, id)...)
	require.Equal(t, exitStopped, r.status, r.both())
	assert.Contains(t, r.errors, "warning: this is the first push")
	require.Zero(t, s.AcceptedCount())
	require.Equal(t, exitOK, runProgram(t.Context(), environment, realFlags(school, id, "-campaign", "one")...).status)
	require.Equal(t, exitOK, runProgram(t.Context(), environment, asking(school, id, "-campaign", "two", "-again")...).status, "as many as before")

	var lines strings.Builder
	for i := range 20 {
		fmt.Fprintf(&lines, "INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time) VALUES ('1', 'oA', 'n%d', '');\n", i)
		fmt.Fprintf(&lines, "INSERT INTO student_photo VALUES ('n%d', '甲', 'https://p.example/n.jpg', '2026-11-20 09:00:00');\n", i)
	}
	createSQLite(t, strings.TrimPrefix(school, "sqlite:"), lines.String())
	r = runProgram(t.Context(), environment, asking(school, id, "-campaign", "three")...)
	oneClearLine(t, r, exitUsage, "more than twice as many", "(4)", "-yes")
	r = onTerminal(t.Context(), t, environment, "y\n", asking(school, id, "-campaign", "three")...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.errors, "more than twice as many")
	for i := range 6 {
		require.Equal(t, exitOK, runProgram(t.Context(), environment, asking(school, id, "-campaign", fmt.Sprint("idle ", i))...).status)
	}
	alter(t, school, "UPDATE student_photo SET photo_url = 'https://p.example/new.jpg'")
	r = runProgram(t.Context(), environment, asking(school, id, "-campaign", "after the holidays")...)
	require.NotEqual(t, exitUsage, r.status, "campaigns with nothing new tell nothing: %s", r.both())
	simulated := runProgram(t.Context(), nil, "-simulate", "-db", smallSchool(t), "-rate", "1000")
	assert.NotEqual(t, exitUsage, simulated.status, "the simulation never asks: %s", simulated.both())
}

// TestUnusualFiring: a firing has nobody to ask, so that its campaign waits for resume.
func TestUnusualFiring(t *testing.T) {
	t.Parallel()
	for _, yes := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newClerk(t, 5, "-cron", "0 18 * * *")
			defer c.close()
			c.yes = yes
			c.session.account.Simulation = nil // as far as the program knows
			// Two minutes after the firing, and between two looks at what a person wants: a connection that is
			// being opened waits for SQLite's lock by the real clock, and one in use by that of the bubble.
			time.AfterFunc(10*time.Hour+2*time.Minute+500*time.Millisecond, func() {
				if !yes {
					assert.Zero(t, c.wechat.AcceptedCount())
				}
				assert.NoError(t, push.Resume(t.Context(), c.session.ledger, c.session.account.AppID, "photos-2000-01-01-1800", operator.Person()))
			})
			printed := c.stayFor(t, 11*time.Hour)
			assert.EqualValues(t, 5, c.wechat.AcceptedCount(), printed)
			assert.Equal(t, !yes, strings.Contains(printed, "this is the first push of account"), printed)
			assert.Equal(t, !yes, strings.Contains(printed, "paused by batchpush -cron since"), printed)
		})
	}
}

// TestCheckComparesCounts: a ledger that has forgotten what was sent today is told.
func TestCheckComparesCounts(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	s.SetDailyQuota(sendPath, 1000)
	school := smallSchool(t)
	require.Equal(t, exitOK, runProgram(t.Context(), environment, realFlags(school, id)...).status)
	r := runProgram(t.Context(), environment, append([]string{"check"}, realFlags(school, id)...)...)
	assert.Contains(t, r.out, "ok   messages of today: WeChat has counted ", r.both())
	createSQLite(t, strings.TrimPrefix(school, "sqlite:"), "DELETE FROM push_message WHERE openid = 'oA'")
	r = runProgram(t.Context(), environment, append([]string{"check"}, realFlags(school, id)...)...)
	assert.Contains(t, r.out, "!    messages of today: WeChat has counted ", r.both())
	assert.Contains(t, r.out, "restored backup")
}
