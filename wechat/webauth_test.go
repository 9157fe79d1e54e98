package wechat_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
)

const (
	webAuthPath   = "/sns/oauth2/access_token"
	componentPath = "/sns/oauth2/component/access_token"
	oauthCode     = "071Code/+=&secret"
)

func tokenOf(value string) token.Source {
	return token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: value, Expiry: time.Now().Add(time.Hour)}, nil
	})
}

func TestWebAuthURL(t *testing.T) {
	t.Parallel()
	const back = "https%3A%2F%2Fschool.example%2Fphoto%2Fback%3Fa%3D1%26b%3D%25E4%25B8%2580%2520x&response_type=code"
	for name, tt := range map[string]struct {
		opts []wechat.Option
		call []wechat.WebAuthOption
		want string
	}{
		"silent": {nil, nil, "https://open.weixin.qq.com/connect/oauth2/authorize?appid=" + appID + "&redirect_uri=" + back + "&scope=snsapi_base&state=aZ09#wechat_redirect"},
		"asking": {nil, []wechat.WebAuthOption{wechat.AskUserInfo()},
			"https://open.weixin.qq.com/connect/oauth2/authorize?appid=" + appID + "&redirect_uri=" + back + "&scope=snsapi_userinfo&state=aZ09#wechat_redirect"},
		"asking again": {nil, []wechat.WebAuthOption{wechat.ForcePopup(), wechat.AskUserInfo()},
			"https://open.weixin.qq.com/connect/oauth2/authorize?appid=" + appID + "&redirect_uri=" + back + "&scope=snsapi_userinfo&state=aZ09&forcePopup=true#wechat_redirect"},
		"platform, asking again": {[]wechat.Option{wechat.WithComponent("wxplatform", tokenOf("P"))}, []wechat.WebAuthOption{wechat.ForcePopup()},
			"https://open.weixin.qq.com/connect/oauth2/authorize?appid=" + appID + "&redirect_uri=" + back + "&scope=snsapi_base&state=aZ09&forcePopup=true&component_appid=wxplatform#wechat_redirect"},
		"platform": {[]wechat.Option{wechat.WithComponent("wxplatform", tokenOf("P"))}, nil,
			"https://open.weixin.qq.com/connect/oauth2/authorize?appid=" + appID + "&redirect_uri=" + back + "&scope=snsapi_base&state=aZ09&component_appid=wxplatform#wechat_redirect"},
		"simulated": {[]wechat.Option{wechat.WithAuthorizeURL("http://127.0.0.1:1/a")}, nil,
			"http://127.0.0.1:1/a?appid=" + appID + "&redirect_uri=" + back + "&scope=snsapi_base&state=aZ09#wechat_redirect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newGateway().client(t, tt.opts...).WebAuthURL("https://school.example/photo/back?a=1&b=%E4%B8%80%20x", "aZ09", tt.call...)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestWebAuthURLEscapesASpace(t *testing.T) {
	t.Parallel()
	got, err := newGateway().client(t).WebAuthURL("https://school.example/a b?照片", "s")
	require.NoError(t, err)
	assert.Contains(t, got, "redirect_uri=https%3A%2F%2Fschool.example%2Fa%20b%3F%E7%85%A7%E7%89%87&")
}

func TestWebAuthURLRefuses(t *testing.T) {
	t.Parallel()
	const good = "https://school.example/back"
	for name, tt := range map[string]struct{ uri, state, says string }{
		"no scheme":      {"school.example/back", "s", "must be whole"},
		"path":           {"/back", "s", "must be whole"},
		"no host":        {"https:///back", "s", "must be whole"},
		"script":         {"javascript://x/%0aalert(1)", "s", "must be whole"},
		"empty":          {"", "s", "must be whole"},
		"control":        {"https://school.example/\x00", "s", "cannot be parsed"},
		"bare colon":     {"https://school.example:/", "s", "leave the colon out"},
		"not utf-8":      {"https://school.example/\xff", "s", "cannot be parsed"},
		"user":           {"https://a:b@school.example/", "s", "user or password"},
		"port":           {"https://school.example:8443/back", "s", "must not have a port"},
		"default port":   {"https://school.example:443/back", "s", "must not have a port"},
		"port, fragment": {"http://school.example:80/#/x", "s", "must not have a port"},
		"own code":       {good + "?code=1", "s", "code or state"},
		"own state":      {good + "?a&state", "s", "code or state"},
		"no state":       {good, "", "state is empty"},
		"long state":     {good, strings.Repeat("a", 129), "129 bytes, at most 128: keep what it stands for on the server under a random key"},
		"chinese":        {good, "照", "letters (a-z, A-Z), digits, - and _: keep what it stands for on the server under a random key"},
		"ampersand":      {good, "a&b", "letters (a-z"}, "newline": {good, "a\n", "letters (a-z"}, "dot": {good, "a.b", "letters (a-z"},
		"json": {good, `{"a":1}`, "on the server"}, "percent": {good, "%41", "on the server"}, "not utf-8 state": {good, "a\xff", "letters (a-z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newGateway().client(t).WebAuthURL(tt.uri, tt.state)
			require.ErrorContains(t, err, tt.says)
			assert.Empty(t, got)
		})
	}
	c := newGateway().client(t)
	for _, state := range []string{strings.Repeat("a", 128), "a", "-", "_", "09-az_AZ"} {
		address, err := c.WebAuthURL(good, state)
		require.NoError(t, err)
		assert.Contains(t, address, "&state="+state+"#")
	}
	_, err := c.WebAuthURL(good, "s", nil)
	require.ErrorContains(t, err, "is nil")
	for _, opt := range []wechat.WebAuthOption{wechat.AskUserInfo(), wechat.ForcePopup()} {
		_, err = c.WebAuthURL(good, "s", opt, opt)
		require.ErrorContains(t, err, "is given twice")
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
	}
	_, err = newGateway().client(t, wechat.WithAuthorizeURL("http://127.0.0.1:1/a")).WebAuthURL("http://127.0.0.1:8080/back", "s")
	require.NoError(t, err, "a simulation's page takes a port")
}

// A single-page app's route comes back behind code and state.
func TestWebAuthURLWithAFragment(t *testing.T) {
	t.Parallel()
	c := newGateway().client(t)
	for uri, escaped := range map[string]string{
		"https://example.com/#/product/1": "https%3A%2F%2Fexample.com%2F%23%2Fproduct%2F1", "https://h.example/p?a=1#/login?b=2": "https%3A%2F%2Fh.example%2Fp%3Fa%3D1%23%2Flogin%3Fb%3D2",
		"https://h.example/#": "https%3A%2F%2Fh.example%2F%23", "http://h.example#!/照片": "http%3A%2F%2Fh.example%23%21%2F%E7%85%A7%E7%89%87",
		"https://h.example/#code=1": "https%3A%2F%2Fh.example%2F%23code%3D1",
	} {
		got, err := c.WebAuthURL(uri, "s")
		require.NoError(t, err, uri)
		assert.Equal(t, "https://open.weixin.qq.com/connect/oauth2/authorize?appid="+appID+"&redirect_uri="+escaped+"&response_type=code&scope=snsapi_base&state=s#wechat_redirect", got)
	}
}

// Proxies quote numbers; the code would be burnt.
func TestWebAuthReadsQuotedNumbers(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		life     time.Duration
		snapshot bool
	}{
		`{"access_token":"W","expires_in":"7200","openid":"oP"}`: {2 * time.Hour, false}, `{"errcode":"0","access_token":"W","expires_in":7200,"openid":"oP","is_snapshotuser":"1"}`: {2 * time.Hour, true},
		`{"access_token":"W","expires_in":null,"openid":"oP","is_snapshotuser":"0"}`: {0, false}, `{"access_token":"W","expires_in":"","openid":"oP","is_snapshotuser":null}`: {0, false},
	} {
		g := newGateway()
		g.on(http.MethodGet, webAuthPath, text(200, body))
		auth, err := g.client(t).WebAuthOpenID(t.Context(), "CODE")
		require.NoError(t, err, body)
		assert.InDelta(t, want.life.Seconds(), time.Until(auth.Token().Expiry).Seconds(), 5)
		assert.Equal(t, want.snapshot, auth.Snapshot)
	}
	for _, body := range []string{`{"openid":"oP","expires_in":7200.5}`, `{"openid":"oP","expires_in":"soon"}`, `{"openid":"oP","is_snapshotuser":"yes"}`} {
		g := newGateway()
		g.on(http.MethodGet, webAuthPath, text(200, body))
		_, err := g.client(t).WebAuthOpenID(t.Context(), "CODE")
		assert.Equal(t, wechat.KindLost, wechat.KindOf(err), body)
	}
}

func TestWebAuthOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]wechat.Option{
		"query":       wechat.WithAuthorizeURL("https://x.example/a?b=1"),
		"no scheme":   wechat.WithAuthorizeURL("x.example"),
		"plain http":  wechat.WithAuthorizeURL("http://open.weixin.qq.com/connect/oauth2/authorize"),
		"no platform": wechat.WithComponent("", tokenOf("P")),
		"no source":   wechat.WithComponent("wxplatform", nil),
		"nil source":  wechat.WithComponent("wxplatform", (*wechat.Authorizer)(nil)),
	} {
		_, err := wechat.New(appID, secret, opt)
		assert.ErrorContains(t, err, "With", name)
	}
}

func TestWebAuthOpenID(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, webAuthPath, text(200, `{"access_token":"WEB","expires_in":7200,"refresh_token":"R","openid":"oP","scope":"snsapi_base","is_snapshotuser":1,"unionid":"u"}`))
	start := time.Now()
	auth, err := g.client(t).WebAuthOpenID(t.Context(), oauthCode)
	require.NoError(t, err)
	assert.WithinRange(t, auth.Token().Expiry, start.Add(7200*time.Second), time.Now().Add(7200*time.Second))
	assert.Equal(t, "WEB", auth.Token().Value)
	assert.Equal(t, "R", auth.RefreshToken())
	assert.Equal(t, []any{"oP", "u", "snsapi_base", true}, []any{auth.OpenID, auth.UnionID, auth.Scope, auth.Snapshot})
	r := g.requests[0]
	assert.Equal(t, "https://api.weixin.qq.com/sns/oauth2/access_token?appid="+appID+"&secret="+secret+
		"&code="+url.QueryEscape(oauthCode)+"&grant_type=authorization_code", r.URL.String())
	assert.Zero(t, g.tokens, "the account's token is not needed")
	assert.Equal(t, "application/json", r.Header.Get("Accept"))
}

