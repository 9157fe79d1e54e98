package token

import (
	"errors"
	"fmt"
	"strings"
)

// scrub hides an error that quotes value, the token that a Store was given or that came with
// the error. Databases do quote what they could not save.
func scrub(err error, value string) error {
	if err == nil || value == "" || !quotes(err, value) {
		return err
	}
	name, ok := kindName(err)
	if !ok && unanswered(err) {
		name = kindLost
	}
	return &scrubbedError{
		kind: name,
		text: strings.ReplaceAll(err.Error(), value, "[redacted]"),
		is:   func(target error) bool { return errors.Is(err, target) },
	}
}

// quotes reports whether err, or any error that it wraps, shows value however it is printed.
func quotes(err error, value string) bool {
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), value) {
		return true
	}
	var inner []error
	switch wrapped := err.(type) {
	case interface{ Unwrap() error }:
		inner = []error{wrapped.Unwrap()}
	case interface{ Unwrap() []error }:
		inner = wrapped.Unwrap()
	}
	for _, e := range inner {
		if e != nil && quotes(e, value) {
			return true
		}
	}
	return false
}

// scrubbedError answers errors.Is as the error did that it stands for, and shows none of it.
type scrubbedError struct {
	kind string // empty: not known
	text string
	is   func(error) bool // a func, so that no way of printing shows what it holds
}

func (e *scrubbedError) Error() string        { return e.text }
func (e *scrubbedError) KindName() string     { return e.kind }
func (e *scrubbedError) Is(target error) bool { return e.is(target) }
