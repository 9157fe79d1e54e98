package wechattest_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	backURI   = "https://school.example/photo/back?from=msg"
	authorize = "/connect/oauth2/authorize"
)

// visitors is a wire whose account has a registered host and a visitor.
func visitors(t *testing.T, v wechattest.Visitor) *wire {
	t.Helper()
	w := newWire(t)
	w.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w.s.SetWebAuthDomain("school.example")
	w.s.Visit(v)
	return w
}

// visit asks the authorize page, as WeChat's browser unless told otherwise.
func (w *wire) visit(query string, header ...string) answer {
	w.t.Helper()
	req := w.request(http.MethodGet, authorize+"?"+query, nil)
	req.Header.Set("User-Agent", wechattest.UserAgent)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	a, err := w.do(req)
	require.NoError(w.t, err)
	return a
}

func (w *wire) authorizeQuery(replace ...string) string {
	good := "appid=" + w.s.AppID + "&redirect_uri=" + url.QueryEscape(backURI) + "&response_type=code&scope=snsapi_base&state=aZ09"
	return strings.NewReplacer(replace...).Replace(good)
}

// code is one that the visitor was sent on with.
func (w *wire) code() string {
	w.t.Helper()
	a := w.visit(w.authorizeQuery())
	require.Equal(w.t, http.StatusFound, a.StatusCode, a.Body)
	u, err := url.Parse(a.Header.Get("Location"))
	require.NoError(w.t, err)
	return u.Query().Get("code")
}

func (w *wire) exchange(code string, replace ...string) answer {
	w.t.Helper()
	good := "/sns/oauth2/access_token?appid=" + w.s.AppID + "&secret=" + w.s.AppSecret + "&code=" + code + "&grant_type=authorization_code"
	return w.get(strings.NewReplacer(replace...).Replace(good))
}

func TestVisitorIsSentOn(t *testing.T) {
	t.Parallel()
	w := visitors(t, wechattest.Visitor{OpenID: "oParent"})
	location := w.visit(w.authorizeQuery()).Header.Get("Location")
	assert.Regexp(t, `^https://school\.example/photo/back\?from=msg&code=[0-9A-Za-z]{24,40}&state=aZ09$`, location)
	location = w.visit(w.authorizeQuery("%3Ffrom%3Dmsg", "")).Header.Get("Location")
	assert.Regexp(t, `^https://school\.example/photo/back\?code=[0-9A-Za-z]+&state=aZ09$`, location)
	location = w.visit(w.authorizeQuery("%3Ffrom%3Dmsg", "%3Fa%3D1%23%2Fproduct%2F1", "aZ09", "aZ09&forcePopup=true")).Header.Get("Location")
	assert.Regexp(t, `^https://school\.example/photo/back\?a=1&code=[0-9A-Za-z]+&state=aZ09#/product/1$`, location, "the fragment comes last")
	location = w.visit(w.authorizeQuery("snsapi_base", "snsapi_userinfo", "=aZ09", "=")).Header.Get("Location")
	assert.Regexp(t, `&state=$`, location)
}

func TestAuthorizePageRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		replace []string
		says    string
	}{
		"order":          {[]string{"&response_type=code&scope=snsapi_base", "&scope=snsapi_base&response_type=code"}, "in this order"},
		"no state":       {[]string{"&state=aZ09", ""}, "state is missing"},
		"odd state":      {[]string{"aZ09", "a.b"}, "state must be"},
		"long state":     {[]string{"aZ09", strings.Repeat("a", 129)}, "state must be"},
		"more":           {[]string{"aZ09", "a&x=1"}, "in this order"},
		"scope":          {[]string{"snsapi_base", "snsapi_login"}, "scope must be"},
		"type":           {[]string{"=code", "=token"}, "response_type"},
		"not encoded":    {[]string{url.QueryEscape(backURI), "https://school.example/"}, "URL-encoded"},
		"other host":     {[]string{"school", "evil"}, "10003"},
		"longer host":    {[]string{"school.example", "school.example.evil.example"}, "10003"},
		"below the host": {[]string{"school", "www.school"}, "10003"},
		"script":         {[]string{"https%3A", "javascript%3A"}, "whole address"},
		"popup":          {[]string{"aZ09", "a&forcePopup=1"}, "forcePopup must be true"},
		"popup first":    {[]string{"&state=aZ09", "&forcePopup=true&state=aZ09"}, "in this order"},
		"popup last":     {[]string{"aZ09", "a&component_appid=wxp&forcePopup=true"}, "in this order"},
		"account":        {[]string{"wxsimulation000001", "wx0"}, "no such account"},
		"platform":       {[]string{"aZ09", "a&component_appid=wxp"}, "component_appid"},
		"empty platform": {[]string{"aZ09", "a&component_appid="}, "component_appid is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := visitors(t, wechattest.Visitor{OpenID: "oParent"})
			a := w.visit(w.authorizeQuery(tt.replace...))
			assert.Equal(t, http.StatusBadRequest, a.StatusCode)
			assert.Contains(t, a.Body, tt.says)
			assert.Empty(t, a.Header.Get("Location"))
		})
	}
}

