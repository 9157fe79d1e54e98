package wechat_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// table stands for a table of a database: key and value.
type table struct{ rows sync.Map }

func (t *table) Load(_ context.Context, key string) (string, error) {
	value, _ := t.rows.Load(key)
	text, _ := value.(string)
	return text, nil
}

func (t *table) Save(_ context.Context, key, value string) error {
	t.rows.Store(key, value) // INSERT ... ON DUPLICATE KEY UPDATE, committed
	return nil
}

// A platform serves the accounts whose owners have authorized it. Tickets and authorizations come by
// its authorization-event URL.
func ExamplePlatform() {
	weixin := wechattest.NewServer() // in place of WeChat
	defer weixin.Close()
	simulated, shop := weixin.AddPlatform("wxplatform", "platformsecret"), weixin.AddAccount("wxshop", "shopsecret")
	const token, aesKey = "tokenOfTheConsole", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	gateway, ctx := wechat.WithBaseURL(weixin.URL), context.Background()

	platform, err := wechat.NewPlatform("wxplatform", "platformsecret", new(table), gateway)
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := func(ctx context.Context, m callback.Message) (callback.Reply, error) {
		if push, ok := m.(*callback.Unknown); ok {
			fmt.Println(push.InfoType)
		}
		return platform.Handle(ctx, m)
	}
	account := callback.Account{AppID: "wxplatform", Token: token, AESKey: aesKey}
	server, err := callback.NewServer(callback.Config{Account: account}, callback.HandlerFunc(handler))
	if err != nil {
		fmt.Println(err)
		return
	}
	events := http.NewServeMux()
	events.Handle("/platform/events", server)

	simulated.SetCallback(wechattest.Callback{Handler: events, Path: "/platform/events", Token: token, AESKey: aesKey})
	_, errTicket := simulated.PushTicket(ctx)
	_, errAuthorized := simulated.PushAuthorized(ctx, shop)

	client, err := wechat.New("wxshop", "", wechat.WithTokenSource(platform.Authorizer("wxshop")), gateway)
	if err != nil {
		fmt.Println(err)
		return
	}
	ips, err := client.CallbackIPs(ctx)
	fmt.Println(len(ips) > 0, err, errTicket, errAuthorized)
	// Output:
	// component_verify_ticket
	// authorized
	// true <nil> <nil> <nil>
}
