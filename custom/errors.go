package custom

var (
	// ErrInvalidMessage is what [Client.Send] returns for a message that the platform cannot take,
	// told by errors.Is. Nothing has been sent. Its kind is KindValue.
	ErrInvalidMessage error = &sentinel{"value", "invalid message"}

	// ErrTooLong is the [ErrInvalidMessage] of a [Text] over [MaxText] bytes; see [SplitText].
	ErrTooLong error = &refusal{ErrInvalidMessage, "value", "the text is too long"}

	// ErrInvalidArgument is what the calls that manage agents, sessions and records return for an
	// argument that the platform cannot take, and what an option that makes no sense and a Caller
	// that is nil are, told by errors.Is. Nothing has been asked. Its kind is KindRequest.
	ErrInvalidArgument error = &sentinel{"request", "invalid argument"}
)

// sentinel is an error to compare with.
type sentinel struct {
	kind string // the String of a wechat.Kind
	text string
}

func (s *sentinel) Error() string    { return "custom: " + s.text }
func (s *sentinel) KindName() string { return s.kind }

// refusal is an error that says what is wrong.
type refusal struct {
	of     error // what errors.Is finds
	kind   string
	reason string
}

func (e *refusal) Error() string    { return "custom: " + e.reason }
func (e *refusal) Unwrap() error    { return e.of }
func (e *refusal) KindName() string { return e.kind }

func badMessage(reason string) error  { return &refusal{ErrInvalidMessage, "value", reason} }
func badArgument(reason string) error { return &refusal{ErrInvalidArgument, "request", reason} }

// oddAnswer is an answer after which it is not known what has become of the call. cause may be nil.
func oddAnswer(reason string, cause error) error { return &refusal{cause, "lost", reason} }
