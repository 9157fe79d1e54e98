package push

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/template"
)

// DeskConfig says for whom a [Desk] sends. Fields without a remark are required.
type DeskConfig struct {
	AppID    string
	Caller   template.Caller        // carries the messages; a *wechat.Client
	School   *db.DB                 // where recipients are read
	Ledger   *db.DB                 // MySQL or MariaDB; may be School
	Link     func(row int64) string // the address of a row's photo page; nil: none
	LinkBase string                 // what such addresses begin with
	Workers  int                    // sends in flight; 0: 16
	Rate     float64                // messages a second that Limiter lets through; 0: no limit
	Log      *slog.Logger           // nil: discard

	// Settled is called with the rows of each commit that were settled; nil: none. It is called from
	// several goroutines.
	Settled func(Settled)

	// Now is the clock that decides when a message may still be repeated. Nil: the clock of the
	// ledger's server, which all machines share.
	Now func() time.Time

	// Limiter is waited for before each message; nil: none. See [Config].
	Limiter interface {
		Wait(ctx context.Context) error
	}

	watch    stopwatch     // the machine's; tests set it
	takeOver time.Duration // tests set it; 0: takeOverTime
}

// Desk sends the rows of an account's campaigns in blocks, for a program that has the blocks queued
// elsewhere: by the rules of [Run], with one lock, one clock and one pool of senders for all blocks
// that are being sent. Its methods are safe for concurrent use. Call Close when done with it.
type Desk struct {
	cfg    DeskConfig
	log    *slog.Logger
	owner  string
	lock   *lock
	clock  *clock
	pool   *pool
	hand   inHand
	broken chan struct{} // closed when the Desk can write no more
	end    func()        // ends the watching and waits for it
	done   func()        // closes the ledger's connections

	mu    sync.Mutex // guards what follows
	books map[string]*book
	rules rules         // of the last block
	pace  time.Duration // of the last block; 0: unknown
	why   error         // why it is broken

	controls controls
}

// book is a campaign that the Desk has sent of.
type book struct {
	ledger *ledger
	cfg    Config
}

// OpenDesk begins to send. Each Desk has a lock in the database that says that it lives.
func OpenDesk(ctx context.Context, cfg DeskConfig) (*Desk, error) {
	c := Config{Ledger: cfg.Ledger}
	if err := c.shareable(); err != nil {
		return nil, err
	}
	if !isOpenID(cfg.AppID) || cfg.Caller == nil || cfg.School == nil || cfg.Ledger == nil {
		return nil, errors.New("push: AppID, Caller, School and Ledger are required")
	}
	ledger, done := cfg.Ledger.Within(answerLimit)
	cfg.Ledger = ledger
	d, err := openDesk(ctx, cfg)
	if err != nil {
		done()
		return nil, err
	}
	d.done = done
	return d, nil
}

func openDesk(ctx context.Context, cfg DeskConfig) (_ *Desk, err error) {
	if err := createLedger(ctx, cfg.Ledger); err != nil {
		return nil, err
	}
	if cfg.Workers <= 0 {
		cfg.Workers = defaultWorkers
	}
	d := &Desk{
		cfg: cfg, log: cfg.Log, owner: newOwner(), clock: newClock(cfg.Ledger, cfg.Now, cfg.watch),
		controls: controls{db: cfg.Ledger, appID: cfg.AppID},
		pool:     &pool{cfg.Caller, make(chan struct{}, cfg.Workers)},
		broken:   make(chan struct{}), books: map[string]*book{}, rules: rules{workers: cfg.Workers},
	}
	if cfg.Rate > 0 {
		d.pace = time.Duration(float64(time.Second) / cfg.Rate)
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if _, err = d.clock.read(ctx); err != nil {
		return nil, err
	}
	if d.lock, err = acquire(ctx, cfg.Ledger, d.owner, d.clock.watch); err != nil {
		return nil, err
	}
	if d.lock.warning != "" {
		d.log.Warn(d.lock.warning, "database", cfg.Ledger.Name)
	}
	d.watch()
	return d, nil
}

// watch breaks the Desk when its lock is lost.
func (d *Desk) watch() {
	closed := make(chan struct{})
	var group sync.WaitGroup
	d.end = func() { close(closed); group.Wait() }
	group.Go(func() {
		select {
		case <-d.lock.gone:
			d.breakWith(d.lock.lost())
		case <-closed:
			d.breakWith(errClosed)
		}
	})
}

// Close gives the lock up. No block may be under way.
func (d *Desk) Close() {
	d.end()
	d.lock.release()
	d.done()
}

// Broken is closed when the Desk can send no more: its lock is lost, or the ledger cannot be
// written. What it had in flight is taken up by others; open another Desk.
func (d *Desk) Broken() <-chan struct{} { return d.broken }

// Why returns why the Desk is broken; nil: it is not.
func (d *Desk) Why() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.why
}

func (d *Desk) lost() error {
	if err := d.lock.lost(); err != nil {
		return err
	}
	return d.Why()
}

