package push

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
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
	Log      *slog.Logger           // nil: discard

	// Now is the clock that decides when a message may still be repeated. Nil: the clock of the
	// ledger's server, which all machines share.
	Now func() time.Time
}

// Desk sends single rows of an account's campaigns, for a program that has them queued
// elsewhere: a claim before the request leaves, the outcome after it, by the rules of [Run]. Of
// several callers' claims and outcomes many go into one commit. Its methods are safe for
// concurrent use. Call Close when done with it.
type Desk struct {
	cfg    DeskConfig
	log    *slog.Logger
	owner  string
	lock   *lock
	gate   *gate
	clock  *clock
	sender *template.Client
	orders chan order
	broken chan struct{} // closed when the Desk can write no more
	end    func()        // ends the writing and waits for it

	mu    sync.Mutex // guards what follows
	books map[string]*book
	rules rules
	why   error // why it is broken
}

// book is a campaign that the Desk has sent of.
type book struct {
	ledger *ledger
	source *source
	cfg    Config
}

// Sent is what has become of a row.
type Sent struct {
	// State is accepted, skipped, failed, unknown or pending. It is empty when there was nothing
	// to do: the row is settled, or another process has it.
	State string
	// Again is, for a pending row, how long to wait before it is sent again.
	Again time.Duration
	// Attempts is how many have left or may have left.
	Attempts int
	// Minute: the limit by the minute has struck, for all messages.
	Minute bool
	// Halt is why nothing more should be sent for now; empty: go on.
	Halt Reason
	// Unreached counts the messages in a row that have reached nobody.
	Unreached int
	// Err is the failure; nil when the message was accepted or there was nothing to do.
	Err error
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
	if err := createLedger(ctx, cfg.Ledger); err != nil {
		return nil, err
	}
	if cfg.Workers <= 0 {
		cfg.Workers = defaultWorkers
	}
	d := &Desk{
		cfg: cfg, log: cfg.Log, owner: newOwner(), clock: &clock{db: cfg.Ledger, given: cfg.Now},
		orders: make(chan order), broken: make(chan struct{}), books: map[string]*book{}, rules: rules{workers: cfg.Workers},
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	_, err := d.clock.read(ctx)
	if err != nil {
		return nil, err
	}
	if d.lock, err = acquire(ctx, cfg.Ledger, d.owner); err != nil {
		return nil, err
	}
	d.gate = newGate(cfg.Caller, d.clock.now)
	d.gate.lost = d.lost
	d.sender = template.NewClient(d.gate)
	d.serve(ctx)
	return d, nil
}

// Close waits for what is being written and gives the lock up.
func (d *Desk) Close() {
	d.end()
	d.lock.release()
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

// Send sends a row of a campaign if it is pending. An error means that nothing was sent, or that
// the Desk is broken and others will find out.
func (d *Desk) Send(ctx context.Context, campaign string, id int64) (Sent, error) {
	b, err := d.book(ctx, campaign)
	if err != nil {
		return Sent{}, err
	}
	r, settled, err := d.claim(ctx, b, id)
	if err != nil || r == nil {
		return settled, err
	}
	o := outcome{row: r}
	m, ok := b.ready(r, &o, d.repeatable(r))
	if !ok {
		return d.settle(b, o, verdict{}, errors.New(o.reason))
	}
	d.gate.expect(r)
	o.msgID, err = d.sender.Send(ctx, m)
	d.gate.forget(r)
	d.mu.Lock()
	v := d.rules.judge(&o, err, d.clock.now())
	d.mu.Unlock()
	if wechat.KindOf(err) == wechat.KindNetwork && r.before == 0 {
		o.putBack() // the next one to try it could not know that it has not left
	}
	return d.settle(b, o, v, err)
}

// repeatable reports whether what a clock says of a row's first attempt is to be trusted.
func (d *Desk) repeatable(r *row) bool { return r.before == 0 || d.clock.steady() }

// ready makes the message of r, or says in o what r becomes without one.
func (b *book) ready(r *row, o *outcome, repeatable bool) (m template.Message, ok bool) {
	o.forget = true
	values, err := decodeContent(r.content)
	switch {
	case !repeatable || tooLate(r, b.ledger.now()):
		o.state, o.reason = ended(r), errTooLate.Error()
		return m, false
	case err != nil:
		o.state, o.reason = stateFailed, err.Error()
		return m, false
	}
	if m, err = b.cfg.compose(r, values); err != nil {
		o.state, o.reason = ended(r), err.Error()
		return m, false
	}
	o.forget = false
	return m, true
}

// settle writes down what a row has become, and tells.
func (d *Desk) settle(b *book, o outcome, v verdict, why error) (Sent, error) {
	if err := d.write(b, o); err != nil {
		return Sent{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := Sent{State: o.state, Minute: v.minute, Halt: v.halt, Unreached: d.rules.transit, Attempts: o.row.attempts, Err: why}
	if o.forget {
		s.Attempts--
	}
	if o.state == statePending {
		s.Again = backoff(o.row.attempts)
	}
	if v.halt != "" { // what comes after a pause is judged anew
		d.rules = rules{workers: d.cfg.Workers, accepted: d.rules.accepted}
	}
	return s, nil
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
	return &book{
		ledger: &ledger{d.cfg.Ledger, d.cfg.AppID, campaign, d.owner, d.clock.now},
		source: newSource(&c), cfg: c,
	}, nil
}

// Orphans are rows of a campaign that should be sent soon.
type Orphans struct {
	Rows []Waiting // that have left before, or whose queue has lost them; some of many
	Done bool      // every row of the campaign is settled
}

// Orphans takes the rows of dead processes of a campaign, by the rule of nine minutes, and
// returns those that wait to be repeated. With all it also returns rows that nobody has tried
// yet: for a queue that is empty. It notes when a campaign has come to its end.
func (d *Desk) Orphans(ctx context.Context, campaign string, all bool) (Orphans, error) {
	b, err := d.book(ctx, campaign)
	if err != nil {
		return Orphans{}, err
	}
	if _, err := b.ledger.recover(ctx, d.lock.alive(ctx)); err != nil {
		return Orphans{}, err
	}
	condition := "sending_at <> 0"
	if all {
		condition = "1 = 1"
	}
	var o Orphans
	if o.Rows, err = b.ledger.pendingRows(ctx, condition); err != nil {
		return o, err
	}
	if len(o.Rows) > 0 {
		return o, nil
	}
	if o.Done, err = b.ledger.done(ctx); o.Done {
		err = b.ledger.end(ctx, d.clock.now())
	}
	return o, err
}
