package wechat_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const callbackToken, callbackKey = "tokenOfTheConsole", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

// chat is an account with a callback server, in memory.
type chat struct {
	*wechattest.Server
	failures chan error
}

// newChat has handler answer the pushes to a simulated account, in safe mode.
func newChat(t *testing.T, cfg callback.Config, handler callback.Handler) *chat {
	t.Helper()
	c := &chat{wechattest.New(t, wechattest.InMemory()), make(chan error, 10)}
	c.AddMedia(wechattest.Media{ID: "M"})
	c.AddMedia(wechattest.Media{ID: "T", Kind: media.Thumb})
	cfg.Token, cfg.AESKey = callbackToken, callbackKey
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.OnError = func(_ context.Context, _ callback.Header, err error) { c.failures <- err }
	server, err := c.Client(wechat.WithMaxAttempts(1)).CallbackServer(cfg, handler)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Shutdown(context.Background())) })
	c.SetCallback(wechattest.Callback{Handler: server, Token: callbackToken, AESKey: callbackKey, Mode: wechattest.Safe})
	return c
}

func (c *chat) sent() []custom.Message {
	var all []custom.Message
	for _, a := range c.Accepted() {
		all = append(all, a.Custom)
	}
	return all
}

// slow answers a text with r after 6 seconds.
func slow(r callback.Reply) callback.Handler {
	mux := new(callback.Mux)
	callback.On(mux, func(context.Context, *callback.TextMessage) (callback.Reply, error) {
		time.Sleep(6 * time.Second)
		return r, nil
	})
	return mux
}

// TestCallbackServerSendsLateReplies has a handler that takes longer than WeChat waits.
func TestCallbackServerSendsLateReplies(t *testing.T) {
	t.Parallel()
	article := callback.Article{Title: "t", Description: "d", PicURL: "https://p.example/p.jpg", URL: "https://p.example"}
	for _, tt := range []struct {
		name  string
		reply callback.Reply
		sent  custom.Message
		fails error
	}{
		{"text", callback.Text{Content: "查到了 🎉"}, custom.Text{Content: "查到了 🎉"}, nil},
		{"image", callback.Image{MediaID: "M"}, custom.Image{MediaID: "M"}, nil},
		{"voice", callback.Voice{MediaID: "M"}, custom.Voice{MediaID: "M"}, nil},
		{"music", callback.Music{Title: "t", Description: "d", URL: "https://m.example/1", HQURL: "https://m.example/2", ThumbMediaID: "T"},
			custom.Music{Title: "t", Description: "d", URL: "https://m.example/1", HQURL: "https://m.example/2", ThumbMediaID: "T"}, nil},
		{"video with a thumb", callback.Video{MediaID: "M", Title: "t", Description: "d", ThumbMediaID: "T"},
			custom.Video{MediaID: "M", Title: "t", Description: "d", ThumbMediaID: "T"}, nil},
		{"video without a thumb", callback.Video{MediaID: "M", Title: "运动会"}, custom.Text{Content: "运动会"}, nil},
		{"video without anything", callback.Video{MediaID: "M"}, nil, wechat.ErrNoCustomForm},
		{"one article", callback.News{Articles: []callback.Article{article}},
			custom.News{Title: "t", Description: "d", PicURL: "https://p.example/p.jpg", URL: "https://p.example"}, nil},
		{"transfer to any agent", callback.Transfer{}, nil, wechat.ErrNoCustomForm},
		{"nothing", nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newChat(t, callback.Config{}, slow(tt.reply))
				d, err := c.Push(t.Context(), wechattest.Text("oParent", "照片"))
				require.NoError(t, err)
				assert.False(t, d.Notice, "success in time, whatever comes later")
				assert.Nil(t, d.Reply)
				time.Sleep(time.Minute)
				if tt.fails != nil {
					require.Len(t, c.failures, 1)
					require.ErrorIs(t, <-c.failures, tt.fails)
				}
				assert.Empty(t, c.failures)
				if tt.sent == nil {
					assert.Empty(t, c.sent())
					return
				}
				assert.Equal(t, []custom.Message{tt.sent}, c.sent())
			})
		})
	}
}

// TestLateTransfer opens a session with the agent.
func TestLateTransfer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newChat(t, callback.Config{}, slow(callback.Transfer{KfAccount: "teacher@school"}))
		push := func() {
			_, err := c.Push(t.Context(), wechattest.Text("oParent", "人工"))
			require.NoError(t, err)
			time.Sleep(time.Minute)
		}
		push()
		require.Len(t, c.failures, 1)
		require.ErrorIs(t, <-c.failures, wechat.Code(65401), "there is no such agent, which the platform says")
		c.AddAgent(custom.Agent{Account: "teacher@school", WeChatID: "person"})
		c.SetAgentOnline("teacher@school", true)
		push()
		assert.Empty(t, c.failures)
		session, err := c.Client().Custom.Session(t.Context(), "oParent")
		require.NoError(t, err)
		assert.Equal(t, "teacher@school", session.Agent)
	})
}

// TestLateRepliesThatAreRefused reach OnError.
func TestLateRepliesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, code := range []wechat.Code{wechat.ErrOutOfWindow, wechat.ErrWindowUsedUp, wechat.ErrUnauthorizedAPI} {
		t.Run(code.Error(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newChat(t, callback.Config{}, slow(callback.Text{Content: "x"}))
				c.Fail("/cgi-bin/message/custom/send", -1, wechattest.Fault{Code: int(code)})
				_, err := c.Push(t.Context(), wechattest.Text("oParent", "照片"))
				require.NoError(t, err)
				time.Sleep(time.Minute)
				require.Len(t, c.failures, 1)
				require.ErrorIs(t, <-c.failures, code)
				assert.Empty(t, c.sent())
			})
		})
	}
}

