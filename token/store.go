package token

import (
	"context"
	"strings"
)

// A Store shares tokens between processes. Its author runs package
// [github.com/org/wxhome/token/tokentest] to learn whether both methods keep their promises.
//
// The methods must be safe for concurrent use, return soon after ctx ends (a [Cache] gives
// each call two seconds, and a third to notice that they are over), take keys of up to
// [MaxKeyLength] bytes, compare them byte by byte, and put no token into an error.
// [Token.MarshalBinary] is the encoding to use where one is needed, and [Token.Expired] tells
// which tokens not to return. A Cache also saves short notes for other processes as Tokens, under
// keys of their own; a Store treats them as all others.
type Store interface {
	// Load returns the token that was saved last under key, its Expiry to the second, or the
	// zero Token and a nil error when there is none or it has expired. A failure to find out
	// is an error, never a miss: a miss makes every process fetch.
	Load(ctx context.Context, key string) (Token, error)
	// Save replaces the token under key. The Store may forget it once it has expired.
	Save(ctx context.Context, key string, t Token) error
}

// A Locker is a [Store] that also lets one process wait for another, so that only one of them
// fetches at a time; see [WithLock].
type Locker interface {
	// Lock waits until it holds the lock of key, or returns an error when ctx ends first, which
	// is after ten seconds. The lock is held until unlock, even if ctx ends before; unlock is
	// called once, within half a minute. The lock of a process that dies must end by itself.
	Lock(ctx context.Context, key string) (unlock func(), err error)
}

// MaxKeyLength is how many bytes the longest key has that a [Cache] gives to its [Store], those of
// its notes included.
const MaxKeyLength = 255

// Key returns the key under which processes share the token of the account appID:
//
//	wxhome:token:APPID:KIND:HOST
//
// KIND says where the token comes from, since tokens of different kinds are not
// interchangeable: "stable" (POST /cgi-bin/stable_token), "classic" (GET /cgi-bin/token),
// "authorizer" and "component" (a third-party platform's, for an account and for itself) or
// "custom" (a source of the caller's own). "jsapi" is the ticket of the JS-SDK
// (GET /cgi-bin/ticket/getticket). HOST is the host that issues it. The key holds no
// secret. Programs in other languages may use the same one; [Token.MarshalBinary] documents
// the value.
func Key(appID, kind, host string) string {
	return strings.Join([]string{"wxhome", "token", appID, kind, host}, ":")
}
