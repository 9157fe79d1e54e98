package share

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/redistest"
	"github.com/org/wxhome/examples/tokenstore/redisstore"
	"github.com/org/wxhome/wechat"
)

var _ wechat.Limiter = (*Limiter)(nil)

// clockwork is a Redis's part in a bubble of synctest: it answers after a while.
type clockwork struct {
	mu       sync.Mutex // guards what follows
	interval time.Duration
	at       time.Time
	trips    int
	taken    int
	broken   error
	returned int // who had lost Redis and found it again
}

const roundTrip = 300 * time.Microsecond

func (c *clockwork) reserve(_ context.Context, n int, most time.Duration, returns bool) (time.Duration, error) {
	time.Sleep(roundTrip)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trips++
	if c.broken != nil {
		return 0, c.broken
	}
	if returns {
		c.returned++
	}
	now := time.Now()
	if begin := now.Add(-backTime); c.at.Before(begin) {
		c.at = begin
	}
	if c.at.Sub(now) > most {
		return 0, errTooFar
	}
	wait := c.at.Sub(now)
	c.at = c.at.Add(time.Duration(n) * c.interval)
	c.taken += n
	return wait, nil
}

// limiters are those of several processes.
func (c *clockwork) limiters(n int, perSecond float64) (all []*Limiter) {
	c.interval = time.Duration(float64(time.Second) / perSecond)
	for range n {
		all = append(all, newLimiter(perSecond, c.reserve))
	}
	return all
}

// TestLimiterKeepsTheRate has three workers of 16 senders, of which each sends 250 a second at most.
func TestLimiterKeepsTheRate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rate   float64
		lasts  time.Duration
		within float64
	}{
		"500 a second":    {500, 30 * time.Second, 0.02},
		"60 a second":     {60, time.Minute, 0.02},
		"2 a second":      {2, 10 * time.Minute, 0.02},
		"one in 100 s":    {0.01, 24 * time.Hour, 0.02},
		"10,000 a second": {10000, 2 * time.Second, 0.02},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.lasts)
				defer cancel()
				c := new(clockwork)
				var group sync.WaitGroup
				var sent [3]atomic.Int64
				for i, l := range c.limiters(3, tt.rate) {
					for range 16 {
						group.Go(func() {
							for l.Wait(ctx) == nil {
								sent[i].Add(1)
								time.Sleep(4 * time.Millisecond)
							}
						})
					}
				}
				group.Wait()
				want := tt.rate * tt.lasts.Seconds()
				total := float64(sent[0].Load() + sent[1].Load() + sent[2].Load())
				assert.InEpsilon(t, want, total, tt.within)
				for i := range sent {
					assert.Greater(t, float64(sent[i].Load()), want/5, "each has its part")
				}
				many := max(1, math.Floor(tt.rate*reserveTime.Seconds()))
				trips := min(want/many*1.1, max(want, tt.lasts.Seconds()/reserveTime.Seconds()*1.1))
				assert.LessOrEqual(t, c.trips, int(trips)+6+48, "one trip for each 30 ms, and one of each caller at the end")
			})
		})
	}
}

// TestLimiterReservesNothingAhead: at one in 100 s a process holds one permit at most, whoever waits.
func TestLimiterReservesNothingAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := new(clockwork)
		all := c.limiters(3, 0.01)
		start := time.Now()
		for _, l := range all {
			for range 16 {
				go func() { _ = l.Wait(t.Context()) }()
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		assert.LessOrEqual(t, c.taken, 1+3, "one is used, and each process waits for one")
		// Who gives up leaves the permit to the next one of its process.
		l := newLimiter(0.01, new(clockwork).reserve)
		require.Equal(t, 1, l.many)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, l.Wait(gone), context.Canceled)
		assert.Less(t, time.Since(start), time.Minute)
	})
}

// TestLimiterPassesPermitsOn: what one waited for and left is not reserved anew.
func TestLimiterPassesPermitsOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := new(clockwork)
		l := c.limiters(1, 0.01)[0]
		require.NoError(t, l.Wait(t.Context()))
		start := time.Now()
		leaves, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Second, cancel)
		require.ErrorIs(t, l.Wait(leaves), context.Canceled)
		require.NoError(t, l.Wait(t.Context()))
		assert.Equal(t, 2, c.taken)
		assert.InDelta(t, 100, time.Since(start).Seconds(), 1)
		assert.False(t, l.Allow())
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
		defer cancel()
		require.ErrorIs(t, l.Wait(ctx), context.DeadlineExceeded)
		assert.Equal(t, 2, c.taken, "what comes too late is not taken")
	})
}

// TestLimiterAfterAStandstill: a process that stood still does not make up for it in one burst.
func TestLimiterAfterAStandstill(t *testing.T) {
	t.Parallel()
	for rate, most := range map[float64]int{60: 2, 500: 16, 2: 1} {
		synctest.Test(t, func(t *testing.T) {
			c := new(clockwork)
			l := c.limiters(1, rate)[0]
			require.NoError(t, l.Wait(t.Context()))
			time.Sleep(10 * time.Second)
			start, n := time.Now(), 0
			for ; time.Since(start) < time.Millisecond; n++ {
				require.NoError(t, l.Wait(t.Context()))
			}
			assert.LessOrEqual(t, n, most+1, "at %v a second", rate)
		})
	}
}

