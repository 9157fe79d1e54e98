package push

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/org/wxhome/template"
)

const (
	defaultWorkers = 16
	// unlimitedAhead is claimed at a time when no rate bounds it.
	unlimitedAhead = 1000
	// firstBackoff doubles with each attempt of a row, up to lastBackoff.
	firstBackoff = time.Second
	lastBackoff  = 15 * time.Second
	// outageLimit ends a push that has reached nobody for so long.
	outageLimit = 5 * time.Minute
	// writeLimit bounds the writing down after an abort.
	writeLimit = 10 * time.Second
)

// engine is one Run.
type engine struct {
	cfg     Config
	stop    <-chan struct{}
	log     *slog.Logger
	source  *source
	ledger  *ledger
	lock    *lock
	limiter *rate.Limiter
	summary Summary

	queue   []*row              // claimed, not handed to a sender
	flying  map[string]*row     // handed to a sender, by client_msg_id
	results []outcome           // not written yet
	backoff map[int64]time.Time // rows that wait, by id
	inBatch int                 // first attempts claimed since the last pause
	rules   rules
	fatal   error

	total, done int // for Progress
}

// Run pushes the campaign to its end and returns its tally. Close stop to end gently: what is
// in flight is finished and written down. Cancel ctx to abort; what was in flight is then
// repeated by the next Run with the same ids.
func Run(ctx context.Context, stop <-chan struct{}, cfg Config) (Summary, error) {
	start := cfg.now()
	e, err := newEngine(ctx, stop, cfg)
	if err != nil {
		return Summary{}, err
	}
	if e.lock, err = acquire(ctx, cfg.Ledger, e.ledger.owner); err != nil {
		return Summary{}, err
	}
	defer e.lock.release()
	err = e.run(ctx)
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	if _, writeErr := e.ledger.step(late, e.results, pick{}); writeErr != nil {
		err = errors.Join(err, writeErr)
	}
	summary, tallyErr := e.finish(late, start)
	return summary, errors.Join(err, tallyErr)
}

