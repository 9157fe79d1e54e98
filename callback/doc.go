// Package callback receives what WeChat pushes to an Official Account (公众号, 服务号): messages that
// followers write and events (消息与事件推送), and answers them (被动回复).
//
// A program registers an ordinary function per type of message and serves the rest from
// [NewServer], which is an [net/http.Handler]:
//
//	mux := new(callback.Mux)
//	callback.On(mux, func(ctx context.Context, m *callback.TextMessage) (callback.Reply, error) {
//		return callback.Text{Content: "您好"}, nil
//	})
//	server, err := callback.NewServer(callback.Config{Account: callback.Account{Token: token}}, mux)
//	http.Handle("/wechat/callback", server)
//
// The method CallbackServer of a [*github.com/org/wxhome/wechat.Client] makes the same server for
// the client's account, and sends replies that come too late as customer-service messages (客服消息).
//
// The package has three layers, and each can be used without those above it:
//
//   - Signatures and encryption (消息加解密): [Signature] and [Verify] for plain mode (明文模式),
//     [ParseEnvelope] and a [Crypter] for safe mode (安全模式) and compatible mode (兼容模式).
//   - Messages and replies: [Parse] makes a typed [Message] of a body, XML or JSON, and
//     [AppendReply] a body of a typed [Reply].
//   - The [Server]: it verifies, decrypts and parses, calls the handler once per message however
//     often WeChat delivers it, and answers within the five seconds that WeChat waits. Handlers
//     may take longer: see [Config]. The WriteTimeout of the [net/http.Server] around it must be
//     zero or more than five seconds, or the answers to slow handlers are cut off.
//
// All functions are safe for concurrent use, as are a Crypter, a Sealer, a Mux and a Server. A
// Message belongs to whom it is handed.
//
// # Which message is which type
//
// [TextMessage], [ImageMessage], [VoiceMessage], [VideoMessage], [ShortVideoMessage],
// [LocationMessage], [LinkMessage], [FileMessage] and [MiniProgramPageMessage] are what followers
// write. Events are named as on the wire: [SubscribeEvent] is subscribe, [ScanEvent] SCAN,
// [ClickEvent] CLICK, [TemplateSendJobFinishEvent] TEMPLATESENDJOBFINISH. What has no type is an
// [Unknown], with the raw body. The type of a reply is what the answer holds: [Text], [Image],
// [Voice], [Video], [Music], [News], or [Transfer] to an agent.
//
// # Errors
//
// What is refused is one of this package's errors, to be told apart with errors.Is: [ErrSignature]
// (forged, or the wrong Token), [ErrDecrypt] and [ErrAppID] (the wrong key or account),
// [ErrMalformed], and [ErrReply] for a reply that WeChat would refuse. None holds a token, a key, an
// openid or anything else that came in. A customer-service message that takes the place of a late
// reply fails with a [*github.com/org/wxhome/wechat.Error], which goes to OnError of the Config.
package callback
