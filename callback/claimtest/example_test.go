package claimtest_test

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// claims is a Claimer for servers in one process.
type claims struct {
	mu    sync.Mutex           // guards until
	until map[string]time.Time // when each claim ends
}

func newClaims() *claims { return &claims{until: make(map[string]time.Time)} }

func (c *claims) Claim(ctx context.Context, key string, ttl time.Duration) (first bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Before(c.until[key]) {
		return false, nil
	}
	for key, end := range c.until { // those that have ended
		if !now.Before(end) {
			delete(c.until, key)
		}
	}
	c.until[key] = now.Add(ttl)
	return true, nil
}

// Two servers share a Claimer, and the second one leaves the message to the first. The whole test
// of such a Claimer is
//
//	func TestClaims(t *testing.T) {
//		shared := newClaims()
//		claimtest.Run(t, func(*testing.T) callback.Claimer { return shared })
//	}
func Example() {
	shared := newClaims()
	const key = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03" // of a message
	for _, server := range []string{"one", "two"} {
		first, err := shared.Claim(context.Background(), key, time.Minute)
		fmt.Println(server, first, err)
	}
	// Output:
	// one true <nil>
	// two false <nil>
}
