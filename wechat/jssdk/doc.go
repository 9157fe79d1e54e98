// Package jssdk signs web pages for WeChat's JS-SDK. A signed page may call wx.config, and then the
// functions of the JS-SDK, such as those that share a page, scan a code or choose pictures.
//
// [Client.Config] returns the values that a page passes to wx.config. The page does three things; see
// the Example:
//
//   - It loads https://res.wx.qq.com/open/js/jweixin-1.6.0.js.
//   - It calls wx.config with the Config and with jsApiList, the names of the functions that it uses.
//   - It calls these functions in wx.ready, and logs in wx.error why WeChat refused the page.
//
// wx.error receives "invalid url domain" if the page's host is not one of the account's JS接口安全域名. It
// receives "invalid signature" if the signed URL differs from the page's in any byte, or if another
// program has replaced the ticket. A URL often differs because a proxy changes its scheme or host, or
// because it is escaped or unescaped once too often. In a single-page app on iOS the URL is always that of
// the first page.
//
// Sign only pages on your own hosts: an endpoint that signs any URL gives the account's rights to any
// page.
//
// A Client is the field JSSDK of a [*github.com/org/wxhome/wechat.Client], which fetches the ticket and
// shares it, or is made by [NewClient] over any [TicketSource]. It is safe for concurrent use.
//
// # Errors
//
// An error of the TicketSource is returned unchanged: with package wechat a
// [*github.com/org/wxhome/wechat.Error]. When this package refuses an argument, the error is
// [ErrInvalidArgument]. If the TicketSource returns an empty ticket, the error has the kind KindToken.
// Each error has a method KindName() string, from which [github.com/org/wxhome/wechat.KindOf] takes its
// kind. No error text holds a ticket or the query of a URL.
package jssdk
