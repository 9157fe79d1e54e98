package template_test

import (
	"context"
	"fmt"

	"github.com/org/wxhome/template"
)

func ExampleClient_Send() {
	client := template.NewClient(&fake{answer: `{"errcode":0,"msgid":200228332}`}) // or the Template of a wechat.Client
	id, err := client.Send(context.Background(), template.Message{
		To: "OPENID", TemplateID: "TEMPLATE_ID", URL: "https://example.com/photo",
		Data: template.Data{"thing1": {Value: "张三"}, "time2": {Value: "2026年11月20日 18:00"}},
	})
	fmt.Println(id, err)
	// Output: 200228332 <nil>
}

func ExampleClient_SendAll() {
	client := template.NewClient(noop{})
	accepted := 0
	for r := range client.SendAll(context.Background(), messages(1000), template.WithWorkers(8)) {
		if r.Err != nil {
			fmt.Println(r.Message.ClientMsgID, r.Err)
			continue
		}
		accepted++
	}
	fmt.Println(accepted, "accepted")
	// Output: 1000 accepted
}

func ExampleMessage_Validate() {
	m := template.Message{To: "OPENID", TemplateID: "TEMPLATE_ID", Data: template.Data{"phrase1": {Value: "pass"}}}
	fmt.Println(m.Validate())
	// Output: template: phrase1: not of the form that phrase takes: Han characters
}
