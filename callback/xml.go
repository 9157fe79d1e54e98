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

// readXML reads the whole document in the platform's dialect of XML: elements with text or
// elements in them. It knows no DTD, expands nothing but the five entities and character
// references, and passes over attributes, comments and processing instructions.
func (r *reader) readXML() error {
	if err := r.skipComments(); err != nil {
		return err
	}
	if !strings.HasPrefix(r.doc[r.pos:], "<") {
		return errEnds
	}
	root, empty, err := r.startTag()
	if err == nil && !empty {
		_, err = r.content(0, root)
	}
	if err == nil {
		err = r.skipComments()
	}
	if err == nil && r.pos < len(r.doc) {
		err = errFollows
	}
	return err
}

// element reads the element whose start tag is at pos. Depth is 1 below the root.
func (r *reader) element(depth int, parent string) error {
	start := r.pos
	name, empty, err := r.startTag()
	if err != nil {
		return err
	}
	if depth > maxDepth {
		return errDeep
	}
	i, err := r.begin(depth, name)
	if err != nil {
		return err
	}
	text, whole := "", empty
	if !whole && r.texts != nil {
		text, whole = r.personsText(depth, parent, name)
	}
	if !whole {
		if text, err = r.content(depth, name); err != nil {
			return err
		}
	}
	r.complete(i, text, start, r.pos)
	return nil
}

// content reads what is in the element called name, up to and with its end tag. It returns the
// element's text, which is empty if it has elements in it.
func (r *reader) content(depth int, name string) (string, error) {
	var text pieces
	elements := false
	for {
		rest := r.doc[r.pos:]
		if !strings.HasPrefix(rest, "<") {
			lt := strings.IndexByte(rest, '<')
			if lt < 0 {
				return "", errEnds
			}
			if !elements {
				text.add(unescape(rest[:lt]), false)
			}
			r.pos, rest = r.pos+lt, rest[lt:]
		}
		if len(rest) == 1 {
			return "", errEnds
		}
		var err error
		switch rest[1] {
		case '/':
			if err = r.endTag(name); err != nil || elements {
				return "", err
			}
			return text.String(), nil
		case '!', '?':
			if !strings.HasPrefix(rest, cdataStart) {
				err = r.skipComment()
				break
			}
			var inner string
			if inner, err = r.cdata(); !elements {
				text.add(inner, true)
			}
		default:
			elements = true
			err = r.element(depth+1, name)
		}
		if err != nil {
			return "", err
		}
	}
}

// personsText reads what a person wrote, from behind the start tag called name up to and with its
// end tag. It reads nothing and reports false if this is another element, or one that is not in
// CDATA. It does so for the second element of a name too, or a body could be searched to its end
// thousands of times.
func (r *reader) personsText(depth int, parent, name string) (text string, ok bool) {
	i := r.texts.find(depth, parent, name)
	if i < 0 || r.searched&(1<<i) != 0 {
		return "", false
	}
	s, ok := strings.CutPrefix(skipBlanks(r.doc[r.pos:]), cdataStart)
	if !ok {
		return "", false
	}
	r.searched |= 1 << i
	end := r.texts.end(i, s)
	if end < 0 {
		return "", false
	}
	r.pos = len(r.doc) - len(s) + end + len(r.texts.ends[i])
	// Gateways, and our own replies, write ]]> as the end of one CDATA and the start of another.
	return normalize(strings.ReplaceAll(s[:end], "]]]]><![CDATA[>", cdataEnd)), true
}

// startTag reads a start tag, and reports whether it is an end tag too.
func (r *reader) startTag() (name string, empty bool, err error) {
	r.pos += len("<")
	name = r.doc[r.pos:]
	name = name[:nameSize(name)]
	r.pos += len(name)
	switch {
	case r.pos == len(r.doc):
		return "", false, errEnds
	case strings.HasPrefix(name, "!"):
		return "", false, errDTD
	case name == "":
		return "", false, malformed("a tag has no name")
	}
	if r.doc[r.pos] == '>' { // nearly always
		r.pos++
		return name, false, nil
	}
	empty, err = r.skipAttributes()
	return name, empty, err
}

