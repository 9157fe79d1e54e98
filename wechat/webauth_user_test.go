package wechat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
)

const (
	refreshPath = "/sns/oauth2/refresh_token"
	userPath    = "/sns/userinfo"
	checkPath   = "/sns/auth"

	visitorToken = "VISITOR/+=&token"
	refreshToken = "REFRESH/+=&token"
)

// visitor is somebody who has authorized.
func visitor() wechat.WebAuth {
	return wechat.WebAuth{OpenID: openid, Scope: "snsapi_userinfo"}.WithToken(token.Token{Value: visitorToken})
}

// A visitor's tokens are in nothing that is printed, logged or encoded, whatever the verb and
// wherever the WebAuth is.
func TestWebAuthPrintsNoToken(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, webAuthPath, text(200, `{"access_token":"VISITOR-token","expires_in":7200,"refresh_token":"REFRESH-token","openid":"oP"}`))
	auth, err := g.client(t).WebAuthOpenID(t.Context(), "CODE")
	require.NoError(t, err)
	require.Equal(t, "REFRESH-token", auth.RefreshToken())
	require.Equal(t, "VISITOR-token", auth.Token().Value)
	assert.Zero(t, wechat.WebAuth{}.RefreshToken())
	assert.Zero(t, wechat.WebAuth{}.Token())
	assert.Equal(t, wechat.WebAuth{OpenID: "oP"}, wechat.WebAuth{OpenID: "oP"}.WithToken(auth.Token()).WithToken(token.Token{}))
	type session struct {
		auth wechat.WebAuth
		any  any
	}
	var seen strings.Builder
	for _, v := range []any{
		auth, &auth, []wechat.WebAuth{auth}, []*wechat.WebAuth{&auth}, map[string]wechat.WebAuth{"a": auth}, map[string]*wechat.WebAuth{"a": &auth},
		map[*wechat.WebAuth]int{&auth: 1}, struct{ Auth *wechat.WebAuth }{&auth}, session{auth, auth}, &session{auth, &auth}, []any{auth, &auth},
		wechat.WebAuth{OpenID: "oP"}.WithToken(auth.Token()), reflect.ValueOf(auth), reflect.ValueOf(session{auth: auth}).Field(0),
	} {
		for verb := range strings.FieldsSeq("v +v #v s +s #s q +q #q x X d o O b c U t e E f F g G p T w z") {
			fmt.Fprintf(&seen, "%"+verb+"\n", v)
		}
		fmt.Fprintln(&seen, v)
		for _, h := range []slog.Handler{slog.NewTextHandler(&seen, nil), slog.NewJSONHandler(&seen, nil)} {
			slog.New(h).Info("x", "auth", v)
		}
	}
	for i := range reflect.TypeFor[wechat.WebAuth]().NumField() { // each by itself, which fmt follows furthest
		for verb := range strings.FieldsSeq("v +v #v s q x d p t") {
			fmt.Fprintf(&seen, "%"+verb+"\n", reflect.ValueOf(auth).Field(i))
		}
	}
	for _, v := range []any{auth, &auth, []*wechat.WebAuth{&auth}} {
		_, err := json.Marshal(v)
		require.ErrorContains(t, err, "not made for JSON")
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
	}
	require.Greater(t, seen.Len(), 1000)
	for _, leak := range []string{"REFRESH-token", "VISITOR-token"} {
		for _, form := range []string{leak, fmt.Sprintf("%x", leak), fmt.Sprintf("%X", leak), strings.Trim(fmt.Sprint([]byte(leak)), "[]")} {
			assert.NotContains(t, seen.String(), form)
		}
	}
}

