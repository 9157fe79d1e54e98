package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// Token is an access_token and the moment when it ends. Printing or logging one shows the
// moment and not the token. The zero Token means that there is none.
type Token struct {
	Value  string
	Expiry time.Time
}

// A Source gives tokens, each time from where they are made. It is called by one goroutine at
// a time, with a context that lives for ten seconds.
//
// A Token with a zero Expiry is taken as good for a minute. An error that has a method
// ErrCode() int which returns something other than -1 and 0 is a refusal, which only a person
// can mend: it is remembered for ten seconds rather than asked for again.
type Source interface {
	Token(ctx context.Context) (Token, error)
}

// SourceFunc is a func as a [Source].
type SourceFunc func(ctx context.Context) (Token, error)

// Token calls f.
func (f SourceFunc) Token(ctx context.Context) (Token, error) { return f(ctx) }

// A Store shares tokens between processes. Package [github.com/org/wxhome/token/tokentest]
// tells an author whether both methods do what they should. They must be safe for concurrent
// use and return soon after ctx ends.
type Store interface {
	// Load returns the token that was saved last under key, or the zero Token and a nil error
	// when there is none or it has expired. A failure to find out is an error, never a miss.
	Load(ctx context.Context, key string) (Token, error)
	// Save replaces the token under key. A Store may forget it when it expires.
	Save(ctx context.Context, key string, t Token) error
}

// A Locker is a [Store] that can also make one process wait for another, so that one of them
// refreshes; see [WithLock].
type Locker interface {
	// Lock waits until it holds the lock of key or ctx ends. unlock gives it back and may be
	// called after ctx has ended. A lock whose process dies must end by itself.
	Lock(ctx context.Context, key string) (unlock func(), err error)
}

// Key returns the key under which tokens of the account appID are shared:
//
//	wxhome:token:APPID:KIND:HOST
//
// where kind is stable, classic or custom and host is the one that issues them. Programs in
// other languages may use it too; the encoding is that of [Token.MarshalBinary].
func Key(appID, kind, host string) string {
	return strings.Join([]string{"wxhome", "token", appID, kind, host}, ":")
}

// encoded is the documented form of a stored token.
type encoded struct {
	AccessToken string `json:"access_token"`
	ExpiresAt   int64  `json:"expires_at"`
}

// MarshalBinary encodes t for a Store as {"access_token":"...","expires_at":1767225600}, the
// end in unix seconds, 0 for a zero Expiry.
func (t Token) MarshalBinary() ([]byte, error) {
	e := encoded{AccessToken: t.Value}
	if !t.Expiry.IsZero() {
		e.ExpiresAt = t.Expiry.Unix()
	}
	return json.Marshal(e)
}

// UnmarshalBinary decodes what [Token.MarshalBinary] wrote. Its errors do not quote the data.
func (t *Token) UnmarshalBinary(data []byte) error {
	var e encoded
	if err := json.Unmarshal(data, &e); err != nil {
		return errors.New("token: the stored token is not of the documented form")
	}
	*t = Token{Value: e.AccessToken}
	if e.ExpiresAt != 0 {
		t.Expiry = time.Unix(e.ExpiresAt, 0)
	}
	return nil
}

// MarshalJSON always fails, so that no JSON log or answer holds a token by accident.
func (t Token) MarshalJSON() ([]byte, error) {
	return nil, errors.New("token: a Token is not for JSON; use MarshalBinary to store one")
}

// Format prints t without its value, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.redacted()) }

// LogValue logs t without its value.
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

// live reports whether t can be used at now.
func (t Token) live(now time.Time) bool { return t.Value != "" && now.Before(t.Expiry) }
