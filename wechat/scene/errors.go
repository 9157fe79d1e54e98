package scene

import (
	"slices"
	"strings"
)

// ErrInvalidArgument is the error for an argument that the platform cannot take, and for a nil Caller.
// Test for it with errors.Is. Nothing has been sent. Its kind is KindRequest.
var ErrInvalidArgument error = &sentinel{"request", "invalid argument"}

// prefix begins each error text of this package.
const prefix = "scene: "

// sentinel is an error to compare with.
type sentinel struct {
	kind string // the String of a wechat.Kind
	text string
}

func (s *sentinel) Error() string    { return prefix + s.text }
func (s *sentinel) KindName() string { return s.kind }

// refusal is an [ErrInvalidArgument] that says what is wrong.
type refusal struct{ reason string }

func (e *refusal) Error() string    { return prefix + e.reason }
func (e *refusal) Unwrap() error    { return ErrInvalidArgument }
func (e *refusal) KindName() string { return "request" }

func badArgument(reason string) error { return &refusal{reason} }

// badArguments returns all reasons that are not empty as one error, or nil.
func badArguments(reasons ...string) error {
	reasons = slices.DeleteFunc(reasons, func(reason string) bool { return reason == "" })
	if len(reasons) == 0 {
		return nil
	}
	return badArgument(strings.Join(reasons, "; "))
}

// oddAnswer is an answer that does not tell what was asked.
type oddAnswer struct{ text string }

func (e *oddAnswer) Error() string    { return prefix + e.text }
func (e *oddAnswer) KindName() string { return "lost" }
