// Package scene makes QR codes with a scene (带参数二维码), and short keys (短key).
//
// A scene is a number or a text that the account chooses, such as the number of a parcel. [Client.Add]
// makes a code for up to 30 days, and [Client.AddPermanent] one that never expires. A scan of the code
// opens the account in WeChat, and WeChat pushes an event that carries the scene: a
// [*github.com/org/wxhome/callback.SubscribeEvent] if the person has just become a follower, a
// [*github.com/org/wxhome/callback.ScanEvent] if they already were one. The method Scene of both
// returns it. [ImageURL] returns the address of the code's picture.
//
// Anybody who has a code can scan it and pass it on. If a code binds a person to a customer or a user
// of yours, make its scene a random text, and accept it only once.
//
// [Client.Shorten] stores up to 4 KB of data and returns a short key for it, which fits into a code.
//
// A Client is the field Scenes of a [*github.com/org/wxhome/wechat.Client], or is made by
// [NewClient] over any [Caller]. It is safe for concurrent use.
//
// # Errors
//
// When the platform refuses a call, the Caller's error is returned unchanged: with package wechat a
// [*github.com/org/wxhome/wechat.Error]. When this package refuses an argument before it calls, the
// error is [ErrInvalidArgument]. Each error has a method KindName() string, from which
// [github.com/org/wxhome/wechat.KindOf] takes its kind. No error text holds a scene or a ticket.
package scene