func TestWebAuthByPlatform(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, componentPath, text(200, `{"errcode":40001,"errmsg":"invalid credential"}`), text(200, `{"openid":"oP"}`))
	fetched := 0
	src := token.SourceFunc(func(context.Context) (token.Token, error) {
		fetched++
		return token.Token{Value: fmt.Sprintf("P&%d", fetched), Expiry: time.Now().Add(time.Hour)}, nil
	})
	c, err := wechat.New(appID, "", wechat.WithTokenSource(tokenOf("T")), wechat.WithComponent("wxplatform", src), wechat.WithHTTPClient(&http.Client{Transport: g}))
	require.NoError(t, err)
	_, err = c.WebAuthOpenID(t.Context(), "CODE")
	require.ErrorIs(t, err, wechat.ErrInvalidCredential)
	require.Len(t, g.requests, 1, "the code may be spent")
	auth, err := c.WebAuthOpenID(t.Context(), "CODE2")
	require.NoError(t, err)
	assert.Equal(t, wechat.WebAuth{OpenID: "oP"}, auth)
	assert.Equal(t, "https://api.weixin.qq.com/sns/oauth2/component/access_token?appid="+appID+
		"&code=CODE2&grant_type=authorization_code&component_appid=wxplatform&component_access_token=P%262", g.requests[1].URL.String())
	_, err = c.WebAuthOpenID(t.Context(), "CODE3")
	require.NoError(t, err)
	assert.Equal(t, 2, fetched, "a good token is kept")
}

func TestWebAuthPlatformTokenIsLacking(t *testing.T) {
	t.Parallel()
	g := newGateway()
	src := token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{}, fmt.Errorf("no ticket for %s", oauthCode)
	})
	_, err := g.client(t, wechat.WithComponent("wxplatform", src)).WebAuthOpenID(t.Context(), oauthCode)
	require.ErrorContains(t, err, "get access token: no ticket for [redacted]")
	assert.Empty(t, g.requests)
}

