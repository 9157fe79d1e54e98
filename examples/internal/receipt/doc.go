// Package receipt keeps what WeChat reports about template messages after they
// were accepted (模板消息送达事件): whether each reached its parent. [Log.Add]
// appends a receipt, and [Count] joins them with a campaign's messages; these
// are the calls to know.
//
// The table push_receipt stands beside the ledger and is only appended to; no
// row of the ledger is changed by a receipt. A receipt belongs to the message
// whose msgid it names. Some come without one, or name one that nobody noted:
// such a receipt belongs to the oldest message to the same openid, of the 24
// hours before it, that has none.
//
// A parent who leaves is forgotten by [Log.Forget]: the openid is replaced by a
// keyed hash wherever the ledger and the receipts have it, so that the figures
// stay and the person is gone.
//
// A Log is safe for use by several goroutines, and several processes may share
// a ledger.
//
// # Errors
//
// A database's own errors are wrapped as they come. No error contains an openid.
package receipt
