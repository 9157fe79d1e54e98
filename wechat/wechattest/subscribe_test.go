package wechattest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	pathOneTime = "/cgi-bin/message/template/subscribe"
	pathNotify  = "/cgi-bin/message/subscribe/bizsend"
	pathTmpl    = "/wxaapi/newtmpl/"
	pathBlocked = "/wxa/sec/queryblocktmplmsg"

	oneTimeBody = `{"touser":"oParent","template_id":"ONCE","url":"https://a.cn","miniprogram":{"appid":"wx0123456789abcdef","pagepath":"p"},` +
		`"scene":"1000","title":"订阅通知","data":{"content":{"value":"您好!","color":"#FF0000"}}}`
	notifyBody = `{"touser":"oParent","template_id":"S","page":"https://a.cn","miniprogram":{"appid":"wx0123456789abcdef","pagepath":"p"},` +
		`"data":{"thing1":{"value":"订单已发货"},"time2":{"value":"2019年8月8日 12:00"},"enum3":{"value":"客厅"}}}`
)

func TestOneTimeSubscription(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	requireCode(t, 40037, w.call(pathOneTime, oneTimeBody))
	w.s.SetOneTimeTemplate("ONCE")
	requireCode(t, 43101, w.call(pathOneTime, oneTimeBody))
	w.s.Agree("oParent", 1000)
	w.s.Agree("oParent", 1000) // adds nothing
	w.s.Agree("oParent", 7)
	long := func(r string, n int) string { return strings.Repeat(r, n) }
	for name, tt := range map[string]struct {
		old, new string
		code     int
	}{
		"no openid":          {`"touser":"oParent"`, `"x":""`, 40003},
		"another person":     {"oParent", "oOther", 43101},
		"another scene":      {`"1000"`, `"1001"`, 43101},
		"scene is a number":  {`"1000"`, `1000`, 47001},
		"scene too high":     {`"1000"`, `"10001"`, 40097},
		"scene is no number": {`"1000"`, `"a"`, 40097},
		"another template":   {"ONCE", "T", 40037},
		"title too long":     {"订阅通知", long("题", 16), 40062},
		"no title":           {"订阅通知", "", 40062},
		"no content":         {"您好!", "", 47003},
		"content too long":   {"您好!", long("文", 201), 47003},
		"no data":            {`"data"`, `"date"`, 47003},
		"content's type":     {`"您好!"`, `1`, 47001},
		"url":                {"https://a.cn", "a.cn", 45051},
		"url too long":       {"https://a.cn", "https://a.cn/" + long("u", 2048), 40039},
		"mini program":       {"wx0123456789abcdef", "wx1", 40166},
		"miniprogram's type": {`{"appid":"wx0123456789abcdef","pagepath":"p"}`, `1`, 47001},
	} {
		requireCode(t, tt.code, w.call(pathOneTime, strings.Replace(oneTimeBody, tt.old, tt.new, 1)), name)
	}
	assert.Equal(t, `{"errcode":0,"errmsg":"ok"}`, w.call(pathOneTime, oneTimeBody).Body)
	requireCode(t, 43101, w.call(pathOneTime, oneTimeBody))
	requireCode(t, 0, w.call(pathOneTime, strings.Replace(oneTimeBody, "1000", "7", 1)))
	require.Len(t, w.s.Accepted(), 2)
	got := w.s.Accepted()[0]
	assert.Equal(t, "oParent", got.To)
	assert.Zero(t, got.MsgID)
	assert.Equal(t, &template.OneTimeMessage{
		To: "oParent", TemplateID: "ONCE", Scene: 1000, Title: "订阅通知", Content: "您好!", Color: "#FF0000", URL: "https://a.cn",
		MiniProgram: &template.MiniProgram{AppID: "wx0123456789abcdef", PagePath: "p"},
	}, got.OneTime)
}

