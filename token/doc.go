// Package token caches the access_token of one account and shares it between goroutines and,
// through a [Store], between processes.
//
// A [Cache] gets tokens from a [Source]; [Cache.Get] is the one call to know. It costs one
// atomic load while the token is good. Shortly before its end one goroutine fetches the next,
// while the old one is served. What the Source answers wrongly is remembered for a growing while,
// so that no failure of WeChat's causes a storm of fetches. A Cache has no goroutine at rest and
// needs no closing, and all its methods are safe for concurrent use.
//
// Package [github.com/org/wxhome/wechat] builds a Cache for each of its Clients. Use this
// package to write a Store, or a Source for a central token server (中控服务器).
//
// # Errors
//
// Get returns the error of the Source, such as a [*github.com/org/wxhome/wechat.Error], or
// that of the caller's context. A Store's failure is no error of Get: it is told to [WithHook].
// Errors of this package's own are [ErrUnchanged], [ErrRefused] and [ErrRenewTooSoon], a Source
// or a Store that panics (the error tells the type of the panic), and options that make no sense.
// Each has a method KindName() string, by which
// [github.com/org/wxhome/wechat.KindOf] knows its kind. No error of this package holds a token.
package token
