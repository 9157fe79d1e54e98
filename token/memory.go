package token

import (
	"context"
	"maps"
	"sync"
	"time"
)

// MemoryStore is a [Store] in this process: for several Caches of one account, and for tests.
// It forgets tokens that have expired. The zero MemoryStore is empty and ready to use; it is
// safe for concurrent use and must not be copied after its first use.
type MemoryStore struct {
	mu     sync.Mutex // guards tokens
	tokens map[string]sealed
}

// sealed holds a token where fmt cannot see it: %s looks through a pointer.
type sealed func() Token

// NewMemoryStore returns an empty MemoryStore.
func NewMemoryStore() *MemoryStore { return new(MemoryStore) }

// Load returns the token under key, or the zero Token when there is none or it has expired.
// It fails only when ctx has ended.
func (m *MemoryStore) Load(ctx context.Context, key string) (Token, error) {
	if err := ctx.Err(); err != nil {
		return Token{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if kept := m.tokens[key]; kept != nil && !kept().Expired(time.Now()) {
		return kept(), nil
	}
	return Token{}, nil
}

// Save replaces the token under key and drops all that have expired, so that the store grows
// with the number of accounts in use alone. It fails only when ctx has ended.
func (m *MemoryStore) Save(ctx context.Context, key string, t Token) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(m.tokens, func(_ string, kept sealed) bool { return kept().Expired(now) })
	if m.tokens == nil {
		m.tokens = make(map[string]sealed)
	}
	m.tokens[key] = func() Token { return t }
	return nil
}
