package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/wechat/wechattest"
)

// TestPausedFleet pauses a campaign while workers send it: nothing fails, enqueue does not let it go
// on, and after the end of the pause everybody has one message.
func TestPausedFleet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 260)
	w.enqueue()
	require.NoError(t, push.Pause(t.Context(), w.db, w.wechat.AppID, "spring", "li@office"))
	worker := w.start(nil, "work", "-rate", "1000")
	w.enqueue()
	r := w.run(t.Context(), "status")
	require.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.out, "spring: paused by li@office since ")
	f := w.of(w.wechat.AppID)
	until(t, "all blocks are put off", func() bool {
		info, err := f.look.GetQueueInfo(f.blocks())
		return err == nil && info.Retry == 2
	})
	info, err := f.look.GetQueueInfo(f.blocks())
	require.NoError(t, err)
	assert.Zero(t, info.Failed+info.Archived, "that is no failure")
	assert.Equal(t, 260, w.count("pending"))
	assert.Zero(t, w.wechat.AcceptedCount())
	require.NoError(t, push.Resume(t.Context(), w.db, w.wechat.AppID, "", "li@office"))
	until(t, "all are sent", func() bool { return w.count("accepted") == 260 })
	w.once(260)
	assert.Zero(t, w.count("failed"))
	assert.NotContains(t, printed(worker), "pushfleet: ", "the worker has nothing to complain of")
}

// TestCancelledFleet: what is in the queue of a cancelled campaign is done with, and its name is not
// taken again.
func TestCancelledFleet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20)
	w.enqueue()
	done, err := push.Cancel(t.Context(), w.db, w.wechat.AppID, "spring", "li@office")
	require.NoError(t, err)
	assert.Equal(t, push.Cancelled{Skipped: 20}, done)
	r := w.run(t.Context(), "work", "-rate", "1000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	assert.Zero(t, w.wechat.AcceptedCount())
	assert.Contains(t, w.run(t.Context(), "status").out, "spring: cancelled by li@office at ")
	r = w.run(t.Context(), "enqueue", "-template", templateID, "-field", "thing1={student_name}", "-public-photos", "-campaign", "spring")
	oneClearLine(t, r, exitUsage, "campaign spring was cancelled by li@office")
}

// TestCancelledFleetTakesAlong: a campaign that was cancelled had taken the rows of an earlier one over.
func TestCancelledFleetTakesAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	w.enqueue()
	w.enqueue("-campaign", "summer")
	_, err := push.Cancel(t.Context(), w.db, w.wechat.AppID, "summer", "li@office")
	require.NoError(t, err)
	r := w.run(t.Context(), "enqueue", "-template", templateID, "-field", "thing1={student_name}", "-public-photos", "-campaign", "spring", "-yes")
	require.Equal(t, exitOK, r.status, r.both())
	for _, out := range []string{r.out, w.run(t.Context(), "status", "-campaign", "spring").out} {
		assert.Contains(t, out, "so that no campaign sends them: 5. To send them, enqueue with another -campaign.")
	}
	assert.Zero(t, w.enqueue("-campaign", "autumn").Dropped)
	assert.Zero(t, w.enqueue().Dropped)
}

// TestStatusTellsHolders: a worker that stands still with rows in its hands is told, and one that
// has ended.
func TestStatusTellsHolders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.enqueue()
	asked, release := make(chan struct{}, 10), make(chan struct{})
	w.wechat.OnAccept(func(wechattest.Accepted) { asked <- struct{}{}; <-release })
	worker := w.start(nil, "work", "-rate", "1000")
	<-asked
	r := w.run(t.Context(), "status")
	assert.Contains(t, r.out, "  1 rows are in the hands of process ")
	assert.Contains(t, r.out, "; it holds its lock")
	require.NoError(t, worker.Process.Kill())
	_ = worker.Wait()
	close(release)
	until(t, "the server has noticed", func() bool {
		return strings.Contains(w.run(t.Context(), "status").out, "; it has ended, and a push takes them over")
	})
}

// TestUnusualFleet: the first push of an account needs -yes.
func TestUnusualFleet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	flags := []string{"enqueue", "-template", templateID, "-field", "thing1={student_name}", "-public-photos", "-campaign", "spring"}
	oneClearLine(t, w.run(t.Context(), flags...), exitUsage, "this is the first push of account "+w.wechat.AppID+", of 3 messages. If that is meant, add -yes: pushfleet enqueue ")
	campaigns, err := push.Campaigns(t.Context(), w.db, w.wechat.AppID)
	require.NoError(t, err)
	assert.Empty(t, campaigns)
	require.Equal(t, exitOK, w.run(t.Context(), append(flags, "-yes")...).status)
	require.Equal(t, exitOK, w.run(t.Context(), flags...).status, "it has begun")
}

// TestUnusualSchedule: a firing has nobody to ask, so that its campaign is enqueued and waits for
// resume.
func TestUnusualSchedule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	f, at := w.of(w.wechat.AppID), time.Now().Truncate(time.Minute)
	out, stop, end := w.schedule(at)
	until(t, "it leads", func() bool { return strings.Contains(out.String(), "next push: ") })
	require.NoError(t, f.redis.Set(t.Context(), f.key("fired"), at.Add(-30*time.Second).Unix(), 0).Err())
	until(t, "it has enqueued", func() bool { return strings.Contains(out.String(), "1 put into the queue") })
	stop()
	assert.Equal(t, exitInterrupted, <-end)
	assert.Contains(t, out.String(), "this is the first push of account")
	assert.Contains(t, out.String(), ": paused by pushfleet schedule since ")
}
