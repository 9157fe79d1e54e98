package main

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/wechattest"
)

// TestWorkerStops: at SIGTERM nothing new is claimed, what is in flight is settled, and the blocks
// are in the queue again at once, as no failures.
func TestWorkerStops(t *testing.T) {
	t.Parallel()
	const n = 390
	w := newWorld(t, n)
	w.enqueue()
	worker := w.start(nil, "work", "-rate", "40")
	until(t, "some are sent", func() bool { return w.count("accepted") > 20 })
	require.NoError(t, worker.Process.Signal(syscall.SIGTERM))
	_ = worker.Wait()
	assert.Equal(t, exitInterrupted, worker.ProcessState.ExitCode(), printed(worker))
	assert.Zero(t, w.count("sending"))
	assert.EqualValues(t, w.count("accepted"), w.wechat.AcceptedCount())
	assert.Less(t, w.count("accepted"), n)
	f := w.of(w.wechat.AppID)
	info, err := f.look.GetQueueInfo(f.blocks())
	require.NoError(t, err)
	assert.Equal(t, []int{2, 0, 0}, []int{info.Pending + info.Retry, info.Active, info.Failed + info.Archived})
	tasks, err := f.look.ListRetryTasks(f.blocks())
	require.NoError(t, err)
	for _, task := range tasks {
		assert.Less(t, time.Until(task.NextProcessAt), 2*time.Second, "another worker need not wait")
		assert.Zero(t, task.Retried, "it counts as no failure")
	}
	r := w.run(t.Context(), "work", "-rate", "1000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	w.once(n)
}

// TestKilledWorker: a worker that is killed leaves few rows in its hands, which others repeat with
// the same ids; its blocks come back.
func TestKilledWorker(t *testing.T) {
	t.Parallel()
	const n, workers, rate = 300, 4, 20
	w := newWorld(t, n)
	w.enqueue()
	worker := w.start(nil, "work", "-rate", "20", "-workers", "4")
	until(t, "some are sent", func() bool { return w.count("accepted") > 20 && w.count("sending") > 0 })
	require.NoError(t, worker.Process.Kill())
	_ = worker.Wait()
	assert.LessOrEqual(t, w.count("sending"), workers+rate)
	second := w.start(nil, "work", "-rate", "1000", "-until-done")
	w.ends(second)
	w.once(n)
	assert.Equal(t, n, w.count("accepted"))
}

// TestBlocksTwice: two workers that have the same blocks do no harm.
func TestBlocksTwice(t *testing.T) {
	t.Parallel()
	const n = 390
	w := newWorld(t, n)
	w.enqueue()
	f := w.of(w.wechat.AppID)
	w.start(nil, "work", "-rate", "100")
	until(t, "some are sent", func() bool { return w.count("accepted") > 20 })
	require.NoError(t, w.client().FlushAll(t.Context()).Err()) // Redis has forgotten who has which block
	w.enqueue()
	w.ends(w.start(nil, "work", "-rate", "100", "-until-done"))
	w.once(n)
	assert.Equal(t, n, w.count("accepted"))
	assert.Zero(t, w.queued(f.blocks()))
}

// TestLostAnswersAreRepeated: rows in doubt do not wait for the end of a long queue.
func TestLostAnswersAreRepeated(t *testing.T) {
	t.Parallel()
	const n, lost = 900, 12
	w := newWorld(t, n)
	w.enqueue()
	w.wechat.Fail(sendPath, lost, wechattest.Fault{Reset: wechattest.ResetAfter})
	worker := w.start(nil, "work", "-rate", "60")
	until(t, "they are repeated", func() bool { return w.wechat.RepeatedCount() >= lost })
	assert.Less(t, w.count("accepted"), n-200, "before the last blocks")
	require.NoError(t, worker.Process.Signal(syscall.SIGTERM))
	_ = worker.Wait()
	r := w.run(t.Context(), "work", "-rate", "5000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	w.once(n)
}
