package wechat

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"syscall"
)

// Kind says what a failed call asks its sender to do. It is what a program branches on:
// there are some three hundred codes and eleven things to do about them.
type Kind int

// The kinds of failure.
const (
	// KindUnknown is the zero Kind: no failure, or one that this version cannot classify.
	// Treat the one message as failed and read the code.
	KindUnknown Kind = iota
	// KindBusy: the platform is busy (-1, HTTP 5xx). The call may have been carried out;
	// repeat it after a pause if that does no harm.
	KindBusy
	// KindToken: the access token was refused twice in a row, or the token endpoint answered
	// without a token. The Client has already fetched another one; usually a second program
	// fetches tokens for the same account. Of a visitor's token it says that this has ended; see
	// [Client.WebAuthRefresh].
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
	// KindLost: the request may have been carried out, but no usable answer came: none at all, or
	// one that does not say whether it succeeded. So is a call of which an earlier attempt may
	// have been carried out.
	KindLost
)

// String returns a lower-case word for logs and metrics, such as "daily quota".
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		k = KindUnknown
	}
	return kindNames[k]
}

var kindNames = [...]string{
	"unknown", "busy", "token", "minute limit", "daily quota", "recipient",
	"window", "value", "request", "account", "network", "lost",
}

// KindOf returns the Kind of err, however it is wrapped: that of an [*Error], a [Code], or an error
// with a method KindName() string that returns the String of a Kind, as the errors of packages
// template, custom, media, follower, scene, menu, jssdk and token have. Of several the outermost counts.
//
// Of other errors a failed dial or look-up is KindNetwork, and KindLost is a context that has ended
// and any other failure of the network, since it does not tell how far the call had come. It
// returns KindUnknown for nil and for errors of other packages.
func KindOf(err error) Kind {
	if err == nil {
		return KindUnknown
	}
	if kind, ok := namedKind(err); ok {
		return kind
	}
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return KindLost
	case notSent(err):
		return KindNetwork
	case errors.Is(err, ErrNoCustomForm):
		return KindValue
	case errors.As(err, &network) && !local(network), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return KindLost
	}
	return KindUnknown
}

// namedKind asks err itself, by a method of std types: packages of the project that do not import
// this one have it too.
func namedKind(err error) (kind Kind, ok bool) {
	named, ok := errors.AsType[interface {
		error
		KindName() string
	}](err)
	switch {
	case !ok:
		return KindUnknown, false
	case isNil(named): // a nil pointer of an error's type
		return KindUnknown, true
	}
	i := slices.Index(kindNames[:], named.KindName())
	return Kind(max(i, 0)), i >= 0
}

// local reports an error number of the system that nothing of the network stands around: that
// of a missing file is a [net.Error] too.
func local(err net.Error) bool {
	_, bare := err.(syscall.Errno)
	return bare
}
