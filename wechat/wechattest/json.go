package wechattest

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
)

// members yields the keys and the raw values of the object that text holds.
// text must be valid JSON; of anything but an object nothing is yielded.
//
// encoding/json is not used for requests: it matches keys whatever their
// case, so a client that writes "ToUser" would pass here and fail for real.
func members(text string) iter.Seq2[string, string] {
	return func(yield func(key, raw string) bool) {
		i := space(text, 0)
		if i == len(text) || text[i] != '{' {
			return
		}
		for i = space(text, i+1); text[i] != '}'; {
			end := skip(text, i)
			key, _ := unquote(text[i:end])
			start := space(text, space(text, end)+1) // past the colon
			end = skip(text, start)
			if !yield(key, text[start:end]) {
				return
			}
			if i = space(text, end); text[i] == ',' {
				i = space(text, i+1)
			}
		}
	}
}

// elements yields the raw values of the array that raw holds.
func elements(raw string) iter.Seq[string] {
	return func(yield func(raw string) bool) {
		if raw == "" || raw[0] != '[' {
			return
		}
		for i := space(raw, 1); raw[i] != ']'; {
			end := skip(raw, i)
			if !yield(raw[i:end]) {
				return
			}
			if i = space(raw, end); raw[i] == ',' {
				i = space(raw, i+1)
			}
		}
	}
}

// space returns the index of the first byte from i on that is not white space.
func space(text string, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i
}

// skip returns the index after the value that begins at i.
func skip(text string, i int) int {
	switch text[i] {
	case '"':
		for i++; text[i] != '"'; i++ {
			if text[i] == '\\' {
				i++
			}
		}
		return i + 1
	case '{', '[':
		for depth := 0; ; {
			switch text[i] {
			case '"':
				i = skip(text, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if i++; depth == 0 {
				return i
			}
		}
	}
	for i < len(text) && strings.IndexByte(",]} \n\t\r", text[i]) < 0 {
		i++
	}
	return i
}

// unquote decodes a JSON string; false when raw is another kind of value.
func unquote(raw string) (string, bool) {
	if raw == "" || raw[0] != '"' {
		return "", false
	}
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], true
	}
	var s string
	err := json.Unmarshal([]byte(raw), &s)
	return s, err == nil
}

// unicodeEscape reports whether a JSON text writes a character as a \u escape.
// U+2028 and U+2029 are let through: Go's encoder always escapes them.
func unicodeEscape(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 >= len(text) {
			return false
		}
		rest := text[i+1:]
		if rest[0] == 'u' && !bytes.HasPrefix(rest, []byte("u2028")) && !bytes.HasPrefix(rest, []byte("u2029")) {
			return true
		}
		text = rest[1:]
	}
}

// encode returns v as WeChat would write it: raw UTF-8, no HTML escapes.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("wechattest: " + err.Error()) // the answers are this package's own types
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
