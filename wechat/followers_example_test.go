package wechat_test

import (
	"context"
	"fmt"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

// The READMEs' program that sends one message to each follower. A follower who leaves and comes back
// while the list is read is in it twice. The id is made of the campaign and the openid, so that the
// follower gets one message within ten minutes.
func Example_sendToAllFollowers() {
	server := wechattest.NewServer()
	defer server.Close()
	templateID := server.AddTemplate(template.Template{Content: "{{thing1.DATA}}"})
	server.Follow("OPENID_1", "OPENID_2", "OPENID_3")
	client, ctx := server.Client(), context.Background()

	messages := func(yield func(template.Message, error) bool) {
		for openID, err := range client.Followers.All(ctx, "") { // TagMembers(ctx, tagID, ""): those with a tag
			m := template.Message{To: openID, TemplateID: templateID, ClientMsgID: "open-day-" + openID}
			m.Data = template.Data{"thing1": {Value: "周六开放日，欢迎参加"}}
			if !yield(m, err) {
				return
			}
		}
	}
	for r := range client.Template.SendAll(ctx, messages) {
		if r.Err != nil {
			fmt.Println(r.Message.To, r.Err)
		}
	}

	fmt.Println("sent:", server.AcceptedCount())
	// Output: sent: 3
}
