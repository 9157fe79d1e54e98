package wechat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	componentID     = "wxcomponent0000001"
	componentSecret = "c0mponent-s3cr3t"
	ticketKey       = "wxhome:platform:" + componentID + ":ticket"
	refreshKey      = "wxhome:platform:" + componentID + ":refresh:" + appID

	componentTokenPath  = "/cgi-bin/component/api_component_token"
	authorizerTokenPath = "/cgi-bin/component/api_authorizer_token"
	queryAuthPath       = "/cgi-bin/component/api_query_auth"
	authorizerListPath  = "/cgi-bin/component/api_get_authorizer_list"
	preAuthCodePath     = "/cgi-bin/component/api_create_preauthcode"
	startTicketPath     = "/cgi-bin/component/api_start_push_ticket"
)

// vault is a PlatformStore in memory, whose calls a test may have fail.
type vault struct {
	mu     sync.Mutex
	values map[string]string
	saves  []string                          // keys and values
	fault  func(op, key, value string) error // nil: none
}

func newVault(pairs ...string) *vault {
	v := &vault{values: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		v.values[pairs[i]] = pairs[i+1]
	}
	return v
}

func (v *vault) Load(_ context.Context, key string) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fault != nil {
		if err := v.fault("load", key, v.values[key]); err != nil {
			return v.values[key], err
		}
	}
	return v.values[key], nil
}

func (v *vault) Save(_ context.Context, key, value string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fault != nil {
		if err := v.fault("save", key, value); err != nil {
			return err
		}
	}
	v.values[key] = value
	v.saves = append(v.saves, key+"="+value)
	return nil
}

func (v *vault) get(key string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.values[key]
}

func (v *vault) setFault(fault func(op, key, value string) error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fault = fault
}

// failsAt is a fault of one operation on refresh tokens.
func failsAt(at string, err error) func(op, key, value string) error {
	return func(op, key, _ string) error {
		if op == at && strings.Contains(key, ":refresh:") {
			return err
		}
		return nil
	}
}

// componentGateway answers for a platform whose ticket is TICKET.
func componentGateway() *gateway {
	g := newGateway()
	g.on(http.MethodPost, componentTokenPath, text(200, `{"component_access_token":"COMPONENT&1","expires_in":7200}`))
	return g
}

func (g *gateway) platform(t *testing.T, store wechat.PlatformStore, opts ...wechat.Option) *wechat.Platform {
	t.Helper()
	p, err := wechat.NewPlatform(componentID, componentSecret, store, append(opts, wechat.WithHTTPClient(&http.Client{Transport: g}))...)
	require.NoError(t, err)
	return p
}

// last is what was sent last to a path.
func (g *gateway) last(t *testing.T, path string) (query, body string) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	require.Len(t, g.bodies, len(g.requests))
	for i, r := range slices.Backward(g.requests) {
		if r.URL.Path == path {
			return r.URL.RawQuery, g.bodies[i]
		}
	}
	t.Errorf("nothing was sent to %s", path)
	return "", ""
}

func (g *gateway) count(path string) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.requests {
		if r.URL.Path == path {
			n++
		}
	}
	return n
}

const listedAccounts = `{"total_count":2,"list":[{"authorizer_appid":"wxA","refresh_token":"RA","auth_time":1558000607},{"authorizer_appid":"wxB","refresh_token":""}]}`

func TestPlatformCallsToTheLetter(t *testing.T) {
	t.Parallel()
	const token = "component_access_token=COMPONENT%261"
	for path, tt := range map[string]struct {
		call                func(context.Context, *wechat.Platform) (any, error)
		answer, query, body string
		want                any
	}{
		componentTokenPath: {func(ctx context.Context, p *wechat.Platform) (any, error) {
			return nil, p.Call(ctx, http.MethodPost, preAuthCodePath, map[string]any{}, &struct {
				Code string `json:"pre_auth_code"`
			}{})
		}, `{"pre_auth_code":"PRE","expires_in":600}`, "",
			`{"component_appid":"` + componentID + `","component_appsecret":"` + componentSecret + `","component_verify_ticket":"TICKET"}`, nil},
		startTicketPath: {func(ctx context.Context, p *wechat.Platform) (any, error) { return nil, p.StartTickets(ctx) },
			okJSON, "", `{"component_appid":"` + componentID + `","component_secret":"` + componentSecret + `"}`, nil},
		preAuthCodePath: {func(ctx context.Context, p *wechat.Platform) (any, error) {
			return p.AuthorizeURL(ctx, "https://platform.example/back?a=1&b=照片")
		}, `{"pre_auth_code":"PRE@@+1","expires_in":600}`, token, `{"component_appid":"` + componentID + `"}`,
			"https://mp.weixin.qq.com/cgi-bin/componentloginpage?component_appid=" + componentID +
				"&pre_auth_code=PRE%40%40%2B1&redirect_uri=https%3A%2F%2Fplatform.example%2Fback%3Fa%3D1%26b%3D%E7%85%A7%E7%89%87"},
		queryAuthPath: {func(ctx context.Context, p *wechat.Platform) (any, error) { return p.Authorize(ctx, "CODE") },
			`{"authorization_info":{"authorizer_appid":"wxA","authorizer_access_token":"T","expires_in":7200,"authorizer_refresh_token":"R",` +
				`"func_info":[{"funcscope_category":{"id":1}},{"funcscope_category":{"id":"7"}}]}}`,
			token, `{"authorization_code":"CODE","component_appid":"` + componentID + `"}`,
			wechat.Authorization{AppID: "wxA", Functions: []int{1, 7}}},
		authorizerTokenPath: {func(ctx context.Context, p *wechat.Platform) (any, error) {
			t, err := p.Authorizer(appID).Token(ctx)
			return t.Value, err
		}, `{"authorizer_access_token":"T","expires_in":7200,"authorizer_refresh_token":"REFRESH"}`, token,
			`{"authorizer_appid":"` + appID + `","authorizer_refresh_token":"REFRESH","component_appid":"` + componentID + `"}`, "T"},
		authorizerListPath: {func(ctx context.Context, p *wechat.Platform) (any, error) {
			var all []wechat.AuthorizedAccount
			for a, err := range p.Authorizers(ctx) {
				if err != nil {
					return nil, err
				}
				all = append(all, a)
			}
			return all, nil
		}, listedAccounts, token, `{"component_appid":"` + componentID + `","count":100,"offset":0}`,
			[]wechat.AuthorizedAccount{{AppID: "wxA", AuthorizedAt: time.Unix(1558000607, 0)}, {AppID: "wxB"}}},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			g := componentGateway()
			if path == componentTokenPath {
				g.on(http.MethodPost, preAuthCodePath, text(200, tt.answer))
			} else {
				g.on(http.MethodPost, path, text(200, tt.answer))
			}
			got, err := tt.call(t.Context(), g.platform(t, newVault(ticketKey, "TICKET", refreshKey, "REFRESH")))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			query, body := g.last(t, path)
			assert.Equal(t, tt.query, query)
			assert.Equal(t, tt.body, body)

			g = componentGateway()
			g.on(http.MethodPost, path, text(200, `{"errcode":45009,"errmsg":"reach max api daily quota limit rid: 1-2-3"}`))
			_, err = tt.call(t.Context(), g.platform(t, newVault(ticketKey, "TICKET", refreshKey, "REFRESH")))
			require.ErrorIs(t, err, wechat.ErrDailyQuota)
			assert.Equal(t, wechat.KindDailyQuota, wechat.KindOf(err))
		})
	}
}

