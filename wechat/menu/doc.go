// Package menu makes and reads the menu of an account (自定义菜单), which followers see below the
// chat, and the menus for some of them (个性化菜单).
//
// [Client.Create] makes the menu that everybody sees, and [Client.AddConditional] one for the
// followers with a tag or a kind of phone. [Client.Get] reads them back as the same types. A tap
// on a button comes as an event, such as *callback.ClickEvent of package
// [github.com/org/wxhome/callback], with the button's Key or URL as its EventKey.
//
// A follower's WeChat fetches the menu when the chat is opened, at most every 5 minutes. To see a
// new one at once, unfollow the account and follow it again.
//
// A Client is the field Menu of a [*github.com/org/wxhome/wechat.Client], or is made by
// [NewClient] over any [Caller]. It is safe for concurrent use.
//
// # Errors
//
// What the platform refuses comes back as the Caller's error, untouched: with package wechat a
// [*github.com/org/wxhome/wechat.Error]. What this package refuses before the wire is an
// [ErrInvalidArgument]; for buttons and rules it is an [*InvalidError], which names the place of
// each fault. An answer that does not say what has become of the call is an error of the kind
// KindLost. Each has a method KindName() string, by which
// [github.com/org/wxhome/wechat.KindOf] knows its kind. No error holds an openid, or a name, key or
// address of a button.
package menu
