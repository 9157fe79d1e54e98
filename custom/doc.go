// Package custom sends customer-service messages (客服消息) and manages the people behind them:
// agents (客服账号), sessions (会话) and message records (聊天记录).
//
// [Client.Send] sends one message, of a Go type such as [Text], [Image] or [News]. The platform
// takes it only while the follower's window is open, such as for five messages within 48 hours
// after the follower wrote; package template reaches followers outside of it. [SplitText] cuts
// a text that is too long for one message. [Client.SendAll] sends any number of messages, each
// follower's in their order. [Client.Typing] shows that an answer is being written.
//
// A Client is the field Custom of a [*github.com/org/wxhome/wechat.Client], or is made by
// [NewClient] over any [Caller]. It is safe for concurrent use.
//
// # Errors
//
// What the platform refuses comes back as the Caller's error, untouched: with package wechat a
// [*github.com/org/wxhome/wechat.Error], whose kind KindWindow says that the window is closed
// or used up. What this package refuses before the wire is [ErrInvalidMessage], for a text over
// the limit also [ErrTooLong], or [ErrInvalidArgument]. SendAll adds [ErrNotSent] where a message
// surely was not sent. Each has a method KindName() string, by which
// [github.com/org/wxhome/wechat.KindOf] knows its kind. None of them holds an openid or a text.
package custom
