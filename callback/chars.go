package callback

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	cdataStart = "<![CDATA["
	cdataEnd   = "]]>"
)

// plain reports whether s has neither a carriage return nor anything that XML cannot hold.
func plain(s string) bool {
	for whole := s; len(s) > 0; {
		switch {
		case len(s) >= 32 && (odd(s)|odd(s[8:])|odd(s[16:])|odd(s[24:]))&highBits == 0:
			s = s[32:]
			continue
		case len(s) >= 8 && odd(s)&highBits == 0:
			s = s[8:]
			continue
		case len(s) < 8 && len(whole) >= 8 && odd(whole[len(whole)-8:])&highBits == 0:
			return true
		}
		c, size := s[0], 1
		switch {
		case len(s) >= 3 && 0xE1 <= c && c <= 0xEC && s[1]&0xC0 == 0x80 && s[2]&0xC0 == 0x80:
			size = 3 // Chinese mostly, and for sure legal
		case c >= utf8.RuneSelf:
			var r rune
			r, size = utf8.DecodeRuneInString(s)
			if size == 1 || !legal(r) {
				return false
			}
		case c < ' ' && c != '\n' && c != '\t':
			return false
		}
		s = s[size:]
	}
	return true
}

const (
	eachByte = 0x0101010101010101
	highBits = 0x80 * eachByte
)

// odd returns no highBits when the first 8 bytes of s are ASCII and no control characters. It
// looks at all of them at once: byte by byte, that costs more than the rest of reading a text.
func odd(s string) uint64 {
	x := word(s)
	return x | (x - ' '*eachByte)
}

// word returns the first 8 bytes of s, the first of them lowest.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// under returns a high bit for a byte of x that is below limit, and no lower one but for such a
// byte. What it tells of the bytes above the first is not to be trusted.
func under(x uint64, limit byte) uint64 {
	return (x - uint64(limit)*eachByte) &^ x & highBits
}

// tame returns how many bytes s begins with that are ASCII, no control characters and neither of
// the two given.
func tame(s string, one, other byte) int {
	i, ones, others := 0, uint64(one)*eachByte, uint64(other)*eachByte
	for ; len(s)-i >= 8; i += 8 {
		x := word(s[i:])
		if wild := (x | (x - ' '*eachByte) | under(x^ones, 1) | under(x^others, 1)) & highBits; wild != 0 {
			return i + bits.TrailingZeros64(wild)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c == one || c == other || c < ' ' || c >= utf8.RuneSelf {
			break
		}
	}
	return i
}

// natural returns the number that s consists of, if it is nothing but up to 19 digits. That takes
// strconv three times as long, and a push has three of them.
func natural(s string) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 19 {
		return 0, false
	}
	var sum uint64
	for ; len(s) >= 8; s = s[8:] {
		x := word(s)
		const highHalf, low = 0xF0 * eachByte, '0' * eachByte
		if x&highHalf != low || (x+6*eachByte)&highHalf != low {
			return 0, false
		}
		x = (x-low)*10 + (x-low)>>8 // pairs of digits, in every other byte
		x = x&0x00FF00FF00FF00FF*100 + x>>16&0x00FF00FF00FF00FF
		x = x&0x0000FFFF0000FFFF*10_000 + x>>32&0x0000FFFF0000FFFF
		sum = sum*100_000_000 + x&0xFFFFFFFF
	}
	for i := range len(s) {
		digit := uint64(s[i] - '0')
		if digit > 9 {
			return 0, false
		}
		sum = sum*10 + digit
	}
	return int64(sum), sum <= math.MaxInt64
}

// legal reports whether XML 1.0 can hold r.
func legal(r rune) bool {
	return r >= ' ' && r != 0xFFFE && r != 0xFFFF || r == '\t' || r == '\n' || r == '\r'
}

// normalize returns text with line breaks as XML wants them read (\n alone), without the control
// characters that XML cannot hold, and with U+FFFD for broken UTF-8.
func normalize(text string) string {
	if plain(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for i, r := range text {
		switch {
		case r == '\r' && i+1 < len(text) && text[i+1] == '\n':
		case r == '\r':
			b.WriteByte('\n')
		case legal(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// clean is normalize for text whose line breaks are meant.
func clean(text string) string {
	if plain(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if legal(r) {
			return r
		}
		return -1
	}, text)
}

// unescape is normalize for text in which & begins a reference. References that XML does not
// have by itself stay as they are.
func unescape(text string) string {
	amp := strings.IndexByte(text, '&')
	if amp < 0 {
		return normalize(text)
	}
	var b strings.Builder
	b.Grow(len(text))
	for ; amp >= 0; amp = strings.IndexByte(text, '&') {
		b.WriteString(normalize(text[:amp]))
		r, size := reference(text[amp:])
		if legal(r) {
			b.WriteRune(r)
		}
		text = text[amp+size:]
	}
	b.WriteString(normalize(text))
	return b.String()
}

// reference reads the reference that s begins with. Without one it returns the & itself.
func reference(s string) (r rune, size int) {
	end := 1
	for end < len(s) && (s[end] == '#' || '0' <= s[end] && s[end] <= '9' || 'a' <= s[end]|0x20 && s[end]|0x20 <= 'z') {
		end++
	}
	if end == len(s) || s[end] != ';' {
		return '&', 1
	}
	switch name := s[1:end]; name {
	case "lt":
		r = '<'
	case "gt":
		r = '>'
	case "amp":
		r = '&'
	case "apos":
		r = '\''
	case "quot":
		r = '"'
	default:
		digits, ok := strings.CutPrefix(name, "#")
		base := 10
		if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
			digits, base = hex, 16
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if !ok || err != nil || n > utf8.MaxRune {
			return '&', 1
		}
		r = rune(n) // half of a pair becomes U+FFFD when it is written
	}
	return r, end + 1
}
