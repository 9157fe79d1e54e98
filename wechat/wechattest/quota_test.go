package wechattest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/org/wxhome/wechat/wechattest"
)

const (
	pathClear     = "/cgi-bin/clear_quota"
	pathClearV2   = "/cgi-bin/clear_quota/v2"
	pathClearPath = "/cgi-bin/openapi/quota/clear"
	pathQuota     = "/cgi-bin/openapi/quota/get"
	pathRID       = "/cgi-bin/openapi/rid/get"
)

// newDay is a sender at 23:30 in Beijing on the 20th.
func newDay(t *testing.T) *wire {
	now := time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC)
	return newSender(t, wechattest.WithClock(func() time.Time { return now }))
}

func TestDailyQuota(t *testing.T) {
	t.Parallel()
	w := newDay(t)
	w.s.SetDailyQuota(pathSend, 2)
	requireCode(t, 0, w.send(withID("a")...))
	requireCode(t, 40003, w.send("oFollower", "oNobody")) // counts too
	requireCode(t, 45009, w.send(withID("a")...))
	w.s.Advance(29 * time.Minute)
	requireCode(t, 45009, w.send())
	w.s.Advance(time.Minute) // midnight in Beijing
	requireCode(t, 0, w.send())
	requireCode(t, 0, w.send())
	requireCode(t, 45009, w.send())
	w.s.SetDailyQuota(pathSend, -5)
	requireCode(t, 0, w.send())
	w.s.SetDailyQuota(pathIPs, 0)
	requireCode(t, 45009, w.get(w.authorized(pathIPs)))
	w.s.SetDailyQuota("/cgi-bin/stable_token", 0)
	requireCode(t, 45009, w.stable(false))
	w.s.SetMinuteLimit("/cgi-bin/token", 0)
	requireCode(t, 45011, w.classic())
}

func TestMinuteLimit(t *testing.T) {
	t.Parallel()
	w := newDay(t)
	w.s.SetMinuteLimit(pathSend, 1)
	requireCode(t, 0, w.send())
	requireCode(t, 45011, w.send())
	w.s.Advance(59 * time.Second)
	requireCode(t, 45011, w.send())
	w.s.Advance(time.Second)
	requireCode(t, 0, w.send())
	w.s.SetMinuteLimit(pathSend, -1)
	requireCode(t, 0, w.send())
}

func TestClearQuota(t *testing.T) {
	t.Parallel()
	w := newDay(t)
	w.s.SetDailyQuota(pathSend, 1)
	w.s.SetDailyQuota("/cgi-bin/token", 1)
	requireCode(t, 40013, w.call(pathClear, `{"appid":"wxother"}`))
	requireCode(t, 40013, w.call(pathClear, `{}`))
	v2 := `{"appid":"` + w.s.AppID + `","appsecret":"` + w.s.AppSecret + `"}`
	clears := []func() answer{
		func() answer { return w.call(pathClear, `{"appid":"`+w.s.AppID+`"}`) },
		func() answer { return w.post(pathClearV2, v2) },
		func() answer {
			return w.post(pathClearV2+"?appid="+w.s.AppID+"&appsecret="+w.s.AppSecret, "")
		},
		func() answer { return w.call(pathClearPath, `{"cgi_path":"`+pathSend+`"}`) },
	}
	for _, clear := range clears {
		requireCode(t, 0, w.send())
		requireCode(t, 45009, w.send())
		a := clear()
		requireCode(t, 0, a)
		assert.Equal(t, `{"errcode":0,"errmsg":"ok"}`, a.Body)
	}
	requireCode(t, 0, w.classic())
	requireCode(t, 45009, w.classic())
	requireCode(t, 0, w.post(pathClearV2, v2))
	requireCode(t, 45009, w.classic()) // v2 leaves the token calls alone
	requireCode(t, 0, clears[0]())
	requireCode(t, 0, w.classic())
	requireCode(t, 40125, w.post(pathClearV2, `{"appid":"`+w.s.AppID+`","appsecret":"x"}`))
	requireCode(t, 41002, w.post(pathClearV2, `{}`))
}

func TestClearsAreLimited(t *testing.T) {
	t.Parallel()
	w := newDay(t)
	all, one := `{"appid":"`+w.s.AppID+`"}`, `{"cgi_path":"`+pathSend+`"}`
	for range 10 {
		requireCode(t, 0, w.call(pathClear, all))
	}
	requireCode(t, 48006, w.call(pathClear, all))
	for range 50 {
		requireCode(t, 0, w.call(pathClearPath, one))
	}
	requireCode(t, 48006, w.call(pathClearPath, one))
	w.s.Advance(11 * 24 * time.Hour) // December
	w.token = w.stable(false).Token
	requireCode(t, 0, w.call(pathClear, all))
	requireCode(t, 0, w.call(pathClearPath, one))
}

