package template

import (
	"context"
	"crypto/rand"
	"net/http"
	"reflect"
)

// Caller carries calls to the platform; [*github.com/org/wxhome/wechat.Client] is one. Call
// sends in as JSON to path, without a body when in is nil, and decodes the answer into out
// unless that is nil. An errcode other than 0 is an error. What has a method Repeatable() bool
// that returns true may be sent again after a lost answer. Safe for concurrent use.
type Caller interface {
	Call(ctx context.Context, method, path string, in, out any) error
}

// Client sends and manages templates through a [Caller]. It is safe for concurrent use, since its
// Caller is, and holds nothing else.
type Client struct{ caller Caller }

// NewClient returns a Client that calls through c. A c that is nil is an [ErrInvalidArgument]. Every
// wechat.Client has a Client already, as its field Template.
func NewClient(c Caller) (*Client, error) {
	if isNil(c) {
		return nil, badArgument("the Caller is nil")
	}
	return &Client{c}, nil
}

// isNil also finds a nil pointer, func or map in an interface, which would panic at its first
// use.
func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Chan:
		return r.IsNil()
	}
	return false
}

const sendPath = "/cgi-bin/message/template/send"

// Send sends m and returns the platform's message id, which its receipt
// (TEMPLATESENDJOBFINISH) repeats. A nil error means that the platform has accepted the
// message, not that it was delivered. With an empty ClientMsgID a random one is sent, so that
// the call can be repeated safely when an answer is lost; m itself is not changed. To repeat it
// later by hand within the platform's ten minutes, set an id of your own.
//
// A message without To or TemplateID, and a text that cannot be sent to WeChat (invalid UTF-8,
// control characters other than tab and line breaks), is refused with [ErrInvalidMessage]. The rules
// of values are not looked at, see [Message.Validate].
//
// POST /cgi-bin/message/template/send
func (c *Client) Send(ctx context.Context, m Message) (msgID int64, err error) {
	if err := m.sendable(); err != nil {
		return 0, err
	}
	fillID(&m)
	return c.send(ctx, m)
}

func fillID(m *Message) {
	if m.ClientMsgID == "" {
		m.ClientMsgID = rand.Text()
	}
}

// send sends a message that is sendable.
func (c *Client) send(ctx context.Context, m Message) (int64, error) {
	var x struct { // one allocation instead of two
		in  Message
		out struct {
			MsgID number `json:"msgid"`
		}
	}
	x.in = m
	if err := c.caller.Call(ctx, http.MethodPost, sendPath, &x.in, &x.out); err != nil {
		return 0, err
	}
	return int64(x.out.MsgID), nil
}

// address checks what no message can be sent without.
func (m *Message) address() error {
	switch {
	case m.To == "":
		return badMessage("the message has no recipient (To is empty)")
	case m.TemplateID == "":
		return badMessage("the message names no template (TemplateID is empty)")
	}
	return nil
}

// writable checks all texts of m but Data.
func (m *Message) writable() error {
	reason := badField(field{"To", m.To}, field{"TemplateID", m.TemplateID}, field{"URL", m.URL}, field{"ClientMsgID", m.ClientMsgID})
	if reason == "" {
		reason = m.MiniProgram.bad()
	}
	if reason != "" {
		return badMessage(reason)
	}
	return nil
}

// sendable checks what Send cannot send, and leaves the rules of values alone.
func (m *Message) sendable() error {
	if err := m.address(); err != nil {
		return err
	}
	if err := m.writable(); err != nil {
		return err
	}
	return m.Data.check()
}
