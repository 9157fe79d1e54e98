package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/push"
)

func makeSQLite(t *testing.T, path string) {
	t.Helper()
	d, err := db.Open(t.Context(), "sqlite:"+path, db.Create())
	require.NoError(t, err)
	_, err = d.Exec("CREATE TABLE x (y)")
	require.NoError(t, err)
	require.NoError(t, d.Close())
}

// TestWorkOutlivesOutages starts a worker without Redis, and takes the database's
// connections away in the middle.
func TestWorkOutlivesOutages(t *testing.T) {
	t.Parallel()
	const n = 200
	w := newWorld(t, n)
	w.enqueue()
	w.redis.Stop()
	worker := w.start(nil, "work", "-rate", "60")
	until(t, "said", func() bool { return strings.Contains(printed(worker), "does not answer") })
	w.redis.Restart()
	until(t, "some are sent", func() bool { return w.count("accepted") > 30 })
	w.killConnections()
	until(t, "said", func() bool { return strings.Contains(printed(worker), "trying again") })
	until(t, "all are sent", func() bool { return w.count("accepted") == n })
	w.once(n)
	require.NoError(t, worker.Process.Signal(syscall.SIGTERM))
	_ = worker.Wait()
	assert.Equal(t, exitInterrupted, worker.ProcessState.ExitCode(), printed(worker))
}

// killConnections ends all other connections to the world's database.
func (w *world) killConnections() {
	w.t.Helper()
	rows, err := w.db.Query("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
	require.NoError(w.t, err)
	var found []int64
	for rows.Next() {
		var id int64
		require.NoError(w.t, rows.Scan(&id))
		found = append(found, id)
	}
	require.NoError(w.t, rows.Close())
	for _, id := range found {
		_, _ = w.db.Exec("KILL ?", id)
	}
}

// TestNoRightToWrite: what no waiting mends ends a worker.
func TestNoRightToWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.enqueue()
	user := fmt.Sprintf("fleet%d", time.Now().UnixNano()%1e9)
	w.execute("CREATE USER " + user + "@'%' IDENTIFIED BY 'geheim'")
	t.Cleanup(func() { _, _ = w.db.Exec("DROP USER " + user + "@'%'") })
	source := "mysql:" + user + ":geheim@" + w.source[strings.Index(w.source, "@")+1:]
	name := source[strings.LastIndex(source, "/")+1:]
	w.execute("GRANT SELECT ON " + name + ".parent_wechat_bind TO " + user + "@'%'")
	r := w.run(t.Context(), "work", "-db", source)
	oneClearLine(t, r, exitUsage, "ledger")
	assert.NotContains(t, r.both(), "geheim")
}

// TestRedisGone: enqueue and status without Redis say so.
func TestRedisGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	w.enqueue()
	w.redis.Stop()
	r := w.run(t.Context(), "status")
	assert.Equal(t, exitStopped, r.status, "the ledger has told, the queues have not")
	assert.Contains(t, r.out, "10 pending")
	assert.Contains(t, r.errors, "refused")
	r = w.run(t.Context(), "enqueue", "-template", templateID, "-field", "thing1={student_name}", "-public-photos", "-yes", "-campaign", "spring", "-resend-unknown")
	oneClearLine(t, r, exitStopped, "refused")
	assert.Contains(t, r.out, " -resend-unknown -campaign spring\n", "it was not carried out")
}

// TestNewerPhotos: a campaign that is enqueued again tells of photos that it will not send.
func TestNewerPhotos(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	w.enqueue()
	w.execute("UPDATE push_message SET state = 'accepted', owner = ''")
	w.execute("UPDATE student_photo SET photo_update_time = '2026-11-25 18:00:00' WHERE student_id < 'S000003'")
	r := w.run(t.Context(), "enqueue", "-template", templateID, "-field", "thing1={student_name}", "-public-photos", "-yes", "-campaign", "spring")
	assert.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.both(), "arrived before the newest photo: 3.")
}

// TestSimulate sends to a simulation inside the worker.
func TestSimulate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20)
	w.enqueue("-simulate")
	r := w.run(t.Context(), "work", "-simulate", "-rate", "1000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.out, "Simulation: nothing leaves this machine.")
	assert.Equal(t, 20, w.count("accepted"))
	assert.Zero(t, w.wechat.AcceptedCount())
	keys, err := w.client().Keys(t.Context(), "wxhome:token:*").Result()
	require.NoError(t, err)
	assert.Empty(t, keys, "a simulation's token is its own")
}

