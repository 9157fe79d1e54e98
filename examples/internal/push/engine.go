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
	clock   *clock
	summary Summary

	limiters  limiters
	permitted bool          // there is a permit that no message has used
	pace      time.Duration // between two messages of late; 0: unknown
	handed    time.Time     // when the last one was handed to a sender; zero: in an earlier round
	minute    time.Time     // when the limit by the minute ends
	began     time.Time     // the round
	others    bool          // rows that had waited were claimed last: now it is the turn of others

	loaded bool  // all recipients are in the ledger
	upTo   int64 // the last row that Limit lets through; 0: none is there

	choice   choice    // what decides about a recipient
	reckoned reckoning // what the load does to other campaigns

	queue       []*row            // claimed, not handed to a sender
	flying      map[string]*row   // handed to a sender, by client_msg_id
	results     []outcome         // not written yet
	waiting     map[int64]waiting // rows that were put back for a while, by id
	hand        *inHand           // what this process has claimed; a Desk's blocks share it
	written     time.Time         // when results were written last
	tellSettled func(Settled)     // is called with what was written down; nil: nobody is
	settled     Settled           // rows written down
	looked      map[int64]bool    // rows whose bindings took long to look up, and whether they are bound
	span        span              // the rows that it sends; zero: all of the campaign
	cursor      int64             // pending rows up to this id have been claimed in this round
	probing     bool              // this round sends only rows that have waited
	inBatch     int               // first attempts claimed since the last pause
	claimed     int               // first attempts claimed by this run
	taken       int               // rows claimed in this round
	dry         bool              // the round has found nothing more to claim
	rules       rules
	fatal       error

	controls    *controls
	control     Control   // what a person wants, as far as is known
	toldHolders time.Time // when it was told who else has rows; zero: never

	total, done int // for Progress
}