func TestWebAuthNeedsTheSecret(t *testing.T) {
	t.Parallel()
	c, err := wechat.New(appID, "", wechat.WithTokenSource(tokenOf("T")))
	require.NoError(t, err)
	_, err = c.WebAuthOpenID(t.Context(), "CODE")
	require.ErrorContains(t, err, "WebAuthOpenID needs the AppSecret")
}

func TestWebAuthIsSentOnce(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for name, tt := range map[string]struct {
		first answer
		sent  int
		kind  wechat.Kind
		is    error
	}{
		"40029":       {text(200, `{"errcode":40029,"errmsg":"invalid code, rid: 1-2-3"}`), 1, wechat.KindRequest, wechat.ErrInvalidOAuthCode},
		"40163":       {text(200, `{"errcode":40163,"errmsg":"code been used"}`), 1, wechat.KindRequest, wechat.ErrOAuthCodeUsed},
		"41008":       {text(200, `{"errcode":41008,"errmsg":"missing code"}`), 1, wechat.KindRequest, wechat.ErrMissingOAuthCode},
		"40125":       {text(200, `{"errcode":40125,"errmsg":"invalid appsecret"}`), 1, wechat.KindAccount, wechat.ErrInvalidAppSecret},
		"token error": {text(200, `{"errcode":42001}`), 1, wechat.KindToken, wechat.ErrAccessTokenExpired},
		"busy":        {text(200, `{"errcode":-1}`), 1, wechat.KindBusy, wechat.ErrSystemBusy},
		"502":         {text(502, "<html>"), 1, wechat.KindBusy, nil},
		"redirect":    {text(302, ""), 1, wechat.KindRequest, nil},
		"lost":        {fails(io.ErrUnexpectedEOF), 1, wechat.KindLost, io.ErrUnexpectedEOF},
		"truncated":   {text(200, `{"openid":"o`), 1, wechat.KindLost, nil},
		"no openid":   {text(200, `{"access_token":"WEB","expires_in":7200}`), 1, wechat.KindLost, nil},
		"not sent":    {fails(dial), 2, wechat.KindUnknown, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway()
			g.on(http.MethodGet, webAuthPath, tt.first, text(200, `{"openid":"oP"}`))
			_, err := g.client(t).WebAuthOpenID(t.Context(), "CODE")
			assert.Len(t, g.requests, tt.sent)
			assert.Equal(t, tt.kind, wechat.KindOf(err), "%v", err)
			if tt.is != nil {
				assert.ErrorIs(t, err, tt.is)
			}
		})
	}
	g := newGateway()
	_, err := g.client(t).WebAuthOpenID(t.Context(), "")
	require.ErrorIs(t, err, wechat.ErrMissingOAuthCode)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = g.client(t).WebAuthOpenID(ctx, "CODE")
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, g.requests)
}

// TestWebAuthIsNotRepeatedByTheTransport has a server that hangs up on a request which came
// over a connection that was used before. There net/http repeats a GET by itself.
func TestWebAuthIsNotRepeatedByTheTransport(t *testing.T) {
	t.Parallel()
	through := wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) { return next.RoundTrip(r) })
	for name, opts := range map[string][]wechat.Option{
		"own": nil, "wrapped": {through}, "shared": {wechat.WithHTTPClient(&http.Client{Transport: wechat.NewTransport()})},
		"user's": {wechat.WithHTTPClient(&http.Client{Transport: &http.Transport{}}), through},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			notRepeatedByTheTransport(t, opts)
		})
	}
}

func notRepeatedByTheTransport(t *testing.T, opts []wechat.Option) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	seen := make(chan string, 16)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serveTwice(conn, seen)
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	c, err := wechat.New(appID, secret, append(opts, wechat.WithBaseURL("http://"+listener.Addr().String()), wechat.WithMaxAttempts(1))...)
	require.NoError(t, err)
	_, err = c.WebAuthOpenID(t.Context(), "CODE1")
	require.NoError(t, err)
	_, err = c.WebAuthOpenID(t.Context(), "CODE2")
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err), "%v", err)
	c.CloseIdleConnections()
	_ = listener.Close()
	require.Len(t, seen, 2)
	for range 2 {
		head := <-seen
		assert.NotContains(t, head, "Content-Length")
		assert.NotContains(t, head, "chunked")
	}
}