func newSubscriber(t testing.TB) *wire {
	t.Helper()
	w := newWire(t)
	w.s.AddSubscribeTemplate(template.SubscribeTemplate{
		ID: "S", Title: "发货", Content: "物品:{{thing1.DATA}}\n时间:{{time2.DATA}}\n地点:{{enum3.DATA}}\n", Example: "e",
		Enums: map[string][]string{"enum3": {"客厅", "餐厅"}},
	})
	return w
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	w := newSubscriber(t)
	requireCode(t, 43101, w.call(pathNotify, notifyBody))
	w.s.Subscribe("oParent", "S", 2)
	for name, tt := range map[string]struct {
		old, new string
		code     int
	}{
		"no openid":             {`"touser":"oParent"`, `"x":""`, 40003},
		"another person":        {"oParent", "oOther", 43101},
		"openid's type":         {`"oParent"`, `1`, 47001},
		"another template":      {`"S"`, `"T"`, 40037},
		"page":                  {"https://a.cn", "pages/index", 41030},
		"mini program":          {"wx0123456789abcdef", "wx1", 40166},
		"miniprogram's type":    {`{"appid":"wx0123456789abcdef","pagepath":"p"}`, `"p"`, 47001},
		"value breaks its rule": {"订单已发货", strings.Repeat("长", 21), 47003},
		"keyword missing":       {`"thing1"`, `"thing9"`, 47003},
		"not in the list":       {"客厅", "花园", 47003},
		"data's type":           {`"data":{`, `"data":[],"x":{`, 47001},
	} {
		requireCode(t, tt.code, w.call(pathNotify, strings.Replace(notifyBody, tt.old, tt.new, 1)), name)
	}
	assert.Equal(t, `{"errcode":0,"errmsg":"ok","msgid":3717005636572528641}`, w.call(pathNotify, notifyBody).Body)
	requireCode(t, 0, w.call(pathNotify, notifyBody))
	requireCode(t, 43101, w.call(pathNotify, notifyBody), "consents are used up")
	require.Len(t, w.s.Accepted(), 2)
	got := w.s.Accepted()[0]
	assert.Equal(t, int64(3717005636572528641), got.MsgID)
	assert.Equal(t, &template.Notification{
		To: "oParent", TemplateID: "S", Page: "https://a.cn", MiniProgram: &template.MiniProgram{AppID: "wx0123456789abcdef", PagePath: "p"},
		Data: template.Data{"thing1": {Value: "订单已发货"}, "time2": {Value: "2019年8月8日 12:00"}, "enum3": {Value: "客厅"}},
	}, got.Notification)

	w.s.Subscribe("oParent", "S", 5)
	w.s.Unsubscribe("oParent", "S")
	requireCode(t, 43101, w.call(pathNotify, notifyBody))
	w.s.AddSubscribeTemplate(template.SubscribeTemplate{ID: "L", Type: template.LongTerm, Content: "{{thing1.DATA}}"})
	w.s.Subscribe("oParent", "L", 1)
	for range 3 {
		requireCode(t, 0, w.call(pathNotify, `{"touser":"oParent","template_id":"L","data":{"thing1":{"value":"a"}}}`))
	}
	w.s.Follow("oParent")
	requireCode(t, 40037, w.send(`:"T"`, `:"S"`, follower, "oParent"), "no template message")
}

func TestSubscribeLibrary(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	get := func(path string) answer {
		return w.get(w.authorized(pathTmpl+strings.Split(path, "?")[0]) + "&" + strings.Join(strings.Split(path, "?")[1:], ""))
	}
	assert.Equal(t, `{"data":[{"id":616,"name":"公交"}]}`, get("getcategory").Body)
	assert.Equal(t, `{"count":1,"data":[{"tid":99,"title":"失物招领通知","type":2,"categoryId":"616"}]}`, get("getpubtemplatetitles?ids=2,616&start=0&limit=30").Body)
	assert.Equal(t, `{"count":1,"data":[]}`, get("getpubtemplatetitles?ids=616&start=5&limit=1").Body)
	assert.Equal(t, `{"count":0,"data":[]}`, get("getpubtemplatetitles?ids=2&start=0&limit=1").Body)
	for path, code := range map[string]int{
		"getpubtemplatetitles?start=0&limit=1": 200018, "getpubtemplatetitles?ids=a&start=0&limit=1": 200019,
		"getpubtemplatetitles?ids=1&limit=1": 200016, "getpubtemplatetitles?ids=1&start=-1&limit=1": 200016,
		"getpubtemplatetitles?ids=1&start=0": 200017, "getpubtemplatetitles?ids=1&start=0&limit=31": 200017,
		"getpubtemplatetitles?ids=1&start=0&limit=0": 200017, "getpubtemplatekeywords?tid=1": 200014, "getpubtemplatekeywords": 200014,
	} {
		requireCode(t, code, get(path), path)
	}
	assert.Contains(t, get("getpubtemplatekeywords?tid=99").Body, `{"count":3,"data":[{"kid":1,"name":"物品名称","example":"名称","rule":"thing"},`)

	add := pathTmpl + "addtemplate"
	for body, code := range map[string]int{
		`{"tid":99,"kidList":[1,2]}`: 47001, `{"tid":"98","kidList":[1,2]}`: 200014, `{"kidList":[1,2]}`: 200014,
		`{"tid":"99"}`: 200020, `{"tid":"99","kidList":[1]}`: 200020, `{"tid":"99","kidList":[1,1]}`: 200020, `{"tid":"99","kidList":[1,4]}`: 200020,
		`{"tid":"99","kidList":[1,2,3,4,5,6]}`: 200020, `{"tid":"99","kidList":["1","2"]}`: 200020,
		`{"tid":"99","kidList":[1,2],"sceneDesc":"` + strings.Repeat("景", 16) + `"}`: 200021,
	} {
		requireCode(t, code, w.call(add, body), body)
	}
	a := w.call(add, `{"tid":"99","kidList":[3,1],"sceneDesc":"测试数据"}`)
	assert.Regexp(t, `^\{"errcode":0,"errmsg":"ok","priTmplId":"[A-Za-z0-9_-]{43}"\}$`, a.Body)
	id := strings.Split(a.Body, `"`)[9]
	requireCode(t, 200022, w.call(add, `{"tid":"99","kidList":[3,1]}`))
	assert.Equal(t, `{"data":[{"priTmplId":"`+id+`","title":"失物招领通知","content":"联系电话:{{phone_number3.DATA}}\n物品名称:{{thing1.DATA}}\n",`+
		`"example":"联系电话:13600000000\n物品名称:名称\n","type":2}]}`, get("gettemplate").Body)
	requireCode(t, 0, w.call(pathTmpl+"deltemplate", `{"priTmplId":"`+id+`"}`))
	requireCode(t, 200014, w.call(pathTmpl+"deltemplate", `{"priTmplId":"`+id+`"}`))
	requireCode(t, 47001, w.call(pathTmpl+"deltemplate", `{"priTmplId":1}`))
	for i := range 25 {
		w.s.AddSubscribeTemplate(template.SubscribeTemplate{ID: fmt.Sprint(i), Content: "{{thing1.DATA}}"})
	}
	requireCode(t, 200012, w.call(add, `{"tid":"99","kidList":[1,2]}`))
	assert.Panics(t, func() { w.s.AddSubscribeTemplate(template.SubscribeTemplate{ID: "1", Content: "{{thing1.DATA}}"}) })
	assert.Panics(t, func() { w.s.AddSubscribeTemplate(template.SubscribeTemplate{Content: "thing1"}) })
}

