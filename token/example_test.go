package token_test

import (
	"context"
	"fmt"
	"time"

	"github.com/org/wxhome/token"
)

// A central token server (中控) as the source, and a cache in front of it.
func Example() {
	ask := token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: "ACCESS_TOKEN", Expiry: time.Now().Add(2 * time.Hour)}, nil
	})
	cache, err := token.NewCache(ask)
	if err != nil {
		fmt.Println(err)
		return
	}
	value, err := cache.Get(context.Background())
	fmt.Println(value, err)
	// Output: ACCESS_TOKEN <nil>
}

func ExampleToken() {
	t := token.Token{Value: "ACCESS_TOKEN", Expiry: time.Unix(1767225600, 0)}
	fmt.Printf("%v\n%s\n", t, token.Key("wx0123456789abcdef", "stable", "api.weixin.qq.com"))
	// Output:
	// token([redacted] until 2026-01-01T00:00:00Z)
	// wxhome:token:wx0123456789abcdef:stable:api.weixin.qq.com
}
