package callback

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
)

// signatureSize is that of a SHA-1 sum in hex.
const signatureSize = 2 * sha1.Size

// Signature returns what the platform signs with: the SHA-1 sum, in lower-case hex, of token,
// timestamp, nonce and encrypt, sorted as bytes and joined. Encrypt is "" for the parameter
// signature, and the Encrypt text of the body for msg_signature.
func Signature(token, timestamp, nonce, encrypt string) string {
	sum := digest(token, timestamp, nonce, []byte(encrypt))
	return string(sum[:])
}

// Verify reports whether signature is [Signature] of the rest, in a time that does not tell how
// much of it is right. It is false for an empty token, with which anybody could sign.
//
// The parameter signature of a request, without encrypt, covers neither the body nor the other
// parameters.
func Verify(signature, token, timestamp, nonce, encrypt string) bool {
	return verify(signature, token, timestamp, nonce, []byte(encrypt))
}

func verify(signature, token, timestamp, nonce string, encrypt []byte) bool {
	sum := digest(token, timestamp, nonce, encrypt)
	return subtle.ConstantTimeCompare(sum[:], []byte(signature)) == 1 && token != ""
}

// digest returns the signature. It sorts by hand, since what package slices sorts moves to the
// heap.
func digest(a, b, c string, encrypt []byte) (sum [signatureSize]byte) {
	if b < a {
		a, b = b, a
	}
	if c < b {
		b, c = c, b
	}
	if b < a {
		a, b = b, a
	}
	var raw [sha1.Size]byte
	if len(encrypt) == 0 {
		var few [128]byte // many would have to be cleared each time
		raw = sha1.Sum(append(append(append(few[:0], a...), b...), c...))
	} else {
		var many [1536]byte // an encrypted text message of 300 characters fits in
		text := many[:0]
		for _, part := range [...]string{a, b, c} {
			if encrypt != nil && string(encrypt) < part {
				text, encrypt = append(text, encrypt...), nil
			}
			text = append(text, part...)
		}
		raw = sha1.Sum(append(text, encrypt...))
	}
	hex.Encode(sum[:], raw[:])
	return sum
}
