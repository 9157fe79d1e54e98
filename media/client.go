package media

import (
	"context"
	"net/http"
	"reflect"
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

// NewClient returns a Client that speaks through c. A c that is nil is an [ErrInvalidArgument]. Every
// [*github.com/org/wxhome/wechat.Client] has a Client already, as its field Media.
func NewClient(c interface {
	Caller
	Doer
}) (*Client, error) {
	if isNil(c) {
		return nil, argument("the Caller is nil")
	}
	return &Client{c, c}, nil
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
