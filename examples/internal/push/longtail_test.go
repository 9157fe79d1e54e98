package push

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// badStore is a token.Store that does what load and save do.
type badStore struct {
	load func(ctx context.Context) (token.Token, error)
	save func(ctx context.Context) error
}

func (s badStore) Load(ctx context.Context, _ string) (token.Token, error) { return s.load(ctx) }
func (s badStore) Save(ctx context.Context, _ string, _ token.Token) error { return s.save(ctx) }

// TestBadTokenStores: whatever a store does, a push goes on with a token of its own.
func TestBadTokenStores(t *testing.T) {
	t.Parallel()
	hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	late := func(d time.Duration) func(context.Context) error {
		return func(context.Context) error { <-time.After(d); return nil }
	}
	loadAfter := func(f func(context.Context) error) func(context.Context) (token.Token, error) {
		return func(ctx context.Context) (token.Token, error) { return token.Token{}, f(ctx) }
	}
	garbage := func(context.Context) (token.Token, error) {
		return token.Token{Value: "GARBAGE", Expiry: time.Now().Add(time.Hour)}, nil
	}
	for name, store := range map[string]badStore{
		"hangs":           {loadAfter(hang), hang},
		"answers late":    {loadAfter(late(1500 * time.Millisecond)), late(1500 * time.Millisecond)},
		"answers garbage": {garbage, func(context.Context) error { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 200, func(t *testing.T, s *simulated, cfg Config) {
				cfg.Caller = s.Client(wechat.WithTokenStore(store))
				cfg.Rate = 20
				invalidated := false
				cfg.Progress = func(p Progress) {
					if p.Done > 100 && !invalidated {
						invalidated = true
						s.ReplaceTokens()
					}
				}
				begun := time.Now()
				got, err := Run(t.Context(), nil, cfg)
				require.NoError(t, err)
				assert.Equal(t, 200, got.Accepted)
				s.once(t, 200)
				assert.True(t, invalidated)
				assert.LessOrEqual(t, s.TokenFetches(), 3)
				assert.Less(t, time.Since(begun), 5*time.Minute)
			})
		})
	}
}

// TestStoreThatNeverReturns breaks a Store's promise to heed its context: the push goes on
// without it.
func TestStoreThatNeverReturns(t *testing.T) {
	t.Parallel()
	inBubble(t, 50, func(t *testing.T, s *simulated, cfg Config) {
		deaf := badStore{
			func(context.Context) (token.Token, error) { <-time.After(time.Minute); return token.Token{}, nil },
			func(context.Context) error { <-time.After(time.Minute); return nil },
		}
		cfg.Caller = s.Client(wechat.WithTokenStore(deaf))
		got, err := Run(t.Context(), nil, cfg)
		require.NoError(t, err)
		addsUp(t, got)
		assert.Equal(t, 50, got.Accepted)
		s.once(t, 50)
		time.Sleep(2 * time.Minute) // what the Store was asked ends by itself
	})
}

// TestAcceptedAndNeverAnswered has a WeChat that takes messages and says nothing.
func TestAcceptedAndNeverAnswered(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, "sqlite:"+filepath.Join(t.TempDir(), "school.db"))
	fill(t, d, 60)
	cfg := ofSchool(d, s)
	client, err := wechat.New(s.AppID, s.AppSecret, wechat.WithBaseURL(s.URL), wechat.WithTimeouts(wechat.Timeouts{Answer: 200 * time.Millisecond}))
	require.NoError(t, err)
	cfg.Caller = client
	release := make(chan struct{})
	var silent atomic.Int32
	s.OnAccept(func(a wechattest.Accepted) {
		s.mu.Lock()
		s.got[a.Message.To+a.Message.Data["thing1"].Value]++
		n := len(s.got)
		s.mu.Unlock()
		if n%5 == 0 {
			silent.Add(1)
			<-release
		}
	})
	got, err := Run(t.Context(), nil, cfg)
	close(release)
	require.NoError(t, err)
	assert.Equal(t, 60, got.Accepted)
	s.once(t, 60)
	assert.EqualValues(t, 12, silent.Load())
	assert.GreaterOrEqual(t, s.RepeatedCount(), int64(12))
}

// TestClockJumps sets the clock while messages are lost: none is sent twice, and none is without
// an end that says why.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]time.Duration{"on": 10 * time.Minute, "back": -10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 300, func(t *testing.T, s *simulated, cfg Config) {
				cfg.Rate = 20
				var off atomic.Int64
				cfg.Now = func() time.Time { return time.Now().Add(time.Duration(off.Load())) }
				s.Fail(sendPath, 30, wechattest.Fault{Reset: wechattest.ResetAfter})
				time.AfterFunc(500*time.Millisecond, func() { off.Store(int64(jump)) })
				got, err := Run(t.Context(), nil, cfg)
				require.NoError(t, err)
				addsUp(t, got)
				assert.Equal(t, 300, got.Accepted+got.Unknown)
				s.once(t, 300) // what is unknown has arrived
				assert.Positive(t, got.Unknown)
				for f, err := range Failures(t.Context(), cfg.Ledger, cfg.AppID, cfg.Campaign) {
					require.NoError(t, err)
					assert.NotEmpty(t, f.Error)
				}
			})
		})
	}
}
