package wechattest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	pathCode    = "/cgi-bin/qrcode/create"
	pathShorten = "/cgi-bin/shorten/gen"
	pathExpand  = "/cgi-bin/shorten/fetch"
)

// qrCode makes a QR code and returns its ticket.
func (w *wire) qrCode(body string) (ticket string) {
	w.t.Helper()
	a := w.call(pathCode, body)
	var made struct {
		Ticket string `json:"ticket"`
		URL    string `json:"url"`
	}
	require.NoError(w.t, json.Unmarshal([]byte(a.Body), &made))
	require.NotEmpty(w.t, made.Ticket, a.Body)
	require.Regexp(w.t, `^http://weixin\.qq\.com/q/\w+$`, made.URL)
	return made.Ticket
}

func textScene(action, scene string) string {
	return fmt.Sprintf(`{"expire_seconds":604800,"action_name":%q,"action_info":{"scene":{"scene_str":%q}}}`, action, scene)
}

func numberScene(action string, scene int64) string {
	return fmt.Sprintf(`{"action_name":%q,"action_info":{"scene":{"scene_id":%d}}}`, action, scene)
}

func TestCodesAreMadeAndRefused(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for body, code := range map[string]int{
		textScene("QR_STR_SCENE", "a"): 0, textScene("QR_STR_SCENE", strings.Repeat("字", 64)): 0, textScene("QR_LIMIT_STR_SCENE", "a"): 0,
		textScene("QR_STR_SCENE", strings.Repeat("a", 65)): 40053, textScene("QR_STR_SCENE", ""): 40053,
		textScene("QR_LIMIT_STR_SCENE", strings.Repeat("字", 65)): 40053,
		numberScene("QR_SCENE", 1):                               0, numberScene("QR_SCENE", 4294967295): 0, numberScene("QR_LIMIT_SCENE", 100000): 0,
		numberScene("QR_SCENE", 0): 40129, numberScene("QR_SCENE", 4294967296): 40129, numberScene("QR_SCENE", -1): 40129,
		numberScene("QR_LIMIT_SCENE", 100001): 40129, numberScene("QR_LIMIT_SCENE", 0): 40129,
		numberScene("QR_STR_SCENE", 1): 40053, textScene("QR_SCENE", "a"): 40053,
		numberScene("QR_OTHER", 1): 40052, `{}`: 40052, `{"action_name":"QR_SCENE"}`: 40053,
		`{"action_name":"QR_STR_SCENE","action_info":{}}`:                                                 40053,
		`{"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":"1"}}}`:                             47001,
		`{"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":1}}}`:                          47001,
		`{"expire_seconds":2592000,"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":1}}}`:      0,
		`{"expire_seconds":2592001,"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":1}}}`:      40097,
		`{"expire_seconds":-1,"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":1}}}`:           40097,
		`{"expire_seconds":"60","action_name":"QR_SCENE","action_info":{"scene":{"scene_id":1}}}`:         47001,
		`{"expire_seconds":60,"action_name":"QR_SCENE","action_info":"1"}`:                                47001,
		`{"expire_seconds":60,"action_name":1,"action_info":{"scene":{"scene_id":1}}}`:                    47001,
		`{"expire_seconds":60,"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":1.5}}}`:         47001,
		`{"expire_seconds":60,"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":1}},"more":[]}`: 0,
	} {
		requireCode(t, code, w.call(pathCode, body), body)
	}
	assert.Contains(t, w.call(pathCode, textScene("QR_STR_SCENE", "a")).Body, `"expire_seconds":604800`)
	assert.Contains(t, w.call(pathCode, numberScene("QR_SCENE", 1)).Body, `"expire_seconds":60`, "the default")
	assert.NotContains(t, w.call(pathCode, numberScene("QR_LIMIT_SCENE", 1)).Body, "expire_seconds")
}

func TestPermanentCodesRunOut(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	first := w.qrCode(numberScene("QR_LIMIT_SCENE", 1))
	w.s.UsePermanentCodes(99_998)
	second := w.qrCode(textScene("QR_LIMIT_STR_SCENE", "1"))
	assert.NotEqual(t, first, second)
	requireCode(t, 45029, w.call(pathCode, numberScene("QR_LIMIT_SCENE", 2)))
	requireCode(t, 45029, w.call(pathCode, textScene("QR_LIMIT_STR_SCENE", "2")))
	assert.Equal(t, first, w.qrCode(numberScene("QR_LIMIT_SCENE", 1)), "which is there")
	w.qrCode(numberScene("QR_SCENE", 2))
}