func TestWebAuthRefresh(t *testing.T) {
	t.Parallel()
	start := time.Now()
	for name, tt := range map[string]struct {
		body string
		want wechat.WebAuth
		next string
	}{
		"documented": {`{"access_token":"WEB","expires_in":7200,"refresh_token":"NEXT","openid":"oP","scope":"snsapi_userinfo"}`, wechat.WebAuth{OpenID: "oP", Scope: "snsapi_userinfo"}, "NEXT"},
		"the same":   {`{"errcode":0,"access_token":"WEB","expires_in":"7200","refresh_token":"REFRESH/+=&token","openid":"oP","scope":null}`, wechat.WebAuth{OpenID: "oP"}, refreshToken},
		"none":       {`{"access_token":"WEB","expires_in":7200,"openid":"oP"}`, wechat.WebAuth{OpenID: "oP"}, refreshToken},
		"more":       {`{"access_token":"WEB","expires_in":7200,"openid":"oP","unionid":"u","is_snapshotuser":1}`, wechat.WebAuth{OpenID: "oP", UnionID: "u", Snapshot: true}, refreshToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway()
			g.on(http.MethodGet, refreshPath, text(200, tt.body))
			c, err := wechat.New(appID, "", wechat.WithTokenSource(tokenOf("T")), wechat.WithHTTPClient(&http.Client{Transport: g}))
			require.NoError(t, err, "it needs no secret")
			auth, err := c.WebAuthRefresh(t.Context(), refreshToken)
			require.NoError(t, err)
			assert.Equal(t, "WEB", auth.Token().Value)
			assert.WithinRange(t, auth.Token().Expiry, start.Add(2*time.Hour), time.Now().Add(2*time.Hour))
			assert.Equal(t, tt.next, auth.RefreshToken())
			assert.Equal(t, tt.want, wechat.WebAuth{OpenID: auth.OpenID, UnionID: auth.UnionID, Scope: auth.Scope, Snapshot: auth.Snapshot})
			assert.Equal(t, "https://api.weixin.qq.com/sns/oauth2/refresh_token?appid="+appID+"&grant_type=refresh_token&refresh_token="+url.QueryEscape(refreshToken), g.requests[0].URL.String())
			assert.Zero(t, g.tokens)
		})
	}
}

func TestWebAuthUserInfo(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lang  wechat.Language
		body  string
		query string
		want  wechat.WebAuthUser
	}{
		"documented": {wechat.SimplifiedChinese, `{"openid":"` + openid + `","nickname":"NICKNAME","sex":0,"province":"","city":"","country":"","headimgurl":"https://thirdwx.qlogo.cn/mmopen/x/132","privilege":["PRIVILEGE1"],"unionid":"UNIONID"}`,
			"&lang=zh_CN", wechat.WebAuthUser{OpenID: openid, UnionID: "UNIONID", Nickname: "NICKNAME", HeadImageURL: "https://thirdwx.qlogo.cn/mmopen/x/132", Privilege: []string{"PRIVILEGE1"}}},
		"of before 2021": {wechat.English, `{"openid":"` + openid + `","nickname":"张三🎉","sex":"2","language":"en","province":"Guangdong","city":"Guangzhou","country":"CN","headimgurl":"","privilege":[]}`,
			"&lang=en", wechat.WebAuthUser{OpenID: openid, Nickname: "张三🎉", Sex: 2, Province: "Guangdong", City: "Guangzhou", Country: "CN"}},
		"bare":         {"", `{"openid":"` + openid + `"}`, "", wechat.WebAuthUser{OpenID: openid}},
		"odd":          {wechat.TraditionalChinese, `{"errcode":0,"openid":"` + openid + `","sex":null,"nickname":null,"privilege":{"a":1}}`, "&lang=zh_TW", wechat.WebAuthUser{OpenID: openid}},
		"odd members":  {"", `{"openid":"` + openid + `","privilege":["a",1,null,"","b"],"nickname":"a` + "\x01" + `b"}`, "", wechat.WebAuthUser{OpenID: openid, Nickname: "a\x01b", Privilege: []string{"a", "b"}}},
		"no privilege": {"", `{"openid":"` + openid + `","privilege":null}`, "", wechat.WebAuthUser{OpenID: openid}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway()
			g.on(http.MethodGet, userPath, text(200, tt.body))
			user, err := g.client(t).WebAuthUserInfo(t.Context(), visitor(), tt.lang)
			require.NoError(t, err)
			assert.Equal(t, tt.want, user)
			assert.Equal(t, "https://api.weixin.qq.com/sns/userinfo?access_token="+url.QueryEscape(visitorToken)+"&openid="+openid+tt.query, g.requests[0].URL.String())
			assert.Zero(t, g.tokens, "the account's token is not needed")
		})
	}
}

