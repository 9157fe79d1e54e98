package push

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/org/wxhome/template"
)

// Preview is what a Run would find.
type Preview struct {
	Summary                    // as if the Run had been stopped before its first message
	First   []template.Message // of those that are pending; without client_msg_id
	Faults  []error            // of the values of First, nil where there is none
}

// Look tells what a Run with the same Config would find, and makes the first n messages. It
// changes nothing, and needs neither a ledger nor the right to make one.
func Look(ctx context.Context, cfg Config, n int) (Preview, error) {
	e := &engine{cfg: cfg, source: newSource(&cfg), ledger: newLedger(cfg.Ledger, cfg.AppID, cfg.Campaign)}
	p := Preview{Summary: Summary{Campaign: cfg.Campaign}}
	held, err := e.ledger.tally(ctx)
	if err != nil && !absent(err) {
		return p, err
	}
	hasLedger, left := err == nil, cfg.Limit
	p.count(held)
	err = e.source.pages(ctx, func(page []recipient, leftOut int) error {
		if cfg.Limit > 0 {
			page = page[:min(len(page), left)]
			left -= len(page)
		}
		p.LeftOut += leftOut
		return e.look(ctx, &p, page, hasLedger, n)
	})
	p.Recipients = p.Unchanged + p.Accepted + p.Skipped + p.Failed + p.Unknown + p.Pending
	return p, err
}

// Probe reads one page of recipients, so that a missing table, column or right is told before
// anything is announced. It changes nothing, and needs no ledger.
func Probe(ctx context.Context, cfg Config) error {
	s := newSource(&cfg)
	enough := errors.New("one page is enough")
	err := s.pages(ctx, func([]recipient, int) error { return enough })
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

// look sorts a page into what is there already and what is to be sent.
func (e *engine) look(ctx context.Context, p *Preview, page []recipient, hasLedger bool, n int) error {
	for _, r := range page {
		known, unchanged := false, false
		if hasLedger {
			var err error
			if known, unchanged, err = e.ledger.known(ctx, r); err != nil {
				return err
			}
		}
		switch {
		case known:
			continue
		case unchanged && !e.cfg.Again:
			p.Unchanged++
			continue
		}
		p.Pending++
		if len(p.First) >= n {
			continue
		}
		text, err := r.content.encode()
		if err != nil {
			return err
		}
		m, fault := e.compose(&row{openid: r.openid, studentID: r.studentID, content: text})
		p.First, p.Faults = append(p.First, m), append(p.Faults, fault)
	}
	return nil
}

const acceptedEarlier = `SELECT content FROM push_message
WHERE appid = ? AND openid = ? AND student_id = ? AND campaign <> ? AND state = 'accepted'`

// known tells whether the campaign has r already, and whether an earlier one had its photo
// accepted.
func (l *ledger) known(ctx context.Context, r recipient) (known, unchanged bool, err error) {
	var id int64
	err = l.db.QueryRowContext(ctx, `SELECT id FROM push_message WHERE appid = ? AND campaign = ? AND openid = ? AND student_id = ?`,
		l.appID, l.campaign, r.openid, r.studentID).Scan(&id)
	switch {
	case err == nil:
		return true, false, nil
	case !errors.Is(err, sql.ErrNoRows):
		return false, false, fmt.Errorf("read the ledger in %s: %w", l.db.Name, err)
	}
	earlier, err := l.db.PrepareContext(ctx, acceptedEarlier)
	if err != nil {
		return false, false, err
	}
	defer earlier.Close()
	unchanged, err = l.accepted(ctx, earlier, r)
	return false, unchanged, err
}
