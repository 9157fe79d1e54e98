package token

import "context"

// A Source gives the token of one account, each time from where it is made. [Cache] calls it
// from one goroutine at a time, with a context that carries the values of the caller who
// began the refresh and ends after ten seconds at most; it must return soon after that.
//
// The Expiry of a Token is what the cache goes by. A zero one means that the lifetime is not
// known, and the token is used for a minute. A Token that is empty or has expired is an error.
//
// An error that holds, for [errors.As], one with a method ErrCode() int that returns anything
// but 0 and -1 is a refusal, which only a person can mend (wrong secret, IP not allowed). It
// is answered to every caller for ten seconds before the Source is asked again. After any
// other error the next caller asks anew.
type Source interface {
	Token(ctx context.Context) (Token, error)
}

// SourceFunc is a func that serves as a [Source].
type SourceFunc func(ctx context.Context) (Token, error)

// Token calls f.
func (f SourceFunc) Token(ctx context.Context) (Token, error) { return f(ctx) }
