package token

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Token is an access_token and the moment when it ends. The zero Token means that there is
// none.
//
// Printing or logging a Token, or a struct that holds it in an exported field, shows the
// moment and not the token. fmt asks no method of an unexported field, so a struct that keeps
// a Token in one needs a Format method of its own.
type Token struct {
	Value  string    // as the platform gave it, up to 512 bytes
	Expiry time.Time // zero: not known
}

// encoded is the documented form of a stored token.
type encoded struct {
	AccessToken string `json:"access_token"`
	ExpiresAt   int64  `json:"expires_at"`
}

// errForm quotes nothing, since what was stored may be half a token.
var errForm = noToken("what is stored is not {\"access_token\":\"...\",\"expires_at\":UNIX_SECONDS}")

// MarshalBinary encodes t for a [Store], as JSON that other languages can share:
//
//	{"access_token":"...","expires_at":1767225600}
//
// with the end in whole unix seconds, rounded down, and 0 for a zero Expiry. An empty Value is
// an error.
func (t Token) MarshalBinary() ([]byte, error) {
	if t.Value == "" {
		return nil, badOption("an empty token is not stored")
	}
	e := encoded{AccessToken: t.Value}
	if !t.Expiry.IsZero() {
		e.ExpiresAt = t.Expiry.Unix()
	}
	return json.Marshal(e)
}

// UnmarshalBinary decodes what [Token.MarshalBinary] wrote. Anything else is an error, which
// quotes none of it, and leaves t as it was. Unknown members are passed over.
func (t *Token) UnmarshalBinary(data []byte) error {
	var e encoded
	if err := json.Unmarshal(data, &e); err != nil || e.AccessToken == "" {
		return errForm
	}
	*t = Token{Value: e.AccessToken}
	if e.ExpiresAt != 0 {
		t.Expiry = time.Unix(e.ExpiresAt, 0)
	}
	return nil
}

// MarshalJSON always fails, so that no JSON log or answer holds a token by accident. Use
// [Token.MarshalBinary] to store one.
func (t Token) MarshalJSON() ([]byte, error) {
	return nil, badOption("a Token is secret and not made for JSON; MarshalBinary encodes one for a store")
}

// Format prints t without its value, whatever the verb. It implements [fmt.Formatter].
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.redacted()) }

// LogValue logs t without its value. It implements [slog.LogValuer].
func (t Token) LogValue() slog.Value { return slog.StringValue(t.redacted()) }

func (t Token) redacted() string {
	switch {
	case t.Value == "":
		return "token(none)"
	case t.Expiry.IsZero():
		return "token([redacted])"
	}
	return "token([redacted] until " + t.Expiry.UTC().Format(time.RFC3339) + ")"
}

// Expired reports whether t is of no use at now: its Expiry has been reached, or it has none, so
// that it may end at any time. The zero Token has expired. A [Store] gives no token that has
// expired.
func (t Token) Expired(now time.Time) bool { return t.Value == "" || !now.Before(t.Expiry) }
