package wechattest_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/wechattest"
)

const pathIPs = "/cgi-bin/getcallbackip"

// works returns the errcode of a harmless call with a token.
func (w *wire) works(token string) int {
	w.t.Helper()
	return w.get(pathIPs + "?access_token=" + token).Code
}

func TestTokenCredentials(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.s.AddAccount("wx2", "secret2")
	id, secret := w.s.AppID, w.s.AppSecret
	tests := []struct {
		name, grant, appID, secret string
		code                       int
	}{
		{"right", "client_credential", id, secret, 0},
		{"wrong grant", "password", id, secret, 40002},
		{"no grant", "", id, secret, 40002},
		{"no appid", "client_credential", "", secret, 41002},
		{"no secret", "client_credential", id, "", 41004},
		{"unknown appid", "client_credential", "wxnobody", secret, 40013},
		{"wrong secret", "client_credential", id, "secret", 40125},
		{"another account's secret", "client_credential", id, "secret2", 40001},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := w.get("/cgi-bin/token?grant_type=" + tt.grant + "&appid=" + tt.appID + "&secret=" + tt.secret)
			requireCode(t, tt.code, a)
			a = w.post("/cgi-bin/stable_token", `{"grant_type":"`+tt.grant+`","appid":"`+tt.appID+`","secret":"`+tt.secret+`"}`)
			requireCode(t, tt.code, a)
			assert.NotContains(t, a.Body, "errcode\":0", "a token comes without errcode")
		})
	}
	requireCode(t, 47001, w.post("/cgi-bin/stable_token", `{"grant_type":1}`))
	requireCode(t, 47001, w.post("/cgi-bin/stable_token", `{"grant_type":"client_credential","force_refresh":"true"}`))
}

func TestAccessTokenIsChecked(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	requireCode(t, 41001, w.get(pathIPs))
	requireCode(t, 41001, w.get(pathIPs+"?access_token="))
	requireCode(t, 41001, w.get(pathIPs+"?access_token=%zz"))
	requireCode(t, 40014, w.get(pathIPs+"?access_token=made-up"))
	requireCode(t, 0, w.get(pathIPs+"?x=1&access_token="+w.token+"&access_token=made-up"))
	assert.LessOrEqual(t, len(w.token), 512)

	w.s.ExpireTokens()
	assert.Equal(t, 42001, w.works(w.token))
	fresh := w.stable(false).Token
	assert.NotEqual(t, w.token, fresh)
	assert.Equal(t, 0, w.works(fresh))
	w.s.ReplaceTokens()
	assert.Equal(t, 40001, w.works(fresh))
	assert.Equal(t, 42001, w.works(w.token), "the first reason stays")
	assert.Equal(t, []string{w.token, fresh}, w.s.IssuedTokens())
	assert.Equal(t, 2, w.s.TokenFetches())
}

func TestClassicTokenOverlaps(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	first := w.classic()
	assert.Equal(t, 7200, first.Expires)
	second := w.classic()
	require.NotEqual(t, first.Token, second.Token)
	assert.Equal(t, 0, w.works(first.Token))
	w.s.Advance(4*time.Minute + 59*time.Second)
	assert.Equal(t, 0, w.works(first.Token))
	w.s.Advance(time.Second)
	assert.Equal(t, 40001, w.works(first.Token))
	assert.Equal(t, 0, w.works(second.Token))
	assert.Equal(t, 0, w.works(w.token), "the stable token does not mind")
	w.s.Advance(2 * time.Hour)
	assert.Equal(t, 42001, w.works(second.Token))
}

func TestStableTokenRotates(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC)
	w := newWire(t, wechattest.WithClock(func() time.Time { return now }))
	again := w.stable(false)
	assert.Equal(t, w.token, again.Token)
	w.classic()
	w.s.Advance(7200*time.Second - 301*time.Second)
	again = w.stable(false)
	assert.Equal(t, w.token, again.Token)
	assert.Equal(t, 301, again.Expires)
	w.s.Advance(time.Second)
	rotated := w.stable(false)
	assert.NotEqual(t, w.token, rotated.Token)
	assert.Equal(t, 7200, rotated.Expires)
	assert.Equal(t, 0, w.works(w.token))
	w.s.Advance(5 * time.Minute)
	assert.Equal(t, 42001, w.works(w.token))
	assert.Equal(t, 0, w.works(rotated.Token))
	assert.Equal(t, "Fri, 20 Nov 2026 20:00:00 GMT", w.get(pathIPs).Header.Get("Date"))
}

