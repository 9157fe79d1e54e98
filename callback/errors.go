package callback

import "errors"

// Errors of this package, for errors.Is. Their texts quote nothing of what came in.
var (
	// ErrSignature: a signature does not match, so the request is not from the platform, or
	// Token is not the console's.
	ErrSignature = errors.New("callback: the signature does not match; is Token the one of the console?")
	// ErrDecrypt: the signature matches and the ciphertext cannot be opened with any key.
	ErrDecrypt = errors.New("callback: cannot decrypt; is the EncodingAESKey the one of the console?")
	// ErrAppID: what was decrypted is for another account.
	ErrAppID = errors.New("callback: encrypted for another AppID; accounts of a third-party platform use the component's")
	// ErrMalformed: what came is neither the XML nor the JSON that the platform sends.
	ErrMalformed = errors.New("callback: malformed message")
	// ErrReply: a reply that the platform would refuse.
	ErrReply = errors.New("callback: invalid reply")
)
