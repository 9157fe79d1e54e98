package callback

import (
	"errors"
	"net/http"
)

// Errors of signatures, encryption, messages and replies, for errors.Is. Their texts quote no part
// of a request.
var (
	// ErrSignature: a signature does not match. The request is not from the platform, Token differs
	// from the console's, or a proxy or middleware has changed the body.
	ErrSignature = errors.New("callback: signature mismatch: check that Token equals the one in the console")
	// ErrDecrypt: the signature matches, but no key decrypts the ciphertext.
	ErrDecrypt = errors.New("callback: cannot decrypt: check that AESKey equals the EncodingAESKey in the console")
	// ErrAppID: the ciphertext is for an account with another AppID.
	ErrAppID = errors.New("callback: encrypted for another AppID; accounts of a third-party platform use the component's")
	// ErrMalformed: the body is neither the XML nor the JSON that the platform sends.
	ErrMalformed = errors.New("callback: malformed message")
	// ErrReply: the reply is invalid, so the platform would refuse it.
	ErrReply = errors.New("callback: invalid reply")
)

// Errors of a [Server], in addition to those of [Parse] and [Crypter.Open].
var (
	// ErrMode: a plaintext push arrived for an account with an AESKey.
	ErrMode = errors.New("callback: a plaintext push for an account with an AESKey: set the console to compatible or safe mode, or clear AESKey")
	// ErrStale: the timestamp differs from the server's clock by more than Config.Freshness.
	ErrStale = errors.New("callback: the timestamp is not fresh")
	// ErrReplayed: a signature arrived again with another message. Only in plain mode, where the
	// signature does not cover the body.
	ErrReplayed = errors.New("callback: the signature was used for another message")
	// ErrUntrusted: Config.Trust returned false.
	ErrUntrusted = errors.New("callback: the request is not trusted by Config.Trust")
	// ErrUnknownAccount is returned by [Config].Select for a request that belongs to no account.
	ErrUnknownAccount = errors.New("callback: unknown account")
	// ErrTooLarge: the body is longer than Config.BodyLimit.
	ErrTooLarge = errors.New("callback: the body is larger than Config.BodyLimit")
	// ErrBodyMemory: the large bodies that are being read need more than Config.BodyMemory in total.
	ErrBodyMemory = errors.New("callback: too many large bodies at one time; see Config.BodyMemory")
	// ErrFull: Config.MaxInFlight messages are in flight, 16 messages of the follower wait
	// (Config.InOrder), or 16 deliveries of the message wait.
	ErrFull = errors.New("callback: too many messages in flight")
	// ErrShutdown: Shutdown was called. It is also the cause of contexts that Shutdown cancels.
	ErrShutdown = errors.New("callback: the server is shutting down")
	// ErrLate: the reply came too late for the response, and Config.Late is not set.
	ErrLate = errors.New("callback: the reply came too late for the response, and Config.Late is not set")

	errMethod  = errors.New("callback: the method is not POST, GET or HEAD")
	errQuery   = errors.New("callback: the query is malformed") // the text must not quote the query
	errSelect  = errors.New("callback: Select failed")
	errSlow    = errors.New("callback: the body did not arrive in time")
	errBody    = errors.New("callback: the body ended early")
	errEmpty   = malformed("the body is empty; a middleware may have read it")
	errChanged = errors.New("callback: msg_signature does not match the body, and signature matches; something on the way has changed the body")
	errDeaf    = errors.New("callback: claim: as many calls as Config.MaxInFlight have not returned, so Claim is not called; the handler runs")
	errExited  = errors.New("callback: the function ended its goroutine")
)

// statusOf returns the status of the answer to a request that is refused with err.
func statusOf(err error) int {
	for _, c := range []struct {
		status int
		causes []error
	}{
		{http.StatusForbidden, []error{ErrSignature, errChanged, ErrAppID, ErrMode, ErrStale, ErrReplayed, ErrUnknownAccount, ErrUntrusted}},
		{http.StatusMethodNotAllowed, []error{errMethod}},
		{http.StatusRequestTimeout, []error{errSlow}},
		{http.StatusRequestEntityTooLarge, []error{ErrTooLarge}},
		{http.StatusServiceUnavailable, []error{ErrFull, ErrBodyMemory, ErrShutdown, errSelect}},
	} {
		for _, cause := range c.causes {
			if errors.Is(err, cause) {
				return c.status
			}
		}
	}
	return http.StatusBadRequest // ErrMalformed, ErrDecrypt, the query, a body that ended early
}

// UndeliveredError reports a reply that did not reach the follower. [Config].OnError receives one,
// in the chain of its error, for each reply that the server could not deliver. The program can send
// Reply again with the method SendReply of a [*github.com/org/wxhome/wechat.Client], which returns
// an UndeliveredError too. To store Reply, use a type switch: each type of reply is a struct with
// exported fields only.
//
// A handler that returns an error, or panics, has no reply; OnError then receives no
// UndeliveredError.
type UndeliveredError struct {
	// Reply is the reply that was not delivered. If a part was delivered, Reply is the rest. An
	// invalid reply ([ErrReply]) is as the handler returned it, and may be refused again.
	Reply Reply
	// Err is the reason.
	Err error
}

// Error returns the reason. It quotes no part of the reply. It implements error.
func (e *UndeliveredError) Error() string {
	if e.Err == nil {
		return "callback: the reply was not delivered"
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *UndeliveredError) Unwrap() error { return e.Err }
