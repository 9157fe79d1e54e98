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
	tally    tally              // of this worker
	foreign  chan error         // has a *foreignError once campaigns of another ledger were seen

	mu     sync.Mutex         // guards what follows
	noLink map[string]bool    // campaigns that were told to link elsewhere
	going  context.Context    // ends when nothing more is to be claimed: a hold, or the end of the work
	halt   context.CancelFunc // ends going

	simulate map[string]bool // templates that the simulation has
}

// work sends until ctx ends, through outages of Redis and of the database.
func (p *program) work(ctx context.Context) error {
	p.say("Account %s at %s, ledger %s, Redis %s: %d in flight, %g a second of all workers together",
		p.account.AppID, p.account.Host, p.ledger.Name, p.shared.Name, p.workers, p.rate)
	stopped := ctx.Done()
	ctx, ends := context.WithCancel(ctx)
	defer ends()
	w := &worker{program: p, ends: ends, foreign: make(chan error, 1), noLink: map[string]bool{}, simulate: map[string]bool{}}
	said := ""
	for ctx.Err() == nil {
		err := w.serve(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			continue
		case db.IsDenied(err) || db.IsMissing(err): // which no waiting mends
			return operator.Usage(p.describe(err))
		case errors.As(err, new(*foreignError)):
			return err
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
	n := w.tally.get()
	return w.text("%d accepted, %d skipped, %d failed, %d unknown", n.Accepted, n.Skipped, n.Failed, n.Unknown)
}

// tally counts the rows that were settled.
type tally struct {
	mu sync.Mutex // guards n
	n  push.Settled
}

func (t *tally) add(n push.Settled) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n = t.n.Plus(n)
}

func (t *tally) get() push.Settled {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n
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
		Workers: w.workers, Limiter: w.limiter, Rate: w.rate, Settled: w.tally.add, Log: w.logger(), Now: w.now,
	}
	if w.links != nil {
		config.LinkBase = w.link
		config.Link = func(row int64) string { return w.links.Link(row, time.Now().Add(time.Duration(w.linkTTL))) }
	}
	server := asynq.NewServerFromRedisClient(w.shared.Client, w.asynqConfig())
	if err := server.Ping(); err != nil {
		return errors.New(w.text("the Redis %s does not answer (%v); start it, or see -redis", w.shared.Name, err))
	}
	if err := w.ownLedger(ctx); err != nil { // before anything is taken from the queues
		return err
	}
	if w.desk, err = push.OpenDesk(ctx, config); err != nil {
		return err
	}
	defer w.desk.Close()
	w.goOn(ctx)
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
	defer w.stop() // also when the desk is broken
	group.Go(func() { w.lookOn(looking) })
	select {
	case <-ctx.Done():
		return nil
	case err := <-w.foreign:
		return err
	case <-w.desk.Broken():
		return fmt.Errorf("%s: %w", w.text("the ledger in %s", w.ledger.Name), w.desk.Why())
	}
}

func (w *worker) asynqConfig() asynq.Config {
	return asynq.Config{
		Concurrency: blocksAtATime, Queues: w.priorities(), StrictPriority: true,
		TaskCheckInterval: 100 * time.Millisecond, DelayedTaskCheckInterval: lookEvery, ShutdownTimeout: stopWithin,
		LogLevel:       asynq.FatalLevel, // errors of Redis are told by lookOn
		RetryDelayFunc: func(_ int, err error, _ *asynq.Task) time.Duration { return delay(err) },
		IsFailure:      func(err error) bool { return !errors.As(err, new(*later)) && !errors.Is(err, asynq.ErrLeaseExpired) },
	}
}

// priorities are asynq's: what is to be repeated goes first, then what was there before any block.
func (w *worker) priorities() map[string]int {
	rows := w.fleet.rows()
	return map[string]int{w.fleet.repeats(): 4, rows[0]: 3, rows[1]: 2, w.fleet.blocks(): 1}
}

// hold pauses the account's queues, for this worker at once.
func (w *worker) hold(ctx context.Context, reason string, until func(time.Time) int64) {
	now := time.Now()
	end := time.Unix(until(now), 0)
	if end.Unix() == 0 {
		end = now.Add(mendedLook) // seen to again and again while it lasts
	}
	w.heldTill.Store(max(w.heldTill.Load(), end.UnixNano()))
	w.stop()
	news, err := w.fleet.hold(ctx, reason, until)
	if news || err != nil {
		w.complain("held back: %s", w.text(reason))
	}
}

// lookOn looks again and again, until ctx ends, and tells when Redis is gone.
func (w *worker) lookOn(ctx context.Context) {
	gone, said := false, time.Now()
	before := ""
	for ctx.Err() == nil {
		err := w.look(ctx)
		switch {
		case errors.As(err, new(*foreignError)):
			w.refuse(err)
			return
		case err != nil && ctx.Err() == nil && !gone:
			gone = true
			w.complain("%s; going on as soon as it can", w.describe(err))
		case err == nil && gone:
			gone = false
			w.say("going on")
		}
		if now := w.told(); time.Since(said) >= sayEvery && now != before {
			w.print(now)
			said, before = time.Now(), now
		}
		wait(ctx, lookEvery+rand.N(lookEvery/4))
	}
}

// look sees whether the queues are held, and looks after the campaigns.
func (w *worker) look(ctx context.Context) error {
	h, left, err := w.fleet.held(ctx)
	if err != nil {
		return w.redisError(err)
	}
	if h == nil {
		w.heldTill.Store(0)
		w.goOn(ctx)
	} else {
		w.heldTill.Store(time.Now().Add(left).UnixNano())
		w.stop()
	}
	campaigns, err := w.fleet.campaigns(ctx)
	if err != nil {
		return w.redisError(err)
	}
	if err := w.checkLedger(ctx, campaigns); err != nil {
		return err
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

// sweep looks after the campaigns, if no other worker does: blocks with rows of
// dead workers and blocks that Redis has lost go into the queue.
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
			w.sayNoLink(campaign, err)
			continue
		}
		if err != nil {
			return err
		}
		if len(o.Blocks) > 0 {
			if _, err := w.fleet.putAll(ctx, o.Blocks); err != nil {
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

// sayNoLink tells once of a campaign that this worker cannot send.
func (w *worker) sayNoLink(campaign string, err error) {
	w.mu.Lock()
	said := w.noLink[campaign]
	w.noLink[campaign] = true
	w.mu.Unlock()
	if !said {
		w.complain("warning: %s; it waits for a worker with that -link", operator.OneLine(err.Error()))
	}
}

// refuse ends the work: Redis has campaigns of another ledger.
func (w *worker) refuse(err error) {
	w.stop()
	select {
	case w.foreign <- err:
	default: // told already
	}
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