func TestAuthorizePageWantsWeChatAndSomebody(t *testing.T) {
	t.Parallel()
	w := visitors(t, wechattest.Visitor{})
	assert.Contains(t, w.visit(w.authorizeQuery()).Body, "nobody is visiting")
	w.s.SetWebAuthDomain()
	assert.Contains(t, w.visit(w.authorizeQuery()).Body, "10003")
	w.s.SetWebAuthDomain("school.example:443")
	assert.Contains(t, w.visit(w.authorizeQuery()).Body, "10003", "the port counts where one is registered")
}

// TestAuthorizePageSaysWhichBrowserItWants names what was sent and what is missing.
func TestAuthorizePageSaysWhichBrowserItWants(t *testing.T) {
	t.Parallel()
	w := visitors(t, wechattest.Visitor{OpenID: "oParent"})
	for _, agent := range []string{"Safari", "", "micromessenger", "Go-http-client/1.1", `<script>"x"</script>`, strings.Repeat("x", 10_000)} {
		a := w.visit(w.authorizeQuery(), "User-Agent", agent)
		assert.Equal(t, http.StatusBadRequest, a.StatusCode)
		page := html.UnescapeString(a.Body)
		assert.Contains(t, page, fmt.Sprintf("请在微信客户端打开链接: the User-Agent %.100q does not contain \"MicroMessenger\"; send wechattest.UserAgent", agent))
		assert.NotContains(t, a.Body, "<script>")
	}
	for _, agent := range []string{wechattest.UserAgent, "MicroMessenger", "Mozilla/5.0 (Windows NT 10.0) MicroMessenger/7.0.20 WindowsWechat"} {
		assert.Equal(t, http.StatusFound, w.visit(w.authorizeQuery(), "User-Agent", agent).StatusCode, agent)
	}
}

func TestCodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	w := visitors(t, wechattest.Visitor{OpenID: "oParent", UnionID: "uParent"})
	code := w.code()
	a := w.exchange(code)
	assert.Regexp(t, `^\{"access_token":"86_[^"]+","expires_in":7200,"refresh_token":"[^"]+","openid":"oParent","scope":"snsapi_base","unionid":"uParent"\}$`, a.Body)
	assert.Equal(t, "text/plain", a.Header.Get("Content-Type"))
	requireCode(t, 40163, w.exchange(code))
	requireCode(t, 40029, w.exchange("nonsense"))
	requireCode(t, 41008, w.exchange(""))
	late := w.code()
	w.s.Advance(5*time.Minute + time.Second)
	requireCode(t, 40029, w.exchange(late))
	requireCode(t, 40014, w.get("/cgi-bin/getcallbackip?access_token="+a.Token))
}

