package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

// until waits for something that other processes do.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, done, 2*time.Minute, 20*time.Millisecond, what)
}

// of is a world's fleet as an account sees it.
func (w *world) of(appID string) *fleet { return newFleet(w.client(), appID) }

// TestTenants has three accounts in one fleet. One has used up its quota: the
// other two finish, and it is held alone, until 00:05 in Beijing.
func TestTenants(t *testing.T) {
	t.Parallel()
	const n, quota = 120, 30
	w := newWorld(t, n)
	tenants := []string{w.wechat.AppID}
	secrets := map[string]string{w.wechat.AppID: w.wechat.AppSecret}
	w.wechat.SetDailyQuota(sendPath, quota)
	for i, appID := range []string{"wxtenant0000000002", "wxtenant0000000003"} {
		secrets[appID] = strings.Repeat([]string{"ab", "cd"}[i], 16)
		a := w.wechat.AddAccount(appID, secrets[appID])
		a.AddTemplate(template.Template{ID: templateID, Content: "学生姓名{{thing1.DATA}}"})
		tenants = append(tenants, appID)
	}
	var mu sync.Mutex
	got := map[string]int{}
	w.wechat.OnAccept(func(a wechattest.Accepted) {
		mu.Lock()
		defer mu.Unlock()
		got[a.AppID]++
	})
	workers := map[string]*exec.Cmd{}
	for _, appID := range tenants {
		w.env[account.EnvAppID], w.env[account.EnvAppSecret] = appID, secrets[appID]
		w.enqueue()
		workers[appID] = w.start(nil, "work", "-rate", "500", "-workers", "8", "-until-done")
	}
	for _, appID := range tenants[1:] {
		w.ends(workers[appID])
	}
	f := w.of(tenants[0])
	var h *hold
	until(t, "the one whose quota is used up is held", func() bool {
		var err error
		h, _, err = f.held(t.Context())
		return err == nil && h != nil
	})
	assert.Equal(t, string(push.ReasonQuota), h.Reason)
	assert.Equal(t, "00:05", time.Unix(h.Until, 0).In(time.FixedZone("", 8*3600)).Format("15:04"))
	until(t, "what was in flight comes back", func() bool { return w.left() == n-quota && w.count("sending") == 0 })
	// A task writes its row before it asks for the hold. The last of them must have asked, or its
	// hold would come after the one below and last until tomorrow.
	until(t, "no task is at work", func() bool {
		infos, err := f.infos()
		return err == nil && !slices.ContainsFunc(infos, func(i *asynq.QueueInfo) bool { return i.Active > 0 })
	})
	assert.Equal(t, map[string]int{tenants[0]: quota, tenants[1]: n, tenants[2]: n}, got)
	paused, err := f.paused()
	require.NoError(t, err)
	assert.Equal(t, f.queues(), paused)
	paused, err = w.of(tenants[1]).paused()
	require.NoError(t, err)
	assert.Empty(t, paused, "alone")

	// The next day.
	w.wechat.SetDailyQuota(sendPath, -1)
	text, err := json.Marshal(hold{Until: time.Now().Unix() - 1, Reason: h.Reason})
	require.NoError(t, err)
	require.NoError(t, f.redis.Set(t.Context(), f.key("hold"), text, 0).Err())
	w.ends(workers[tenants[0]])
	assert.Equal(t, n, got[tenants[0]])
}

// TestTwoMachinesShareALimit runs two workers with environments of their own.
func TestTwoMachinesShareALimit(t *testing.T) {
	t.Parallel()
	const n, rate = 480, 60
	w := newWorld(t, n)
	seen := new(traffic)
	w.wechat.FaultFunc(func(r *http.Request) *wechattest.Fault {
		if r.URL.Path == sendPath {
			seen.mu.Lock()
			defer seen.mu.Unlock()
			seen.times = append(seen.times, time.Now())
		}
		return nil
	})
	w.enqueue()
	var machines []*exec.Cmd
	for _, name := range []string{"one", "two"} {
		machines = append(machines, w.start(map[string]string{"HOSTNAME": name, "HOME": t.TempDir(), "TMPDIR": t.TempDir()}, "work", "-rate", "60", "-until-done"))
	}
	for _, m := range machines {
		w.ends(m)
		assert.NotContains(t, printed(m), "\n0 accepted", "both have sent")
	}
	w.once(n)
	for _, window := range []time.Duration{2 * time.Second, 5 * time.Second} {
		most, _ := seen.busiest(window)
		allowed := rate*window.Seconds()*1.05 + 1
		t.Logf("%d calls in the busiest %v, %.0f are allowed", most, window, allowed)
		assert.LessOrEqual(t, float64(most), allowed)
	}
	assert.Equal(t, 1, w.wechat.TokenFetches(), "and one token")
}

