package token

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The suffixes of the keys of notes, which are Tokens that hold none.
const (
	pauseSuffix  = ":pause" // until when the Source is left alone
	renewSuffix  = ":renew" // until when the token is not renewed again
	suffixLength = len(pauseSuffix)
)

// ownerLength is that of a Cache's name in its notes.
const ownerLength = 10

// noteLead is how much earlier than the others the process that wrote a note may ask, so that its
// next note is there when theirs are over. A Store rounds the Expiry down to the second.
const noteLead = 2 * time.Second

// noteLimit is how long a note may last. One that lasts longer is of a clock that is off, and is
// ignored.
const noteLimit = answerLimit + answerLimit/10 + noteLead + time.Second

// note is what a process tells the others that share the Store. It is an error, for the refresh
// that it ends.
type note struct {
	owner string // the Cache that wrote it
	count int    // what went wrong in a row
	kind  string // of the failure
	until time.Time
}

func (n *note) Error() string { return "token: the source is left alone" }

func isNote(err error) bool {
	_, ok := err.(*note)
	return ok
}

// token returns n as a Store keeps it.
func (n *note) token() Token {
	return Token{
		Value:  fmt.Sprintf("%s %d %s", n.owner, n.count, n.kind),
		Expiry: n.until.Truncate(time.Second).Add(noteLead),
	}
}

// readNote returns the note in t; nil: there is none that counts.
func readNote(t Token, now time.Time) *note {
	if t.Expired(now) || t.Expiry.Sub(now) > noteLimit {
		return nil
	}
	owner, rest, _ := strings.Cut(t.Value, " ")
	count, kind, ok := strings.Cut(rest, " ")
	n, err := strconv.Atoi(count)
	if !ok || err != nil || kind == "" {
		return nil
	}
	return &note{owner: owner, count: min(max(n, 1), mostCounted), kind: kind, until: t.Expiry}
}

// elsewhere returns the pause of another process, as t tells it; nil: there is none.
func (c *Cache) elsewhere(t Token) error {
	if n := readNote(t, time.Now()); n != nil && n.owner != c.owner {
		return n
	}
	return nil
}

// failed begins a pause, and tells the other processes unless no answer came: that may be this
// machine's network alone.
func (c *Cache) failed(ctx context.Context, err error) {
	c.mu.Lock()
	c.trouble.failed(err, time.Now())
	n := &note{owner: c.owner, count: c.trouble.count, kind: kindToken, until: c.trouble.until}
	c.mu.Unlock()
	if unanswered(err) {
		return
	}
	if name, ok := kindName(err); ok && name != "" {
		n.kind = name
	}
	c.save(context.WithoutCancel(ctx), c.key+pauseSuffix, n.token())
}
