package wechattest_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// granted is what an exchange or a refresh answers.
type granted struct {
	Token    string `json:"access_token"`
	Expires  int    `json:"expires_in"`
	Refresh  string `json:"refresh_token"`
	OpenID   string `json:"openid"`
	Scope    string `json:"scope"`
	Snapshot int    `json:"is_snapshotuser"`
	UnionID  string `json:"unionid"`
}

func (w *wire) granted(a answer) granted {
	w.t.Helper()
	requireCode(w.t, 0, a)
	var g granted
	require.NoError(w.t, json.Unmarshal([]byte(a.Body), &g))
	return g
}

// asked is an exchange after which the visitor was asked for name and picture.
func (w *wire) asked() granted {
	w.t.Helper()
	u, err := url.Parse(w.visit(w.authorizeQuery("snsapi_base", "snsapi_userinfo")).Header.Get("Location"))
	require.NoError(w.t, err)
	return w.granted(w.exchange(u.Query().Get("code")))
}

func (w *wire) refresh(token string, replace ...string) answer {
	w.t.Helper()
	good := "/sns/oauth2/refresh_token?appid=" + w.s.AppID + "&grant_type=refresh_token&refresh_token=" + token
	return w.get(strings.NewReplacer(replace...).Replace(good))
}

func (w *wire) about(path, token, openid string) answer {
	w.t.Helper()
	return w.get(path + "?access_token=" + token + "&openid=" + openid + "&lang=zh_CN")
}

func TestUserInfo(t *testing.T) {
	t.Parallel()
	w := visitors(t, wechattest.Visitor{OpenID: "oParent", UnionID: "uParent", Nickname: "张三🎉", HeadImageURL: "https://thirdwx.qlogo.cn/a/132"})
	g := w.asked()
	a := w.about("/sns/userinfo", g.Token, "oParent")
	assert.Equal(t, `{"openid":"oParent","nickname":"张三🎉","sex":0,"province":"","city":"","country":"","headimgurl":"https://thirdwx.qlogo.cn/a/132","privilege":[],"unionid":"uParent"}`, a.Body)
	assert.Equal(t, "text/plain", a.Header.Get("Content-Type"))
	assert.Equal(t, `{"errcode":0,"errmsg":"ok"}`, w.about("/sns/auth", g.Token, "oParent").Body)
	base := w.granted(w.exchange(w.code()))
	requireCode(t, 48001, w.about("/sns/userinfo", base.Token, "oParent"), "without the scope")
	requireCode(t, 0, w.about("/sns/auth", base.Token, "oParent"))
	for _, path := range []string{"/sns/userinfo", "/sns/auth"} {
		requireCode(t, 41001, w.about(path, "", "oParent"))
		requireCode(t, 41009, w.about(path, g.Token, ""))
		requireCode(t, 40014, w.about(path, "nonsense", "oParent"))
		requireCode(t, 40014, w.about(path, w.token, "oParent"), "the account's token is another kind")
		requireCode(t, 40014, w.about(path, g.Refresh, "oParent"))
		requireCode(t, 40003, w.about(path, g.Token, "oOther"))
		requireCode(t, 43001, w.post(path, "{}"))
	}
	w.s.Withdraw("oParent")
	requireCode(t, 50001, w.about("/sns/userinfo", g.Token, "oParent"))
	requireCode(t, 50001, w.about("/sns/auth", g.Token, "oParent"))
	requireCode(t, 50001, w.refresh(g.Refresh))
	again := w.asked()
	requireCode(t, 0, w.about("/sns/userinfo", again.Token, "oParent"), "authorized anew")
	w.s.Advance(2 * time.Hour)
	requireCode(t, 42001, w.about("/sns/userinfo", again.Token, "oParent"))
	requireCode(t, 42001, w.about("/sns/auth", again.Token, "oParent"))
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	w := visitors(t, wechattest.Visitor{OpenID: "oParent", UnionID: "uParent"})
	other := w.s.AddAccount("wxother", "othersecret")
	g := w.asked()
	for name, tt := range map[string]struct {
		code    int
		replace []string
	}{
		"no appid": {41002, []string{w.s.AppID, ""}}, "wrong appid": {40013, []string{w.s.AppID, "wx0"}}, "grant type": {40002, []string{"grant_type=refresh_token", "grant_type=authorization_code"}},
		"none": {41003, []string{g.Refresh, ""}}, "nonsense": {40030, []string{g.Refresh, "nonsense"}}, "a token": {40030, []string{g.Refresh, g.Token}},
		"of another": {40030, []string{w.s.AppID, other.AppID}},
	} {
		t.Run(name, func(t *testing.T) { requireCode(t, tt.code, w.refresh(g.Refresh, tt.replace...)) })
	}
	requireCode(t, 43001, w.post("/sns/oauth2/refresh_token", "{}"))
	w.s.Advance(3 * time.Hour)
	a := w.refresh(g.Refresh)
	assert.Regexp(t, `^\{"access_token":"86_[^"]+","expires_in":7200,"refresh_token":"[^"]+","openid":"oParent","scope":"snsapi_userinfo"\}$`, a.Body)
	renewed := w.granted(a)
	requireCode(t, 0, w.about("/sns/userinfo", renewed.Token, "oParent"))
	requireCode(t, 0, w.refresh(g.Refresh), "the one before works for a while")
	w.s.Advance(5 * time.Minute)
	requireCode(t, 42002, w.refresh(g.Refresh))
	w.s.Advance(30*24*time.Hour - 10*time.Minute)
	last := w.granted(w.refresh(renewed.Refresh))
	w.s.Advance(30 * 24 * time.Hour)
	requireCode(t, 42002, w.refresh(last.Refresh))
	w.s.SetComponent("wxplatform", "PLATFORM")
	requireCode(t, 61003, w.refresh(last.Refresh))
}

