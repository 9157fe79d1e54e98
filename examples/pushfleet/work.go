package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/template"
)

const (
	// lookEvery is how often a worker looks whether the queue is held, and one of
	// them after the campaigns.
	lookEvery = time.Second
	// sweepShare is the part of its time that the looking after takes at most.
	sweepShare = 20
	// reopenAfter is the wait before a database or a Redis that is gone is tried again.
	reopenAfter = time.Second
	// stopWithin bounds the wait for what is in flight.
	stopWithin = time.Minute
	// sayEvery is how often a worker tells how far it has come.
	sayEvery = 5 * time.Second
)

// worker sends what is in an account's queues.
type worker struct {
	*program
	desk     *push.Desk
	ends     context.CancelFunc // ends the work: -until-done
	heldTill atomic.Int64       // unix nanoseconds until which nothing is to be sent
	tally    [4]atomic.Int64    // accepted, skipped, failed and unknown of this worker
	simulate map[string]bool    // templates that the simulation has
}

// work sends until ctx ends, through outages of Redis and of the database.
func (p *program) work(ctx context.Context) error {
	p.say("Account %s at %s, ledger %s, Redis %s: %d in flight, %g a second of all workers together",
		p.account.AppID, p.account.Host, p.ledger.Name, p.shared.Name, p.workers, p.rate)
	stopped := ctx.Done()
	ctx, ends := context.WithCancel(ctx)
	defer ends()
	w := &worker{program: p, ends: ends, simulate: map[string]bool{}}
	said := ""
	for ctx.Err() == nil {
		err := w.serve(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			continue
		case db.IsDenied(err) || db.IsMissing(err): // which no waiting mends
			return usage("%s", p.describe(err))
		case err.Error() != said:
			said = err.Error()
			p.complain("%s; trying again", p.describe(err))
		}
		wait(ctx, reopenAfter+rand.N(reopenAfter))
	}
	p.say("%s by this worker", w.told())
	select {
	case <-stopped:
		return operator.Settled{Status: exitInterrupted}
	default:
		return nil
	}
}

