package wechat

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
)

// Kind says what a failed call asks its sender to do. It is what a program branches on:
// there are some two hundred codes and eleven things to do about them.
type Kind int

// The kinds of failure.
const (
	// KindUnknown is the zero Kind: no failure, or one that this version cannot classify.
	// Treat the one message as failed and read the code.
	KindUnknown Kind = iota
	// KindBusy: the platform is busy (-1, HTTP 5xx). The call may have been carried out;
	// repeat it after a pause if that does no harm.
	KindBusy
	// KindToken: the access token was refused twice in a row. The Client has already fetched
	// another one; usually a second program fetches tokens for the same account.
	KindToken
	// KindMinuteLimit: too many calls in this minute (45011). Wait for the next one.
	KindMinuteLimit
	// KindDailyQuota: no more calls today (45009). The quota returns at midnight in Beijing.
	KindDailyQuota
	// KindRecipient: this person cannot be reached (not a follower, blocked, unknown openid).
	KindRecipient
	// KindWindow: the conversation's window is closed or used up. Use another kind of message.
	KindWindow
	// KindValue: the content of this one message is refused. Others may pass.
	KindValue
	// KindRequest: every call like this one will fail; the program must change.
	KindRequest
	// KindAccount: a person must act in the console; see [*Error.Hint].
	KindAccount
	// KindNetwork: the request surely did not leave. It may always be repeated.
	KindNetwork
	// KindLost: the request may have been carried out, but no usable answer came.
	KindLost
)

// String returns a lower-case word for logs and metrics, such as "daily quota".
func (k Kind) String() string {
	names := [...]string{
		"unknown", "busy", "token", "minute limit", "daily quota", "recipient",
		"window", "value", "request", "account", "network", "lost",
	}
	if k < 0 || int(k) >= len(names) {
		return names[0]
	}
	return names[k]
}

// KindOf returns the Kind of err, however it is wrapped: that of an [*Error] or a [Code]. Of
// bare errors a failed dial or look-up is KindNetwork, and KindLost is a context that has ended
// and any other failure of the network, since nobody can tell how far the call had come. It
// returns KindUnknown for nil and for errors of other packages.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind()
	}
	var code Code
	if errors.As(err, &code) {
		return code.Kind()
	}
	var network net.Error
	switch {
	case err == nil:
		return KindUnknown
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return KindLost
	case notSent(err):
		return KindNetwork
	case errors.As(err, &network) && !local(network), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return KindLost
	}
	return KindUnknown
}

// local reports an error number of the system that nothing of the network stands around: that
// of a missing file is a [net.Error] too.
func local(err net.Error) bool {
	_, bare := err.(syscall.Errno)
	return bare
}
