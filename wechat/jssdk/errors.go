package jssdk

// ErrInvalidArgument is the error of [Client.Config] for a URL that cannot be a page's, and of NewClient
// for an empty AppID or a nil source. Test for it with errors.Is. Nothing has been sent. Its kind is
// KindRequest.
var ErrInvalidArgument error = &refusal{nil, "request", "invalid argument"}

// refusal is an error that says what is wrong.
type refusal struct {
	of     error  // what errors.Is finds; nil: nothing
	kind   string // the String of a wechat.Kind
	reason string
}

func (e *refusal) Error() string    { return "jssdk: " + e.reason }
func (e *refusal) Unwrap() error    { return e.of }
func (e *refusal) KindName() string { return e.kind }

func badArgument(reason string) error { return &refusal{ErrInvalidArgument, "request", reason} }
