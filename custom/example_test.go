package custom_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/org/wxhome/custom"
)

// In a program the client is the field Custom of a wechat.Client.

func ExampleClient_Send() {
	client := custom.NewClient(&fake{answer: `{"errcode":0,"errmsg":"ok"}`})
	ctx := context.Background()
	fmt.Println(client.Send(ctx, "OPENID", custom.Text{Content: "您好，照片马上就到。"}))
	fmt.Println(client.Send(ctx, "OPENID", custom.Image{MediaID: "MEDIA_ID"}, custom.WithAgent("teacher@school")))

	err := client.Send(ctx, "OPENID", custom.Text{Content: strings.Repeat("长", 683)})
	fmt.Println(err, errors.Is(err, custom.ErrTooLong))
	// Output:
	// <nil>
	// <nil>
	// custom: the text has 2049 bytes, at most 2048; SplitText cuts it true
}
