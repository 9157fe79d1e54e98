package callback

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"slices"
)

// signatureSize is that of a SHA-1 sum in hex.
const signatureSize = 2 * sha1.Size

// Signature returns what the platform signs with: the SHA-1 sum, in lower-case hex, of token,
// timestamp, nonce and more, sorted as bytes and joined. More is empty for the parameter
// signature, and the Encrypt text for msg_signature.
func Signature(token, timestamp, nonce string, more ...string) string {
	sum := digest(token, timestamp, nonce, more, nil)
	return string(sum[:])
}

// Verify reports whether signature is [Signature] of the rest, in a time that does not tell how
// much of it is right. It is false for an empty token, with which anybody could sign.
//
// The parameter signature of a request covers neither the body nor the other parameters.
func Verify(signature, token, timestamp, nonce string, more ...string) bool {
	sum := digest(token, timestamp, nonce, more, nil)
	return subtle.ConstantTimeCompare(sum[:], []byte(signature)) == 1 && token != ""
}

// digest returns the signature over all of these. Last is one more of them, if not empty.
func digest(token, timestamp, nonce string, more []string, last []byte) (sum [signatureSize]byte) {
	var few [4]string
	parts := append(append(few[:0], token, timestamp, nonce), more...)
	slices.Sort(parts)
	var buf [1536]byte // an encrypted text message of 300 characters fits in
	b := buf[:0]
	for _, part := range parts {
		if last != nil && string(last) < part {
			b, last = append(b, last...), nil
		}
		b = append(b, part...)
	}
	raw := sha1.Sum(append(b, last...))
	hex.Encode(sum[:], raw[:])
	return sum
}