// skipAttributes moves past the > of a start tag, and reports whether there was a / before it.
func (r *reader) skipAttributes() (empty bool, err error) {
	var quote byte
	for ; r.pos < len(r.doc); r.pos++ {
		switch c := r.doc[r.pos]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			return false, malformed("a tag has no end")
		case c == '>':
			r.pos++
			return r.doc[r.pos-2] == '/', nil
		}
	}
	return false, errEnds
}

// endTag reads the end tag of the element called name.
func (r *reader) endTag(name string) error {
	after, ok := strings.CutPrefix(r.doc[r.pos+len("</"):], name)
	after = skipBlanks(after)
	switch {
	case ok && strings.HasPrefix(after, ">"):
		r.pos = len(r.doc) - len(after) + len(">")
		return nil
	case !strings.Contains(after, ">"):
		return errEnds
	}
	return malformed("its tags do not match")
}

// cdata reads a CDATA section.
func (r *reader) cdata() (string, error) {
	start := r.pos + len(cdataStart)
	size := strings.Index(r.doc[start:], cdataEnd)
	if size < 0 {
		return "", errEnds
	}
	r.pos = start + size + len(cdataEnd)
	return normalize(r.doc[start : start+size]), nil
}

// skipComments moves past blanks, comments and processing instructions.
func (r *reader) skipComments() error {
	for {
		rest := skipBlanks(r.doc[r.pos:])
		r.pos = len(r.doc) - len(rest)
		if !strings.HasPrefix(rest, "<!--") && !strings.HasPrefix(rest, "<?") {
			return nil
		}
		if err := r.skipComment(); err != nil {
			return err
		}
	}
}

// skipComment moves past a comment or processing instruction.
func (r *reader) skipComment() error {
	start, end := "<!--", "-->"
	rest := r.doc[r.pos:]
	switch {
	case strings.HasPrefix(rest, "<?"):
		start, end = "<?", "?>"
	case strings.HasPrefix(cdataStart, rest) || strings.HasPrefix(start, rest):
		return errEnds
	case !strings.HasPrefix(rest, start):
		return errDTD
	}
	size := strings.Index(rest[len(start):], end)
	if size < 0 {
		return errEnds
	}
	r.pos += len(start) + size + len(end)
	return nil
}

// pieces is the text of an element, which may be written as text, CDATA and comments in turn.
type pieces struct {
	first string // the only one, mostly
	all   []byte // first and what follows it, once there is more
	cdata bool   // has CDATA
}

// add adds a piece. Blanks between a tag and CDATA come from a pretty-printer and are left out.
func (p *pieces) add(piece string, cdata bool) {
	switch {
	case !cdata && p.cdata && skipBlanks(piece) == "":
		return
	case cdata && !p.cdata && p.all == nil && skipBlanks(p.first) == "":
		p.first = piece
	case p.all != nil:
		p.all = append(p.all, piece...)
	case p.first == "":
		p.first = piece
	default:
		p.all = append(append(p.all, p.first...), piece...)
	}
	p.cdata = p.cdata || cdata
}

func (p *pieces) String() string {
	if p.all != nil {
		return string(p.all)
	}
	return p.first
}

// nameSize returns the length of the name that s begins with.
func nameSize(s string) int {
	for i := range len(s) {
		switch c := s[i]; {
		case c > '>': // nearly always
		case c == '>' || c == '/' || c == '<' || blank(c):
			return i
		}
	}
	return len(s)
}

// skipBlanks returns s without the blanks that it begins with.
func skipBlanks(s string) string {
	for len(s) > 0 && blank(s[0]) {
		s = s[1:]
	}
	return s
}

// trimBlanks returns s without the blanks around it.
func trimBlanks(s string) string {
	s = skipBlanks(s)
	for len(s) > 0 && blank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// unescape returns text with its references resolved, cleaned. References that XML does not have
// by itself stay as they are.
func unescape(text string) string {
	amp := strings.IndexByte(text, '&')
	if amp < 0 {
		return normalize(text)
	}
	var b strings.Builder
	b.Grow(len(text))
	for ; amp >= 0; amp = strings.IndexByte(text, '&') {
		b.WriteString(normalize(text[:amp]))
		char, size := reference(text[amp:])
		if legal(char) {
			b.WriteRune(char)
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
