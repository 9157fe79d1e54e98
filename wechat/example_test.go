package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/token"
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

// anotherSDK stands for the token handle of one: silenceper/wechat has GetAccessToken,
// chanxuehong/wechat Token, PowerWeChat AccessToken.GetToken.
type anotherSDK struct{ cache *token.Cache }

func (sdk anotherSDK) GetAccessToken() (string, error) { return sdk.cache.Get(context.Background()) }

// While a program moves over, another SDK may go on fetching the account's tokens.
func ExampleWithTokenSource() {
	server := wechattest.NewServer()
	defer server.Close()
	other := anotherSDK{server.Client(wechat.WithClassicToken()).Token}

	source := token.SourceFunc(func(context.Context) (token.Token, error) {
		value, err := other.GetAccessToken()
		return token.Token{Value: value}, err // without an Expiry it is asked for anew after a minute
	})
	client, err := wechat.New(server.AppID, "", wechat.WithTokenSource(source), wechat.WithBaseURL(server.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	ips, err := client.CallbackIPs(context.Background())
	fmt.Println(len(ips) > 0, err)
	fmt.Println("tokens fetched:", server.TokenFetches())
	// Output:
	// true <nil>
	// tokens fetched: 1
}

// The classic token and the stable one leave each other alone, so that another SDK may keep
// the one while wxhome uses the other. Two programs that fetch classic tokens each end the
// other's, unless they share a store.
func ExampleWithClassicToken() {
	server := wechattest.NewServer()
	defer server.Close()
	ctx := context.Background()
	other, client := server.Client(wechat.WithClassicToken()), server.Client()
	for range 2 {
		_, errOther := other.CallbackIPs(ctx)
		_, err := client.CallbackIPs(ctx)
		fmt.Println(errOther, err)
		server.Advance(time.Hour)
	}
	fmt.Println("tokens fetched:", server.TokenFetches())
	// Output:
	// <nil> <nil>
	// <nil> <nil>
	// tokens fetched: 2
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

// timer measures each attempt, as a tracer would. What it sees has no query, no token and no secret.
type timer struct{ next http.RoundTripper }

func (t timer) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := t.next.RoundTrip(r)
	fmt.Println(r.Method, r.URL.Path, r.URL.RawQuery == "", time.Since(start) > 0)
	return resp, err
}

// A tracer stands around the Client's own transport.
func ExampleWithTransport() {
	server := wechattest.NewServer()
	defer server.Close()
	client := server.Client(wechat.WithTransport(func(next http.RoundTripper) http.RoundTripper { return timer{next} }))
	_, err := client.CallbackIPs(context.Background())
	fmt.Println(err)
	// Output:
	// POST /cgi-bin/stable_token true true
	// GET /cgi-bin/getcallbackip true true
	// <nil>
}

// Several accounts share their connections.
func ExampleNewTransport() {
	server := wechattest.NewServer()
	defer server.Close()
	transport := wechat.NewTransport()
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = 512, 512
	defer transport.CloseIdleConnections()
	shared := wechat.WithHTTPClient(&http.Client{Transport: transport})
	for _, account := range []*wechattest.Account{server.Account, server.AddAccount("wx2", "secret2")} {
		client, err := wechat.New(account.AppID, account.AppSecret, shared, wechat.WithBaseURL(server.URL))
		if err != nil {
			fmt.Println(err)
			return
		}
		_, err = client.CallbackIPs(context.Background())
		fmt.Println(client.AppID(), err)
	}
	// Output:
	// wxsimulation000001 <nil>
	// wx2 <nil>
}
