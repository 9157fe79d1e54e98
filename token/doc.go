// Package token caches the access_token of one account and shares it between goroutines and,
// through a [Store], between processes.
//
// A [Cache] gets tokens from a [Source]; [Cache.Get] is the one call to know. It costs one
// atomic load while the token is good. Shortly before its end one goroutine fetches the next,
// while the old one is served. A Cache has no goroutine at rest and needs no closing, and all
// its methods are safe for concurrent use.
//
// Package [github.com/org/wxhome/wechat] builds a Cache for each of its Clients. Use this
// package to write a Store, or a Source for a central token server (中控服务器).
//
// # Errors
//
// Get returns the error of the Source, such as a [*github.com/org/wxhome/wechat.Error], or
// that of the caller's context. A Store's failure stops nobody: it is told to [WithHook].
// Invalidate has one error of its own, [ErrUnchanged]. A panic in a Source or a Store becomes
// an error that tells its type. No error of this package holds a token.
package token
