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

// clock is the time of the ledger's server, which all machines share, carried on by this
// machine's monotonic clock. It notices when it jumps.
type clock struct {
	db    *db.DB
	given func() time.Time // in place of the server's; nil: the server's

	mu     sync.Mutex // guards what follows
	at     time.Time  // what the clock said
	when   time.Time  // and when that was, by the monotonic clock
	jumped time.Time  // when it last jumped; zero: never
}

// read sets the clock, and tells how far it has jumped; 0: it has not.
func (c *clock) read(ctx context.Context) (jump time.Duration, err error) {
	asked := time.Now()
	at, err := c.ask(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the clock of %s: %w", c.db.Name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.when.IsZero() {
		if off := at.Sub(c.at.Add(asked.Sub(c.when))); off.Abs() > ClockSlack {
			c.jumped, jump = asked, off
		}
	}
	c.at, c.when = at, asked
	return jump, nil
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
	return c.at.Add(time.Since(c.when))
}

// steady reports whether the clock has not jumped lately.
func (c *clock) steady() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.jumped.IsZero() || time.Since(c.jumped) > clockDoubt
}
