package wechattest_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/wechat/wechattest"
)

// followersTexts are what people, and their speech recognition, maps and QR codes, have written.
var followersTexts = []string{
	"",
	"]]>",
	"a]]>b",
	"]]]]>",
	"]]]]><![CDATA[>",
	"x]]></Content><FromUserName><![CDATA[oVICTIM]]></FromUserName><Content><![CDATA[解绑",
	"]]></Content></xml>",
	"</xml>",
	"}",
	`{"a":1}`,
	"<?xml version=\"1.0\"?><a><![CDATA[x]]></a>",
	"&lt;&amp; &#0; < > &",
	"\x00\x01\x02\x08\x0b\x0c\x0e\x10\x1d\x1f\x7f",
	"\t\r\n a\r\nb ",
	"🎉👨‍👩‍👧‍👦 \u200b\u2028\ufffe\uffff",
	"broken \xff\xc3\x28 UTF-8 \xe7",
	`"quotes" \ \u0000 \x`,
	strings.Repeat("长", 700),
}

// wireOf pushes p and returns the query and body that came, and the plaintext in it.
func wireOf(t *testing.T, c wechattest.Callback, p wechattest.Push) (query url.Values, body, plain string) {
	t.Helper()
	s := wechattest.NewServer(wechattest.InMemory())
	defer s.Close() // there are many
	h := &asked{answer: "success"}
	c.Handler, c.OriginalID, c.Token = h, "gh_x", pushToken
	if c.Mode == wechattest.Safe || c.Mode == wechattest.Compatible {
		c.AESKey = pushKey
	}
	s.SetCallback(c)
	_, err := s.Push(t.Context(), p)
	require.NoError(t, err)
	_, raw, _ := strings.Cut(h.requests[0], "?")
	query, err = url.ParseQuery(raw)
	require.NoError(t, err)
	body = h.bodies[0]
	encrypt := lastEncrypt(body)
	if c.AESKey == "" {
		return query, body, body
	}
	crypter, err := callback.NewCrypter(callback.Account{AppID: s.AppID, Token: pushToken, AESKey: pushKey})
	require.NoError(t, err)
	opened, _, err := crypter.Open(nil, query.Get("msg_signature"), query.Get("timestamp"), query.Get("nonce"), encrypt)
	require.NoError(t, err)
	return query, body, string(opened)
}

// lastEncrypt reads the ciphertext without any parser.
func lastEncrypt(body string) string {
	for _, mark := range []string{"<Encrypt><![CDATA[", `"Encrypt":"`} {
		if at := strings.LastIndex(body, mark); at >= 0 {
			text := body[at+len(mark):]
			return text[:strings.IndexAny(text, `]"`)]
		}
	}
	return ""
}

// pushesOf are pushes that carry text in each of the ways there are.
func pushesOf(text string) map[string]wechattest.Push {
	element := func(name string) wechattest.Element { return wechattest.Element{Name: name, Value: text} }
	voice := wechattest.Push{From: "o", Type: "voice", ID: 7, Elements: []wechattest.Element{{Name: "MediaId", Value: "M"}, element("Recognition")}}
	scan := wechattest.Event("o", "scancode_waitmsg", wechattest.Element{Name: "ScanCodeInfo", Value: []wechattest.Element{{Name: "ScanType", Value: "qrcode"}, element("ScanResult")}})
	all := map[string]wechattest.Push{
		"text": wechattest.Text("o", text), "place": wechattest.Location("o", 1, 2, text), "voice": voice, "scan": scan,
		"key": wechattest.Click("o", text), "picture": wechattest.Image("o", text, "M"), "scene": wechattest.Subscribe("o", text),
		"sender": wechattest.Text(text, "x"), "name": wechattest.Event("o", text),
	}
	for name, p := range all {
		p.Time = time.Unix(1700000000, 0)
		if p.Type != "" {
			p.ID = 7
		}
		all[name] = p
	}
	return all
}

const (
	messageHead = "<xml><ToUserName><![CDATA[gh_x]]></ToUserName><FromUserName><![CDATA[o]]></FromUserName><CreateTime>1700000000</CreateTime><MsgType><![CDATA["
	eventHead   = messageHead + "event]]></MsgType><Event><![CDATA["
)

