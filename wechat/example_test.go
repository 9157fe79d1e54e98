package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// The README's first program, against a simulated WeChat.
func Example() {
	server := wechattest.NewServer()
	defer server.Close()
	server.Follow("OPENID")
	server.AddTemplate(template.Template{ID: "TEMPLATE_ID", Content: "学生姓名{{thing1.DATA}}"})
	appID, appSecret, gateway := server.AppID, server.AppSecret, wechat.WithBaseURL(server.URL)

	client, err := wechat.New(appID, appSecret, gateway)
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := client.Template.Send(context.Background(), template.Message{
		To: "OPENID", TemplateID: "TEMPLATE_ID", URL: "https://example.com/photo",
		Data: template.Data{"thing1": {Value: "张三"}},
	})
	switch {
	case wechat.KindOf(err) == wechat.KindRecipient:
		fmt.Println("does not follow us (any more)")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println("accepted:", id)
	}
	// Output: accepted: 3717005636572528641
}

// An endpoint that has no method of its own.
func ExampleClient_Call() {
	server := wechattest.NewServer()
	defer server.Close()
	var answer struct {
		List []string `json:"ip_list"`
	}
	err := server.Client().Call(context.Background(), http.MethodGet, "/cgi-bin/get_api_domain_ip", nil, &answer)
	fmt.Println(len(answer.List) > 0, err)
	// Output: true <nil>
}

// What a wrong secret looks like.
func ExampleError() {
	server := wechattest.NewServer()
	defer server.Close()
	client, err := wechat.New(server.AppID, "0000000000000000", wechat.WithBaseURL(server.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.APIDomainIPs(context.Background())
	var e *wechat.Error
	if errors.As(err, &e) {
		fmt.Println(int(e.Code), e.Kind(), e.Path)
		fmt.Println(e.Hint())
	}
	// Output:
	// 40125 account /cgi-bin/stable_token
	// the AppSecret is wrong or was reset: compare it at developers.weixin.qq.com/platform: 我的业务 > 服务号 > 基础信息 > 开发密钥
}

// Within the window that a follower opened by writing, answer with a
// customer-service message; after it, a template message still reaches them.
func ExampleKindOf_window() {
	server := wechattest.NewServer()
	defer server.Close()
	server.Follow("OPENID")
	server.AddTemplate(template.Template{ID: "TEMPLATE_ID", Content: "学生姓名{{thing1.DATA}}"})
	client, ctx := server.Client(), context.Background()

	answer := func() error {
		err := client.Custom.Send(ctx, "OPENID", custom.Text{Content: "张三的照片已更新。"})
		if wechat.KindOf(err) != wechat.KindWindow {
			return err
		}
		fmt.Println("the window is closed")
		_, err = client.Template.Send(ctx, template.Message{
			To: "OPENID", TemplateID: "TEMPLATE_ID", Data: template.Data{"thing1": {Value: "张三"}},
		})
		return err
	}
	fmt.Println(answer())
	server.Interact(wechattest.Wrote, "OPENID")
	fmt.Println(answer())
	// Output:
	// the window is closed
	// <nil>
	// <nil>
}
