package callback

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
)

// signatureSize is the length of a SHA-1 sum in hex.
const signatureSize = 2 * sha1.Size

// maxJoined is the longest ciphertext that is signed in one piece: that of a text message of 300
// characters fits in.
const maxJoined = 1408

// Signature returns the platform's signature: it sorts token, timestamp, nonce and encrypt as
// bytes, joins them, and returns the SHA-1 sum in lower-case hex. For the parameter signature,
// encrypt is "". For msg_signature, encrypt is the Encrypt of the body.
func Signature(token, timestamp, nonce, encrypt string) string {
	sum := digest(token, timestamp, nonce, []byte(encrypt))
	return string(sum[:])
}

// Verify reports whether signature equals [Signature] of the other arguments. It compares in
// constant time. It returns false for an empty token, because anyone could sign with one.
//
// Without encrypt, the signature covers only timestamp and nonce, and neither the body nor any
// other parameter.
func Verify(signature, token, timestamp, nonce, encrypt string) bool {
	return verify(signature, token, timestamp, nonce, []byte(encrypt))
}

func verify(signature, token, timestamp, nonce string, encrypt []byte) bool {
	sum := digest(token, timestamp, nonce, encrypt)
	return subtle.ConstantTimeCompare(sum[:], []byte(signature)) == 1 && token != ""
}

// digest returns the signature. It sorts by hand, because package slices would move the strings to
// the heap.
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
	switch {
	case len(encrypt) == 0:
		var few [128]byte // many would have to be cleared each time
		raw = sha1.Sum(append(append(append(few[:0], a...), b...), c...))
	case len(encrypt) > maxJoined:
		h := sha1.New() // a copy of a large body would be left to the garbage collector
		for part := range joined(a, b, c, encrypt) {
			_, _ = h.Write(part)
		}
		h.Sum(raw[:0])
	default:
		var many [maxJoined + 128]byte
		text := many[:0]
		for part := range joined(a, b, c, encrypt) {
			text = append(text, part...)
		}
		raw = sha1.Sum(text)
	}
	hex.Encode(sum[:], raw[:])
	return sum
}

// joined yields a, b and c, which are sorted, and encrypt at its place among them.
func joined(a, b, c string, encrypt []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for _, part := range [...]string{a, b, c} {
			if encrypt != nil && string(encrypt) < part {
				if !yield(encrypt) {
					return
				}
				encrypt = nil
			}
			if !yield([]byte(part)) {
				return
			}
		}
		yield(encrypt)
	}
}
