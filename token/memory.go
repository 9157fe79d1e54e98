package token

import (
	"context"
	"sync"
	"time"
)

// MemoryStore is a [Store] in this process, for several Clients of one account and for tests.
// It forgets expired tokens. It is safe for concurrent use.
type MemoryStore struct {
	mu     sync.Mutex // guards tokens
	tokens map[string]*Token
}

// NewMemoryStore returns an empty MemoryStore.
func NewMemoryStore() *MemoryStore { return &MemoryStore{tokens: make(map[string]*Token)} }

// Load returns the token under key unless it has expired. It fails only when ctx has ended.
func (m *MemoryStore) Load(ctx context.Context, key string) (Token, error) {
	if err := ctx.Err(); err != nil {
		return Token{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.tokens[key]; t != nil && t.live(time.Now()) {
		return *t, nil
	}
	return Token{}, nil
}

// Save replaces the token under key and drops what has expired.
func (m *MemoryStore) Save(ctx context.Context, key string, t Token) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for k, old := range m.tokens {
		if !old.live(now) {
			delete(m.tokens, k)
		}
	}
	m.tokens[key] = &t
	return nil
}
