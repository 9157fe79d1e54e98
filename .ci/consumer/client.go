package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// useClient configures a Client in full, traces and meters it, and calls what has a method and what
// has none.
func useClient(ctx context.Context, server *wechattest.Server) error {
	meter, trace := &meter{}, &trace{}
	client, err := wechat.New(server.AppID, server.AppSecret,
		wechat.WithBaseURL(server.URL),
		wechat.WithTimeouts(wechat.Timeouts{Answer: 10 * time.Second}),
		wechat.WithMaxConns(64),
		wechat.WithRate(1000, 100, "/cgi-bin/"),
		wechat.WithMaxAttempts(2),
		wechat.WithLogger(slog.New(slog.DiscardHandler)),
		wechat.WithHook(meter.count),
		wechat.WithHook(meter.time),
		wechat.WithTransport(trace.wrap),
	)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()

	ips, err := client.CallbackIPs(ctx)
	if err != nil || len(ips) == 0 {
		return fmt.Errorf("CallbackIPs: %v, %v", ips, err)
	}
	var answer struct {
		List []string `json:"ip_list"`
	}
	if err := client.Call(ctx, http.MethodGet, "/cgi-bin/get_api_domain_ip", nil, &answer); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "/cgi-bin/get_api_domain_ip", nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if err := want("addresses", len(answer.List) > 0, true); err != nil {
		return err
	}
	if err := want("what the meter counted", meter.String(), "call 3 token 1"); err != nil {
		return err
	}
	return trace.check(server, 4)
}

// useErrors tells failures apart by kind, by code and by what is in an Error.
func useErrors(ctx context.Context, server *wechattest.Server) error {
	id := server.AddTemplate(template.Template{Content: "学生姓名{{thing1.DATA}}"})
	server.Unfollow("GONE")
	_, err := server.Client().Template.Send(ctx, template.Message{
		To: "GONE", TemplateID: id, Data: template.Data{"thing1": {Value: "张三"}},
	})
	if err := want("kind", wechat.KindOf(err), wechat.KindRecipient); err != nil {
		return err
	}
	if err := want("is ErrNotFollowing", errors.Is(err, wechat.ErrNotFollowing), true); err != nil {
		return err
	}
	var e *wechat.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("no *wechat.Error in %v", err)
	}
	if err := want("code", int(e.Code), 43004); err != nil {
		return err
	}
	info, err := server.Client().RequestInfo(ctx, e.RID)
	if err != nil {
		return err
	}
	return want("the rid is known", info.ResponseBody != "", true)
}