// queued returns how many tasks wait in a queue.
func (w *world) queued(queue string) int {
	w.t.Helper()
	infos, err := w.of(w.wechat.AppID).infos()
	require.NoError(w.t, err)
	for _, info := range infos {
		if info.Queue == queue {
			return info.Pending + info.Scheduled + info.Retry
		}
	}
	return 0
}

// TestEnqueueHeals: a Redis that has lost everything gets it again.
func TestEnqueueHeals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 450)
	w.enqueue()
	require.NoError(t, w.client().FlushAll(t.Context()).Err())
	w.execute("UPDATE push_message SET sending_at = UNIX_TIMESTAMP() - 5, attempts = 1 WHERE openid LIKE '%1' AND id < 200")
	s := w.enqueue()
	assert.Equal(t, 450, s.Pending)
	f := w.of(w.wechat.AppID)
	assert.Equal(t, []int{3, 1}, []int{w.queued(f.blocks()), w.queued(f.repeats())}, "rows that have left go first")
	w.enqueue()
	assert.Equal(t, []int{3, 1}, []int{w.queued(f.blocks()), w.queued(f.repeats())}, "no second task of a block")
	r := w.run(t.Context(), "work", "-rate", "1000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	w.once(450)
}

// TestWorkerHeals: blocks whose tasks Redis has lost are sent even so, once the
// queue is empty.
func TestWorkerHeals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 450)
	w.enqueue()
	f := w.of(w.wechat.AppID)
	n, err := f.look.DeleteAllPendingTasks(f.blocks())
	require.NoError(t, err)
	require.Equal(t, 3, n)
	r := w.run(t.Context(), "work", "-rate", "1000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	w.once(450)
}

// TestFailedRows: what fails lies in the ledger, not in asynq's archive, and is
// taken up again by enqueue -retry-failed.
func TestFailedRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	w.enqueue()
	w.wechat.Fail(sendPath, 3, wechattest.Fault{Code: 47003})
	r := w.run(t.Context(), "work", "-rate", "1000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.out, "7 accepted, 0 skipped, 3 failed")
	f := w.of(w.wechat.AppID)
	archived, err := f.look.ListArchivedTasks(f.blocks())
	require.NoError(t, err)
	assert.Empty(t, archived)
	r = w.run(t.Context(), "status")
	assert.Equal(t, exitFailed, r.status, r.both())
	assert.Contains(t, r.out, "3 failed + 0 unknown + 0 pending")
	w.enqueue("-retry-failed")
	r = w.run(t.Context(), "work", "-rate", "1000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	w.once(10)
}

// TestArchived: a task that cannot be read and one whose campaign is gone are
// archived; enqueue takes the latter out again.
func TestArchived(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	w.enqueue()
	f := w.of(w.wechat.AppID)
	_, err := f.tasks.Enqueue(asynq.NewTask(blockType, []byte("nonsense")), asynq.Queue(f.blocks()))
	require.NoError(t, err)
	w.execute("RENAME TABLE push_campaign TO kept")
	w.execute("CREATE TABLE push_campaign LIKE kept")
	worker := w.start(nil, "work", "-rate", "1000")
	until(t, "both are archived", func() bool {
		archived, err := f.look.ListArchivedTasks(f.blocks())
		return err == nil && len(archived) == 2
	})
	assert.Zero(t, w.wechat.AcceptedCount())
	require.NoError(t, worker.Process.Kill())
	w.execute("DROP TABLE push_campaign")
	w.execute("RENAME TABLE kept TO push_campaign")
	w.enqueue()
	r := w.run(t.Context(), "work", "-rate", "1000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	w.once(10)
}

// TestTasksOfTheVersionBefore: single rows that lie in its queues are sent, also
// when the campaign is enqueued again as blocks.
func TestTasksOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	const n = 60
	for name, again := range map[string]bool{"alone": false, "and blocks": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, n)
			w.enqueue()
			f := w.of(w.wechat.AppID)
			_, err := f.look.DeleteAllPendingTasks(f.blocks())
			require.NoError(t, err)
			for id := int64(1); id <= n; id++ { // as 3a1dec2 puts them
				queue, text := f.rows()[1], fmt.Sprintf(`{"campaign":"spring","row":%d,"attempts":0}`, id)
				if id%10 == 0 {
					queue = f.rows()[0]
				}
				_, err := f.tasks.Enqueue(asynq.NewTask("push:row", []byte(text)), asynq.Queue(queue),
					asynq.TaskID(fmt.Sprintf("%s:spring:%d", w.wechat.AppID, id)), asynq.MaxRetry(1000), asynq.Timeout(time.Hour))
				require.NoError(t, err)
			}
			r := w.run(t.Context(), "status")
			assert.Contains(t, r.out, fmt.Sprintf("queue %s:push: %d messages of the version before wait", w.wechat.AppID, n-n/10))
			if again {
				w.enqueue()
			}
			w.wechat.Fail(sendPath, 1, wechattest.Fault{Code: -1})
			r = w.run(t.Context(), "work", "-rate", "1000", "-until-done")
			require.Equal(t, exitOK, r.status, r.both())
			w.once(n)
			assert.Equal(t, n, w.count("accepted"))
		})
	}
}

