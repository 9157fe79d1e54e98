package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

// useTemplates finds a template, sends one message and then many.
func useTemplates(ctx context.Context, server *wechattest.Server) error {
	server.AddTemplate(template.Template{Content: "学生姓名{{thing1.DATA}}"})
	client := server.Client().Template
	list, err := client.List(ctx)
	if err != nil || len(list) != 1 {
		return fmt.Errorf("List: %d templates, %v", len(list), err)
	}
	keyword := list[0].Keywords()[0]
	m := template.Message{
		To: "OPENID", TemplateID: list[0].ID, URL: "https://example.com/photo?a=1&b=2",
		Data: template.Data{keyword.Name: {Value: "张三"}},
	}
	if err := m.Validate(); err != nil {
		return err
	}
	id, err := client.Send(ctx, m)
	if err != nil {
		return err
	}
	if err := want("what WeChat accepted", server.Accepted()[0].MsgID, id); err != nil {
		return err
	}
	var bad *template.ValueError
	if err := template.CheckValue("phrase1", "not Han"); !errors.As(err, &bad) {
		return fmt.Errorf("a value against its rule: %v", err)
	}
	return sendAll(ctx, server, client, m)
}

func sendAll(ctx context.Context, server *wechattest.Server, client *template.Client, m template.Message) error {
	const parents = 200
	msgs := func(yield func(template.Message, error) bool) {
		for i := range parents {
			m.To = fmt.Sprintf("OPENID_%d", i)
			if !yield(m, nil) {
				return
			}
		}
	}
	for i := range parents - 1 { // the last of them does not follow
		server.Follow(fmt.Sprintf("OPENID_%d", i))
	}
	accepted, refused := 0, 0
	for r := range client.SendAll(ctx, msgs, template.WithWorkers(8)) {
		if r.Err != nil {
			refused++
			continue
		}
		accepted++
	}
	if err := want("accepted", accepted, parents-1); err != nil {
		return err
	}
	return want("refused", refused, 1)
}

// useSubscriptions sends what a person has agreed to.
func useSubscriptions(ctx context.Context, server *wechattest.Server) error {
	client := server.Client().Template
	page, err := template.SubscribeURL(server.AppID, "ONE_TIME", 7, "https://example.com/done", "")
	if err != nil || page == "" {
		return fmt.Errorf("SubscribeURL: %q, %v", page, err)
	}
	server.SetOneTimeTemplate("ONE_TIME")
	server.Agree("VISITOR", 7)
	err = client.SendOneTime(ctx, template.OneTimeMessage{
		To: "VISITOR", TemplateID: "ONE_TIME", Scene: 7, Title: "订阅通知", Content: "照片已更新",
	})
	if err != nil {
		return err
	}
	id := server.AddSubscribeTemplate(template.SubscribeTemplate{Content: "学生姓名{{thing1.DATA}}"})
	server.Subscribe("VISITOR", id, 1)
	_, err = client.Notify(ctx, template.Notification{
		To: "VISITOR", TemplateID: id, Data: template.Data{"thing1": {Value: "张三"}},
	})
	if err != nil {
		return err
	}
	templates, err := client.SubscribeTemplates(ctx)
	if err != nil {
		return err
	}
	return want("templates of subscriptions", len(templates), 1)
}
