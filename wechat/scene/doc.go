// Package scene makes QR codes with a scene (带参数二维码), and short keys (短key).
//
// A scene is a number or a text of the account's own, such as the number of a parcel. [Client.Add] makes
// a code that carries it for a while, [Client.AddPermanent] one that carries it for ever. Whoever scans
// the code comes to the account, and the account is pushed the scene: as the Scene of a
// [*github.com/org/wxhome/callback.SubscribeEvent], if the scan made the person a follower, or of a
// [*github.com/org/wxhome/callback.ScanEvent]. [ImageURL] is where the picture of a code is.
//
// Anybody who has a code can scan it, and pass it on. To bind a person to an account of yours, use a
// random text once.
//
// [Client.Shorten] keeps up to 4 KB of data under a short key, which fits into a code.
//
// A Client is the field Scenes of a [*github.com/org/wxhome/wechat.Client], or is made by
// [NewClient] over any [Caller]. It is safe for concurrent use.
//
// # Errors
//
// What the platform refuses comes back as the Caller's error, untouched: with package wechat a
// [*github.com/org/wxhome/wechat.Error]. What this package refuses before the wire is
// [ErrInvalidArgument]. It has a method KindName() string, by which
// [github.com/org/wxhome/wechat.KindOf] knows its kind. No text of an error holds a scene or a ticket.
package scene
