package callback

import (
	"encoding/xml"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	benchText = "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName>\n" +
		"<FromUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></FromUserName>\n" +
		"<CreateTime>1395658920</CreateTime>\n" +
		"<MsgType><![CDATA[text]]></MsgType>\n" +
		"<Content><![CDATA[照片 please]]></Content>\n" +
		"<MsgId>1234567890123456</MsgId>\n</xml>"
	benchLocation = "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName>\n" +
		"<FromUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></FromUserName>\n" +
		"<CreateTime>1395658920</CreateTime>\n" +
		"<MsgType><![CDATA[event]]></MsgType>\n" +
		"<Event><![CDATA[LOCATION]]></Event>\n" +
		"<Latitude>23.137466</Latitude>\n" +
		"<Longitude>113.352425</Longitude>\n" +
		"<Precision>119.385040</Precision>\n</xml>"
)

// BenchmarkParse parses a text message and a location event. The floor is one pass over one copy
// that knows nothing of the kinds of messages and trusts what it reads.
func BenchmarkParse(b *testing.B) {
	for _, kind := range []struct {
		name, body string
		floor, std func([]byte) (Message, error)
	}{
		{"text", benchText, floorText, stdText},
		{"location", benchLocation, floorLocation, stdLocation},
	} {
		body := []byte(kind.body)
		want, err := Parse(body)
		require.NoError(b, err)
		for _, impl := range []struct {
			name  string
			parse func([]byte) (Message, error)
		}{{"floor", kind.floor}, {"wxhome", Parse}, {"encoding-xml", kind.std}} {
			got, err := impl.parse(body)
			require.NoError(b, err)
			require.Equal(b, want, got, "all do the same work")
			b.Run(kind.name+"/impl="+impl.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := impl.parse(body); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// floorScan hands each element of doc, which is flat, to set.
func floorScan(doc string, set func(name, text string)) {
	doc = doc[len("<xml>"):]
	for {
		doc = doc[strings.IndexByte(doc, '<')+1:]
		end := strings.IndexByte(doc, '>')
		name := doc[:end]
		if name[0] == '/' {
			return
		}
		doc = doc[end+1:]
		if doc[0] == '<' {
			end = strings.Index(doc, "]]>")
			set(name, doc[len("<![CDATA["):end])
			doc = doc[end+len("]]></")+len(name)+1:]
		} else {
			end = strings.IndexByte(doc, '<')
			set(name, doc[:end])
			doc = doc[end+len("</")+len(name)+1:]
		}
	}
}

func floorHead(h *Header, name, text string) {
	switch name {
	case "ToUserName":
		h.ToUserName = text
	case "FromUserName":
		h.FromUserName = text
	case "CreateTime":
		h.CreateTime, _ = strconv.ParseInt(text, 10, 64)
	case "MsgType":
		h.MsgType = text
	case "Event":
		h.Event = text
	case "MsgId":
		h.MsgID, _ = strconv.ParseInt(text, 10, 64)
	}
}

func floorText(body []byte) (Message, error) {
	m := new(TextMessage)
	floorScan(string(body), func(name, text string) {
		if name == "Content" {
			m.Content = text
			return
		}
		floorHead(&m.Header, name, text)
	})
	return m, nil
}

func floorLocation(body []byte) (Message, error) {
	m := new(LocationEvent)
	floorScan(string(body), func(name, text string) {
		switch name {
		case "Latitude":
			m.Latitude, _ = strconv.ParseFloat(text, 64)
		case "Longitude":
			m.Longitude, _ = strconv.ParseFloat(text, 64)
		case "Precision":
			m.Precision, _ = strconv.ParseFloat(text, 64)
		default:
			floorHead(&m.Header, name, text)
		}
	})
	return m, nil
}

// stdHead has the Header's fields under the names that they have on the wire.
type stdHead struct {
	ToUserName   string
	FromUserName string
	CreateTime   int64
	MsgType      string
	Event        string
	MsgID        int64  `xml:"MsgId"`
	MsgDataID    string `xml:"MsgDataId"`
	Idx          int
}

func stdText(body []byte) (Message, error) {
	var in struct {
		stdHead
		Content string
		MenuID  string `xml:"bizmsgmenuid"`
	}
	err := xml.Unmarshal(body, &in)
	return &TextMessage{Header: Header(in.stdHead), Content: in.Content, MenuID: in.MenuID}, err
}

func stdLocation(body []byte) (Message, error) {
	var in struct {
		stdHead
		Latitude, Longitude, Precision float64
	}
	err := xml.Unmarshal(body, &in)
	return &LocationEvent{Header(in.stdHead), in.Latitude, in.Longitude, in.Precision}, err
}
