package custom_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/org/wxhome/custom"
)

// In a program the client is the field Custom of a wechat.Client.

func ExampleClient_Send() {
	client, err := custom.NewClient(&fake{answer: `{"errcode":0,"errmsg":"ok"}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	fmt.Println(client.Send(ctx, "OPENID", custom.Text{Content: "您好，照片马上就到。"}))
	fmt.Println(client.Send(ctx, "OPENID", custom.Image{MediaID: "MEDIA_ID"}, custom.WithAgent("teacher@school")))

	err = client.Send(ctx, "OPENID", custom.Text{Content: strings.Repeat("长", 683)})
	fmt.Println(err, errors.Is(err, custom.ErrTooLong))
	// Output:
	// <nil>
	// <nil>
	// custom: the text has 2049 bytes, at most 2048; SplitText cuts it true
}

func ExampleClient_SendAll() {
	client, err := custom.NewClient(&fake{answer: `{"errcode":0,"errmsg":"ok"}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	items := func(yield func(custom.Item, error) bool) {
		for _, openid := range []string{"OPENID_1", "OPENID_2"} {
			if !yield(custom.Item{To: openid, Message: custom.Text{Content: "今天的照片："}}, nil) ||
				!yield(custom.Item{To: openid, Message: custom.Image{MediaID: "MEDIA_ID"}}, nil) {
				return
			}
		}
	}
	accepted := 0
	for r := range client.SendAll(context.Background(), items, custom.WithWorkers(1)) {
		switch {
		case r.Err == nil:
			accepted++
		case errors.Is(r.Err, custom.ErrNotSent):
			fmt.Println("may be sent again:", r.Err)
		default:
			fmt.Println(r.Err) // refused, or the answer was lost: wechat.KindOf tells
		}
	}
	fmt.Println(accepted, "accepted")
	// Output: 4 accepted
}

func ExampleSplitText() {
	client, err := custom.NewClient(&fake{answer: `{"errcode":0,"errmsg":"ok"}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	letter := strings.Repeat("今天我们去了公园，孩子们很高兴。", 50)
	for _, part := range custom.SplitText(letter) {
		err := client.Send(context.Background(), "OPENID", custom.Text{Content: part})
		fmt.Println(len(part), strings.HasSuffix(part, "。"), err)
	}
	// Output:
	// 2016 true <nil>
	// 384 true <nil>
}

func ExampleClient_Records() {
	client, err := custom.NewClient(&fake{answer: `{"recordlist":[{"openid":"OPENID","opercode":2003,"text":"照片呢？",` +
		`"time":1400563731,"worker":"teacher@school"}],"number":1,"msgid":20165267}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	day := time.Unix(1400515200, 0)
	for r, err := range client.Records(context.Background(), day, day.Add(24*time.Hour)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.Agent, r.Operation == custom.AgentReceived, r.Text)
	}
	// Output: teacher@school true 照片呢？
}
