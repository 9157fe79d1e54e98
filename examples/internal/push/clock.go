package push

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

const (
	// ClockSlack is how far apart clocks may be without harm: those of two machines that share a
	// campaign, and one clock and itself before a correction.
	ClockSlack = 30 * time.Second
	// clockDoubt is how long after a jump no age is trusted: until what was sent before it is
	// older than WeChat's memory of an id.
	clockDoubt = horizon + time.Minute
)

const jumpWarning = "the clock has jumped: what would have to be repeated is unknown for the next ten minutes, since nobody can tell how old it is"

// clock is the time of the ledger's server, which all machines share, carried on by this
// machine's stopwatch. It notices when it jumps.
type clock struct {
	db    *db.DB
	given func() time.Time // in place of the server's; nil: the server's
	watch stopwatch

	mu     sync.Mutex // guards what follows
	at     time.Time  // what the clock said
	when   instant    // and when that was
	jumped instant    // when it last jumped
}

// newClock returns the clock of a ledger. A SQLite file has the machine's. now replaces it; nil: it
// does not.
func newClock(d *db.DB, now func() time.Time, w stopwatch) *clock {
	w = w.orSystem()
	if now == nil && d.Dialect != db.MySQL {
		now = w.wall
	}
	return &clock{db: d, given: now, watch: w}
}

// read sets the clock, and tells how far it has jumped; 0: it has not.
func (c *clock) read(ctx context.Context) (jump time.Duration, err error) {
	asked := c.watch.now()
	at, err := c.ask(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the clock of %s: %w", c.db.Name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.when.none() {
		jump = c.off(at, asked)
	}
	if jump != 0 {
		c.jumped = asked
	}
	c.at, c.when = at, asked
	return jump, nil
}

// off returns how far the clock differs from what it should say; 0: not more than clocks do. A
// machine that has slept finds the server's clock ahead of its monotonic one, and that is no jump:
// its wall clock is ahead by as much. Nothing but a jump sets a clock back. c.mu is held.
func (c *clock) off(at time.Time, asked instant) time.Duration {
	passed := at.Sub(c.at)
	byMonotonic := passed - (asked.monotonic - c.when.monotonic)
	byWall := passed - asked.wall.Sub(c.when.wall)
	switch {
	case byMonotonic.Abs() <= ClockSlack:
		return 0
	case byMonotonic > 0 && byWall.Abs() <= ClockSlack:
		return 0
	}
	return byMonotonic
}

func (c *clock) ask(ctx context.Context) (time.Time, error) {
	if c.given != nil {
		return c.given(), nil
	}
	var seconds, micros int64 // seconds alone would set two machines apart by one
	err := c.db.QueryRowContext(ctx, "SELECT UNIX_TIMESTAMP(), MICROSECOND(NOW(6))").Scan(&seconds, &micros)
	return time.Unix(seconds, micros*1000), err
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at.Add(c.watch.since(c.when))
}

// steady reports whether the clock has not jumped lately.
func (c *clock) steady() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.jumped.none() || c.watch.since(c.jumped) > clockDoubt
}

// tooLate reports whether WeChat may have forgotten the id of a row that has left before, or will
// have after a while. A clock that was set back by more than ClockSlack, or that has jumped, tells
// nothing.
func (c *clock) tooLate(r *row, after time.Duration) bool {
	if r.before == 0 {
		return false
	}
	age := c.now().Add(after).Unix() - r.firstAt
	return age < -slackSeconds || age >= horizonSeconds || !c.steady() ||
		!r.since.none() && c.watch.since(r.since)+after >= horizon
}
