package template_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

func oneTime() template.OneTimeMessage {
	return template.OneTimeMessage{To: "OPENID", TemplateID: "TEMPLATE_ID", Scene: 1000, Title: "订阅通知", Content: "您好!"}
}

func TestSendOneTimeToTheLetter(t *testing.T) {
	t.Parallel()
	full := oneTime()
	full.URL, full.Color = "https://example.com/?a&b", "#FF0000"
	full.MiniProgram = &template.MiniProgram{AppID: "wx0123456789abcdef", PagePath: "index?foo=bar"}
	empty := oneTime()
	empty.Scene, empty.MiniProgram = 0, &template.MiniProgram{}
	for name, tt := range map[string]struct {
		m    template.OneTimeMessage
		body string
	}{
		"plain": {oneTime(), `{"touser":"OPENID","template_id":"TEMPLATE_ID","scene":"1000","title":"订阅通知","data":{"content":{"value":"您好!"}}}`},
		"full": {full, `{"touser":"OPENID","template_id":"TEMPLATE_ID","url":"https://example.com/?a&b","miniprogram":{"appid":"wx0123456789abcdef","pagepath":"index?foo=bar"},` +
			`"scene":"1000","title":"订阅通知","data":{"content":{"value":"您好!","color":"#FF0000"}}}`},
		"scene 0": {empty, `{"touser":"OPENID","template_id":"TEMPLATE_ID","scene":"0","title":"订阅通知","data":{"content":{"value":"您好!"}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: fine}
			require.NoError(t, newClient(f).SendOneTime(t.Context(), tt.m))
			assert.Equal(t, []call{{"POST", "/cgi-bin/message/template/subscribe", tt.body, false}}, f.calls)
			assert.Equal(t, coded(43101), newClient(&fake{err: coded(43101)}).SendOneTime(t.Context(), tt.m))
		})
	}
}

func TestSendOneTimeLimits(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*template.OneTimeMessage){
		"": func(m *template.OneTimeMessage) {
			m.Title, m.Content, m.Scene = strings.Repeat("题", 15), strings.Repeat("文", 200), 10000
		},
		"the message has no recipient (To is empty)":          func(m *template.OneTimeMessage) { m.To = "" },
		"the message names no template (TemplateID is empty)": func(m *template.OneTimeMessage) { m.TemplateID = "" },
		"the scene is -1, it must be 0 to 10000":              func(m *template.OneTimeMessage) { m.Scene = -1 },
		"the scene is 10001, it must be 0 to 10000":           func(m *template.OneTimeMessage) { m.Scene = 10001 },
		"Title has 0 characters, it must have 1 to 15":        func(m *template.OneTimeMessage) { m.Title = "" },
		"Title has 16 characters, it must have 1 to 15":       func(m *template.OneTimeMessage) { m.Title = strings.Repeat("题", 16) },
		"Content has 0 characters, it must have 1 to 200":     func(m *template.OneTimeMessage) { m.Content = "" },
		"Content has 201 characters, it must have 1 to 200":   func(m *template.OneTimeMessage) { m.Content = strings.Repeat("文", 201) },
	} {
		f, m := &fake{answer: fine}, oneTime()
		change(&m)
		err := newClient(f).SendOneTime(t.Context(), m)
		if want == "" {
			require.NoError(t, err, "at the limits")
			continue
		}
		require.ErrorIs(t, err, template.ErrInvalidMessage)
		require.EqualError(t, err, "template: "+want)
		assert.Empty(t, f.calls)
	}
}

func TestSubscribeURL(t *testing.T) {
	t.Parallel()
	page, err := template.SubscribeURL("wxaba38c7f163da69b", "1uDxHNXwYQfBmXOfPJcjAS3FynHArD8aWMEFNRGSbCc", 1000, "http://support.qq.com/a?b=c&d", "test")
	require.NoError(t, err)
	assert.Equal(t, "https://mp.weixin.qq.com/mp/subscribemsg?action=get_confirm&appid=wxaba38c7f163da69b&scene=1000"+
		"&template_id=1uDxHNXwYQfBmXOfPJcjAS3FynHArD8aWMEFNRGSbCc&redirect_url=http%3A%2F%2Fsupport.qq.com%2Fa%3Fb%3Dc%26d&reserved=test#wechat_redirect", page)
	page, err = template.SubscribeURL("wx1", "T", 0, "https://a.cn", "")
	require.NoError(t, err)
	assert.Equal(t, "https://mp.weixin.qq.com/mp/subscribemsg?action=get_confirm&appid=wx1&scene=0&template_id=T&redirect_url=https%3A%2F%2Fa.cn#wechat_redirect", page)

	const address = "template: the redirect URL must be absolute, as in https://example.com/subscribed"
	for _, tt := range []struct {
		appID, id string
		scene     int
		redirect  string
		reserved  string
		want      string
	}{
		{"", "T", 0, "https://a.cn", "", "template: the AppID or the template id is empty"},
		{"wx1", "", 0, "https://a.cn", "", "template: the AppID or the template id is empty"},
		{"wx1", "T", 10001, "https://a.cn", "", "template: the scene is 10001, it must be 0 to 10000"},
		{"wx1", "T", 0, "", "", address},
		{"wx1", "T", 0, "/subscribed", "", address},
		{"wx1", "T", 0, "ftp://a.cn", "", address},
		{"wx1", "T", 0, "https://a.cn:x", "", address},
		{"wx1", "T", 0, "https://a.cn", strings.Repeat("r", 129), "template: reserved has 129 characters, at most 128"},
	} {
		_, err := template.SubscribeURL(tt.appID, tt.id, tt.scene, tt.redirect, tt.reserved)
		require.ErrorIs(t, err, template.ErrInvalidArgument)
		require.EqualError(t, err, tt.want)
	}
}
