package template

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// Caller carries calls to the platform; *wechat.Client is one. Call sends in as JSON to path,
// and decodes the answer into out; an errcode other than 0 is an error.
type Caller interface {
	Call(ctx context.Context, method, path string, in, out any) error
}

// Client sends and manages templates through a [Caller].
type Client struct{ caller Caller }

// NewClient returns a Client that calls through c.
func NewClient(c Caller) *Client { return &Client{c} }

// ErrInvalidMessage is returned for a message that cannot be sent at all.
var ErrInvalidMessage = errors.New("template: invalid message")

type invalidError struct{ reason string }

func (e *invalidError) Error() string        { return "template: " + e.reason }
func (e *invalidError) Is(target error) bool { return target == ErrInvalidMessage }

const sendPath = "/cgi-bin/message/template/send"

// Send sends m and returns the platform's message id, which its receipt
// (TEMPLATESENDJOBFINISH) repeats. A nil error means that the platform has accepted the
// message, not that it was delivered. With an empty ClientMsgID a random one is sent, so that
// the call can be repeated safely when an answer is lost; m itself is not changed.
//
// POST /cgi-bin/message/template/send
func (c *Client) Send(ctx context.Context, m Message) (msgID int64, err error) {
	fillID(&m)
	return c.send(ctx, &m)
}

func fillID(m *Message) {
	if m.ClientMsgID == "" {
		m.ClientMsgID = rand.Text()
	}
}

func (c *Client) send(ctx context.Context, m *Message) (int64, error) {
	switch {
	case m.To == "":
		return 0, &invalidError{"the message has no recipient (To is empty)"}
	case m.TemplateID == "":
		return 0, &invalidError{"the message names no template (TemplateID is empty)"}
	}
	var answer struct {
		MsgID id `json:"msgid"`
	}
	err := c.caller.Call(ctx, http.MethodPost, sendPath, m.wire(), &answer)
	return int64(answer.MsgID), err
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
