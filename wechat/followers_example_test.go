package wechat_test

import (
	"context"
	"fmt"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

// One message to each follower. Who appears twice in the list, since they left and came back meanwhile,
// gets one message within ten minutes: the id is made of the campaign and the openid.
func Example_sendToAllFollowers() {
	server := wechattest.NewServer()
	defer server.Close()
	server.AddTemplate(template.Template{ID: "TEMPLATE_ID", Content: "{{thing1.DATA}}"})
	server.Follow("OPENID_1", "OPENID_2", "OPENID_3")
	client, ctx := server.Client(), context.Background()

	messages := func(yield func(template.Message, error) bool) {
		for openID, err := range client.Followers.All(ctx, "") {
			m := template.Message{To: openID, TemplateID: "TEMPLATE_ID", ClientMsgID: "open-day-" + openID}
			m.Data = template.Data{"thing1": {Value: "周六开放日，欢迎参加"}}
			if !yield(m, err) {
				return
			}
		}
	}
	sent := 0
	for r := range client.Template.SendAll(ctx, messages) {
		if r.Err != nil {
			fmt.Println(r.Message.To, r.Err)
			continue
		}
		sent++
	}
	fmt.Println("sent:", sent)
	// Output: sent: 3
}
