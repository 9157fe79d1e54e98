package custom

import (
	"context"
	"errors"
	"net/http"
)

// Caller carries calls to the platform; [*github.com/org/wxhome/wechat.Client] is one. It must
// be safe for concurrent use.
type Caller interface {
	// Call sends in as JSON to path, without a body when in is nil, and decodes the answer into
	// out unless that is nil. An errcode other than 0 is an error. What has a method
	// Repeatable() bool that returns true may be sent again after a lost answer, and nothing
	// else but a GET may.
	Call(ctx context.Context, method, path string, in, out any) error
	// Do sends a request whose URL is a path, and returns an answer whose errcode is 0 and whose
	// Body the caller closes. Only [Client.SetHeadImage] needs it.
	Do(req *http.Request) (*http.Response, error)
}

// Client sends customer-service messages and manages agents through a [Caller].
type Client struct{ caller Caller }

// NewClient returns a Client that calls through c. Every wechat.Client has one already, as its
// field Custom.
func NewClient(c Caller) *Client { return &Client{c} }

// ErrInvalidMessage is what [Client.Send] returns for a message that the platform cannot take,
// told by errors.Is. Nothing has been sent.
var ErrInvalidMessage = errors.New("custom: invalid message")

// ErrTooLong is the [ErrInvalidMessage] of a [Text] over [MaxText] bytes; see [SplitText].
var ErrTooLong error = &refusal{ErrInvalidMessage, "the text is too long"}

// ErrInvalidArgument is what the calls that manage agents, sessions and records return for an
// argument that the platform cannot take, told by errors.Is. Nothing has been asked.
var ErrInvalidArgument = errors.New("custom: invalid argument")

// refusal is an error of the given kind that says what is wrong.
type refusal struct {
	kind   error
	reason string
}

func (e *refusal) Error() string { return "custom: " + e.reason }
func (e *refusal) Unwrap() error { return e.kind }

func badMessage(reason string) error  { return &refusal{ErrInvalidMessage, reason} }
func badArgument(reason string) error { return &refusal{ErrInvalidArgument, reason} }