// What gateways and older pages make of an answer.
func TestAuthorizerTokenReadsVariants(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"authorizer_access_token":"T","expires_in":"7200","authorizer_refresh_token":"NEW"}`:           "NEW",
		`{"errcode":"0","authorizer_access_token":"T","expires_in":7200,"authorizer_refresh_token":"R"}`: "R",
		`{"authorizer_access_token":"T","expires_in":7200}`:                                              "R",
		`{"authorizer_access_token":"T","expires_in":7200,"authorizer_refresh_token":null,"more":[1]}`:   "R",
		`{"authorizer_access_token":"T","expires_in":7200,"authorizer_refresh_token":""}`:                "R",
	} {
		g, v := componentGateway(), newVault(ticketKey, "TICKET", refreshKey, "R")
		g.on(http.MethodPost, authorizerTokenPath, text(200, answer))
		start := time.Now()
		got, err := g.platform(t, v).Authorizer(appID).Token(t.Context())
		require.NoError(t, err, answer)
		assert.Equal(t, "T", got.Value)
		assert.WithinRange(t, got.Expiry, start.Add(7200*time.Second), time.Now().Add(7200*time.Second))
		assert.Equal(t, want, v.get(refreshKey), answer)
	}
	for answer, kind := range map[string]wechat.Kind{
		`{"expires_in":7200,"authorizer_refresh_token":"NEW"}`:                                 wechat.KindToken,
		`{"authorizer_access_token":"T","expires_in":0,"authorizer_refresh_token":"NEW"}`:      wechat.KindToken,
		`{"authorizer_access_token":"T","expires_in":"soon","authorizer_refresh_token":"NEW"}`: wechat.KindToken,
		`{"authorizer_access_token":"T","expires_in":7200,"authorizer_refresh_token":"NEW"`:    wechat.KindLost,
		`{"errcode":0,"errmsg":"ok"}`:            wechat.KindToken,
		`<html>`:                                 wechat.KindBusy,
		`{"errcode":-1,"errmsg":"system error"}`: wechat.KindBusy,
	} {
		g, v := componentGateway(), newVault(ticketKey, "TICKET", refreshKey, "R")
		g.on(http.MethodPost, authorizerTokenPath, text(200, answer))
		_, err := g.platform(t, v).Authorizer(appID).Token(t.Context())
		assert.Equal(t, kind, wechat.KindOf(err), "%s: %v", answer, err)
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "NEW")
	}
	// A refresh token is kept, whatever else is wrong with its answer.
	g, v := componentGateway(), newVault(ticketKey, "TICKET", refreshKey, "R")
	g.on(http.MethodPost, authorizerTokenPath, text(200, `{"expires_in":7200,"authorizer_refresh_token":"NEW"}`))
	_, err := g.platform(t, v).Authorizer(appID).Token(t.Context())
	require.Error(t, err)
	assert.Equal(t, "NEW", v.get(refreshKey))
}

// simulatePlatform runs f with a simulated platform that receives its tickets, and that runs the
// server's own account.
func simulatePlatform(t *testing.T, f func(t *testing.T, s *wechattest.Server, sim *wechattest.Platform, v *vault, p *wechat.Platform)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := wechattest.New(t, wechattest.InMemory())
		sim := s.AddPlatform(componentID, componentSecret)
		v := newVault()
		p := platformOf(t, s, v)
		server, err := callback.NewServer(callback.Config{Account: callback.Account{AppID: componentID, Token: "token", AESKey: aesKey}}, p)
		require.NoError(t, err)
		sim.SetCallback(wechattest.Callback{Handler: server, Token: "token", AESKey: aesKey})
		delivered, err := sim.PushTicket(t.Context())
		require.NoError(t, err)
		require.NoError(t, delivered.Attempts[0].Err)
		delivered, err = sim.PushAuthorized(t.Context(), s.Account)
		require.NoError(t, err)
		require.NoError(t, delivered.Attempts[0].Err)
		f(t, s, sim, v, p)
	})
}

const aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

func platformOf(t *testing.T, s *wechattest.Server, store wechat.PlatformStore, opts ...wechat.Option) *wechat.Platform {
	t.Helper()
	p, err := wechat.NewPlatform(componentID, componentSecret, store,
		append(opts, wechat.WithBaseURL(s.URL), wechat.WithHTTPClient(&http.Client{Transport: s.Transport()}))...)
	require.NoError(t, err)
	return p
}

// accountOf is the Client of an account that p runs.
func accountOf(t *testing.T, a *wechattest.Account, s *wechattest.Server, p *wechat.Platform, opts ...wechat.Option) *wechat.Client {
	t.Helper()
	c, err := wechat.New(a.AppID, "", append(opts, wechat.WithTokenSource(p.Authorizer(a.AppID)), wechat.WithBaseURL(s.URL),
		wechat.WithAuthorizeURL(s.AuthorizeURL()), wechat.WithHTTPClient(&http.Client{Transport: s.Transport()}))...)
	require.NoError(t, err)
	return c
}

func TestPlatformRunsAnAccount(t *testing.T) {
	t.Parallel()
	simulatePlatform(t, func(t *testing.T, s *wechattest.Server, sim *wechattest.Platform, v *vault, p *wechat.Platform) {
		assert.Equal(t, sim.RefreshToken(s.Account), v.get("wxhome:platform:"+componentID+":refresh:"+s.AppID))
		c := accountOf(t, s.Account, s, p)
		ips := func() error { _, err := c.CallbackIPs(t.Context()); return err }
		assert.Zero(t, thousand(ips))
		assert.Equal(t, 1, s.Requests(authorizerTokenPath))
		assert.Equal(t, 1, s.Requests(componentTokenPath))
		for range 13 { // a day and more, with a ticket from time to time
			time.Sleep(2*time.Hour + time.Minute)
			_, err := sim.PushTicket(t.Context())
			require.NoError(t, err)
			require.NoError(t, ips())
		}
		s.ReplaceTokens()
		require.NoError(t, ips(), "40001 is mended")
		sim.ExpireTokens()
		s.ExpireTokens()
		require.NoError(t, ips(), "and so are 42006 and 42001")
		assert.Zero(t, s.TokenFetches(), "the account's own token calls are not for a platform")
		sim.Withdraw(s.Account)
		err := ips()
		require.ErrorIs(t, err, wechat.ErrComponentNotAuthorized)
		assert.Equal(t, wechat.KindAccount, wechat.KindOf(err))
		_, err = sim.PushAuthorized(t.Context(), s.Account)
		require.NoError(t, err)
		time.Sleep(2 * time.Hour) // the token from before is refused until its end
		require.NoError(t, ips(), "a new authorization is all that it takes")
	})
}

// A ticket is good for 12 hours, and the platform's token for two.
func TestPlatformTokenIsRefreshedTenMinutesEarly(t *testing.T) {
	t.Parallel()
	simulatePlatform(t, func(t *testing.T, s *wechattest.Server, sim *wechattest.Platform, v *vault, p *wechat.Platform) {
		call := func() error {
			_, err := p.AuthorizeURL(t.Context(), "https://platform.example/")
			return err
		}
		require.NoError(t, call())
		require.Equal(t, 1, s.Requests(componentTokenPath))
		time.Sleep(108 * time.Minute)
		require.NoError(t, call())
		assert.Equal(t, 1, s.Requests(componentTokenPath))
		time.Sleep(150 * time.Second) // 1 h 50 min 30 s
		require.NoError(t, call())
		synctest.Wait()
		assert.Equal(t, 2, s.Requests(componentTokenPath))
		time.Sleep(13 * time.Hour)
		err := call()
		require.ErrorIs(t, err, wechat.ErrComponentTicketExpired)
		assertHint(t, err, "component_verify_ticket")
		sim.StopTickets()
		_, err = sim.PushTicket(t.Context())
		require.Error(t, err)
		require.NoError(t, p.StartTickets(t.Context()))
		_, err = sim.PushTicket(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Minute)
		require.NoError(t, call())
	})
}

func assertHint(t *testing.T, err error, says string) {
	t.Helper()
	var e *wechat.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, wechat.KindAccount, e.Kind())
	assert.Contains(t, e.Hint(), says)
	assert.Contains(t, err.Error(), says)
}

func TestPlatformRefusalsHaveKindAndHint(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		at   string
		code int
		kind wechat.Kind
		hint string
	}{
		"withdrawn":           {authorizerTokenPath, 61003, wechat.KindAccount, "authorize the third-party platform again"},
		"refresh token":       {authorizerTokenPath, 61023, wechat.KindAccount, "authorize the third-party platform again"},
		"permission":          {authorizerTokenPath, 61007, wechat.KindAccount, "all permission sets"},
		"quota":               {authorizerTokenPath, 45009, wechat.KindDailyQuota, ""},
		"minute":              {authorizerTokenPath, 45011, wechat.KindMinuteLimit, ""},
		"address":             {authorizerTokenPath, 61004, wechat.KindAccount, "the platform's own IP allow list"},
		"wrong token":         {authorizerTokenPath, 42006, wechat.KindToken, ""},
		"secret":              {componentTokenPath, 40125, wechat.KindAccount, "not that of this third-party platform"},
		"secret, otherwise":   {componentTokenPath, 40001, wechat.KindAccount, "not that of this third-party platform"},
		"platform":            {componentTokenPath, 61011, wechat.KindAccount, "component_appid"},
		"platform, otherwise": {componentTokenPath, 40013, wechat.KindRequest, "the platform's AppID"},
		"ticket":              {componentTokenPath, 61006, wechat.KindAccount, "component_verify_ticket"},
		"old ticket":          {componentTokenPath, 61005, wechat.KindAccount, "component_verify_ticket"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := componentGateway()
			g.on(http.MethodPost, tt.at, text(200, fmt.Sprintf(`{"errcode":%d,"errmsg":"no"}`, tt.code)))
			c, err := wechat.New(appID, "", wechat.WithTokenSource(g.platform(t, newVault(ticketKey, "TICKET", refreshKey, "R")).Authorizer(appID)),
				wechat.WithHTTPClient(&http.Client{Transport: g}))
			require.NoError(t, err)
			_, err = c.CallbackIPs(t.Context())
			require.ErrorIs(t, err, wechat.Code(tt.code))
			assert.Equal(t, tt.kind, wechat.KindOf(err))
			if tt.kind == wechat.KindAccount {
				assertHint(t, err, tt.hint)
			}
			var e *wechat.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, e.Hint(), tt.hint)
			assert.Equal(t, tt.at, e.Path)
			wantCalls := 1
			if tt.code == 42006 {
				wantCalls = 2 // with another token
			}
			assert.Equal(t, wantCalls, g.count(tt.at))
		})
	}
}

func TestPlatformWithoutTicketOrRefreshToken(t *testing.T) {
	t.Parallel()
	g := componentGateway()
	_, err := g.platform(t, newVault(refreshKey, "R")).Authorizer(appID).Token(t.Context())
	require.ErrorIs(t, err, wechat.ErrComponentTicketInvalid)
	require.ErrorContains(t, err, "no component_verify_ticket has arrived yet")
	assertHint(t, err, "authorization-event URL")
	_, err = g.platform(t, newVault(ticketKey, "TICKET")).Authorizer(appID).Token(t.Context())
	require.ErrorIs(t, err, wechat.ErrAuthorizerTokenInvalid)
	assertHint(t, err, "authorize the third-party platform again")
	assert.Empty(t, g.requests)
}

// A new refresh token that is not saved is not used, nor is the token that came with it; and it is
// not lost.
func TestSaveThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := wechattest.New(t, wechattest.InMemory())
		sim, v := s.AddPlatform(componentID, componentSecret), newVault()
		sim.RotateRefreshTokens()
		p := platformOf(t, s, v)
		require.NoError(t, p.SaveTicket(t.Context(), sim.Ticket()))
		_, err := p.Authorize(t.Context(), sim.Authorize(s.Account))
		require.NoError(t, err)
		c, broken := accountOf(t, s.Account, s, p), errors.New("disk full")
		v.setFault(failsAt("save", broken))
		ips := func() error { _, err := c.CallbackIPs(t.Context()); return err }
		err = ips()
		require.ErrorIs(t, err, broken)
		require.ErrorContains(t, err, "save the refresh token: the PlatformStore failed (*errors.errorString)")
		assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
		for range 20 {
			time.Sleep(10 * time.Second)
			require.ErrorIs(t, ips(), broken)
		}
		assert.Equal(t, 1, s.Requests(authorizerTokenPath), "WeChat is not asked for another while one is not saved")
		assert.Zero(t, s.Requests("/cgi-bin/getcallbackip"), "nothing is sent with the token")
		v.setFault(nil)
		time.Sleep(10 * time.Second)
		require.NoError(t, ips())
		assert.Equal(t, 1, s.Requests(authorizerTokenPath), "its token still serves")
		assert.Equal(t, sim.RefreshToken(s.Account), v.get("wxhome:platform:"+componentID+":refresh:"+s.AppID))
	})
}

func TestSaveThatFailsAndAnotherProcessThatGoesOn(t *testing.T) {
	t.Parallel()
	g, v := componentGateway(), newVault(ticketKey, "TICKET", refreshKey, "R0")
	g.on(http.MethodPost, authorizerTokenPath, text(200, `{"authorizer_access_token":"T1","expires_in":7200,"authorizer_refresh_token":"R1"}`),
		text(200, `{"authorizer_access_token":"T3","expires_in":7200,"authorizer_refresh_token":"R3"}`))
	a := g.platform(t, v).Authorizer(appID)
	v.setFault(failsAt("save", io.ErrShortWrite))
	_, err := a.Token(t.Context())
	require.ErrorIs(t, err, io.ErrShortWrite)
	v.setFault(nil)
	require.NoError(t, v.Save(t.Context(), refreshKey, "R2"))
	got, err := a.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "T3", got.Value)
	_, body := g.last(t, authorizerTokenPath)
	assert.Contains(t, body, `"authorizer_refresh_token":"R2"`)
	assert.Equal(t, "R3", v.get(refreshKey))
}

// What another process has saved while WeChat was asked stays.
func TestAnotherProcessSavesMeanwhile(t *testing.T) {
	t.Parallel()
	g, v := componentGateway(), newVault(ticketKey, "TICKET", refreshKey, "R0")
	g.on(http.MethodPost, authorizerTokenPath, func(r *http.Request) (*http.Response, error) {
		if err := v.Save(r.Context(), refreshKey, "R2"); err != nil {
			return nil, err
		}
		return httpmock.NewStringResponse(200, `{"authorizer_access_token":"T1","expires_in":7200,"authorizer_refresh_token":"R1"}`), nil
	})
	got, err := g.platform(t, v).Authorizer(appID).Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "T1", got.Value)
	assert.Equal(t, "R2", v.get(refreshKey))
}

func TestAuthorizeThatCannotSave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := wechattest.New(t, wechattest.InMemory())
		sim, v := s.AddPlatform(componentID, componentSecret), newVault()
		p := platformOf(t, s, v)
		require.NoError(t, p.SaveTicket(t.Context(), sim.Ticket()))
		v.setFault(failsAt("save", io.ErrShortWrite))
		code := sim.Authorize(s.Account)
		got, err := p.Authorize(t.Context(), code)
		require.ErrorIs(t, err, io.ErrShortWrite)
		assert.Equal(t, s.AppID, got.AppID, "who it was is told")
		v.setFault(nil)
		_, err = p.Authorize(t.Context(), code)
		require.ErrorIs(t, err, wechat.ErrComponentCodeInvalid, "the code is spent")
		c := accountOf(t, s.Account, s, p)
		_, err = c.CallbackIPs(t.Context())
		require.NoError(t, err, "and the refresh token is not lost")
		assert.Equal(t, sim.RefreshToken(s.Account), v.get("wxhome:platform:"+componentID+":refresh:"+s.AppID))
	})
}

func TestPlatformStoreThatFails(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(op, key, value string) error{
		"load fails":  func(op, _, value string) error { return failure(op == "load", "cannot read %s", value) },
		"load panics": func(op, _, value string) error { return panics(op == "load", value) },
		"save fails":  func(op, _, value string) error { return failure(op == "save", "cannot write %s", value) },
		"save panics": func(op, _, value string) error { return panics(op == "save", value) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, v := componentGateway(), newVault(ticketKey, "TICKET", refreshKey, "REFRESH")
			g.on(http.MethodPost, authorizerTokenPath, text(200, `{"authorizer_access_token":"ACCESS","expires_in":7200,"authorizer_refresh_token":"NEWREFRESH"}`))
			v.setFault(fault)
			seen := &watcher{}
			p := g.platform(t, v, seen.options()...)
			c, err := wechat.New(appID, "", append(seen.options(), wechat.WithTokenSource(p.Authorizer(appID)), wechat.WithHTTPClient(&http.Client{Transport: g}))...)
			require.NoError(t, err)
			_, errToken := p.Authorizer(appID).Token(t.Context())
			_, errCall := c.CallbackIPs(t.Context())
			errs := []error{errToken, errCall}
			if strings.HasPrefix(name, "save") {
				errs = append(errs, p.SaveTicket(t.Context(), "TICKET2"), p.Authorizer(appID).Forget(t.Context()))
			}
			for _, err := range errs {
				require.Error(t, err)
				assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err), "%v", err)
				seen.tree(err)
			}
			seen.dump(p, p.Authorizer(appID), c)
			for _, leak := range []string{"REFRESH", "TICKET", "ACCESS", componentSecret, "COMPONENT&"} {
				assert.NotContains(t, seen.String(), leak)
			}
		})
	}
}

// quoting is an error with a value in its text, a field, and what it wraps.
type quoting struct{ Value string }

func (q *quoting) Error() string { return "conflict, the row has " + q.Value }
func (q *quoting) Unwrap() error {
	return fmt.Errorf("cannot decode %s: %w", q.Value, io.ErrShortWrite)
}

// The store knows values that the Platform does not, and may quote any of them.
func TestPlatformStoreErrorsQuoteNothing(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"load", "save", "lock"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			seen, f := &watcher{}, &fallible{vault: newVault(ticketKey, "TICKET", refreshKey, "REFRESH")}
			broken := func(op, _, _ string) error {
				if op != at {
					return nil
				}
				return &quoting{"OTHERSVALUE"}
			}
			f.setFault(broken)
			if at == "lock" {
				f.lock = func(context.Context) error { return broken("lock", "", "") }
			}
			p := newOwner().platform(t, f, seen.options()...)
			_, err := p.Authorizer(appID).Token(t.Context())
			errs := []error{err}
			switch at {
			case "load":
				_, err = p.AuthorizeURL(t.Context(), "https://platform.example/")
				errs = append(errs, err)
			case "save":
				errs = append(errs, p.Authorizer(appID).Forget(t.Context()), p.SaveTicket(t.Context(), "TICKET2"))
			case "lock":
				errs = append(errs, p.Authorizer(appID).Forget(t.Context()))
			}
			for _, err := range errs {
				require.ErrorIs(t, err, io.ErrShortWrite)
				require.ErrorContains(t, err, "the PlatformStore failed (*errors.errorString)")
				assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
				var q *quoting
				assert.NotErrorAs(t, err, &q)
				seen.tree(err)
			}
			assert.NotContains(t, seen.String(), "OTHERSVALUE")
		})
	}
	// What is always worded alike is told.
	for says, err := range map[string]error{
		"(*errors.errorString): unexpected EOF":                      fmt.Errorf("VALUE: %w", io.ErrUnexpectedEOF),
		"(context.deadlineExceededError): context deadline exceeded": fmt.Errorf("VALUE: %w", context.DeadlineExceeded),
		"(syscall.Errno): connection refused":                        &net.OpError{Op: "VALUE", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"with a *wechat_test.quoting that is nil":                    (*quoting)(nil),
		"the PlatformStore panicked (runtime.errorString)":           fmt.Errorf("VALUE: %w %w", (*quoting)(nil), io.EOF), // in Unwrap
	} {
		v := newVault()
		v.setFault(func(string, string, string) error { return err })
		got := componentGateway().platform(t, v).SaveTicket(t.Context(), "TICKET")
		require.ErrorContains(t, got, says)
		assert.NotContains(t, got.Error(), "VALUE")
		assert.NotErrorIs(t, got, io.ErrNoProgress)
	}
}

func failure(is bool, format, value string) error {
	if is {
		return fmt.Errorf(format+": %w", value, &exposed{Request: value})
	}
	return nil
}

func panics(is bool, value string) error {
	if is {
		panic("store has " + value)
	}
	return nil
}

// TestPlatformLeaksNothing makes each call fail in each way and looks for what is secret.
func TestPlatformLeaksNothing(t *testing.T) {
	t.Parallel()
	echoBody := func(status int) answer {
		return func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			return httpmock.NewStringResponse(status, "<p>"+r.URL.String()+string(body)), nil
		}
	}
	for name, a := range map[string]answer{
		"network": func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			return nil, fmt.Errorf("post %s %s: %w", r.URL, body, io.ErrUnexpectedEOF)
		},
		"page": echoBody(200), "502": echoBody(502), "404": echoBody(404),
		"errmsg": func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			return httpmock.NewJsonResponse(200, map[string]any{"errcode": 61023, "errmsg": "no " + string(body) + r.URL.String()})
		},
		"values alone": func(r *http.Request) (*http.Response, error) {
			var sent map[string]any
			if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
				return nil, err
			}
			return httpmock.NewStringResponse(502, fmt.Sprint("<p>", slices.Collect(maps.Values(sent)), r.URL.Query().Get("component_access_token"))), nil
		},
		"cut":     text(200, `{"authorizer_access_token":"ACCESS","authorizer_refresh_token":"REFRESH2","component_access_token":"COMPONENT&`),
		"lacking": text(200, `{"authorizer_refresh_token":"REFRESH2","authorization_info":{"authorizer_refresh_token":"REFRESH2"},"pre_auth_code":""}`),
	} {
		for _, at := range []string{"", componentTokenPath} {
			t.Run(name+" "+at, func(t *testing.T) {
				t.Parallel()
				g := componentGateway()
				for _, path := range []string{componentTokenPath, authorizerTokenPath, queryAuthPath, authorizerListPath, preAuthCodePath, startTicketPath} {
					if at == path || at == "" && path != componentTokenPath {
						g.on(http.MethodPost, path, a)
					}
				}
				seen := &watcher{}
				p := g.platform(t, newVault(ticketKey, "TICKET", refreshKey, "REFRESH"), append(seen.options(), wechat.WithMaxAttempts(1))...)
				_, errToken := p.Authorizer(appID).Token(t.Context())
				_, errCode := p.Authorize(t.Context(), "AUTHCODE")
				_, errURL := p.AuthorizeURL(t.Context(), "https://platform.example/")
				_, errRestore := p.Restore(t.Context())
				for _, err := range []error{errToken, errCode, errURL, errRestore, p.StartTickets(t.Context())} {
					if err == nil {
						continue // an answer that is odd for one call is none for another
					}
					seen.tree(err)
				}
				require.Error(t, errToken)
				require.Error(t, errCode)
				seen.dump(p, p.Authorizer(appID))
				for _, leak := range []string{"TICKET", "REFRESH", "ACCESS", "AUTHCODE", componentSecret, "COMPONENT&", "COMPONENT%26"} {
					assert.NotContains(t, strings.ReplaceAll(seen.String(), "component_", ""), leak)
				}
			})
		}
	}
}

