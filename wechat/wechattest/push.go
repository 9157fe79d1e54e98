package wechattest

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
)

// A Push is a message or an event on its way to an account (消息与事件推送), for [Account.Push].
// Make one with [Text], [Event] and their siblings, or as a literal.
type Push struct {
	From  string // the follower's openid
	Type  string // MsgType; empty: event
	Event string // the event's name
	// ID is MsgId, which repeats have too. 0: a new one for a message, from 23637352235060881
	// on, and none for an event.
	ID   int64
	Time time.Time // CreateTime; zero: the server's time
	// Elements are what there is besides, in this order, but that MsgId, MsgDataId, Idx,
	// bizmsgmenuid and BusinessId come last, as WeChat has them. A MsgId among them takes the place
	// of ID.
	Elements []Element

	// Body is pushed byte for byte in place of all the above, signed and encrypted where the mode
	// asks. It may be any XML or JSON, malformed too. In the compatible mode Encrypt is put in
	// front of the last </xml> or }, or at the end if there is none. Nil: none.
	//
	// From, Type and Event then say what WeChat knows of the push. From is the openid in the query
	// and the receiver of a reply. Type decides whether the follower is told of a failure. What
	// the three say has its effect on the follower. If From is empty, or Type and Event are, the
	// simulation reads them from the Body where it can, and the follower is not affected. Set From
	// for a malformed Body, and for a text that pretends to come from somebody else.
	Body []byte
}

// An Element is an element of a [Push]. Value is a string, which is sent as CDATA, an int, an
// int64 or a float64, which are sent bare, or []Element.
//
// In XML a string stands in its CDATA as it is, as WeChat writes what a follower typed: ]]> is
// not split and control characters are not dropped, so that it can end its element and begin
// others. In JSON it is escaped.
type Element struct {
	Name  string // as the platform spells it
	Value any    // of one of the types above
}

// Text is a text message (文本消息).
func Text(from, content string) Push {
	return Push{From: from, Type: "text", Elements: []Element{{"Content", content}}}
}

// Image is a picture (图片消息).
func Image(from, picURL, mediaID string) Push {
	return Push{From: from, Type: "image", Elements: []Element{{"PicUrl", picURL}, {"MediaId", mediaID}}}
}

// Location is a place (地理位置消息).
func Location(from string, latitude, longitude float64, label string) Push {
	return Push{From: from, Type: "location", Elements: []Element{
		{"Location_X", latitude}, {"Location_Y", longitude}, {"Scale", 20}, {"Label", label},
	}}
}

// Event is an event (事件) of any name, such as CLICK.
func Event(from, name string, elements ...Element) Push {
	return Push{From: from, Event: name, Elements: elements}
}

// Click is a click on a menu item with a key (点击菜单).
func Click(from, key string) Push { return Event(from, "CLICK", Element{"EventKey", key}) }

// Subscribe is a new follower (关注), who follows the account from then on. A scene says that
// a QR code with parameters was scanned.
func Subscribe(from, scene string) Push {
	if scene == "" {
		return Event(from, "subscribe", Element{"EventKey", ""})
	}
	return Event(from, "subscribe", Element{"EventKey", "qrscene_" + scene}, Element{"Ticket", "TICKET"})
}

// Unsubscribe is a follower who leaves (取消关注), and does not follow the account from then on.
func Unsubscribe(from string) Push { return Event(from, "unsubscribe", Element{"EventKey", ""}) }

// Receipt is the receipt of a template message (模板消息送达), [Account.SendReceipts] sends them
// by itself.
func Receipt(to string, msgID int64, status callback.DeliveryStatus) Push {
	if status == callback.StatusFailed {
		status = "failed: system failed" // the platform's own spelling has a blank here alone
	}
	return Event(to, "TEMPLATESENDJOBFINISH", Element{"MsgID", msgID}, Element{"Status", string(status)})
}

// isEvent reports whether p is an event rather than a message.
func (p Push) isEvent() bool { return p.Type == "" || p.Type == "event" }

// is reports whether p is the event of that name.
func (p Push) is(event string) bool { return p.isEvent() && strings.EqualFold(p.Event, event) }

// known returns p with what WeChat knows of it: where a test has pushed a Body and named no From or
// Type, what can be read of them. account is who the Body says that it is for; empty: it says none.
func (p Push) known() (known Push, account string) {
	if p.Body == nil {
		return p, ""
	}
	m, err := callback.Parse(p.Body)
	if err != nil {
		return p, ""
	}
	head := m.Head()
	fill(&p.From, head.FromUserName)
	if p.Type == "" && p.Event == "" {
		p.Type, p.Event = head.MsgType, head.Event
	}
	return p, head.ToUserName
}