func TestExchangeIsRefused(t *testing.T) {
	t.Parallel()
	w := visitors(t, wechattest.Visitor{OpenID: "oParent"})
	other := w.s.AddAccount("wxother", "othersecret")
	code := w.code()
	for name, tt := range map[string]struct {
		code    int
		replace []string
	}{
		"no appid":        {41002, []string{w.s.AppID, ""}},
		"no secret":       {41004, []string{w.s.AppSecret, ""}},
		"wrong appid":     {40013, []string{w.s.AppID, "wx0"}},
		"wrong secret":    {40125, []string{w.s.AppSecret, "x"}},
		"other's secret":  {40001, []string{w.s.AppSecret, other.AppSecret}},
		"other's code":    {40029, []string{w.s.AppID, other.AppID, w.s.AppSecret, other.AppSecret}},
		"grant type":      {40002, []string{"authorization_code", "client_credential"}},
		"no third party":  {61003, []string{"oauth2/", "oauth2/component/"}},
		"post, not a get": {0, nil},
	} {
		if tt.replace == nil {
			requireCode(t, 43001, w.post("/sns/oauth2/access_token?code="+code, "{}"))
			continue
		}
		t.Run(name, func(t *testing.T) { requireCode(t, tt.code, w.exchange(code, tt.replace...)) })
	}
	assert.Contains(t, w.exchange(code).Body, `"openid":"oParent"`, "none of these has spent it")
}

func TestSnapshotVisitorHasAVirtualOpenID(t *testing.T) {
	t.Parallel()
	w := visitors(t, wechattest.Visitor{OpenID: "oParent", Snapshot: true})
	first, second := w.exchange(w.code()), w.exchange(w.code())
	for _, a := range []answer{first, second} {
		assert.Contains(t, a.Body, `"is_snapshotuser":1`)
		assert.Contains(t, a.Body, `"openid":"oVIRTUAL`)
		assert.NotContains(t, a.Body, "oParent")
	}
}

func TestVisitorByCookie(t *testing.T) {
	t.Parallel()
	w := visitors(t, wechattest.Visitor{})
	w.s.VisitFunc(func(r *http.Request) wechattest.Visitor {
		c, err := r.Cookie("who")
		if err != nil {
			return wechattest.Visitor{}
		}
		return wechattest.Visitor{OpenID: c.Value}
	})
	for _, who := range []string{"oMother", "oFather"} {
		u, err := url.Parse(w.visit(w.authorizeQuery(), "Cookie", "who="+who).Header.Get("Location"))
		require.NoError(t, err)
		assert.Contains(t, w.exchange(u.Query().Get("code")).Body, `"openid":"`+who+`"`)
	}
}

// TestWebAuthClient walks the way with the client, by itself and by a platform.
func TestWebAuthClient(t *testing.T) {
	t.Parallel()
	for _, platform := range []string{"", "wxplatform"} {
		w := visitors(t, wechattest.Visitor{OpenID: "oParent", UnionID: "u"})
		var opts []wechat.Option
		if platform != "" {
			w.s.SetComponent(platform, "PLATFORM")
			opts = append(opts, wechat.WithComponent(platform, source("PLATFORM")))
		}
		c := w.s.Client(opts...)
		address, err := c.WebAuthURL(backURI, "s1")
		require.NoError(t, err)
		query := strings.TrimSuffix(strings.TrimPrefix(address, w.s.AuthorizeURL()+"?"), "#wechat_redirect")
		u, err := url.Parse(w.visit(query).Header.Get("Location"))
		require.NoError(t, err)
		auth, err := c.WebAuthOpenID(t.Context(), u.Query().Get("code"))
		require.NoError(t, err)
		assert.Equal(t, []string{"oParent", "u", "snsapi_base"}, []string{auth.OpenID, auth.UnionID, auth.Scope})
		_, err = c.WebAuthOpenID(t.Context(), u.Query().Get("code"))
		require.ErrorIs(t, err, wechat.ErrOAuthCodeUsed)
		if platform != "" {
			_, err = w.s.Client(wechat.WithComponent(platform, source("OLD"))).WebAuthOpenID(t.Context(), w.codeBy(platform))
			require.ErrorIs(t, err, wechat.ErrInvalidCredential)
			requireCode(t, 61003, w.exchange("x"))
		}
	}
}

func source(value string) token.Source {
	return token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: value, Expiry: time.Now().Add(time.Hour)}, nil
	})
}

// codeBy is code for an account that a platform runs.
func (w *wire) codeBy(platform string) string {
	w.t.Helper()
	u, err := url.Parse(w.visit(w.authorizeQuery("aZ09", "a&component_appid="+platform)).Header.Get("Location"))
	require.NoError(w.t, err)
	return u.Query().Get("code")
}
