package callback

import (
	"math/bits"
	"strings"
)

// xmlState is where a reader is in the platform's dialect of XML: elements with text or elements
// in them. It knows no DTD, expands nothing but the five entities and character references, and
// passes over attributes, comments and processing instructions.
type xmlState struct {
	doc  string
	pos  int
	root string // its name

	depth int                 // how many elements around pos were entered, the root among them
	open  [maxDepth + 1]int16 // the number of each one's node, but for the root's

	// Text of the innermost element, of which nothing is kept once it has elements in it.
	text   string
	joined []byte // text and what was joined to it, once there is more than one piece
	full   bool   // has elements in it
}

// readXML reads the whole document.
func (x *reader) readXML() error {
	for x.root == "" || x.depth > 0 {
		if 0 < x.depth && x.depth <= maxDepth {
			if err := x.leaves(); err != nil {
				return err
			}
		}
		if err := x.next(); err != nil {
			return err
		}
	}
	return x.trailer()
}

// next reads up to the end of the next tag, comment, CDATA or the like.
func (x *reader) next() error {
	if !x.takesText() {
		x.skipBlanks()
	}
	lt := 0
	if x.pos < len(x.doc) && x.doc[x.pos] != '<' {
		lt = strings.IndexByte(x.doc[x.pos:], '<')
	}
	if lt < 0 || x.pos+lt+1 >= len(x.doc) {
		return errEnds
	}
	if lt > 0 && x.takesText() {
		x.join(unescape(x.doc[x.pos : x.pos+lt]))
	}
	x.pos += lt + 1
	switch x.doc[x.pos] {
	case '/':
		return x.endTag()
	case '?':
		return x.skipPast("?>")
	case '!':
		return x.bang()
	}
	return x.startTag()
}

// trailer refuses what follows the root, other than blanks and comments.
func (x *reader) trailer() error {
	for {
		x.skipBlanks()
		rest := x.doc[x.pos:]
		var err error
		switch {
		case rest == "":
			return nil
		case strings.HasPrefix(rest, "<!--"):
			err = x.skipPast("-->")
		case strings.HasPrefix(rest, "<?"):
			err = x.skipPast("?>")
		default:
			return malformed("something follows its end")
		}
		if err != nil {
			return err
		}
	}
}

// startTag reads a start tag.
func (x *reader) startTag() error {
	name := x.doc[x.pos:]
	name = name[:nameSize(name)]
	x.pos += len(name)
	if name == "" {
		return malformed("a tag has no name")
	}
	empty, err := x.skipAttributes()
	if err != nil {
		return err
	}
	switch {
	case x.depth == 0:
		x.root = name
	case x.depth > maxDepth:
		return malformed("it has more than 16 levels")
	case empty:
		x.full = true
		return x.add(x.depth, name, "")
	default:
		i, err := x.append(node{name: name, depth: x.depth})
		if err != nil {
			return err
		}
		x.open[x.depth] = int16(i)
	}
	if !empty {
		x.depth++
		x.text, x.joined, x.full = "", nil, false
	}
	return nil
}

// leaves reads the elements that come next for as long as they are what nearly all are: one CDATA
// or text that needs no more than to be read, in tags without attributes.
func (x *reader) leaves() error {
	for rest := x.doc[x.pos:]; ; {
		for len(rest) > 0 && blank(rest[0]) {
			rest = rest[1:]
		}
		name, text, size := leaf(rest)
		if size == 0 {
			return nil
		}
		if err := x.add(x.depth, name, text); err != nil {
			return err
		}
		rest = rest[size:]
		x.pos, x.full = len(x.doc)-len(rest), true
	}
}

// leaf reads the element that s begins with, and returns its size, or 0 if it takes more.
func leaf(s string) (name, text string, size int) {
	if len(s) < 2 || s[0] != '<' || s[1] == '!' || s[1] == '?' {
		return "", "", 0
	}
	n := nameSize(s[1:])
	if n == 0 || n+1 == len(s) || s[n+1] != '>' {
		return "", "", 0
	}
	name, rest := s[1:n+1], s[n+2:]
	if strings.HasPrefix(rest, cdataStart) {
		text = rest[len(cdataStart):]
		end := tame(text, ']', ']')
		if strings.HasPrefix(text[end:], cdataEnd) {
			text = text[:end]
		} else {
			if end = cdataSize(text); end < 0 {
				return "", "", 0
			}
			text = normalize(text[:end])
		}
		rest = rest[len(cdataStart)+end+len(cdataEnd):]
	} else {
		end := tame(rest, '<', '&')
		text, rest = rest[:end], rest[end:]
	}
	if len(rest) < n+3 || rest[0] != '<' || rest[1] != '/' || rest[n+2] != '>' || rest[2:n+2] != name {
		return "", "", 0
	}
	return name, text, len(s) - len(rest) + n + 3
}