func TestWebAuthCheck(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, checkPath, text(200, okJSON))
	require.NoError(t, g.client(t).WebAuthCheck(t.Context(), visitor()))
	assert.Equal(t, "https://api.weixin.qq.com/sns/auth?access_token="+url.QueryEscape(visitorToken)+"&openid="+openid, g.requests[0].URL.String())
	assert.Zero(t, g.tokens)
}

// visitorCalls are the calls about a visitor who has authorized.
func visitorCalls(ctx context.Context, c *wechat.Client) map[string]func() error {
	return map[string]func() error{
		refreshPath: func() error { _, err := c.WebAuthRefresh(ctx, refreshToken); return err },
		userPath:    func() error { _, err := c.WebAuthUserInfo(ctx, visitor(), ""); return err },
		checkPath:   func() error { return c.WebAuthCheck(ctx, visitor()) },
	}
}

func TestVisitorCallsThatFail(t *testing.T) {
	t.Parallel()
	for code, tt := range map[wechat.Code]struct {
		kind wechat.Kind
		hint string
	}{
		40003: {wechat.KindRecipient, "take both from one WebAuth"}, 40014: {wechat.KindToken, "WebAuthRefresh"}, 42001: {wechat.KindToken, "WebAuthRefresh"}, 40001: {wechat.KindToken, "WebAuthRefresh"},
		50001: {wechat.KindRequest, "withdrawn"}, 48001: {wechat.KindRequest, "AskUserInfo"}, 40030: {wechat.KindRequest, "30 days"}, 42002: {wechat.KindRequest, "30 days"},
		41003: {wechat.KindRequest, "30 days"}, 42007: {wechat.KindRequest, "password"}, 40029: {wechat.KindRequest, "five minutes"}, 42003: {wechat.KindRequest, "five minutes"},
		40163: {wechat.KindRequest, "clean address"}, 41008: {wechat.KindRequest, "refused"},
	} {
		g := newGateway()
		g.on(http.MethodGet, userPath, text(200, fmt.Sprintf(`{"errcode":%d,"errmsg":"no, rid: 1-2-3"}`, code)))
		_, err := g.client(t).WebAuthUserInfo(t.Context(), visitor(), "")
		require.ErrorIs(t, err, code)
		assert.Equal(t, tt.kind, wechat.KindOf(err), "%v", code)
		var e *wechat.Error
		require.ErrorAs(t, err, &e)
		assert.Contains(t, e.Hint(), tt.hint, "%v", code)
		assert.Len(t, g.requests, 1, "a visitor's token is not the account's")
		assert.Zero(t, g.tokens)
	}
	assert.Equal(t, wechat.KindAccount, (&wechat.Error{Code: 48001, Path: webAuthPath}).Kind(), "the account has no web authorization")
	wrongSecret := &wechat.Error{Code: 40001, Path: webAuthPath}
	assert.Equal(t, wechat.KindAccount, wrongSecret.Kind())
	assert.Contains(t, wrongSecret.Hint(), "AppSecret")
	assert.Equal(t, wechat.KindRequest, (&wechat.Error{Code: 50001, Path: refreshPath}).Kind())
	assert.Equal(t, wechat.KindAccount, (&wechat.Error{Code: 50001, Path: "/cgi-bin/x"}).Kind())
}

