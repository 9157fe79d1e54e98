package follower

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrInvalidArgument is the error for an argument that the platform cannot take, for an invalid option,
// and for a nil Caller. Test for it with errors.Is. Nothing has been sent. Its kind is KindRequest.
var ErrInvalidArgument error = &sentinel{"request", "invalid argument"}

// prefix begins each error text of this package.
const prefix = "follower: "

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
func (e *refusal) KindName() string { return kindName(ErrInvalidArgument) }

func badArgument(reason string) error { return &refusal{reason} }

// badArguments returns all reasons that are not empty as one error, or nil.
func badArguments(reasons ...string) error {
	if all := joined(reasons...); all != "" {
		return badArgument(all)
	}
	return nil
}

// joined returns all reasons that are not empty as one.
func joined(reasons ...string) string {
	return strings.Join(slices.DeleteFunc(reasons, func(reason string) bool { return reason == "" }), "; ")
}

// answerError is what is wrong with an answer, or with what it says of one openid.
type answerError struct{ kind, text string }

func (e *answerError) Error() string    { return prefix + e.text }
func (e *answerError) KindName() string { return e.kind }

// oddAnswer is an answer that does not tell what was asked.
func oddAnswer(text string) error { return &answerError{"lost", text} }

// BatchError is the error of a call that changes several followers, such as [Client.Tag], and failed
// for some of them. The call succeeded for all others. BatchError wraps the errors of Failed, so
// errors.Is finds the code of any of them.
type BatchError struct {
	// Failed has the openids that failed, in the order of the call. To try again, pass only these.
	Failed []Failure
	// Ended is the error after which nothing more was sent, such as a used-up quota. The remaining
	// openids are in Failed with this error. If its kind is KindLost, the change may have been made for
	// some of them. Nil means that every openid was sent.
	Ended error

	openids int     // of the call
	causes  []error // the different ones of Failed
}

// Failure is an openid for which a call failed.
type Failure struct {
	OpenID string // as it was given
	// Err says why. The error text holds no openid.
	Err error
}

// Error returns how many failed, and why the first of them did. It holds no openid.
func (e *BatchError) Error() string {
	text := fmt.Sprintf("%s%d of %d openids failed", prefix, len(e.Failed), max(e.openids, len(e.Failed)))
	if cause := e.cause(); cause != nil {
		text += ": " + strings.TrimPrefix(cause.Error(), prefix)
	}
	return text
}

// Unwrap returns the errors of Failed, each one once.
func (e *BatchError) Unwrap() []error { return e.causes }

// KindName returns the kind of Ended, or, where every openid was sent, of the first that failed.
func (e *BatchError) KindName() string { return kindName(e.cause()) }

// cause is the error that says most.
func (e *BatchError) cause() error {
	if e.Ended != nil || len(e.Failed) == 0 {
		return e.Ended
	}
	return e.Failed[0].Err
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

// aboutOne reports whether err may be the fault of a single openid of those that were sent: the others
// pass without it.
func aboutOne(err error) bool {
	coded, ok := errors.AsType[interface {
		error
		ErrCode() int
	}](err)
	if !ok {
		return false
	}
	switch coded.ErrCode() {
	case 40003, // of another account, or none
		40031, // a list with such a one
		43004, // does not follow
		45059, // has as many tags as a follower may
		45171, // some failed, and the answer did not say which
		46004, // unknown
		49003, // of another account
		50005: // has left
		return true
	}
	return false
}
