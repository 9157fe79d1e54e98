package media

import (
	"context"
	"errors"
	"fmt"
)

// What this package refuses before anything is sent, and what it cannot use of an answer; to be
// told by errors.Is.
var (
	// ErrTooLarge is a file larger than the platform takes for its kind. Its kind is KindValue.
	ErrTooLarge error = &sentinel{"value", "too large"}
	// ErrFormat is a file whose first bytes are not those of a format that its kind may have.
	// The error names what was found, such as HEIC or WebP. Its kind is KindValue.
	ErrFormat error = &sentinel{"value", "wrong format"}
	// ErrEmpty is a file without a byte. Its kind is KindValue.
	ErrEmpty error = &sentinel{"value", "empty"}
	// ErrInvalidArgument is an argument that cannot be right: an unknown kind, an empty id, an
	// option that makes no sense. Its kind is KindRequest.
	ErrInvalidArgument error = &sentinel{"request", "invalid argument"}
	// ErrAnswer is an answer of status 200 and without errcode that is not what was asked for,
	// such as a proxy's page in place of a photo. Its kind is KindLost.
	ErrAnswer error = &sentinel{"lost", "unexpected answer"}
)

// sentinel is an error to compare with.
type sentinel struct {
	kind string // the String of a wechat.Kind
	text string
}

func (s *sentinel) Error() string    { return "media: " + s.text }
func (s *sentinel) KindName() string { return s.kind }

// refusal is an error of the given kind that says what is wrong.
type refusal struct {
	of     error // one of the above
	reason string
}

func (e *refusal) Error() string { return "media: " + e.reason }
func (e *refusal) Unwrap() error { return e.of }

// KindName returns that of what e is.
func (e *refusal) KindName() string { return e.of.(*sentinel).kind }

func argument(reason string) error  { return &refusal{ErrInvalidArgument, reason} }
func badAnswer(reason string) error { return &refusal{ErrAnswer, reason} }

// lostError is an upload that ended without a result.
type lostError struct{ text string }

func (e *lostError) Error() string    { return "media: " + e.text }
func (e *lostError) KindName() string { return "lost" }

// ended returns why ctx has ended: its error, and the cause where that is another one. The failure
// of another call, which ends a context of errgroup, is no more than text: its code and kind say
// nothing of this call.
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	_, named := errors.AsType[interface {
		error
		KindName() string
	}](cause)
	switch {
	case named:
		return fmt.Errorf("%w: %v", err, cause)
	case errors.Is(cause, err):
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}
