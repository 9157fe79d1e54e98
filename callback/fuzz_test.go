package callback

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func FuzzParseXML(f *testing.F) {
	for _, tt := range bodies {
		f.Add([]byte(tt.xml))
	}
	f.Add([]byte(text("<Content>a<![CDATA[b]]>&lt;&#x4f60;<!-- c --><?d?></Content><E a='>'/>")))
	f.Add([]byte("<!DOCTYPE a>"))
	f.Add([]byte(text("<Content>\r\n\x00\xff</Content>")))
	f.Fuzz(checkParse)
}

func FuzzParseJSON(f *testing.F) {
	for _, tt := range bodies {
		f.Add([]byte(tt.json))
	}
	f.Add([]byte(`{"xml":{"MsgType":"text","Content":"\u0000\ud800"}}`))
	f.Add([]byte("{\"MsgType\":\"event\",\"Event\":\"subscribe_msg_sent_event\",\"List\":[[{\"a>b\":1}],null,\"\n\"]}"))
	f.Add([]byte(`{"MsgType":"event","Event":"subscribe_msg_sent_event","List>MsgID":1,"X":{"List>MsgID":{}}}`))
	f.Fuzz(checkParse)
}

// checkParse checks what holds for any body.
func checkParse(t *testing.T, body []byte) {
	before := bytes.Clone(body)
	m, err := Parse(body)
	require.Equal(t, before, body, "the body is only read")
	envelope, envelopeErr := ParseEnvelope(body)
	if err != nil {
		require.ErrorIs(t, err, ErrMalformed)
		require.Nil(t, m)
		return
	}
	require.True(t, envelopeErr == nil || errors.Is(envelopeErr, ErrMalformed))
	require.True(t, tidy(envelope.Encrypt))
	k, ok := m.(known)
	require.True(t, ok)
	require.Equal(t, string(body), m.Head().Raw.text)
	_ = m.Head().Raw.Values("SubscribeMsgSentEvent", "List", "MsgID")
	for name, value := range map[string]string{
		"ToUserName": m.Head().ToUserName, "FromUserName": m.Head().FromUserName, "MsgType": m.Head().MsgType, "MsgDataId": m.Head().MsgDataID,
	} {
		require.Equal(t, value, m.Head().Raw.Value(name), "one reader, one value")
	}
	if _, unknown := m.(*Unknown); !unknown {
		require.Equal(t, string(appendKind(nil, m.Head().MsgType, m.Head().Event)), k.kind())
	} else {
		_, typed := kinds[k.kind()]
		require.False(t, typed, "no handler of a struct takes it")
	}
	_, _ = appendIdentity(nil, m, body)
	raw := m.Head().Raw
	m.Head().Raw = Raw{}
	checkStrings(t, reflect.ValueOf(m).Elem())
	lent := bytes.Clone(body)
	m.Head().Raw = raw
	again, err := Parse(lent)
	require.NoError(t, err)
	sealed, _ := ParseEnvelope(lent)
	for i := range lent {
		lent[i] = '!' // nothing of it is kept
	}
	require.Equal(t, m, again)
	require.Equal(t, envelope, sealed)
}

// checkStrings checks that no string in v has what XML or a database could not hold.
func checkStrings(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		require.True(t, tidy(strings.ReplaceAll(v.String(), "\r", "")), "%q", v)
		require.True(t, utf8.ValidString(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			checkStrings(t, v.Field(i))
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				checkStrings(t, v.Index(i))
			}
		}
	}
}

// flat is a message without nested elements, as encoding/xml reads it.
type flat struct {
	stdHead
	Content string
	MenuID  string `xml:"bizmsgmenuid"`
	places

	Scale                                          int
	FileTotalLen, ExpiredTime, FailTime            int64
	TotalCount, FilterCount, SentCount, ErrorCount int
}

// places are the decimal numbers of flat messages.
type places struct {
	Latitude, Longitude, Precision float64
	Location_X, Location_Y         float64
}

