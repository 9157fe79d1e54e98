// Package wechat is a client for the API of WeChat Official Accounts (微信公众号, 服务号).
//
// [New] makes a [Client] for one account. Its fields are the things that an account does:
//
//	client, err := wechat.New(appID, appSecret)
//	id, err := client.Template.Send(ctx, template.Message{To: openID, TemplateID: tid, Data: data})
//
// An endpoint that has no method of its own is one [Client.Call] away, or one [Client.Do] where
// the body is not JSON. Both add host and access_token, renew a refused token and repeat the
// call once, repeat what may be repeated, wait for the limiters, and turn an errcode into an
// error. Neither follows redirects.
//
// A call is a success only if the answer says so. Nothing is repeated that could be a second
// message: not what may have been carried out, unless its sender declares it repeatable, and
// nothing more than nine minutes after the first attempt in doubt; see [Client.Do].
//
// A Client is safe for concurrent use by any number of goroutines, starts none at rest, and
// needs no closing. It opens 256 connections at most. Tracers and meters stand around it by
// [WithTransport] and [WithHook] and see no secret.
//
// A [Platform] is a third-party platform (第三方平台), which gives the token source of each account
// that it runs.
//
// # Errors
//
// A failed call is an [*Error]: errcode, errmsg, rid, method and path, and never the app
// secret, a token or a query. Ask [KindOf] what to do, errors.Is(err, wechat.ErrNotFollowing)
// for one code, and [*Error.Hint] for a sentence to show to a person. KindOf knows the errors of
// the packages template, custom, media, follower, scene, menu, jssdk and token as well.
package wechat
