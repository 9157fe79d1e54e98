// Package token caches the access_token of one account and shares it between goroutines and,
// through a [Store], between processes.
//
// A [Cache] gets tokens from a [Source]; [Cache.Get] is the one call to know. It costs one
// atomic load while the token is good. A new one is fetched shortly before the old one ends,
// by one goroutine at a time, while the old one is served. A Cache starts no goroutine at rest
// and needs no closing. All its methods are safe for concurrent use.
//
// Package [github.com/org/wxhome/wechat] builds a Cache for each of its Clients; use this
// package to write a Store, or a Source for a central token server (中控).
//
// # Errors
//
// Get returns the error of the Source, such as [*github.com/org/wxhome/wechat.Error], or that
// of the caller's context. A Store's errors do not stop Get: they are told to [WithHook].
package token
