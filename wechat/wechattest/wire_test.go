package wechattest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	pathSend = "/cgi-bin/message/template/send"
	follower = "oFollower"
)

// wire speaks to a server with nothing but net/http.
type wire struct {
	t     testing.TB
	s     *wechattest.Server
	http  *http.Client
	token string
}

// answer is a response with what every test wants of it.
type answer struct {
	*http.Response
	Body string

	Code    int    `json:"errcode"`
	Message string `json:"errmsg"`
	MsgID   int64  `json:"msgid"`
	Token   string `json:"access_token"`
	Expires int    `json:"expires_in"`
}

func newWire(t testing.TB, opts ...wechattest.Option) *wire {
	t.Helper()
	s := wechattest.New(t, opts...)
	w := &wire{t: t, s: s, http: &http.Client{Transport: s.Transport()}}
	w.token = w.stable(false).Token
	require.NotEmpty(t, w.token)
	return w
}

// newSender is newWire with a follower and a template whose id is T.
func newSender(t testing.TB, opts ...wechattest.Option) *wire {
	t.Helper()
	w := newWire(t, opts...)
	w.s.Follow(follower)
	w.s.AddTemplate(template.Template{ID: "T", Content: "学生姓名{{thing1.DATA}} 更新时间{{time2.DATA}}"})
	return w
}

func (w *wire) do(req *http.Request) (answer, error) {
	var a answer
	resp, err := w.http.Do(req)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	a.Response, a.Body = resp, string(body)
	_ = json.Unmarshal(body, &a)
	a.Response, a.Body = resp, string(body)
	return a, err
}

func (w *wire) request(method, path string, body io.Reader) *http.Request {
	w.t.Helper()
	req, err := http.NewRequest(method, w.s.URL+path, body)
	require.NoError(w.t, err)
	return req
}

// authorized appends the token to a path.
func (w *wire) authorized(path string) string {
	return path + "?access_token=" + url.QueryEscape(w.token)
}

func (w *wire) get(path string) answer {
	w.t.Helper()
	a, err := w.do(w.request(http.MethodGet, path, nil))
	require.NoError(w.t, err)
	return a
}

func (w *wire) post(path, body string) answer {
	w.t.Helper()
	a, err := w.do(w.request(http.MethodPost, path, strings.NewReader(body)))
	require.NoError(w.t, err)
	return a
}

// call posts with the token.
func (w *wire) call(path, body string) answer {
	w.t.Helper()
	return w.post(w.authorized(path), body)
}

func (w *wire) classic() answer {
	w.t.Helper()
	return w.get("/cgi-bin/token?grant_type=client_credential&appid=" + w.s.AppID + "&secret=" + w.s.AppSecret)
}

func (w *wire) stable(force bool) answer {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{
		"grant_type": "client_credential", "appid": w.s.AppID, "secret": w.s.AppSecret, "force_refresh": force,
	})
	require.NoError(w.t, err)
	return w.post("/cgi-bin/stable_token", string(body))
}

// message is a message that is accepted, with pairs replaced in it.
func message(replace ...string) string {
	const good = `{"touser":"oFollower","template_id":"T","url":"https://example.com/?a=1&b=<2>","client_msg_id":"",` +
		`"data":{"thing1":{"value":"张三"},"time2":{"value":"2026年11月20日 18:00"}}}`
	return strings.NewReplacer(replace...).Replace(good)
}

func (w *wire) send(replace ...string) answer {
	w.t.Helper()
	return w.call(pathSend, message(replace...))
}

// requireCode asserts an errcode and the form of its text.
func requireCode(t testing.TB, code int, a answer, why ...any) {
	t.Helper()
	require.Equal(t, code, a.Code, fmt.Sprint(append(why, " ", a.Body)...))
	assert.Equal(t, http.StatusOK, a.StatusCode)
	if code != 0 {
		assert.Regexp(t, ` rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`, a.Message)
	}
}
