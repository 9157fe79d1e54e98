package push

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// faults are what may become of a request.
var faults = []wechattest.Fault{
	{Code: -1}, {Code: -1, After: true}, {Status: http.StatusBadGateway}, {Status: http.StatusBadGateway, After: true},
	{Reset: wechattest.ResetBefore}, {Reset: wechattest.ResetAfter}, {Truncate: true}, {Cut: true}, {Code: 45011},
}

// TestFaults: whatever becomes of single requests, and however often the token is taken away,
// each recipient has one message.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, attempts := range map[string]int{"the client repeats": 3, "the push repeats": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 5000, func(t *testing.T, s *simulated, cfg Config) {
				cfg.Caller = s.Client(wechat.WithMaxAttempts(attempts))
				seed := rand.Uint64()
				t.Logf("seed %d", seed)
				dice, mu, calls, invalidations, struck := rand.New(rand.NewPCG(seed, 1)), sync.Mutex{}, 0, 0, 0
				replaced := time.Now()
				s.FaultFunc(func(r *http.Request) *wechattest.Fault {
					if r.URL.Path != sendPath {
						return nil
					}
					mu.Lock()
					defer mu.Unlock()
					// A program that replaces tokens faster is told so, and the push stops.
					if calls++; calls%50 == 0 && time.Since(replaced) > 31*time.Second {
						replaced = time.Now()
						invalidations++
						s.ReplaceTokens()
					}
					if i := dice.IntN(10 * len(faults)); i < len(faults) && (faults[i].Code != 45011 || dice.IntN(10) == 0) {
						struck++
						return &faults[i]
					}
					return nil
				})
				start := time.Now()
				got, err := run(t, cfg)
				require.NoError(t, err)
				assert.Equal(t, 5000, got.Accepted)
				s.once(t, 5000)
				assert.Greater(t, struck, 300)
				assert.Positive(t, s.RepeatedCount())
				assert.Positive(t, invalidations)
				assert.InDelta(t, invalidations+1, s.TokenFetches(), 3, "one token for each that was taken away")
				t.Logf("%d calls, %d faults, %d invalidations, %d token fetches, %d ids repeated, %v by the bubble's clock",
					calls, struck, invalidations, s.TokenFetches(), s.RepeatedCount(), time.Since(start))
			})
		})
	}
}