// skipAttributes moves past the > of a start tag, and reports whether there was a / before it.
func (x *reader) skipAttributes() (empty bool, err error) {
	if x.pos < len(x.doc) && x.doc[x.pos] == '>' { // there are none
		x.pos++
		return false, nil
	}
	var quote byte
	for ; x.pos < len(x.doc); x.pos++ {
		switch c := x.doc[x.pos]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			return false, malformed("a tag has no end")
		case c == '>':
			x.pos++
			return x.doc[x.pos-2] == '/', nil
		}
	}
	return false, errEnds
}

// endTag reads an end tag, from its /.
func (x *reader) endTag() error {
	gt := strings.IndexByte(x.doc[x.pos:], '>')
	if gt < 0 {
		return errEnds
	}
	name := x.doc[x.pos+1 : x.pos+gt]
	size := nameSize(name)
	x.pos += gt + 1
	if x.depth == 0 || x.innermost() != name[:size] || strings.TrimSpace(name[size:]) != "" {
		return malformed("its tags do not match")
	}
	text := x.text
	if x.joined != nil {
		text = string(x.joined)
	}
	if x.full {
		text = ""
	}
	x.full = true
	if x.depth--; x.depth == 0 {
		return nil
	}
	return x.complete(int(x.open[x.depth]), text)
}

// innermost returns the name of the innermost element.
func (x *reader) innermost() string {
	if x.depth == 1 {
		return x.root
	}
	return x.node(int(x.open[x.depth-1])).name
}

// bang reads what begins with <!, from its !.
func (x *reader) bang() error {
	rest := x.doc[x.pos-1:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		x.pos += len("!--")
		return x.skipPast("-->")
	case strings.HasPrefix(rest, cdataStart):
		start := x.pos + len(cdataStart) - 1
		end := cdataSize(x.doc[start:])
		if end < 0 {
			return errEnds
		}
		if x.takesText() {
			x.join(normalize(x.doc[start : start+end]))
		}
		x.pos = start + end + len(cdataEnd)
		return nil
	case strings.HasPrefix(cdataStart, rest) || strings.HasPrefix("<!--", rest):
		return errEnds
	}
	return malformed("it has a DTD")
}

// takesText reports whether text belongs to the innermost element. Between elements there is
// only white space.
func (x *reader) takesText() bool { return x.depth > 1 && !x.full }

// join adds a piece of text to the innermost element.
func (x *reader) join(piece string) {
	switch {
	case x.joined != nil:
		x.joined = append(x.joined, piece...)
	case x.text == "":
		x.text = piece
	default:
		x.joined = append(append(x.joined, x.text...), piece...)
	}
}

func (x *reader) skipBlanks() {
	for x.pos < len(x.doc) && blank(x.doc[x.pos]) {
		x.pos++
	}
}

func (x *reader) skipPast(mark string) error {
	i := strings.Index(x.doc[x.pos:], mark)
	if i < 0 {
		return errEnds
	}
	x.pos += i + len(mark)
	return nil
}

// cdataSize returns where a CDATA section ends, after whose start s begins, or -1.
func cdataSize(s string) int {
	i := strings.IndexByte(s, cdataEnd[0])
	if i < 0 || strings.HasPrefix(s[i:], cdataEnd) {
		return i // nearly always
	}
	return strings.Index(s, cdataEnd)
}

// nameSize returns the length of the name that s begins with.
func nameSize(s string) int {
	i := 0
	for ; len(s)-i >= 8; i += 8 {
		if below := under(word(s[i:]), '>'+1); below != 0 {
			i += bits.TrailingZeros64(below) / 8
			break
		}
	}
	for ; i < len(s); i++ {
		c := s[i]
		if c <= '>' && (c == '>' || c == '/' || c == '<' || blank(c)) { // letters are all above
			return i
		}
	}
	return len(s)
}
