// Command consumer is a program that somebody else would write with wxhome: CI builds and runs
// it in a module of its own, so that it sees what is exported and nothing more. It talks to a
// simulated WeChat on 127.0.0.1 and to nobody else.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/org/wxhome/wechat/wechattest"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "consumer:", err)
		os.Exit(1)
	}
}

// run uses one package after the other as its users do.
func run(ctx context.Context, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	steps := []struct {
		name string
		use  func(context.Context, *wechattest.Server) error
	}{
		{"wechat", useClient},
		{"wechat: errors", useErrors},
		{"wechat: web authorization", useWebAuth},
		{"token", useTokens},
		{"template", useTemplates},
		{"template: subscriptions", useSubscriptions},
		{"media", useMedia},
		{"custom", useCustom},
		{"callback", useCallbacks},
		{"all of it: a shop", useShop},
	}
	for _, step := range steps {
		if err := simulate(ctx, step.use); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Fprintln(stdout, "used", step.name)
	}
	return nil
}

// simulate gives use a WeChat of its own, with a follower and nothing else.
func simulate(ctx context.Context, use func(context.Context, *wechattest.Server) error) error {
	server := wechattest.NewServer()
	defer server.Close()
	server.Follow("OPENID")
	return use(ctx, server)
}

// want is how the program tells that it did not get what it asked for.
func want(what string, got, expected any) error {
	if got == expected {
		return nil
	}
	return fmt.Errorf("%s: got %v, want %v", what, got, expected)
}
