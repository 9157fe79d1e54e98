package wechattest_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

func TestSendIsAccepted(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	a := w.send("\"client_msg_id\":\"\"", `"client_msg_id":"id-1","color":"#FF0000","unknown":[{"a":"}"}]`)
	requireCode(t, 0, a)
	assert.Equal(t, int64(3717005636572528641), a.MsgID)
	assert.Equal(t, `{"errcode":0,"errmsg":"ok","msgid":3717005636572528641}`, a.Body)
	assert.Equal(t, "application/json; encoding=utf-8", a.Header.Get("Content-Type"))
	require.Len(t, w.s.Accepted(), 1)
	got := w.s.Accepted()[0]
	assert.Equal(t, w.s.AppID, got.AppID)
	assert.Equal(t, a.MsgID, got.MsgID)
	assert.Equal(t, template.Message{
		To: follower, TemplateID: "T", URL: "https://example.com/?a=1&b=<2>", ClientMsgID: "id-1",
		Data: template.Data{"thing1": {Value: "张三"}, "time2": {Value: "2026年11月20日 18:00"}},
	}, got.Message)
	assert.Contains(t, got.Body, `"unknown":[{"a":"}"}]`)
}

// A sendCase is what a change to the good message makes of it.
type sendCase struct {
	name    string
	replace []string
	code    int
	message string
}

func runSendCases(t *testing.T, cases []sendCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newSender(t)
			w.s.Unfollow("oLeft")
			w.s.SetFollower(wechattest.Blacklisted, "oBlack")
			w.s.SetFollower(wechattest.Rejecting, "oRejects")
			a := w.send(tt.replace...)
			requireCode(t, tt.code, a)
			if tt.message != "" {
				assert.Contains(t, a.Message, tt.message+" rid: ")
			}
			accepted := 0
			if tt.code == 0 {
				accepted = 1
			}
			assert.Len(t, w.s.Accepted(), accepted)
		})
	}
}

func TestSendRecipients(t *testing.T) {
	t.Parallel()
	runSendCases(t, []sendCase{
		{name: "unknown openid", replace: []string{"oFollower", "oNobody"}, code: 40003, message: "invalid openid"},
		{name: "empty openid", replace: []string{"oFollower", ""}, code: 40003},
		{name: "no openid", replace: []string{"touser", "toUser"}, code: 40003},
		{name: "left", replace: []string{"oFollower", "oLeft"}, code: 43004, message: "require subscribe"},
		{name: "blacklisted", replace: []string{"oFollower", "oBlack"}, code: 43019},
		{name: "rejecting", replace: []string{"oFollower", "oRejects"}, code: 48002},
	})
}

func TestSendTemplates(t *testing.T) {
	t.Parallel()
	runSendCases(t, []sendCase{
		{name: "unknown template", replace: []string{`:"T"`, `:"U"`}, code: 40037, message: "invalid template_id"},
		{name: "no template", replace: []string{`:"T"`, `:""`}, code: 40036},
		{name: "long template id", replace: []string{`:"T"`, `:"` + strings.Repeat("x", 65) + `"`}, code: 40036},
	})
}

