package push

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// Cancelled tells what has become of a campaign that was cancelled.
type Cancelled struct {
	Skipped int // would have been sent, and is not
	Unknown int // may have left, and is not repeated
	Sending int // in the hands of a process that settles it
	Dropped int // of Skipped: taken over from other campaigns, which do not send them either
}

// Cancel ends a campaign for good. What has never left is skipped, what may have left is unknown,
// and what a process is sending is settled by that process. It may be repeated, which takes the rows
// of processes that have died since.
func Cancel(ctx context.Context, ledger *db.DB, appID, campaign, by string) (Cancelled, error) {
	err := want(ctx, ledger, appID, campaign, wantCancelled, by)
	if _, already := errors.AsType[*CancelledError](err); err != nil && !already {
		return Cancelled{}, err
	}
	c := newClock(ledger, nil, stopwatch{})
	if _, err := c.read(ctx); err != nil {
		return Cancelled{}, err
	}
	l := newLedger(ledger, appID, campaign)
	l.now, l.takeOver = c.now, (&Config{Ledger: ledger}).takeOverTime()
	if err := l.takeDead(ctx); err != nil {
		return Cancelled{}, err
	}
	done, err := l.giveUp(ctx)
	if err != nil {
		return done, err
	}
	counts, err := l.tally(ctx)
	if err != nil {
		return done, err
	}
	done.Sending = counts[stateSending]
	done.Dropped, err = l.tookAlong(ctx)
	return done, err
}

// takeDead takes the rows of dead owners. While another process pushes from a SQLite ledger it takes
// none: that process does, or the next one.
func (l *ledger) takeDead(ctx context.Context) error {
	lock, err := acquire(ctx, l.db, newOwner(), stopwatch{})
	if errors.Is(err, ErrBusy) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.release()
	_, err = l.recover(ctx, lock.alive(ctx))
	return err
}

// giveUp settles the pending rows of a campaign that is cancelled, and notes its end if no process
// is sending of it.
func (l *ledger) giveUp(ctx context.Context) (done Cancelled, err error) {
	c, err := ControlOf(ctx, l.db, l.appID, l.campaign)
	if err != nil || !c.Cancelled() {
		return done, err
	}
	for after := int64(0); ; {
		rows, err := l.pendingRows(ctx, "id > ?", after)
		if err != nil {
			return done, err
		}
		if len(rows) > 0 {
			after = rows[len(rows)-1]
			if err := l.giveUpSome(ctx, rows, whyCancelled.of(c.By), &done); err != nil {
				return done, err
			}
		}
		if len(rows) < idsPage {
			return done, l.end(ctx, time.Now())
		}
	}
}

func (l *ledger) giveUpSome(ctx context.Context, rows []int64, reason string, done *Cancelled) error {
	args := appendIDs([]any{clip(reason, errorLimit), l.now().Unix()}, rows)
	some := Cancelled{}
	err := l.transact(ctx, func(tx *sql.Tx) error {
		some = Cancelled{}
		for _, to := range []struct {
			set, where string
			n          *int
		}{
			{"state = 'skipped'", "sending_at = 0", &some.Skipped},
			{"state = 'unknown'", "sending_at <> 0", &some.Unknown},
		} {
			result, err := tx.ExecContext(ctx, "UPDATE push_message SET "+to.set+", error = ?, updated_at = ? WHERE state = 'pending' AND "+to.where+
				" AND id IN ("+db.Marks(len(rows))+")", args...)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			*to.n = int(n)
		}
		return nil
	})
	done.Skipped, done.Unknown = done.Skipped+some.Skipped, done.Unknown+some.Unknown
	return err
}