func TestPlatformPrintsItsAppID(t *testing.T) {
	t.Parallel()
	p := componentGateway().platform(t, newVault())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		assert.Equal(t, "wechat.Platform("+componentID+")", fmt.Sprintf(verb, p))
		assert.Equal(t, "wechat.Authorizer("+appID+" of "+componentID+")", fmt.Sprintf(verb, p.Authorizer(appID)))
	}
	assert.Equal(t, "wechat.Platform(nil) wechat.Authorizer(nil)", fmt.Sprint((*wechat.Platform)(nil), " ", (*wechat.Authorizer)(nil)))
	assert.Equal(t, componentID, p.AppID())
	assert.Equal(t, appID, p.Authorizer(appID).AppID())
	assert.Same(t, p.Authorizer(appID), p.Authorizer(appID))
}

// mapStore is a PlatformStore that printing a copy would show.
type mapStore map[string]string

func (m mapStore) Load(_ context.Context, key string) (string, error) { return m[key], nil }
func (m mapStore) Save(_ context.Context, key, value string) error    { m[key] = value; return nil }

type chanStore chan struct{}

func (c chanStore) Load(context.Context, string) (string, error) { <-c; return "", nil }
func (c chanStore) Save(context.Context, string, string) error   { c <- struct{}{}; return nil }

