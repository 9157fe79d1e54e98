package callback

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// What a body may have at most. The platform's own stay far below.
const (
	maxBody  = 16 << 20 // bytes; a Server refuses much earlier
	maxDepth = 16       // the deepest that is known has 5
	maxNodes = 4096     // elements besides those of the Header
	maxPath  = 128      // bytes of the names that lead to an element; the longest known has 58
)

// Format is how a body or an answer is written.
type Format uint8

// The formats of the platform. Official accounts (公众号, 服务号) get XML; mini programs may choose.
const (
	XML  Format = iota // what official accounts get
	JSON               // what mini programs may choose
)

// FormatOf tells the format of body by its first byte that is no blank. Anything but < and { is
// an [ErrMalformed].
func FormatOf(body []byte) (Format, error) {
	for _, c := range skipBOM(body) {
		switch {
		case c == '<':
			return XML, nil
		case c == '{':
			return JSON, nil
		case !blank(c):
			return 0, malformed("it begins with neither < nor {")
		}
	}
	return 0, malformed("it is empty")
}

// Parse reads a message or event as the platform sends it: decrypted, XML or JSON. A kind
// without a struct of its own gives an [*Unknown], which is no error.
//
// Parse is lenient where the platform is: with the order of elements, elements it does not know
// or that are missing or empty, numbers written as text, control characters (which are left out)
// and broken UTF-8 (which becomes U+FFFD). Entities other than XML's five and character
// references are left as they stand. A DTD, more than 16 levels, 4096 elements or 16 MiB, and a
// body that ends early are an [ErrMalformed], as is a number that is none.
//
// The message's strings share one copy of what is in them, and body is not kept; it must not
// change while Parse runs. Parse is safe for concurrent use.
func Parse(body []byte) (Message, error) {
	var r reader
	if err := r.read(body); err != nil {
		return nil, err
	}
	return r.message(body)
}

// document is a body that was read and not yet given its type.
type document struct {
	head       Header
	few        [8]node // the first nodes in the order of the document, the Header's left out
	more       []node  // the others
	count      int     // of all nodes
	everything bool    // keep the Header's as nodes too
	encrypted  bool    // has an Encrypt
}

// node is an element.
type node struct {
	name  string
	text  string
	depth int // 1 below the root
}

// node returns the node number i. It is valid until the next one is added.
func (d *document) node(i int) *node {
	if i < len(d.few) {
		return &d.few[i]
	}
	return &d.more[i-len(d.few)]
}

// reader reads a document. One that nobody points to from a struct stays off the heap, which is
// a third of what parsing costs: that is why it holds the document, and readJSON a copy.
type reader struct {
	document
	xmlState
}

// read splits body into Header and nodes.
func (r *reader) read(body []byte) error {
	if len(body) > maxBody {
		return malformed("it has more than 16 MiB")
	}
	format, err := FormatOf(body)
	if err != nil {
		return err
	}
	if format == XML {
		// Until own, everything that is read shares body, of which little is kept.
		body = skipBOM(body)
		r.doc = unsafe.String(unsafe.SliceData(body), len(body))
		if err := r.readXML(); err != nil {
			return err
		}
		r.own()
		return nil
	}
	r.document, err = readJSON(body, r.everything)
	return err
}

// add takes an element below the root.
func (d *document) add(depth int, name, text string) error {
	if depth == 1 {
		if mine, err := d.header(name, text); err != nil || mine && !d.everything {
			return err
		}
	}
	_, err := d.append(node{name, text, depth})
	return err
}

// append adds a node and returns its number.
func (d *document) append(n node) (int, error) {
	i := d.count
	switch {
	case i == maxNodes:
		return 0, malformed("it has more than 4096 elements")
	case i < len(d.few):
		d.few[i] = n
	default:
		d.more = append(d.more, n)
	}
	d.count++
	return i, nil
}

// complete gives node i its text.
func (d *document) complete(i int, text string) error {
	n := d.node(i)
	n.text = text
	if n.depth > 1 {
		return nil
	}
	_, err := d.header(n.name, text)
	return err
}

