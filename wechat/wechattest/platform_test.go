package wechattest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	platformID     = "wxplatform00000001"
	platformSecret = "platform-secret"
)

// agency is a wire with a platform that has a token, and that the server's account has authorized.
type agency struct {
	*wire
	p     *wechattest.Platform
	token string
}

// platformAnswer is what the calls of a platform answer.
type platformAnswer struct {
	answer
	Component string `json:"component_access_token"`
	Token     string `json:"authorizer_access_token"`
	Refresh   string `json:"authorizer_refresh_token"`
	PreAuth   string `json:"pre_auth_code"`
	ExpiresIn int    `json:"expires_in"`
	Info      struct {
		AppID   string `json:"authorizer_appid"`
		Token   string `json:"authorizer_access_token"`
		Refresh string `json:"authorizer_refresh_token"`
	} `json:"authorization_info"`
	Total int `json:"total_count"`
	List  []struct {
		AppID   string `json:"authorizer_appid"`
		Refresh string `json:"refresh_token"`
		Time    int64  `json:"auth_time"`
	} `json:"list"`
}

func newAgency(t *testing.T) *agency {
	t.Helper()
	w := newWire(t)
	a := &agency{wire: w, p: w.s.AddPlatform(platformID, platformSecret)}
	a.token = a.component(a.p.Ticket()).Component
	require.NotEmpty(t, a.token)
	a.p.Authorize(w.s.Account)
	return a
}

// ask posts to one of a platform's calls, with its token; replace is done to path and body.
func (a *agency) ask(call, body string, replace ...string) platformAnswer {
	a.t.Helper()
	r := strings.NewReplacer(replace...)
	return a.read(a.post(r.Replace("/cgi-bin/component/"+call+"?component_access_token="+url.QueryEscape(a.token)), r.Replace(body)))
}

func (a *agency) read(got answer) (p platformAnswer) {
	a.t.Helper()
	_ = json.Unmarshal([]byte(got.Body), &p)
	p.answer = got
	return p
}

func (a *agency) component(ticket string, replace ...string) platformAnswer {
	a.t.Helper()
	body := fmt.Sprintf(`{"component_appid":%q,"component_appsecret":%q,"component_verify_ticket":%q}`, platformID, platformSecret, ticket)
	return a.read(a.post("/cgi-bin/component/api_component_token", strings.NewReplacer(replace...).Replace(body)))
}

func (a *agency) refresh(replace ...string) platformAnswer {
	a.t.Helper()
	body := fmt.Sprintf(`{"component_appid":%q,"authorizer_appid":%q,"authorizer_refresh_token":%q}`, platformID, a.s.AppID, a.p.RefreshToken(a.s.Account))
	return a.ask("api_authorizer_token", body, replace...)
}

func TestComponentTokenOnTheWire(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	got := a.component(a.p.Ticket())
	assert.Regexp(t, `^\{"component_access_token":"86_[^"]+","expires_in":7200\}$`, got.Body)
	first := a.token
	assert.NotEqual(t, first, got.Component)
	a.token = first
	requireCode(t, 0, a.refresh().answer)
	a.s.Advance(6 * time.Minute)
	requireCode(t, 42006, a.refresh().answer) // the one before has ended
	a.token = got.Component
	requireCode(t, 0, a.refresh().answer)
	a.p.ExpireTokens()
	requireCode(t, 42006, a.refresh().answer)

	ticket := a.p.Ticket()
	for name, tt := range map[string]struct {
		code    int
		replace []string
	}{
		"no platform":      {41018, []string{platformID, ""}},
		"unknown platform": {61011, []string{platformID, "wx0"}},
		"account":          {61011, []string{platformID, a.s.AppID}},
		"no secret":        {41004, []string{platformSecret, ""}},
		"wrong secret":     {40125, []string{platformSecret, "x"}},
		"no ticket":        {61006, []string{ticket, ""}},
		"unknown ticket":   {61006, []string{ticket, "ticket@@@1"}},
		"number":           {47001, []string{`"` + ticket + `"`, "1"}},
		"case":             {61006, []string{"component_verify_ticket", "Component_verify_ticket"}},
	} {
		t.Run(name, func(t *testing.T) { requireCode(t, tt.code, a.component(ticket, tt.replace...).answer) })
	}
	a.s.Advance(12*time.Hour + time.Second)
	requireCode(t, 61005, a.component(ticket).answer)
	requireCode(t, 0, a.component(a.p.Ticket()).answer)
	requireCode(t, 43002, a.get("/cgi-bin/component/api_component_token"))
}

