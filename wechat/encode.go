package wechat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// encode returns in as JSON the way the platform reads it: UTF-8, no HTML escaping (links
// break), no \u escapes (40033, 47002, or shown literally).
func encode(in any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(in); err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	body := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	if bytes.Contains(body, []byte(`\u`)) {
		body = unescape(body)
	}
	return body, nil
}

// unescape replaces the \u escapes of valid JSON by UTF-8. encoding/json leaves some even so:
// U+2028, U+2029, U+FFFD for broken input, and whatever a Marshaler of the caller's wrote.
// Control characters get JSON's short escape (\t, \r), or stay as they are where it has none.
func unescape(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		if b[i] != '\\' || i+1 >= len(b) {
			out = append(out, b[i])
			i++
			continue
		}
		if b[i+1] != 'u' {
			out = append(out, b[i], b[i+1])
			i += 2
			continue
		}
		r, n := escapedRune(b[i:])
		switch {
		case n > 0 && shortEscape(r) != 0:
			out = append(out, '\\', shortEscape(r))
		case n == 0 || r < 0x20:
			n = 2
			out = append(out, b[i], b[i+1])
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		default:
			out = utf8.AppendRune(out, r)
		}
		i += n
	}
	return out
}

// shortEscape returns the letter of the short escape that JSON has for r, or 0.
func shortEscape(r rune) byte {
	switch r {
	case '\b':
		return 'b'
	case '\t':
		return 't'
	case '\n':
		return 'n'
	case '\f':
		return 'f'
	case '\r':
		return 'r'
	}
	return 0
}

// escapedRune decodes the escape, or the pair of them, that b begins with. A lone surrogate is
// U+FFFD, as encoding/json reads it.
func escapedRune(b []byte) (r rune, size int) {
	unit, ok := escapedUnit(b)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(unit) {
		return unit, 6
	}
	if low, ok := escapedUnit(b[6:]); ok {
		if pair := utf16.DecodeRune(unit, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

func escapedUnit(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}