func TestCodesHaveAPicture(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	ticket := w.qrCode(numberScene("QR_SCENE", 7))
	assert.Regexp(t, `\+.*/.*=`, ticket, "what a query must escape")
	a := w.get("/cgi-bin/showqrcode?ticket=" + url.QueryEscape(ticket))
	assert.Equal(t, http.StatusOK, a.StatusCode)
	assert.Equal(t, "image/jpg", a.Header.Get("Content-Type"))
	_, err := jpeg.Decode(bytes.NewReader([]byte(a.Body)))
	require.NoError(t, err)
	for _, wrong := range []string{ticket, "x", ""} {
		assert.Equal(t, http.StatusNotFound, w.get("/cgi-bin/showqrcode?ticket="+wrong).StatusCode, "not escaped, or unknown")
	}
	w.s.Advance(time.Minute)
	assert.Equal(t, http.StatusNotFound, w.get("/cgi-bin/showqrcode?ticket="+url.QueryEscape(ticket)).StatusCode, "expired")
}

// newScanned is a wire whose account has a callback, with what came last.
func newScanned(t *testing.T, format callback.Format) (w *wire, last *callback.Message) {
	t.Helper()
	w, last = newWire(t), new(callback.Message)
	w.s.SetCallback(wechattest.Callback{Token: pushToken, Format: format, Handler: &replier{t: t, answer: func(in callback.Message) (string, bool) {
		*last = in
		return "success", false
	}}})
	return w, last
}

func TestCodesAreScanned(t *testing.T) {
	t.Parallel()
	for _, format := range []callback.Format{callback.XML, callback.JSON} {
		for body, tt := range map[string]struct{ scene, info string }{
			numberScene("QR_SCENE", 98765):                     {"98765", `"qr_scene":98765,"qr_scene_str":""`},
			numberScene("QR_LIMIT_SCENE", 3):                   {"3", `"qr_scene":3,"qr_scene_str":""`},
			textScene("QR_STR_SCENE", "qrscene_三年级 <2>&amp; "): {"qrscene_三年级 <2>&amp; ", ``},
			textScene("QR_LIMIT_STR_SCENE", "parcel-17"):       {"parcel-17", `"qr_scene":0,"qr_scene_str":"parcel-17"`},
		} {
			w, last := newScanned(t, format)
			ticket := w.qrCode(body)
			for _, openid := range []string{"oNew", "oLeft"} {
				w.s.Unfollow("oLeft")
				d, err := w.s.Scan(t.Context(), openid, ticket)
				require.NoError(t, err)
				assert.NoError(t, d.Attempts[0].Err)
				m, ok := (*last).(*callback.SubscribeEvent)
				require.True(t, ok, "%T", *last)
				scene, ok := m.Scene()
				assert.True(t, ok)
				assert.Equal(t, tt.scene, scene)
				assert.Equal(t, ticket, m.Ticket)
				assert.Equal(t, openid, m.FromUserName)
				info := w.ask(pathInfo, "&openid="+openid).Body
				assert.Contains(t, info, `"subscribe_scene":"ADD_SCENE_QR_CODE",`+tt.info)

				_, err = w.s.Scan(t.Context(), openid, ticket)
				require.NoError(t, err)
				again, ok := (*last).(*callback.ScanEvent)
				require.True(t, ok, "%T", *last)
				scene, ok = again.Scene()
				assert.True(t, ok)
				assert.Equal(t, tt.scene, scene)
				assert.Equal(t, ticket, again.Ticket)
			}
		}
	}
}

