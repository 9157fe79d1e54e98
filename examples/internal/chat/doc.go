// Package chat is what a parent can say to the school's account, and what the
// account answers (公众号对话). [New] makes a [Bot], and [Bot.Register] adds its
// handlers to a callback.Mux; these are the calls to know.
//
//	绑定 CODE         binds the parent to a pupil
//	解绑              deletes that again
//	照片              the newest photo of each bound child
//	我的编号           the parent's openid
//
// Every answer is at once, in the response to WeChat's push. Photos follow as
// customer-service messages: they are fetched, uploaded and sent by errands of
// the Bot, which [Bot.Shutdown] waits for. An errand sends no more messages than
// the parent's window allows (客服消息下发规则), and asks anew before each photo
// whether the parent is still bound.
//
// A parent who leaves is forgotten: the binding is deleted, and in the ledger
// and the receipts a keyed hash takes the openid's place.
//
// A Bot is safe for use by several goroutines.
//
// # Errors
//
// What goes wrong is told to the parent in words that help, and to the log
// without openids, codes and addresses of photos. A handler returns an error
// only where nothing could be looked up or written.
package chat