func TestForcedRefresh(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	w := newWire(t, wechattest.WithClock(func() time.Time { return now }))
	forced := w.stable(true)
	assert.Equal(t, 40001, w.works(w.token), "ended at once")
	assert.Equal(t, 0, w.works(forced.Token))
	w.s.Advance(29 * time.Second)
	requireCode(t, 45011, w.stable(true))
	w.s.Advance(time.Second)
	for range 19 {
		requireCode(t, 0, w.stable(true))
		w.s.Advance(30 * time.Second)
	}
	requireCode(t, 45009, w.stable(true))
	requireCode(t, 0, w.stable(false))
	w.s.Advance(4 * time.Hour) // past midnight in Beijing
	requireCode(t, 0, w.stable(true))
}

func TestTokenLifetime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := newWire(t, wechattest.WithTokenLifetime(8*time.Second), wechattest.WithClock(func() time.Time { return now }))
	assert.Equal(t, 8, w.classic().Expires)
	w.s.Advance(5 * time.Second)
	assert.Equal(t, 3, w.stable(false).Expires)
	w.s.Advance(time.Second)
	assert.Equal(t, 8, w.stable(false).Expires, "two seconds before its end")
	w.s.Advance(2 * time.Second)
	assert.Equal(t, 42001, w.works(w.token))
}

func TestAccountsAreApart(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	other := w.s.AddAccount("wxother00000000002", "othersecret")
	mine := w.token
	a := w.post("/cgi-bin/stable_token", `{"grant_type":"client_credential","appid":"wxother00000000002","secret":"othersecret"}`)
	w.token = a.Token
	requireCode(t, 40003, w.send())
	other.Follow(follower)
	requireCode(t, 40037, w.send())
	w.s.ExpireTokens()
	requireCode(t, 40037, w.send())
	assert.Equal(t, 42001, w.works(mine))
	other.ExpireTokens()
	requireCode(t, 42001, w.send())
	assert.Panics(t, func() { w.s.AddAccount(other.AppID, "x") })
	assert.Panics(t, func() { w.s.AddAccount("", "x") })
}

func TestManyTokensAreForgotten(t *testing.T) {
	t.Parallel()
	w := newWire(t, wechattest.InMemory())
	for range 10_000 {
		if w.classic().Code != 0 {
			t.Fatal("no token")
		}
	}
	issued := w.s.IssuedTokens()
	assert.Len(t, issued, 10_000)
	assert.False(t, slices.Contains(issued, w.token))
	assert.Equal(t, 40014, w.works(w.token))
}

func TestInMemoryInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSender(t, wechattest.InMemory())
		start := time.Now()
		w.s.Fail(pathSend, 1, wechattest.Fault{Delay: time.Hour})
		requireCode(t, 0, w.send())
		assert.Equal(t, time.Hour, time.Since(start))
		time.Sleep(time.Hour)
		requireCode(t, 42001, w.send())

		w.s.Fail(pathSend, 1, wechattest.Fault{Reset: wechattest.ResetBefore})
		_, err := w.do(w.request(http.MethodPost, w.authorized(pathSend), nil))
		require.Error(t, err)
		w.s.Fail(pathSend, 1, wechattest.Fault{Delay: 1000 * time.Hour})
		go func() {
			time.Sleep(time.Minute)
			w.s.Close()
		}()
		_, err = w.do(w.request(http.MethodPost, w.authorized(pathSend), nil))
		require.Error(t, err, "Close ends delays")
		_, err = w.do(w.request(http.MethodPost, w.authorized(pathSend), nil))
		require.ErrorContains(t, err, "refused")
	})
}