// Nobody should copy a Platform. One who does must not print its secrets.
func TestCopiesPrintNoSecret(t *testing.T) {
	t.Parallel()
	o, m := newOwner(), mapStore{ticketKey: "TICKET", refreshKey: "REFRESH"}
	p := o.platform(t, m)
	a := p.Authorizer(appID)
	_, err := a.Token(t.Context())
	require.NoError(t, err)
	c, err := wechat.New(appID, "", wechat.WithTokenSource(a))
	require.NoError(t, err)
	v := newVault(ticketKey, "TICKET", refreshKey, "REFRESH")
	v.setFault(failsAt("save", io.ErrShortWrite))
	unsaved := o.platform(t, v).Authorizer(appID)
	_, err = unsaved.Token(t.Context())
	require.Error(t, err)
	for _, v := range []any{p, a, c, unsaved} {
		copied := reflect.ValueOf(v).Elem().Interface()
		for _, holder := range []any{copied, &copied, []any{copied}, map[string]any{"k": copied}, struct{ v any }{copied}, struct{ v any }{v}} {
			for verb := range strings.FieldsSeq("v +v #v s q x X d t U p c") {
				printed := fmt.Sprintf("%"+verb, holder)
				for _, leak := range []string{"TICKET", "REFRESH", componentSecret, "COMPONENT&1", "T of "} {
					for _, form := range []string{leak, fmt.Sprintf("%x", leak), fmt.Sprintf("%X", leak)} {
						assert.NotContains(t, printed, form, "%T by %%%s", holder, verb)
					}
				}
			}
		}
	}
}

