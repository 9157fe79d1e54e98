package token

// fault is an error of this package's own.
type fault struct {
	kind  string // what KindName returns
	text  string // without the package's name
	cause error  // nil: none
}

func (f *fault) Error() string { return "token: " + f.text }

// KindName returns the String of the [github.com/org/wxhome/wechat.Kind] that f has: "token",
// "network", "minute limit" or "request".
func (f *fault) KindName() string { return f.kind }

func (f *fault) Unwrap() error { return f.cause }

// The names of kinds. A Source's error uses them too; see [Source].
const (
	kindToken   = "token"        // there is no token that works
	kindNetwork = "network"      // nothing was sent
	kindLost    = "lost"         // no answer came
	kindMinute  = "minute limit" // too soon after the last
	kindRequest = "request"      // the program must change
)

var (
	// ErrUnchanged is returned by [Cache.Invalidate] when the Source gave the refused token
	// back, and by [Cache.Renew] when the Source gave the old one. Its kind is KindToken.
	ErrUnchanged error = &fault{kind: kindToken, text: "the source gave the same token back"}

	// ErrRefused is returned by [Cache.Get] and [Cache.Invalidate] while the Cache waits before
	// it fetches again, because WeChat refused one token after the other as soon as it was
	// fetched. Its kind is KindToken.
	ErrRefused error = &fault{kind: kindToken, text: "WeChat refuses each token soon after it was fetched, and the next is fetched in at most 33 s: " +
		"check that no other program fetches tokens for this account"}

	// ErrRenewTooSoon is returned by [Cache.Renew] within 30 seconds of the last renewal, by
	// this process or by another that shares the [Store]. Nothing was sent. Its kind is
	// KindMinuteLimit.
	ErrRenewTooSoon error = &fault{kind: kindMinute, text: "the token was renewed less than 30 s ago"}
)

// badOption is the error of an option or an argument that makes no sense.
func badOption(text string) error { return &fault{kind: kindRequest, text: text} }

var errNilContext = badOption("the context is nil")

// noToken is the error of a Source that answered and gave no token.
func noToken(text string) error { return &fault{kind: kindToken, text: text} }
