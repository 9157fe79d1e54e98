package custom

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// minuteTries is how often one message is sent against the limit by the minute, once a
	// minute: a limit that has not given way by then is not one by the minute.
	minuteTries = 10
	// afterMinute is how long a pause lasts into the new minute, at least and at most: the
	// platform's clock is not ours, and programs that share an account should not return at once.
	afterMinute, afterMinuteMost = 200 * time.Millisecond, 2 * time.Second
)

// pause holds all workers back while the platform's limit by the minute lasts. The zero pause
// holds nobody.
type pause struct {
	mu    sync.Mutex // guards until
	until time.Time
}

// untilNextMinute begins a pause that ends shortly after the next minute has begun.
func (p *pause) untilNextMinute() {
	now := time.Now()
	rest := now.Truncate(time.Minute).Add(time.Minute).Sub(now)
	// Added to now and not to the minute: so a clock that is set back cannot prolong it.
	until := now.Add(rest + afterMinute + rand.N(afterMinuteMost-afterMinute))
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.until) {
		p.until = until
	}
}

// left returns how long the pause lasts still.
func (p *pause) left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until.IsZero() {
		return 0
	}
	return time.Until(p.until)
}

// wait returns nil when a message may leave, or why ctx has ended.
func (p *pause) wait(ctx context.Context) error {
	for ctx.Err() == nil {
		left := p.left()
		if left <= 0 {
			return nil
		}
		select {
		case <-time.After(left):
		case <-ctx.Done():
		}
	}
	return ended(ctx)
}