func TestAuthorizerTokenOnTheWire(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	got := a.refresh()
	assert.Regexp(t, `^\{"authorizer_access_token":"86_[^"]+","expires_in":7200,"authorizer_refresh_token":"refreshtoken@@@\w+"\}$`, got.Body)
	assert.Equal(t, a.p.RefreshToken(a.s.Account), got.Refresh)
	ips := func(token string) answer {
		return a.get("/cgi-bin/getcallbackip?access_token=" + url.QueryEscape(token))
	}
	requireCode(t, 0, ips(got.Token))
	requireCode(t, 0, ips(a.wire.token)) // the account's own is another
	second := a.refresh()
	requireCode(t, 0, ips(got.Token))
	a.s.Advance(6 * time.Minute)
	requireCode(t, 40001, ips(got.Token))
	requireCode(t, 0, ips(second.Token))
	for name, tt := range map[string]struct {
		code    int
		replace []string
	}{
		"no token":              {41021, []string{"?component_access_token=", "?x="}},
		"unknown token":         {40001, []string{"?component_access_token=", "?component_access_token=x"}},
		"the account's token":   {41021, []string{"?component_access_token=", "?access_token="}},
		"no platform":           {41018, []string{`"` + platformID + `"`, `""`}},
		"unknown platform":      {61011, []string{`"` + platformID + `"`, `"wx0"`}},
		"unknown account":       {61003, []string{a.s.AppID, "wx0"}},
		"no refresh token":      {41003, []string{second.Refresh, ""}},
		"unknown refresh token": {61023, []string{second.Refresh, "x"}},
		"number":                {47001, []string{`"` + second.Refresh + `"`, "1"}},
	} {
		t.Run(name, func(t *testing.T) { requireCode(t, tt.code, a.refresh(tt.replace...).answer) })
	}
	other := a.s.AddAccount("wxother", "secret")
	requireCode(t, 61003, a.refresh(a.s.AppID, other.AppID).answer)
	a.p.Authorize(other)
	requireCode(t, 61023, a.refresh(a.s.AppID, other.AppID).answer) // with the refresh token of another account
	a.s.SetDailyQuota("/cgi-bin/component/api_authorizer_token", 2)
	requireCode(t, 45009, a.refresh().answer)
}

func TestRefreshTokensRotate(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	a.p.RotateRefreshTokens()
	first := a.p.RefreshToken(a.s.Account)
	second := a.refresh().Refresh
	assert.NotEqual(t, first, second)
	third := a.refresh(second, first).Refresh // the one before works for a while
	assert.NotEqual(t, second, third)
	a.s.Advance(6 * time.Minute)
	requireCode(t, 61023, a.refresh(third, second).answer)
	requireCode(t, 61023, a.refresh(third, first).answer)
	requireCode(t, 0, a.refresh().answer)
	a.p.Authorize(a.s.Account)
	requireCode(t, 61023, a.refresh(a.p.RefreshToken(a.s.Account), third).answer)
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	token := a.refresh().Token
	a.p.Withdraw(a.s.Account)
	assert.Empty(t, a.p.RefreshToken(a.s.Account))
	requireCode(t, 61003, a.get("/cgi-bin/getcallbackip?access_token="+url.QueryEscape(token)))
	requireCode(t, 61003, a.refresh().answer)
	assert.Zero(t, a.ask("api_get_authorizer_list", `{"component_appid":"`+platformID+`","offset":0,"count":1}`).Total)
	a.p.Authorize(a.s.Account)
	requireCode(t, 0, a.refresh().answer)
}

