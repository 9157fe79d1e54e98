// Package follower reads and marks the followers of an account (用户管理): who follows it, what WeChat
// knows of them, tags (标签), remarks (备注) and the blacklist (黑名单).
//
// [Client.All] yields the openids of all followers. To send to all of them, make each a message for
// [github.com/org/wxhome/template.Client.SendAll]. [Client.Info] tells of one person, [Client.InfoAll] of
// any number. [Client.AddTag] and its siblings manage tags, [Client.Tag] gives one to any number of
// followers, and [Client.TagMembers] yields who has it.
//
// WeChat has not told nickname, picture, sex and region of followers since 27 December 2021. A person
// gives nickname and picture only on a page, by web authorization (网页授权) with snsapi_userinfo.
//
// A Client is the field Followers of a [*github.com/org/wxhome/wechat.Client], or is made by
// [NewClient] over any [Caller]. It is safe for concurrent use. Each method makes one call at a time.
//
// # Errors
//
// What the platform refuses comes back as the Caller's error, untouched: with package wechat a
// [*github.com/org/wxhome/wechat.Error]. What this package refuses before the wire is
// [ErrInvalidArgument]. A call that changes several followers and failed for some of them returns a
// [*BatchError], which says for whom. Each has a method KindName() string, by which
// [github.com/org/wxhome/wechat.KindOf] knows its kind. No text of an error holds an openid.
package follower
