package template

import (
	"context"
	"net/http"
)

// Notification is one subscription notification (订阅通知) to a person who has agreed to it. Its
// JSON is the platform's, and reads back.
type Notification struct {
	// To is the person's openid (touser).
	To string `json:"touser"`
	// TemplateID is a [SubscribeTemplate]'s, not a [Template]'s.
	TemplateID string `json:"template_id"`
	// Page is a web page that a tap opens. Empty: none.
	Page string `json:"page,omitempty"`
	// MiniProgram (小程序) is opened instead. Nil or the zero MiniProgram: none.
	MiniProgram *MiniProgram `json:"miniprogram,omitzero"`
	// ClientMsgID, MiniProgramState and Lang are of a newer page of the documentation than the
	// rest, and are sent only where they are set. Whether a ClientMsgID makes a repeated
	// notification count once is not known: it is never repeated by itself.
	ClientMsgID      string `json:"client_msg_id,omitempty"`
	MiniProgramState string `json:"miniprogram_state,omitempty"` // developer, trial or formal
	Lang             string `json:"lang,omitempty"`              // such as zh_CN
	// Data holds a value for each keyword. Colours are not shown.
	Data Data `json:"data"`
}

// Notify sends n (发送订阅通知) and returns the platform's message id, 0 where it tells none. A
// nil error means that the platform has accepted it, not that it was delivered: the event
// subscribe_msg_sent_event tells that. Sending with a one-time template uses up one consent;
// without one the error is 43101, of the kind KindRecipient.
//
// A notification without To or TemplateID, or with a text that cannot be sent to WeChat (invalid
// UTF-8, control characters other than tab and line breaks), is refused with [ErrInvalidMessage].
// The values' rules are not looked at; [CheckValue] knows them.
//
// POST /cgi-bin/message/subscribe/bizsend
func (c *Client) Notify(ctx context.Context, n Notification) (msgID int64, err error) {
	if err := n.sendable(); err != nil {
		return 0, err
	}
	return c.notify(ctx, n)
}

// notify sends a notification that is sendable.
func (c *Client) notify(ctx context.Context, n Notification) (int64, error) {
	var answer struct {
		MsgID number `json:"msgid"`
	}
	err := c.caller.Call(ctx, http.MethodPost, "/cgi-bin/message/subscribe/bizsend", &n, &answer)
	return int64(answer.MsgID), err
}

// sendable checks what Notify cannot send, and leaves the rules of values alone.
func (n *Notification) sendable() error {
	like := Message{To: n.To, TemplateID: n.TemplateID, URL: n.Page, MiniProgram: n.MiniProgram, ClientMsgID: n.ClientMsgID, Data: n.Data}
	if err := like.sendable(); err != nil {
		return err
	}
	if reason := badField(field{"MiniProgramState", n.MiniProgramState}, field{"Lang", n.Lang}); reason != "" {
		return badMessage(reason)
	}
	return nil
}