func TestQueryAuthOnTheWire(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	code := a.p.Authorize(a.s.Account)
	ask := func(code string) platformAnswer {
		return a.ask("api_query_auth", `{"component_appid":"`+platformID+`","authorization_code":"`+code+`"}`)
	}
	got := ask(code)
	assert.Regexp(t, `^\{"authorization_info":\{"authorizer_appid":"wxsimulation000001","authorizer_access_token":"86_[^"]+","expires_in":7200,`+
		`"authorizer_refresh_token":"refreshtoken@@@\w+","func_info":\[\{"funcscope_category":\{"id":1\}\},.*\]\}\}$`, got.Body)
	assert.Equal(t, a.p.RefreshToken(a.s.Account), got.Info.Refresh)
	requireCode(t, 0, a.get("/cgi-bin/getcallbackip?access_token="+url.QueryEscape(got.Info.Token)))
	requireCode(t, 61009, ask(code).answer)
	requireCode(t, 61009, ask("x").answer)
	requireCode(t, 61009, ask("").answer)
	late := a.p.Authorize(a.s.Account)
	a.s.Advance(time.Hour + time.Second)
	requireCode(t, 61010, ask(late).answer)
	gone := a.p.Authorize(a.s.Account)
	a.p.Withdraw(a.s.Account)
	requireCode(t, 61003, ask(gone).answer)
}

func TestPreAuthCodeServesOnce(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	code := func() string {
		got := a.ask("api_create_preauthcode", `{"component_appid":"`+platformID+`"}`)
		require.Regexp(t, `^\{"pre_auth_code":"preauthcode@@@[^"]+","expires_in":600\}$`, got.Body)
		return got.PreAuth
	}
	page := func(code string) string {
		return "https://mp.weixin.qq.com/cgi-bin/componentloginpage?component_appid=" + platformID + "&pre_auth_code=" + url.QueryEscape(code) +
			"&redirect_uri=https%3A%2F%2Fplatform.example%2F"
	}
	good := code()
	for _, bad := range []string{
		page("x"), strings.Replace(page(code()), platformID, "wx0", 1), strings.Replace(page(code()), "redirect_uri=h", "redirect_uri=", 1),
		"https://mp.weixin.qq.com/else?" + good, page(code()) + "%",
	} {
		_, err := a.p.AuthorizeAt(bad, a.s.Account)
		require.Error(t, err, bad)
	}
	got, err := a.p.AuthorizeAt(page(good), a.s.Account)
	require.NoError(t, err)
	requireCode(t, 0, a.ask("api_query_auth", `{"component_appid":"`+platformID+`","authorization_code":"`+got+`"}`).answer)
	_, err = a.p.AuthorizeAt(page(good), a.s.Account)
	require.Error(t, err)
	late := code()
	a.s.Advance(10 * time.Minute)
	_, err = a.p.AuthorizeAt(page(late), a.s.Account)
	require.Error(t, err)
	requireCode(t, 41018, a.ask("api_create_preauthcode", `{}`).answer)
}

func TestAuthorizerListOnTheWire(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	for i := range 4 {
		a.p.Authorize(a.s.AddAccount(fmt.Sprint("wx", i), "secret"))
	}
	page := func(offset, count string) platformAnswer {
		return a.ask("api_get_authorizer_list", `{"component_appid":"`+platformID+`","offset":`+offset+`,"count":`+count+`}`)
	}
	got := page("3", "100")
	assert.Equal(t, 5, got.Total)
	require.Len(t, got.List, 2)
	assert.Equal(t, "wx2", got.List[0].AppID)
	assert.NotEmpty(t, got.List[0].Refresh)
	assert.Equal(t, a.s.Now().Unix(), got.List[0].Time)
	assert.Regexp(t, `^\{"total_count":5,"list":\[\]\}$`, page("5", "1").Body)
	assert.Regexp(t, `^\{"total_count":5,"list":\[\]\}$`, page("9", "1").Body)
	assert.Regexp(t, `^\{"total_count":5,"list":\[\]\}$`, page("9223372036854775807", "500").Body)
	for _, bad := range [][2]string{{"-1", "1"}, {"0", "0"}, {"0", "501"}} {
		requireCode(t, 40097, page(bad[0], bad[1]).answer)
	}
	requireCode(t, 47001, page(`"0"`, "1").answer)
}

