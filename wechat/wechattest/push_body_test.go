package wechattest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// oddBodies are bodies that no parser reads, and some that one does.
var oddBodies = []string{
	"",
	" ",
	"\x00",
	"\xff\xfe<xml></xml>",
	"CheckContainerPath",
	"<xml>as it is",
	"<xml></xml>",
	"<xml></xml>\n",
	"<xml><Content><![CDATA[</xml>]]></Content></xml>\r\n<!-- behind -->",
	"<xml><Content><![CDATA[</xml>",
	"<xml><a/><Encrypt>not the last</Encrypt></xml >",
	"\ufeff<xml></xml>",
	strings.Repeat("<a>", 1000),
	"{",
	"{}",
	" { } ",
	"{\"a\":\"}\"}\n",
	`{"a":[1,{"b":2}]}`,
	`[1]`,
	"{\"a\":\"\x01\xff\"}",
	strings.Repeat("]]>", 10000),
}

// TestBodiesAsTheyAre pushes any bytes in any mode.
func TestBodiesAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, body := range oddBodies {
		for _, format := range []callback.Format{callback.XML, callback.JSON} {
			p := wechattest.Push{From: "oNamed", Body: []byte(body)}
			query, got, _ := wireOf(t, wechattest.Callback{Format: format}, p)
			assert.Equal(t, body, got)
			assert.Equal(t, "oNamed", query.Get("openid"))
			query, _, got = wireOf(t, wechattest.Callback{Format: format, Mode: wechattest.Safe}, p)
			assert.Equal(t, body, got)
			assert.Equal(t, "oNamed", query.Get("openid"))
			_, whole, got := wireOf(t, wechattest.Callback{Format: format, Mode: wechattest.Compatible}, p)
			assert.Equal(t, body, got)
			cipher := lastEncrypt(whole)
			for _, added := range []string{"<Encrypt><![CDATA[" + cipher + "]]></Encrypt>", `,"Encrypt":"` + cipher + `"`, `"Encrypt":"` + cipher + `"`} {
				whole = strings.Replace(whole, added, "", 1)
			}
			assert.Equal(t, body, whole, "the copy, but for the ciphertext")
		}
	}
}

// TestWhereTheCiphertextStands in the compatible mode.
func TestWhereTheCiphertextStands(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"<xml></xml>":           "<xml>XML</xml>",
		"<xml></xml>\n":         "<xml>XML</xml>\n",
		"<xml><a></xml></xml >": "<xml><a></xml>XML</xml >",
		"<xml>":                 "<xml>XML",
		"\ufeff<xml></xml>":     "\ufeff<xml>XML</xml>",
		"neither":               "neitherXML",
		"{}":                    `{JSON}`,
		"{ }":                   `{ JSON}`,
		`{"a":"}"}` + "\n":      `{"a":"}",JSON}` + "\n",
		`{"a":1,}`:              `{"a":1,JSON}`,
		"\t{\"a\":1 } ":         "\t{\"a\":1 ,JSON} ",
	} {
		for _, format := range []callback.Format{callback.XML, callback.JSON} {
			_, got, _ := wireOf(t, wechattest.Callback{Mode: wechattest.Compatible, Format: format}, wechattest.Push{Body: []byte(body)})
			cipher := lastEncrypt(got)
			if body == "neither" && format == callback.JSON {
				want = "neither,JSON"
			}
			filled := strings.Replace(want, "XML", "<Encrypt><![CDATA["+cipher+"]]></Encrypt>", 1)
			assert.Equal(t, strings.Replace(filled, "JSON", `"Encrypt":"`+cipher+`"`, 1), got, body)
		}
	}
}