// lockedVault is a PlatformStore that is a Locker too.
type lockedVault struct {
	*vault
	held chan struct{}
}

func (v lockedVault) Lock(ctx context.Context, _ string) (func(), error) {
	select {
	case v.held <- struct{}{}:
		return func() { <-v.held }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// sharedTokens is a token.Store that is a Locker too.
type sharedTokens struct {
	token.Store
	mu    sync.Mutex
	locks map[string]chan struct{}
}

func (s *sharedTokens) Lock(ctx context.Context, key string) (func(), error) {
	s.mu.Lock()
	if s.locks[key] == nil {
		s.locks[key] = make(chan struct{}, 1)
	}
	held := s.locks[key]
	s.mu.Unlock()
	return lockedVault{nil, held}.Lock(ctx, key)
}

// Two processes that share their stores fetch one token between them, whatever becomes of it.
func TestTwoProcessesShareAnAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := wechattest.New(t, wechattest.InMemory())
		sim, v := s.AddPlatform(componentID, componentSecret), newVault()
		sim.RotateRefreshTokens()
		tokens := &sharedTokens{Store: token.NewMemoryStore(), locks: map[string]chan struct{}{}}
		var clients []*wechat.Client
		for range 2 {
			p := platformOf(t, s, lockedVault{v, make(chan struct{}, 1)}, wechat.WithTokenStore(tokens))
			if len(clients) == 0 {
				require.NoError(t, p.SaveTicket(t.Context(), sim.Ticket()))
				_, err := p.Authorize(t.Context(), sim.Authorize(s.Account))
				require.NoError(t, err)
			}
			clients = append(clients, accountOf(t, s.Account, s, p, wechat.WithTokenStore(tokens)))
		}
		var calls atomic.Int64
		both := func() error { // one after the other
			_, err := clients[calls.Add(1)%2].CallbackIPs(t.Context())
			return err
		}
		assert.Zero(t, thousand(both))
		assert.Equal(t, 1, s.Requests(authorizerTokenPath))
		assert.Equal(t, 1, s.Requests(componentTokenPath))
		time.Sleep(3 * time.Hour)
		assert.Zero(t, thousand(both))
		assert.Equal(t, 2, s.Requests(authorizerTokenPath))
		s.ReplaceTokens()
		assert.Zero(t, thousand(both))
		assert.Equal(t, 3, s.Requests(authorizerTokenPath))
		for range 4 {
			time.Sleep(2 * time.Hour)
			require.NoError(t, both())
			require.NoError(t, both())
		}
		assert.Equal(t, sim.RefreshToken(s.Account), v.get("wxhome:platform:"+componentID+":refresh:"+s.AppID))
	})
}