// TestRefusedUntilMended: what a person must mend holds the queue, says so, and
// enqueue lets it go on.
func TestRefusedUntilMended(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20)
	w.enqueue()
	w.wechat.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
	worker := w.start(nil, "work", "-rate", "1000")
	f := w.of(w.wechat.AppID)
	until(t, "held", func() bool { h, _, err := f.held(t.Context()); return err == nil && h != nil && h.Until == 0 })
	until(t, "said", func() bool { return strings.Contains(printed(worker), "run enqueue again") })
	assert.Contains(t, printed(worker), "48001")
	r := w.run(t.Context(), "status")
	assert.Contains(t, r.out, "held: WeChat refuses")
	assert.Zero(t, w.wechat.AcceptedCount())
	until(t, "nothing is in flight", func() bool { return w.count("pending") == 20 })
	w.wechat.Heal()
	w.enqueue()
	until(t, "all are sent", func() bool { return w.count("accepted") == 20 })
	w.once(20)
}

// TestMinuteLimitHolds: the limit by the minute holds the queues to the next one.
func TestMinuteLimitHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20)
	w.enqueue()
	w.wechat.Fail(sendPath, 1, wechattest.Fault{Code: 45011})
	worker := w.start(nil, "work", "-rate", "100", "-until-done")
	until(t, "said", func() bool { return strings.Contains(printed(worker), "limit by the minute") })
	f := w.of(w.wechat.AppID)
	h, left, err := f.held(t.Context())
	require.NoError(t, err)
	if h != nil { // the minute may be over by now
		assert.LessOrEqual(t, left, 61*time.Second)
		text, err := json.Marshal(hold{Until: 1, Reason: h.Reason})
		require.NoError(t, err)
		require.NoError(t, f.redis.Set(t.Context(), f.key("hold"), text, 0).Err())
	}
	until(t, "all are sent", func() bool { return w.count("accepted") == 20 })
	w.once(20)
}