// TestReplyToABody checks who is answered, by what the push names and by what can be read.
func TestReplyToABody(t *testing.T) {
	t.Parallel()
	const captured = "<xml><ToUserName>gh_captured</ToUserName><FromUserName>oWriter</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>x</Content><MsgId>1</MsgId></xml>"
	const asJSON = `{"ToUserName":"gh_captured","FromUserName":"oWriter","CreateTime":1,"MsgType":"text","Content":"x","MsgId":1}`
	for name, tt := range map[string]struct {
		push     wechattest.Push
		to, from string
		wrong    string
		notice   bool
	}{
		"read":                        {wechattest.Push{Body: []byte(captured)}, "oWriter", "gh_captured", "", false},
		"read, by the account's name": {wechattest.Push{Body: []byte(captured)}, "oWriter", "gh_x", "", false},
		"read from JSON":              {wechattest.Push{Body: []byte(asJSON)}, "oWriter", "gh_captured", "", false},
		"to somebody else":            {wechattest.Push{Body: []byte(captured)}, "oOther", "gh_captured", "ToUserName", true},
		"from somebody else":          {wechattest.Push{Body: []byte(captured)}, "oWriter", "gh_other", "FromUserName", true},
		"from nobody":                 {wechattest.Push{Body: []byte("<xml>")}, "oWriter", "", "Push.From", false},
		"named":                       {wechattest.Push{From: "oNamed", Body: []byte(captured)}, "oNamed", "gh_x", "", false},
		"named, to who is read":       {wechattest.Push{From: "oNamed", Body: []byte(captured)}, "oWriter", "gh_x", "ToUserName", true},
		"named and malformed":         {wechattest.Push{From: "oNamed", Body: []byte("<xml>")}, "oNamed", "gh_x", "", false},
		"named, to another":           {wechattest.Push{From: "oNamed", Type: "text", Body: []byte("<xml>")}, "oOther", "gh_x", "ToUserName", true},
		"named, from another":         {wechattest.Push{From: "oNamed", Type: "text", Body: []byte("<xml>")}, "oNamed", "gh_captured", "FromUserName", true},
		"named, from no name":         {wechattest.Push{From: "oNamed", Type: "text", Body: []byte("<xml>")}, "oNamed", "", "FromUserName", true},
		"an event fails in silence":   {wechattest.Push{From: "oNamed", Body: []byte("<xml>")}, "oOther", "gh_x", "ToUserName", false},
		"by Event":                    {wechattest.Push{Event: "CLICK", Body: []byte(captured)}, "oOther", "gh_x", "ToUserName", false},
		"unreadable, and not named":   {wechattest.Push{Body: []byte("\x00")}, "", "gh_x", "Push.From", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := wechattest.New(t)
			h := &asked{answer: fmt.Sprintf("<xml><ToUserName>%s</ToUserName><FromUserName>%s</FromUserName><CreateTime>1</CreateTime>%s</xml>", tt.to, tt.from, text("您好"))}
			s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken, OriginalID: "gh_x"})
			d, err := s.Push(t.Context(), tt.push)
			require.NoError(t, err)
			assert.Equal(t, tt.notice, d.Notice)
			if tt.wrong != "" {
				require.ErrorContains(t, d.Attempts[0].Err, tt.wrong)
				return
			}
			require.NoError(t, d.Attempts[0].Err)
			assert.Equal(t, callback.Text{Content: "您好"}, d.Reply)
		})
	}
}

// TestNobodyElseIsBelieved has a text that pretends to be somebody else's, as a message and as a Body.
func TestNobodyElseIsBelieved(t *testing.T) {
	t.Parallel()
	const typed = "x]]></Content><FromUserName><![CDATA[oVICTIM]]></FromUserName><Content><![CDATA[解绑"
	body := "<xml><Content><![CDATA[" + typed + "]]></Content></xml>"
	for _, p := range []wechattest.Push{wechattest.Text("oSTRANGER", typed), {From: "oSTRANGER", Type: "text", Body: []byte(body)}} {
		query, _, _ := wireOf(t, wechattest.Callback{}, p)
		assert.Equal(t, []string{"oSTRANGER"}, query["openid"])
		s := wechattest.New(t)
		h := &asked{answer: "<xml><ToUserName>oVICTIM</ToUserName><FromUserName>" + s.OriginalID() + "</FromUserName><CreateTime>1</CreateTime>" + text("x") + "</xml>"}
		s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken})
		d, err := s.Push(t.Context(), p)
		require.NoError(t, err)
		require.ErrorContains(t, d.Attempts[0].Err, "ToUserName")
		assert.True(t, d.Notice)
	}
}

// TestEffectOfABody on the follower: what the push names, and nothing that was read.
func TestEffectOfABody(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	s.SetCallback(wechattest.Callback{Token: pushToken, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})})
	body := []byte("<xml><FromUserName>oRead</FromUserName><MsgType>text</MsgType><Content>x</Content></xml>")
	send := func(to string) error {
		return s.Client().Custom.Send(t.Context(), to, custom.Text{Content: "x"})
	}
	for _, p := range []wechattest.Push{{Body: body}, {From: "oNamed", Body: body}, {From: "oWrote", Type: "text", Body: body}, {From: "oNew", Event: "subscribe", Body: []byte("<")}} {
		_, err := s.Push(t.Context(), p)
		require.NoError(t, err)
	}
	require.ErrorIs(t, send("oRead"), wechat.Code(40003))
	require.ErrorIs(t, send("oNamed"), wechat.Code(40003))
	require.NoError(t, send("oWrote"))
	require.NoError(t, send("oNew"))
}