// TestLinks: the worker signs the links.
func TestLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	w.env["WXHOME_LINK_KEY"] = "a key of sixteen bytes"
	args := []string{"enqueue", "-yes", "-template", templateID, "-field", "thing1={student_name}", "-link", "https://school.example/photo", "-campaign", "spring"}
	r := w.run(t.Context(), args...)
	require.Equal(t, exitOK, r.status, r.both())
	worker := w.start(nil, "work", "-rate", "100")
	until(t, "said", func() bool { return strings.Contains(printed(worker), "give work the same -link as enqueue") })
	assert.Zero(t, w.wechat.AcceptedCount())
	require.NoError(t, worker.Process.Kill())
	r = w.run(t.Context(), args...)
	require.Equal(t, exitOK, r.status, r.both())
	r = w.run(t.Context(), "work", "-rate", "100", "-until-done", "-link", "https://school.example/photo")
	require.Equal(t, exitOK, r.status, r.both())
	w.once(5)
}

func TestDelay(t *testing.T) {
	t.Parallel()
	err := &later{7 * time.Second, errHeld}
	assert.Equal(t, 7*time.Second, delay(err))
	assert.Equal(t, lookEvery, delay(errors.New("other")))
	require.ErrorIs(t, err, errHeld)
	p := &program{options: &options{workers: 3}, fleet: &fleet{appID: "wx1"}}
	c := (&worker{program: p}).asynqConfig()
	assert.False(t, c.IsFailure(err), "what is put off is no failure")
	assert.False(t, c.IsFailure(asynq.ErrLeaseExpired))
	assert.True(t, c.IsFailure(errors.New("other")))
	assert.Equal(t, 2, c.Concurrency, "blocks at a time")
	assert.Equal(t, map[string]int{"wx1:repeats": 4, "wx1:again": 3, "wx1:push": 2, "wx1:blocks": 1}, c.Queues, "what is to be repeated goes first")
}

// TestHandleWhileHeld claims nothing.
func TestHandleWhileHeld(t *testing.T) {
	t.Parallel()
	w := &worker{program: &program{}}
	w.heldTill.Store(time.Now().Add(time.Hour).UnixNano())
	err := w.handle(context.Background(), asynq.NewTask(blockType, []byte(`{"campaign":"c","first":0,"end":200}`)))
	require.ErrorIs(t, err, errHeld)
	assert.Equal(t, lookEvery, delay(err), "it waits in the queue, which is paused, also if the hold is ended early")
}

// TestOtherLinkEnds: a campaign with another -link, of which nothing is left to be sent, ends with any
// worker; one that has something left is told once.
func TestOtherLinkEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	w.enqueue()
	require.Equal(t, exitOK, w.run(t.Context(), "work", "-rate", "1000", "-until-done").status)
	linked := []string{"enqueue", "-yes", "-template", templateID, "-field", "thing1={student_name}", "-link", "https://school.example/photo", "-campaign"}
	ends := func(says string) {
		t.Helper()
		r := w.run(t.Context(), "work", "-rate", "1000", "-until-done")
		require.Equal(t, exitOK, r.status, r.both())
		assert.Contains(t, r.out, says)
		assert.NotContains(t, r.errors, "links to")
		campaigns, err := w.of(w.wechat.AppID).campaigns(t.Context())
		require.NoError(t, err)
		assert.Empty(t, campaigns)
	}
	require.Equal(t, exitOK, w.run(t.Context(), append(linked, "unchanged")...).status)
	ends("campaign unchanged is done")
	w.execute("UPDATE student_photo SET photo_update_time = '2026-11-27 18:00:00', photo_url = 'https://p.example/new.jpg'")
	require.Equal(t, exitOK, w.run(t.Context(), append(linked, "cancelled")...).status)
	_, err := push.Cancel(t.Context(), w.db, w.wechat.AppID, "cancelled", "li@office")
	require.NoError(t, err)
	ends("campaign cancelled is done")
	require.Equal(t, exitOK, w.run(t.Context(), append(linked, "waits")...).status)
	require.NoError(t, w.client().Del(t.Context(), "asynq:{"+w.wechat.AppID+":blocks}:pending").Err()) // as if Redis had lost it
	worker := w.start(nil, "work", "-rate", "1000", "-until-done")
	until(t, "said", func() bool {
		return strings.Contains(printed(worker), "campaign waits links to https://school.example/photo")
	})
	require.Equal(t, exitOK, w.run(t.Context(), "enqueue", "-yes", "-template", templateID, "-field", "thing1={student_name}", "-public-photos", "-campaign", "other", "-again").status)
	until(t, "went on with another campaign", func() bool { return strings.Contains(printed(worker), "campaign other is done") })
	_, err = push.Cancel(t.Context(), w.db, w.wechat.AppID, "waits", "li@office")
	require.NoError(t, err)
	w.ends(worker) // it has looked at both campaigns several times
	assert.Equal(t, 1, strings.Count(printed(worker), "campaign waits links to"), printed(worker))
	assert.Contains(t, printed(worker), "it waits for a worker with that -link")
	assert.EqualValues(t, 10, w.wechat.AcceptedCount())
}