func TestSendValues(t *testing.T) {
	t.Parallel()
	runSendCases(t, []sendCase{
		{name: "keyword missing", replace: []string{`"thing1":{"value":"张三"},`, ""}, code: 47003, message: "argument invalid! data.thing1.value invalid"},
		{name: "keyword unknown", replace: []string{`"data":{`, `"data":{"thing9":{"value":"x"},`}, code: 47003, message: "argument invalid! data.thing9.value invalid"},
		{name: "keyword twice, last wins", replace: []string{`"data":{`, `"data":{"thing1":{"value":""},`}, code: 0},
		{name: "first and remark", replace: []string{`"data":{`, `"data":{"first":{"value":"x"},"remark":{"value":""},`}, code: 0},
		{name: "value too long", replace: []string{"张三", strings.Repeat("长", 21)}, code: 47003, message: "argument invalid! data.thing1.value invalid"},
		{name: "value at its limit", replace: []string{"张三", strings.Repeat("长", 20)}, code: 0},
		{name: "value breaks its rule", replace: []string{"2026年11月20日 18:00", "tomorrow"}, code: 47003, message: "argument invalid! data.time2.value invalid"},
		{name: "value is a link", replace: []string{"张三", "https://x.cn"}, code: 47003},
		{name: "value with a line break", replace: []string{"张三", `张\n三`}, code: 47003},
		{name: "value is a number", replace: []string{`"张三"`, "3"}, code: 47003, message: "argument invalid! data.thing1.value invalid"},
		{name: "data is null", replace: []string{`"data":{`, `"data":null,"x":{`}, code: 47001},
		{name: "no data", replace: []string{`"data"`, `"date"`}, code: 47003, message: "argument invalid! data.thing1.value invalid"},
	})
}

func TestSendJumps(t *testing.T) {
	t.Parallel()
	runSendCases(t, []sendCase{
		{name: "url too long", replace: []string{"?a=1", "?a=" + strings.Repeat("1", 2048)}, code: 40039},
		{name: "url without host", replace: []string{"https://example.com/", "example.com/"}, code: 45051},
		{name: "url with another scheme", replace: []string{"https:", "javascript:"}, code: 45051},
		{name: "empty miniprogram", replace: []string{`"data"`, `"miniprogram":{"appid":"","pagepath":""},"data"`}, code: 0},
		{name: "miniprogram", replace: []string{`"data"`, `"miniprogram":{"appid":"wx0123456789abcdef","pagepath":"index?a=b"},"data"`}, code: 0},
		{name: "miniprogram with a bad appid", replace: []string{`"data"`, `"miniprogram":{"appid":"wx1","pagepath":""},"data"`}, code: 40166},
		{name: "client_msg_id at its limit", replace: []string{`msg_id":""`, `msg_id":"` + strings.Repeat("i", 64) + `"`}, code: 0},
		{name: "client_msg_id too long", replace: []string{`msg_id":""`, `msg_id":"` + strings.Repeat("i", 65) + `"`}, code: 45067},
	})
}

func TestSendBytes(t *testing.T) {
	t.Parallel()
	runSendCases(t, []sendCase{
		{name: "openid is a number", replace: []string{`"oFollower"`, "1"}, code: 47001},
		{name: "unicode escape", replace: []string{"张三", `\u5f20\u4e09`}, code: 47002},
		{name: "html escape", replace: []string{"&", `\u0026`}, code: 47002},
		{name: "escape that Go cannot help", replace: []string{"张三", `张\u2028三`}, code: 0},
		{name: "escaped backslash before u", replace: []string{"张三", `a\\u5f20`}, code: 0},
		{name: "other escapes", replace: []string{"张三", `\"张\/三\"`}, code: 0},
		{name: "not JSON", replace: []string{"}}}", "}}"}, code: 47001, message: "data format error"},
		{name: "not an object", replace: []string{message(), "[]"}, code: 47001},
		{name: "invalid UTF-8", replace: []string{"张三", "\xff"}, code: 40033},
		{name: "control character", replace: []string{"张三", "a\x01"}, code: 47001},
	})
}

func TestWhiteSpaceInJSON(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	a := w.call(pathSend, " { \"touser\" : \"oFollower\" ,\n\"template_id\":\t\"T\" , \"data\" : { \"thing1\" : { \"value\" : \"a\" } , \"time2\":{\"value\":\"18:00\" } } , \"x\" : [ ] } ")
	requireCode(t, 0, a)
	assert.Equal(t, "a", w.s.Accepted()[0].Message.Data["thing1"].Value)
}

