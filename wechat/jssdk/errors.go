package jssdk

// ErrInvalidArgument is what [Client.Config] returns for a URL that is no page's, and NewClient for
// an AppID that is empty or a source that is nil, told by errors.Is. Nothing has been asked. Its kind is
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
