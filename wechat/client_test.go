package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
)

const (
	appID  = "wx0123456789abcdef"
	secret = "s3cr3t-0123456789"
)

// gateway is a scripted WeChat on a mock transport: answers for a path are used up in turn,
// the last one stays.
type gateway struct {
	*httpmock.MockTransport
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
	tokens   int
}

type answer func(*http.Request) (*http.Response, error)

func text(status int, body string) answer {
	return func(*http.Request) (*http.Response, error) { return httpmock.NewStringResponse(status, body), nil }
}

func fails(err error) answer {
	return func(r *http.Request) (*http.Response, error) { return nil, err }
}

func newGateway() *gateway {
	g := &gateway{MockTransport: httpmock.NewMockTransport()}
	g.on(http.MethodPost, "/cgi-bin/stable_token", func(*http.Request) (*http.Response, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.tokens++
		return httpmock.NewStringResponse(200, fmt.Sprintf(`{"access_token":"TOKEN_%d","expires_in":7200}`, g.tokens)), nil
	})
	return g
}

func (g *gateway) on(method, path string, answers ...answer) {
	n := 0
	g.RegisterMatcherResponder(method, "=~^https?://[^/]+(/prefix)?"+path+`(\?|$)`, httpmock.Matcher{}, func(r *http.Request) (*http.Response, error) {
		g.mu.Lock()
		a := answers[min(n, len(answers)-1)]
		n++
		if path != "/cgi-bin/stable_token" {
			g.requests = append(g.requests, r)
		}
		g.mu.Unlock()
		resp, err := a(r)
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" || path == "/cgi-bin/stable_token" {
			return resp, err // nothing has read the body
		}
		body := ""
		if r.Body != nil {
			b, _ := io.ReadAll(r.Body)
			body = string(b)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.bodies = append(g.bodies, body)
		return resp, err
	})
}

func (g *gateway) client(t *testing.T, opts ...wechat.Option) *wechat.Client {
	t.Helper()
	opts = append([]wechat.Option{wechat.WithHTTPClient(&http.Client{Transport: g})}, opts...)
	c, err := wechat.New(appID, secret, opts...)
	require.NoError(t, err)
	return c
}

const okJSON = `{"errcode":0,"errmsg":"ok"}`

func TestCallOnTheWire(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodPost, "/cgi-bin/x", text(200, `{"errcode":0,"errmsg":"ok","n":9007199254740993}`))
	var out struct{ N int64 }
	in := map[string]string{"a": "<a href=\"x?a=1&b=2\">你好😀\u2028</a>", "bad": "\xff"}
	require.NoError(t, g.client(t).Call(t.Context(), http.MethodPost, "/cgi-bin/x?k=v", in, &out))
	assert.Equal(t, int64(9007199254740993), out.N)
	r := g.requests[0]
	assert.Equal(t, "https://api.weixin.qq.com/cgi-bin/x?access_token=TOKEN_1&k=v", r.URL.String())
	assert.Equal(t, "application/json; charset=utf-8", r.Header.Get("Content-Type"))
	want := "{\"a\":\"<a href=\\\"x?a=1&b=2\\\">你好😀\u2028</a>\",\"bad\":\"\uFFFD\"}"
	assert.Equal(t, want, g.bodies[0])
	assert.Equal(t, int64(len(want)), r.ContentLength)
}

func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	for _, code := range []int{40001, 40014, 42001} {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/x", text(200, fmt.Sprintf(`{"errcode":%d,"errmsg":"no"}`, code)), text(200, okJSON))
		require.NoError(t, g.client(t).Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{"a": 1}, nil))
		require.Len(t, g.requests, 2)
		assert.Equal(t, "TOKEN_2", g.requests[1].URL.Query().Get("access_token"))
		assert.Equal(t, g.bodies[0], g.bodies[1])
	}
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, `{"errcode":"40001","errmsg":"no"}`))
	err := g.client(t).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
	require.ErrorIs(t, err, wechat.ErrInvalidCredential)
	assert.Len(t, g.requests, 2, "never a loop")
	assert.Equal(t, wechat.KindToken, wechat.KindOf(err))
}

