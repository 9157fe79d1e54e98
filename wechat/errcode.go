package wechat

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// verdict is what a JSON answer says of its call.
type verdict struct {
	object bool   // the text begins as a JSON object
	known  bool   // an errcode that is a whole number was there
	odd    bool   // an errcode was there that is no whole number
	code   int64  // of several the first that is not 0
	errmsg []byte // raw JSON string with its quotes
}

// message returns the errmsg decoded.
func (v verdict) message() string {
	var s string
	if json.Unmarshal(v.errmsg, &s) == nil {
		return s
	}
	if json.Unmarshal(escapeControls(v.errmsg), &s) == nil {
		return s
	}
	return string(bytes.Trim(v.errmsg, `"`))
}

// verdictError carries an errcode out of accept.
type verdictError struct{ verdict verdict }

func (e *verdictError) Error() string { return Code(e.verdict.code).Error() }

// readVerdict reads errcode and errmsg at the top level of b in one pass without decoding the
// rest. b may be cut off: then it tells what was there.
func readVerdict(b []byte) verdict {
	var v verdict
	v.object = eachMember(b, func(name, value []byte) {
		switch {
		case string(name) == `"errmsg"`:
			v.errmsg = value
		case string(name) == `"errcode"`:
			n, ok := wholeNumber(value)
			v.known, v.odd = v.known || ok, v.odd || !ok
			if v.code == 0 {
				v.code = n
			}
		case isErrcode(name):
			v.odd = true
		}
	})
	return v
}

// isErrcode finds the other spellings of the name: capitals, and escapes.
func isErrcode(name []byte) bool {
	if len(name) == len(`"errcode"`) {
		return bytes.EqualFold(name, []byte(`"errcode"`))
	}
	var s string
	return bytes.IndexByte(name, '\\') >= 0 && json.Unmarshal(name, &s) == nil && strings.EqualFold(s, "errcode")
}

// wholeNumber reads a number, also a quoted one: third-party proxies were seen to quote it.
// What is not written as WeChat writes it (40003.0, 1e3, +0, 00) is none.
func wholeNumber(value []byte) (int64, bool) {
	text := string(value)
	if len(text) > 2 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != text {
		return 0, false
	}
	return n, true
}

// number is a whole number in an answer that may be quoted. null and "" are 0.
type number int64

// UnmarshalJSON reads it.
func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" || string(b) == `""` {
		*n = 0
		return nil
	}
	i, ok := wholeNumber(b)
	if !ok {
		return &json.UnmarshalTypeError{Value: "value that is no whole number", Type: reflect.TypeFor[int64]()}
	}
	*n = number(i)
	return nil
}

// seconds returns n as a Duration that can be added to a time.
func (n number) seconds() time.Duration {
	return time.Duration(min(max(n, 0), math.MaxInt32)) * time.Second
}

// documented reports whether an answer without errcode has what its endpoint documents: a member
// that out, a pointer to a struct, has a field for. Where something was sent the member must also
// have a value: an id that is 0 or empty is none.
func documented(body []byte, out any, sent bool) bool {
	t := reflect.TypeOf(out)
	if t == nil {
		return false
	}
	if t.Elem().Kind() != reflect.Struct {
		return !sent // the caller reads the names
	}
	found := false
	eachMember(body, func(name, value []byte) {
		switch string(value) {
		case "null":
			return
		case "0", `""`, `"0"`:
			if sent {
				return
			}
		}
		found = found || hasField(t.Elem(), name)
	})
	return found
}

// hasField asks encoding/json itself, whose rules for names are long.
func hasField(t reflect.Type, name []byte) bool {
	d := json.NewDecoder(strings.NewReader("{" + string(name) + ":null}"))
	d.DisallowUnknownFields()
	return d.Decode(reflect.New(t).Interface()) == nil
}

// eachMember calls f with each member at the top level of b, until b is cut off or no JSON. It
// returns false if b does not begin as a JSON object.
func eachMember(b []byte, f func(name, value []byte)) (object bool) {
	p := skipSpace(b, 0)
	if p >= len(b) || b[p] != '{' {
		return false
	}
	for p++; ; p++ {
		p = skipSpace(b, p)
		if p >= len(b) || b[p] != '"' {
			return true
		}
		key := p
		if p = skipString(b, p); p > len(b) {
			return true
		}
		name := b[key:p]
		if p = skipSpace(b, p); p >= len(b) || b[p] != ':' {
			return true
		}
		start := skipSpace(b, p+1)
		if p = skipValue(b, start); p > len(b) {
			return true
		}
		f(name, b[start:p])
		if p = skipSpace(b, p); p >= len(b) || b[p] != ',' {
			return true
		}
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
