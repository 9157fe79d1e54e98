// Package callback receives the pushes of an Official Account (公众号, 服务号): messages from followers
// and events (消息与事件推送). It also sends the replies (被动回复).
//
// A program registers one function for each type of message that it handles. [NewServer] returns an
// [net/http.Handler] that does the rest:
//
//	mux := new(callback.Mux)
//	callback.On(mux, func(ctx context.Context, m *callback.TextMessage) (callback.Reply, error) {
//		return callback.Text{Content: "您好"}, nil
//	})
//	server, err := callback.NewServer(callback.Config{Account: callback.Account{Token: token}}, mux)
//	http.Handle("/wechat/callback", server)
//
// The method CallbackServer of a [*github.com/org/wxhome/wechat.Client] makes the same server for
// the client's account. It also sends late replies as customer-service messages (客服消息).
//
// The package has three layers. Each can be used without the layers after it:
//
//   - Signatures and encryption (消息加解密): [Signature] and [Verify] for plain mode (明文模式);
//     [ParseEnvelope] and [Crypter] for safe mode (安全模式) and compatible mode (兼容模式).
//   - Messages and replies: [Parse] reads a body in XML or JSON into a typed [Message].
//     [AppendReply] writes a typed [Reply] as a body.
//   - The [Server]: it verifies, decrypts and parses each push, and calls the handler once per
//     message, however often WeChat delivers it.
//
// All functions are safe for concurrent use. So are a Crypter, a Sealer, a Mux and a Server. A
// Message belongs to the handler that receives it.
//
// # How long a handler may take
//
// WeChat waits 5 s for an answer. A [Server] deals with slower handlers as follows:
//
//	up to 4.5 s  The reply goes into the response.
//	up to 14 s   Without Config.Late: WeChat repeats the message, and the reply goes into
//	             the response to a repeat.
//	up to 30 s   With Config.Late: the server answers "success", and Late sends the reply.
//	             The limit is Config.HandlerTimeout, which can be raised.
//	minutes      The handler replies "one moment" and passes the work to a goroutine of the
//	             program, which sends the result with the method SendReply of a wechat.Client.
//
// The WriteTimeout of the [net/http.Server] must be 0 or more than 5.5 s. A shorter one cuts off
// answers.
//
// # Types of messages and replies
//
// Messages from followers are [TextMessage], [ImageMessage], [VoiceMessage], [VideoMessage],
// [ShortVideoMessage], [LocationMessage], [LinkMessage], [FileMessage] and
// [MiniProgramPageMessage]. The types of events have the names that WeChat uses: [SubscribeEvent]
// is subscribe, [ScanEvent] is SCAN, [ClickEvent] is CLICK, and [TemplateSendJobFinishEvent] is
// TEMPLATESENDJOBFINISH. Anything else is an [Unknown] with the plaintext in its Raw. Replies are
// [Text], [Image], [Voice], [Video], [Music], [News], and [Transfer] to an agent.
//
// # What followers write
//
// WeChat puts a follower's text into XML without escaping it. [Parse] reads no element from it, so a
// follower cannot send a message in another follower's name. The text can still hold any characters.
// Escape it in HTML, logs and queries.
//
// # Errors
//
// Use errors.Is to tell errors apart: [ErrSignature] (a forged request or the wrong Token),
// [ErrDecrypt] (the wrong key), [ErrAppID] (the wrong account), [ErrMalformed], and [ErrReply] for
// a reply that WeChat would refuse. The text of an error contains no token, no key, no openid and
// no other text of the request.
//
// OnError of the [Config] receives a reply that was not delivered as an [*UndeliveredError]. If a
// customer-service message failed, a [*github.com/org/wxhome/wechat.Error] is in the chain of the
// error.
package callback
