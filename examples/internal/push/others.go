package push

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// Other is another campaign that a load has met: one that began earlier and is not finished, or
// whose rows hold recipients back.
type Other struct {
	Campaign   string    `json:"campaign"`
	Begun      time.Time `json:"begun"`
	Superseded int       `json:"superseded"` // its rows that were never sent, and never will be: this campaign has taken them over
	Unknown    int       `json:"unknown"`    // its rows that may have arrived, which hold recipients of this campaign back
	// Open are those of Unknown that are still being sent or repeated, or that a dead process has left
	// so: going on with that campaign settles them, and a decision about this one does not.
	Open int `json:"open,omitempty"`
}

// reckoning is what a load does to other campaigns, by name.
type reckoning map[string]*reckoned

type reckoned struct {
	created           int64
	superseded, holds int
	open              int     // of holds
	supersede, settle []int64 // rows to be written
}

// note takes one recipient's fate into account.
func (r reckoning) note(f fate) {
	for _, t := range f.supersede {
		of := r.of(t.campaign)
		of.superseded++
		of.supersede = append(of.supersede, t.id)
	}
	for _, t := range f.settle {
		of := r.of(t.campaign)
		of.settle = append(of.settle, t.id)
	}
	if f.doubt != nil {
		of := r.of(f.doubt.campaign)
		of.holds++
		if f.doubt.state != stateUnknown {
			of.open++
		}
	}
}

func (r reckoning) of(campaign rival) *reckoned {
	if r[campaign.name] == nil {
		r[campaign.name] = &reckoned{created: campaign.created}
	}
	return r[campaign.name]
}

// add takes the numbers of another reckoning over.
func (r reckoning) add(other reckoning) {
	for name, n := range other {
		sum := r.of(rival{name: name, created: n.created})
		sum.superseded += n.superseded
		sum.holds += n.holds
		sum.open += n.open
	}
}

// others lists the campaigns that something was done to, the oldest first.
func (r reckoning) others() []Other {
	var all []Other
	for name, n := range r {
		if n.superseded+n.holds > 0 {
			all = append(all, Other{name, time.Unix(n.created, 0), n.superseded, n.holds, n.open})
		}
	}
	slices.SortFunc(all, func(a, b Other) int {
		if c := a.Begun.Compare(b.Begun); c != 0 {
			return c
		}
		return strings.Compare(a.Campaign, b.Campaign)
	})
	return all
}

// settleForeign writes what becomes of other campaigns' rows. The guards repeat what was read under
// the rows' locks.
func (l *ledger) settleForeign(ctx context.Context, tx *sql.Tx, r reckoning) error {
	for _, of := range r {
		err := l.skip(ctx, tx, of.supersede, whySuperseded.of(l.campaign),
			"sending_at = 0 AND (state = 'pending' OR state = 'unknown' AND attempts = 0)")
		if err != nil {
			return err
		}
		if err := l.skip(ctx, tx, of.settle, whySentAgain.of(l.campaign), "state = 'unknown'"); err != nil {
			return err
		}
	}
	return nil
}

// skip makes rows skipped of which condition is true.
func (l *ledger) skip(ctx context.Context, tx *sql.Tx, ids []int64, reason, condition string) error {
	for some := range slices.Chunk(ids, chunk) {
		args := appendIDs([]any{clip(reason, errorLimit), l.now().Unix()}, some)
		if _, err := tx.ExecContext(ctx, `UPDATE push_message SET state = 'skipped', owner = '', error = ?, updated_at = ?
WHERE id IN (`+db.Marks(len(some))+`) AND (`+condition+`)`, args...); err != nil {
			return err
		}
	}
	return nil
}

// endSuperseded notes the end of campaigns that have nothing left to send.
func (e *engine) endSuperseded(ctx context.Context) error {
	for _, o := range e.reckoned.others() {
		if o.Superseded == 0 {
			continue
		}
		other := *e.ledger
		other.campaign = o.Campaign
		if err := other.end(ctx, e.cfg.now()); err != nil {
			return err
		}
	}
	return nil
}