// Run pushes the campaign to its end and returns its tally. Close stop to end gently: what is
// in flight is finished and written down. Cancel ctx to abort; what was in flight is then
// repeated by the next Run with the same ids.
func Run(ctx context.Context, stop <-chan struct{}, cfg Config) (Summary, error) {
	start := cfg.now()
	done := cfg.ownLedger()
	defer done()
	e, err := newEngine(ctx, stop, cfg)
	if err != nil {
		return Summary{}, err
	}
	if err = e.takeLock(ctx); err != nil {
		return Summary{}, err
	}
	defer e.lock.release()
	err = e.run(ctx)
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	if _, writeErr := e.ledger.step(late, e.results, pick{}); writeErr != nil {
		err = errors.Join(err, writeErr)
	}
	if e.control.Cancelled() {
		_, giveUpErr := e.ledger.giveUp(context.WithoutCancel(ctx))
		err = errors.Join(err, giveUpErr)
	}
	summary, tallyErr := e.finish(late, start)
	err = errors.Join(err, tallyErr)
	if err == nil {
		summary.Dropped, err = e.ledger.dropped(ctx)
	}
	if e.stopped(ctx) && IsSilent(err) { // it was told to end, whatever it met first
		err = errors.Join(&StopError{Reason: ReasonStopped}, err)
	}
	return summary, err
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
	c := newClock(cfg.Ledger, cfg.Now, cfg.watch)
	e := &engine{
		cfg: cfg, stop: stop, log: cfg.Log, flying: map[string]*row{}, waiting: map[int64]waiting{}, looked: map[int64]bool{}, reckoned: reckoning{}, choice: cfg.choice(),
		source:   newSource(&cfg),
		ledger:   &ledger{cfg.Ledger, cfg.AppID, cfg.Campaign, newOwner(), c.now, cfg.takeOverTime(), cfg.PrivacyKeys},
		clock:    c,
		limiters: limiters{rate.NewLimiter(rate.Inf, 1), cfg.Limiter},
		rules:    rules{workers: cfg.Workers},
		summary:  Summary{Campaign: cfg.Campaign},
		controls: &controls{db: cfg.Ledger, appID: cfg.AppID},
		hand:     new(inHand),
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.source.stop = stop
	e.gate = newGate(cfg.Caller, c, e.log)
	var err error
	if e.sender, err = template.NewClient(e.gate); err != nil {
		return nil, err
	}
	if cfg.Rate > 0 {
		e.limiters.own = rate.NewLimiter(rate.Limit(cfg.Rate), 1)
		e.pace = time.Duration(float64(time.Second) / cfg.Rate)
	}
	return e, e.readClock(ctx)
}

// readClock asks what time it is.
func (e *engine) readClock(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	jump, err := e.clock.read(ctx)
	if jump != 0 {
		e.log.Warn(jumpWarning, "by", jump.Round(time.Second).String(), "database", e.cfg.Ledger.Name)
	}
	return err
}

// takeLock says to others that this process lives.
func (e *engine) takeLock(ctx context.Context) (err error) {
	if e.lock, err = acquire(ctx, e.cfg.Ledger, e.ledger.owner, e.clock.watch); err != nil {
		return err
	}
	if e.lock.warning != "" {
		e.log.Warn(e.lock.warning, "database", e.cfg.Ledger.Name)
	}
	e.gate.lost, e.gate.sure = e.lock.lost, e.lock.sure
	return nil
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
	if err := e.heed(ctx); err != nil {
		return err
	}
	if err := e.unshifted(ctx, true); err != nil {
		return err
	}
	if err := e.begin(ctx); err != nil {
		return err
	}
	if warning := e.ledger.lasting(ctx); warning != "" {
		e.log.Warn(warning, "database", e.cfg.Ledger.Name)
	}
	if err := e.decided(ctx); err != nil {
		return err
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
	if err := e.readClock(ctx); err != nil {
		return false, err
	}
	others, err := e.ledger.recover(ctx, e.lock.alive(ctx))
	if err != nil {
		return false, err
	}
	if err := e.pass(ctx); err != nil {
		return false, err
	}
	switch {
	case e.limited() > 0:
		return false, e.sleep(ctx, e.limited())
	case e.control.Paused():
		return e.waitPaused(ctx)
	case e.lasted() && !e.dry && e.taken > 0:
		return false, nil
	case len(e.waiting) > 0: // before a pause, which they might not survive
		return false, e.sleep(ctx, e.untilNext())
	case e.batchDone():
		e.inBatch = 0
		return false, e.pause(ctx)
	case len(others) > 0:
		return false, e.waitForOthers(ctx, others)
	}
	if !e.dry || e.taken > 0 {
		return false, nil
	}
	// Another process may have taken what this one has not found.
	if others, err = e.ledger.holders(ctx); err != nil || len(others) == 0 {
		return err == nil, err
	}
	return false, e.sleep(ctx, time.Second)
}

// pass is a round of sending with what is to be written down after it.
func (e *engine) pass(ctx context.Context) error {
	e.probing = e.rules.holding() || e.batchDone()
	e.cursor, e.taken, e.dry = max(0, e.span.first-1), 0, false
	e.round(ctx)
	if err := e.flush(context.WithoutCancel(ctx)); err != nil {
		return errors.Join(e.fatal, err)
	}
	if e.fatal == nil && e.stopped(ctx) {
		return &StopError{Reason: ReasonStopped}
	}
	return e.fatal
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
	if len(e.results) == 0 && p.n <= 0 {
		return claims{}, nil
	}
	var got claims
	err := e.readClock(ctx)
	if err == nil {
		got, err = e.ledger.step(ctx, e.results, p)
	}
	e.hand.rows.Add(-int64(p.n))
	if err != nil {
		return claims{}, err
	}
	e.hand.rows.Add(int64(len(got.rows) - len(e.results)))
	e.written = time.Now()
	for _, o := range e.results {
		if o.state != statePending {
			e.done++
		}
	}
	n := settledOf(e.results)
	e.settled = e.settled.Plus(n)
	if e.tellSettled != nil && n != (Settled{}) {
		e.tellSettled(n)
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
	return e.heed(ctx)
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
		e.cfg.Progress(Progress{Total: e.total, Done: e.done, Pause: pause, Paused: e.pausedBy()})
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
