// Package template sends template messages (模板消息) and manages an account's templates.
//
// [Client.Send] sends one message and is safe to repeat; [Client.SendAll] sends any number with
// bounded workers in constant memory. [Client.List] tells the templates and, by
// [Template.Keywords], what each wants. [Message.Validate] checks a message against the
// platform's value rules before anything is sent; neither Send nor SendAll does so by itself.
//
// Two kinds of message need a person's consent instead of their following the account:
// [Client.SendOneTime] sends the one that they have agreed to on the page of [SubscribeURL]
// (一次性订阅消息), [Client.Notify] a subscription notification (订阅通知), and [Client.NotifyAll] any
// number of them; the methods with Subscribe in their names manage their templates.
// [Client.Blocked] tells which template messages the platform has held back.
//
// A Client is the field Template of a [*github.com/org/wxhome/wechat.Client], or is made by
// [NewClient] over any [Caller]. It is safe for concurrent use.
//
// # Errors
//
// What the platform refuses comes back as the Caller's error, untouched: with package wechat a
// [*github.com/org/wxhome/wechat.Error]. What this package refuses before the wire is
// [ErrInvalidMessage], for a value a [*ValueError], or [ErrInvalidArgument]. SendAll and NotifyAll
// add [ErrNotSent] where a message surely was not sent. Each has a method KindName() string, by which
// [github.com/org/wxhome/wechat.KindOf] knows its kind. None of them holds an openid or a value.
package template
