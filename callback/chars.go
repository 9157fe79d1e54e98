package callback

import (
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
		size := 1
		if c := s[0]; c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(s)
			if size == 1 || !legal(r) {
				return false
			}
		} else if c < ' ' && c != '\n' && c != '\t' {
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
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	return x | (x - ' '*eachByte)
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
