// Package bind binds parents to pupils with one-time codes (绑定码): the school
// hands a code to the parents of a pupil, a parent sends it to the account, and
// from then on that openid is bound. [Store.Issue] makes codes, [Store.Bind]
// redeems one; these are the calls to know.
//
// Bindings are rows of the school's own table parent_wechat_bind, with an empty
// parent_mobile where they were made with a code. The tables bind_code (codes,
// as keyed hashes), bind_pupil (names) and bind_try (wrong tries) are made
// beside it when absent.
//
// A code is good for one binding, whoever asks at the same moment, in whatever
// process: what decides is an update of the code's row that one of them makes.
// Wrong tries are counted for each openid under the lock of its row, so that
// asking in parallel gains nothing. A Store is safe for use by several
// goroutines, and several processes may share a database.
//
// # Errors
//
// Bind tells a code that cannot be redeemed with [ErrNoCode], [ErrUsed],
// [ErrExpired], a [*WrongError] or a [*LockedError]; a database's own errors
// are wrapped as they come. No error contains a code or an openid.
package bind
