package wechattest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
)

// A Push is a message or an event on its way to an account (消息与事件推送), for [Account.Push].
// Make one with [Text], [Event] and their siblings, or as a literal.
type Push struct {
	From     string    // the follower's openid
	Type     string    // MsgType; empty: event
	Event    string    // the event's name
	ID       int64     // MsgId; 0: a new one for a message, none for an event. Repeats have the same.
	Time     time.Time // CreateTime; zero: the server's time
	Elements []Element // what there is besides, in this order

	// Body is pushed as it is, encrypted where the mode asks, in place of all the above.
	Body []byte
}

// An Element is an element of a [Push]. Value is a string, which is sent as CDATA, an int, an
// int64 or a float64, which are sent bare, or []Element.
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

// elements returns all of p in the platform's order.
func (p Push) elements(to string) []Element {
	all := []Element{{"ToUserName", to}, {"FromUserName", p.From}, {"CreateTime", p.Time.Unix()}}
	if p.isEvent() {
		all = append(all, Element{"MsgType", "event"}, Element{"Event", p.Event})
	} else {
		all = append(all, Element{"MsgType", p.Type})
	}
	all = append(all, p.Elements...)
	if p.ID != 0 {
		all = append(all, Element{"MsgId", p.ID})
	}
	return all
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
			dst = append(dst, strings.ReplaceAll(v, "]]>", "]]]]><![CDATA[>")...)
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
			value, _ = json.Marshal(v)
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
		dst = append(strconv.AppendQuote(dst, name), ':')
		dst = appendValues(dst, values[name])
	}
	return append(dst, '}')
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