// Two processes whose tokens are not shared still keep the newest refresh token, if the PlatformStore
// can lock.
func TestTwoProcessesKeepTheNewestRefreshToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := wechattest.New(t, wechattest.InMemory())
		sim, held := s.AddPlatform(componentID, componentSecret), make(chan struct{}, 1)
		sim.RotateRefreshTokens()
		v := newVault(ticketKey, sim.Ticket())
		var sources []*wechat.Authorizer
		for range 2 {
			p := platformOf(t, s, lockedVault{v, held})
			if len(sources) == 0 {
				_, err := p.Authorize(t.Context(), sim.Authorize(s.Account))
				require.NoError(t, err)
			}
			sources = append(sources, p.Authorizer(s.AppID))
		}
		for range 50 {
			var group sync.WaitGroup
			for _, source := range sources {
				group.Go(func() { _, err := source.Token(t.Context()); assert.NoError(t, err) })
			}
			group.Wait()
			assert.Equal(t, sim.RefreshToken(s.Account), v.get("wxhome:platform:"+componentID+":refresh:"+s.AppID))
		}
	})
}

// Neither a lock nor another refresh is waited for beyond the context.
func TestAuthorizerWaitsWithinItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := make(chan struct{}, 1)
		held <- struct{}{}
		a := componentGateway().platform(t, lockedVault{newVault(ticketKey, "TICKET", refreshKey, "R"), held}).Authorizer(appID)
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			var group sync.WaitGroup
			for range 3 {
				group.Go(func() {
					start := time.Now()
					_, err := a.Token(ctx)
					assert.ErrorIs(t, err, context.DeadlineExceeded)
					assert.Equal(t, 5*time.Second, time.Since(start))
					assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
				})
			}
			group.Wait()
			cancel()
		}
	})
}

func TestWebAuthByTheAuthorizersPlatform(t *testing.T) {
	t.Parallel()
	simulatePlatform(t, func(t *testing.T, s *wechattest.Server, sim *wechattest.Platform, _ *vault, p *wechat.Platform) {
		s.SetWebAuthDomain("shop.example")
		s.Visit(wechattest.Visitor{OpenID: "oVisitor"})
		c := accountOf(t, s.Account, s, p)
		browser := &http.Client{Transport: s.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		visit := func() string {
			address, err := c.WebAuthURL("https://shop.example/", "s")
			require.NoError(t, err)
			assert.Contains(t, address, "&component_appid="+componentID+"#wechat_redirect")
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
			require.NoError(t, err)
			r.Header.Set("User-Agent", wechattest.UserAgent)
			resp, err := browser.Do(r)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			back, err := url.Parse(resp.Header.Get("Location"))
			require.NoError(t, err)
			return back.Query().Get("code")
		}
		auth, err := c.WebAuthOpenID(t.Context(), visit())
		require.NoError(t, err)
		assert.Equal(t, "oVisitor", auth.OpenID)
		sim.ExpireTokens()
		_, err = c.WebAuthOpenID(t.Context(), visit())
		require.ErrorIs(t, err, wechat.ErrComponentTokenExpired)
		auth, err = c.WebAuthOpenID(t.Context(), visit())
		require.NoError(t, err, "the next visitor has a fresh token")
		assert.Equal(t, "oVisitor", auth.OpenID)
	})
}

func TestAuthorizeURLIsOpenedOnce(t *testing.T) {
	t.Parallel()
	simulatePlatform(t, func(t *testing.T, s *wechattest.Server, sim *wechattest.Platform, v *vault, p *wechat.Platform) {
		shop := s.AddAccount("wxshop", "secret")
		address, err := p.AuthorizeURL(t.Context(), "https://platform.example/back")
		require.NoError(t, err)
		code, err := sim.AuthorizeAt(address, shop)
		require.NoError(t, err)
		_, err = sim.AuthorizeAt(address, shop)
		require.Error(t, err, "the pre_auth_code is used")
		got, err := p.Authorize(t.Context(), code)
		require.NoError(t, err)
		assert.Equal(t, wechat.Authorization{AppID: "wxshop", Functions: []int{1, 7, 11}}, got)
		_, err = accountOf(t, shop, s, p).CallbackIPs(t.Context())
		require.NoError(t, err)
	})
	g := componentGateway()
	for uri, says := range map[string]string{
		"platform.example/back": "must be whole", "": "must be whole", "javascript:x": "must be whole", "https://a:b@platform.example/": "user or password",
		"https://platform.example/?auth_code=1": "auth_code", "https://platform.example/?expires_in": "expires_in", "https://platform.example/\x00": "cannot be parsed",
		"https://platform.example/\xff": "cannot be parsed", "https://platform.example:/": "leave the colon out",
	} {
		_, err := g.platform(t, newVault(ticketKey, "TICKET")).AuthorizeURL(t.Context(), uri)
		require.ErrorContains(t, err, says)
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
	}
	assert.Empty(t, g.requests)
}

// Restore fills what is missing and touches nothing else.
func TestRestore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := wechattest.New(t, wechattest.InMemory())
		sim := s.AddPlatform(componentID, componentSecret)
		v := newVault(ticketKey, sim.Ticket(), "wxhome:platform:"+componentID+":refresh:wxa7", "MINE")
		want := map[string]string{}
		for i := range 250 {
			a := s.AddAccount(fmt.Sprint("wxa", i), "secret")
			sim.Authorize(a)
			want[a.AppID] = sim.RefreshToken(a)
		}
		want["wxa7"] = "MINE"
		p := platformOf(t, s, v)
		missing, err := p.Restore(t.Context())
		require.NoError(t, err)
		assert.Empty(t, missing)
		assert.Equal(t, 3, s.Requests(authorizerListPath))
		for id, refresh := range want {
			assert.Equal(t, refresh, v.get("wxhome:platform:"+componentID+":refresh:"+id), id)
		}
		stale := p.Authorizer("wxa7")
		_, err = stale.Token(t.Context())
		require.ErrorIs(t, err, wechat.ErrAuthorizerTokenInvalid)
		require.NoError(t, stale.Forget(t.Context()))
		_, err = p.Restore(t.Context())
		require.NoError(t, err)
		_, err = stale.Token(t.Context())
		require.NoError(t, err)
		n := 0
		for a, err := range p.Authorizers(t.Context()) {
			require.NoError(t, err)
			assert.WithinDuration(t, time.Now(), a.AuthorizedAt, time.Minute)
			if n++; n == 10 {
				break
			}
		}
		assert.Equal(t, 7, s.Requests(authorizerListPath), "an iterator that is left asks no more")
	})
	g, v := componentGateway(), newVault(ticketKey, "TICKET")
	g.on(http.MethodPost, authorizerListPath, text(200, listedAccounts))
	missing, err := g.platform(t, v).Restore(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"wxB"}, missing, "WeChat tells none: its owner must authorize again")
	assert.Equal(t, "RA", v.get("wxhome:platform:"+componentID+":refresh:wxA"))
}

