// Package menu makes and reads the menu of an account (自定义菜单), which followers see at the bottom of
// the chat, and menus for some of the followers (个性化菜单).
//
// [Client.Create] makes the default menu, and [Client.AddConditional] a menu for the followers with a
// tag or a kind of phone. [Client.Get] returns both as the same types. A tap on most buttons is pushed
// as an event, such as the *callback.ClickEvent of package [github.com/org/wxhome/callback], whose
// EventKey is the button's Key or URL; see [Type].
//
// A follower's WeChat fetches the menu when the chat is opened, but not more than once in 5 minutes. To
// see a new menu at once, unfollow the account and follow it again.
//
// A Client is the field Menu of a [*github.com/org/wxhome/wechat.Client], or is made by
// [NewClient] over any [Caller]. It is safe for concurrent use.
//
// # Errors
//
// When the platform refuses a call, the Caller's error is returned unchanged: with package wechat a
// [*github.com/org/wxhome/wechat.Error]. When this package refuses an argument before it calls, the
// error is [ErrInvalidArgument]. For buttons and rules it is an [*InvalidError], which names the place
// of each fault. If the answer does not tell whether the call was carried out, the error has the kind
// KindLost. Each error has a method KindName() string, from which
// [github.com/org/wxhome/wechat.KindOf] takes its kind. No error text holds an openid, or a name, key
// or address of a button.
package menu
