package callback

import (
	"slices"
	"strings"
)

// kindTexts says where in a message of some kind WeChat writes what people wrote.
type kindTexts struct {
	parent string   // the element around the texts; empty if that is the root
	names  []string // the texts' elements, in the order in which WeChat writes them
	ends   []string // ]]></Name> for each name
}

func textsIn(parent string, names ...string) *kindTexts {
	t := &kindTexts{parent: parent, names: names}
	for _, name := range names {
		t.ends = append(t.ends, cdataEnd+"</"+name+">")
	}
	return t
}

// texts has an entry for each kind with texts of people in it. It is never changed.
//
// WeChat puts such a text into CDATA as it is, and a follower can type ]]> and whole elements. So
// the text does not end where XML says. See end.
var texts = map[string]*kindTexts{
	"text":                         textsIn("", "Content"),
	"voice":                        textsIn("", "Recognition"),
	"location":                     textsIn("", "Label"),
	"link":                         textsIn("", "Title", "Description", "Url"),
	"file":                         textsIn("", "Title", "Description"),
	"miniprogrampage":              textsIn("", "Title", "AppId", "PagePath"),
	"event/scancode_push":          textsIn("ScanCodeInfo", "ScanResult"),
	"event/scancode_waitmsg":       textsIn("ScanCodeInfo", "ScanResult"),
	"event/location_select":        textsIn("SendLocationInfo", "Label", "Poiname"),
	"event/user_enter_tempsession": textsIn("", "SessionFrom"),
	"event/user_get_card":          textsIn("", "OuterStr"), // of the link by which the card was taken
	"event/user_view_card":         textsIn("", "OuterStr"),
	"event/user_consume_card":      textsIn("", "VerifyCode", "RemarkAmount", "OuterStr"),
}

// textsOf returns the texts of the kind that h names, or nil if people write nothing in it.
func textsOf(h *Header) *kindTexts {
	if h.Event == "" && strings.EqualFold(h.MsgType, "event") {
		return nil // its name follows
	}
	var buf [64]byte
	return texts[string(appendKind(buf[:0], h.MsgType, h.Event))]
}

// find returns the number of the text that is called name, at depth in parent, or -1.
func (t *kindTexts) find(depth int, parent, name string) int {
	if (t.parent == "" && depth != 1) || (t.parent != "" && (depth != 2 || parent != t.parent)) {
		return -1
	}
	return slices.Index(t.names, name)
}

// end returns where the text number i ends: the index of its ]]></Name> in s, which begins behind
// its <![CDATA[. It returns -1 if there is no ]]></Name>.
//
// The text may hold any number of ]]></Name>. It ends at the first one that a later text follows.
// A later text in CDATA goes before one without: WeChat writes CDATA. If there is no later text,
// the text ends at the last ]]></Name>, since nothing that people wrote comes behind it. If there
// is a later text that does not follow directly, WeChat has put a new element between them, and
// the text ends at the first ]]></Name>.
func (t *kindTexts) end(i int, s string) int {
	mark, later := t.ends[i], t.names[i+1:]
	first, followed, last := -1, -1, -1
	for at := 0; ; at += len(mark) {
		next := strings.Index(s[at:], mark)
		if next < 0 {
			break
		}
		at += next
		last = at
		if first < 0 {
			first = at
		}
		switch formOf(later, s[at+len(mark):]) {
		case asCDATA:
			return at
		case asPlain:
			if followed < 0 {
				followed = at
			}
		}
	}
	switch {
	case followed >= 0:
		return followed
	case first >= 0 && contains(later, s[first:]):
		return first
	}
	return last
}

// form is how an element is written.
type form uint8

const (
	notOne  form = iota
	asCDATA      // <Name><![CDATA[, as WeChat writes texts
	asPlain      // <Name/> or <Name>text</Name>, as a gateway may write them
)

// formOf returns how the element with one of names is written that s begins with, after blanks.
func formOf(names []string, s string) form {
	s, ok := strings.CutPrefix(skipBlanks(s), "<")
	if !ok {
		return notOne
	}
	size := nameSize(s)
	name, rest := s[:size], s[size:]
	inner, whole := strings.CutPrefix(rest, ">")
	switch {
	case !slices.Contains(names, name):
		return notOne
	case strings.HasPrefix(rest, "/>"):
		return asPlain
	case !whole:
		return notOne
	case strings.HasPrefix(skipBlanks(inner), cdataStart):
		return asCDATA
	}
	lt := strings.IndexByte(inner, '<')
	if lt >= 0 && strings.HasPrefix(inner[lt:], "</"+name+">") {
		return asPlain
	}
	return notOne
}

// contains reports whether an element with one of names and CDATA in it starts somewhere in s.
func contains(names []string, s string) bool {
	for _, name := range names {
		for rest := s; ; {
			at := strings.Index(rest, "<"+name)
			if at < 0 {
				break
			}
			if formOf(names, rest[at:]) == asCDATA {
				return true
			}
			rest = rest[at+1+len(name):]
		}
	}
	return false
}