// A list that is not whole must not look so, and must not go on for ever.
func TestAuthorizersEnd(t *testing.T) {
	t.Parallel()
	const first = `{"total_count":"4","list":[{"authorizer_appid":"wxA","refresh_token":"RA"},{"authorizer_appid":"wxB","refresh_token":"RB"}]}`
	for name, tt := range map[string]struct {
		pages []string
		want  string // the AppIDs
		says  string // "": no error
	}{
		"whole":             {[]string{first, `{"total_count":4,"list":[{"authorizer_appid":"wxC"},{"authorizer_appid":"wxD"}]}`}, "wxA wxB wxC wxD", ""},
		"none":              {[]string{`{"total_count":0,"list":[]}`}, "", ""},
		"none, null":        {[]string{`{"total_count":0,"list":null}`}, "", ""},
		"none, no list":     {[]string{`{"errcode":0,"total_count":"0"}`}, "", ""},
		"shrinks":           {[]string{first, `{"total_count":2,"list":[]}`}, "wxA wxB", ""},
		"shifts":            {[]string{first, `{"total_count":5,"list":[{"authorizer_appid":"wxB"},{"authorizer_appid":"wxC"},{"authorizer_appid":"wxD"}]}`}, "wxA wxB wxB wxC wxD", ""},
		"no answer":         {[]string{`{"errcode":0,"errmsg":"ok"}`}, "", "no total_count"},
		"null":              {[]string{`{"total_count":null,"list":null,"errcode":0}`}, "", "no total_count"},
		"no total":          {[]string{`{"list":[{"authorizer_appid":"wxA"}]}`}, "wxA", "no total_count"},
		"empty":             {[]string{`{"total_count":3,"list":[]}`}, "", "after 0 of 3 accounts"},
		"no list":           {[]string{`{"total_count":3}`}, "", "after 0 of 3 accounts"},
		"ends early":        {[]string{first, `{"total_count":4,"list":[]}`}, "wxA wxB", "after 2 of 4 accounts"},
		"no total later":    {[]string{first, `{"list":[{"authorizer_appid":"wxC"}]}`}, "wxA wxB wxC", "no total_count"},
		"nothing later":     {[]string{first, `{"errcode":0,"errmsg":"ok"}`}, "wxA wxB", "no total_count"},
		"does not move on":  {[]string{first, first}, "wxA wxB", "the page at 2 is the one before again"},
		"without names":     {[]string{`{"total_count":9,"list":[{}]}`, `{"total_count":9,"list":[{}]}`}, "", "the page at 1 is the one before again"},
		"the quota is used": {[]string{first, `{"errcode":45009}`}, "wxA wxB", "45009"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := componentGateway()
			var answers []answer
			for _, page := range tt.pages {
				answers = append(answers, text(200, page))
			}
			g.on(http.MethodPost, authorizerListPath, answers...)
			v := newVault(ticketKey, "TICKET")
			p := g.platform(t, v)
			var got []string
			var failed error
			for a, err := range p.Authorizers(t.Context()) {
				require.NoError(t, failed, "an error is the end")
				if failed = err; err == nil && a.AppID != "" {
					got = append(got, a.AppID)
				}
			}
			assert.Equal(t, tt.want, strings.Join(got, " "))
			assert.Equal(t, len(tt.pages), g.count(authorizerListPath))
			g.on(http.MethodPost, authorizerListPath, answers...)
			_, errRestore := p.Restore(t.Context())
			if strings.HasPrefix(tt.want, "wxA wxB") {
				assert.Equal(t, "RA", v.get("wxhome:platform:"+componentID+":refresh:wxA"), "what was read is saved")
			}
			for _, err := range []error{failed, errRestore} {
				if tt.says == "" {
					require.NoError(t, err)
					continue
				}
				require.ErrorContains(t, err, tt.says)
				assert.Contains(t, []wechat.Kind{wechat.KindLost, wechat.KindDailyQuota}, wechat.KindOf(err))
			}
		})
	}
	g, v := componentGateway(), newVault(ticketKey, "TICKET")
	g.on(http.MethodPost, authorizerListPath, text(200, `{"errcode":-1}`), text(200, `{"errcode":45009}`))
	_, err := g.platform(t, v).Restore(t.Context())
	assert.Equal(t, wechat.KindDailyQuota, wechat.KindOf(err), "reading leaves no doubt: %v", err)
}

func TestPlatformHandlesItsOwnPushesOnly(t *testing.T) {
	t.Parallel()
	g, v := componentGateway(), newVault(ticketKey, "TICKET")
	g.on(http.MethodPost, queryAuthPath, text(200, `{"errcode":61010,"errmsg":"code is expired"}`))
	p := g.platform(t, v)
	const head = "<xml><AppId>" + componentID + "</AppId><CreateTime>1413192605</CreateTime>"
	for name, tt := range map[string]struct{ body, says string }{
		"ticket":           {head + "<InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket><![CDATA[ticket@@@NEW]]></ComponentVerifyTicket></xml>", ""},
		"no ticket":        {head + "<InfoType>component_verify_ticket</InfoType></xml>", "ticket is empty"},
		"cut ticket":       {head + "<InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket>tick", "component_verify_ticket of the platform"},
		"no code":          {head + "<InfoType>authorized</InfoType></xml>", "code is empty"},
		"expired code":     {head + "<InfoType>updateauthorized</InfoType><AuthorizationCode>C</AuthorizationCode></xml>", "61010"},
		"other platform":   {"<xml><AppId>wxother</AppId><InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket>x</ComponentVerifyTicket></xml>", "has come to " + componentID},
		"unauthorized":     {head + "<InfoType>unauthorized</InfoType><AuthorizerAppid>wxA</AuthorizerAppid></xml>", ""},
		"unknown":          {head + "<InfoType>notify_third_fasteregister</InfoType></xml>", ""},
		"another message":  {"<xml><ToUserName>gh_1</ToUserName><FromUserName>o</FromUserName><MsgType>text</MsgType><Content>component_verify_ticket</Content></xml>", ""},
		"an unknown event": {"<xml><ToUserName>gh_1</ToUserName><FromUserName>o</FromUserName><MsgType>event</MsgType><Event>new</Event></xml>", ""},
	} {
		m, err := callback.Parse([]byte(tt.body))
		require.NoError(t, err, name)
		reply, err := p.Handle(t.Context(), m)
		assert.Nil(t, reply)
		if tt.says == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, tt.says, name)
		}
	}
	assert.Equal(t, "ticket@@@NEW", v.get(ticketKey))
	assert.Len(t, v.saves, 1)
}

