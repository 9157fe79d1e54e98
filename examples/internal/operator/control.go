package operator

import (
	"strings"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/push"
)

// Control says what a person wants of a campaign, by whom and when; empty: nothing that stops it.
func (l Language) Control(c push.Control) string {
	at := c.At.In(db.Beijing).Format("2006-01-02 15:04")
	switch {
	case c.Cancelled():
		return l.Text("cancelled by %s at %s", c.By, at)
	case c.Paused() && c.All:
		return l.Text("all campaigns of the account are paused by %s since %s", c.By, at)
	case c.Paused():
		return l.Text("paused by %s since %s", c.By, at)
	}
	return ""
}

// Holder says who has how many rows in its hands and since when.
func (l Language) Holder(h push.Holder) string {
	who, since := h.Owner, h.Since.In(db.Beijing).Format("15:04:05")
	if i := strings.LastIndexByte(who, '-'); i > 0 { // the rest is random
		who = who[:i]
	}
	switch h.Lock {
	case push.LockHeld:
		return l.Text("%d rows are in the hands of process %s since %s; it holds its lock, so it is sending, or it stands still", h.Rows, who, since)
	case push.LockFree:
		return l.Text("%d rows are in the hands of process %s since %s; it has ended, and a push takes them over", h.Rows, who, since)
	}
	return l.Text("%d rows are in the hands of process %s since %s", h.Rows, who, since)
}

// Unusual says why a person should look at a push before it is sent; empty: it is as others were.
func (l Language) Unusual(u push.Unusual, appID string) string {
	switch {
	case u.First():
		return l.Text("this is the first push of account %s, of %d messages", appID, u.Pending)
	case u.Many():
		return l.Text("%d messages are more than twice as many as those of the largest of the last five campaigns (%d)", u.Pending, u.Largest)
	}
	return ""
}
