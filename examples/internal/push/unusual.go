package push

import (
	"context"
	"fmt"
	"slices"

	"github.com/org/wxhome/examples/internal/db"
)

const (
	// usualCampaigns are how many of the last campaigns tell what is usual.
	usualCampaigns = 5
	// unusualFactor is how many times the largest of them is unusual.
	unusualFactor = 2
)

// Unusual compares a push with what the account has sent before, so that a wrong database or a
// wrong query is looked at by a person first.
type Unusual struct {
	Pending int // messages that the push would send
	Largest int // messages of the largest of the last five campaigns that sent any; 0: there is none
}

// First reports whether it is the account's first push.
func (u Unusual) First() bool { return u.Pending > 0 && u.Largest == 0 }

// Many reports whether the push is more than twice as large as those before.
func (u Unusual) Many() bool { return u.Largest > 0 && u.Pending > unusualFactor*u.Largest }

// CompareWithUsual compares a push of so many messages with the campaigns before. The rows that the
// campaign has already are usual too: somebody has begun it.
func CompareWithUsual(ctx context.Context, cfg Config, pending int) (Unusual, error) {
	u := Unusual{Pending: pending}
	all, err := Campaigns(ctx, cfg.Ledger, cfg.AppID)
	if err != nil {
		return u, err
	}
	looked := 0
	for _, c := range all { // the newest first
		if c.Name == cfg.Campaign || looked == usualCampaigns {
			continue
		}
		n, err := countRows(ctx, cfg.Ledger, cfg.AppID, c.Name, "AND state IN ('accepted', 'unknown', 'sending')")
		if err != nil {
			return u, err
		}
		if n > 0 { // firings in the holidays, with nothing new, tell nothing
			looked++
		}
		u.Largest = max(u.Largest, n)
	}
	if slices.ContainsFunc(all, func(c Campaign) bool { return c.Name == cfg.Campaign }) {
		n, err := countRows(ctx, cfg.Ledger, cfg.AppID, cfg.Campaign, "")
		if err != nil {
			return u, err
		}
		u.Largest = max(u.Largest, n)
	}
	return u, nil
}

func countRows(ctx context.Context, d *db.DB, appID, campaign, condition string) (n int, err error) {
	err = d.QueryRowContext(ctx, "SELECT COUNT(*) FROM push_message WHERE appid = ? AND campaign = ? "+condition, appID, campaign).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("ledger in %s: %w", d.Name, err)
	}
	return n, nil
}

// AttemptsSince counts the attempts of an account's messages whose rows have changed since a moment,
// in unix seconds: at least those that were made since.
func AttemptsSince(ctx context.Context, ledger *db.DB, appID string, since int64) (n int64, err error) {
	err = ledger.QueryRowContext(ctx, "SELECT COALESCE(SUM(attempts), 0) FROM push_message WHERE appid = ? AND updated_at >= ?", appID, since).Scan(&n)
	if absent(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("ledger in %s: %w", ledger.Name, err)
	}
	return n, nil
}