// elements returns all of p in the platform's order.
func (p Push) elements(to string) []Element {
	all := []Element{{"ToUserName", to}, {"FromUserName", p.From}, {"CreateTime", p.Time.Unix()}}
	if p.isEvent() {
		all = append(all, Element{"MsgType", "event"}, Element{"Event", p.Event})
	} else {
		all = append(all, Element{"MsgType", p.Type})
	}
	fields := slices.Clone(p.Elements)
	if p.ID != 0 {
		fields = append(fields, Element{"MsgId", p.ID})
	}
	slices.SortStableFunc(fields, func(a, b Element) int { return cmp.Compare(a.place(), b.place()) })
	return append(all, fields...)
}

// place is where an element stands behind the routing ones: 0 for those of the type.
func (e Element) place() int {
	switch e.Name {
	case "MsgId":
		return 1
	case "MsgDataId":
		return 2
	case "Idx":
		return 3
	case "bizmsgmenuid":
		return 4
	case "BusinessId":
		return 5
	}
	return 0
}

// has reports whether there is an element of that name.
func (p Push) has(name string) bool {
	return slices.ContainsFunc(p.Elements, func(e Element) bool { return e.Name == name })
}

// encode writes elements in a format.
func encodeElements(format callback.Format, elements []Element) []byte {
	if format == callback.JSON {
		return appendObject(nil, elements)
	}
	return append(appendXML([]byte("<xml>"), elements), "</xml>"...)
}

func appendXML(dst []byte, elements []Element) []byte {
	for _, e := range elements {
		dst = append(append(append(dst, '<'), e.Name...), '>')
		switch v := e.Value.(type) {
		case []Element:
			dst = appendXML(dst, v)
		case string:
			dst = append(dst, "<![CDATA["...)
			dst = append(dst, v...)
			dst = append(dst, "]]>"...)
		default:
			dst = append(dst, number(v)...)
		}
		dst = append(append(append(dst, "</"...), e.Name...), '>')
	}
	return dst
}

// appendObject writes elements as JSON: several of one name are an array, one is not.
func appendObject(dst []byte, elements []Element) []byte {
	var names []string
	values := make(map[string][][]byte)
	for _, e := range elements {
		if values[e.Name] == nil {
			names = append(names, e.Name)
		}
		var value []byte
		switch v := e.Value.(type) {
		case []Element:
			value = appendObject(nil, v)
		case string:
			value = quote(v)
		default:
			value = []byte(number(v))
		}
		values[e.Name] = append(values[e.Name], value)
	}
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, quote(name)...), ':')
		dst = appendValues(dst, values[name])
	}
	return append(dst, '}')
}

// quote writes a JSON string.
func quote(s string) []byte {
	quoted, _ := json.Marshal(s) // never fails for a string
	return quoted
}

func appendValues(dst []byte, values [][]byte) []byte {
	if len(values) == 1 {
		return append(dst, values[0]...)
	}
	dst = append(dst, '[')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, v...)
	}
	return append(dst, ']')
}

// number writes a bare value.
func number(v any) string {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	panic(fmt.Sprintf("wechattest: an Element of type %T; strings, ints, int64s, float64s and []Element can be sent", v))
}

// An answer is the XML or JSON with which a push was answered, before it is looked at closely.
type answer struct {
	XMLName      xml.Name `xml:"xml" json:"-"`
	ToUserName   string
	FromUserName string
	CreateTime   json.Number
	MsgType      string
	Content      *string
	Image, Voice *struct {
		MediaID string `xml:"MediaId" json:"MediaId"`
	}
	Video *struct {
		MediaID            string `xml:"MediaId" json:"MediaId"`
		Title, Description string
	}
	Music *struct {
		Title, Description string
		URL                string `xml:"MusicUrl" json:"MusicUrl"`
		HQURL              string `xml:"HQMusicUrl" json:"HQMusicUrl"`
		ThumbMediaID       string `xml:"ThumbMediaId" json:"ThumbMediaId"`
	}
	ArticleCount *int
	Articles     *struct {
		Item []articleAnswer `xml:"item" json:"item"`
	}
	TransInfo *struct{ KfAccount string }

	Encrypt      string
	MsgSignature string
	TimeStamp    json.Number
	Nonce        string
}

type articleAnswer struct {
	Title, Description string
	PicURL             string `xml:"PicUrl" json:"PicUrl"`
	URL                string `xml:"Url" json:"Url"`
}
