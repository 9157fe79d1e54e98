// Package photopage is the page that template messages link to (照片页): it shows
// a pupil's photo to the parents who are bound to that pupil now, and tells
// everybody else what to do. [New] makes it, an http.Handler.
//
// A link, signed and made by package photolink, names a row of the ledger and
// expires. Opened in WeChat, the page sends the visitor to WeChat's web
// authorization (网页授权), learns the openid, remembers it in a session cookie
// for this one row, and redirects to an address without the link in it:
//
//	BASE/TOKEN            the link; sends to WeChat
//	BASE/back             where WeChat sends the visitor back to
//	BASE/view/ID          the page, which needs the session
//	BASE/view/ID/picture  the picture, which needs it too
//	/MP_verify_*.txt      how WeChat checks that the host is the account's
//
// Whether the visitor is bound to the pupil is asked each time anew, so that a
// parent who leaves sees nothing more at once. The picture is streamed through
// the server: its address on the photo host is in no answer.
//
// Nothing is kept on the server. A visit under way is a cookie of its own,
// named by its state, so that tabs do not disturb each other, and what cookies
// hold is sealed (AES-256-GCM) with keys that are derived from [Config].Key.
// A former key keeps opening what it has sealed while keys are rotated.
//
// A Page is safe for use by several goroutines.
//
// # Errors
//
// [New] refuses a configuration that could not work. A [Store] says
// [ErrNoRow] for a row that is not there; whatever else goes wrong is logged,
// without openids and photo addresses, and shown as a page that says so.
package photopage
