package callback

import (
	"strings"
)

// xmlReader reads the platform's dialect of XML: elements with text or elements in them. It
// knows no DTD, expands nothing but the five entities and character references, and passes over
// attributes, comments and processing instructions.
type xmlReader struct {
	d    *document
	doc  string
	pos  int
	open []level // the elements around pos, the root first
	few  [8]level
}

// level is an element whose end was not read yet.
type level struct {
	name string
	node int // its index in nodes, or notNode
	text string
	more []byte // text and what was joined to it, once there is more than one piece
	full bool   // has elements in it, and so no text
}

// notNode stands for the root, and for an element that went to the Header.
const notNode = -1

// read reads the whole document.
func (x *xmlReader) read() error {
	x.open = x.few[:0]
	for rooted := false; !rooted || len(x.open) > 0; {
		if err := x.next(&rooted); err != nil {
			return err
		}
	}
	return x.trailer()
}

// next reads up to the end of the next tag, comment, CDATA or the like.
func (x *xmlReader) next(rooted *bool) error {
	lt := strings.IndexByte(x.doc[x.pos:], '<')
	if lt < 0 || x.pos+lt+1 >= len(x.doc) {
		return errEnds
	}
	text := x.doc[x.pos : x.pos+lt]
	x.pos += lt + 1
	switch x.doc[x.pos] {
	case '/':
		x.text(text, false)
		return x.endTag()
	case '?':
		x.text(text, false)
		return x.skipPast("?>")
	case '!':
		x.text(text, false)
		return x.bang()
	}
	*rooted = true
	return x.startTag()
}

// trailer refuses what follows the root, other than blanks and comments.
func (x *xmlReader) trailer() error {
	for {
		for x.pos < len(x.doc) && blank(x.doc[x.pos]) {
			x.pos++
		}
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

// startTag reads a start tag, with its content and end tag where it has nothing but text.
func (x *xmlReader) startTag() error {
	start := x.pos
	for x.pos < len(x.doc) && !endsName(x.doc[x.pos]) {
		x.pos++
	}
	name := x.doc[start:x.pos]
	if name == "" {
		return malformed("a tag has no name")
	}
	empty, err := x.skipAttributes()
	if err != nil {
		return err
	}
	depth := len(x.open)
	if depth > maxDepth {
		return malformed("it has more than 16 levels")
	}
	if depth > 0 {
		x.open[depth-1].full = true
		if text, ok := x.leaf(name, empty); ok {
			return x.d.add(depth, name, text)
		}
	}
	if empty {
		return nil // an empty root
	}
	return x.enter(depth, name)
}

// enter notes that the start tag of an element was read and its end was not.
func (x *xmlReader) enter(depth int, name string) error {
	l := level{name: name, node: notNode}
	if depth > 0 {
		l.node = len(x.d.nodes)
		if err := x.d.reserve(depth, name); err != nil {
			return err
		}
	}
	x.open = append(x.open, l)
	return nil
}

// leaf reads what follows a start tag, up to the end tag, if that is one CDATA or text without
// references. Otherwise it moves nowhere.
func (x *xmlReader) leaf(name string, empty bool) (text string, ok bool) {
	if empty {
		return "", true
	}
	rest, size := x.doc[x.pos:], 0
	if strings.HasPrefix(rest, cdataStart) {
		end := strings.Index(rest[len(cdataStart):], cdataEnd)
		if end < 0 {
			return "", false
		}
		text = rest[len(cdataStart):][:end]
		size = len(cdataStart) + end + len(cdataEnd)
	} else if size = strings.IndexByte(rest, '<'); size < 0 {
		return "", false
	} else if text = rest[:size]; strings.IndexByte(text, '&') >= 0 {
		return "", false
	}
	rest = rest[size:]
	if len(rest) < len(name)+3 || rest[:2] != "</" || rest[2:2+len(name)] != name || rest[2+len(name)] != '>' {
		return "", false
	}
	x.pos += size + len(name) + 3
	return normalize(text), true
}

// skipAttributes moves past the > of a start tag, and reports whether there was a / before it.
func (x *xmlReader) skipAttributes() (empty bool, err error) {
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
func (x *xmlReader) endTag() error {
	gt := strings.IndexByte(x.doc[x.pos:], '>')
	if gt < 0 {
		return errEnds
	}
	name := strings.TrimRight(x.doc[x.pos+1:x.pos+gt], " \t\r\n")
	x.pos += gt + 1
	if len(x.open) == 0 || x.open[len(x.open)-1].name != name {
		return malformed("its tags do not match")
	}
	l := x.open[len(x.open)-1]
	x.open = x.open[:len(x.open)-1]
	if l.node == notNode {
		return nil
	}
	text := l.text
	if l.more != nil {
		text = string(l.more)
	}
	if l.full {
		text = ""
	}
	return x.d.complete(l.node, text)
}

// bang reads what begins with <!, from its !.
func (x *xmlReader) bang() error {
	rest := x.doc[x.pos-1:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		x.pos += len("!--")
		return x.skipPast("-->")
	case strings.HasPrefix(rest, cdataStart):
		start := x.pos + len(cdataStart) - 1
		end := strings.Index(x.doc[start:], cdataEnd)
		if end < 0 {
			return errEnds
		}
		if len(x.open) == 0 {
			return malformed("there is text outside of its root")
		}
		x.text(x.doc[start:start+end], true)
		x.pos = start + end + len(cdataEnd)
		return nil
	case strings.HasPrefix(cdataStart, rest) || strings.HasPrefix("<!--", rest):
		return errEnds
	}
	return malformed("it has a DTD")
}

// text adds a piece of text to the innermost element.
func (x *xmlReader) text(piece string, cdata bool) {
	if len(x.open) < 2 || piece == "" { // between elements of the root, where there is only white space
		return
	}
	l := &x.open[len(x.open)-1]
	if l.full {
		return
	}
	if !cdata {
		piece = unescape(piece)
	} else {
		piece = normalize(piece)
	}
	switch {
	case l.text == "" && l.more == nil:
		l.text = piece
	case l.more == nil:
		l.more = append(append(make([]byte, 0, 2*(len(l.text)+len(piece))), l.text...), piece...)
	default:
		l.more = append(l.more, piece...)
	}
}

func (x *xmlReader) skipPast(mark string) error {
	i := strings.Index(x.doc[x.pos:], mark)
	if i < 0 {
		return errEnds
	}
	x.pos += i + len(mark)
	return nil
}

func endsName(c byte) bool { return c == '>' || c == '/' || c == '<' || blank(c) }
