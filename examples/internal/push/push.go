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
// One Run works on a ledger at a time on SQLite; on MySQL several processes may share a
// campaign. Memory is flat, however many recipients there are.
//
// # Errors
//
// Run returns a [*StopError] when it ends before the campaign does, whose rows are then left
// pending; [ErrBusy] and [ErrSettings] when it does not begin; and a database's own errors
// wrapped. Behind a StopError stands WeChat's failure, a [*github.com/org/wxhome/wechat.Error].
package push

import (
	"log/slog"
	"time"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/template"
)

// Config says what to push. Fields without a remark are required.
type Config struct {
	AppID      string
	Caller     template.Caller // carries the messages; a *wechat.Client
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

	Again         bool // also photos that an earlier campaign had accepted
	RetryFailed   bool // take failed rows up again
	ResendUnknown bool // send unknown rows again, with a new client_msg_id

	Now      func() time.Time // nil: time.Now; called from several goroutines
	Log      *slog.Logger     // nil: discard
	Progress func(Progress)   // nil: none; called on Run's goroutine
}

// Progress tells how far a Run has come.
type Progress struct {
	Total, Done int           // rows of the campaign; those that are settled
	Pause       time.Duration // the pause that begins now; 0: none
}

// Summary is the tally of a campaign. Recipients = Unchanged + Accepted + Skipped + Failed +
// Unknown + Pending.
type Summary struct {
	Campaign   string  `json:"campaign"`
	Recipients int     `json:"recipients"`
	LeftOut    int     `json:"left_out"` // rows without openid or photo
	Unchanged  int     `json:"unchanged"`
	Accepted   int     `json:"accepted"`
	Skipped    int     `json:"skipped"`
	Failed     int     `json:"failed"`
	Unknown    int     `json:"unknown"`
	Pending    int     `json:"pending"`
	Sent       int     `json:"sent"` // accepted by this run
	Seconds    float64 `json:"seconds"`
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
