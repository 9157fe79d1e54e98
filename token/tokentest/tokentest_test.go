package tokentest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/org/wxhome/token"
)

func TestMemoryStore(t *testing.T) {
	t.Parallel()
	s := token.NewMemoryStore()
	Run(t, func(*testing.T) token.Store { return s })
}

// broken is a Store with one fault.
type broken struct {
	*token.MemoryStore
	fault string
	mu    sync.Mutex
	kept  map[string]token.Token
}

func (b *broken) Load(ctx context.Context, key string) (token.Token, error) {
	switch b.fault {
	case "expired":
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.kept[key], ctx.Err()
	case "outage":
		t, _ := b.MemoryStore.Load(ctx, key)
		return t, nil
	}
	return b.MemoryStore.Load(ctx, b.fold(key))
}

func (b *broken) Save(ctx context.Context, key string, t token.Token) error {
	switch b.fault {
	case "expired":
		b.mu.Lock()
		defer b.mu.Unlock()
		b.kept[key] = t
		return ctx.Err()
	case "first wins":
		if old, _ := b.MemoryStore.Load(ctx, key); old.Value != "" {
			return nil
		}
	case "zone":
		t.Expiry = t.Expiry.Add(8 * time.Hour)
	}
	return b.MemoryStore.Save(ctx, b.fold(key), t)
}

func (b *broken) fold(key string) string {
	if b.fault == "keys" {
		return strings.ToLower(key)
	}
	return key
}

// TestBrokenStoresAreCaught shows that each check fails on the fault that it is there for.
func TestBrokenStoresAreCaught(t *testing.T) {
	t.Parallel()
	for fault, check := range map[string]string{
		"expired": "expired", "outage": "cancelled", "keys": "keys", "first wins": "replace", "zone": "round trip", "alone": "two caches",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			open := func() token.Store {
				return &broken{MemoryStore: token.NewMemoryStore(), fault: fault, kept: map[string]token.Token{}}
			}
			shared := open()
			s := &suite{prefix: "p", open: func() token.Store {
				if fault == "alone" {
					return open()
				}
				return shared
			}}
			for _, c := range checks {
				if c.name == check {
					assert.Error(t, c.run(t.Context(), s))
				}
			}
		})
	}
}