// TestCallbackServerAnswersInTime answers within the push, and leaves what the caller has set.
func TestCallbackServerAnswersInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := make(chan callback.Reply, 1)
		mux := new(callback.Mux)
		callback.On(mux, func(_ context.Context, m *callback.TextMessage) (callback.Reply, error) {
			if m.Content == "慢" {
				time.Sleep(6 * time.Second)
			}
			return callback.Text{Content: "收到" + m.Content}, nil
		})
		c := newChat(t, callback.Config{Late: func(_ context.Context, _ callback.Header, r callback.Reply) error {
			late <- r
			return nil
		}}, mux)
		require.NoError(t, c.VerifyCallback(t.Context()))
		d, err := c.Push(t.Context(), wechattest.Text("oParent", "快"))
		require.NoError(t, err)
		require.NoError(t, d.Attempts[0].Err)
		assert.Equal(t, callback.Text{Content: "收到快"}, d.Reply)
		_, err = c.Push(t.Context(), wechattest.Text("oParent", "慢"))
		require.NoError(t, err)
		assert.Equal(t, callback.Text{Content: "收到慢"}, <-late)
		assert.Empty(t, c.sent())
	})
}

func TestCallbackServerPresetsTheAppID(t *testing.T) {
	t.Parallel()
	client, err := wechat.New("wx0123456789abcdef", "secret")
	require.NoError(t, err)
	_, err = client.CallbackServer(callback.Config{}, slow(nil))
	require.Error(t, err, "without a token anybody could push")
	_, err = client.CallbackServer(callback.Config{Account: callback.Account{Token: callbackToken, AESKey: callbackKey}}, nil)
	require.ErrorContains(t, err, "handler")
	silent := callback.HandlerFunc(func(context.Context, callback.Message) (callback.Reply, error) { return nil, nil })
	_, err = client.CallbackServer(callback.Config{Account: callback.Account{Token: callbackToken, AESKey: callbackKey}}, silent)
	require.NoError(t, err, "the AppID, which an AESKey needs, is the client's")

	s := wechattest.New(t)
	server, err := client.CallbackServer(callback.Config{Account: callback.Account{AppID: "wxcomponent", Token: callbackToken, AESKey: callbackKey}, Logger: slog.New(slog.DiscardHandler)}, silent)
	require.NoError(t, err)
	s.SetCallback(wechattest.Callback{Handler: server, AppID: "wxcomponent", Token: callbackToken, AESKey: callbackKey, Mode: wechattest.Safe})
	d, err := s.Push(t.Context(), wechattest.Text("o", "x"))
	require.NoError(t, err)
	require.NoError(t, d.Attempts[0].Err, "the caller's AppID wins")
	s.SetCallback(wechattest.Callback{Handler: server, AppID: client.AppID(), Token: callbackToken, AESKey: callbackKey, Mode: wechattest.Safe, Deliveries: []time.Duration{0}})
	d, err = s.Push(t.Context(), wechattest.Text("o", "x"))
	require.NoError(t, err)
	assert.Equal(t, 403, d.Attempts[0].Status)
}

// TestCallbackServerOfSeveralAccountsNeedsLate: this client's account is one of them at most.
func TestCallbackServerOfSeveralAccountsNeedsLate(t *testing.T) {
	t.Parallel()
	client, err := wechat.New("wx0123456789abcdef", "secret")
	require.NoError(t, err)
	cfg := callback.Config{Select: func(*http.Request) (callback.Account, error) {
		return callback.Account{AppID: "wxother", Token: callbackToken}, nil
	}}
	_, err = client.CallbackServer(cfg, slow(nil))
	require.ErrorContains(t, err, "set Late")
	require.ErrorContains(t, err, "callback.AppIDFrom(ctx)")
	require.ErrorContains(t, err, "wx0123456789abcdef")
	cfg.Late = func(context.Context, callback.Header, callback.Reply) error { return nil }
	_, err = client.CallbackServer(cfg, slow(nil))
	require.NoError(t, err)
}

// TestCallbackServerLogsToTheClientsLogger unless it has one of its own.
func TestCallbackServerLogsToTheClientsLogger(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		var clients, servers bytes.Buffer
		client, err := wechat.New("wx0123456789abcdef", "secret", wechat.WithLogger(slog.New(slog.NewTextHandler(&clients, nil))))
		require.NoError(t, err)
		cfg := callback.Config{Account: callback.Account{Token: callbackToken, AESKey: callbackKey}}
		if own {
			cfg.Logger = slog.New(slog.NewTextHandler(&servers, nil))
		}
		failing := callback.HandlerFunc(func(context.Context, callback.Message) (callback.Reply, error) {
			return nil, errors.New("the handler's own failure")
		})
		server, err := client.CallbackServer(cfg, failing)
		require.NoError(t, err)
		weixin := wechattest.New(t, wechattest.InMemory())
		weixin.SetCallback(wechattest.Callback{Handler: server, AppID: client.AppID(), Token: callbackToken, AESKey: callbackKey, Mode: wechattest.Safe, Deliveries: []time.Duration{0}})
		_, err = weixin.Push(t.Context(), wechattest.Text("oParent", "x"))
		require.NoError(t, err)
		require.NoError(t, server.Shutdown(t.Context()))
		assert.Equal(t, own, clients.Len() == 0)
		assert.Equal(t, own, strings.Contains(servers.String(), "the handler's own failure"))
		assert.Equal(t, !own, strings.Contains(clients.String(), "the handler's own failure"))
	}
}
