package wechat

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// envelope is what every JSON answer has in common. An absent errcode means 0.
type envelope struct {
	object bool   // the text begins as a JSON object
	code   int64  // errcode
	known  bool   // an errcode was there
	errmsg []byte // raw JSON string with its quotes
}

// message returns the errmsg decoded.
func (e envelope) message() string {
	var s string
	if json.Unmarshal(e.errmsg, &s) == nil {
		return s
	}
	if json.Unmarshal(escapeControls(e.errmsg), &s) == nil {
		return s
	}
	return string(bytes.Trim(e.errmsg, `"`))
}

// envelopeError carries an errcode out of accept.
type envelopeError struct{ env envelope }

func (e *envelopeError) Error() string { return Code(e.env.code).Error() }

// parseEnvelope reads errcode and errmsg at the top level of b in one pass without decoding
// the rest. b may be cut off: then it tells what was there.
func parseEnvelope(b []byte) envelope {
	var env envelope
	p := skipSpace(b, 0)
	if p >= len(b) || b[p] != '{' {
		return env
	}
	env.object = true
	for p++; ; p++ {
		p = skipSpace(b, p)
		if p >= len(b) || b[p] != '"' {
			return env
		}
		key := p
		if p = skipString(b, p); p > len(b) {
			return env
		}
		name := b[key:p]
		if p = skipSpace(b, p); p >= len(b) || b[p] != ':' {
			return env
		}
		start := skipSpace(b, p+1)
		if p = skipValue(b, start); p > len(b) {
			return env
		}
		env.member(name, b[start:p])
		if p = skipSpace(b, p); p >= len(b) || b[p] != ',' {
			return env
		}
	}
}

func (e *envelope) member(name, value []byte) {
	switch string(name) {
	case `"errcode"`:
		// Third-party proxies were seen to quote the number.
		n, err := strconv.ParseInt(string(bytes.Trim(value, `"`)), 10, 64)
		e.known = err == nil
		if err == nil {
			e.code = n
		}
	case `"errmsg"`:
		e.errmsg = value
	}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func skipSpace(b []byte, p int) int {
	if p == 0 && bytes.HasPrefix(b, byteOrderMark) {
		p = len(byteOrderMark)
	}
	for p < len(b) && (b[p] == ' ' || b[p] == '\t' || b[p] == '\n' || b[p] == '\r') {
		p++
	}
	return p
}

// skipString returns the index after the string that begins at p, beyond b if it is cut off.
func skipString(b []byte, p int) int {
	for p++; p < len(b); p++ {
		switch b[p] {
		case '\\':
			p++
		case '"':
			return p + 1
		}
	}
	return len(b) + 1
}

// skipValue returns the index after the value at p, beyond b if it is cut off. It counts
// brackets without matching their kinds: encoding/json judges later.
func skipValue(b []byte, p int) int {
	depth := 0
	for p < len(b) {
		switch b[p] {
		case '"':
			p = skipString(b, p)
			if depth == 0 || p > len(b) {
				return p
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return p
			}
			depth--
			if depth == 0 {
				return p + 1
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return p
			}
		}
		p++
	}
	return len(b) + 1
}

// escapeControls escapes the raw control characters that the platform has been seen to leave
// in strings and that encoding/json refuses. It returns b itself when there are none.
func escapeControls(b []byte) []byte {
	var out bytes.Buffer
	inString, last := false, 0
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '\\' && inString:
			i++
		case b[i] == '"':
			inString = !inString
		case b[i] < 0x20 && inString:
			out.Write(b[last:i])
			out.WriteString(`\u00`)
			const hex = "0123456789abcdef"
			out.Write([]byte{hex[b[i]>>4], hex[b[i]&15]})
			last = i + 1
		}
	}
	if last == 0 {
		return b
	}
	out.Write(b[last:])
	return out.Bytes()
}