func (w *worker) told() string {
	return fmt.Sprintf("%d accepted, %d skipped, %d failed, %d unknown",
		w.tally[0].Load(), w.tally[1].Load(), w.tally[2].Load(), w.tally[3].Load())
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// serve sends until ctx ends, or the desk breaks.
func (w *worker) serve(ctx context.Context) (err error) {
	config := push.DeskConfig{
		AppID: w.account.AppID, Caller: w.account.Client, School: w.school, Ledger: w.ledger,
		Workers: w.workers, Log: w.logger(), Now: w.now,
	}
	if w.links != nil {
		config.LinkBase = w.link
		config.Link = func(row int64) string { return w.links.Link(row, time.Now().Add(time.Duration(w.linkTTL))) }
	}
	if w.desk, err = push.OpenDesk(ctx, config); err != nil {
		return err
	}
	defer w.desk.Close()
	server := asynq.NewServerFromRedisClient(w.shared.Client, w.asynqConfig())
	if err := server.Ping(); err != nil {
		return fmt.Errorf("the Redis %s does not answer (%w); start it, or see -redis", w.shared.Name, err)
	}
	var group sync.WaitGroup
	looking, cancel := context.WithCancel(ctx)
	defer group.Wait()
	defer cancel()
	if err := w.look(looking); err != nil { // a hold is known before the first task is
		return err
	}
	if err := server.Start(asynq.HandlerFunc(w.handle)); err != nil {
		return err
	}
	defer server.Shutdown()
	group.Go(func() { w.lookOn(looking) })
	select {
	case <-ctx.Done():
		return nil
	case <-w.desk.Broken():
		return fmt.Errorf("the ledger in %s: %w", w.ledger.Name, w.desk.Why())
	}
}

func (w *worker) asynqConfig() asynq.Config {
	return asynq.Config{
		Concurrency: w.workers,
		Queues:      map[string]int{w.fleet.again(): 2, w.fleet.first(): 1}, StrictPriority: true,
		TaskCheckInterval: 100 * time.Millisecond, DelayedTaskCheckInterval: lookEvery, ShutdownTimeout: stopWithin,
		LogLevel:       asynq.FatalLevel, // errors of Redis are told by lookOn
		RetryDelayFunc: func(_ int, err error, _ *asynq.Task) time.Duration { return delay(err) },
		IsFailure:      func(err error) bool { return !errors.As(err, new(*later)) && !errors.Is(err, asynq.ErrLeaseExpired) },
	}
}

// later puts a task off.
type later struct {
	after time.Duration
	err   error
}

func (e *later) Error() string { return e.err.Error() }
func (e *later) Unwrap() error { return e.err }

// delay is how long asynq waits before it repeats a task.
func delay(err error) time.Duration {
	var e *later
	if errors.As(err, &e) {
		return e.after
	}
	return lookEvery
}

var errHeld = errors.New("the queue is held")

// handle sends the row of a task. Its error is what asynq does about it: a
// *later is repeated, one with SkipRetry goes to the archive.
func (w *worker) handle(ctx context.Context, at *asynq.Task) error {
	t, err := parseTask(at.Payload())
	if err != nil {
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
	}
	if left := time.Until(time.Unix(0, w.heldTill.Load())); left > 0 {
		return &later{left, errHeld}
	}
	// What has been claimed is settled, also when asynq gives the task up.
	ctx = context.WithoutCancel(ctx)
	sent, err := w.desk.Send(ctx, t.Campaign, t.Row)
	switch {
	case errors.Is(err, push.ErrNoLink):
		w.hold(ctx, operator.OneLine(err.Error())+"; give work the same -link as enqueue, then run enqueue again", mended)
		return &later{lookEvery, err}
	case errors.Is(err, push.ErrNoCampaign):
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
	case err != nil:
		return &later{lookEvery, err}
	}
	w.heed(ctx, sent)
	switch sent.State {
	case "accepted":
		w.tally[0].Add(1)
	case "skipped":
		w.tally[1].Add(1)
	case "failed":
		w.tally[2].Add(1)
		return fmt.Errorf("%w: %w", sent.Err, asynq.SkipRetry)
	case "unknown":
		w.tally[3].Add(1)
		return fmt.Errorf("%w: %w", sent.Err, asynq.SkipRetry)
	case "pending":
		return w.putOff(ctx, t, sent)
	}
	return nil
}

// putOff has a row sent again after a while, in the queue of repeated ones. A
// task that would be put there under its own name is asynq's to repeat.
func (w *worker) putOff(ctx context.Context, t task, sent push.Sent) error {
	queue, _ := asynq.GetQueueName(ctx)
	if queue == w.fleet.again() && t.Attempts == sent.Attempts {
		return &later{sent.Again, sent.Err}
	}
	t.Attempts = sent.Attempts
	if _, err := w.fleet.put(ctx, w.fleet.again(), t, sent.Again); err != nil {
		return &later{sent.Again, err}
	}
	return nil
}

// heed holds the account's queues where a failure concerns them all.
func (w *worker) heed(ctx context.Context, sent push.Sent) {
	switch {
	case sent.Minute:
		w.hold(ctx, "the limit by the minute has struck", nextMinute)
	case sent.Halt == push.ReasonQuota:
		w.hold(ctx, string(push.ReasonQuota), nextDay)
	case sent.Halt == push.ReasonRefused:
		w.hold(ctx, "WeChat refuses: "+w.describe(sent.Err)+"; mend it, then run enqueue again", mended)
	case sent.Halt == push.ReasonOutage, sent.Unreached >= w.workers:
		w.hold(ctx, string(push.ReasonOutage), soon)
	}
}

// hold pauses the account's queues, for this worker at once.
func (w *worker) hold(ctx context.Context, reason string, until func(time.Time) int64) {
	now := time.Now()
	end := time.Unix(until(now), 0)
	if end.Unix() == 0 {
		end = now.Add(mendedLook) // seen to again and again while it lasts
	}
	w.heldTill.Store(max(w.heldTill.Load(), end.UnixNano()))
	news, err := w.fleet.hold(ctx, reason, until)
	if news || err != nil {
		w.complain("held back: %s", reason)
	}
}

// lookOn looks again and again, until ctx ends, and tells when Redis is gone.
func (w *worker) lookOn(ctx context.Context) {
	gone, said := false, time.Now()
	before := ""
	for ctx.Err() == nil {
		err := w.look(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !gone:
			gone = true
			w.complain("%s; going on as soon as it can", w.describe(err))
		case err == nil && gone:
			gone = false
			w.say("going on")
		}
		if now := w.told(); time.Since(said) >= sayEvery && now != before {
			w.say("%s", now)
			said, before = time.Now(), now
		}
		wait(ctx, lookEvery+rand.N(lookEvery/4))
	}
}

// look sees whether the queues are held, and looks after the campaigns.
func (w *worker) look(ctx context.Context) error {
	h, left, err := w.fleet.held(ctx)
	if err != nil {
		return fmt.Errorf("the Redis %s: %w", w.shared.Name, err)
	}
	if h == nil {
		w.heldTill.Store(0)
	} else {
		w.heldTill.Store(time.Now().Add(left).UnixNano())
	}
	campaigns, err := w.fleet.campaigns(ctx)
	if err != nil {
		return fmt.Errorf("the Redis %s: %w", w.shared.Name, err)
	}
	if err := w.simulateTemplates(ctx); err != nil {
		return err
	}
	if len(campaigns) == 0 && w.untilDone {
		w.ends()
	}
	if len(campaigns) == 0 || h != nil {
		return nil
	}
	return w.sweep(ctx, campaigns)
}

// sweep looks after the campaigns, if no other worker does: rows of dead
// workers and rows that Redis has lost go into the queue of repeated ones.
func (w *worker) sweep(ctx context.Context, campaigns []string) error {
	mine, err := w.fleet.redis.SetNX(ctx, w.fleet.key("sweep"), 1, lookEvery).Result()
	if err != nil || !mine {
		return err
	}
	begun := time.Now()
	due, err := w.fleet.pending()
	if err != nil {
		return err
	}
	for _, campaign := range campaigns {
		o, err := w.desk.Orphans(ctx, campaign, due == 0)
		if errors.Is(err, push.ErrNoCampaign) {
			o.Done, err = true, nil
		}
		if errors.Is(err, push.ErrNoLink) {
			continue // told when a row of it is sent
		}
		if err != nil {
			return err
		}
		if len(o.Rows) > 0 {
			if _, err := w.fleet.putAll(ctx, w.fleet.again(), campaign, o.Rows); err != nil {
				return err
			}
		}
		if o.Done {
			if err := w.fleet.done(ctx, campaign); err != nil {
				return err
			}
			w.say("campaign %s is done", campaign)
		}
	}
	pause := max(lookEvery, sweepShare*time.Since(begun))
	return w.fleet.redis.PExpire(ctx, w.fleet.key("sweep"), pause).Err()
}

// simulateTemplates gives the simulation the templates of the campaigns.
func (w *worker) simulateTemplates(ctx context.Context) error {
	if !w.account.Simulated() {
		return nil
	}
	all, err := push.Campaigns(ctx, w.ledger, w.account.AppID)
	for _, c := range all {
		if w.simulate[c.TemplateID] {
			continue
		}
		w.simulate[c.TemplateID] = true
		var content strings.Builder
		for _, f := range c.Fields {
			content.WriteString(f.Key + "{{" + f.Key + ".DATA}}\n")
		}
		w.account.Simulation.AddTemplate(template.Template{ID: c.TemplateID, Title: "-template", Content: content.String()})
	}
	return err
}