// finite reports whether all of p are numbers that one can reckon with.
func (p places) finite() bool {
	for _, f := range []float64{p.Latitude, p.Longitude, p.Precision, p.Location_X, p.Location_Y} {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}

// FuzzDifferential checks that ours reads the same values as encoding/xml from every flat
// document that the latter accepts.
func FuzzDifferential(f *testing.F) {
	for _, tt := range bodies {
		f.Add([]byte(tt.xml))
	}
	f.Add([]byte(benchLocation))
	f.Add([]byte(text("<Content>a<![CDATA[\r\nb]]>&lt;\r&#x4f60;&#13;&#000000000000000000065;<!-- c --><?d?>e</Content><Idx> 3\n</Idx>")))
	f.Add([]byte(text(`<Content a="/>" b='"'>x</Content ><CreateTime>+5</CreateTime><MsgId></MsgId>`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		if !isFlat(body) {
			return
		}
		var want flat
		if xml.Unmarshal(body, &want) != nil || !want.finite() {
			return
		}
		for _, s := range []*string{&want.ToUserName, &want.FromUserName, &want.MsgType, &want.Event, &want.MsgDataID} {
			*s = strings.TrimSpace(*s)
		}
		if want.MsgType == "" {
			return
		}
		if !strings.EqualFold(want.MsgType, "event") {
			want.Event = ""
		}
		got, err := Parse(body)
		require.NoError(t, err)
		want.Raw = got.Head().Raw
		require.Equal(t, Header(want.stdHead), *got.Head())
		switch m := got.(type) {
		case *TextMessage:
			require.Equal(t, want.Content, m.Content)
			require.Equal(t, want.MenuID, m.MenuID)
		case *LocationEvent:
			require.Equal(t, [3]float64{want.Latitude, want.Longitude, want.Precision}, [3]float64{m.Latitude, m.Longitude, m.Precision})
		case *LocationMessage:
			require.Equal(t, places{Location_X: m.Latitude, Location_Y: m.Longitude},
				places{Location_X: want.Location_X, Location_Y: want.Location_Y})
			require.Equal(t, want.Scale, m.Scale)
		case *FileMessage:
			require.Equal(t, want.FileTotalLen, m.FileSize)
		}
	})
}

// isFlat reports whether encoding/xml takes body for one element with elements in it that have
// only text, each once, and whether it is a document of the platform's dialect otherwise: CDATA
// that fills its element, no names with a colon, nothing but blanks around the root, no MsgID,
// which is another name of MsgId for us.
func isFlat(body []byte) bool {
	whole := regexp.MustCompile(`[^/]><!\[CDATA\[[^]]*\]\]></`).FindAll(body, -1)
	if len(whole) != bytes.Count(body, []byte(cdataStart)) || len(whole) != bytes.Count(body, []byte(cdataEnd)) {
		return false
	}
	names := map[string]bool{}
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\uFEFF"))))
	depth, roots, elements := 0, 0, 0
	for {
		token, err := d.Token()
		if err != nil {
			return err == io.EOF && roots == 1 && elements < maxNodes
		}
		switch v := token.(type) {
		case xml.Directive:
			return false
		case xml.CharData:
			if depth == 0 && len(bytes.Trim(v, " \t\r\n")) > 0 {
				return false
			}
		case xml.StartElement:
			depth++
			elements++
			if depth == 1 {
				roots++
			}
			if depth > 2 || v.Name.Space != "" || strings.Contains(v.Name.Local, ":") || v.Name.Local == "MsgID" || names[v.Name.Local] {
				return false
			}
			names[v.Name.Local] = true
		case xml.EndElement:
			depth--
		}
	}
}

// FuzzDifferentialJSON checks that ours reads every object that package json accepts, and the same
// texts in it.
func FuzzDifferentialJSON(f *testing.F) {
	for _, tt := range bodies {
		f.Add([]byte(tt.json))
	}
	f.Add([]byte(`{"A":"\ud83d\ude00\ud83d\u0041\/\b\f\n\r\t\u0000","B":[[],{},[{"A":"x"}],1e5,null,true],"C":{"A":""},"":"a"," D ":"b"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var want map[string]any
		if json.Unmarshal(body, &want) != nil || want == nil || bytes.HasPrefix(body, []byte(bom)) {
			return
		}
		err := new(reader).read(string(body))
		if err != nil && (errors.Is(err, errDeep) || strings.Contains(err.Error(), "4096")) {
			return
		}
		require.NoError(t, err)
		raw := Raw{string(body)}
		for name, value := range want {
			text, ok := value.(string)
			if !ok || strings.ContainsAny(name, ">[") || !tidy(name) || trimBlanks(name) != name || name == "xml" {
				continue
			}
			values := raw.Values(name)
			if lastCounts(name) || len(values) != 1 || want["xml"] != nil {
				continue // of several, package json has the last
			}
			if trimBlanks(text) != text && raw.Value(name) == trimBlanks(clean(text)) {
				continue // a value of the Header
			}
			require.Equal(t, []string{clean(text)}, values, name)
		}
	})
}

// FuzzOpen opens what is not encrypted at all, and what was encrypted in any layout.
func FuzzOpen(f *testing.F) {
	for _, v := range readVectors(f).AES {
		f.Add(v.Encrypt, []byte(v.Plaintext))
	}
	for _, v := range readVectors(f).Negative {
		f.Add(v.Encrypt, []byte{})
	}
	f.Add("", layout(4, "good", testAppID, repeated(22, 22)...))
	f.Add("AAAA", layout(1<<32-1, "good", testAppID, repeated(22, 22)...))
	c := newTestCrypter(f, Account{AppID: testAppID, Token: testToken, AESKey: testKey, PreviousAESKey: testOldKey})
	f.Fuzz(func(t *testing.T, encrypt string, text []byte) {
		inputs := []string{encrypt}
		if len(text) > 0 && len(text)%16 == 0 {
			inputs = append(inputs, seal(c, text))
		}
		for _, in := range inputs {
			got, sealer, err := c.Open([]byte("x"), Signature(testToken, "1", "2", in), "1", "2", in)
			if err != nil {
				require.True(t, err == ErrDecrypt || err == ErrAppID)
				require.Equal(t, "x", string(got))
				require.Zero(t, sealer)
			}
			_, _, err = c.Open(nil, Signature(testOldToken, "1", "2", in), "1", "2", in)
			require.Equal(t, ErrSignature, err)
		}
		e, err := ParseEnvelope(c.Sealer().Seal(nil, XML, text, 1, encrypt))
		require.NoError(t, err)
		got, _, err := c.Open(nil, Signature(testToken, "1", "2", e.Encrypt), "1", "2", e.Encrypt)
		require.NoError(t, err)
		require.True(t, bytes.Equal(text, got))
	})
}

// FuzzReply checks that encoding/xml reads the values that were encoded, and our own parser those
// of a text in JSON.
func FuzzReply(f *testing.F) {
	f.Add(uint8(0), "oUSER", "您好]]>\r\n\x00", "", "", "")
	f.Add(uint8(5), "o]]>", "a", "b&lt;", "]]]]>>", "\xff\xfe")
	for kind := range uint8(7) {
		f.Add(kind, "<o>", "1", "2", "3", "4")
	}
	f.Fuzz(func(t *testing.T, kind uint8, to, a, b, c, d string) {
		r := []Reply{
			Text{a}, Image{a}, Voice{a}, Video{MediaID: a, Title: b, Description: c}, Music{a, b, c, d, a + b},
			News{[]Article{{a, b, c, d}, {b + "t", c, d, a}}}, Transfer{a},
		}[kind%7]
		in := &Header{ToUserName: "gh_1", FromUserName: to, MsgType: "event"}
		encoded, err := AppendReply(nil, JSON, in, r, replyTime)
		if err != nil {
			require.ErrorIs(t, err, ErrReply)
			return
		}
		back := readBack(t, in, r)
		assert.Equal(t, normalize(to), back.ToUserName)
		assert.Equal(t, normalized(r), back.reply())
		m, err := Parse(encoded)
		require.NoError(t, err)
		if text, ok := r.(Text); ok {
			assert.Equal(t, normalize(text.Content), m.(*TextMessage).Content)
		}
	})
}

// normalized returns r with what XML does to its texts.
func normalized(r Reply) Reply {
	v := reflect.New(reflect.TypeOf(r)).Elem()
	v.Set(reflect.ValueOf(r))
	for i := range v.NumField() {
		if field := v.Field(i); field.Kind() == reflect.String {
			field.SetString(normalize(field.String()))
		}
	}
	if news, ok := v.Interface().(News); ok {
		for i, a := range news.Articles {
			news.Articles[i] = Article{normalize(a.Title), normalize(a.Description), normalize(a.PicURL), normalize(a.URL)}
		}
	}
	return v.Interface().(Reply)
}
