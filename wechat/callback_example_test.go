package wechat_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// answerChat is the README's program about callbacks.
func answerChat(client *wechat.Client, token, aesKey string) (http.Handler, error) {
	mux := new(callback.Mux)
	callback.On(mux, func(ctx context.Context, m *callback.TextMessage) (callback.Reply, error) {
		return callback.Text{Content: "收到：" + m.Content}, nil // may take its time: a late reply is sent on
	})
	callback.On(mux, func(ctx context.Context, m *callback.SubscribeEvent) (callback.Reply, error) {
		return callback.Text{Content: "欢迎关注！发送“照片”查看近期学习照片"}, nil
	})
	callback.On(mux, func(ctx context.Context, m *callback.TemplateSendJobFinishEvent) (callback.Reply, error) {
		log.Print("template message ", m.MsgID, ": ", m.Status)
		return nil, nil
	})
	return client.CallbackServer(callback.Config{
		Account: callback.Account{Token: token, AESKey: aesKey}, // as in the console; no AESKey: plain mode
	}, mux)
}

func ExampleClient_CallbackServer() {
	weixin := wechattest.NewServer(wechattest.InMemory()) // in place of WeChat
	defer weixin.Close()
	const token, aesKey = "tokenOfTheConsole", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	server, err := answerChat(weixin.Client(), token, aesKey)
	if err != nil {
		log.Fatal(err)
	}
	// http.Handle("/wechat/callback", server)

	weixin.SetCallback(wechattest.Callback{Handler: server, Token: token, AESKey: aesKey, Mode: wechattest.Safe})
	for _, push := range []wechattest.Push{wechattest.Subscribe("oParent", ""), wechattest.Text("oParent", "照片")} {
		d, err := weixin.Push(context.Background(), push)
		fmt.Println(d.Reply, err)
	}
	// Output:
	// {欢迎关注！发送“照片”查看近期学习照片} <nil>
	// {收到：照片} <nil>
}