func TestOldTemplatesTakeAnyValue(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	w.s.AddTemplate(template.Template{ID: "OLD", Content: "{{first.DATA}}\n内容：{{keyword1.DATA}}\n{{remark.DATA}}"})
	body := `{"touser":"oFollower","template_id":"OLD","data":{"keyword1":{"value":"` + strings.Repeat("长", 200) + `","color":"#FF0000"}}}`
	requireCode(t, 0, w.call(pathSend, body))
	assert.Equal(t, "#FF0000", w.s.Accepted()[0].Message.Data["keyword1"].Color)
	requireCode(t, 47003, w.call(pathSend, strings.ReplaceAll(body, "keyword1", "keyword2")))
}

func TestChunkedBodyIsRefused(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	for _, path := range []string{pathSend, "/cgi-bin/stable_token", "/cgi-bin/unknown"} {
		req := w.request(http.MethodPost, w.authorized(path), io.MultiReader(strings.NewReader(message())))
		a, err := w.do(req)
		require.NoError(t, err)
		assert.Equal(t, http.StatusPreconditionFailed, a.StatusCode)
		assert.Empty(t, a.Body)
	}
	assert.Empty(t, w.s.Accepted())
	assert.Equal(t, 1, w.s.Requests(pathSend))
}

// raw sends bytes and returns the answer's status line.
func (w *wire) raw(request string) string {
	w.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.s.URL, "http://"))
	require.NoError(w.t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, request)
	require.NoError(w.t, err)
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(w.t, err)
	return strings.TrimSpace(line)
}

func TestContentLengthIsMandatory(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	target := w.authorized(pathSend)
	assert.Equal(t, "HTTP/1.1 412 Precondition Failed", w.raw("POST "+target+" HTTP/1.1\r\nHost: x\r\n\r\n"))
	assert.Equal(t, "HTTP/1.1 200 OK", w.raw("POST "+target+" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"))
	assert.Equal(t, "HTTP/1.1 413 Request Entity Too Large", w.raw("POST "+target+" HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n"))
	requireCode(t, 47001, w.call(pathSend, ""))
}

func TestWrongMethod(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, path := range []string{
		"/cgi-bin/stable_token", pathSend, "/cgi-bin/template/api_add_template", "/cgi-bin/template/del_private_template",
		"/cgi-bin/template/api_set_industry", "/cgi-bin/clear_quota", "/cgi-bin/clear_quota/v2", "/cgi-bin/openapi/quota/clear",
		"/cgi-bin/openapi/quota/get", "/cgi-bin/openapi/rid/get", "/cgi-bin/callback/check",
	} {
		requireCode(t, 43002, w.get(w.authorized(path)))
	}
	for _, path := range []string{
		"/cgi-bin/token", "/cgi-bin/template/get_all_private_template", "/cgi-bin/template/get_industry",
		"/cgi-bin/get_api_domain_ip", "/cgi-bin/getcallbackip",
	} {
		requireCode(t, 43001, w.call(path, "{}"))
	}
}

func TestUnknownPath(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	a := w.get("/cgi-bin/no/such")
	assert.Equal(t, http.StatusNotFound, a.StatusCode)
	assert.Contains(t, a.Body, "does not simulate /cgi-bin/no/such")
	assert.Equal(t, 1, w.s.Requests("/cgi-bin/no/such"))
	assert.Equal(t, 1, w.s.Requests(""))
	assert.Zero(t, w.s.Requests("/cgi-bin/other"))
}

func TestHandle(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.s.Handle("/cgi-bin/user/info", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(rw, r.FormValue("openid")+string(body))
	}))
	assert.Equal(t, "oX", w.get("/cgi-bin/user/info?openid=oX").Body)
	assert.Equal(t, "{}", w.post("/cgi-bin/user/info", "{}").Body)
	w.s.Handle("/cgi-bin/user/info", nil)
	assert.Equal(t, http.StatusNotFound, w.get("/cgi-bin/user/info").StatusCode)
	assert.Equal(t, 3, w.s.Requests("/cgi-bin/user/info"))

	w.s.Handle("/cgi-bin/token", http.RedirectHandler("/elsewhere", http.StatusFound))
	w.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	assert.Equal(t, http.StatusFound, w.classic().StatusCode)
}