// rawXML is what each of pushesOf is in XML.
func rawXML(text string) map[string]string {
	scene := "]]></EventKey></xml>"
	if text != "" {
		scene = "qrscene_" + text + "]]></EventKey><Ticket><![CDATA[TICKET]]></Ticket></xml>"
	}
	return map[string]string{
		"text":    messageHead + "text]]></MsgType><Content><![CDATA[" + text + "]]></Content><MsgId>7</MsgId></xml>",
		"place":   messageHead + "location]]></MsgType><Location_X>1</Location_X><Location_Y>2</Location_Y><Scale>20</Scale><Label><![CDATA[" + text + "]]></Label><MsgId>7</MsgId></xml>",
		"voice":   messageHead + "voice]]></MsgType><MediaId><![CDATA[M]]></MediaId><Recognition><![CDATA[" + text + "]]></Recognition><MsgId>7</MsgId></xml>",
		"scan":    eventHead + "scancode_waitmsg]]></Event><ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[" + text + "]]></ScanResult></ScanCodeInfo></xml>",
		"key":     eventHead + "CLICK]]></Event><EventKey><![CDATA[" + text + "]]></EventKey></xml>",
		"picture": messageHead + "image]]></MsgType><PicUrl><![CDATA[" + text + "]]></PicUrl><MediaId><![CDATA[M]]></MediaId><MsgId>7</MsgId></xml>",
		"scene":   eventHead + "subscribe]]></Event><EventKey><![CDATA[" + scene,
		"sender":  strings.Replace(messageHead, "[o]", "["+text+"]", 1) + "text]]></MsgType><Content><![CDATA[x]]></Content><MsgId>7</MsgId></xml>",
		"name":    eventHead + text + "]]></Event></xml>",
	}
}

// TestTextsAreRaw has what a follower typed stand in the XML as it is, in every mode, and the
// ciphertext of the compatible mode come last.
func TestTextsAreRaw(t *testing.T) {
	t.Parallel()
	for _, text := range followersTexts {
		for kind, want := range rawXML(text) {
			p := pushesOf(text)[kind]
			_, body, _ := wireOf(t, wechattest.Callback{}, p)
			assert.Equal(t, want, body, kind)
			_, _, plain := wireOf(t, wechattest.Callback{Mode: wechattest.Safe}, p)
			assert.Equal(t, want, plain, kind)
			_, body, plain = wireOf(t, wechattest.Callback{Mode: wechattest.Compatible}, p)
			assert.Equal(t, want, plain, kind)
			assert.Equal(t, strings.TrimSuffix(want, "</xml>")+"<Encrypt><![CDATA["+lastEncrypt(body)+"]]></Encrypt></xml>", body, kind)
		}
	}
}

// TestTextsInJSON has the same texts escaped.
func TestTextsInJSON(t *testing.T) {
	t.Parallel()
	for _, text := range followersTexts {
		for kind, p := range pushesOf(text) {
			for _, mode := range []wechattest.Mode{wechattest.Plain, wechattest.Compatible, wechattest.Safe} {
				_, body, plain := wireOf(t, wechattest.Callback{Mode: mode, Format: callback.JSON}, p)
				require.True(t, json.Valid([]byte(body)), body)
				require.True(t, json.Valid([]byte(plain)), plain)
				if mode == wechattest.Compatible {
					assert.Equal(t, strings.TrimSuffix(plain, "}")+`,"Encrypt":"`+lastEncrypt(body)+`"}`, body)
				}
				if kind != "text" || !utf8.ValidString(text) {
					continue
				}
				var m struct{ Content string }
				require.NoError(t, json.Unmarshal([]byte(plain), &m))
				assert.Equal(t, text, m.Content)
			}
		}
	}
}

// TestNamesInJSON has names of elements that are no plain words.
func TestNamesInJSON(t *testing.T) {
	t.Parallel()
	for _, name := range []string{" OpenID", "a\"b", "\x00\x07", "名\u2028", `\x`} {
		_, body, _ := wireOf(t, wechattest.Callback{Format: callback.JSON}, wechattest.Event("o", "x", wechattest.Element{Name: name, Value: "v"}))
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(body), &m), body)
		assert.Equal(t, "v", m[name])
	}
}

// TestOrderOfElements has what WeChat writes last come last, whatever the order of Elements.
func TestOrderOfElements(t *testing.T) {
	t.Parallel()
	tail := []wechattest.Element{{Name: "BusinessId", Value: 1}, {Name: "bizmsgmenuid", Value: 101}, {Name: "Idx", Value: 1}, {Name: "MsgDataId", Value: "D"}, {Name: "New", Value: "n"}}
	p := wechattest.Text("o", "x")
	p.ID, p.Time = 7, time.Unix(1700000000, 0)
	p.Elements = append(tail, p.Elements...)
	before := append([]wechattest.Element(nil), p.Elements...)
	_, body, _ := wireOf(t, wechattest.Callback{}, p)
	assert.Equal(t, messageHead+"text]]></MsgType><New><![CDATA[n]]></New><Content><![CDATA[x]]></Content><MsgId>7</MsgId><MsgDataId><![CDATA[D]]></MsgDataId><Idx>1</Idx><bizmsgmenuid>101</bizmsgmenuid><BusinessId>1</BusinessId></xml>", body)
	assert.Equal(t, before, p.Elements, "the caller's own are left alone")

	p = wechattest.Text("o", "x")
	p.Time = time.Unix(1700000000, 0)
	p.Elements = append([]wechattest.Element{{Name: "MsgId", Value: "49d72d67_1555"}}, p.Elements...)
	_, body, _ = wireOf(t, wechattest.Callback{}, p)
	assert.Equal(t, messageHead+"text]]></MsgType><Content><![CDATA[x]]></Content><MsgId><![CDATA[49d72d67_1555]]></MsgId></xml>", body, "no second id")
}