func TestScansThatCannotBe(t *testing.T) {
	t.Parallel()
	w, last := newScanned(t, callback.XML)
	ticket := w.qrCode(numberScene("QR_SCENE", 1))
	other := w.s.AddAccount("wx2", "secret2")
	_, err := other.Scan(t.Context(), "oA", ticket)
	require.ErrorContains(t, err, "that the account has not made")
	_, err = w.s.Scan(t.Context(), "oA", "TICKET")
	require.ErrorContains(t, err, "that the account has not made")
	_, err = w.s.Scan(t.Context(), "", ticket)
	require.ErrorContains(t, err, "empty openid")
	w.s.Advance(time.Minute)
	_, err = w.s.Scan(t.Context(), "oA", ticket)
	require.ErrorContains(t, err, "has expired")
	assert.Nil(t, *last)
	requireCode(t, 40003, w.ask(pathInfo, "&openid=oA"))

	_, err = other.Scan(t.Context(), "oA", ticket)
	require.Error(t, err)
	permanent := w.qrCode(textScene("QR_LIMIT_STR_SCENE", "a"))
	w.s.Advance(365 * 24 * time.Hour)
	_, err = w.s.Scan(t.Context(), "oA", permanent)
	require.NoError(t, err)
}

// Who comes by a push of the test's own comes as that says.
func TestOriginOfFollowers(t *testing.T) {
	t.Parallel()
	w, _ := newScanned(t, callback.XML)
	for _, tt := range []struct {
		push wechattest.Push
		info string
	}{
		{wechattest.Subscribe("oA", "class-3"), `"subscribe_scene":"ADD_SCENE_QR_CODE","qr_scene":0,"qr_scene_str":"class-3"`},
		{wechattest.Event("oA", "subscribe", wechattest.Element{Name: "EventKey", Value: "last_trade_no_4001"}), `"subscribe_scene":"ADD_SCENE_PAID","qr_scene":0,"qr_scene_str":""`},
		{wechattest.Subscribe("oA", ""), `"subscribe_scene":"ADD_SCENE_SEARCH","qr_scene":0,"qr_scene_str":""`},
	} {
		_, err := w.s.Push(t.Context(), tt.push)
		require.NoError(t, err)
		assert.Contains(t, w.ask(pathInfo, "&openid=oA").Body, tt.info)
		_, err = w.s.Push(t.Context(), wechattest.Unsubscribe("oA"))
		require.NoError(t, err)
		assert.Equal(t, `{"subscribe":0,"openid":"oA"}`, w.ask(pathInfo, "&openid=oA").Body)
	}
}

func TestShortKeys(t *testing.T) {
	t.Parallel()
	now := time.Unix(1611047541, 0)
	w := newWire(t, wechattest.WithClock(func() time.Time { return now }), wechattest.WithTokenLifetime(2*time.Hour))
	shorten := func(body string) (key string) {
		var made struct {
			Key string `json:"short_key"`
		}
		a := w.call(pathShorten, body)
		requireCode(t, 0, a, body)
		require.NoError(t, json.Unmarshal([]byte(a.Body), &made))
		assert.Regexp(t, `^[0-9A-Za-z]{15}$`, made.Key)
		return made.Key
	}
	key := shorten(`{"long_data":"数据 <1>","expire_seconds":100}`)
	w.s.Advance(40 * time.Second)
	fetch := fmt.Sprintf(`{"short_key":%q}`, key)
	assert.Equal(t, `{"errcode":0,"errmsg":"ok","long_data":"数据 <1>","create_time":1611047541,"expire_seconds":60}`, w.call(pathExpand, fetch).Body)
	w.s.Advance(time.Minute)
	requireCode(t, 9410012, w.call(pathExpand, fetch))
	assert.Contains(t, w.call(pathExpand, fmt.Sprintf(`{"short_key":%q}`, shorten(`{"long_data":"a"}`))).Body, `"expire_seconds":2592000`)
	shorten(`{"long_data":"` + strings.Repeat("a", 4096) + `","expire_seconds":2592000}`)
	for body, code := range map[string]int{
		`{"long_data":"` + strings.Repeat("a", 4097) + `"}`: 9410010, `{"long_data":""}`: 40097, `{}`: 40097,
		`{"long_data":"a","expire_seconds":2592001}`: 9410011, `{"long_data":"a","expire_seconds":-1}`: 9410011,
		`{"long_data":1}`: 47001, `{"long_data":"a","expire_seconds":"1"}`: 47001,
	} {
		requireCode(t, code, w.call(pathShorten, body), body)
	}
	requireCode(t, 9410012, w.call(pathExpand, `{"short_key":"x"}`))
	requireCode(t, 9410012, w.call(pathExpand, `{}`))
	requireCode(t, 47001, w.call(pathExpand, `{"short_key":1}`))
}
