// Package jssdk signs pages for WeChat's JS-SDK, so that they may call wx.config and then share,
// scan, choose pictures and so on.
//
// [Client.Config] returns what a page hands to wx.config. The page has to do three things; see the
// Example:
//
//   - load https://res.wx.qq.com/open/js/jweixin-1.6.0.js
//   - call wx.config with the Config, and with jsApiList, the functions that it wants
//   - call these functions in wx.ready, and tell in wx.error what WeChat did not like
//
// The page's host must be one of the account's JS接口安全域名, or wx.error gets "invalid url domain". It
// gets "invalid signature" where the URL that was signed is not that of the page, byte for byte, or
// where the ticket was replaced. Usual reasons are a proxy that changes scheme or host, and a URL that
// was escaped or unescaped once more. In a single-page app on iOS the URL stays that of the first page.
// Sign for hosts of your own only: an endpoint that signs any URL lends the account's rights to any
// page.
//
// A Client is the field JSSDK of a [*github.com/org/wxhome/wechat.Client], which fetches the ticket and
// shares it, or is made by [NewClient] over any [TicketSource]. It is safe for concurrent use.
//
// # Errors
//
// The TicketSource's error comes back untouched: with package wechat a
// [*github.com/org/wxhome/wechat.Error]. What this package refuses is an [ErrInvalidArgument], and
// a TicketSource that gives an empty ticket an error of the kind KindToken. Each has a method
// KindName() string, by which [github.com/org/wxhome/wechat.KindOf] knows its kind. No error holds
// a ticket or the query of a URL.
package jssdk
