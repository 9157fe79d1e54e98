package wechat

import (
	"context"
	"errors"
	"fmt"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
)

// CallbackServer returns a server for the pushes to this account (消息与事件推送), an
// [http.Handler], with cfg and handler as [callback.NewServer] takes them. What cfg leaves open
// is filled in: its AppID is the account's, unless cfg.Select is set, and its Late sends a reply
// that came too late for WeChat's 5 seconds as a customer-service message (客服消息), see
// [Client.SendReply]. So a handler may take its time; nothing is lost while the account may send
// such messages. For one that may not, set cfg.Late to a func of your own, or use
// callback.NewServer, which then waits for WeChat's repeats.
//
// The server has nothing to close; its Shutdown waits for handlers.
func (c *Client) CallbackServer(cfg callback.Config, handler callback.Handler) (*callback.Server, error) {
	if cfg.AppID == "" && cfg.Select == nil {
		cfg.AppID = c.appID
	}
	if cfg.Late == nil {
		cfg.Late = func(ctx context.Context, h callback.Header, r callback.Reply) error {
			return c.SendReply(ctx, h.FromUserName, r)
		}
	}
	return callback.NewServer(cfg, handler)
}

// SendReply sends a reply to a push as a customer-service message to openID: text, image, voice,
// music and news of one article as they are; a video with its ThumbMediaID, and without one its
// title as text, since the platform takes no video without a thumb; a transfer to a named agent
// as a session with that agent. A nil reply sends nothing.
//
// An [ErrNoCustomForm] is a reply that has no such form: several articles, a transfer to no agent
// in particular, a video with neither thumb nor title. [ErrOutOfWindow] (45015), [ErrWindowUsedUp]
// (45047) and [ErrUnauthorizedAPI] (48001) tell that the account may not write to this person now,
// or never.
//
// POST /cgi-bin/message/custom/send, POST /customservice/kfsession/create
func (c *Client) SendReply(ctx context.Context, openID string, r callback.Reply) error {
	if r == nil {
		return nil
	}
	if t, ok := r.(callback.Transfer); ok {
		if t.KfAccount == "" {
			return fmt.Errorf("%w: a transfer names no agent", ErrNoCustomForm)
		}
		return c.Custom.CreateSession(ctx, t.KfAccount, openID)
	}
	m, err := customForm(r)
	if err != nil {
		return err
	}
	return c.Custom.Send(ctx, openID, m)
}

// ErrNoCustomForm is returned by [Client.SendReply] for a reply that cannot be sent as a
// customer-service message.
var ErrNoCustomForm = errors.New("wechat: this reply has no form as a customer-service message")

// customForm returns the customer-service message that says what r says.
func customForm(r callback.Reply) (custom.Message, error) {
	switch r := r.(type) {
	case callback.Text:
		return custom.Text{Content: r.Content}, nil
	case callback.Image:
		return custom.Image{MediaID: r.MediaID}, nil
	case callback.Voice:
		return custom.Voice{MediaID: r.MediaID}, nil
	case callback.Music:
		return custom.Music{
			Title: r.Title, Description: r.Description, URL: r.URL, HQURL: r.HQURL, ThumbMediaID: r.ThumbMediaID,
		}, nil
	case callback.Video:
		return videoForm(r)
	case callback.News:
		if len(r.Articles) != 1 {
			return nil, fmt.Errorf("%w: %d articles, where one can be sent", ErrNoCustomForm, len(r.Articles))
		}
		a := r.Articles[0]
		return custom.News{Title: a.Title, Description: a.Description, URL: a.URL, PicURL: a.PicURL}, nil
	}
	return nil, fmt.Errorf("%w: it is a %T", ErrNoCustomForm, r)
}

func videoForm(v callback.Video) (custom.Message, error) {
	switch {
	case v.ThumbMediaID != "":
		return custom.Video{MediaID: v.MediaID, ThumbMediaID: v.ThumbMediaID, Title: v.Title, Description: v.Description}, nil
	case v.Title != "":
		return custom.Text{Content: v.Title}, nil
	}
	return nil, fmt.Errorf("%w: a video without thumb and title", ErrNoCustomForm)
}