// serveTwice answers one request on conn and hangs up on the next.
func serveTwice(conn net.Conn, seen chan<- string) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for n := range 2 {
		head := ""
		for !strings.HasSuffix(head, "\r\n\r\n") {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			head += line
		}
		seen <- head
		if n == 0 {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n"+`{"openid":"oP"}`)
		}
	}
}

// TestWebAuthLeaksNothing looks for the secret, the code, the platform's token and the web
// access token in all that an exchange that fails leaves behind.
func TestWebAuthLeaksNothing(t *testing.T) {
	t.Parallel()
	const platform = "PLATFORM-token"
	quote := func(r *http.Request) string {
		q := r.URL.Query()
		return r.URL.String() + " " + q.Get("code") + " " + secret + " " + q.Get("component_access_token")
	}
	for name, a := range map[string]answer{
		"network": func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("get %s: %w", quote(r), io.ErrUnexpectedEOF)
		},
		"errmsg": func(r *http.Request) (*http.Response, error) {
			body, err := json.Marshal(map[string]any{"errcode": 40029, "errmsg": "invalid code " + quote(r)})
			return httpmock.NewBytesResponse(200, body), err
		},
		"page": func(r *http.Request) (*http.Response, error) {
			return httpmock.NewStringResponse(502, "<p>"+quote(r)), nil
		},
		"cut page": func(r *http.Request) (*http.Response, error) {
			return httpmock.NewStringResponse(502, strings.Repeat("x", 248)+r.URL.Query().Get("code")), nil
		},
		"html": func(r *http.Request) (*http.Response, error) {
			return httpmock.NewStringResponse(200, "<p>"+quote(r)), nil
		},
		"truncated": text(200, `{"access_token":"WEB-token","openid":"oP`),
		"no openid": text(200, `{"access_token":"WEB-token","refresh_token":"WEB-token","expires_in":1}`),
	} {
		for _, opts := range [][]wechat.Option{nil, {wechat.WithComponent("wxplatform", tokenOf(platform))}} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				g := newGateway()
				g.on(http.MethodGet, webAuthPath, a)
				g.on(http.MethodGet, componentPath, a)
				var seen strings.Builder
				c := g.client(t, append(opts, wechat.WithHook(func(_ context.Context, e wechat.Event) { fmt.Fprintf(&seen, "%+v %#v", e, e.Err) }),
					wechat.WithLogger(slog.New(slog.NewTextHandler(&seen, &slog.HandlerOptions{Level: slog.LevelDebug}))))...)
				_, err := c.WebAuthOpenID(t.Context(), oauthCode)
				require.Error(t, err)
				walk(err, func(e error) { fmt.Fprintf(&seen, "%v %+v %#v %q\n", e, e, e, e) })
				fmt.Fprintf(&seen, "%+v %#v", c, c)
				bytes := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", []byte(secret)), "[]byte{"), "}")
				require.Contains(t, bytes, "0x73, 0x33")
				for _, leak := range []string{secret, bytes, oauthCode, oauthCode[:8], url.QueryEscape(oauthCode), platform, "WEB-token"} {
					assert.NotContains(t, seen.String(), leak)
				}
			})
		}
	}
}

func FuzzWebAuthURL(f *testing.F) {
	f.Add("https://school.example/back?a=1", "aZ09")
	f.Add("https://学校.example/照片#x", "照")
	f.Add("//x", "")
	c, err := wechat.New(appID, secret)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, uri, state string) {
		address, err := c.WebAuthURL(uri, state)
		if err != nil {
			return
		}
		u, err := url.Parse(address)
		require.NoError(t, err)
		assert.Equal(t, "open.weixin.qq.com", u.Host)
		assert.Equal(t, "wechat_redirect", u.Fragment)
		q := u.Query()
		assert.Len(t, q, 5)
		assert.Equal(t, uri, q.Get("redirect_uri"))
		assert.Equal(t, state, q.Get("state"))
	})
}