type repeatable map[string]int

func (repeatable) Repeatable() bool { return true }

func TestWhatIsRepeated(t *testing.T) {
	t.Parallel()
	lost := fails(io.ErrUnexpectedEOF)
	for name, tt := range map[string]struct {
		method string
		in     any
		first  answer
		sent   int
		kind   wechat.Kind // of the error, KindUnknown: the call succeeds
	}{
		"get lost":             {http.MethodGet, nil, lost, 2, 0},
		"get busy":             {http.MethodGet, nil, text(200, `{"errcode":-1,"errmsg":"system error"}`), 2, 0},
		"get 502":              {http.MethodGet, nil, text(502, "<html>"), 2, 0},
		"post lost":            {http.MethodPost, map[string]int{}, lost, 1, wechat.KindLost},
		"post busy":            {http.MethodPost, map[string]int{}, text(200, `{"errcode":-1}`), 1, wechat.KindBusy},
		"repeatable lost":      {http.MethodPost, repeatable{}, lost, 2, 0},
		"repeatable truncated": {http.MethodPost, repeatable{}, text(200, `{"errmsg":"o`), 2, 0},
		"repeatable 412":       {http.MethodPost, repeatable{}, text(412, ""), 1, wechat.KindRequest},
		"repeatable redirect":  {http.MethodPost, repeatable{}, text(302, ""), 1, wechat.KindRequest},
		"repeatable minute":    {http.MethodPost, repeatable{}, text(200, `{"errcode":45011}`), 1, wechat.KindMinuteLimit},
		"repeatable recipient": {http.MethodPost, repeatable{}, text(200, `{"errcode":43004}`), 1, wechat.KindRecipient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway()
			g.on(tt.method, "/cgi-bin/x", tt.first, text(200, okJSON))
			err := g.client(t).Call(t.Context(), tt.method, "/cgi-bin/x", tt.in, nil)
			assert.Len(t, g.requests, tt.sent)
			assert.Equal(t, tt.kind, wechat.KindOf(err), "%v", err)
		})
	}
}

func TestUnreadBodyIsRepeatedOnTheNextHost(t *testing.T) {
	t.Parallel()
	g := newGateway()
	var hosts []string
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/cgi-bin/stable_token" {
			return g.RoundTrip(r)
		}
		hosts = append(hosts, r.URL.Host)
		if r.URL.Host == "a.example" {
			return nil, errors.New("no route")
		}
		return httpmock.NewStringResponse(200, okJSON), nil
	})
	c, err := wechat.New(appID, secret, wechat.WithHTTPClient(&http.Client{Transport: rt}), wechat.WithBaseURL("http://a.example", "http://b.example/prefix"))
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{"a": 1}, nil))
	}
	assert.Equal(t, []string{"a.example", "b.example", "b.example"}, hosts, "b is preferred for a while")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDoRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	unknown := io.MultiReader(strings.NewReader("x"))
	for name, tt := range map[string]struct {
		method, target string
		body           io.Reader
		says           string
	}{
		"scheme":         {http.MethodGet, "https://evil/x", nil, "without scheme and host"},
		"host":           {http.MethodGet, "//evil/x", nil, "without scheme and host"},
		"relative":       {http.MethodGet, "cgi-bin/x", nil, "one slash"},
		"dots":           {http.MethodGet, "/cgi-bin/../x", nil, "dot segment"},
		"get with body":  {http.MethodGet, "/cgi-bin/x", strings.NewReader("x"), "GET takes no body"},
		"unknown length": {http.MethodPost, "/cgi-bin/x", unknown, "length is unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway()
			req, err := http.NewRequestWithContext(t.Context(), tt.method, tt.target, tt.body)
			require.NoError(t, err)
			_, err = g.client(t).Do(req)
			require.ErrorContains(t, err, tt.says)
			assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
			if tt.body == nil {
				require.ErrorContains(t, g.client(t).Call(t.Context(), tt.method, tt.target, nil, nil), tt.says)
			}
		})
	}
	_, err := newGateway().client(t).Do(nil)
	require.Error(t, err)
}