func newEngine(ctx context.Context, stop <-chan struct{}, cfg Config) (*engine, error) {
	if cfg.AppID == "" || cfg.Sender == nil || cfg.School == nil || cfg.Ledger == nil || cfg.Campaign == "" || cfg.TemplateID == "" {
		return nil, errors.New("push: AppID, Sender, School, Ledger, Campaign and TemplateID are required")
	}
	if err := createLedger(ctx, cfg.Ledger); err != nil {
		return nil, err
	}
	if cfg.Workers <= 0 {
		cfg.Workers = defaultWorkers
	}
	e := &engine{
		cfg: cfg, stop: stop, log: cfg.Log, flying: map[string]*row{}, backoff: map[int64]time.Time{},
		source:  newSource(&cfg),
		limiter: rate.NewLimiter(rate.Inf, 1),
		rules:   rules{workers: cfg.Workers},
		summary: Summary{Campaign: cfg.Campaign},
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if cfg.Rate > 0 {
		e.limiter = rate.NewLimiter(rate.Limit(cfg.Rate), 1)
	}
	host, _ := os.Hostname()
	owner := fmt.Sprintf("%.20s-%d-%s", host, os.Getpid(), rand.Text()[:16])
	e.ledger = &ledger{cfg.Ledger, cfg.AppID, cfg.Campaign, owner, cfg.now}
	return e, nil
}

func (e *engine) run(ctx context.Context) error {
	if err := e.begin(ctx); err != nil {
		return err
	}
	if err := e.load(ctx); err != nil {
		return err
	}
	for state, wanted := range map[string]bool{stateFailed: e.cfg.RetryFailed, stateUnknown: e.cfg.ResendUnknown} {
		if wanted {
			if err := e.ledger.reopen(ctx, state); err != nil {
				return err
			}
		}
	}
	if err := e.count(ctx); err != nil {
		return err
	}
	for {
		live, err := e.ledger.recover(ctx, e.lock.alive(ctx))
		if err != nil {
			return err
		}
		e.round(ctx)
		if _, err := e.ledger.step(context.WithoutCancel(ctx), e.take(), pick{}); err != nil {
			return err
		}
		switch {
		case e.fatal != nil:
			return e.fatal
		case e.stopped(ctx):
			return &StopError{Reason: ReasonStopped}
		case e.batchDone():
			e.inBatch = 0
			err = e.pause(ctx)
		case len(e.backoff) > 0:
			err = e.sleep(ctx, e.untilNext())
		case live > 0:
			err = e.sleep(ctx, time.Second) // another process is sending; take over if it dies
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// round sends until there is nothing to send, the batch is full, or something stops it.
func (e *engine) round(ctx context.Context) {
	for r := range e.cfg.Sender.SendAll(ctx, e.input(ctx), template.WithWorkers(e.cfg.Workers)) {
		claimed, ok := e.flying[r.Message.ClientMsgID]
		if !ok {
			continue
		}
		delete(e.flying, r.Message.ClientMsgID)
		e.settle(claimed, r)
	}
	for _, r := range e.queue {
		e.results = append(e.results, outcome{row: r, state: statePending, forget: true})
	}
	e.queue = nil
}

// input yields the messages of claimed rows, and claims more when it runs out.
func (e *engine) input(ctx context.Context) func(func(template.Message, error) bool) {
	return func(yield func(template.Message, error) bool) {
		for {
			if e.fatal != nil || e.stopped(ctx) {
				return
			}
			if len(e.queue) == 0 && !e.claim(ctx) {
				return
			}
			r := e.queue[0]
			m, ok := e.ready(r)
			if !ok {
				e.queue = e.queue[1:]
				continue
			}
			if err := e.limiter.Wait(ctx); err != nil {
				return
			}
			e.queue = e.queue[1:]
			if r.attempts > 1 && e.ledger.now().Unix()-r.firstAt >= int64(horizon/time.Second) {
				e.results = append(e.results, outcome{row: r, state: stateUnknown, reason: "too late to repeat safely"})
				continue
			}
			e.flying[r.clientMsgID] = r
			if !yield(m, nil) {
				return
			}
		}
	}
}

// claim writes down what is known and takes the next rows, in one commit. It returns false when
// there is nothing to send now.
func (e *engine) claim(ctx context.Context) bool {
	for {
		p := e.pick()
		if p.n <= 0 {
			return false
		}
		if err := e.lock.held(ctx); err != nil {
			e.fatal = fmt.Errorf("the lock's connection is lost: %w", err)
			return false
		}
		claimed, err := e.ledger.step(ctx, e.take(), p)
		if err != nil {
			e.fatal = err
			return false
		}
		e.progress(0)
		bound, err := e.source.bound(ctx, claimed)
		if err != nil {
			e.fatal = err
		}
		for _, r := range claimed {
			e.admit(r, bound)
		}
		if len(e.queue) > 0 || len(claimed) == 0 || e.fatal != nil {
			return len(e.queue) > 0
		}
	}
}

// pick chooses what to claim: in an outage rows that have tried the way before, otherwise what
// comes next within the batch.
func (e *engine) pick() pick {
	due, waiting := e.due()
	p := pick{n: e.ahead(), except: waiting}
	switch {
	case e.rules.open():
		due = due[:min(len(due), e.cfg.Workers)]
		p = pick{n: len(due), only: due}
	case e.batchDone():
		p.n = 0
	case e.cfg.Batch > 0:
		p.n = min(p.n, e.cfg.Batch-e.inBatch)
	}
	return p
}

// admit queues a claimed row, unless it must wait or its binding is gone.
func (e *engine) admit(r *row, bound map[string]bool) {
	switch {
	case e.fatal != nil:
		e.results = append(e.results, outcome{row: r, state: statePending, forget: true})
		return
	case !bound[r.openid+"\x00"+r.studentID]:
		e.results = append(e.results, outcome{row: r, state: stateSkipped, reason: "the binding is gone"})
		return
	}
	delete(e.backoff, r.id)
	if r.attempts == 1 {
		e.inBatch++
	}
	e.queue = append(e.queue, r)
}

// ready makes the message of r, or settles r as failed.
func (e *engine) ready(r *row) (template.Message, bool) {
	m, err := e.compose(r)
	if err != nil {
		e.results = append(e.results, outcome{row: r, state: stateFailed, reason: err.Error()})
		return m, false
	}
	return m, true
}

// take hands the unwritten results over to a commit. One that fails leaves rows sending, which
// the next run takes for what they are.
func (e *engine) take() []outcome {
	for _, o := range e.results {
		if o.state != statePending {
			e.done++
		}
	}
	r := e.results
	e.results = nil
	return r
}

func (e *engine) ahead() int {
	if e.cfg.Rate <= 0 {
		return e.cfg.Workers + unlimitedAhead
	}
	return e.cfg.Workers + int(math.Ceil(e.cfg.Rate))
}

func (e *engine) batchDone() bool { return e.cfg.Batch > 0 && e.inBatch >= e.cfg.Batch }

// due parts the rows that were put back into those whose time has come and the others.
func (e *engine) due() (due, waiting []int64) {
	due = []int64{}
	now := time.Now()
	for id, at := range e.backoff {
		if now.Before(at) {
			waiting = append(waiting, id)
		} else {
			due = append(due, id)
		}
	}
	slices.Sort(due)
	return due, waiting
}

func (e *engine) untilNext() time.Duration {
	d := lastBackoff
	for _, at := range e.backoff {
		d = min(d, time.Until(at))
	}
	return max(d, 10*time.Millisecond)
}

func (e *engine) stopped(ctx context.Context) bool {
	select {
	case <-e.stop:
		return true
	default:
		return ctx.Err() != nil
	}
}

func (e *engine) pause(ctx context.Context) error {
	if e.done >= e.total {
		return nil
	}
	e.progress(e.cfg.Interval)
	return e.sleep(ctx, e.cfg.Interval)
}

func (e *engine) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-e.stop:
	case <-ctx.Done():
	}
	return &StopError{Reason: ReasonStopped}
}

func (e *engine) progress(pause time.Duration) {
	if e.cfg.Progress != nil {
		e.cfg.Progress(Progress{Total: e.total, Done: e.done, Pause: pause})
	}
}

// count learns how far the campaign has come before this run.
func (e *engine) count(ctx context.Context) error {
	counts, err := e.ledger.tally(ctx)
	for state, n := range counts {
		e.total += n
		if state != statePending && state != stateSending {
			e.done += n
		}
	}
	return err
}
