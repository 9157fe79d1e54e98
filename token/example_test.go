package token_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/org/wxhome/token"
)

// A central token server (中控服务器) as the source, and a cache in front of it.
func Example() {
	askServer := token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: "ACCESS_TOKEN", Expiry: time.Now().Add(2 * time.Hour)}, nil
	})
	cache, err := token.NewCache(askServer)
	if err != nil {
		fmt.Println(err)
		return
	}
	value, err := cache.Get(context.Background())
	fmt.Println(value, err)
	// Output: ACCESS_TOKEN <nil>
}

// A call was answered with 40001: the token that it used is dropped, and the call repeated
// once with the next one.
func ExampleCache_Invalidate() {
	n := 0
	cache, err := token.NewCache(token.SourceFunc(func(context.Context) (token.Token, error) {
		n++
		return token.Token{Value: fmt.Sprint("TOKEN_", n), Expiry: time.Now().Add(2 * time.Hour)}, nil
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	used, _ := cache.Get(ctx)
	if err := cache.Invalidate(ctx, used); errors.Is(err, token.ErrUnchanged) {
		fmt.Println("the source insists on", used)
	}
	next, _ := cache.Get(ctx)
	fmt.Println(used, next)
	// Output: TOKEN_1 TOKEN_2
}

// unreachable is a Store whose server is down.
type unreachable struct{}

func (unreachable) Load(context.Context, string) (token.Token, error) {
	return token.Token{}, errors.New("connection refused")
}

func (unreachable) Save(context.Context, string, token.Token) error {
	return errors.New("connection refused")
}

// A Store that fails stops nobody. The hook is where that is seen.
func ExampleWithHook() {
	source := token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: "ACCESS_TOKEN", Expiry: time.Now().Add(2 * time.Hour)}, nil
	})
	cache, err := token.NewCache(source,
		token.WithStore(unreachable{}, token.Key("wx0123456789abcdef", "custom", "tokens.example.com")),
		token.WithHook(func(_ context.Context, e token.Event) { fmt.Println(e.Op, e.Err) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cache.Get(context.Background()))
	// Output:
	// load connection refused
	// fetch <nil>
	// save connection refused
	// ACCESS_TOKEN <nil>
}

func ExampleToken() {
	t := token.Token{Value: "ACCESS_TOKEN", Expiry: time.Unix(1767225600, 0)}
	stored, err := t.MarshalBinary()
	fmt.Println(t)
	fmt.Println(string(stored), err)
	// Output:
	// token([redacted] until 2026-01-01T00:00:00Z)
	// {"access_token":"ACCESS_TOKEN","expires_at":1767225600} <nil>
}

func ExampleKey() {
	fmt.Println(token.Key("wx0123456789abcdef", "stable", "api.weixin.qq.com"))
	// Output: wxhome:token:wx0123456789abcdef:stable:api.weixin.qq.com
}
