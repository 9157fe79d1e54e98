package token_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

// BenchmarkGet compares Get with one atomic load, the least that sharing a token costs.
func BenchmarkGet(b *testing.B) {
	var floor atomic.Pointer[token.Token]
	floor.Store(&token.Token{Value: "v"})
	plain := func() (*token.Cache, error) { return token.NewCache(&source{}) }
	shared := func() (*token.Cache, error) {
		return token.NewCache(&source{}, token.WithStore(token.NewMemoryStore(), "k"))
	}
	impls := []struct {
		name string
		get  func(b *testing.B) func() string
	}{
		{"floor", func(*testing.B) func() string { return func() string { return floor.Load().Value } }},
		{"wxhome", warm(plain)},
		{"wxhome-store", warm(shared)},
	}
	for _, impl := range impls {
		b.Run("impl="+impl.name, func(b *testing.B) {
			get := impl.get(b)
			b.ReportAllocs()
			for b.Loop() {
				get()
			}
		})
		b.Run("parallel/impl="+impl.name, func(b *testing.B) {
			get := impl.get(b)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					get()
				}
			})
		})
	}
}

func warm(open func() (*token.Cache, error)) func(*testing.B) func() string {
	return func(b *testing.B) func() string {
		c, err := open()
		require.NoError(b, err)
		ctx := context.Background()
		_, err = c.Get(ctx)
		require.NoError(b, err)
		return func() string { v, _ := c.Get(ctx); return v }
	}
}