// Queries are repeated after a lost answer, and answers that do not say what they have to are lost.
func TestVisitorCallsThatAreLost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer answer
		kind   wechat.Kind
		sent   int
	}{
		"lost": {fails(io.ErrUnexpectedEOF), wechat.KindLost, 3}, "busy": {text(200, `{"errcode":-1}`), wechat.KindBusy, 3},
		"nothing": {text(200, `{}`), wechat.KindLost, 1}, "a page": {text(200, "<p>"), wechat.KindLost, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := newGateway()
			c := g.client(t, wechat.WithLogger(slog.New(slog.DiscardHandler)))
			for path, call := range visitorCalls(t.Context(), c) {
				g.requests = nil
				g.on(http.MethodGet, path, tt.answer)
				assert.Equal(t, tt.kind, wechat.KindOf(call()), name+path)
				assert.Len(t, g.requests, tt.sent, name+path)
			}
		})
	}
	for path, body := range map[string]string{
		userPath: `{"openid":"oAnother","nickname":"x"}`, refreshPath: `{"openid":"oP","refresh_token":"R"}`,
	} {
		g := newGateway()
		g.on(http.MethodGet, path, text(200, body))
		assert.Equal(t, wechat.KindLost, wechat.KindOf(visitorCalls(t.Context(), g.client(t))[path]()))
	}
}

func TestVisitorCallsThatAreRefused(t *testing.T) {
	t.Parallel()
	g := newGateway()
	c := g.client(t)
	_, err := c.WebAuthRefresh(t.Context(), "")
	require.ErrorIs(t, err, wechat.ErrMissingRefreshToken)
	for says, auth := range map[string]wechat.WebAuth{
		"no OpenID and no Token;": {}, "no OpenID;": wechat.WebAuth{}.WithToken(token.Token{Value: "T"}), "no Token;": {OpenID: "o"},
	} {
		_, err := c.WebAuthUserInfo(t.Context(), auth, "")
		require.ErrorContains(t, err, "wechat: WebAuthUserInfo: the WebAuth has "+says)
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
		require.ErrorContains(t, c.WebAuthCheck(t.Context(), auth), "wechat: WebAuthCheck: the WebAuth has "+says)
	}
	_, err = c.WebAuthUserInfo(t.Context(), visitor(), "fr&x=1")
	require.ErrorContains(t, err, "zh_CN, zh_TW, en or empty")
	platform := g.client(t, wechat.WithComponent("wxplatform", tokenOf("P")))
	_, err = platform.WebAuthRefresh(t.Context(), refreshToken)
	require.ErrorContains(t, err, "third-party platform")
	assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
	cloud, err := wechat.New(appID, "", wechat.WithoutToken(), wechat.WithHTTPClient(&http.Client{Transport: g}))
	require.NoError(t, err)
	for _, call := range visitorCalls(t.Context(), cloud) {
		err := call()
		require.ErrorContains(t, err, "over plain http")
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
	}
	var none context.Context
	for _, call := range visitorCalls(none, c) {
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(call()), "a nil context")
	}
	assert.Empty(t, g.requests)
	g.on(http.MethodGet, checkPath, text(200, okJSON))
	require.NoError(t, platform.WebAuthCheck(t.Context(), visitor()), "a visitor's own token serves here too")
}

