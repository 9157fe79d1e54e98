package callback

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every sloppy body arrives through the server as Parse reads it, in plain and in safe mode, and is
// never refused.
func TestSloppyBodiesThroughTheServer(t *testing.T) {
	t.Parallel()
	for _, tt := range sloppyBodies {
		for _, safe := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, " safe ", safe), func(t *testing.T) {
				t.Parallel()
				var got Message
				s, err := NewServer(Config{Account: testAccount(safe), Logger: quiet()},
					HandlerFunc(func(_ context.Context, m Message) (Reply, error) { got = m; return nil, nil }))
				require.NoError(t, err)
				w := serve(s, pushed{account: testAccount(safe), body: tt.body, safe: safe}.request(t.Context(), ""))
				assert.Equal(t, http.StatusOK, w.status)
				require.NotNil(t, got)
				got.Head().Raw = Raw{}
				assert.Equal(t, tt.want, got)
			})
		}
	}
}

// ofOneSecond are events and messages of one follower in one second. Those of one list differ, and
// each is to be handled; a repeat of one of them is not.
var ofOneSecond = map[string][]string{
	"cards":           {event("user_get_card", "<UserCardCode>1</UserCardCode>"), event("user_get_card", "<UserCardCode>2</UserCardCode>"), event("user_get_card", "<UserCardCode>3</UserCardCode>"), event("user_get_card", "<UserCardCode>4</UserCardCode>"), event("user_get_card", "<UserCardCode>5</UserCardCode>")},
	"scans":           {scan("scancode_waitmsg", "a"), scan("scancode_waitmsg", "b"), scan("scancode_waitmsg", "ab"), scan("scancode_push", "a")},
	"places":          {event("LOCATION", "<Latitude>1</Latitude>"), event("LOCATION", "<Latitude>2</Latitude>"), event("LOCATION", "<Latitude>1</Latitude><Precision>3</Precision>")},
	"pictures":        {event("pic_weixin", "<EventKey>k</EventKey><SendPicsInfo><PicList><item><PicMd5Sum>a</PicMd5Sum></item></PicList></SendPicsInfo>"), event("pic_weixin", "<EventKey>k</EventKey><SendPicsInfo><PicList><item><PicMd5Sum>b</PicMd5Sum></item></PicList></SendPicsInfo>")},
	"location_select": {event("location_select", "<EventKey>k</EventKey><SendLocationInfo><Label>a</Label></SendLocationInfo>"), event("location_select", "<EventKey>k</EventKey><SendLocationInfo><Label>b</Label></SendLocationInfo>")},
	"menus":           {event("VIEW", "<EventKey>k</EventKey><MenuId>1</MenuId>"), event("VIEW", "<EventKey>k</EventKey><MenuId>2</MenuId>")},
	"follow":          {event("subscribe", "<EventKey>qrscene_1</EventKey><Ticket>a</Ticket>"), event("subscribe", "<EventKey>qrscene_1</EventKey><Ticket>b</Ticket>"), event("unsubscribe", "")},
	"mass jobs":       {event("MASSSENDJOBFINISH", "<MsgID>1</MsgID><Status>sendsuccess</Status>"), event("MASSSENDJOBFINISH", "<MsgID>1</MsgID><Status>err(10001)</Status>")},
	"published":       {event("PUBLISHJOBFINISH", "<PublishEventInfo><publish_id>1</publish_id><publish_status>1</publish_status></PublishEventInfo>"), event("PUBLISHJOBFINISH", "<PublishEventInfo><publish_id>1</publish_id><publish_status>0</publish_status></PublishEventInfo>")},
	"choices":         {event("subscribe_msg_popup_event", "<List><TemplateId>a</TemplateId><PopupScene>1</PopupScene></List>"), event("subscribe_msg_popup_event", "<List><TemplateId>a</TemplateId><PopupScene>2</PopupScene></List>")},
	"withdrawals":     {event("user_authorization_revoke", "<OpenID>a</OpenID><RevokeInfo>201</RevokeInfo>"), event("user_authorization_revoke", "<OpenID>a</OpenID><RevokeInfo>202</RevokeInfo>"), event("user_authorization_revoke", "<OpenID>b</OpenID><RevokeInfo>201</RevokeInfo>")},
	"odd ids":         {odd("49d72d67_1555", "a"), odd("49d72d67_1556", "a"), odd("", "a"), odd("", "b"), odd("0", "a")},
	"unknown types":   {strings.Replace(odd("", "a"), "text", "hologram", 1), strings.Replace(odd("", "b"), "text", "hologram", 1)},
	"JSON":            {`{"ToUserName":"gh_1","FromUserName":"o1","CreateTime":1,"MsgType":"event","Event":"user_get_card","UserCardCode":"1"}`, `{"ToUserName":"gh_1","FromUserName":"o1","CreateTime":1,"MsgType":"event","Event":"user_get_card","UserCardCode":"2"}`},
}

