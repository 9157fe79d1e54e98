package template

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
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

// NewClient returns a Client that calls through c, which must not be nil. Every wechat.Client has
// one already, as its field Template.
func NewClient(c Caller) *Client { return &Client{c} }

// ErrInvalidMessage is what [Client.Send] and [Message.Validate] return for a message that the
// platform cannot take, told by errors.Is. Nothing has been sent.
var ErrInvalidMessage = errors.New("template: invalid message")

// ErrInvalidArgument is what the calls that manage templates return for an argument that the
// platform cannot take, told by errors.Is. Nothing has been asked.
var ErrInvalidArgument = errors.New("template: invalid argument")

// refusal is an error of the given kind that says what is wrong.
type refusal struct {
	kind   error
	reason string
}

func (e *refusal) Error() string { return "template: " + e.reason }
func (e *refusal) Unwrap() error { return e.kind }

const sendPath = "/cgi-bin/message/template/send"

// Send sends m and returns the platform's message id, which its receipt
// (TEMPLATESENDJOBFINISH) repeats. A nil error means that the platform has accepted the
// message, not that it was delivered. With an empty ClientMsgID a random one is sent, so that
// the call can be repeated safely when an answer is lost; m itself is not changed. To repeat it
// later by hand within the platform's ten minutes, set an id of your own.
//
// A message without To or TemplateID is refused with [ErrInvalidMessage]; the values are not
// looked at, see [Message.Validate].
//
// POST /cgi-bin/message/template/send
func (c *Client) Send(ctx context.Context, m Message) (msgID int64, err error) {
	fillID(&m)
	return c.send(ctx, m)
}

func fillID(m *Message) {
	if m.ClientMsgID == "" {
		m.ClientMsgID = rand.Text()
	}
}

func (c *Client) send(ctx context.Context, m Message) (int64, error) {
	if err := m.address(); err != nil {
		return 0, err
	}
	var x struct { // one allocation instead of two
		in  Message
		out struct {
			MsgID id `json:"msgid"`
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
		return &refusal{ErrInvalidMessage, "the message has no recipient (To is empty)"}
	case m.TemplateID == "":
		return &refusal{ErrInvalidMessage, "the message names no template (TemplateID is empty)"}
	}
	return nil
}

// id is a 64-bit id that may come as a number or quoted.
type id int64

func (i *id) UnmarshalJSON(b []byte) error {
	if len(b) > 1 && b[0] == '"' {
		b = b[1 : len(b)-1]
	}
	if len(b) == 0 || string(b) == "null" {
		*i = 0
		return nil
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return &json.UnmarshalTypeError{Value: "number"}
	}
	*i = id(n)
	return nil
}
