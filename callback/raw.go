package callback

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

// Raw is the plaintext of a message: the XML or JSON that WeChat pushed, after decryption. Use
// [Raw.Value] to read an element for which the message's struct has no field, such as a field that
// is new at WeChat.
//
// A Raw holds text from a follower. Printing, logging or marshalling a Raw shows only its size. Two
// Raws are equal (==) if their bytes are equal. The zero Raw is empty. A message that was not
// parsed has the zero Raw. A [Server] also sets Raw to zero in the copies of the Header that Late
// and OnError receive. All methods are safe for concurrent use.
type Raw struct{ text string }

// Bytes returns a copy of the plaintext. For the zero Raw it returns an empty slice.
func (r Raw) Bytes() []byte { return []byte(r.text) }

// Value returns the text of one element, or "" if there is no such element. path is the list of
// element names below the root:
//
//	m.Raw.Value("CardId")
//	m.Raw.Value("ScanCodeInfo", "ScanType")
//	m.Raw.Value("SubscribeMsgPopupEvent", "List[2]", "TemplateId")
//
// If a parent has several elements of the same name, a number in brackets selects one of them,
// counted from 1. Without a number, Value returns the first match. Only for MsgId, MsgID,
// MsgDataId, Idx, BusinessId and Encrypt below the root, it returns the last match, as in the
// [Header]; [Parse] explains why. In JSON, an object is an element, and an array is a repeated element.
//
// Value reads the whole plaintext at each call, by the same rules as Parse. If the plaintext cannot
// be read to its end, Value reads the part before the error.
func (r Raw) Value(path ...string) string {
	if len(path) == 1 && lastCounts(path[0]) {
		last := ""
		r.find(path, func(text string) bool { last = text; return true })
		return last
	}
	first := ""
	r.find(path, func(text string) bool { first = text; return false })
	return first
}

// Values returns the texts of all elements at path, in the order of the document. An element that
// contains other elements has the text "". See [Raw.Value] for path.
func (r Raw) Values(path ...string) []string {
	var all []string
	r.find(path, func(text string) bool { all = append(all, text); return true })
	return all
}

// find calls yield with the text of each element to which path leads, until it returns false.
func (r Raw) find(path []string, yield func(text string) bool) {
	var d reader
	_ = d.read(r.text) // what comes before an error is there
	steps := make([]step, len(path))
	for i, p := range path {
		steps[i] = parseStep(p)
	}
	match := 0                 // how many steps of the path match the elements around the node
	var seen [maxDepth + 1]int // how many elements of a step's name its parent had until now
	for i := range d.count {
		n := d.node(i)
		if match = min(match, n.depth-1); match < n.depth-1 || match >= len(steps) || n.name != steps[match].name {
			continue
		}
		seen[match]++
		if at := steps[match].index; at != 0 && at != seen[match] {
			continue
		}
		match++
		seen[match] = 0
		if match == len(steps) && !yield(n.text) {
			return
		}
	}
}

// step is one part of a path.
type step struct {
	name  string
	index int // which of the elements of that name, from 1. 0 means each, and less means none
}

// parseStep reads a name, or a name with a number in brackets.
func parseStep(s string) step {
	name, digits, ok := strings.Cut(s, "[")
	if !ok {
		return step{name: s}
	}
	index, err := strconv.Atoi(strings.TrimSuffix(digits, "]"))
	if err != nil || index < 1 || !strings.HasSuffix(digits, "]") {
		index = -1
	}
	return step{name, index}
}

// String returns the size of r, such as "[312 bytes]".
func (r Raw) String() string { return fmt.Sprintf("[%d bytes]", len(r.text)) }

// Format prints the size of r, whatever the verb. It implements [fmt.Formatter].
func (r Raw) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue logs the size of r. It implements [slog.LogValuer].
func (r Raw) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns the size of r, so that JSON shows only the size. It implements
// [encoding.TextMarshaler].
func (r Raw) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