func TestBlocked(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	ask := func(id, largest, limit string) answer {
		return w.call(pathBlocked, fmt.Sprintf(`{"tmpl_msg_id":%s,"largest_id":%s,"limit":%s}`, id, largest, limit))
	}
	assert.Equal(t, `{"errcode":0,"errmsg":"ok","msginfo":[]}`, ask(`"T"`, "0", "100").Body)
	for _, id := range []string{"T", "U", "T"} {
		w.s.AddBlocked(template.BlockedMessage{TemplateID: id, Title: "测试标题", Content: "c", Sent: time.Unix(1788796187, 0), To: "o"})
	}
	const one = `{"errcode":0,"errmsg":"ok","msginfo":[{"id":%d,"tmpl_msg_id":"T","title":"测试标题","content":"c","send_timestamp":1788796187,"openid":"o"}]}`
	assert.Equal(t, fmt.Sprintf(one, 1), ask(`"T"`, "0", "1").Body)
	assert.Equal(t, fmt.Sprintf(one, 3), ask(`"T"`, "1", "100").Body)
	for _, bad := range [][3]string{{`""`, "0", "1"}, {`"T"`, "-1", "1"}, {`"T"`, "0", "0"}, {`"T"`, "0", "101"}} {
		requireCode(t, 40097, ask(bad[0], bad[1], bad[2]))
	}
	requireCode(t, 47001, ask(`1`, "0", "1"))
}

// The calls of package template, through the real client.
func TestClientManagesSubscriptions(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	for i := range 40 {
		s.AddSubscribeTitle(template.SubscribeTitle{TID: int64(1000 + i), Title: "t", Type: template.OneTime, CategoryID: 307},
			template.SubscribeKeyword{KID: 1, Name: "a", Rule: "thing"}, template.SubscribeKeyword{KID: 2, Name: "b", Rule: "enum"})
	}
	c, ctx := s.Client().Template, t.Context()
	categories, err := c.SubscribeCategories(ctx)
	require.NoError(t, err)
	require.Len(t, categories, 2)
	n := 0
	for title, err := range c.SubscribeTitles(ctx, 616, 307) {
		require.NoError(t, err)
		require.NotZero(t, title.TID)
		n++
	}
	assert.Equal(t, 41, n)
	keywords, err := c.SubscribeKeywords(ctx, 1039)
	require.NoError(t, err)
	require.Len(t, keywords, 2)
	id, err := c.AddSubscribeTemplate(ctx, 1039, []int{keywords[0].KID, keywords[1].KID}, "场景")
	require.NoError(t, err)
	list, err := c.SubscribeTemplates(ctx)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, []template.Keyword{{Name: "thing1", Label: "a", Rule: "thing"}, {Name: "enum2", Label: "b", Rule: "enum"}}, list[0].Keywords())
	s.Subscribe("oParent", id, 1)
	msgID, err := c.Notify(ctx, template.Notification{To: "oParent", TemplateID: id, Data: template.Data{"thing1": {Value: "x"}, "enum2": {Value: "y"}}})
	require.NoError(t, err)
	assert.Equal(t, s.Accepted()[0].MsgID, msgID)
	require.NoError(t, c.DeleteSubscribeTemplate(ctx, id))

	s.SetOneTimeTemplate("ONCE")
	s.Agree("oParent", 0)
	require.NoError(t, c.SendOneTime(ctx, template.OneTimeMessage{To: "oParent", TemplateID: "ONCE", Title: "t", Content: "c"}))
	for range 150 {
		s.AddBlocked(template.BlockedMessage{TemplateID: "T", Sent: time.Unix(1788796187, 0)})
	}
	n = 0
	for m, err := range c.Blocked(ctx, "T") {
		require.NoError(t, err)
		n++
		require.Equal(t, int64(n), m.ID)
	}
	assert.Equal(t, 150, n)
}
