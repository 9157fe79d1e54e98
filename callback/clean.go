package callback

import (
	"strings"
	"unicode/utf8"
)

// tidy reports whether s needs no cleaning by normalize.
func tidy(s string) bool {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case ' ' <= c && c < utf8.RuneSelf: // nearly always
		case c >= utf8.RuneSelf:
			ascii = false
			if c == 0xEF && (strings.HasPrefix(s[i:], "\uFFFE") || strings.HasPrefix(s[i:], "\uFFFF")) {
				return false
			}
		case c != '\n' && c != '\t':
			return false
		}
	}
	return ascii || utf8.ValidString(s)
}

// legal reports whether XML 1.0 can hold r.
func legal(r rune) bool {
	return r >= ' ' && r != 0xFFFE && r != 0xFFFF || r == '\t' || r == '\n' || r == '\r'
}

// normalize returns text with line breaks as XML wants them read (\n alone), without the control
// characters that XML cannot hold, and with U+FFFD for broken UTF-8.
func normalize(text string) string {
	if tidy(text) {
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
	if tidy(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if legal(r) {
			return r
		}
		return -1
	}, text)
}
