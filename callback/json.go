package callback

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// readJSON reads a body in JSON into the same elements that one in XML has: an object is an
// element with others in it, an array is an element that is repeated. It is more lenient than
// package json: a string may hold control characters, a bare word such as NaN is a text, and commas
// are blanks.
func (r *reader) readJSON() error {
	r.next()
	r.pos += len("{")
	if err := r.members(1, 1); err != nil {
		return err
	}
	if r.next(); r.pos < len(r.doc) {
		return errFollows
	}
	return nil
}

// members reads the members of an object, up to and with its }. Level counts the objects and
// arrays around them.
func (r *reader) members(depth, level int) error {
	for {
		switch r.next() {
		case ',':
			r.pos++
		case '}':
			r.pos++
			return nil
		case '"':
			if err := r.member(depth, level); err != nil {
				return err
			}
		default:
			return errJSON
		}
	}
}

// member reads a name and its value. Blanks in the name are cut off: WeChat's own page on
// user_authorization_revoke has them.
func (r *reader) member(depth, level int) error {
	start := r.pos
	name, err := r.quoted()
	if err != nil {
		return err
	}
	if r.next() != ':' {
		return errJSON
	}
	r.pos += len(":")
	name = trimBlanks(name)
	if strings.Contains(name, ">") { // no element is called so, and a path must not look like another
		name = ""
	}
	return r.value(depth, level, name, start)
}

// value reads one value of the member called name, which begins at start.
func (r *reader) value(depth, level int, name string, start int) error {
	c := r.next()
	if (c == '{' || c == '[') && level == maxDepth {
		return errDeep
	}
	if c == '[' {
		return r.items(depth, level+1, name, start)
	}
	if c == '{' && depth == 1 && name == "xml" { // a whole message in a wrapper
		r.pos += len("{")
		return r.members(depth, level+1)
	}
	text := ""
	switch c {
	case '{':
	case '"':
		var err error
		if text, err = r.quoted(); err != nil {
			return err
		}
	default:
		if text = r.word(); text == "" {
			return errJSON
		}
		if text == "null" {
			return nil // as good as missing
		}
	}
	i, err := r.begin(depth, name)
	if err != nil {
		return err
	}
	if c == '{' {
		r.pos += len("{")
		err = r.members(depth+1, level+1)
	}
	if err == nil {
		r.complete(i, text, start, r.pos)
	}
	return err
}

// items reads an array, whose values are all called name.
func (r *reader) items(depth, level int, name string, start int) error {
	r.pos += len("[")
	for {
		switch r.next() {
		case ',':
			r.pos++
		case ']':
			r.pos++
			return nil
		default:
			if err := r.value(depth, level, name, start); err != nil {
				return err
			}
		}
	}
}

// next moves past blanks and returns the byte at pos, or 0 at the end.
func (r *reader) next() byte {
	for ; r.pos < len(r.doc); r.pos++ {
		if c := r.doc[r.pos]; !blank(c) {
			return c
		}
	}
	return 0
}

// word reads a value without quotes: a number, true, false, null, or what a sender takes for one.
func (r *reader) word() string {
	rest := r.doc[r.pos:]
	size := strings.IndexFunc(rest, func(c rune) bool { return c <= ' ' || strings.ContainsRune(`,:"[]{}`, c) })
	if size < 0 {
		size = len(rest)
	}
	r.pos += size
	return clean(rest[:size])
}

// quoted reads a string.
func (r *reader) quoted() (string, error) {
	start, escaped := r.pos+len(`"`), false
	for i := start; i < len(r.doc); i++ {
		switch r.doc[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			r.pos = i + len(`"`)
			text := r.doc[start:i]
			if escaped {
				text = unquote(text)
			}
			return clean(text), nil
		}
	}
	return "", errJSON
}

// unquote resolves the escapes in s. One that JSON does not have stays as it is.
func unquote(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := strings.IndexByte(s, '\\'); i >= 0; i = strings.IndexByte(s, '\\') {
		b.WriteString(s[:i])
		char, size := escape(s[i:])
		b.WriteRune(char)
		s = s[i+size:]
	}
	b.WriteString(s)
	return b.String()
}

// escape reads the escape that s begins with. Without one it returns the backslash itself.
func escape(s string) (char rune, size int) {
	if len(s) == 1 {
		return '\\', 1
	}
	switch c := s[1]; c {
	case '"', '\\', '/':
		return rune(c), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	high, ok := unicodeEscape(s)
	if !ok {
		return '\\', 1
	}
	if low, ok := unicodeEscape(s[6:]); ok && utf16.IsSurrogate(high) {
		if char = utf16.DecodeRune(high, low); char != '\uFFFD' {
			return char, 12
		}
	}
	return high, 6 // half of a pair becomes U+FFFD when it is written
}

// unicodeEscape reads the \uXXXX that s begins with.
func unicodeEscape(s string) (rune, bool) {
	if len(s) < 6 || s[:2] != `\u` {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
