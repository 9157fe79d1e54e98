package push

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// ShiftedError is returned before anything is sent when the times of most photos differ from those
// of earlier campaigns by one and the same amount, at the same addresses: somebody has mended loc
// in the address of the database, and every parent would get every photo again. Push with
// TimesShifted to take the old photos as equal.
type ShiftedError struct {
	By                  time.Duration // the new times less the old ones
	Recipients, Sampled int           // with that difference; whose photo has the address of an earlier one
}

func (e *ShiftedError) Error() string {
	return fmt.Sprintf("the photos of %d of %d recipients have the addresses of earlier campaigns, and times that differ by %s: if only the time zone of the database's address (loc) was changed, push with TimesShifted; if these are new photos, with Again",
		e.Recipients, e.Sampled, e.By)
}

const (
	// shiftPages and shiftSample bound how much of the school is read to find a shift: what has
	// changed the zone has changed it for all.
	shiftPages  = 3
	shiftSample = 2000
	// shiftLeast is how many recipients must agree.
	shiftLeast = 3
	// shiftLimit and shiftStep are what a change of the zone can do: less than a day, by quarters of
	// an hour. A school that takes each photo a day or a week after the last one is not meant.
	shiftLimit = int64(24 * time.Hour / time.Second)
	shiftStep  = int64(15 * time.Minute / time.Second)
)

// shift is a decision that old photos are the same in spite of their times.
type shift struct {
	by      int64 // seconds by which new times differ
	decided int64 // rows written until then have the old times
}

// shows reports whether a row shows a photo of today's.
func (c choice) shows(t foreign, p photoID) bool {
	if t.photo.same(p) {
		return true
	}
	if len(c.shifts) == 0 || t.photo.url == "" || t.photo.url != p.url || !t.photo.timed || !p.timed {
		return false
	}
	for _, s := range c.shifts {
		if p.at-t.photo.at == s.by && t.updatedAt <= s.decided {
			return true
		}
	}
	return false
}

// shiftPart is the table of decisions. It is made with the first one, so that a user without the right
// to CREATE needs it no earlier.
var shiftPart = part{
	"SELECT appid, seconds, decided_at FROM push_shift WHERE 1 = 0",
	[]string{`CREATE TABLE IF NOT EXISTS push_shift (
  appid TEXT NOT NULL, seconds INTEGER NOT NULL, decided_at INTEGER NOT NULL, PRIMARY KEY (appid, seconds)
)`},
	[]string{`CREATE TABLE IF NOT EXISTS push_shift (
  appid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seconds BIGINT NOT NULL, decided_at BIGINT NOT NULL, PRIMARY KEY (appid, seconds)
) ENGINE=InnoDB`},
}

// readShifts returns the decisions of the account.
func (l *ledger) readShifts(ctx context.Context) (all []shift, err error) {
	rows, err := l.db.QueryContext(ctx, "SELECT seconds, decided_at FROM push_shift WHERE appid = ?", l.appID)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, l.failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s shift
		if err := rows.Scan(&s.by, &s.decided); err != nil {
			return nil, l.failed(err)
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// decideShift notes that a person has taken old photos as equal, for the campaigns to come, too.
func (l *ledger) decideShift(ctx context.Context, s shift) error {
	if err := shiftPart.ensure(ctx, l.db); err != nil {
		return err
	}
	insert, end := "INSERT OR REPLACE", ""
	if l.db.Dialect == db.MySQL {
		insert, end = "INSERT", " ON DUPLICATE KEY UPDATE decided_at = VALUES(decided_at)"
	}
	if _, err := l.db.ExecContext(ctx, insert+" INTO push_shift (appid, seconds, decided_at) VALUES (?, ?, ?)"+end, l.appID, s.by, s.decided); err != nil {
		return l.failed(err)
	}
	return nil
}

// unshifted compares a sample of the school with what earlier campaigns had accepted, before
// anything is written. It does not depend on Limit.
func (e *engine) unshifted(ctx context.Context, keep bool) (err error) {
	if e.choice.shifts, err = e.ledger.readShifts(ctx); err != nil {
		return err
	}
	all, err := e.ledger.rivals(ctx, e.cfg.Ledger, false)
	if err != nil {
		return e.ledger.failed(err)
	}
	if len(all.others) == 0 || e.cfg.Again {
		return nil
	}
	s := sample{by: map[int64]int{}}
	err = e.source.pages(ctx, func(page []recipient, _ omitted) error {
		if err := e.compare(ctx, all, page, &s); err != nil {
			return err
		}
		if s.pages++; s.pages == shiftPages || s.n >= shiftSample {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	by, n := s.shifted()
	switch {
	case by == 0:
		return nil
	case !e.cfg.TimesShifted:
		return &ShiftedError{By: time.Duration(by) * time.Second, Recipients: n, Sampled: s.n}
	}
	decision := shift{by, e.ledger.now().Unix()}
	e.choice.shifts = append(e.choice.shifts, decision)
	if !keep {
		return nil
	}
	return e.ledger.decideShift(ctx, decision)
}

// sample is what the comparison has found.
type sample struct {
	pages int
	n     int           // recipients whose photo has the address of an accepted one
	by    map[int64]int // of those, by the difference of the times
}

// shifted returns the difference that most of them have; 0: there is none, or no zone makes it.
func (s sample) shifted() (by int64, n int) {
	for d, k := range s.by {
		if d != 0 && d > -shiftLimit && d < shiftLimit && d%shiftStep == 0 && k > n {
			by, n = d, k
		}
	}
	if n < shiftLeast || 2*n <= s.n {
		return 0, 0
	}
	return by, n
}

// compare takes a page into the sample.
func (e *engine) compare(ctx context.Context, all rivals, page []recipient, s *sample) error {
	entries, err := e.cfg.entries(page)
	if err != nil || len(entries) == 0 {
		return err
	}
	wanted := make(map[person]bool, len(entries))
	for _, x := range entries {
		wanted[x.person] = true
	}
	theirs, err := e.ledger.foreign(ctx, e.cfg.Ledger, all, wanted, false)
	if err != nil {
		return e.ledger.failed(err)
	}
	for _, x := range entries {
		if by, ok := e.choice.differs(x.photo, theirs[x.person]); ok {
			s.n++
			s.by[by]++
		}
	}
	return nil
}

// differs returns by how much a photo's time differs from that of the last accepted one of the same
// address; 0 when any of them is the same photo.
func (c choice) differs(p photoID, theirs []foreign) (by int64, ok bool) {
	for _, t := range theirs {
		if t.state != stateAccepted || t.photo.url == "" || t.photo.url != p.url || !t.photo.timed || !p.timed {
			continue
		}
		if c.shows(t, p) {
			return 0, true
		}
		by, ok = p.at-t.photo.at, true
	}
	return by, ok
}
