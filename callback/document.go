package callback

// What a body may have at most. The platform's own stay far below.
const (
	maxDepth = 16   // levels of elements below the root; the deepest that is known has 5
	maxNodes = 4096 // elements
	maxPath  = 128  // bytes of the names that lead to an element; the longest known has 58
)

// document is a body that was read and not yet given its type.
type document struct {
	head    Header
	routed  routed     // which elements of head have come
	texts   *kindTexts // what people write in a message of this kind, once that is known
	encrypt [2]int     // where the last Encrypt below the root begins and ends
	few     [12]node   // the first nodes in the order of the document
	more    []node     // the others
	count   int        // of all nodes
}

// node is an element below the root.
type node struct {
	name  string
	text  string // empty for an element with others in it
	depth int    // 1 below the root
	head  bool   // the Header has a field for it
}

// node returns the node number i. It is valid until the next one is added.
func (d *document) node(i int) *node {
	if i < len(d.few) {
		return &d.few[i]
	}
	return &d.more[i-len(d.few)]
}

// begin adds a node whose text is not known yet, and returns its number. The nodes in it follow.
func (d *document) begin(depth int, name string) (int, error) {
	i := d.count
	switch {
	case i == maxNodes:
		return 0, malformed("it has more than 4096 elements")
	case i < len(d.few):
		d.few[i].name, d.few[i].depth = name, depth
	default:
		d.more = append(d.more, node{name: name, depth: depth})
	}
	d.count++
	return i, nil
}

// complete gives node i its text. Start and end are where its element stands in the body.
func (d *document) complete(i int, text string, start, end int) {
	n := d.node(i)
	n.text = text
	if n.depth == 1 {
		n.head = d.header(n)
		if n.name == "Encrypt" {
			d.encrypt = [2]int{start, end}
		}
	}
}

// routed is a set of the elements that say whose message it is and what.
type routed uint8

const (
	seenTo routed = 1 << iota
	seenFrom
	seenTime
	seenType
	seenEvent
)

// first reports whether r comes for the first time. A second one is what a follower wrote, and
// does not count. See [Parse].
func (d *document) first(r routed) bool {
	if d.routed&r != 0 {
		return false
	}
	d.routed |= r
	return true
}

// header stores n in the Header, and reports whether the Header has a field for it. Blanks around
// its text come from a pretty-printer and are cut off.
func (d *document) header(n *node) bool {
	h, text := &d.head, trimBlanks(n.text)
	switch n.name {
	case "ToUserName":
		d.route(seenTo, &h.ToUserName, text)
	case "FromUserName":
		d.route(seenFrom, &h.FromUserName, text)
	case "CreateTime":
		if d.first(seenTime) {
			h.CreateTime = number[int64](text)
		}
	case "MsgType":
		d.route(seenType, &h.MsgType, text)
	case "Event":
		d.route(seenEvent, &h.Event, text)
	case "MsgId", "MsgID":
		h.MsgID = number[int64](text)
	case "MsgDataId":
		h.MsgDataID = text
	case "Idx":
		h.Idx = number[int](text)
	case "BusinessId":
		h.BusinessID = number[int64](text)
	case "Encrypt":
	default:
		return false
	}
	n.text = text
	return true
}

// route stores text in field if r comes for the first time.
func (d *document) route(r routed, field *string, text string) {
	if !d.first(r) {
		return
	}
	*field = text
	if r == seenType || r == seenEvent {
		d.texts = textsOf(&d.head)
	}
}
