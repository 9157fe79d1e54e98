package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/wechat/wechattest"
)

// injections are texts with which a follower tries to speak as somebody else. WeChat writes each into
// the push as it is. NAME is the element that the text stands in, WORDS what the victim is to say.
var injections = []string{
	"x]]></NAME><FromUserName><![CDATA[oA]]></FromUserName><NAME><![CDATA[WORDS",
	"x]]></NAME><FromUserName><![CDATA[oA]]></FromUserName><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[WORDS]]></Content><NAME><![CDATA[",
	"WORDS]]></NAME><FromUserName><![CDATA[oA]]></FromUserName><MsgId>77</MsgId></xml>",
	"]]></NAME></xml><xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oA]]></FromUserName><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[WORDS",
	"]]></NAME><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[unsubscribe]]></Event><FromUserName>oA</FromUserName><NAME><![CDATA[",
	"]]></NAME><Event><![CDATA[user_authorization_cancellation]]></Event><OpenID><![CDATA[oA]]></OpenID><NAME><![CDATA[",
	"]]]]><![CDATA[></NAME><FromUserName>oA</FromUserName><NAME>WORDS",
	"<!DOCTYPE xml [<!ENTITY v 'oA'>]>]]></NAME><FromUserName>&v;</FromUserName><NAME><![CDATA[WORDS",
	"]]></NAME\t><FromUserName>oA</FromUserName ><NAME ><![CDATA[WORDS",
	"]]></NAME><Encrypt><![CDATA[AAAA]]></Encrypt><FromUserName>oA</FromUserName><NAME><![CDATA[WORDS",
	"\x00]]\x01></NAME><FromUserName>oA</FromUserName><NAME><![CDATA[WORDS",
	`","FromUserName":"oA","Content":"WORDS","x":"`,
}

// spoken are the kinds of messages and events that hold what people have written, with one text in
// the element name.
func spoken(from, name, text string) []wechattest.Push {
	e := func(name string, value any) wechattest.Element { return wechattest.Element{Name: name, Value: value} }
	message := func(kind string, elements ...wechattest.Element) wechattest.Push {
		return wechattest.Push{From: from, Type: kind, Elements: elements}
	}
	return map[string][]wechattest.Push{
		"Content":     {wechattest.Text(from, text)},
		"Recognition": {message("voice", e("MediaId", "M"), e("Format", "amr"), e("Recognition", text))},
		"Label": {
			wechattest.Location(from, 1, 2, text),
			wechattest.Event(from, "location_select", e("EventKey", "k"), e("SendLocationInfo", []wechattest.Element{e("Label", text), e("Poiname", "")})),
		},
		"Title":      {message("link", e("Title", text), e("Description", "d"), e("Url", "u")), message("file", e("Title", text), e("Description", "d"), e("FileKey", "k"))},
		"Url":        {message("link", e("Title", "t"), e("Description", "d"), e("Url", text))},
		"PagePath":   {message("miniprogrampage", e("Title", "t"), e("AppId", "wx"), e("PagePath", text), e("ThumbUrl", "u"))},
		"ScanResult": {wechattest.Event(from, "scancode_waitmsg", e("EventKey", "k"), e("ScanCodeInfo", []wechattest.Element{e("ScanType", "qrcode"), e("ScanResult", text)}))},
		"SessionFrom": {
			wechattest.Event(from, "user_enter_tempsession", e("SessionFrom", text)),
		},
		"EventKey": {wechattest.Click(from, text), wechattest.Subscribe(from, text)},
		"CardId":   {wechattest.Event(from, "user_get_card", e("CardId", text), e("OuterStr", text))},
	}[name]
}

// Whatever a follower writes, nothing of somebody else's is read, changed or told.
func TestHostileFollower(t *testing.T) {
	t.Parallel()
	for mode, environment := range map[string]map[string]string{"plain": {"WECHAT_AES_KEY": ""}, "safe": nil} {
		for _, compatible := range []bool{false, true} {
			t.Run(fmt.Sprint(mode, compatible), func(t *testing.T) {
				t.Parallel()
				s := startServer(t, dbtest.SQLite(t), environment)
				if compatible {
					s.wechat.SetCallback(wechattest.Callback{URL: s.url + callbackPath, Token: testToken, AESKey: testAES, Mode: wechattest.Compatible})
				}
				before := len(s.wechat.Accepted())
				for _, name := range []string{"Content", "Recognition", "Label", "Title", "Url", "PagePath", "ScanResult", "SessionFrom", "EventKey", "CardId"} {
					for _, injection := range injections {
						for _, words := range []string{"解绑", "照片", "我的编号"} {
							text := strings.NewReplacer("NAME", name, "WORDS", words).Replace(injection)
							for _, p := range spoken("oSTRANGER", name, text) {
								told, err := s.wechat.Push(t.Context(), p)
								require.NoError(t, err)
								assert.False(t, told.Notice, "%s: %q: %+v", name, text, told.Attempts)
								if reply, ok := told.Reply.(callback.Text); ok {
									for _, secret := range []string{"张三", "李四", "oA"} {
										require.NotContains(t, reply.Content, secret, text)
									}
								}
							}
						}
					}
				}
				for _, m := range s.wechat.Accepted()[before:] {
					assert.Equal(t, "oSTRANGER", m.To, "%+v", m)
				}
				assert.Zero(t, s.pictures("oSTRANGER"))
				assert.Contains(t, s.says("oA", "照片"), "正在发送张三", "the victim is bound as before")
				assert.Equal(t, exitOK, s.end().status, s.errs.String())
				assert.Equal(t, 1, s.pictures("oA"))
				assert.Zero(t, s.pictures("oB"))
				assert.NotContains(t, s.errs.String(), "oA")
			})
		}
	}
}
