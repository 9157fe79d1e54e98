package wechat

import (
	"context"
	"errors"

	"github.com/org/wxhome/callback"
)

// CallbackServer returns a server for the pushes to this account (消息与事件推送). The server is an
// [http.Handler] and works as described at [callback.Server]. CallbackServer sets three fields of
// cfg if they are empty:
//
//   - AppID is set to the Client's AppID, unless cfg.Select is set.
//   - Late is set to [Client.SendReply]: a reply that is too late or too long for the response is
//     sent as a customer-service message (客服消息). So a handler may take up to cfg.HandlerTimeout
//     (default: 30s).
//   - Logger is set to the Client's logger, see [WithLogger].
//
// WeChat limits customer-service messages: a message from a follower allows five of them (45047
// after that). If the account may not send such messages at all, use callback.NewServer, or set
// cfg.Late.
//
// With cfg.Select, the server receives the pushes of several accounts, but a Client sends for only
// one. So CallbackServer returns an error if cfg.Select is set and cfg.Late is not. In Late, use
// [callback.AppIDFrom] to find the Client of the account.
//
// The other errors are those of [callback.NewServer]. The server needs no Close. Its Shutdown waits
// for handlers and late replies.
func (c *Client) CallbackServer(cfg callback.Config, handler callback.Handler) (*callback.Server, error) {
	if cfg.Select != nil && cfg.Late == nil {
		return nil, errors.New("wechat: CallbackServer: Select is set and Late is not: the late replies of every account " +
			"would be sent through the account " + c.appID + "; set Late, and find the right Client in it by callback.AppIDFrom(ctx)")
	}
	if cfg.AppID == "" && cfg.Select == nil {
		cfg.AppID = c.appID
	}
	if cfg.Late == nil {
		cfg.Late = func(ctx context.Context, h callback.Header, r callback.Reply) error {
			return c.SendReply(ctx, h.FromUserName, r)
		}
	}
	if cfg.Logger == nil {
		cfg.Logger = c.logger
	}
	return callback.NewServer(cfg, handler)
}