// The platform's own pushes come in safe mode, with its AppID in place of the account's name.
func TestPlatformPushes(t *testing.T) {
	t.Parallel()
	const key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	a := newAgency(t)
	account := callback.Account{AppID: platformID, Token: "token", AESKey: key}
	var pushes []*callback.Unknown
	handler := callback.HandlerFunc(func(_ context.Context, m callback.Message) (callback.Reply, error) {
		pushes = append(pushes, m.(*callback.Unknown))
		return nil, nil
	})
	server, err := callback.NewServer(callback.Config{Account: account}, handler)
	require.NoError(t, err)
	var bodies []string
	a.p.SetCallback(wechattest.Callback{Token: "token", AESKey: key, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		server.ServeHTTP(w, r)
	})})
	other := a.s.AddAccount("wxother", "secret")
	for _, push := range []func() (wechattest.Delivered, error){
		func() (wechattest.Delivered, error) { return a.p.PushTicket(t.Context()) },
		func() (wechattest.Delivered, error) { return a.p.PushAuthorized(t.Context(), other) },
		func() (wechattest.Delivered, error) { return a.p.PushAuthorized(t.Context(), other) },
	} {
		d, err := push()
		require.NoError(t, err)
		require.Len(t, d.Attempts, 1)
		require.NoError(t, d.Attempts[0].Err)
		assert.False(t, d.Notice)
	}
	require.Len(t, pushes, 3)
	for i, infoType := range []string{"component_verify_ticket", "authorized", "updateauthorized"} {
		assert.Equal(t, infoType, pushes[i].InfoType)
		assert.Equal(t, platformID, pushes[i].AppID)
		assert.NotZero(t, pushes[i].CreateTime)
		assert.Regexp(t, `^<xml><AppId><!\[CDATA\[`+platformID+`\]\]></AppId><Encrypt>`, bodies[i])
	}
	requireCode(t, 0, a.component(pushes[0].Value("ComponentVerifyTicket")).answer)
	assert.Equal(t, "wxother", pushes[2].AuthorizerAppID)
	requireCode(t, 0, a.ask("api_query_auth", `{"component_appid":"`+platformID+`","authorization_code":"`+pushes[2].Value("AuthorizationCode")+`"}`).answer)
}

func TestTicketsStopAndStart(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	a.p.StopTickets()
	_, err := a.p.PushTicket(t.Context())
	require.ErrorContains(t, err, "api_start_push_ticket")
	const path = "/cgi-bin/component/api_start_push_ticket"
	requireCode(t, 41018, a.post(path, `{}`))
	requireCode(t, 61011, a.post(path, `{"component_appid":"wx0","component_secret":"x"}`))
	requireCode(t, 41004, a.post(path, `{"component_appid":"`+platformID+`"}`))
	requireCode(t, 40125, a.post(path, `{"component_appid":"`+platformID+`","component_secret":"x"}`))
	requireCode(t, 47001, a.post(path, `{"component_appid":1}`))
	requireCode(t, 0, a.post(path, `{"component_appid":"`+platformID+`","component_secret":"`+platformSecret+`"}`))
	_, err = a.p.PushTicket(t.Context())
	require.ErrorContains(t, err, "no callback", "tickets are pushed again, where there is one")
}

func TestAddPlatformPanics(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	assert.Panics(t, func() { a.s.AddPlatform("", "s") })
	assert.Panics(t, func() { a.s.AddPlatform("wx", "") })
	assert.Panics(t, func() { a.s.AddPlatform(platformID, "s") })
	assert.Panics(t, func() { a.s.AddPlatform(a.s.AppID, "s") })
	assert.Panics(t, func() { a.s.AddAccount(platformID, "s") })
	assert.Panics(t, func() { a.p.SetCallback(wechattest.Callback{}) })
}
