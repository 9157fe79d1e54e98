// Package template sends template messages (模板消息) and manages an account's templates.
//
// [Client.Send] sends one message and is safe to repeat; [Client.SendAll] sends any number with
// bounded workers in constant memory. [Message.Validate] checks a message against the
// platform's value rules before anything is sent. A Client is safe for concurrent use.
//
// # Errors
//
// What the platform refuses comes back as the caller's error, with package wechat a
// [*github.com/org/wxhome/wechat.Error]. What this package refuses before the wire is
// [ErrInvalidMessage] or a [*ValueError]; neither holds an openid or a whole value.
package template
