package media

import (
	"context"
	"errors"
	"net/http"
)

// Caller carries calls whose request and answer are JSON. An errcode other than 0 is an error.
// What has a method Repeatable() bool that returns true may be sent again after a lost answer.
// Safe for concurrent use.
type Caller interface {
	Call(ctx context.Context, method, path string, in, out any) error
}

// Doer carries requests whose URL is a path and a query, to which it adds host and token. It
// closes the request's body and may repeat the request through GetBody: when the token was
// refused, or after a lost answer if the header has an Idempotency-Key entry, which it does not
// send. An HTTP status other than 2xx and an errcode other than 0 are errors; otherwise the
// answer's body is unread. Safe for concurrent use.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// Client uploads, downloads and manages media (素材) of one account.
type Client struct {
	caller Caller
	doer   Doer
}

// NewClient returns a Client that speaks through c. Every
// [*github.com/org/wxhome/wechat.Client] has one already, as its field Media.
func NewClient(c interface {
	Caller
	Doer
}) *Client {
	return &Client{c, c}
}

// What this package refuses before anything is sent, and what it cannot use of an answer; to be
// told by errors.Is.
var (
	// ErrTooLarge is a file larger than the platform takes for its kind.
	ErrTooLarge = errors.New("media: too large")
	// ErrFormat is a file whose first bytes are not those of a format that its kind may have.
	// The error names what was found, such as HEIC or WebP.
	ErrFormat = errors.New("media: wrong format")
	// ErrEmpty is a file without a byte.
	ErrEmpty = errors.New("media: empty")
	// ErrInvalidArgument is an argument that cannot be right: an unknown kind, an empty id.
	ErrInvalidArgument = errors.New("media: invalid argument")
	// ErrAnswer is an answer of status 200 and without errcode that is not what was asked for,
	// such as a proxy's page in place of a photo.
	ErrAnswer = errors.New("media: unexpected answer")
)

// refusal is an error of the given kind that says what is wrong.
type refusal struct {
	kind   error
	reason string
}

func (e *refusal) Error() string { return "media: " + e.reason }
func (e *refusal) Unwrap() error { return e.kind }

func argument(reason string) error  { return &refusal{ErrInvalidArgument, reason} }
func badAnswer(reason string) error { return &refusal{ErrAnswer, reason} }
