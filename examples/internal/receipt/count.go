package receipt

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/examples/internal/db"
)

// A Tally tells what has become of a campaign's messages after WeChat accepted
// them.
type Tally struct {
	Delivered int `json:"delivered"`
	Blocked   int `json:"blocked"` // the parent refuses the account's messages
	Failed    int `json:"failed"`  // WeChat could not deliver it
	Waiting   int `json:"waiting"` // accepted, and without a receipt so far
}

// Receipts returns how many receipts the tally is made of.
func (t Tally) Receipts() int { return t.Delivered + t.Blocked + t.Failed }

func (t *Tally) add(status callback.DeliveryStatus, n int) {
	switch status {
	case callback.StatusDelivered:
		t.Delivered += n
	case callback.StatusBlocked:
		t.Blocked += n
	default:
		t.Failed += n
	}
}

// Count tallies a campaign. A message with several receipts counts once, by
// the last of them. It only reads, and where there is no ledger or no table of
// receipts yet it counts what is there.
//
// Receipts that name their message are counted by the database; those that do
// not are assigned person by person, in pages, so that memory stays flat.
func Count(ctx context.Context, ledger *db.DB, appID, campaign string) (Tally, error) {
	c := counter{db: ledger, appID: appID, campaign: campaign}
	t, err := c.count(ctx)
	if err != nil {
		return Tally{}, fmt.Errorf("receipt: count the receipts of campaign %s in %s: %w", campaign, ledger.Name, err)
	}
	return t, nil
}

// counter counts one campaign.
type counter struct {
	db              *db.DB
	appID, campaign string
	tally           Tally
}

func (c *counter) count(ctx context.Context) (Tally, error) {
	var accepted int
	var first, last sql.NullInt64
	err := c.db.QueryRowContext(ctx, `SELECT COALESCE(SUM(CASE WHEN state = 'accepted' THEN 1 ELSE 0 END), 0),
  MIN(CASE WHEN sending_at > 0 THEN sending_at END), MAX(sending_at) FROM push_message WHERE appid = ? AND campaign = ?`,
		c.appID, c.campaign).Scan(&accepted, &first, &last)
	if db.IsMissing(err) {
		return Tally{}, nil // nothing was pushed yet
	}
	if err != nil {
		return Tally{}, err
	}
	c.tally.Waiting = accepted
	err = c.named(ctx)
	if db.IsMissing(err) {
		return c.tally, nil // no receipt has come yet
	}
	if err != nil || !first.Valid {
		return c.tally, err
	}
	err = c.unnamed(ctx, first.Int64-slack, last.Int64+day)
	return c.tally, err
}

// settle counts n messages of a state that have a receipt.
func (c *counter) settle(status callback.DeliveryStatus, state string, n int) {
	c.tally.add(status, n)
	if state == stateAccepted {
		c.tally.Waiting -= n
	}
}

const stateAccepted = "accepted"

// named counts the receipts that name a message of the campaign.
func (c *counter) named(ctx context.Context) error {
	rows, err := c.db.QueryContext(ctx, `SELECT r.status, m.state, COUNT(*) FROM push_message m JOIN push_receipt r
ON r.appid = m.appid AND r.msgid = m.msgid AND r.id = (SELECT MAX(x.id) FROM push_receipt x WHERE x.appid = m.appid AND x.msgid = m.msgid)
WHERE m.appid = ? AND m.campaign = ? AND m.msgid <> 0 GROUP BY r.status, m.state`, c.appID, c.campaign)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var status callback.DeliveryStatus
		var state string
		var n int
		if err := rows.Scan(&status, &state, &n); err != nil {
			return err
		}
		c.settle(status, state, n)
	}
	return rows.Err()
}

const (
	day = int64(24 * time.Hour / time.Second)
	// slack is by how much the pusher's clock may be ahead of the receipts'.
	slack = int64(5 * time.Minute / time.Second)
	// people is how many openids are looked at together.
	people = 500
)

// stray finds who has receipts, of a time, that name no message to them.
const stray = `SELECT DISTINCT r.openid FROM push_receipt r WHERE r.appid = ? AND r.created BETWEEN ? AND ? AND r.openid > ?
AND NOT EXISTS (SELECT 1 FROM push_message m WHERE m.appid = r.appid AND m.openid = r.openid AND m.msgid = r.msgid AND m.msgid <> 0)
ORDER BY r.openid LIMIT ?`

// unnamed counts the receipts of a time that name no message.
func (c *counter) unnamed(ctx context.Context, from, to int64) error {
	for last := ""; ; {
		page, err := c.openids(ctx, from, to, last)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := c.assignPage(ctx, page); err != nil {
			return err
		}
		if len(page) < people {
			return nil
		}
		last = page[len(page)-1].(string)
	}
}

func (c *counter) openids(ctx context.Context, from, to int64, after string) (page []any, err error) {
	rows, err := c.db.QueryContext(ctx, stray, c.appID, from, to, after, people)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var openid string
		if err := rows.Scan(&openid); err != nil {
			return nil, err
		}
		page = append(page, openid)
	}
	return page, rows.Err()
}

// message and notice are what assign joins.
type message struct {
	mine      bool // of the campaign that is counted
	state     string
	msgID, at int64
	done      bool // has a receipt
}

type notice struct {
	msgID, at int64
	status    callback.DeliveryStatus
}

// assignPage joins all messages and receipts of some people: what another
// campaign's message has taken is not there for this one's.
func (c *counter) assignPage(ctx context.Context, page []any) error {
	messages, notices := map[string][]*message{}, map[string][]notice{}
	err := c.read(ctx, `SELECT openid, campaign, state, msgid, sending_at FROM push_message
WHERE appid = ? AND sending_at > 0 AND state IN ('accepted', 'unknown', 'sending') AND openid IN (`+db.Marks(len(page))+`) ORDER BY sending_at, id`, page,
		func(rows *sql.Rows) error {
			var openid, campaign string
			m := new(message)
			err := rows.Scan(&openid, &campaign, &m.state, &m.msgID, &m.at)
			m.mine = campaign == c.campaign
			messages[openid] = append(messages[openid], m)
			return err
		})
	if err != nil {
		return err
	}
	err = c.read(ctx, `SELECT openid, msgid, status, created FROM push_receipt
WHERE appid = ? AND openid IN (`+db.Marks(len(page))+`) ORDER BY created, id`, page,
		func(rows *sql.Rows) error {
			var openid string
			var n notice
			err := rows.Scan(&openid, &n.msgID, &n.status, &n.at)
			notices[openid] = append(notices[openid], n)
			return err
		})
	if err != nil {
		return err
	}
	for openid, of := range notices {
		c.assign(messages[openid], of)
	}
	return nil
}

// assign gives one person's receipts that name no message to messages that have
// none, the oldest first.
func (c *counter) assign(messages []*message, notices []notice) {
	named := map[int64]bool{}
	for _, n := range notices {
		named[n.msgID] = n.msgID != 0
	}
	known := map[int64]bool{}
	for _, m := range messages {
		m.done = named[m.msgID]
		known[m.msgID] = m.msgID != 0
	}
	for _, n := range notices {
		if known[n.msgID] {
			continue
		}
		for _, m := range messages {
			if m.done || m.at < n.at-day || m.at > n.at+slack {
				continue
			}
			m.done = true
			if m.mine {
				c.settle(n.status, m.state, 1)
			}
			break
		}
	}
}

func (c *counter) read(ctx context.Context, query string, page []any, row func(*sql.Rows) error) error {
	rows, err := c.db.QueryContext(ctx, query, append([]any{c.appID}, page...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
