package wechat

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Code is the platform's errcode. It is an error, so that errors.Is(err, wechat.ErrNotFollowing)
// asks for one code, however the error is wrapped.
type Code int

// Error returns the number and the platform's words for it.
func (c Code) Error() string {
	if known, ok := codes[c]; ok {
		return "wechat: errcode " + strconv.Itoa(int(c)) + ": " + known.text
	}
	return "wechat: errcode " + strconv.Itoa(int(c))
}

// Kind returns what the code asks of the caller; KindUnknown for a code that is not known here.
func (c Code) Kind() Kind { return codes[c].kind }

// Error is a failed call. It never holds the app secret, a token or a query.
//
// Unwrap gives the Code, or, where no code came, the cause: errors.Is(err, context.Canceled)
// and errors.As(err, &netErr) work too.
type Error struct {
	// Code is the errcode, 0 when the platform gave none: a network failure, an HTTP error.
	Code Code
	// Message is the platform's errmsg without its rid, or a short, redacted excerpt of an
	// answer that was not JSON.
	Message string
	// RID names the call at the platform for seven days; see [Client.RequestInfo].
	RID string
	// AppID is the account that the call was made for.
	AppID string
	// Method and Path are the call's, without host and query.
	Method, Path string
	// Status is the HTTP status, 0 when no answer came.
	Status int

	kind  Kind  // set where no Code tells it
	cause error // set where no Code does
}

// Error returns one line: the call, what was answered, the rid, and for a failure that a
// person must mend the hint.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("wechat: ")
	if e.Method != "" {
		b.WriteString(e.Method + " " + e.Path + ": ")
	}
	switch {
	case e.Code != 0:
		b.WriteString(strconv.Itoa(int(e.Code)) + " " + e.text())
	case e.Status != 0 && (e.Status < 200 || e.Status > 299):
		fmt.Fprintf(&b, "HTTP status %d", e.Status)
		if e.cause != nil {
			b.WriteString(": " + e.cause.Error())
		}
	case e.cause != nil:
		b.WriteString(e.cause.Error())
	}
	if e.Code == 0 && e.Message != "" {
		fmt.Fprintf(&b, " (%q)", e.Message)
	}
	if e.RID != "" {
		b.WriteString(" (rid " + e.RID + ")")
	}
	if hint := e.Hint(); hint != "" && e.Kind() == KindAccount {
		b.WriteString("; " + hint)
	}
	return b.String()
}

func (e *Error) text() string {
	if e.Message != "" {
		return e.Message
	}
	return codes[e.Code].text
}

// Unwrap returns the Code, or the cause where there is none.
func (e *Error) Unwrap() error {
	if e.Code != 0 {
		return e.Code
	}
	return e.cause
}

// ErrCode returns the errcode, 0 when there is none. It lets a package that does not import
// this one ask for it.
func (e *Error) ErrCode() int { return int(e.Code) }

// Kind returns what the failure asks of the caller.
func (e *Error) Kind() Kind {
	if e.Code == 0 {
		return e.kind
	}
	if e.Code == ErrInvalidCredential && isTokenPath(e.Path) {
		return KindAccount // the token calls say 40001 for a wrong AppSecret
	}
	return e.Code.Kind()
}

var (
	ridPattern  = regexp.MustCompile(`[\s,]*rid:\s*([0-9a-f]+(?:-[0-9a-f]+)*)`)
	hintPattern = regexp.MustCompile(`\s*hint:\s*\[[^\]]*\]`)
)

// splitMessage takes the rid and the old hint out of an errmsg.
func splitMessage(errmsg string) (message, rid string) {
	if m := ridPattern.FindStringSubmatch(errmsg); m != nil {
		rid = m[1]
	}
	message = ridPattern.ReplaceAllString(errmsg, "")
	return strings.TrimSpace(hintPattern.ReplaceAllString(message, "")), rid
}
