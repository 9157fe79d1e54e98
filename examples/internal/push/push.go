// Package push sends a campaign: one template message for each recipient of a school's
// database, exactly once, through crashes. [Run] is the one call to know; [Look] tells what it
// would do. A program that has its rows in a queue of its own calls [Prepare], and sends each row
// at a [Desk], by the same rules.
//
// A ledger, the table push_message, holds a row for each message. A row is durably "sending"
// before its request leaves, and after a crash it is repeated with the same client_msg_id
// while WeChat still knows that id; later it is "unknown" rather than sent twice. What a message
// says is kept in its row: a row that has never left follows the school until it leaves, and a
// repeated one says what it said before.
//
// One person is in one campaign at a time: a campaign takes over what earlier ones have not sent, and
// a row that may have left in any of them holds its recipient back, until a person decides.
//
// # Claims
//
// A claim of a row is a lease of 30 s. The age of the claim is looked at where each attempt leaves,
// by the wall clock and the monotonic clock, so that a process that has stood still sends nothing
// that others may have taken meanwhile: give [Config] a Client with departure.Transport, as
// account.Open makes it, and at least as many connections as Workers. So is the lock of the process,
// which must have been confirmed within 10 s. Others take the rows of a process whose lock is gone
// 45 s after their claim at the earliest, by the clock of the ledger's server. A row of a process
// that lives and says nothing is unknown after nine minutes; its answer, if it still comes, counts.
//
// On SQLite nobody waits for the 45 s. The lock is a file's, it ends with its process, and a process
// that stands still keeps it: who gets the lock knows that nothing of the one before is on its way.
//
// A message gets its permit of the rate before it is claimed, and no more rows are claimed than can
// leave within 10 s.
//
// One Run works on a ledger at a time on SQLite; on MySQL several processes may share a
// campaign. Memory is flat, however many recipients there are.
//
// # Errors
//
// Run returns a [*StopError] when it ends before the campaign does, whose rows are then left
// pending; [ErrBusy] and [ErrSettings] when it does not begin; and a database's own errors
// wrapped; [IsSilent] tells a database that gives no answer: a statement has 10 s, a step with its
// repetitions 30 s. Behind a StopError stands WeChat's failure, a [*github.com/org/wxhome/wechat.Error].
package push

import (
	"context"
	"log/slog"
	"time"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/template"
)

// Config says what to push. Fields without a remark are required.
type Config struct {
	AppID      string
	Caller     template.Caller // carries the messages; a *wechat.Client with departure.Transport
	School     *db.DB          // where recipients are read
	Ledger     *db.DB          // where the ledger is kept; may be School
	Query      string          // a SELECT of the recipients; empty: the school's two tables
	KeepQuery  bool            // keep Query with the campaign, for those who send it at a Desk
	Campaign   string
	TemplateID string
	Fields     []Field
	Since      time.Time              // zero: all photos
	Link       func(row int64) string // the address of a row's photo page; nil: none
	LinkBase   string                 // what such addresses begin with; kept with the campaign
	Public     bool                   // without Link: link to the photo itself
	Batch      int                    // messages between two pauses; 0: no pauses
	Interval   time.Duration          // the pause
	Rate       float64                // messages a second; 0: no limit
	Workers    int                    // sends in flight; 0: 16
	Limit      int                    // only the first recipients of the school; 0: all

	// Again makes the campaign one of its own kind, a notice to everybody: it sends also photos that
	// another campaign had accepted, supersedes no other campaign, and no other one supersedes it.
	// It is kept with the campaign. A photo that may have arrived holds its recipient back all the same.
	Again       bool
	RetryFailed bool // take failed rows up again

	// What a person has decided about rows of which nobody knows whether they have arrived.
	ResendUnknown   bool   // send them again, with a new client_msg_id
	UnknownReceived bool   // count them as accepted
	TimesShifted    bool   // photos whose times differ from those of earlier campaigns by one and the same amount are the same, from now on
	OnlyOpenID      string // decide, and retry, for this parent only; empty: for all
	OnlyStudent     string // decide, and retry, for this pupil only; empty: for all

	// Limiter is waited for before each message, beside Rate: one that several processes share.
	// Nil: none. Where the Client has it too, give it to the Client as departure.Limiter, so that
	// it counts once. A push claims a message no sooner than it has a permit.
	Limiter interface {
		Wait(ctx context.Context) error
	}

	// Now is the clock that decides when a message may still be repeated. Nil: the clock of the
	// ledger's server, which all machines share; on SQLite this machine's. It is called from
	// several goroutines.
	// PrivacyKeys are the keys that hashed the openids of parents who left under older versions:
	// [PrivacyKeys] of the environment. The ledger's own key is in the ledger.
	PrivacyKeys []string

	Now      func() time.Time
	Log      *slog.Logger   // nil: discard
	Progress func(Progress) // nil: none; called by one goroutine at a time

	watch    stopwatch     // the machine's; tests set it
	takeOver time.Duration // tests set it; 0: see takeOverTime
}

// takeOverTime is how long rows of a process that has died are left alone. On SQLite not at all: the
// one who holds the lock of the file knows that the process before it has ended, since a file's
// lock lasts exactly as long as its process, also while that stands still.
func (c *Config) takeOverTime() time.Duration {
	switch {
	case c.takeOver > 0:
		return c.takeOver
	case c.Ledger != nil && c.Ledger.Dialect == db.MySQL:
		return takeOverTime
	}
	return 0
}

// Progress tells how far a Run has come.
type Progress struct {
	Total, Done int           // rows of the campaign; those that are settled
	Pause       time.Duration // the pause that begins now; 0: none
	Paused      Control       // who has paused the campaign; the zero value: nobody
	Holders     []Holder      // who has the rows that this Run waits for; empty: it does not wait
	Reading     time.Duration // how long the school has been read by now, told every 15 s; 0: it is not
}

// Summary is the tally of a campaign. Recipients = Unchanged + Accepted + Skipped + Failed +
// Unknown + Pending.
type Summary struct {
	Campaign   string  `json:"campaign"`
	Recipients int     `json:"recipients"`
	LeftOut    int     `json:"left_out"` // rows without openid or photo
	Omitted            // why they and others are no recipients
	Unchanged  int     `json:"unchanged"`
	Accepted   int     `json:"accepted"`
	Skipped    int     `json:"skipped"`
	Failed     int     `json:"failed"`
	Unknown    int     `json:"unknown"`
	Pending    int     `json:"pending"`
	Sent       int     `json:"sent"`              // accepted by this run
	Newer      int     `json:"newer,omitempty"`   // accepted; the school has another photo since, which takes another campaign
	Dropped    int     `json:"dropped,omitempty"` // skipped: another campaign had taken them over and was cancelled, and none has sent them since
	Seconds    float64 `json:"seconds"`
	Others     []Other `json:"others,omitempty"` // campaigns that this run has superseded, or that hold recipients back
}

// StopError tells why a push ended early. What was not sent is pending.
type StopError struct {
	Reason Reason
	Err    error // the failure behind it; nil: none
}

// Reason is why a push ended early.
type Reason string

// The reasons.
const (
	ReasonQuota   Reason = "the daily quota is used up"
	ReasonRefused Reason = "WeChat refuses every message"
	ReasonOutage  Reason = "WeChat cannot be reached"
	ReasonStopped Reason = "interrupted"
)

// Error returns reason and cause.
func (e *StopError) Error() string {
	if e.Err == nil {
		return string(e.Reason)
	}
	return string(e.Reason) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *StopError) Unwrap() error { return e.Err }