// TestLimiterWithoutRedis goes on at a third of the rate, and comes back.
func TestLimiterWithoutRedis(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &clockwork{broken: errors.New("connection refused")}
		l := c.limiters(1, 90)[0]
		count := func(d time.Duration) (n int) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			for l.Wait(ctx) == nil {
				n++
			}
			return n
		}
		assert.InDelta(t, 300, count(10*time.Second), 3)
		assert.LessOrEqual(t, c.trips, 11, "Redis is asked once a second")
		c.broken = nil
		count(2 * time.Second)
		assert.InDelta(t, 900, count(10*time.Second), 10)
		assert.Equal(t, 1, c.returned, "it says once that it is back")
		c.broken = errors.New("connection refused")
		count(2 * time.Second)
		c.broken = nil
		count(2 * time.Second)
		assert.Equal(t, 2, c.returned)
	})
}

// TestRedisReturns: whoever finds Redis again leaves room for those who still go on alone.
func TestRedisReturns(t *testing.T) {
	t.Parallel()
	r, err := Open(redistest.Shared(t))
	require.NoError(t, err)
	t.Cleanup(r.Close)
	for name, tt := range map[string]struct {
		interval time.Duration
		want     time.Duration // what two permits cost
	}{
		"quick": {500 * time.Millisecond, 3 * time.Second},
		"slow":  {10 * time.Second, 20*time.Second + returnTime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := "wxhome:rate:wx" + rand.Text()
			reserve := r.reserve(key, float64(tt.interval.Microseconds()))
			var at int64 // microseconds, where the next permit lies
			costs := func(returns bool) time.Duration {
				before := at
				_, err := reserve(t.Context(), 2, math.MaxInt64, returns)
				require.NoError(t, err)
				at, err = r.Client.Get(t.Context(), key).Int64()
				require.NoError(t, err)
				return time.Duration(at-before) * time.Microsecond
			}
			costs(false)
			assert.Equal(t, 2*tt.interval, costs(false))
			assert.Equal(t, tt.want, costs(true))
			assert.Equal(t, tt.want, costs(false), "also of a process that had not noticed")
			ttl := r.Client.PTTL(t.Context(), key+":returned").Val()
			assert.Positive(t, ttl)
			assert.LessOrEqual(t, ttl, returnTime)
			require.NoError(t, r.Client.PExpire(t.Context(), key+":returned", time.Hour).Err())
			assert.Equal(t, tt.want, costs(true))
			assert.Greater(t, r.Client.PTTL(t.Context(), key+":returned").Val(), time.Minute, "the first one sets the end")
			require.NoError(t, r.Client.Del(t.Context(), key+":returned").Err())
			assert.Equal(t, 2*tt.interval, costs(false))
		})
	}
}

// TestLimiterInRedis has processes of this version and of the one before share a Redis.
func TestLimiterInRedis(t *testing.T) {
	t.Parallel()
	r, err := Open(redistest.Shared(t))
	require.NoError(t, err)
	defer r.Close()
	const rate, each = 400, 120
	appID := "wx" + rand.Text()
	before, err := redisstore.NewLimiter(r.Client, "", appID, rate, 1, 1)
	require.NoError(t, err)
	another, err := Open(redistest.Shared(t))
	require.NoError(t, err)
	defer another.Close()
	waits := []wechat.Limiter{before}
	for _, process := range []*Redis{r, another} {
		l, err := process.Limiter(appID, rate)
		require.NoError(t, err)
		same, err := process.Limiter(appID, rate)
		require.NoError(t, err)
		require.Same(t, l, same, "a process has one")
		waits = append(waits, l)
	}
	start := time.Now()
	var group sync.WaitGroup
	for _, l := range waits {
		group.Go(func() {
			for range each {
				assert.NoError(t, l.Wait(t.Context()))
			}
		})
	}
	group.Wait()
	least := (3*each-1)*time.Second/rate - lateTime
	assert.GreaterOrEqual(t, time.Since(start), least, "never faster than the rate")
	ttl, err := r.Client.PTTL(t.Context(), "wxhome:rate:"+appID).Result()
	require.NoError(t, err)
	assert.Positive(t, ttl, "the key ends by itself")

	appID = "wx" + rand.Text()
	slow, err := r.Limiter(appID, 0.01)
	require.NoError(t, err)
	require.NoError(t, slow.Wait(t.Context()))
	taken := r.Client.Get(t.Context(), "wxhome:rate:"+appID).Val()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	start = time.Now()
	require.ErrorIs(t, slow.Wait(ctx), context.DeadlineExceeded)
	assert.Less(t, time.Since(start), 3*time.Second, "it does not wait for what cannot come")
	assert.Equal(t, taken, r.Client.Get(t.Context(), "wxhome:rate:"+appID).Val(), "and takes nothing")
}

func TestLimiterRefusesNonsense(t *testing.T) {
	t.Parallel()
	r := &Redis{Client: redis.NewClient(&redis.Options{})}
	defer r.Close()
	for _, rate := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		_, err := r.Limiter("wx", rate)
		require.ErrorContains(t, err, "must be positive")
	}
}
