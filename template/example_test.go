package template_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/org/wxhome/template"
)

// In a program the client is the field Template of a wechat.Client.

func ExampleClient_Send() {
	client, err := template.NewClient(&fake{answer: `{"errcode":0,"errmsg":"ok","msgid":200228332}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := client.Send(context.Background(), template.Message{
		To: "OPENID", TemplateID: "TEMPLATE_ID", URL: "https://example.com/photo",
		Data: template.Data{"thing1": {Value: "张三"}, "time2": {Value: "2026年11月20日 18:00"}},
	})
	fmt.Println(id, err)
	// Output: 200228332 <nil>
}

func ExampleClient_SendAll() {
	client, err := template.NewClient(noop{})
	if err != nil {
		fmt.Println(err)
		return
	}
	parents := []string{"OPENID_1", "", "OPENID_3"}
	msgs := func(yield func(template.Message, error) bool) {
		for _, openid := range parents {
			m := template.Message{To: openid, TemplateID: "TEMPLATE_ID", Data: template.Data{"thing1": {Value: "张三"}}}
			if !yield(m, m.Validate()) {
				return
			}
		}
	}
	accepted := 0
	for r := range client.SendAll(context.Background(), msgs, template.WithWorkers(8)) {
		switch {
		case r.Err == nil:
			accepted++
		case errors.Is(r.Err, template.ErrNotSent):
			fmt.Println(r.Err)
		default:
			fmt.Println("may have been sent:", r.Err)
		}
	}
	fmt.Println(accepted, "accepted")
	// Output:
	// template: message not sent: the message has no recipient (To is empty)
	// 2 accepted
}

func ExampleClient_List() {
	client, err := template.NewClient(&fake{answer: `{"template_list":[{"template_id":"TEMPLATE_ID","title":"照片更新提醒",` +
		`"content":"学生姓名{{thing1.DATA}}\n更新时间{{time2.DATA}}\n"}]}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	list, err := client.List(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range list {
		fmt.Println(t.ID, t.Title)
		for _, k := range t.Keywords() {
			fmt.Printf("%s: %s, by the rule of %s\n", k.Name, k.Label, k.Rule)
		}
	}
	// Output:
	// TEMPLATE_ID 照片更新提醒
	// thing1: 学生姓名, by the rule of thing
	// time2: 更新时间, by the rule of time
}

func ExampleMessage_Validate() {
	m := template.Message{To: "OPENID", TemplateID: "TEMPLATE_ID", Data: template.Data{
		"thing1": {Value: "照片已更新，请点击本消息查看您孩子近期的学习照片"},
	}}
	err := m.Validate()
	fmt.Println(err)
	if wrong, ok := errors.AsType[*template.ValueError](err); ok {
		fmt.Println(wrong.Key, "is for", wrong.Rule)
	}
	// Output:
	// template: thing1: 24 characters, at most 20
	// thing1 is for thing
}

func ExampleCheckValue() {
	fmt.Println(template.CheckValue("time2", "2026年11月20日 18:00"))
	fmt.Println(template.CheckValue("time2", "昨天"))
	// Output:
	// <nil>
	// template: time2: the value must be a time such as 15:01 or 2019年10月1日 15:01, or two with ~ between them
}

func ExampleSubscribeURL() {
	page, err := template.SubscribeURL("wx0123456789abcdef", "TEMPLATE_ID", 1000, "https://example.com/subscribed", "k3y")
	fmt.Println(page, err)
	// Output: https://mp.weixin.qq.com/mp/subscribemsg?action=get_confirm&appid=wx0123456789abcdef&scene=1000&template_id=TEMPLATE_ID&redirect_url=https%3A%2F%2Fexample.com%2Fsubscribed&reserved=k3y#wechat_redirect <nil>
}

func ExampleClient_Notify() {
	client, err := template.NewClient(&fake{answer: `{"errcode":0,"errmsg":"ok","msgid":1700827132819554304}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := client.Notify(context.Background(), template.Notification{
		To: "OPENID", TemplateID: "SUBSCRIBE_TEMPLATE_ID", Page: "https://example.com/order",
		Data: template.Data{"thing1": {Value: "订单已发货"}, "time2": {Value: "2026年11月20日"}},
	})
	fmt.Println(id, err)
	// Output: 1700827132819554304 <nil>
}

func ExampleClient_NotifyAll() {
	client, err := template.NewClient(noop{})
	if err != nil {
		fmt.Println(err)
		return
	}
	orders := map[string]string{"OPENID_1": "订单已发货"}
	notifications := func(yield func(template.Notification, error) bool) {
		for openid, text := range orders {
			n := template.Notification{To: openid, TemplateID: "SUBSCRIBE_TEMPLATE_ID", Data: template.Data{"thing1": {Value: text}}}
			if !yield(n, template.CheckValue("thing1", text)) {
				return
			}
		}
	}
	for r := range client.NotifyAll(context.Background(), notifications) {
		switch {
		case r.Err == nil:
			fmt.Println("accepted")
		case errors.Is(r.Err, template.ErrNotSent):
			fmt.Println("may be sent again:", r.Err)
		default:
			fmt.Println(r.Err)
		}
	}
	// Output: accepted
}
