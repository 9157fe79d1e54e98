package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/hibiken/asynq"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
)

// What asynq calls a block's task, and a row's of the version before.
const (
	blockType = "push:block"
	rowType   = "push:row"
)

const (
	// maxRetry is out of reach: the rules, not a count, end a row.
	maxRetry = 1000
	// taskTimeout is above what a block may take: 200 messages at 0.01 a second.
	taskTimeout = 7 * 24 * time.Hour
	// blocksAtATime is how many blocks a worker sends at a time: one sends while
	// the other one is written down. All share the worker's senders.
	blocksAtATime = 2
	// loaders put tasks into a queue at a time.
	loaders = 16
)

// task names a block of the ledger, or a row: a task of the version before.
type task struct {
	Campaign string `json:"campaign"`
	First    int64  `json:"first,omitempty"`
	End      int64  `json:"end,omitempty"`
	Repeats  bool   `json:"repeats,omitempty"`
	Row      int64  `json:"row,omitempty"`
	Ledger   string `json:"ledger,omitempty"` // its id; empty in tasks of versions before
}

func taskOf(b push.Block, ledger string) task {
	return task{Campaign: b.Campaign, First: b.First, End: b.End, Repeats: b.Repeats, Ledger: ledger}
}

// parseTask returns the block of a task, and the id of its ledger.
func parseTask(kind string, payload []byte) (b push.Block, ledger string, err error) {
	var t task
	err = json.Unmarshal(payload, &t)
	switch {
	case err != nil || t.Campaign == "":
	case kind == rowType && t.Row > 0:
		return push.Block{Campaign: t.Campaign, First: t.Row, End: t.Row + 1}, t.Ledger, nil
	case kind == blockType && t.First >= 0 && t.First%push.BlockSize == 0 && t.End > t.First && t.End-t.First <= push.BlockSize:
		return push.Block{Campaign: t.Campaign, First: t.First, End: t.End, Repeats: t.Repeats}, t.Ledger, nil
	}
	return push.Block{}, "", errors.New("the payload names no block of a campaign")
}

// id is unique by account, campaign and block, so that to enqueue again makes no
// second task of a block.
func (f *fleet) id(b push.Block) string {
	return f.appID + ":" + b.Campaign + ":" + strconv.FormatInt(b.First/push.BlockSize, 10)
}

// later puts a task off.
type later struct {
	after time.Duration
	err   error
}

// Error says why.
func (e *later) Error() string { return e.err.Error() }

// Unwrap returns why.
func (e *later) Unwrap() error { return e.err }

// delay is how long asynq waits before it repeats a task.
func delay(err error) time.Duration {
	var e *later
	if errors.As(err, &e) {
		return e.after
	}
	return lookEvery
}

// Why a task is put off.
var (
	errHeld    = errors.New("the queue is held")
	errPaused  = errors.New("a person has paused the campaign")
	errPending = errors.New("rows of the block are pending")
)

// handle sends the block of a task. Its error is what asynq does about it: a
// *later is repeated, one with SkipRetry goes to the archive. What became of
// rows is the ledger's matter.
func (w *worker) handle(ctx context.Context, at *asynq.Task) error {
	b, ledger, err := parseTask(at.Type(), at.Payload())
	if err != nil {
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
	}
	if ledger != "" && ledger != w.fleet.ledger {
		return w.otherLedger(ctx)
	}
	if w.heldFor() > 0 { // it came before the queue was paused, and waits there for the end of the hold
		return &later{lookEvery, errHeld}
	}
	stop, release := w.until(ctx)
	done, err := w.desk.Block(context.WithoutCancel(ctx), stop, b)
	release()
	switch {
	case errors.Is(err, push.ErrNoLink):
		if o, err := w.desk.Orphans(context.WithoutCancel(ctx), b.Campaign, false); err == nil && o.Done { // the sweep tells
			return nil
		}
		w.hold(context.WithoutCancel(ctx), w.text("%s; give work the same -link as enqueue, then run enqueue again", operator.OneLine(err.Error())), mended)
		return &later{lookEvery, err}
	case errors.Is(err, push.ErrNoCampaign):
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
	case err != nil:
		return &later{lookEvery, err}
	}
	w.heed(context.WithoutCancel(ctx), done)
	return w.putOff(context.WithoutCancel(ctx), b, done)
}

// otherLedger ends the work, and gives a task back for a worker that has its ledger. Where the
// campaigns are of this worker's ledger, the task was left behind: it goes to the archive.
func (w *worker) otherLedger(ctx context.Context) error {
	campaigns, err := w.fleet.campaigns(ctx)
	if err == nil {
		err = w.checkLedger(ctx, campaigns)
	}
	if err == nil {
		return fmt.Errorf("%w: %w", errLeftBehind, asynq.SkipRetry)
	}
	if errors.As(err, new(*foreignError)) {
		w.refuse(err)
	}
	return &later{lookEvery, err}
}

// until returns what is closed when a block must not claim more: the account is
// held, the work ends, or asynq has given the task of ctx up.
func (w *worker) until(ctx context.Context) (stop <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancel(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	forget := context.AfterFunc(w.going, cancel)
	return ctx.Done(), func() { forget(); cancel() }
}

// goOn lets blocks claim until ctx ends or stop is called.
func (w *worker) goOn(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.going == nil || w.going.Err() != nil {
		w.going, w.halt = context.WithCancel(ctx)
	}
}

// stop has the blocks that are being sent end.
func (w *worker) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.halt != nil {
		w.halt()
	}
}

// heldFor is how long nothing is to be sent, as far as this worker knows.
func (w *worker) heldFor() time.Duration { return time.Until(time.Unix(0, w.heldTill.Load())) }

// stopped reports whether blocks must not claim more.
func (w *worker) stopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.going.Err() != nil
}

// putOff has what is left of a block sent later. Rows that are to be repeated
// soon go into a queue of their own.
func (w *worker) putOff(ctx context.Context, b push.Block, done push.Carried) error {
	after := done.Again // a hold lasts longer than that: the queue is paused
	if done.Repeats && !b.Repeats {
		again := push.Block{Campaign: b.Campaign, First: b.First - b.First%push.BlockSize, Repeats: true}
		again.End = again.First + push.BlockSize
		if _, err := w.fleet.put(ctx, again, after); err != nil {
			return &later{after, err}
		}
	}
	if w.stopped() { // for another worker, or for the end of the hold
		after = 0
	}
	if done.Paused && done.Left() {
		return &later{after + rand.N(after+1), errPaused}
	}
	if done.Fresh || done.Repeats && b.Repeats {
		return &later{after, errPending}
	}
	return nil
}

// reasonMinute is why an account is held until the next minute. What stands in Redis is English where
// each program can say it in its own language.
const reasonMinute = "the limit by the minute has struck"

// heed holds the account's queues where a failure concerns them all.
func (w *worker) heed(ctx context.Context, done push.Carried) {
	switch {
	case done.Minute:
		w.hold(ctx, reasonMinute, nextMinute)
	case done.Halt == push.ReasonQuota:
		w.hold(ctx, string(push.ReasonQuota), nextDay)
	case done.Halt == push.ReasonRefused:
		w.hold(ctx, w.text("%s; mend it, then run enqueue again", w.describe(done.Err)), mended)
	case done.Halt == push.ReasonOutage:
		w.hold(ctx, string(push.ReasonOutage), soon)
	}
}