func TestDoHandsOverTheBodyUnread(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"binary": "\xff\xd8\xff" + strings.Repeat("x", 100_000), "json": `{"video_url":"u"}`, "empty": "",
		"long json": `{"item":["` + strings.Repeat("x", 200_000) + `"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway()
			g.on(http.MethodGet, "/cgi-bin/media/get", text(200, body))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/cgi-bin/media/get?media_id=M", nil)
			require.NoError(t, err)
			resp, err := g.client(t).Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, body, string(got))
			assert.Same(t, req, resp.Request, "the request sent has the token in its address")
			assert.Empty(t, req.Header)
		})
	}
}

func TestTokenlessPaths(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, "/sns/x", text(200, `{"errcode":40001}`))
	g.on(http.MethodGet, "/cgi-bin/x", text(200, `{"errcode":42001}`))
	c := g.client(t)
	for _, path := range []string{"/sns/x", "/cgi-bin/x?access_token=mine", "/cgi-bin/x?component_access_token=mine"} {
		require.Error(t, c.Call(t.Context(), http.MethodGet, path, nil, nil))
	}
	assert.Zero(t, g.tokens)
	assert.Len(t, g.requests, 3, "not repeated for a token error")
	assert.Empty(t, g.requests[0].URL.RawQuery)
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, `{"errcode":40164,"errmsg":"invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist rid: 61725984-6126f6f9-040f19c4"}`),
		text(200, `{"errcode":99999,"errmsg":"odd`+"\x01"+`one hint: [abc] rid: 1a-2b-3c"}`))
	c := g.client(t)
	err := c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
	var e *wechat.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "61725984-6126f6f9-040f19c4", e.RID)
	assert.Equal(t, wechat.KindAccount, e.Kind())
	assert.Contains(t, e.Hint(), "add 1.2.3.4 to the IP allow list")
	assert.Contains(t, err.Error(), e.Hint())
	err = c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
	require.ErrorAs(t, err, &e)
	assert.Equal(t, wechat.Code(99999), e.Code)
	assert.Equal(t, "1a-2b-3c", e.RID)
	assert.Equal(t, "odd one", e.Message, "a clean line, without rid and hint")
	assert.Equal(t, wechat.KindUnknown, e.Kind())
	assert.ErrorIs(t, err, wechat.Code(99999))
}

func TestWrongSecretIsAnAccountError(t *testing.T) {
	t.Parallel()
	g := newGateway()
	asked := 0
	g.on(http.MethodPost, "/cgi-bin/stable_token", func(*http.Request) (*http.Response, error) {
		asked++
		return httpmock.NewStringResponse(200, `{"errcode":40001,"errmsg":"invalid credential"}`), nil
	})
	c := g.client(t)
	for range 5 {
		err := c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
		assert.Equal(t, wechat.KindAccount, wechat.KindOf(err))
		assert.ErrorContains(t, err, "AppSecret")
	}
	assert.Equal(t, 1, asked, "a refusal is remembered")
}

func TestHookAndLogSeeEachAttempt(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, `{"errcode":-1,"errmsg":"busy rid: a-b"}`), text(200, okJSON))
	var events []wechat.Event
	var log strings.Builder
	c := g.client(t, wechat.WithHook(func(_ context.Context, e wechat.Event) { events = append(events, e); panic("hook") }),
		wechat.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x?openid=o1", nil, nil))
	require.Len(t, events, 3)
	assert.Equal(t, wechat.OpToken, events[0].Op)
	assert.Equal(t, []any{1, true, wechat.ErrSystemBusy, "a-b", "/cgi-bin/x", 200, appID},
		[]any{events[1].Attempt, events[1].Repeat, events[1].Code, events[1].RID, events[1].Path, events[1].Status, events[1].AppID})
	assert.Equal(t, []any{2, false, nil}, []any{events[2].Attempt, events[2].Repeat, events[2].Err})
	assert.Contains(t, log.String(), "hook panicked")
	assert.Regexp(t, `"level":"WARN","msg":"wechat attempt".*"attempt":1.*"repeat":true`, log.String())
	assert.Regexp(t, `"level":"DEBUG","msg":"wechat attempt".*"attempt":2.*"repeat":false`, log.String())
	assert.NotContains(t, log.String(), "openid")
}

func TestOwnSourceNeedsNoSecret(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, okJSON))
	src := token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: "CENTRAL", Expiry: time.Now().Add(time.Hour)}, nil
	})
	c, err := wechat.New(appID, "", wechat.WithTokenSource(src), wechat.WithHTTPClient(&http.Client{Transport: g}))
	require.NoError(t, err)
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
	assert.Equal(t, "CENTRAL", g.requests[0].URL.Query().Get("access_token"))
	assert.Zero(t, g.tokens)
	assert.ErrorContains(t, c.ClearQuotaBySecret(t.Context()), "needs the AppSecret")
}

func TestLimiterCoversItsPrefix(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/a", text(200, okJSON))
	g.on(http.MethodGet, "/cgi-bin/b", text(200, okJSON))
	l := &counter{}
	c := g.client(t, wechat.WithLimiter(l, "/cgi-bin/a"))
	for _, p := range []string{"/cgi-bin/a", "/cgi-bin/b"} {
		require.NoError(t, c.Call(t.Context(), http.MethodGet, p, nil, nil))
	}
	assert.EqualValues(t, 1, l.n.Load())
	l.err = errors.New("full")
	err := c.Call(t.Context(), http.MethodGet, "/cgi-bin/a", nil, nil)
	require.ErrorIs(t, err, l.err)
	assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
}

// counter is a Limiter that counts, for several goroutines.
type counter struct {
	n   atomic.Int64
	err error
}

func (c *counter) Wait(context.Context) error { c.n.Add(1); return c.err }

func TestAccountCalls(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodPost, "/cgi-bin/openapi/quota/get", text(200, `{"errcode":0,"errmsg":"ok","quota":{"daily_limit":500000,"used":12,"remain":499988},"rate_limit":{"call_count":1000,"refresh_second":60}}`))
	g.on(http.MethodPost, "/cgi-bin/clear_quota", text(200, okJSON))
	g.on(http.MethodPost, "/cgi-bin/clear_quota/v2", text(200, okJSON))
	g.on(http.MethodPost, "/cgi-bin/openapi/quota/clear", text(200, okJSON))
	g.on(http.MethodPost, "/cgi-bin/openapi/rid/get", text(200, `{"errcode":0,"request":{"invoke_time":1635156704,"request_url":"access_token=50_Im7xxxx"}}`))
	g.on(http.MethodGet, "/cgi-bin/getcallbackip", text(200, `{"ip_list":["106.55.206.146"]}`))
	g.on(http.MethodPost, "/cgi-bin/callback/check", text(200, `{"dns":[{"ip":"111.161.64.40","real_operator":"UNICOM"}]}`))
	c, ctx := g.client(t), t.Context()
	q, err := c.Quota(ctx, "/cgi-bin/message/custom/send")
	require.NoError(t, err)
	assert.Equal(t, wechat.Quota{DailyLimit: 500000, Used: 12, Remain: 499988, RateLimit: wechat.RateLimit{Calls: 1000, Seconds: 60}}, q)
	require.NoError(t, c.ClearQuota(ctx))
	require.NoError(t, c.ClearQuotaBySecret(ctx))
	require.NoError(t, c.ClearPathQuota(ctx, "/cgi-bin/x"))
	info, err := c.RequestInfo(ctx, "a-b")
	require.NoError(t, err)
	assert.Equal(t, "access_token=[redacted]", info.RequestURL)
	ips, err := c.CallbackIPs(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{"106.55.206.146"}, ips)
	check, err := c.CheckCallback(ctx, "", "")
	require.NoError(t, err)
	assert.Equal(t, "UNICOM", check.DNS[0].Operator)
	assert.Equal(t, []string{
		`{"cgi_path":"/cgi-bin/message/custom/send"}`, `{"appid":"` + appID + `"}`, `{"appid":"` + appID + `","appsecret":"` + secret + `"}`,
		`{"cgi_path":"/cgi-bin/x"}`, `{"rid":"a-b"}`, ``, `{"action":"all","check_operator":"DEFAULT"}`,
	}, g.bodies)
}
