// Package photolink makes and checks the signed links that template messages
// carry: addresses of the photo page that work for whoever received the
// message, until they expire, and that nobody can make up.
//
// A link is the page's base URL, a slash and a token. The token holds the id
// of the ledger row (push_message.id) and the time the link expires, signed
// with HMAC-SHA256; it holds no openid, name or photo address. [New] is the
// one call to know; [Signer.Link] makes links and [Signer.Verify] checks them.
//
// A Signer never changes and is safe for use by several goroutines.
//
// # Errors
//
// New refuses a short key and a base URL that could not be extended or would
// let a link travel in the clear. Verify returns [ErrForged] or [ErrExpired].
// No error contains a key.
package photolink

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	// MinKey is the least length of a key, in bytes: what HMAC-SHA256 truncated
	// to 128 bits deserves.
	MinKey = 16

	macSize     = 16 // bytes: 128 bits cannot be guessed over HTTP
	payloadSize = 8 + 8
	domain      = "wxhome photo link 1\x00" // so that the key may sign other things too
)

var (
	// ErrForged says that a token was not made with this key: it was made up,
	// cut, or signed with a key that has been retired.
	ErrForged = errors.New("photolink: the link is not genuine")
	// ErrExpired says that a token is genuine and too old.
	ErrExpired = errors.New("photolink: the link has expired")
)

// encoding is strict, so that one token has one spelling.
var encoding = base64.RawURLEncoding.Strict()

// A Signer makes and checks links. Use [New].
type Signer struct {
	base string // without a trailing slash
	keys [][]byte
}

// New returns a Signer for the photo page at base, such as
// https://school.example/photo. Links are signed with key; those signed with
// one of the previous keys are still accepted, and empty previous keys are
// ignored. base must be https (http only for this machine) and must have
// neither query, fragment nor user; a key has at least [MinKey] bytes.
func New(base, key string, previous ...string) (*Signer, error) {
	cleaned, err := cleanBase(base)
	if err != nil {
		return nil, err
	}
	s := &Signer{base: cleaned}
	for i, k := range append([]string{key}, previous...) {
		switch {
		case i > 0 && k == "":
			continue
		case len(k) < MinKey:
			return nil, fmt.Errorf("photolink: a key has %d bytes, at least %d are needed", len(k), MinKey)
		}
		s.keys = append(s.keys, []byte(k))
	}
	return s, nil
}

// cleanBase checks a base URL and takes off its trailing slashes.
func cleanBase(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil { // err would repeat the address
		return "", errors.New("photolink: the base URL cannot be parsed")
	}
	switch {
	case u.Scheme == "" || u.Host == "" || u.Hostname() == "":
		return "", errors.New("photolink: the base URL needs a scheme and a host, as in https://school.example/photo")
	case u.User != nil:
		return "", errors.New("photolink: the base URL must not contain a user or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(base, "#"):
		return "", errors.New("photolink: the base URL must not contain ? or #")
	case u.Scheme == "https":
	case u.Scheme != "http" || !isLocal(u.Hostname()):
		return "", errors.New("photolink: the base URL must begin with https://")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// isLocal reports whether a host name is this machine, where http leaks nothing.
func isLocal(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// Link returns the address for the ledger row id that works until expiry,
// which is kept to the second.
func (s *Signer) Link(id int64, expiry time.Time) string {
	token := binary.BigEndian.AppendUint64(make([]byte, 0, payloadSize+macSize), uint64(id))
	token = binary.BigEndian.AppendUint64(token, uint64(expiry.Unix()))
	token = append(token, mac(s.keys[0], token)...)
	return s.base + "/" + encoding.EncodeToString(token)
}

// Verify checks the token of a link, the part after the last slash, at the
// time now and returns the ledger row id that it stands for. The error is
// [ErrForged] or [ErrExpired].
func (s *Signer) Verify(token string, now time.Time) (id int64, err error) {
	raw, err := encoding.DecodeString(token)
	if err != nil || len(raw) != payloadSize+macSize || strings.ContainsAny(token, "\r\n") {
		return 0, ErrForged
	}
	payload, sum := raw[:payloadSize], raw[payloadSize:]
	genuine := false
	for _, key := range s.keys {
		genuine = hmac.Equal(sum, mac(key, payload)) || genuine
	}
	if !genuine {
		return 0, ErrForged
	}
	if now.Unix() >= int64(binary.BigEndian.Uint64(payload[8:])) {
		return 0, ErrExpired
	}
	return int64(binary.BigEndian.Uint64(payload)), nil
}

func mac(key, payload []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(domain))
	h.Write(payload)
	return h.Sum(nil)[:macSize]
}
