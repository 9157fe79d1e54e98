package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// useCustom answers a follower within the window, in an agent's name and in several types.
func useCustom(ctx context.Context, server *wechattest.Server) error {
	client := server.Client().Custom
	err := client.Send(ctx, "OPENID", custom.Text{Content: "您好"})
	if err := want("before the follower wrote", wechat.KindOf(err), wechat.KindWindow); err != nil {
		return err
	}
	server.Interact(wechattest.Paid, "OPENID")
	if err := client.Typing(ctx, "OPENID"); err != nil {
		return err
	}
	if err := client.AddAgent(ctx, "teacher@school", "老师"); err != nil {
		return err
	}
	picture := server.AddMedia(wechattest.Media{Kind: media.Image})
	messages := []custom.Message{
		custom.Image{MediaID: picture},
		custom.News{Title: "照片", URL: "https://example.com/?a=1&b=2"},
		custom.Menu{Head: "满意吗？", Items: []custom.MenuItem{{ID: "101", Content: "满意"}}},
	}
	for _, part := range custom.SplitText(strings.Repeat("今天我们去了公园。", 200)) {
		messages = append(messages, custom.Text{Content: part})
	}
	for _, m := range messages {
		if err := client.Send(ctx, "OPENID", m, custom.WithAgent("teacher@school"), custom.WithAIMark()); err != nil {
			return fmt.Errorf("%s: %w", m.MsgType(), err)
		}
	}
	err = client.Send(ctx, "OPENID", custom.Text{Content: strings.Repeat("长", custom.MaxText)})
	if !errors.Is(err, custom.ErrTooLong) {
		return fmt.Errorf("a text that is too long: %v", err)
	}
	return want("accepted", len(server.Accepted()), len(messages))
}
