package wechattest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
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
