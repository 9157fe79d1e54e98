package bind

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// CodeLength is how many characters a code has.
const CodeLength = 10

// alphabet has one character of each group that people mix up, and none that
// a parent could take for two: ten of its 25 characters are 46 bits.
const alphabet = "23456789ACDEFHJKMNPRTVWXY"

// alike maps what people read or type instead of a character to it.
var alike = map[rune]rune{
	'0': 'D', 'O': 'D', 'Q': 'D',
	'1': 'J', 'I': 'J', 'L': 'J', '|': 'J',
	'Z': '2', 'S': '5', 'G': '6', 'B': '8', 'U': 'V',
}

// newCode makes a code of random characters.
func newCode() string {
	// A byte from 250 on would make the first characters of the alphabet likelier.
	const fair = 256 / len(alphabet) * len(alphabet)
	var code strings.Builder
	var pool [32]byte
	for code.Len() < CodeLength {
		_, _ = rand.Read(pool[:]) // never fails
		for _, b := range pool {
			if int(b) < fair && code.Len() < CodeLength {
				code.WriteByte(alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return code.String()
}

// fold brings what a parent typed into the one spelling of a code: capital
// letters, narrow characters, one of those that look alike, and nothing
// between them.
func fold(typed string) string {
	var code strings.Builder
	for _, r := range typed {
		r = unicode.ToUpper(Narrow(r))
		if like, ok := alike[r]; ok {
			r = like
		}
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r), unicode.IsPunct(r), unicode.IsSymbol(r):
			// blanks, invisible characters, and the marks that people put around or into a code
		default:
			code.WriteRune(r)
		}
	}
	return code.String()
}

// Narrow returns the usual form of a full-width character (全角字符), and any
// other as it is.
func Narrow(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - '！' + '!'
	case r == '\u3000':
		return ' '
	}
	return r
}

// IsCode reports whether s, in any spelling that Bind takes, has the form of
// a code. Whether there is such a code only Bind knows.
func IsCode(s string) bool {
	code := fold(s)
	return len(code) == CodeLength && strings.Trim(code, alphabet) == ""
}

// codeDomain keeps the hashes apart from whatever else the key signs.
const codeDomain = "wxhome binding code 1\x00"

// hashCode is what the table holds of a code. Without the key the codes cannot
// be found by trying all of them against a stolen table, and a comparison in
// the index tells nobody how much of a code was right.
func hashCode(key []byte, code string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(codeDomain))
	h.Write([]byte(code))
	return hex.EncodeToString(h.Sum(nil))
}
