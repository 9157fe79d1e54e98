package scene

import (
	"context"
	"reflect"
)

// Caller carries calls to the platform; [*github.com/org/wxhome/wechat.Client] is one. It must
// be safe for concurrent use.
type Caller interface {
	// Call sends in as JSON to path, without a body when in is nil, and decodes the answer into
	// out unless that is nil. An errcode other than 0 is an error. What has a method
	// Repeatable() bool that returns true may be sent again after a lost answer, and nothing
	// else but a GET may. What has a method ReadOnly() bool that returns true changes nothing, so
	// that its answer counts as that of a GET does.
	Call(ctx context.Context, method, path string, in, out any) error
}

// Client makes codes and short keys through a [Caller]. It is safe for concurrent use, since its
// Caller is, and holds nothing else.
type Client struct{ caller Caller }

// NewClient returns a Client that calls through c. A c that is nil is an [ErrInvalidArgument]. Every
// wechat.Client has a Client already, as its field Scenes.
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

// repeatable is part of what may be sent again: a second code or key does no harm.
type repeatable struct{}

// Repeatable reports that the call may be sent again.
func (repeatable) Repeatable() bool { return true }

// reading is part of what is sent to read: it changes nothing.
type reading struct{ repeatable }

// ReadOnly reports that the call changes nothing.
func (reading) ReadOnly() bool { return true }