// TestVisitorCallsLeakNothing looks for the visitor's tokens and openid in all that a failure
// leaves behind.
func TestVisitorCallsLeakNothing(t *testing.T) {
	t.Parallel()
	quote := func(r *http.Request) string {
		q := r.URL.Query()
		return r.URL.String() + " " + q.Get("access_token") + " " + q.Get("refresh_token") + " " + q.Get("openid")
	}
	for name, a := range map[string]answer{
		"network": func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("get %s: %w", quote(r), io.ErrUnexpectedEOF)
		},
		"errmsg": func(r *http.Request) (*http.Response, error) {
			body, err := json.Marshal(map[string]any{"errcode": 40014, "errmsg": "no " + quote(r)})
			return httpmock.NewBytesResponse(200, body), err
		},
		"page":      echo(502),
		"html":      echo(200),
		"truncated": text(200, `{"access_token":"WEB-token","refresh_token":"WEB-token","openid":"o`),
		"no openid": text(200, `{"access_token":"WEB-token","refresh_token":"WEB-token","expires_in":1}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, seen := newGateway(), &watcher{}
			c := g.client(t, append(seen.options(), wechat.WithMaxAttempts(1))...)
			for _, path := range []string{refreshPath, userPath, checkPath} {
				g.on(http.MethodGet, path, a)
			}
			for _, call := range visitorCalls(t.Context(), c) {
				err := call()
				require.Error(t, err)
				seen.tree(err)
			}
			for _, leak := range []string{visitorToken, refreshToken, url.QueryEscape(visitorToken), url.QueryEscape(refreshToken), openid, "WEB-token"} {
				assert.NotContains(t, seen.String(), leak)
			}
		})
	}
}

// What WeChat answers about a visitor passes wrappers unseen.
func TestVisitorAnswersAreKeptFromWrappers(t *testing.T) {
	t.Parallel()
	g, seen := newGateway(), &watcher{}
	g.on(http.MethodGet, refreshPath, text(200, `{"access_token":"WEB-token","refresh_token":"WEB-token","expires_in":7200,"openid":"`+openid+`"}`))
	g.on(http.MethodGet, userPath, text(200, `{"openid":"`+openid+`","nickname":"NICKNAME"}`))
	g.on(http.MethodGet, checkPath, text(200, okJSON))
	for _, call := range visitorCalls(t.Context(), g.client(t, spy(seen, true))) {
		require.NoError(t, call())
	}
	assert.Contains(t, seen.String(), refreshPath)
	for _, leak := range []string{"WEB-token", visitorToken, refreshToken, openid, "NICKNAME"} {
		assert.NotContains(t, seen.String(), leak)
	}
}

// FuzzSNSAnswers reads any answer to the calls of web authorization and for a ticket.
func FuzzSNSAnswers(f *testing.F) {
	f.Add([]byte(`{"access_token":"WEB","expires_in":"7200","refresh_token":"R","openid":"o","scope":"snsapi_base","is_snapshotuser":1,"unionid":"u"}`))
	f.Add([]byte(`{"openid":"o","nickname":"n","sex":1.0,"headimgurl":null,"privilege":["a",{}]}`))
	f.Add([]byte(ticketJSON))
	f.Fuzz(func(t *testing.T, body []byte) {
		rt := roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, nil
		})
		c, err := wechat.New(appID, secret, wechat.WithTokenSource(tokenOf("T")), wechat.WithHTTPClient(&http.Client{Transport: rt}), wechat.WithMaxAttempts(1), wechat.WithLogger(slog.New(slog.DiscardHandler)))
		require.NoError(t, err)
		auth, err := c.WebAuthOpenID(t.Context(), "CODE")
		require.Equal(t, err == nil, auth.OpenID != "")
		renewed, err := c.WebAuthRefresh(t.Context(), "R")
		require.Equal(t, err == nil, renewed.OpenID != "" && renewed.Token().Value != "" && renewed.RefreshToken() != "")
		user, err := c.WebAuthUserInfo(t.Context(), wechat.WebAuth{OpenID: "o"}.WithToken(token.Token{Value: "T"}), "")
		require.Equal(t, err == nil, user.OpenID == "o")
		_ = c.WebAuthCheck(t.Context(), wechat.WebAuth{OpenID: "o"}.WithToken(token.Token{Value: "T"}))
		config, err := c.JSSDK.Config(t.Context(), page)
		require.Equal(t, err == nil, len(config.Signature) == 40)
	})
}
