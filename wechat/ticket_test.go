package wechat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/jssdk"
)

const (
	ticketPath = "/cgi-bin/ticket/getticket"
	page       = "https://school.example/photo?of=%E5%BC%A0#/x"
	ticketJSON = `{"errcode":0,"errmsg":"ok","ticket":"TICKET_1","expires_in":7200}`
)

func TestTicketOnTheWire(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"documented": ticketJSON, "quoted": `{"errcode":"0","errmsg":"ok","ticket":"TICKET_1","expires_in":"7200"}`, "no errcode": `{"ticket":"TICKET_1","expires_in":7200,"new":[]}`,
	} {
		g := newGateway()
		g.on(http.MethodGet, ticketPath, text(200, body))
		c := g.client(t)
		for range 3 {
			config, err := c.JSSDK.Config(t.Context(), page)
			require.NoError(t, err, name)
			assert.Equal(t, appID, config.AppID)
			assert.Equal(t, jssdk.Signature("TICKET_1", config.NonceStr, config.Timestamp, page), config.Signature)
		}
		require.Len(t, g.requests, 1, "the ticket is kept")
		assert.Equal(t, "https://api.weixin.qq.com/cgi-bin/ticket/getticket?access_token=TOKEN_1&type=jsapi", g.requests[0].URL.String())
		assert.Equal(t, 1, g.tokens)
	}
}

func TestTicketThatCannotBeHad(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer answer
		kind   wechat.Kind
		sent   int
	}{
		"48001":      {text(200, `{"errcode":48001,"errmsg":"api unauthorized rid: 1-2-3"}`), wechat.KindAccount, 1},
		"45009":      {text(200, `{"errcode":45009,"errmsg":"reach max api daily quota limit"}`), wechat.KindDailyQuota, 1},
		"busy":       {text(200, `{"errcode":-1}`), wechat.KindBusy, 1},
		"502":        {text(502, "<html>"), wechat.KindBusy, 1},
		"a page":     {text(200, "<html>"), wechat.KindBusy, 1},
		"no ticket":  {text(200, `{"errcode":0,"errmsg":"ok","expires_in":7200}`), wechat.KindToken, 1},
		"empty":      {text(200, `{"errcode":0,"errmsg":"ok","ticket":"","expires_in":7200}`), wechat.KindToken, 1},
		"no end":     {text(200, `{"errcode":0,"errmsg":"ok","ticket":"TICKET_1"}`), wechat.KindToken, 1},
		"odd end":    {text(200, `{"errcode":0,"errmsg":"ok","ticket":"TICKET_1","expires_in":"soon"}`), wechat.KindToken, 1},
		"nothing":    {text(200, `{}`), wechat.KindToken, 1},
		"lost":       {fails(io.ErrUnexpectedEOF), wechat.KindLost, 3},
		"token":      {text(200, `{"errcode":42001,"errmsg":"access_token expired"}`), wechat.KindToken, 2},
		"of another": {text(200, `{"errcode":61007,"errmsg":"api is unauthorized to component"}`), wechat.KindAccount, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGateway()
				g.on(http.MethodGet, ticketPath, tt.answer)
				seen := &watcher{}
				c := g.client(t, seen.options()...)
				for range 50 {
					config, err := c.JSSDK.Config(t.Context(), page)
					require.Error(t, err)
					assert.Equal(t, tt.kind, wechat.KindOf(err), "%v", err)
					if tt.kind == wechat.KindToken && tt.sent == 1 && name != "odd end" && name != "nothing" {
						require.ErrorContains(t, err, "the answer holds no ticket and expires_in")
					}
					assert.Zero(t, config)
					seen.tree(err)
				}
				assert.Len(t, g.requests, tt.sent, "a failure is remembered for a while")
				seen.dump(c, c.JSTicket, c.JSSDK, *c.JSSDK)
				assert.NotContains(t, seen.String(), "TICKET_1")
			})
		})
	}
	e := &wechat.Error{Code: wechat.ErrComponentUnauthorizedAPI, Path: ticketPath}
	assert.Contains(t, e.Hint(), "the account's own AppSecret")
	assert.NotContains(t, (&wechat.Error{Code: wechat.ErrComponentUnauthorizedAPI, Path: "/cgi-bin/x"}).Hint(), "AppSecret")
}

// The access token may have ended: the ticket is fetched with the next one.
func TestTicketWithATokenThatEnded(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, ticketPath, text(200, `{"errcode":40001,"errmsg":"invalid credential"}`), text(200, ticketJSON))
	_, err := g.client(t).JSSDK.Config(t.Context(), page)
	require.NoError(t, err)
	require.Len(t, g.requests, 2)
	assert.Equal(t, "TOKEN_2", g.requests[1].URL.Query().Get("access_token"))
}

