// Package follower manages the followers of an account (用户管理): the list of followers, what WeChat
// says about each of them, tags (标签), remarks (备注) and the blacklist (黑名单).
//
// [Client.All] yields the openids of all followers. To send a message to each of them, pass the
// messages to [github.com/org/wxhome/template.Client.SendAll]. [Client.Info] returns the info of one
// person, [Client.InfoAll] that of any number. [Client.AddTag] and similar methods manage tags,
// [Client.Tag] gives a tag to any number of followers, and [Client.TagMembers] yields the followers
// who have it.
//
// Since 27 December 2021 WeChat no longer returns nickname, picture, sex and region of followers. A
// person shows nickname and picture only on a page, by web authorization (网页授权) with
// snsapi_userinfo.
//
// A Client is the field Followers of a [*github.com/org/wxhome/wechat.Client], or is made by
// [NewClient] over any [Caller]. It is safe for concurrent use. Each method makes one call at a time.
//
// # Errors
//
// When the platform refuses a call, the Caller's error is returned unchanged: with package wechat a
// [*github.com/org/wxhome/wechat.Error]. When this package refuses an argument before it calls, the
// error is [ErrInvalidArgument]. A method that changes several followers and fails for some of them
// returns a [*BatchError], which lists them. Each error has a method KindName() string, from which
// [github.com/org/wxhome/wechat.KindOf] takes its kind. No error text holds an openid.
package follower
