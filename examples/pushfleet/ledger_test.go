package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/redistest"
	"github.com/org/wxhome/examples/internal/share"
)

// elsewhere is the environment of somebody who has given another school's database.
func (w *world) elsewhere() map[string]string {
	env := maps.Clone(w.env)
	env["WXHOME_DB"] = dbtest.MariaDB(w.t)
	return env
}

// tasks are the payloads of the account's blocks that wait.
func (w *world) tasks() (payloads []string) {
	w.t.Helper()
	f := w.of(w.wechat.AppID)
	pending, err := f.look.ListPendingTasks(f.blocks())
	require.NoError(w.t, err)
	for _, task := range pending {
		payloads = append(payloads, string(task.Payload))
		assert.Zero(w.t, task.Retried)
	}
	return payloads
}

// TestWorkerOfAnotherLedger is started with another school's database: it touches nothing, and
// neither does an enqueue.
func TestWorkerOfAnotherLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20)
	w.enqueue()
	env, before := w.elsewhere(), w.tasks()
	require.Len(t, before, 1)
	r := runProgram(t.Context(), env, "work", "-rate", "1000", "-until-done")
	oneClearLine(t, r, exitUsage, "another ledger")
	assert.NotContains(t, r.out, "is done")
	r = runProgram(t.Context(), env, "enqueue", "-template", templateID, "-field", "thing1={student_name}", "-public-photos", "-yes", "-campaign", "spring")
	oneClearLine(t, r, exitUsage, "another ledger")
	campaigns, err := w.of(w.wechat.AppID).campaigns(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"spring"}, campaigns)
	assert.Equal(t, before, w.tasks())
	var key string
	require.NoError(t, w.db.QueryRow("SELECT secret FROM push_secret").Scan(&key))
	assert.NotContains(t, before[0], key)

	r = w.run(t.Context(), "work", "-rate", "1000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	w.once(20)

	// Nothing is being sent any more: the fleet may have another ledger.
	r = runProgram(t.Context(), env, "work", "-rate", "1000", "-until-done")
	assert.Equal(t, exitOK, r.status, r.both())
}

// TestLedgerChangesBelowAWorker: a worker ends when campaigns of another ledger are begun, and
// they stay.
func TestLedgerChangesBelowAWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	f := w.of(w.wechat.AppID)
	worker := w.start(nil, "work")
	until(t, "it works", func() bool {
		servers, err := f.look.Servers()
		return err == nil && len(servers) == 1
	})
	f.ledger = "ANOTHER"
	ok, err := f.begin(t.Context(), "summer")
	require.NoError(t, err)
	require.True(t, ok)
	_ = worker.Wait()
	assert.Equal(t, exitUsage, worker.ProcessState.ExitCode(), printed(worker))
	assert.Contains(t, printed(worker), "another ledger")
	campaigns, err := f.campaigns(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"summer"}, campaigns)
}

// TestTaskOfAnotherLedger may reach a worker before it has seen that there is another ledger. It is
// given back as no failure, and the work ends.
func TestTaskOfAnotherLedger(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	shared, err := share.Open(server.URL())
	require.NoError(t, err)
	defer shared.Close()
	f := newFleet(shared.Client, "wx1")
	payload, err := json.Marshal(taskOf(push.Block{Campaign: "spring", End: push.BlockSize}, "ANOTHER"))
	require.NoError(t, err)
	for _, bound := range []string{"ANOTHER", "OWN"} {
		require.NoError(t, f.redis.FlushAll(t.Context()).Err())
		f.ledger = bound
		ok, err := f.begin(t.Context(), "spring")
		require.NoError(t, err)
		require.True(t, ok)
		f.ledger = "OWN"
		ok, err = f.begin(t.Context(), "autumn")
		require.NoError(t, err)
		require.Equal(t, bound == "OWN", ok, "campaigns of two ledgers are not begun")
		ctx, cancel := context.WithCancel(t.Context())
		w := &worker{foreign: make(chan error, 1), going: ctx, halt: cancel, program: &program{
			fleet: f, shared: shared, account: &account.Account{AppID: "wx1"}, ledger: &db.DB{Name: "here"},
		}}
		err = w.handle(t.Context(), asynq.NewTask(blockType, payload))
		assert.Equal(t, bound == "OWN", errors.Is(err, asynq.SkipRetry), "%s: %v", bound, err)
		assert.Equal(t, bound == "ANOTHER", errors.As(err, new(*later)), "%s: %v", bound, err)
		assert.Equal(t, bound == "ANOTHER", len(w.foreign) == 1 && w.stopped(), bound)
		cancel()
	}
	w := &worker{program: &program{fleet: f}}
	w.heldTill.Store(time.Now().Add(time.Hour).UnixNano())
	err = w.handle(t.Context(), asynq.NewTask(blockType, []byte(`{"campaign":"spring","end":200}`)))
	require.ErrorIs(t, err, errHeld, "a task of the version before has no ledger")
}

// TestTaskLeftBehind by a ledger that is gone goes to the archive, from which enqueue takes it.
func TestTaskLeftBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20)
	f := w.of(w.wechat.AppID)
	f.ledger = "GONE"
	_, err := f.put(t.Context(), push.Block{Campaign: "spring", End: push.BlockSize}, 0)
	require.NoError(t, err)
	w.enqueue()
	r := w.run(t.Context(), "work", "-rate", "1000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	w.once(20)
}

// TestNoLedgerNoted: a Redis of the version before has campaigns and tasks without a ledger.
func TestNoLedgerNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20)
	w.enqueue()
	f := w.of(w.wechat.AppID)
	require.NoError(t, f.redis.Del(t.Context(), f.key("ledger")).Err())
	_, err := f.look.DeleteAllPendingTasks(f.blocks())
	require.NoError(t, err)
	_, err = f.put(t.Context(), push.Block{Campaign: "spring", End: push.BlockSize}, 0)
	require.NoError(t, err)
	require.NotContains(t, w.tasks()[0], "ledger")
	r := w.run(t.Context(), "work", "-rate", "1000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	w.once(20)
}
