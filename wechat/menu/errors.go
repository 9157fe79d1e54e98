package menu

import "strings"

// ErrInvalidArgument is the error for an argument that the platform cannot take, and for a nil Caller.
// Test for it with errors.Is. Nothing has been sent. Its kind is KindRequest.
var ErrInvalidArgument error = &sentinel{"request", "invalid argument"}

// sentinel is an error to compare with.
type sentinel struct {
	kind string // the String of a wechat.Kind
	text string
}

func (s *sentinel) Error() string    { return "menu: " + s.text }
func (s *sentinel) KindName() string { return s.kind }

// refusal is an error that says what is wrong.
type refusal struct {
	of     error // what errors.Is finds; nil: nothing
	kind   string
	reason string
}

func (e *refusal) Error() string    { return "menu: " + e.reason }
func (e *refusal) Unwrap() error    { return e.of }
func (e *refusal) KindName() string { return e.kind }

func badArgument(reason string) error { return &refusal{ErrInvalidArgument, "request", reason} }

// oddAnswer is an answer after which it is not known what has become of the call.
func oddAnswer(reason string) error { return &refusal{nil, "lost", reason} }

// InvalidError is the [ErrInvalidArgument] for buttons and rules. It has all faults at once, such as
//
//	menu: button[0].name has 21 bytes, at most 16; button[1].sub_button[0].url is empty
type InvalidError struct {
	Faults []Fault // in the order of the menu; at least one
}

// Fault is one thing that the platform cannot take.
type Fault struct {
	// Place is where it is, by WeChat's names and counted from 0: button[1].sub_button[0].name.
	Place string
	// Reason is what is wrong there, and what is allowed. It goes on where Place ends.
	Reason string
}

// Error returns one line with every fault.
func (e *InvalidError) Error() string {
	var texts []string
	for _, f := range e.Faults {
		texts = append(texts, f.Place+" "+f.Reason)
	}
	return "menu: " + strings.Join(texts, "; ")
}

// Unwrap returns [ErrInvalidArgument].
func (e *InvalidError) Unwrap() error { return ErrInvalidArgument }

// KindName returns "request", the String of KindRequest.
func (e *InvalidError) KindName() string { return "request" }
