package custom

import (
	"errors"
	"strings"
)

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

	// ErrNotSent is in the error of a [Result] whose message was surely not sent: it never left, or
	// the platform put it off (45011) until there was no more time. What else is in that error says
	// why, and tells the kind; where it tells none the kind is KindNetwork.
	ErrNotSent error = &sentinel{"network", "message not sent"}
)

// prefix begins each error text of this package.
const prefix = "custom: "

func unprefixed(err error) string { return strings.TrimPrefix(err.Error(), prefix) }

// sentinel is an error to compare with.
type sentinel struct {
	kind string // the String of a wechat.Kind
	text string
}

func (s *sentinel) Error() string    { return prefix + s.text }
func (s *sentinel) KindName() string { return s.kind }

// refusal is an error that says what is wrong.
type refusal struct {
	of     error // what errors.Is finds
	kind   string
	reason string
}

func (e *refusal) Error() string    { return prefix + e.reason }
func (e *refusal) Unwrap() error    { return e.of }
func (e *refusal) KindName() string { return e.kind }

func badMessage(reason string) error  { return &refusal{ErrInvalidMessage, "value", reason} }
func badArgument(reason string) error { return &refusal{ErrInvalidArgument, "request", reason} }

// oddAnswer is an answer after which it is not known what has become of the call. cause may be nil.
func oddAnswer(reason string, cause error) error { return &refusal{cause, "lost", reason} }

// notSentError is [ErrNotSent] with its reason, which tells the kind.
type notSentError struct{ why error }

func notSent(why error) error { return &notSentError{why} }

func (e *notSentError) Error() string   { return ErrNotSent.Error() + ": " + unprefixed(e.why) }
func (e *notSentError) Unwrap() []error { return []error{e.why, ErrNotSent} }

// KindName returns the kind of the reason, and "network" where that tells none.
func (e *notSentError) KindName() string {
	if kind := kindName(e.why); kind != "" {
		return kind
	}
	return kindName(ErrNotSent)
}

// kindName asks err for the name of its kind; empty: it tells none.
func kindName(err error) string {
	named, ok := errors.AsType[interface {
		error
		KindName() string
	}](err)
	if !ok {
		return ""
	}
	return named.KindName()
}
