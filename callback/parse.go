package callback

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxBody is the maximum size of a body in bytes. The default of Config.BodyLimit is much lower.
const maxBody = 16 << 20

// Format is the format of a body or of an answer.
type Format uint8

// The formats of the platform. Official accounts (公众号, 服务号) receive XML. A mini program can
// choose in its console.
const (
	XML  Format = iota // for official accounts
	JSON               // for mini programs that have chosen it
)

// FormatOf returns the format of body, by its first byte that is not white space: < means XML, {
// means JSON. For any other byte it returns [ErrMalformed].
func FormatOf(body []byte) (Format, error) { return formatOf(body) }

func formatOf[T string | []byte](body T) (Format, error) {
	if len(body) >= len(bom) && string(body[:len(bom)]) == bom {
		body = body[len(bom):]
	}
	for i := range len(body) {
		switch c := body[i]; {
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

// Parse reads a message or event as WeChat sends it, after decryption, in XML or JSON. For a kind
// that has no struct, it returns an [*Unknown] and no error.
//
// # Text from followers
//
// In XML, WeChat does not escape the text that a follower typed. It can contain ]]> and whole
// elements. Parse returns such a text as it was typed, and reads no element from it:
//
//   - ToUserName, FromUserName, CreateTime, MsgType and Event come before the text. The first
//     element of each name below the root counts, even if it is empty. Event counts only if MsgType
//     is event.
//   - A typed text, such as Content, ends at the last ]]></Content>. If a kind has several typed
//     texts, such as Title and Description, each ends at the first ]]></Title> after which the next
//     text starts.
//   - MsgId, MsgDataId, Idx, BusinessId and Encrypt come after the text. The last element of each
//     name counts.
//   - Of all other elements below the root, the first of each name counts.
//
// Parse cleans texts, but changes nothing else. It removes control characters and replaces broken
// UTF-8 by U+FFFD. In XML it also writes every line break as \n, and turns ]]]]><![CDATA[> into
// ]]>, because gateways write ]]> in that way.
//
// # Lenient parsing
//
// Elements may be in any order, missing, empty or unknown. White space around the values of the
// Header, and around names in JSON, is removed. A number that cannot be read is 0. Unknown entities
// stay as they are; only the five of XML and character references are resolved.
//
// # Errors
//
// If the MsgType (or InfoType, see [Unknown]) can be read but something after it cannot, Parse
// returns an [*Unknown] and no error. Its Header has the fields read before the error, its Raw the
// whole body, and [Unknown.Err] the reason. Reasons are a body that ends early, tags that do not
// match, a DTD, more than 16 levels, and more than 4096 elements. If there is no MsgType or
// InfoType, or the body has more than 16 MiB, Parse returns [ErrMalformed].
//
// The message holds a copy of body, and its texts are parts of that copy. Parse does not keep body,
// which must not change while Parse runs. Parse is safe for concurrent use.
func Parse(body []byte) (Message, error) {
	if len(body) > maxBody {
		return nil, malformed("it has more than 16 MiB")
	}
	var r reader
	doc := string(body)
	err := r.read(doc)
	r.head.Raw = Raw{doc}
	if !strings.EqualFold(r.head.MsgType, "event") {
		r.head.Event = ""
	}
	if err != nil {
		return r.unreadable(err)
	}
	m := newKnown(r.head.MsgType, r.head.Event)
	*m.Head() = r.head
	r.fill(m)
	if u, unknown := m.(*Unknown); unknown && !u.goodHead() {
		if r.encrypt[1] > 0 {
			return nil, errEncrypted
		}
		return nil, malformed("it has no MsgType")
	}
	return m, nil
}

// unreadable returns what was read of a message before err.
func (r *reader) unreadable(err error) (Message, error) {
	u := &Unknown{Header: r.head, Err: err}
	r.fill(u)
	if !u.goodHead() {
		return nil, err
	}
	if id := lastMsgID(r.doc); id != 0 {
		u.MsgID = id
	}
	return u, nil
}

// lastMsgID returns the number in the last MsgId of doc, an XML body that cannot be read. The
// number is needed to recognise repeats of the message.
func lastMsgID(doc string) int64 {
	const tag = "<MsgId>"
	at := strings.LastIndex(doc, tag)
	if format, _ := formatOf(doc); format != XML || at < 0 {
		return 0
	}
	id, _, _ := strings.Cut(doc[at+len(tag):], "<")
	return number[int64](id)
}

// newKnown returns an empty message of the type for these names.
func newKnown(msgType, event string) known {
	var buf [64]byte
	if len(msgType)+len(event) < len(buf) {
		if empty, ok := kinds[string(appendKind(buf[:0], msgType, event))]; ok {
			return empty()
		}
	}
	return new(Unknown)
}

// fill passes the elements of d to m. Of the elements below the root for which m has a field, it
// passes the first of each name. It passes every List, because some events have one List for each
// entry.
func (d *document) fill(m known) {
	var buf [maxPath]byte
	var ends [maxDepth + 1]int // where in buf the path of each depth ends, or beyond buf
	var names [16]string
	filled, skip := names[:0], false
	for i := range d.count {
		n := d.node(i)
		if n.depth == 1 {
			skip = n.head || n.name != "List" && slices.Contains(filled, n.name)
		}
		if skip {
			continue
		}
		path, start := n.name, 0
		if n.depth > 1 {
			start = ends[n.depth-1] + 1
		}
		end := start + len(n.name)
		if ends[n.depth] = end; end > maxPath {
			continue // no field has so long a path, nor has any element below it
		}
		copy(buf[start:], n.name)
		if n.depth > 1 {
			buf[start-1] = '>'
			path = string(buf[:end])
		}
		if m.set(path, n.text) && n.depth == 1 {
			filled = append(filled, n.name)
		}
	}
}

// number reads an integer. Anything else is 0: WeChat writes ids such as 49d72d67_1555 where its
// pages promise numbers, and a message without its id is better than no message.
func number[T int | int64](value string) T {
	n, err := strconv.ParseInt(trimBlanks(value), 10, 64)
	if err != nil || int64(T(n)) != n {
		return 0
	}
	return T(n)
}

// natural returns the number in s, if s consists of digits only.
func natural(s string) (n int64, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// decimal reads a decimal number. Anything else is 0.
func decimal(value string) float64 {
	f, err := strconv.ParseFloat(trimBlanks(value), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// Why a body cannot be read.
var (
	errEnds    = malformed("it ends early")
	errFollows = malformed("something follows its end")
	errDeep    = malformed("it has more than 16 levels")
	errDTD     = malformed("it has a DTD")
	errJSON    = malformed("it is not JSON, or ends early")

	errEncrypted = malformed("it is encrypted and has to be decrypted first; a Server needs the account's AESKey")
)

func malformed(why string) error { return fmt.Errorf("%w: %s", ErrMalformed, why) }

// blank reports whether c is white space or a stray control character.
func blank(c byte) bool { return c <= ' ' }

// bom is the byte order mark, which some gateways put before a body.
const bom = "\uFEFF"

// lastCounts reports whether the last of several elements of this name below the root counts,
// instead of the first. WeChat writes these elements after the follower's text.
func lastCounts(name string) bool {
	switch name {
	case "MsgId", "MsgID", "MsgDataId", "Idx", "BusinessId", "Encrypt":
		return true
	}
	return false
}