func scan(name, result string) string {
	return event(name, "<EventKey>k</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>"+result+"</ScanResult></ScanCodeInfo>")
}

// odd is a text with an id that is no number.
func odd(id, text string) string {
	return "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>" + text + "</Content><MsgId>" + id + "</MsgId></xml>"
}

// compatibleBody is body with a ciphertext of itself, which is another one each time.
func compatibleBody(body string) string {
	encrypt := encryptPush(testAccount(true), body)
	if inner, ok := strings.CutSuffix(body, "}"); ok {
		return inner + `,"Encrypt":"` + encrypt + `"}`
	}
	return strings.TrimSuffix(body, "</xml>") + "<Encrypt><![CDATA[" + encrypt + "]]></Encrypt></xml>"
}

// What one follower does in one second is handled once each, in all processes that share a Claim,
// and a true repeat is not handled again: in plain, compatible and safe mode.
func TestEventsOfOneSecond(t *testing.T) {
	t.Parallel()
	for name, bodies := range ofOneSecond {
		for _, mode := range []string{"plain", "safe", "compatible", "compatible without a key"} {
			t.Run(name+" "+mode, func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				runs := map[string]int{}
				safe := mode == "safe" || mode == "compatible"
				cfg := Config{Account: testAccount(safe), Claim: &claims{}, Logger: quiet()}
				handler := HandlerFunc(func(_ context.Context, m Message) (Reply, error) {
					mu.Lock()
					defer mu.Unlock()
					before, after := splitEncrypt([]byte(m.Head().Raw.text))
					runs[string(before)+string(after)]++
					return nil, nil
				})
				var servers [2]*Server
				for i := range servers {
					var err error
					servers[i], err = NewServer(cfg, handler)
					require.NoError(t, err)
				}
				for round := range 2 {
					for i, body := range bodies {
						p := pushed{account: testAccount(safe), body: body, safe: safe}
						if mode == "compatible without a key" {
							p.body = compatibleBody(body)
						}
						r := p.request(t.Context(), "")
						if mode == "compatible" {
							sealed, err := io.ReadAll(r.Body)
							require.NoError(t, err)
							_, rest, _ := strings.Cut(string(sealed), "<Encrypt>")
							whole := strings.TrimSuffix(strings.TrimSuffix(body, "</xml>"), "}") + "<Encrypt>" + rest
							if strings.HasPrefix(body, "{") {
								encrypt, _, _ := strings.Cut(strings.TrimPrefix(rest, "<![CDATA["), "]]>")
								whole = strings.TrimSuffix(body, "}") + `,"Encrypt":"` + encrypt + `"}`
							}
							r.Body, r.ContentLength = io.NopCloser(strings.NewReader(whole)), int64(len(whole))
						}
						w := serve(servers[(i+round)%2], r)
						assert.Equal(t, "success", w.body.String())
					}
				}
				assert.Len(t, runs, len(bodies))
				for body, n := range runs {
					assert.Equal(t, 1, n, body)
				}
			})
		}
	}
}

// Receipts of subscription notifications are known by their ids; without one, each is handled.
func TestReceiptsOfNotifications(t *testing.T) {
	t.Parallel()
	list := func(ids ...string) string {
		var all strings.Builder
		for _, id := range ids {
			all.WriteString("<List><TemplateId>T</TemplateId><MsgID>" + id + "</MsgID><ErrorCode>0</ErrorCode></List>")
		}
		return event("subscribe_msg_sent_event", all.String())
	}
	for name, tt := range map[string]struct {
		bodies []string
		want   int32
	}{
		"a repeat":        {[]string{list("7"), list("7")}, 1},
		"two ids":         {[]string{list("7"), list("8")}, 2},
		"no id":           {[]string{list("0"), list("0"), list(""), list("x")}, 4},
		"no list":         {[]string{list(), list()}, 2},
		"one id of two":   {[]string{list("0", "7"), list("0", "7"), list("7", "0")}, 2},
		"another error":   {[]string{list("7"), strings.Replace(list("7"), "<ErrorCode>0", "<ErrorCode>10", 1)}, 1},
		"the same in one": {[]string{list("7", "7"), list("7")}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var runs atomic.Int32
			s, err := NewServer(Config{Account: testAccount(true), Logger: quiet()},
				HandlerFunc(func(context.Context, Message) (Reply, error) { runs.Add(1); return nil, nil }))
			require.NoError(t, err)
			for _, body := range tt.bodies {
				serve(s, pushed{account: testAccount(true), body: body, safe: true}.request(t.Context(), ""))
			}
			assert.Equal(t, tt.want, runs.Load())
		})
	}
}
