package token

import "context"

// A Source fetches a new token for one account. It must not cache. [Cache] calls it from one
// goroutine at a time, with a context that carries the values of the caller who began the
// refresh and ends after ten seconds at most; it must return soon after that.
//
// The Cache goes by the Expiry of the Token. A zero Expiry means that the lifetime is not known,
// and the token is used for a minute. A Token that is empty or has expired is an error.
//
// Whatever else it is, an error means that the endpoint answered and gave no token: after it the
// Source is left alone for a growing while; see [Cache]. It should not ask again by itself then,
// since the Cache counts calls of the Source and not requests. Where no answer came, the while is
// shorter. These errors mean that: one that holds, for [errors.As], an error with a method
// KindName() string that returns "network" or "lost", as that of a
// [*github.com/org/wxhome/wechat.Error] may; and, where no error in it has that method, a
// [net.Error], [io.EOF], [io.ErrUnexpectedEOF] and the error of a context. What KindName returns
// otherwise, such as "busy", is told to the processes that share the Store, as the kind of their
// error.
type Source interface {
	Token(ctx context.Context) (Token, error)
}

// SourceFunc is a func that serves as a [Source].
type SourceFunc func(ctx context.Context) (Token, error)

// Token calls f.
func (f SourceFunc) Token(ctx context.Context) (Token, error) { return f(ctx) }
