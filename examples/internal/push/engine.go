package push

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/org/wxhome/template"
)

const (
	defaultWorkers = 16
	// outageLimit ends a push that has reached nobody for so long.
	outageLimit = 5 * time.Minute
	// writeLimit bounds the writing down after an abort.
	writeLimit = 10 * time.Second
)

// engine is one Run. All of it but the gate belongs to Run's goroutine.
type engine struct {
	cfg     Config
	stop    <-chan struct{}
	log     *slog.Logger
	source  *source
	ledger  *ledger
	lock    *lock
	gate    *gate
	sender  *template.Client
	limiter *rate.Limiter
	summary Summary
	loaded  bool  // all recipients are in the ledger
	upTo    int64 // the last row that Limit lets through; 0: none is there

	queue   []*row            // claimed, not handed to a sender
	flying  map[string]*row   // handed to a sender, by client_msg_id
	results []outcome         // not written yet
	waiting map[int64]waiting // rows that were put back for a while, by id
	cursor  int64             // pending rows up to this id have been claimed in this round
	probing bool              // this round sends only rows that have waited
	inBatch int               // first attempts claimed since the last pause
	claimed int               // first attempts claimed by this run
	taken   int               // rows claimed in this round
	dry     bool              // the round has found nothing more to claim
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
	e.gate.lost = e.lock.lost
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
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if err := createLedger(ctx, cfg.Ledger); err != nil {
		return nil, err
	}
	if cfg.Workers == 0 {
		cfg.Workers = defaultWorkers
	}
	e := &engine{
		cfg: cfg, stop: stop, log: cfg.Log, flying: map[string]*row{}, waiting: map[int64]waiting{},
		source:  newSource(&cfg),
		ledger:  &ledger{cfg.Ledger, cfg.AppID, cfg.Campaign, newOwner(), cfg.now},
		limiter: rate.NewLimiter(rate.Inf, 1),
		rules:   rules{workers: cfg.Workers},
		summary: Summary{Campaign: cfg.Campaign},
	}
	e.gate = newGate(cfg.Caller, e.ledger.now)
	e.sender = template.NewClient(e.gate)
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if cfg.Rate > 0 {
		e.limiter = rate.NewLimiter(rate.Limit(cfg.Rate), 1)
	}
	return e, nil
}

// newOwner names this Run in the ledger. A host's name may hold characters that the column does
// not take.
func newOwner() string {
	host, _ := os.Hostname()
	host = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, host)
	return fmt.Sprintf("%.20s-%d-%s", host, os.Getpid(), rand.Text()[:16])
}

func (e *engine) run(ctx context.Context) error {
	if err := e.prepare(ctx); err != nil {
		return err
	}
	if err := e.count(ctx); err != nil {
		return err
	}
	for {
		over, err := e.turn(ctx)
		if err != nil || over {
			return e.interrupted(ctx, err)
		}
	}
}

// prepare begins or continues the campaign, and loads it.
func (e *engine) prepare(ctx context.Context) error {
	if err := e.begin(ctx); err != nil {
		return err
	}
	if warning := e.ledger.lasting(ctx); warning != "" {
		e.log.Warn(warning, "database", e.cfg.Ledger.Name)
	}
	for _, again := range []struct {
		state  string
		wanted bool
	}{{stateFailed, e.cfg.RetryFailed}, {stateUnknown, e.cfg.ResendUnknown}} {
		if again.wanted {
			if err := e.ledger.reopen(ctx, again.state); err != nil {
				return err
			}
		}
	}
	return e.interrupted(ctx, e.load(ctx))
}

// interrupted tells what an abort has broken off from a failure.
func (e *engine) interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return &StopError{Reason: ReasonStopped}
	}
	return err
}

// turn is one round of sending and the wait that follows it.
func (e *engine) turn(ctx context.Context) (over bool, err error) {
	live, err := e.ledger.recover(ctx, e.lock.alive(ctx))
	if err != nil {
		return false, err
	}
	e.probing = e.rules.holding() || e.batchDone()
	e.cursor, e.taken, e.dry = 0, 0, false
	e.round(ctx)
	if err := e.flush(context.WithoutCancel(ctx)); err != nil {
		return false, errors.Join(e.fatal, err)
	}
	switch {
	case e.fatal != nil:
		return false, e.fatal
	case e.stopped(ctx):
		return false, &StopError{Reason: ReasonStopped}
	case len(e.waiting) > 0: // before a pause, which they might not survive
		return false, e.sleep(ctx, e.untilNext())
	case e.batchDone():
		e.inBatch = 0
		return false, e.pause(ctx)
	case live > 0:
		return false, e.sleep(ctx, time.Second) // another process is sending; take over if it dies
	}
	return e.dry && e.taken == 0, nil
}

// flush writes down what is known.
func (e *engine) flush(ctx context.Context) error {
	_, err := e.step(ctx, pick{})
	return err
}

// step takes the unwritten results along. When it fails they stay: the last write of the Run may
// find the database again, and otherwise the rows stay sending, which the next Run takes for
// what they are.
func (e *engine) step(ctx context.Context, p pick) (claims, error) {
	got, err := e.ledger.step(ctx, e.results, p)
	if err != nil {
		return claims{}, err
	}
	for _, o := range e.results {
		if o.state != statePending {
			e.done++
		}
	}
	clear(e.results)
	e.results = e.results[:0]
	return got, nil
}

func (e *engine) stopped(ctx context.Context) bool {
	select {
	case <-e.stop:
		return true
	default:
		return ctx.Err() != nil
	}
}

// pausable is an error when the Run is to end, or has lost its lock.
func (e *engine) pausable(ctx context.Context) error {
	if err := e.lock.lost(); err != nil {
		return err
	}
	if e.stopped(ctx) {
		return &StopError{Reason: ReasonStopped}
	}
	return nil
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
	case <-e.lock.gone:
		return e.lock.lost()
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