func TestQuotaGet(t *testing.T) {
	t.Parallel()
	w := newDay(t)
	w.send()
	assert.Equal(t, `{"errcode":0,"errmsg":"ok","quota":{"daily_limit":100000,"used":1,"remain":99999}}`,
		w.call(pathQuota, `{"cgi_path":"`+pathSend+`"}`).Body)
	w.s.SetDailyQuota(pathSend, 3)
	w.s.SetMinuteLimit(pathSend, 2)
	assert.Equal(t, `{"errcode":0,"errmsg":"ok","quota":{"daily_limit":3,"used":1,"remain":2},"rate_limit":{"call_count":2,"refresh_second":60}}`,
		w.call(pathQuota, `{"cgi_path":"`+pathSend+`"}`).Body)
	w.s.Advance(31 * time.Minute)
	assert.Contains(t, w.call(pathQuota, `{"cgi_path":"`+pathSend+`"}`).Body, `"used":0,"remain":3`)
	assert.Contains(t, w.call(pathQuota, `{"cgi_path":"/cgi-bin/message/custom/send"}`).Body, `"daily_limit":500000`)
	requireCode(t, 76021, w.call(pathQuota, `{"cgi_path":"cgi-bin/message/template/send"}`))
	requireCode(t, 76021, w.call(pathClearPath, `{"cgi_path":"/no/such"}`))
	requireCode(t, 76022, w.call(pathQuota, `{"cgi_path":"/sns/oauth2/access_token"}`))
}

func TestRIDGet(t *testing.T) {
	t.Parallel()
	w := newDay(t)
	ridOf := func(a answer) string {
		_, rid, ok := strings.Cut(a.Message, " rid: ")
		assert.True(t, ok)
		return rid
	}
	refused := w.send("oFollower", "oNobody")
	a := w.call(pathRID, `{"rid":"`+ridOf(refused)+`"}`)
	requireCode(t, 0, a)
	assert.Contains(t, a.Body, `"invoke_time":1795188600`)
	assert.Contains(t, a.Body, `"request_url":"access_token=`+w.token[:6]+`xxxx"`)
	assert.Contains(t, a.Body, `\"touser\":\"oNobody\"`)
	assert.Contains(t, a.Body, `"client_ip":"127.0.0.1"`)
	assert.NotContains(t, a.Body, w.token)

	requireCode(t, 76002, w.call(pathRID, `{"rid":"x"}`))
	requireCode(t, 76001, w.call(pathRID, `{"rid":"00000000-00000000-00000000"}`))
	unauthorized := w.get(pathIPs)
	requireCode(t, 76003, w.call(pathRID, `{"rid":"`+ridOf(unauthorized)+`"}`))
	for range 1000 {
		w.get(pathIPs)
	}
	requireCode(t, 76001, w.call(pathRID, `{"rid":"`+ridOf(refused)+`"}`))
	last := w.send("oFollower", "oNobody")
	w.s.Advance(8 * 24 * time.Hour)
	w.token = w.stable(false).Token
	requireCode(t, 76004, w.call(pathRID, `{"rid":"`+ridOf(last)+`"}`))
}

func TestAddressesAndCallbackCheck(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, path := range []string{"/cgi-bin/get_api_domain_ip", pathIPs} {
		a := w.get(w.authorized(path))
		assert.Equal(t, http.StatusOK, a.StatusCode)
		assert.Equal(t, "text/plain", a.Header.Get("Content-Type"))
		assert.Regexp(t, `^\{"ip_list":\["[0-9.]+",`, a.Body)
	}
	const path = "/cgi-bin/callback/check"
	a := w.call(path, `{"action":"all","check_operator":"DEFAULT"}`)
	assert.Equal(t, `{"dns":[{"ip":"111.161.64.40","real_operator":"UNICOM"}],`+
		`"ping":[{"ip":"111.161.64.40","from_operator":"UNICOM","package_loss":"0%","time":"23.079ms"}]}`, a.Body)
	assert.NotContains(t, w.call(path, `{"action":"dns","check_operator":"CAP"}`).Body, "ping")
	assert.NotContains(t, w.call(path, `{"action":"ping","check_operator":"UNICOM"}`).Body, "dns")
	requireCode(t, 40202, w.call(path, `{"check_operator":"DEFAULT"}`))
	requireCode(t, 40203, w.call(path, `{"action":"all","check_operator":"x"}`))
}
