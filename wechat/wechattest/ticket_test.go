package wechattest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/jssdk"
	"github.com/org/wxhome/wechat/wechattest"
)

const pathTicket = "/cgi-bin/ticket/getticket"

// ticket fetches one, and checks the form of the answer.
func (w *wire) ticket(kind string) string {
	w.t.Helper()
	a := w.get(w.authorized(pathTicket) + "&type=" + kind)
	requireCode(w.t, 0, a)
	assert.Regexp(w.t, `^\{"errcode":0,"errmsg":"ok","ticket":"[-_0-9A-Za-z]{86}","expires_in":7200\}$`, a.Body)
	var answer struct{ Ticket string }
	require.NoError(w.t, json.Unmarshal([]byte(a.Body), &answer))
	return answer.Ticket
}

// config is what a program in any language hands to a page.
func (w *wire) config(ticket, page string) jssdk.Config {
	return jssdk.Config{AppID: w.s.AppID, Timestamp: 1414587457, NonceStr: "n", Signature: jssdk.Signature(ticket, "n", 1414587457, page)}
}

func TestTicket(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	requireCode(t, 41001, w.get(pathTicket+"?type=jsapi"))
	requireCode(t, 43001, w.call(pathTicket, "{}"))
	requireCode(t, 40097, w.get(w.authorized(pathTicket)))
	requireCode(t, 40097, w.get(w.authorized(pathTicket)+"&type=card"))
	w.s.SetComponent("wxplatform", "PLATFORM")
	requireCode(t, 61007, w.get(w.authorized(pathTicket)+"&type=jsapi"))
	w.s.SetComponent("", "")
	assert.NotEqual(t, w.ticket("jsapi"), w.ticket("wx_card"))
}

func TestWXConfig(t *testing.T) {
	t.Parallel()
	const page = "https://school.example/photo?of=%E5%BC%A0&b=1"
	w := newWire(t)
	ticket, card := w.ticket("jsapi"), w.ticket("wx_card")
	good := w.config(ticket, page)
	require.ErrorContains(t, w.s.WXConfig(page, good), "config:invalid url domain")
	w.s.SetJSDomain("school.example", "school.example:8443")
	require.NoError(t, w.s.WXConfig(page, good))
	require.NoError(t, w.s.WXConfig(page+"#/route?a=1", good), "the fragment is not signed")
	for address, says := range map[string]string{
		"http://school.example/photo?of=%E5%BC%A0&b=1": "invalid signature", "https://school.example/photo?of=张&b=1": "invalid signature",
		"https://school.example/photo": "invalid signature", "https://www.school.example/photo": "invalid url domain", "school.example": "no address", "https://%": "no address",
	} {
		require.ErrorContains(t, w.s.WXConfig(address, good), says, address)
	}
	require.NoError(t, w.s.WXConfig("https://school.example:8443/", w.config(ticket, "https://school.example:8443/")))
	require.ErrorContains(t, w.s.WXConfig(page, w.config(card, page)), "config:invalid signature", "the types have tickets of their own")
	for name, change := range map[string]func(*jssdk.Config){
		"invalid appid":     func(c *jssdk.Config) { c.AppID = "wxother" },
		"invalid signature": func(c *jssdk.Config) { c.NonceStr = "m" },
	} {
		bad := good
		change(&bad)
		require.ErrorContains(t, w.s.WXConfig(page, bad), "config:"+name)
	}
	next := w.ticket("jsapi")
	require.NoError(t, w.s.WXConfig(page, w.config(next, page)))
	require.NoError(t, w.s.WXConfig(page, good), "the one before works for a while")
	w.s.Advance(5*time.Minute + time.Second)
	require.ErrorContains(t, w.s.WXConfig(page, good), "config:invalid signature")
	require.NoError(t, w.s.WXConfig(page, w.config(next, page)))
	w.s.Advance(2 * time.Hour)
	require.ErrorContains(t, w.s.WXConfig(page, w.config(next, page)), "config:invalid signature")
	w.token = w.stable(false).Token
	last := w.ticket("jsapi")
	w.s.ExpireTickets()
	require.ErrorContains(t, w.s.WXConfig(page, w.config(last, page)), "config:invalid signature")
}

// TestJSSDKClient signs pages with the client, and mends a ticket that another program has replaced.
func TestJSSDKClient(t *testing.T) {
	t.Parallel()
	const page = "https://school.example/#/photo"
	s := wechattest.New(t)
	s.SetJSDomain("school.example")
	c := s.Client()
	for range 3 {
		config, err := c.JSSDK.Config(t.Context(), page)
		require.NoError(t, err)
		require.NoError(t, s.WXConfig(page, config))
	}
	assert.Equal(t, 1, s.Requests(pathTicket))
	s.ExpireTickets()
	config, err := c.JSSDK.Config(t.Context(), page)
	require.NoError(t, err)
	require.ErrorContains(t, s.WXConfig(page, config), "config:invalid signature")
	stale, err := c.JSTicket.Get(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.JSTicket.Invalidate(t.Context(), stale))
	config, err = c.JSSDK.Config(t.Context(), page)
	require.NoError(t, err)
	require.NoError(t, s.WXConfig(page, config))
	assert.Equal(t, 2, s.Requests(pathTicket))

	s.SetComponent("wxplatform", "PLATFORM")
	_, err = s.Client(wechat.WithComponent("wxplatform", source("PLATFORM"))).JSSDK.Config(t.Context(), page)
	require.ErrorIs(t, err, wechat.ErrComponentUnauthorizedAPI)
	require.ErrorContains(t, err, "the account's own AppSecret")
}
