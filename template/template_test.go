package template_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

// call is one Call as a Caller saw it, encoded as the wechat Client does.
type call struct {
	method, path, body string
	repeatable         bool
}

// fake answers every call with the same JSON or error.
type fake struct {
	calls  []call
	answer string
	err    error
}

func (f *fake) Call(_ context.Context, method, path string, in, out any) error {
	c := call{method: method, path: path}
	if in != nil {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(in); err != nil {
			return err
		}
		c.body = strings.TrimSuffix(buf.String(), "\n")
		r, ok := in.(interface{ Repeatable() bool })
		c.repeatable = ok && r.Repeatable()
	}
	f.calls = append(f.calls, c)
	if f.err != nil || out == nil {
		return f.err
	}
	return json.Unmarshal([]byte(f.answer), out)
}

type coded int

func (c coded) Error() string { return fmt.Sprintf("errcode %d", int(c)) }
func (c coded) ErrCode() int  { return int(c) }

func message() template.Message {
	return template.Message{
		To: "OPENID", TemplateID: "TID", ClientMsgID: "MSG_1",
		Data: template.Data{"thing1": {Value: "巧克力<&>"}, "amount2": {Value: "39.8元", Color: "#FF0000"}},
	}
}

func TestSendToTheLetter(t *testing.T) {
	t.Parallel()
	full := message()
	full.URL, full.MiniProgram = "https://example.com/x?a=1&b=2", &template.MiniProgram{AppID: "wx1", PagePath: "index?foo=bar"}
	empty := template.Message{To: "O", TemplateID: "T", ClientMsgID: "I", MiniProgram: &template.MiniProgram{}}
	const data = `"data":{"amount2":{"value":"39.8元","color":"#FF0000"},"thing1":{"value":"巧克力<&>"}}}`
	for name, tt := range map[string]struct {
		m    template.Message
		body string
	}{
		"plain": {message(), `{"touser":"OPENID","template_id":"TID","client_msg_id":"MSG_1",` + data},
		"full": {full, `{"touser":"OPENID","template_id":"TID","url":"https://example.com/x?a=1&b=2",` +
			`"miniprogram":{"appid":"wx1","pagepath":"index?foo=bar"},"client_msg_id":"MSG_1",` + data},
		"empty": {empty, `{"touser":"O","template_id":"T","client_msg_id":"I","data":{}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: `{"errcode":0,"errmsg":"ok","msgid":3717005636572528642}`}
			id, err := template.NewClient(f).Send(t.Context(), tt.m)
			require.NoError(t, err)
			assert.Equal(t, int64(3717005636572528642), id)
			assert.Equal(t, []call{{"POST", "/cgi-bin/message/template/send", tt.body, true}}, f.calls)
		})
	}
}

func TestSendFillsTheID(t *testing.T) {
	t.Parallel()
	f := &fake{answer: `{"msgid":"7"}`}
	m := message()
	m.ClientMsgID = ""
	for range 2 {
		id, err := template.NewClient(f).Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, int64(7), id, "a quoted id")
	}
	assert.Empty(t, m.ClientMsgID)
	assert.NotEqual(t, f.calls[0].body, f.calls[1].body)
	assert.True(t, f.calls[0].repeatable)
	assert.False(t, m.Repeatable())
}

func TestSendErrors(t *testing.T) {
	t.Parallel()
	f := &fake{err: coded(43004)}
	c := template.NewClient(f)
	_, err := c.Send(t.Context(), message())
	require.ErrorIs(t, err, coded(43004))
	for _, m := range []template.Message{{TemplateID: "T"}, {To: "O"}} {
		_, err := c.Send(t.Context(), m)
		require.ErrorIs(t, err, template.ErrInvalidMessage)
	}
	assert.Len(t, f.calls, 1)
}

func TestManagement(t *testing.T) {
	t.Parallel()
	f := &fake{}
	c, ctx := template.NewClient(f), t.Context()
	f.answer = `{"template_list":[{"template_id":"T","title":"领取奖金提醒","primary_industry":"IT科技","deputy_industry":"互联网|电子商务","content":"{{thing1.DATA}}","example":"e"}]}`
	list, err := c.List(ctx)
	require.NoError(t, err)
	assert.Equal(t, []template.Template{{ID: "T", Title: "领取奖金提醒", PrimaryIndustry: "IT科技", DeputyIndustry: "互联网|电子商务", Content: "{{thing1.DATA}}", Example: "e"}}, list)
	f.answer = `{"errcode":0,"errmsg":"ok","template_id":"NEW"}`
	id, err := c.Add(ctx, "TM00015", "单号", "金额")
	require.NoError(t, err)
	assert.Equal(t, "NEW", id)
	_, err = c.Add(ctx, "TM00015")
	require.NoError(t, err)
	require.NoError(t, c.Delete(ctx, "T"))
	f.answer = `{"primary_industry":{"first_class":"运输与仓储","second_class":"快递"},"secondary_industry":{"first_class":"IT科技","second_class":"互联网|电子商务"}}`
	ind, err := c.Industry(ctx)
	require.NoError(t, err)
	assert.Equal(t, "快递", ind.Primary.SecondClass)
	assert.Equal(t, "IT科技", ind.Secondary.FirstClass)
	require.NoError(t, c.SetIndustry(ctx, 1, 4))
	assert.Equal(t, []call{
		{"GET", "/cgi-bin/template/get_all_private_template", "", false},
		{"POST", "/cgi-bin/template/api_add_template", `{"template_id_short":"TM00015","keyword_name_list":["单号","金额"]}`, false},
		{"POST", "/cgi-bin/template/api_add_template", `{"template_id_short":"TM00015"}`, false},
		{"POST", "/cgi-bin/template/del_private_template", `{"template_id":"T"}`, false},
		{"GET", "/cgi-bin/template/get_industry", "", false},
		{"POST", "/cgi-bin/template/api_set_industry", `{"industry_id1":"1","industry_id2":"4"}`, false},
	}, f.calls)
	_, err = c.Add(ctx, "")
	require.ErrorIs(t, err, template.ErrInvalidArgument)
	require.ErrorIs(t, c.Delete(ctx, ""), template.ErrInvalidArgument)
	require.ErrorIs(t, c.SetIndustry(ctx, 0, 42), template.ErrInvalidArgument)
	f.err = coded(48001)
	_, err = c.List(ctx)
	require.ErrorIs(t, err, f.err)
}

func TestKeywords(t *testing.T) {
	t.Parallel()
	got := template.Template{Content: "学生姓名{{thing1.DATA}}\n更新时间：{{time2.DATA}}\n{{ keyword3.DATA }}{{thing1.DATA}} {{bad}} {{.DATA}}"}.Keywords()
	assert.Equal(t, []template.Keyword{{"thing1", "学生姓名", "thing"}, {"time2", "更新时间", "time"}, {"keyword3", "", ""}}, got)
}

func TestCheckValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ key, good, bad string }{
		{"thing1", strings.Repeat("学", 20), strings.Repeat("a", 21)},
		{"thing1", "𠮷野家", "你好😀"},
		{"thing1", "a b", "a\nb"},
		{"thing1", "a", "  "},
		{"thing1", "a", "x\x01"},
		{"thing1", "a", "x\xff"},
		{"thing1", "a", "看https://example.com"},
		{"character_string2", "A-1/2_" + strings.Repeat("9", 26), "单号1"},
		{"character_string2", "a", strings.Repeat("9", 33)},
		{"time3", "15:01", "下午三点"},
		{"time3", "2019年10月1日 15:01~2019年10月2日", "2019年10月1日 15点"},
		{"time3", "2026-11-20 18:00:01", "明天"},
		{"date4", "2019年10月1日", "10/1 "},
		{"amount5", "￥1234567890.00元", "12345678901"},
		{"amount5", "39.8元", "很多钱"},
		{"phone_number6", "+86-0766-66888866", "電話"},
		{"phone_number6", "1", strings.Repeat("1", 18)},
		{"car_number7", "粤A8Z888挂", "粤"},
		{"const8", "已完成", strings.Repeat("a", 21)},
		{"number9", "-1.5", "一"},
		{"letter10", "abc", "a1"},
		{"symbol11", "!@#$%", "!!!!!!"},
		{"name12", "张三", strings.Repeat("张", 11)},
		{"name12", "Zhang San", strings.Repeat("a", 21)},
		{"phrase13", "审核通过", "审核a"},
		{"phrase13", "审", "审核已经通过"},
		{"short_thing14", "任何", ""},
		{"keyword1", strings.Repeat("长", 200), "a\r\nb"},
		{"first", "您好", ""},
	} {
		require.NoError(t, template.CheckValue(tt.key, tt.good), "%s %q", tt.key, tt.good)
		err := template.CheckValue(tt.key, tt.bad)
		var ve *template.ValueError
		require.ErrorAs(t, err, &ve, "%s %q", tt.key, tt.bad)
		assert.Equal(t, tt.key, ve.Key)
		if len(tt.bad) > 8 {
			assert.NotContains(t, err.Error(), tt.bad)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	m := message()
	m.Data = template.Data{"thing1": {Value: "a"}}
	require.NoError(t, m.Validate())
	for name, spoil := range map[string]func(*template.Message){
		"no recipient": func(m *template.Message) { m.To = "" },
		"no template":  func(m *template.Message) { m.TemplateID = "" },
		"no data":      func(m *template.Message) { m.Data = nil },
		"long id":      func(m *template.Message) { m.ClientMsgID = strings.Repeat("x", 65) },
		"long url":     func(m *template.Message) { m.URL = strings.Repeat("x", 2049) },
		"no appid":     func(m *template.Message) { m.MiniProgram = &template.MiniProgram{PagePath: "p"} },
		"value":        func(m *template.Message) { m.Data = template.Data{"thing1": {}} },
	} {
		bad := m
		spoil(&bad)
		require.ErrorIs(t, bad.Validate(), template.ErrInvalidMessage, name)
	}
}

func FuzzKeywords(f *testing.F) {
	f.Add("学生姓名{{thing1.DATA}}\n{{time2.DATA}}")
	f.Fuzz(func(t *testing.T, content string) {
		for _, k := range (template.Template{Content: content}).Keywords() {
			assert.Contains(t, content, k.Name)
		}
	})
}

func FuzzCheckValue(f *testing.F) {
	f.Add("thing1", "张三")
	f.Add("time2", "2019年10月1日 15:01~16:01")
	f.Fuzz(func(t *testing.T, key, value string) {
		err := template.CheckValue(key, value)
		if err == nil {
			assert.NotEmpty(t, value)
			assert.NotContains(t, value, "\n")
		}
	})
}
