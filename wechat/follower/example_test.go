package follower_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/org/wxhome/wechat/follower"
)

// In a program the client is the field Followers of a wechat.Client.

// To go on after an error, or on another day, pass the last openid that was read.
func ExampleClient_All() {
	client, err := follower.NewClient(&fake{answers: []string{
		`{"total":3,"count":2,"data":{"openid":["OPENID_2","OPENID_3"]},"next_openid":"OPENID_3"}`, `{"total":3,"count":0,"next_openid":""}`,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	last := "OPENID_1"
	for openID, err := range client.All(context.Background(), last) {
		if err != nil {
			fmt.Println("go on later behind", last, err)
			return
		}
		fmt.Println(openID)
		last = openID
	}
	// Output:
	// OPENID_2
	// OPENID_3
}

func ExampleClient_InfoAll() {
	client, err := follower.NewClient(&fake{answer: `{"user_info_list":[{"subscribe":0,"openid":"OPENID_2"},` +
		`{"subscribe":1,"openid":"OPENID_1","subscribe_scene":"ADD_SCENE_QR_CODE","qr_scene_str":"class-3","tagid_list":[134]}]}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	for r := range client.InfoAll(context.Background(), follower.OpenIDs("OPENID_1", "OPENID_2")) {
		switch {
		case r.Err != nil:
			fmt.Println(r.OpenID, r.Err)
		case r.Info.Following:
			fmt.Println(r.OpenID, "came by", r.Info.Scene, "and has the tags", r.Info.Tags)
		default:
			fmt.Println(r.OpenID, "has left")
		}
	}
	// Output:
	// OPENID_1 came by class-3 and has the tags [134]
	// OPENID_2 has left
}

func ExampleClient_Tag() {
	client, err := follower.NewClient(&fake{
		answer: `{"errcode":45171,"errmsg":"some openid fail","fail_openid_list":["OPENID_2"]}`, err: coded(45171),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = client.Tag(context.Background(), 134, "OPENID_1", "OPENID_2", "OPENID_3")
	if of, ok := errors.AsType[*follower.BatchError](err); ok {
		fmt.Println(of)
		for _, f := range of.Failed {
			fmt.Println(f.OpenID, f.Err)
		}
	}
	// Output:
	// follower: 1 of 3 openids failed: errcode 45171
	// OPENID_2 errcode 45171
}
