package token_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

// getter is called through an interface, so that the compiler cannot leave out or pull out of
// the loop what one of them does.
type getter interface {
	Get(ctx context.Context) (string, error)
}

// floor is the least that sharing a token costs: one atomic load.
type floor struct{ token atomic.Pointer[string] }

func (f *floor) Get(context.Context) (string, error) { return *f.token.Load(), nil }

func BenchmarkGet(b *testing.B) {
	least := &floor{}
	least.token.Store(new("TOKEN"))
	for _, impl := range []struct {
		name string
		getter
	}{
		{"floor", least},
		{"wxhome", warm(b)},
		{"wxhome-store", warm(b, token.WithStore(token.NewMemoryStore(), "k"))},
	} {
		ctx := context.Background()
		b.Run("impl="+impl.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = impl.Get(ctx)
			}
		})
		b.Run("parallel/impl="+impl.name, func(b *testing.B) {
			b.ReportAllocs()
			get := impl.getter
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, _ = get.Get(ctx)
				}
			})
		})
	}
}

// warm returns a Cache that has its token.
func warm(b *testing.B, opts ...token.Option) *token.Cache {
	c, err := token.NewCache(&source{fast: true}, opts...)
	require.NoError(b, err)
	_, err = c.Get(b.Context())
	require.NoError(b, err)
	return c
}
