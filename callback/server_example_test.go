package callback_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
)

// push stands for WeChat: it signs a text message and sends it.
func push(h http.Handler, token string, id int, text string) string {
	body := fmt.Sprintf(`<xml><ToUserName>gh_1</ToUserName><FromUserName>oParent</FromUserName><CreateTime>1763913600</CreateTime>
		<MsgType>text</MsgType><Content><![CDATA[%s]]></Content><MsgId>%d</MsgId></xml>`, text, id)
	stamp, nonce := strconv.FormatInt(time.Now().Unix(), 10), strconv.Itoa(id)
	query := "?timestamp=" + stamp + "&nonce=" + nonce + "&signature=" + callback.Signature(token, stamp, nonce, "")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/wechat"+query, strings.NewReader(body)))
	answer := w.Body.String()
	if _, content, ok := strings.Cut(answer, "<Content><![CDATA["); ok {
		answer, _, _ = strings.Cut(content, "]]>")
	}
	return fmt.Sprint(w.Code, " ", answer)
}

// A server that answers text messages and greets new followers. In safe mode Account has an
// AESKey and an AppID too, and nothing else changes.
func ExampleNewServer() {
	mux := new(callback.Mux)
	callback.On(mux, func(_ context.Context, m *callback.TextMessage) (callback.Reply, error) {
		if m.Content == "照片" {
			return callback.Text{Content: "马上就来"}, nil
		}
		return nil, nil // nothing to say
	})
	callback.On(mux, func(context.Context, *callback.SubscribeEvent) (callback.Reply, error) {
		return callback.Text{Content: "欢迎"}, nil
	})
	server, err := callback.NewServer(callback.Config{Account: callback.Account{Token: "token"}}, mux)
	if err != nil {
		fmt.Println(err)
		return
	}
	// http.Handle("/wechat", server), and an http.Server around it

	fmt.Println(push(server, "token", 1, "照片"))
	fmt.Println(push(server, "token", 2, "你好"))
	fmt.Println(push(server, "forged", 3, "照片"))
	fmt.Println(server.Shutdown(context.Background()))
	// Output:
	// 200 马上就来
	// 200 success
	// 403 Forbidden
	// <nil>
}

// An event without a struct is found by its name, and its elements by theirs.
func ExampleMux_OnEvent() {
	mux := new(callback.Mux)
	mux.OnEvent("user_get_card", func(_ context.Context, m *callback.Unknown) (callback.Reply, error) {
		return callback.Text{Content: "card " + m.Value("CardId")}, nil
	})
	m, err := callback.Parse([]byte(`<xml><ToUserName>gh_1</ToUserName><FromUserName>oParent</FromUserName>
		<MsgType>event</MsgType><Event>user_get_card</Event><CardId>pFS7</CardId></xml>`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mux.Handle(context.Background(), m))
	// Output: {card pFS7} <nil>
}

// Replies that come too late for the response go by Late; [github.com/org/wxhome/wechat] sets it
// to customer-service messages (客服消息). Hook counts what becomes of deliveries.
func ExampleConfig() {
	outcomes := map[callback.Outcome]int{}
	server, err := callback.NewServer(callback.Config{
		Account: callback.Account{AppID: "wxapp", Token: "token"},
		Late: func(_ context.Context, h callback.Header, r callback.Reply) error {
			fmt.Println("later:", r, "to", h.FromUserName)
			return nil
		},
		Hook: func(_ context.Context, d callback.Delivery) { outcomes[d.Outcome]++ },
	}, callback.HandlerFunc(func(_ context.Context, m callback.Message) (callback.Reply, error) {
		return callback.Text{Content: "收到"}, nil
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(push(server, "token", 1, "照片"))
	fmt.Println(push(server, "token", 1, "照片")) // WeChat repeats it
	fmt.Println(outcomes)
	// Output:
	// 200 收到
	// 200 收到
	// map[ran:1 replayed:1]
}

// With InOrder, the second message of a follower waits until the handler of the first has returned.
func ExampleConfig_inOrder() {
	began := make(chan string, 2)
	mux := new(callback.Mux)
	callback.On(mux, func(_ context.Context, m *callback.TextMessage) (callback.Reply, error) {
		fmt.Println("begin", m.Content)
		began <- m.Content
		time.Sleep(50 * time.Millisecond) // a slow handler
		fmt.Println("end", m.Content)
		return nil, nil
	})
	server, err := callback.NewServer(callback.Config{Account: callback.Account{Token: "token"}, InOrder: true}, mux)
	if err != nil {
		fmt.Println(err)
		return
	}
	go push(server, "token", 1, "one")
	<-began
	push(server, "token", 2, "two")
	fmt.Println(server.Shutdown(context.Background()))
	// Output:
	// begin one
	// end one
	// begin two
	// end two
	// <nil>
}

// On WeChat Cloud Run (微信云托管), pushes have no signature. Turn public access of the service off.
// The account has an AppID, and neither Token nor AESKey.
func ExampleConfig_trust() {
	mux := new(callback.Mux)
	callback.On(mux, func(_ context.Context, m *callback.TextMessage) (callback.Reply, error) {
		return callback.Text{Content: "收到：" + m.Content}, nil
	})
	server, err := callback.NewServer(callback.Config{
		Account: callback.Account{AppID: "wxapp"},
		Trust:   func(r *http.Request) bool { return r.Header.Get("X-WX-SOURCE") != "" },
	}, mux)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, source := range []string{"wx_http", ""} {
		r := httptest.NewRequest(http.MethodPost, "/wechat", strings.NewReader(`{"ToUserName":"gh_1","FromUserName":"oParent",`+
			`"CreateTime":1763913600,"MsgType":"text","Content":"照片","MsgId":1}`))
		if source != "" {
			r.Header.Set("X-WX-SOURCE", source)
		}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.Contains(w.Body.String(), `"Content":"收到：照片"`))
	}
	// Output:
	// 200 true
	// 403 false
}

// OnError keeps the replies that were not delivered, so that the program can send them again, for
// example with the method SendReply of a wechat.Client.
func ExampleUndeliveredError() {
	type undelivered struct {
		appID, openID string
		reply         callback.Reply
	}
	kept := make(chan undelivered, 100) // OnError is called concurrently
	server, err := callback.NewServer(callback.Config{
		Account: callback.Account{AppID: "wxapp", Token: "token"},
		Late: func(context.Context, callback.Header, callback.Reply) error {
			return errors.New("the network is down")
		},
		OnError: func(ctx context.Context, h callback.Header, err error) {
			if lost, ok := errors.AsType[*callback.UndeliveredError](err); ok {
				kept <- undelivered{callback.AppIDFrom(ctx), h.FromUserName, lost.Reply}
			}
		},
		Logger: slog.New(slog.DiscardHandler),
	}, callback.HandlerFunc(func(context.Context, callback.Message) (callback.Reply, error) {
		return callback.Text{Content: strings.Repeat("很长的报告。", 150)}, nil // too long for the response
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(push(server, "token", 1, "报告"))
	_ = server.Shutdown(context.Background()) // waits for Late and OnError
	close(kept)
	for u := range kept {
		fmt.Println(u.appID, u.openID, len(u.reply.(callback.Text).Content), "bytes")
	}
	// Output:
	// 200 success
	// wxapp oParent 2700 bytes
}