// header stores an element of the Header, and reports whether it is one.
func (d *document) header(name, text string) (mine bool, err error) {
	switch name {
	case "ToUserName":
		d.head.ToUserName = text
	case "FromUserName":
		d.head.FromUserName = text
	case "CreateTime":
		d.head.CreateTime, err = number[int64](name, text)
	case "MsgType":
		d.head.MsgType = text
	case "Event":
		d.head.Event = text
	case "MsgId", "MsgID":
		d.head.MsgID, err = number[int64](name, text)
	case "MsgDataId":
		d.head.MsgDataID = text
	case "Idx":
		d.head.Idx, err = number[int](name, text)
	case "Encrypt":
		d.encrypted = true
		return false, nil
	default:
		return false, nil
	}
	return true, err
}

// message gives d its type.
func (d *document) message(body []byte) (Message, error) {
	m := newKnown(d.head.MsgType, d.head.Event)
	*m.Head() = d.head
	if err := d.fill(m); err != nil {
		return nil, err
	}
	u, unknown := m.(*Unknown)
	if !unknown {
		return m, nil
	}
	switch {
	case u.MsgType != "" || u.InfoType != "":
		u.keep(body)
		return u, nil
	case d.encrypted:
		return nil, malformed("it is encrypted and has to be decrypted first")
	}
	return nil, malformed("it has no MsgType")
}

// own gives d its own copy, in one piece, of all texts.
func (d *document) own() {
	h := &d.head
	size := len(h.ToUserName) + len(h.FromUserName) + len(h.MsgType) + len(h.Event) + len(h.MsgDataID)
	for i := range d.count {
		size += len(d.node(i).text)
	}
	var all strings.Builder
	all.Grow(size)
	move(&all, &h.ToUserName)
	move(&all, &h.FromUserName)
	move(&all, &h.MsgType)
	move(&all, &h.Event)
	move(&all, &h.MsgDataID)
	for i := range d.count {
		move(&all, &d.node(i).text)
	}
}

// move appends *s to all, and makes *s what stands there.
func move(all *strings.Builder, s *string) {
	if *s == "" {
		return
	}
	start := all.Len()
	all.WriteString(*s)
	*s = all.String()[start:]
}

// newKnown returns an empty message of the type that the names stand for.
func newKnown(msgType, event string) known {
	var buf [64]byte
	if len(msgType)+len(event) < len(buf) {
		if empty, ok := kinds[string(appendKind(buf[:0], msgType, event))]; ok {
			return empty()
		}
	}
	return new(Unknown)
}

// fill hands d's elements to m.
func (d *document) fill(m known) error {
	var buf [maxPath]byte
	var ends [maxDepth + 1]int // where in buf the path of each depth ends, or beyond buf
	for i := range d.count {
		n := d.node(i)
		path, start := n.name, 0
		if n.depth > 1 {
			start = ends[n.depth-1] + 1
		}
		end := start + len(n.name)
		if ends[n.depth] = end; end > maxPath {
			continue // nothing that is known, and what is below it even less
		}
		copy(buf[start:], n.name)
		if n.depth > 1 {
			buf[start-1] = '>'
			path = string(buf[:end])
		}
		if err := m.set(path, n.text); err != nil {
			return err
		}
	}
	return nil
}

// number reads an integer, and 0 where there is none.
func number[T int | int64](path, value string) (T, error) {
	if n, ok := natural(value); ok && int64(T(n)) == n {
		return T(n), nil
	}
	value = strings.TrimSpace(value)
	if value == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || int64(T(n)) != n {
		return 0, malformed(path + " is not a number, or too large")
	}
	return T(n), nil
}

// decimal reads a decimal number, and 0 where there is none.
func decimal(path, value string) (float64, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0, nil
	}
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, malformed(path + " is not a number")
	}
	return f, nil
}

// errEnds is of a body that was cut off.
var errEnds = malformed("it ends early")

func malformed(why string) error { return fmt.Errorf("%w: %s", ErrMalformed, why) }

// blank reports whether c is white space or a stray control character.
func blank(c byte) bool { return c <= ' ' }

func skipBOM(body []byte) []byte {
	if len(body) >= 3 && string(body[:3]) == "\uFEFF" {
		return body[3:]
	}
	return body
}
