package main

import (
	"context"
	"strings"

	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// useWebAuth builds the address that asks who opens a page, and tells a code that is none.
func useWebAuth(ctx context.Context, server *wechattest.Server) error {
	client := server.Client()
	address, err := client.WebAuthURL("https://school.example/page?a=1", "RANDOM", wechat.AskUserInfo())
	if err != nil {
		return err
	}
	if err := want("the address asks", strings.Contains(address, "scope=snsapi_userinfo"), true); err != nil {
		return err
	}
	_, err = client.WebAuthOpenID(ctx, "CODE_THAT_IS_NONE")
	return want("kind of a bad code", wechat.KindOf(err), wechat.KindRequest)
}
