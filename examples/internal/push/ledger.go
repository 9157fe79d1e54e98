package push

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// The states of a row.
const (
	statePending  = "pending"
	stateSending  = "sending"
	stateAccepted = "accepted"
	stateSkipped  = "skipped"
	stateFailed   = "failed"
	stateUnknown  = "unknown"
)

// horizon is how long after its first attempt a message may be repeated: WeChat remembers a
// client_msg_id for ten minutes, and one is kept for clocks that differ and for the way.
const (
	horizon        = 9 * time.Minute
	horizonSeconds = int64(horizon / time.Second)
	slackSeconds   = int64(ClockSlack / time.Second)
)

// ledger is the rows of one campaign.
type ledger struct {
	db              *db.DB
	appID, campaign string
	owner           string
	now             func() time.Time
	takeOver        time.Duration // how long after their claim rows of a dead owner are left alone
	oldKeys         []string      // of hashes that older versions have put in place of openids
}

// messageID derives the client_msg_id of the n-th deliberate sending of a row.
func messageID(appID, campaign, openid, studentID string, n int) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{appID, campaign, openid, studentID, strconv.Itoa(n)}, "\x00")))
	return fmt.Sprintf("%.24s-%s-%d", appID, base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])[:26], n)
}

// tally counts the campaign's rows by state.
func (l *ledger) tally(ctx context.Context) (map[string]int, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT state, COUNT(*) FROM push_message WHERE appid = ? AND campaign = ? GROUP BY state`, l.appID, l.campaign)
	if err != nil {
		return nil, l.failed(err)
	}
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, l.failed(err)
		}
		counts[state] = n
	}
	return counts, rows.Err()
}

// lasting warns of a server that may lose, with its machine, rows that it has called written.
func (l *ledger) lasting(ctx context.Context) (warning string) {
	if l.db.Dialect != db.MySQL {
		return ""
	}
	var n int
	err := l.db.QueryRowContext(ctx, "SELECT @@innodb_flush_log_at_trx_commit").Scan(&n)
	if err != nil { // some servers do not tell
		return ""
	}
	return flushWarning(n)
}

func flushWarning(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf("innodb_flush_log_at_trx_commit is %d, not 1: after a power failure messages may be sent twice", n)
}

// tries bounds how often a transaction is repeated that another one was in the way of.
const tries = 8

// answerLimit is how long the ledger's server may say nothing.
const answerLimit = 10 * time.Second

// ownLedger has the ledger on connections of its own, on which no answer takes longer than
// answerLimit. Those of the school wait longer: a query of the user's own may take minutes.
func (c *Config) ownLedger() (done func()) {
	if c.Ledger == nil { // which check tells
		return func() {}
	}
	c.Ledger, done = c.Ledger.Within(answerLimit)
	return done
}

// stepLimit bounds a transaction with its repetitions, and what else a push asks its ledger.
const stepLimit = 30 * time.Second

// transact runs f in a transaction, again when another one was in its way.
func (l *ledger) transact(ctx context.Context, f func(*sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	for try := 1; ; try++ {
		err := l.transactOnce(ctx, f)
		if err == nil {
			return nil
		}
		if try == tries || ctx.Err() != nil || !db.IsConflict(err) && !db.IsBusy(err) {
			return l.failed(err)
		}
	}
}

func (l *ledger) failed(err error) error { return fmt.Errorf("ledger in %s: %w", l.db.Name, err) }

func (l *ledger) transactOnce(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}