func (d *Desk) breakWith(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.why == nil {
		d.why = err
		close(d.broken)
	}
}

// book returns what the ledger says of a campaign.
func (d *Desk) book(ctx context.Context, campaign string) (*book, error) {
	d.mu.Lock()
	b := d.books[campaign]
	d.mu.Unlock()
	if b != nil {
		return b, nil
	}
	var text string
	err := d.cfg.Ledger.QueryRowContext(ctx, "SELECT settings FROM push_campaign WHERE appid = ? AND name = ?", d.cfg.AppID, campaign).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoCampaign
	}
	if err != nil {
		return nil, fmt.Errorf("read the ledger in %s: %w", d.cfg.Ledger.Name, err)
	}
	if b, err = d.read(campaign, text); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.books[campaign] = b
	return b, nil
}

// The errors of a campaign that a Desk cannot send.
var (
	ErrNoCampaign = errors.New("the ledger has no such campaign")
	ErrNoLink     = errors.New("the campaign's messages link to another base URL than this program's")
)

func (d *Desk) read(campaign, text string) (*book, error) {
	var s settings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, fmt.Errorf("campaign %s: its settings are not JSON: %w", campaign, err)
	}
	c := Config{
		AppID: d.cfg.AppID, School: d.cfg.School, Ledger: d.cfg.Ledger, Query: s.Query, Campaign: campaign,
		TemplateID: s.Template, Fields: s.Fields, Public: s.Public,
	}
	if base, linked := strings.CutPrefix(s.Link, "link:"); linked {
		if d.cfg.Link == nil || d.cfg.LinkBase != base {
			return nil, fmt.Errorf("campaign %s links to %s: %w", campaign, base, ErrNoLink)
		}
		c.Link, c.LinkBase = d.cfg.Link, base
	}
	return &book{ledger: d.ledgerOf(campaign), cfg: c}, nil
}

func (d *Desk) ledgerOf(campaign string) *ledger {
	return &ledger{d.cfg.Ledger, d.cfg.AppID, campaign, d.owner, d.clock.now, cmp.Or(d.cfg.takeOver, takeOverTime), nil}
}

// Orphans are blocks of a campaign that should be sent soon.
type Orphans struct {
	Blocks []Block // with rows that are to be repeated, or that their queue has lost; some of many
	Done   bool    // every row of the campaign is settled
}

// untended is how long after its last attempt a row that is to be repeated is nobody's: one that has
// it in hand repeats it sooner.
const untended = lastBackoff + 5*time.Second

// Orphans takes the rows of dead processes of a campaign, by the rule of nine minutes, and
// returns the blocks of those that are to be repeated and that nobody seems to look after. With all
// it also returns blocks that nobody has tried yet: for a queue that is empty. It notes when a
// campaign has come to its end. Of a campaign that this Desk cannot send for its link it notes that
// alone, and the error is an ErrNoLink while it has not.
func (d *Desk) Orphans(ctx context.Context, campaign string, all bool) (o Orphans, err error) {
	b, err := d.book(ctx, campaign)
	if errors.Is(err, ErrNoLink) {
		ended, endErr := d.ended(ctx, campaign)
		switch {
		case endErr != nil:
			return o, endErr
		case ended:
			return Orphans{Done: true}, nil
		}
	}
	if err != nil {
		return o, err
	}
	age := untended
	taken, err := b.ledger.takeOrphans(ctx, d.lock.alive(ctx))
	if err != nil {
		return o, err
	}
	if err := d.giveUp(ctx, b); err != nil {
		return o, err
	}
	control, err := d.controls.of(ctx, campaign)
	if err != nil {
		return o, err
	}
	if taken > 0 {
		age = 0
	}
	repeats, err := b.ledger.repeats(ctx, d.clock.now().Add(-age))
	if err != nil {
		return o, err
	}
	o.Blocks = repeats
	if all && !control.Paused() {
		_, page, err := b.ledger.blocks(ctx, 0, 0)
		if err != nil {
			return o, err
		}
		o.Blocks = append(o.Blocks, slices.DeleteFunc(page, func(b Block) bool { return b.Repeats })...)
	}
	if len(o.Blocks) > 0 {
		return o, nil
	}
	if o.Done, err = b.ledger.done(ctx); o.Done {
		err = b.ledger.end(ctx, d.clock.now())
	}
	return o, err
}

// ended reports whether a campaign that this Desk cannot send has come to its end, and notes it. It
// takes the rows of dead processes for that, which any process may, and sends nothing.
func (d *Desk) ended(ctx context.Context, campaign string) (bool, error) {
	l := d.ledgerOf(campaign)
	if _, err := l.recover(ctx, d.lock.alive(ctx)); err != nil {
		return false, err
	}
	if err := l.expire(ctx); err != nil {
		return false, err
	}
	if err := d.giveUp(ctx, &book{ledger: l, cfg: Config{Campaign: campaign}}); err != nil {
		return false, err
	}
	done, err := l.done(ctx)
	if err != nil || !done {
		return false, err
	}
	return true, l.end(ctx, d.clock.now())
}
