package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// sharedMap is a token.Store of the program's own, encoded as a database would have it.
type sharedMap struct {
	mu     sync.Mutex
	values map[string][]byte // guarded by mu
}

func newSharedMap() *sharedMap { return &sharedMap{values: make(map[string][]byte)} }

func (m *sharedMap) Load(ctx context.Context, key string) (token.Token, error) {
	if err := ctx.Err(); err != nil {
		return token.Token{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.values[key]
	if !ok {
		return token.Token{}, nil
	}
	var t token.Token
	if err := t.UnmarshalBinary(data); err != nil || !time.Now().Before(t.Expiry) {
		return token.Token{}, err
	}
	return t, nil
}

func (m *sharedMap) Save(ctx context.Context, key string, t token.Token) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	data, err := t.MarshalBinary()
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = data
	return nil
}

// useTokens shares one token between two Clients, replaces it when it is refused, and takes
// tokens from elsewhere.
func useTokens(ctx context.Context, server *wechattest.Server) error {
	store := newSharedMap()
	for range 2 {
		client := server.Client(wechat.WithTokenStore(store))
		if _, err := client.CallbackIPs(ctx); err != nil {
			return err
		}
	}
	if err := want("fetches by two clients that share", server.TokenFetches(), 1); err != nil {
		return err
	}
	server.ExpireTokens()
	client := server.Client(wechat.WithTokenStore(store))
	if _, err := client.CallbackIPs(ctx); err != nil {
		return fmt.Errorf("after the token was refused: %w", err)
	}
	value, err := client.Token.Get(ctx)
	if err != nil {
		return err
	}
	elsewhere := token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: value}, nil
	})
	central, err := wechat.New(server.AppID, "", wechat.WithBaseURL(server.URL), wechat.WithTokenSource(elsewhere))
	if err != nil {
		return err
	}
	if _, err := central.CallbackIPs(ctx); err != nil {
		return fmt.Errorf("with a token from elsewhere: %w", err)
	}
	return useCache(ctx, elsewhere)
}

// useCache uses package token without a Client.
func useCache(ctx context.Context, src token.Source) error {
	events := 0
	cache, err := token.NewCache(src,
		token.WithMargin(time.Minute),
		token.WithStore(token.NewMemoryStore(), token.Key("wx0123456789abcdef", "custom", "tokens.example.com")),
		token.WithHook(func(context.Context, token.Event) { events++ }),
	)
	if err != nil {
		return err
	}
	value, err := cache.Get(ctx)
	if err != nil {
		return err
	}
	if err := cache.Invalidate(ctx, value); !errors.Is(err, token.ErrUnchanged) {
		return fmt.Errorf("a source that gives the refused token back: %v", err)
	}
	return want("the hook was called", events > 0, true)
}
