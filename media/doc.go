// Package media uploads and downloads images, voice and video (素材, media).
//
// [Client.Upload] is the one call to know: it takes any io.Reader, looks at size and format
// before anything is sent, and gives a media_id that lives for three days. [Client.AddMaterial]
// and [Client.AddVideo] put a file into the account's library for good (永久素材), and
// [Client.Get] and [Client.GetMaterial] stream one back. [Cache] remembers media_ids, so that
// the same photo is not uploaded for every message.
//
// A file is streamed, never held in memory: what can seek or tells its length is read while it
// is sent, anything else is first copied to a temporary file, if it is more than half a
// megabyte, and no further than WeChat's limit.
//
// A Client is the field Media of a [*github.com/org/wxhome/wechat.Client], or is made by
// [NewClient]. Client and Cache are safe for concurrent use, and need no closing.
//
// # Errors
//
// What the platform refuses comes back as the error of Do or Call, untouched: with package
// wechat a [*github.com/org/wxhome/wechat.Error]. What this package refuses before the wire is
// [ErrTooLarge], [ErrFormat], [ErrEmpty] or [ErrInvalidArgument], told by errors.Is; nothing has
// been sent then. [ErrAnswer] is an answer that came as a success and is none. Each has a method
// KindName() string, by which [github.com/org/wxhome/wechat.KindOf] knows its kind. An error of the
// caller's reader is wrapped. No error of this package's own holds a file name, a query or the
// answer's text.
package media