// Two processes with one Store fetch one ticket, under a key of its own.
func TestTicketIsShared(t *testing.T) {
	t.Parallel()
	store := &lockStore{}
	g := newGateway()
	g.on(http.MethodGet, ticketPath, text(200, ticketJSON))
	for range 2 {
		c := g.client(t, wechat.WithTokenStore(store))
		_, err := c.JSSDK.Config(t.Context(), page)
		require.NoError(t, err)
		ticket, err := c.JSTicket.Get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "TICKET_1", ticket)
		access, err := c.Token.Get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "TOKEN_1", access)
	}
	assert.Len(t, g.requests, 1)
	stored, err := store.Load(t.Context(), "wxhome:token:"+appID+":jsapi:api.weixin.qq.com")
	require.NoError(t, err)
	assert.Equal(t, "TICKET_1", stored.Value)
	assert.Equal(t, []string{"wxhome:token:" + appID + ":jsapi:api.weixin.qq.com"}, store.locked, "one process fetches at a time")
}

// A thousand pages at once cost one ticket, and a stale one is replaced once.
func TestTicketOfManyPages(t *testing.T) {
	t.Parallel()
	n := 0
	g := newGateway()
	g.on(http.MethodGet, ticketPath, func(*http.Request) (*http.Response, error) {
		n++
		return text(200, fmt.Sprintf(`{"errcode":0,"ticket":"TICKET_%d","expires_in":7200}`, n))(nil)
	})
	c := g.client(t)
	all := func(do func()) {
		var wait sync.WaitGroup
		for range 100 {
			wait.Go(do)
		}
		wait.Wait()
	}
	all(func() {
		_, err := c.JSSDK.Config(t.Context(), page)
		assert.NoError(t, err)
	})
	assert.Equal(t, 1, n)
	all(func() { assert.NoError(t, c.JSTicket.Invalidate(t.Context(), "TICKET_1")) })
	assert.Equal(t, 2, n)
}

// TestTicketOfEveryKindOfClient has the ways in which a Client gets at its token.
func TestTicketOfEveryKindOfClient(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opt  wechat.Option
		want string
	}{
		"token source":     {wechat.WithTokenSource(tokenOf("CENTRAL")), "https://api.weixin.qq.com/cgi-bin/ticket/getticket?access_token=CENTRAL&type=jsapi"},
		"WeChat's sidecar": {wechat.WithoutToken(), "http://api.weixin.qq.com/cgi-bin/ticket/getticket?type=jsapi"},
		"platform":         {wechat.Defaults(wechat.WithTokenSource(tokenOf("AUTHORIZER")), wechat.WithComponent("wxplatform", tokenOf("P"))), "https://api.weixin.qq.com/cgi-bin/ticket/getticket?access_token=AUTHORIZER&type=jsapi"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway()
			g.on(http.MethodGet, ticketPath, text(200, ticketJSON))
			var events []wechat.Event
			c, err := wechat.New(appID, "", tt.opt, wechat.WithHTTPClient(&http.Client{Transport: g}),
				wechat.WithHook(func(_ context.Context, e wechat.Event) { events = append(events, e) }))
			require.NoError(t, err)
			_, err = c.JSSDK.Config(t.Context(), page)
			require.NoError(t, err)
			require.Len(t, g.requests, 1)
			assert.Equal(t, tt.want, g.requests[0].URL.String())
			reported := 0
			for _, e := range events {
				if e.Path == ticketPath {
					reported++
				}
				assert.NoError(t, e.Err)
			}
			assert.Equal(t, 1, reported)
			assert.LessOrEqual(t, len(events), 2, "the token and the ticket, each once")
		})
	}
}

// A ticket is fetched again before its end, and pages get the old one until the new one is there.
func TestTicketIsRenewedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		g := newGateway()
		g.on(http.MethodGet, ticketPath, func(*http.Request) (*http.Response, error) {
			n++
			return text(200, fmt.Sprintf(`{"errcode":0,"ticket":"TICKET_%d","expires_in":7200}`, n))(nil)
		})
		c := g.client(t)
		for range 24 {
			config, err := c.JSSDK.Config(t.Context(), page)
			require.NoError(t, err)
			_, err = json.Marshal(config)
			require.NoError(t, err)
			synctest.Wait()
			time.Sleep(time.Hour)
		}
		assert.InDelta(t, 12, n, 1)
	})
}