// TestHolds shows which of two holds stays, and who ends it.
func TestHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	ctx, f := t.Context(), w.of("wxholds")
	at := func(seconds int64) func(time.Time) int64 {
		return func(now time.Time) int64 { return now.Unix() + seconds }
	}
	put := func(reason string, until func(time.Time) int64) bool {
		news, err := f.hold(ctx, reason, until)
		require.NoError(t, err)
		return news
	}
	reason := func() string {
		h, _, err := f.held(ctx)
		require.NoError(t, err)
		if h == nil {
			return ""
		}
		return h.Reason
	}
	assert.Empty(t, reason())
	assert.True(t, put("minute", at(50)))
	assert.False(t, put("shorter", at(10)))
	assert.Equal(t, "minute", reason())
	assert.True(t, put("quota", at(500)))
	assert.Equal(t, "quota", reason())
	require.NoError(t, f.look.UnpauseQueue(f.blocks()))
	reason()
	paused, err := f.paused()
	require.NoError(t, err)
	assert.Len(t, paused, 4, "a hold pauses what somebody has let go")
	h, err := f.resume(ctx)
	require.NoError(t, err)
	assert.Equal(t, "quota", h.Reason, "a quota is no matter of a person's")
	assert.True(t, put("refused", mended))
	assert.False(t, put("quota", at(5000)))
	assert.Equal(t, "refused", reason())
	h, err = f.resume(ctx)
	require.NoError(t, err)
	assert.Nil(t, h)
	paused, err = f.paused()
	require.NoError(t, err)
	assert.Empty(t, paused)
	require.NoError(t, f.look.PauseQueue(f.blocks()))
	assert.Empty(t, reason())
	paused, err = f.paused()
	require.NoError(t, err)
	assert.Len(t, paused, 1, "a pause of somebody else's is his")
	assert.True(t, put("over", at(-1)))
	assert.Empty(t, reason())
}

func TestEndsOfHolds(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 15, 59, 30, 0, time.UTC) // 23:59:30 in Beijing
	assert.EqualValues(t, 31, nextMinute(now)-now.Unix())
	assert.EqualValues(t, 5*60+30, nextDay(now)-now.Unix())
	assert.EqualValues(t, 15, soon(now)-now.Unix())
	assert.Zero(t, mended(now))
}

func TestParseTask(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]push.Block{
		`{"campaign":"春季","first":400,"end":600}`:                {Campaign: "春季", First: 400, End: 600},
		`{"campaign":"c","first":0,"end":7,"repeats":true}`:      {Campaign: "c", End: 7, Repeats: true},
		`{"campaign":"c","end":200,"row":9,"another field":"x"}`: {Campaign: "c", End: 200},
	} {
		got, _, err := parseTask(blockType, []byte(text))
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
		assert.Equal(t, "wx1:"+want.Campaign+fmt.Sprintf(":%d", want.First/200), (&fleet{appID: "wx1"}).id(got))
	}
	got, _, err := parseTask(rowType, []byte(`{"campaign":"春季","row":7,"attempts":2}`))
	require.NoError(t, err)
	assert.Equal(t, push.Block{Campaign: "春季", First: 7, End: 8}, got)
	w := &worker{program: &program{}}
	for _, text := range []string{
		"", "null", "{}", "x", `{"campaign":"c"}`, `{"first":200,"end":400}`, `{"campaign":"c","first":200,"end":401}`, `{"campaign":"c","first":200,"end":200}`,
		`{"campaign":"c","first":201,"end":300}`, `{"campaign":"c","first":-200,"end":0}`, `{"campaign":"c","row":-1}`, `{"campaign":7,"first":200,"end":400}`,
	} {
		for _, kind := range []string{blockType, rowType} {
			_, _, err := parseTask(kind, []byte(text))
			require.Error(t, err, text)
			require.ErrorIs(t, w.handle(context.Background(), asynq.NewTask(kind, []byte(text))), asynq.SkipRetry)
		}
	}
	_, _, err = parseTask("another", []byte(`{"campaign":"c","first":200,"end":400,"row":1}`))
	require.Error(t, err)
}

func FuzzParseTask(f *testing.F) {
	f.Add(blockType, []byte(`{"campaign":"c","first":200,"end":400}`))
	f.Add(rowType, []byte(`{"campaign":"c","row":1}`))
	f.Fuzz(func(t *testing.T, kind string, payload []byte) {
		if b, _, err := parseTask(kind, payload); err == nil && (b.Campaign == "" || b.First < 0 || b.End <= b.First || b.End-b.First > push.BlockSize) {
			t.Errorf("%q %q", kind, payload)
		}
	})
}
