package template_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

func notification() template.Notification {
	return template.Notification{
		To: "OPENID", TemplateID: "PRI_TMPL_ID",
		Data: template.Data{"thing1": {Value: "订单已发货"}, "time2": {Value: "2019年8月8日"}},
	}
}

func TestNotifyToTheLetter(t *testing.T) {
	t.Parallel()
	const head, data = `{"touser":"OPENID","template_id":"PRI_TMPL_ID",`, `"data":{"thing1":{"value":"订单已发货"},"time2":{"value":"2019年8月8日"}}}`
	full := notification()
	full.Page, full.MiniProgram = "https://mp.weixin.qq.com/xxx", &template.MiniProgram{AppID: "APPID", PagePath: "index?foo=bar"}
	newer := notification()
	newer.ClientMsgID, newer.MiniProgramState, newer.Lang, newer.MiniProgram = "ID", "trial", "zh_CN", &template.MiniProgram{}
	for name, tt := range map[string]struct {
		n            template.Notification
		body, answer string
		id           int64
	}{
		"plain":          {notification(), head + data, fine, 0},
		"full":           {full, head + `"page":"https://mp.weixin.qq.com/xxx","miniprogram":{"appid":"APPID","pagepath":"index?foo=bar"},` + data, fine, 0},
		"newer":          {newer, head + `"client_msg_id":"ID","miniprogram_state":"trial","lang":"zh_CN",` + data, fine, 0},
		"with an id":     {notification(), head + data, `{"errcode":0,"errmsg":"ok","msgid":1700827132819554304}`, 1700827132819554304},
		"with a text id": {notification(), head + data, `{"errcode":0,"errmsg":"ok","msgid":"1700827132819554304"}`, 1700827132819554304},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: tt.answer}
			id, err := newClient(f).Notify(t.Context(), tt.n)
			require.NoError(t, err)
			assert.Equal(t, tt.id, id)
			assert.Equal(t, []call{{"POST", "/cgi-bin/message/subscribe/bizsend", tt.body, false}}, f.calls)
			_, err = newClient(&fake{err: coded(43101)}).Notify(t.Context(), tt.n)
			assert.Equal(t, coded(43101), err)
			raw, err := json.Marshal(tt.n)
			require.NoError(t, err)
			var back template.Notification
			require.NoError(t, json.Unmarshal(raw, &back))
			if tt.n.MiniProgram.IsZero() {
				tt.n.MiniProgram = nil
			}
			assert.Equal(t, tt.n, back, "survives a queue")
		})
	}
	f := &fake{answer: fine}
	for _, n := range []template.Notification{{TemplateID: "T"}, {To: "O"}} {
		_, err := newClient(f).Notify(t.Context(), n)
		require.ErrorIs(t, err, template.ErrInvalidMessage)
	}
	assert.Empty(t, f.calls)
}

// A notification has no id that makes it count once, so that none is made up and none is repeated.
func TestNotifyAllToTheLetter(t *testing.T) {
	t.Parallel()
	full, own := notification(), notification()
	full.Page, full.MiniProgram = "https://mp.weixin.qq.com/xxx", &template.MiniProgram{AppID: "APPID", PagePath: "index?foo=bar"}
	own.ClientMsgID, own.Lang = "MINE", "zh_CN"
	input := func(yield func(template.Notification, error) bool) {
		_ = yield(notification(), nil) && yield(full, nil) && yield(own, nil) && yield(template.Notification{To: "O"}, nil)
	}
	f := &fake{answers: []string{`{"errcode":0,"errmsg":"ok","msgid":"1700827132819554304"}`, fine, fine}}
	var got []template.NotifyResult
	for r := range newClient(f).NotifyAll(t.Context(), input, template.WithWorkers(1)) {
		got = append(got, r)
	}
	require.Len(t, got, 4)
	require.ErrorIs(t, got[3].Err, template.ErrInvalidMessage)
	require.ErrorIs(t, got[3].Err, template.ErrNotSent)
	got[3].Err = nil
	assert.Equal(t, []template.NotifyResult{
		{Notification: notification(), MsgID: 1700827132819554304}, {Notification: full}, {Notification: own}, {Notification: template.Notification{To: "O"}},
	}, got)
	const head, data = `{"touser":"OPENID","template_id":"PRI_TMPL_ID",`, `"data":{"thing1":{"value":"订单已发货"},"time2":{"value":"2019年8月8日"}}}`
	const path = "/cgi-bin/message/subscribe/bizsend"
	assert.Equal(t, []call{
		{"POST", path, head + data, false},
		{"POST", path, head + `"page":"https://mp.weixin.qq.com/xxx","miniprogram":{"appid":"APPID","pagepath":"index?foo=bar"},` + data, false},
		{"POST", path, head + `"client_msg_id":"MINE","lang":"zh_CN",` + data, false},
	}, f.calls)
}
