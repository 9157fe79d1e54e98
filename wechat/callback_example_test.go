package wechat_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"sync"
	"time"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// answerChat is the README's program about callbacks.
func answerChat(client *wechat.Client, token, aesKey string) (http.Handler, error) {
	mux := new(callback.Mux)
	callback.On(mux, func(ctx context.Context, m *callback.TextMessage) (callback.Reply, error) {
		return callback.Text{Content: "收到：" + m.Content}, nil // may take 30 s: a late reply is sent as a customer-service message
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

// errand is work that takes longer than a handler may.
type errand func(ctx context.Context)

// answerLater answers each text at once, and sends the result of report when that is there, which
// may take minutes.
func answerLater(client *wechat.Client, errands chan<- errand, report func(context.Context, string) string) callback.Handler {
	mux := new(callback.Mux)
	callback.On(mux, func(_ context.Context, m *callback.TextMessage) (callback.Reply, error) {
		openID, question := m.FromUserName, m.Content
		e := func(ctx context.Context) { // not the handler's context, which ends with the handler
			ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
			defer cancel()
			if err := client.SendReply(ctx, openID, callback.Text{Content: report(ctx, question)}); err != nil {
				log.Print(err) // errors.As finds a *callback.UndeliveredError, which has the text
			}
		}
		select {
		case errands <- e:
			return callback.Text{Content: "请稍等，正在生成报告…"}, nil
		default: // the queue is full
			return callback.Text{Content: "现在人太多，请过几分钟再试"}, nil
		}
	})
	return mux
}

// A handler's context ends after 30 s. For work that takes longer, the handler answers "one moment"
// and hands the work to goroutines of the program's own. Their number is bounded, and so is the
// queue before them. The program waits for both when it ends.
func ExampleClient_SendReply() {
	weixin := wechattest.NewServer(wechattest.InMemory()) // in place of WeChat
	defer weixin.Close()
	const token = "tokenOfTheConsole"
	client := weixin.Client()
	report := func(_ context.Context, question string) string { return question + "：本周5张照片" } // a slow one

	ctx, abort := context.WithCancel(context.Background())
	defer abort()
	errands := make(chan errand, 100)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for e := range errands {
				e(ctx)
			}
		})
	}
	server, err := client.CallbackServer(callback.Config{Account: callback.Account{Token: token}}, answerLater(client, errands, report))
	if err != nil {
		log.Fatal(err)
	}
	// http.Handle("/wechat/callback", server)

	weixin.SetCallback(wechattest.Callback{Handler: server, Token: token})
	d, err := weixin.Push(context.Background(), wechattest.Text("oParent", "周报"))
	fmt.Println("at once:", d.Reply, err)

	// The program ends: first the handlers, then the errands. After 30 s abort ends those that are
	// left.
	_ = server.Shutdown(context.Background())
	close(errands)
	defer time.AfterFunc(30*time.Second, abort).Stop()
	workers.Wait()
	for _, sent := range weixin.Accepted() {
		fmt.Println("later:", sent.To, sent.Custom.(custom.Text).Content)
	}
	// Output:
	// at once: {请稍等，正在生成报告…} <nil>
	// later: oParent 周报：本周5张照片
}
