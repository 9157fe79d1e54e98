package token_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

// mapStore is a Store that is nil without a pointer.
type mapStore map[string]token.Token

func (m mapStore) Load(_ context.Context, key string) (token.Token, error) { return m[key], nil }
func (m mapStore) Save(_ context.Context, key string, t token.Token) error { m[key] = t; return nil }

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	src, st := &source{}, token.NewMemoryStore()
	for name, tc := range map[string]struct {
		src  token.Source
		opts []token.Option
	}{
		"no source":         {nil, nil},
		"nil func":          {token.SourceFunc(nil), nil},
		"nil pointer":       {(*source)(nil), nil},
		"nil store pointer": {src, []token.Option{token.WithStore((*token.MemoryStore)(nil), "k")}},
		"negative margin":   {src, []token.Option{token.WithMargin(-1)}},
		"nil option":        {src, []token.Option{nil}},
		"nil store":         {src, []token.Option{token.WithStore(nil, "k")}},
		"no key":            {src, []token.Option{token.WithStore(st, "")}},
		"nil hook":          {src, []token.Option{token.WithHook(nil)}},
		"no margin":         {src, []token.Option{token.WithMargin(0)}},
		"lock, no store":    {src, []token.Option{token.WithLock()}},
		"store is no lock":  {src, []token.Option{token.WithStore(st, "k"), token.WithLock()}},
		"store twice":       {src, []token.Option{token.WithStore(st, "k"), token.WithStore(st, "k")}},
		"margin twice":      {src, []token.Option{token.WithMargin(1), token.WithMargin(1)}},
		"lock twice":        {src, []token.Option{token.WithStore(newLockStore(), "k"), token.WithLock(), token.WithLock()}},
		"key too long":      {src, []token.Option{token.WithStore(st, strings.Repeat("k", token.MaxKeyLength-5))}},
		"nil map":           {src, []token.Option{token.WithStore(mapStore(nil), "k")}},
		"lock before store": {src, []token.Option{token.WithLock(), token.WithStore(st, "k")}},
	} {
		c, err := token.NewCache(tc.src, tc.opts...)
		require.ErrorContains(t, err, "token: ", name)
		assert.Equal(t, 1, strings.Count(err.Error(), "token: "), "%s: %v", name, err)
		var kind interface{ KindName() string }
		require.ErrorAs(t, err, &kind, name)
		assert.Equal(t, "request", kind.KindName(), name)
		assert.Nil(t, c, name)
	}
}

// Nobody has to start a program once for each fault.
func TestNewCacheNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := token.NewCache(nil, nil, token.WithMargin(-1), token.WithHook(nil))
	require.EqualError(t, err, "token: the source is nil\ntoken: option 1 is nil\ntoken: WithMargin: -1ns is not positive\n"+
		"token: WithHook: the hook is nil")
}

func TestLongestKey(t *testing.T) {
	t.Parallel()
	st := &longestKey{}
	src := &source{fast: true}
	c := newCache(t, src, token.WithStore(st, strings.Repeat("k", token.MaxKeyLength-6)))
	src.failWith(coded(-1))
	_, err := c.Get(t.Context())
	require.ErrorIs(t, err, coded(-1))
	assert.Equal(t, token.MaxKeyLength, st.longest)
}

// longestKey is a Store that notes how long its keys are.
type longestKey struct {
	token.MemoryStore
	longest int
}

func (s *longestKey) Load(ctx context.Context, key string) (token.Token, error) {
	s.longest = max(s.longest, len(key))
	return s.MemoryStore.Load(ctx, key)
}

func (s *longestKey) Save(ctx context.Context, key string, t token.Token) error {
	s.longest = max(s.longest, len(key))
	return s.MemoryStore.Save(ctx, key, t)
}
