package push

import (
	"context"
	"time"
)

// heed learns what a person wants of the campaign. A cancellation ends the Run.
func (e *engine) heed(ctx context.Context) error {
	c, err := e.controls.of(ctx, e.cfg.Campaign)
	if err != nil {
		return err
	}
	e.control = c
	if c.Cancelled() {
		return &CancelledError{e.cfg.Campaign, c}
	}
	return nil
}

// paused reports whether nothing new may be claimed or sent. Rows in doubt are still repeated, since
// nobody may do so nine minutes later. What goes wrong ends the Run.
func (e *engine) paused(ctx context.Context) bool {
	if err := e.heed(ctx); err != nil && e.fatal == nil {
		e.fatal = err
	}
	return e.control.Paused()
}

// pausedBy tells who has paused the campaign; the zero Control: nobody.
func (e *engine) pausedBy() Control {
	if e.control.Paused() {
		return e.control
	}
	return Control{}
}

// pausedLook is how often a paused Run looks for rows of dead processes that are to be repeated.
const pausedLook = 15 * time.Second

// waitPaused waits for the end of a pause, or until there is something to repeat. It ends the Run
// when there is nothing left to send.
func (e *engine) waitPaused(ctx context.Context) (over bool, err error) {
	if len(e.waiting) == 0 && e.taken == 0 {
		if over, err := e.ledger.done(ctx); over || err != nil {
			return over, err
		}
	}
	if e.cfg.Progress != nil {
		e.cfg.Progress(Progress{Total: e.total, Done: e.done, Paused: e.control})
	}
	e.inBatch = 0 // it is a pause between batches as well
	for until := time.Now().Add(min(pausedLook, e.untilNextOf(pausedLook))); time.Now().Before(until) && e.control.Paused(); {
		if err := e.sleep(ctx, min(controlEvery, time.Until(until))); err != nil {
			return false, err
		}
		if err := e.heed(ctx); err != nil {
			return false, err
		}
	}
	return false, nil
}

// untilNextOf is when the first row that waits is to be tried again; limit: none waits.
func (e *engine) untilNextOf(limit time.Duration) time.Duration {
	if len(e.waiting) == 0 {
		return limit
	}
	return e.untilNext()
}

// pausedAgain is how long a block of a paused campaign waits before a [Desk] is asked again.
const pausedAgain = 10 * time.Second

// giveUp settles what is left of a campaign that is cancelled.
func (d *Desk) giveUp(ctx context.Context, b *book) error {
	c, err := d.controls.of(ctx, b.cfg.Campaign)
	if err != nil || !c.Cancelled() {
		return err
	}
	_, err = b.ledger.giveUp(ctx)
	return err
}