func TestNilMessageAndNilContext(t *testing.T) {
	t.Parallel()
	g, v := componentGateway(), newVault(ticketKey, "TICKET", refreshKey, "R")
	p := g.platform(t, v)
	a := p.Authorizer(appID)
	for _, m := range []callback.Message{nil, (*callback.Unknown)(nil), (*callback.TextMessage)(nil)} {
		reply, err := p.Handle(t.Context(), m)
		assert.Nil(t, reply)
		require.ErrorContains(t, err, "the message is nil")
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
	}
	c, err := wechat.New(appID, "", wechat.WithTokenSource(a), wechat.WithHTTPClient(&http.Client{Transport: g}))
	require.NoError(t, err)
	ticket, err := callback.Parse([]byte("<xml><AppId>" + componentID + "</AppId><InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket>T</ComponentVerifyTicket></xml>"))
	require.NoError(t, err)
	for name, call := range map[string]func(context.Context) error{
		"Authorizer.Token":  func(ctx context.Context) error { _, err := a.Token(ctx); return err },
		"Authorizer.Forget": a.Forget,
		"SaveTicket":        func(ctx context.Context) error { return p.SaveTicket(ctx, "T") },
		"Handle":            func(ctx context.Context) error { _, err := p.Handle(ctx, ticket); return err },
		"Authorize":         func(ctx context.Context) error { _, err := p.Authorize(ctx, "CODE"); return err },
		"AuthorizeURL": func(ctx context.Context) error {
			_, err := p.AuthorizeURL(ctx, "https://platform.example/")
			return err
		},
		"StartTickets":  p.StartTickets,
		"Restore":       func(ctx context.Context) error { _, err := p.Restore(ctx); return err },
		"WebAuthOpenID": func(ctx context.Context) error { _, err := c.WebAuthOpenID(ctx, "CODE"); return err },
		"Token.Get":     func(ctx context.Context) error { _, err := c.Token.Get(ctx); return err },
		"JSTicket.Get":  func(ctx context.Context) error { _, err := c.JSTicket.Get(ctx); return err },
		"JSSDK.Config":  func(ctx context.Context) error { _, err := c.JSSDK.Config(ctx, "https://h/"); return err },
	} {
		var none context.Context
		err := call(none)
		require.ErrorContains(t, err, "the context is nil", name)
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err), name)
	}
	assert.Empty(t, g.requests)
	assert.Empty(t, v.saves)
}

func TestNewPlatformRefuses(t *testing.T) {
	t.Parallel()
	src := wechat.WithTokenSource(central)
	for name, tt := range map[string]struct {
		id, secret string
		store      wechat.PlatformStore
		opts       []wechat.Option
		says       []string
	}{
		"nothing":    {"", "", newVault(), nil, []string{"AppID is empty", "AppSecret is empty"}},
		"no store":   {componentID, componentSecret, nil, nil, []string{"PlatformStore is nil"}},
		"nil store":  {componentID, componentSecret, (*vault)(nil), nil, []string{"PlatformStore is nil"}},
		"nil map":    {componentID, componentSecret, mapStore(nil), nil, []string{"PlatformStore is nil"}},
		"nil chan":   {componentID, componentSecret, chanStore(nil), nil, []string{"PlatformStore is nil"}},
		"nil option": {componentID, componentSecret, newVault(), []wechat.Option{nil}, []string{"option 1 is nil"}},
		"source":     {componentID, componentSecret, newVault(), []wechat.Option{src}, []string{"for accounts, and not for a platform"}},
		"classic":    {componentID, componentSecret, newVault(), []wechat.Option{wechat.WithClassicToken()}, []string{"for accounts"}},
		"tokenless":  {componentID, componentSecret, newVault(), []wechat.Option{wechat.WithoutToken()}, []string{"for accounts"}},
		"component":  {componentID, componentSecret, newVault(), []wechat.Option{wechat.WithComponent("wxp", central)}, []string{"for accounts"}},
	} {
		p, err := wechat.NewPlatform(tt.id, tt.secret, tt.store, tt.opts...)
		assert.Nil(t, p)
		require.Error(t, err, name)
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err), name)
		assert.Equal(t, 1, strings.Count(err.Error(), "wechat: "), err)
		for _, says := range tt.says {
			require.ErrorContains(t, err, says, name)
		}
	}
	p := componentGateway().platform(t, newVault())
	_, err := wechat.New(appID, "", wechat.WithTokenSource(p.Authorizer("wxother")))
	require.ErrorContains(t, err, "the Authorizer is that of another account")
	_, err = wechat.New(appID, "", wechat.WithTokenSource((*wechat.Authorizer)(nil)))
	require.ErrorContains(t, err, "the source is nil")
	_, err = p.Authorize(t.Context(), "")
	assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
	assert.Equal(t, wechat.KindRequest, wechat.KindOf(p.SaveTicket(t.Context(), "")))
}

// A code works once: after a lost answer it is not sent again.
func TestAuthorizeIsSentOnce(t *testing.T) {
	t.Parallel()
	g := componentGateway()
	g.on(http.MethodPost, queryAuthPath, fails(io.ErrUnexpectedEOF))
	_, err := g.platform(t, newVault(ticketKey, "TICKET")).Authorize(t.Context(), "CODE")
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
	assert.Equal(t, 1, g.count(queryAuthPath))
	// A refresh is safe to repeat, since the refresh token before works for a while.
	g.on(http.MethodPost, authorizerTokenPath, fails(io.ErrUnexpectedEOF), text(200, `{"authorizer_access_token":"T","expires_in":7200}`))
	_, err = g.platform(t, newVault(ticketKey, "TICKET", refreshKey, "R")).Authorizer(appID).Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, g.count(authorizerTokenPath))
}

// What is forgotten does not come back from what could not be saved.
func TestForgetWhatIsNotSaved(t *testing.T) {
	t.Parallel()
	g, v := componentGateway(), newVault(ticketKey, "TICKET", refreshKey, "R0")
	g.on(http.MethodPost, authorizerTokenPath, text(200, `{"authorizer_access_token":"T1","expires_in":7200,"authorizer_refresh_token":"R1"}`))
	a := g.platform(t, v).Authorizer(appID)
	v.setFault(failsAt("save", io.ErrShortWrite))
	_, err := a.Token(t.Context())
	require.ErrorIs(t, err, io.ErrShortWrite)
	v.setFault(nil)
	require.NoError(t, a.Forget(t.Context()))
	_, err = a.Token(t.Context())
	require.ErrorIs(t, err, wechat.ErrAuthorizerTokenInvalid)
	assert.Regexp(t, "^wxhome:forgotten:[A-Z2-7]+$", v.get(refreshKey))
}