// schedule starts one that fires at a minute of the year.
func (w *world) schedule(at time.Time, more ...string) (*buffer, context.CancelFunc, chan int) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	var out buffer
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, append([]string{"pushfleet", "schedule", "-cron", at.In(db.Beijing).Format("4 15 2 1 *"), "-template", templateID, "-field", "thing1={student_name}", "-public-photos"}, more...),
			func(name string) string { return w.env[name] }, &out, &out)
	}()
	return &out, cancel, status
}

// TestSchedule has two of them: one leads, the other takes over.
func TestSchedule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	f := w.of(w.wechat.AppID)
	at := time.Now().Truncate(time.Minute)
	one, stopOne, endOne := w.schedule(at, "-yes")
	until(t, "one leads", func() bool { return strings.Contains(one.String(), "next push: ") })
	two, stopTwo, endTwo := w.schedule(at, "-yes")
	// A firing is due that nobody has seen to.
	last := at.Add(-30 * time.Second)
	require.NoError(t, f.redis.Set(t.Context(), f.key("fired"), last.Unix(), 0).Err())
	until(t, "it has enqueued", func() bool { return strings.Contains(one.String(), "1 put into the queue") })
	stopOne()
	assert.Equal(t, exitInterrupted, <-endOne)
	until(t, "the other one leads", func() bool { return strings.Contains(two.String(), "leading") })
	assert.NotContains(t, two.String(), "1 put into the queue", "what has been done is not done again")
	require.NoError(t, f.redis.Set(t.Context(), f.key("fired"), last.Unix(), 0).Err())
	until(t, "it does again what may not have been done to its end", func() bool {
		return strings.Contains(two.String(), "1 were there already")
	})
	stopTwo()
	assert.Equal(t, exitInterrupted, <-endTwo)
	all, err := push.Campaigns(t.Context(), w.db, w.wechat.AppID)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(all[len(all)-1].Name, "photos-"), all[0].Name)
}

func TestLastDue(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 18, 0, 30, 0, time.UTC)
	for _, tt := range []struct {
		line  string
		since time.Duration
		want  string
	}{
		{"0 18 * * *", time.Minute, "18:00:00"},
		{"0 18 * * *", 10 * time.Second, ""},
		{"*/15 * * * *", 24 * time.Hour, "18:00:00"}, // the last of many
		{"5 18 * * *", time.Hour, ""},
	} {
		due, err := lastDue(tt.line, now.Add(-tt.since), now)
		require.NoError(t, err)
		got := ""
		if !due.IsZero() {
			got = due.Format(time.TimeOnly)
		}
		assert.Equal(t, tt.want, got, tt.line)
	}
	_, err := lastDue("nonsense", now, now)
	require.Error(t, err)
}

// TestWaitsForAnotherCampaign: what another campaign has not settled yet is no matter of a decision.
func TestWaitsForAnotherCampaign(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.enqueue()
	w.execute("UPDATE push_message SET state = 'sending', owner = 'dead-1-x', attempts = 1, sending_at = UNIX_TIMESTAMP() - 2, updated_at = UNIX_TIMESTAMP() LIMIT 2")
	r := w.run(t.Context(), "enqueue", "-template", templateID, "-field", "thing1={student_name}", "-public-photos", "-campaign", "summer", "-yes")
	require.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.out, "2 of them wait for campaign spring, which has not settled its own messages yet: enqueue that one")
}