func TestSnapshotVisitorIsVirtual(t *testing.T) {
	t.Parallel()
	w := visitors(t, wechattest.Visitor{OpenID: "oParent", UnionID: "uParent", Nickname: "张三", HeadImageURL: "https://a.cn", Snapshot: true})
	g := w.asked()
	assert.Equal(t, 1, g.Snapshot)
	assert.Regexp(t, `^uVIRTUAL`, g.UnionID)
	body := w.about("/sns/userinfo", g.Token, g.OpenID).Body
	assert.Contains(t, body, `"nickname":"微信用户"`)
	for _, real := range []string{"oParent", "uParent", "张三", "https://a.cn"} {
		assert.NotContains(t, body, real)
	}
	renewed := w.granted(w.refresh(g.Refresh))
	assert.Equal(t, granted{Token: renewed.Token, Expires: 7200, Refresh: renewed.Refresh, OpenID: g.OpenID, Scope: "snsapi_userinfo"}, renewed, "which does not tell of the snapshot")
}

// TestWebAuthUserClient walks the whole way with the client.
func TestWebAuthUserClient(t *testing.T) {
	t.Parallel()
	w := visitors(t, wechattest.Visitor{OpenID: "oParent", UnionID: "u", Nickname: "张三", HeadImageURL: "https://a.cn/132"})
	c, ctx := w.s.Client(), t.Context()
	authorize := func(opts ...wechat.WebAuthOption) wechat.WebAuth {
		address, err := c.WebAuthURL(backURI, "s-_1", opts...)
		require.NoError(t, err)
		u, err := url.Parse(w.visit(strings.TrimSuffix(strings.TrimPrefix(address, w.s.AuthorizeURL()+"?"), "#wechat_redirect")).Header.Get("Location"))
		require.NoError(t, err)
		assert.Equal(t, "s-_1", u.Query().Get("state"))
		auth, err := c.WebAuthOpenID(ctx, u.Query().Get("code"))
		require.NoError(t, err)
		return auth
	}
	auth := authorize(wechat.AskUserInfo())
	user, err := c.WebAuthUserInfo(ctx, auth, wechat.English)
	require.NoError(t, err)
	assert.Equal(t, wechat.WebAuthUser{OpenID: "oParent", UnionID: "u", Nickname: "张三", HeadImageURL: "https://a.cn/132"}, user)
	require.NoError(t, c.WebAuthCheck(ctx, auth))
	stranger := auth
	stranger.OpenID = "oOther"
	require.ErrorIs(t, c.WebAuthCheck(ctx, stranger), wechat.ErrInvalidOpenID)

	w.s.Advance(3 * time.Hour)
	_, err = c.WebAuthUserInfo(ctx, auth, "")
	require.ErrorIs(t, err, wechat.ErrAccessTokenExpired)
	auth, err = c.WebAuthRefresh(ctx, auth.RefreshToken())
	require.NoError(t, err)
	_, err = c.WebAuthUserInfo(ctx, auth, "")
	require.NoError(t, err)
	w.s.Withdraw("oParent")
	_, err = c.WebAuthUserInfo(ctx, auth, "")
	require.ErrorIs(t, err, wechat.ErrUserUnauthorized)
	assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))

	silent := authorize()
	_, err = c.WebAuthUserInfo(ctx, silent, "")
	require.ErrorIs(t, err, wechat.ErrUnauthorizedAPI)
	assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
	other, err := wechat.New("wxother", "", wechat.WithTokenSource(source("T")), wechat.WithBaseURL(w.s.URL))
	require.NoError(t, err)
	_, err = other.WebAuthRefresh(ctx, silent.RefreshToken())
	require.ErrorIs(t, err, wechat.ErrInvalidAppID)
}
