package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/jssdk"
	"github.com/org/wxhome/wechat/wechattest"
)

// useShop opens the shop to one customer after the other.
func useShop(ctx context.Context, server *wechattest.Server) error {
	s := &shop{server.Client(), server.AddTemplate(template.Template{Content: "订单号{{character_string1.DATA}}"})}
	return errors.Join(s.useMessages(ctx, server), s.usePushes(ctx, server), s.usePages(ctx, server))
}

func (s *shop) useMessages(ctx context.Context, server *wechattest.Server) error {
	if err := s.sent(ctx, "OPENID", "1001"); err != nil {
		return err
	}
	server.Interact(wechattest.Wrote, "OPENID")
	server.Fail("/cgi-bin/message/template/send", 1, wechattest.Fault{Code: 45009})
	if err := s.sent(ctx, "OPENID", "1002"); err != nil {
		return err
	}
	last := server.Accepted()[1]
	if err := want("the fallback", last.Custom != nil && strings.Contains(last.Body, "1002"), true); err != nil {
		return err
	}
	tag, err := s.client.Followers.AddTag(ctx, "老顾客")
	if err != nil {
		return err
	}
	server.Follow("OTHER")
	if err := s.client.Followers.Tag(ctx, tag, "OPENID", "OTHER"); err != nil {
		return err
	}
	told, err := s.sale(ctx, tag)
	if err != nil {
		return err
	}
	return want("customers told", told, 2)
}

// usePushes makes the menu and a code on a parcel, and has customers tap and scan.
func (s *shop) usePushes(ctx context.Context, server *wechattest.Server) error {
	var seen []string
	mux := new(callback.Mux)
	callback.On(mux, func(_ context.Context, m *callback.ClickEvent) (callback.Reply, error) {
		seen = append(seen, m.EventKey)
		return callback.Text{Content: "您还没有订单"}, nil
	})
	callback.On(mux, func(_ context.Context, m *callback.SubscribeEvent) (callback.Reply, error) {
		order, _ := m.Scene()
		seen = append(seen, order)
		return nil, nil
	})
	handler, err := s.client.CallbackServer(callback.Config{Account: callback.Account{Token: "token"}}, mux)
	if err != nil {
		return err
	}
	server.SetCallback(wechattest.Callback{Handler: handler, Token: "token"})
	if err := s.setMenu(ctx); err != nil {
		return err
	}
	d, err := server.Tap(ctx, "OPENID", "服务", "我的订单")
	if err != nil {
		return err
	}
	if err := want("the reply to a tap", d.Reply, callback.Reply(callback.Text{Content: "您还没有订单"})); err != nil {
		return err
	}
	picture, err := s.parcel(ctx, "SF-1001")
	if err != nil {
		return err
	}
	address, err := url.Parse(picture)
	if err != nil {
		return err
	}
	if _, err := server.Scan(ctx, "NEWCOMER", address.Query().Get("ticket")); err != nil {
		return err
	}
	return want("what was pushed", fmt.Sprint(seen), "[ORDERS SF-1001]")
}

// usePages shares a page, and greets a visitor by name.
func (s *shop) usePages(ctx context.Context, server *wechattest.Server) error {
	server.SetJSDomain("shop.example")
	answer := httptest.NewRecorder()
	s.share(answer, httptest.NewRequest(http.MethodGet, "/share?page="+url.QueryEscape("/茶?a=1&b=2"), nil))
	var config jssdk.Config
	if err := json.Unmarshal(answer.Body.Bytes(), &config); err != nil {
		return fmt.Errorf("%w: %s", err, answer.Body)
	}
	if err := server.WXConfig("https://shop.example/茶?a=1&b=2#top", config); err != nil {
		return err
	}
	server.SetWebAuthDomain("shop.example")
	server.Visit(wechattest.Visitor{OpenID: "OPENID", Nickname: "张三🍵"})
	page, err := s.client.WebAuthURL("https://shop.example/me", "RANDOM", wechat.AskUserInfo())
	if err != nil {
		return err
	}
	page, _, _ = strings.Cut(page, "#")
	r := httptest.NewRequest(http.MethodGet, page, nil)
	r.Header.Set("User-Agent", wechattest.UserAgent)
	answer = httptest.NewRecorder()
	server.ServeHTTP(answer, r)
	back, err := url.Parse(answer.Header().Get("Location"))
	if err != nil {
		return err
	}
	name, err := s.name(ctx, back.Query().Get("code"))
	if err != nil {
		return err
	}
	return want("the visitor's name", name, "张三🍵")
}
