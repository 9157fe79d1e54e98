package wechattest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/menu"
	"github.com/org/wxhome/wechat/wechattest"
)

func Example() {
	s := wechattest.NewServer()
	defer s.Close()
	s.Follow("oParent")
	id := s.AddTemplate(template.Template{Title: "照片更新提醒", Content: "学生姓名{{thing1.DATA}}"})

	client := s.Client()
	_, err := client.Template.Send(context.Background(), template.Message{
		To: "oParent", TemplateID: id, Data: template.Data{"thing1": {Value: "张三"}},
	})
	fmt.Println(err)
	for _, m := range s.Accepted() {
		fmt.Println(m.MsgID, m.Message.To, m.Message.Data["thing1"].Value)
	}
	// Output:
	// <nil>
	// 3717005636572528641 oParent 张三
}

// A follower who has left is refused, as is a value that breaks its rule.
func ExampleAccount_Unfollow() {
	s := wechattest.NewServer()
	defer s.Close()
	id := s.AddTemplate(template.Template{Content: "学生姓名{{thing1.DATA}}"})
	s.Unfollow("oParent")

	_, err := s.Client().Template.Send(context.Background(), template.Message{
		To: "oParent", TemplateID: id, Data: template.Data{"thing1": {Value: "张三"}},
	})
	fmt.Println(errors.Is(err, wechat.Code(43004)), s.AcceptedCount())
	// Output: true 0
}

// The answer is lost after the message was accepted. The client repeats it
// with the same client_msg_id, and there is one message.
func ExampleServer_Fail() {
	s := wechattest.NewServer()
	defer s.Close()
	s.Follow("oParent")
	id := s.AddTemplate(template.Template{Content: "学生姓名{{thing1.DATA}}"})
	s.Fail("/cgi-bin/message/template/send", 1, wechattest.Fault{Reset: wechattest.ResetAfter})

	_, err := s.Client().Template.Send(context.Background(), template.Message{
		To: "oParent", TemplateID: id, Data: template.Data{"thing1": {Value: "张三"}},
	})
	fmt.Println(err, s.AcceptedCount(), s.RepeatedCount())
	// Output: <nil> 1 1
}

// Tokens age by the server's clock. The client is told by an errcode, and
// gets another.
func ExampleServer_Advance() {
	s := wechattest.NewServer()
	defer s.Close()
	client := s.Client()
	for range 2 {
		_, err := client.CallbackIPs(context.Background())
		fmt.Println(err, s.TokenFetches())
		s.Advance(3 * time.Hour)
	}
	// Output:
	// <nil> 1
	// <nil> 2
}

// A follower's message opens a window for answers; what was answered is read
// as the Go value that was sent.
func ExampleAccount_Interact() {
	s := wechattest.NewServer()
	defer s.Close()
	client := s.Client()
	s.Follow("oParent")

	err := client.Custom.Send(context.Background(), "oParent", custom.Text{Content: "您好"})
	fmt.Println(wechat.KindOf(err) == wechat.KindWindow)

	s.Interact(wechattest.Wrote, "oParent")
	fmt.Println(client.Custom.Send(context.Background(), "oParent", custom.Text{Content: "您好"}))
	for _, m := range s.Accepted() {
		if text, ok := m.Custom.(custom.Text); ok {
			fmt.Println(m.To, text.Content)
		}
	}
	// Output:
	// true
	// <nil>
	// oParent 您好
}

// A browser in WeChat opens the authorize page, and is sent back with a code.
// Any other browser is told what is missing.
func ExampleAccount_Visit() {
	s := wechattest.NewServer()
	defer s.Close()
	s.SetWebAuthDomain("school.example")
	s.Visit(wechattest.Visitor{OpenID: "oParent"})
	client := s.Client()
	address, err := client.WebAuthURL("https://school.example/photo", "RANDOM")
	if err != nil {
		log.Fatal(err)
	}

	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, agent := range []string{"Safari", wechattest.UserAgent} {
		request, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			log.Fatal(err)
		}
		request.Header.Set("User-Agent", agent)
		page, err := browser.Do(request)
		if err != nil {
			log.Fatal(err)
		}
		defer page.Body.Close()
		back, err := page.Location()
		if err != nil {
			body, _ := io.ReadAll(page.Body)
			fmt.Println(page.StatusCode, strings.Contains(string(body), "MicroMessenger"))
			continue
		}
		visitor, err := client.WebAuthOpenID(context.Background(), back.Query().Get("code"))
		fmt.Println(page.StatusCode, back.Host, visitor.OpenID, err)
	}
	// Output:
	// 400 true
	// 302 school.example oParent <nil>
}

// A container on WeChat Cloud Run gets its pushes without a signature. What tells them from
// anybody's is the header, where the public access to the service is on.
func ExampleCallback_cloudRun() {
	s := wechattest.NewServer()
	defer s.Close()
	s.SetCallback(wechattest.Callback{Mode: wechattest.CloudRun, Format: callback.JSON, Path: "/wechat", Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			fmt.Println(r.URL, r.Header.Get("X-WX-SOURCE") != "")
			fmt.Fprint(w, "success")
		})})
	ctx := context.Background()
	fmt.Println(s.VerifyCallback(ctx))
	_, err := s.Push(ctx, wechattest.Text("oParent", "照片"))
	fmt.Println(err)
	// Output:
	// /wechat true
	// <nil>
	// /wechat true
	// <nil>
}

// A menu that is made can be tapped: the bot answers the event.
func ExampleAccount_Tap() {
	s := wechattest.NewServer()
	defer s.Close()
	s.Follow("oParent")
	ctx, client := context.Background(), s.Client()
	err := client.Menu.Create(ctx, []menu.Button{{Name: "更多", SubButtons: []menu.Button{{Type: menu.Click, Name: "照片", Key: "PHOTO"}}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	bot, err := client.CallbackServer(callback.Config{Account: callback.Account{Token: "TOKEN"}},
		callback.HandlerFunc(func(_ context.Context, m callback.Message) (callback.Reply, error) {
			if click, ok := m.(*callback.ClickEvent); ok {
				return callback.Text{Content: "you tapped " + click.EventKey}, nil
			}
			return nil, nil
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	s.SetCallback(wechattest.Callback{Handler: bot, Token: "TOKEN"})
	d, err := s.Tap(ctx, "oParent", "更多", "照片")
	fmt.Println(d.Reply, err)
	// Output: {you tapped PHOTO} <nil>
}

// A page is told what WeChat's browser would tell it.
func ExampleAccount_WXConfig() {
	s := wechattest.NewServer()
	defer s.Close()
	s.SetJSDomain("school.example")
	config, err := s.Client().JSSDK.Config(context.Background(), "https://school.example/photo?of=1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.WXConfig("https://school.example/photo?of=1#/detail", config))
	fmt.Println(s.WXConfig("https://school.example/photo", config))
	// Output:
	// <nil>
	// wechattest: config:invalid signature: no ticket that works signs "https://school.example/photo" so
}
