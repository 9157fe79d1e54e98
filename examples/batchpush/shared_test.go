package main

import (
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/redistest"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat/wechattest"
)

func connect(t *testing.T, address string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(address)
	require.NoError(t, err)
	c := redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestSharedToken runs the program twice: the second takes the first one's token.
func TestSharedToken(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	r := redistest.Start(t)
	db := smallSchool(t)
	for _, campaign := range []string{"one", "two"} {
		got := runProgram(t.Context(), environment, realFlags(db, id, "-redis", r.URL(), "-campaign", campaign, "-again")...)
		require.Equal(t, exitOK, got.status, got.both())
		assert.Empty(t, got.errors)
	}
	assert.EqualValues(t, 8, s.AcceptedCount())
	assert.Equal(t, 1, s.TokenFetches())
	stored, err := connect(t, r.URL()).Keys(t.Context(), "wxhome:token:"+s.AppID+":*").Result()
	require.NoError(t, err)
	assert.Len(t, stored, 1)
}

// TestSharedRate has two processes push at the same time: together they keep to one rate.
func TestSharedRate(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	r := redistest.Start(t)
	var mu sync.Mutex
	var times []time.Time
	s.OnAccept(func(wechattest.Accepted) {
		mu.Lock()
		defer mu.Unlock()
		times = append(times, time.Now())
	})
	var group sync.WaitGroup
	for _, campaign := range []string{"one", "two"} {
		db := smallSchool(t)
		group.Go(func() {
			got := runProgram(t.Context(), environment, realFlags(db, id, "-redis", r.URL(), "-campaign", campaign, "-rate", "10")...)
			assert.Equal(t, exitOK, got.status, got.both())
		})
	}
	group.Wait()
	require.Len(t, times, 8)
	assert.Greater(t, times[7].Sub(times[0]), 600*time.Millisecond, "eight, and two that are refused, at ten a second")
}

// TestRedisDown has no Redis from the beginning, and none from the first message on.
func TestRedisDown(t *testing.T) {
	t.Parallel()
	for name, fromTheBeginning := range map[string]bool{"from the beginning": true, "in the middle": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, id, environment := newServer(t)
			r := redistest.Start(t)
			if fromTheBeginning {
				r.Stop()
			}
			var stop sync.Once
			s.OnAccept(func(wechattest.Accepted) { stop.Do(r.Stop) })
			got := runProgram(t.Context(), environment, realFlags(smallSchool(t), id, "-redis", r.URL(), "-workers", "1")...)
			require.Equal(t, exitOK, got.status, got.both())
			assert.EqualValues(t, 4, s.AcceptedCount())
			assert.Equal(t, 1, s.TokenFetches())
			if fromTheBeginning {
				assert.Contains(t, got.errors, "does not answer")
				assert.Contains(t, got.errors, "at 333 a second until it does")
			}
		})
	}
}

// TestTokenOfTheStoreIsTaken shows that a valid token of another process is used as it is.
func TestTokenOfTheStoreIsTaken(t *testing.T) {
	t.Parallel()
	s, _, environment := newServer(t)
	r := redistest.Start(t)
	check := func() result { return runProgram(t.Context(), environment, "templates", "-redis", r.URL()) }
	require.Equal(t, exitOK, check().status)
	c := connect(t, r.URL())
	keys, err := c.Keys(t.Context(), token.Key(s.AppID, "stable", "*")).Result()
	require.NoError(t, err)
	require.Len(t, keys, 1)
	require.NoError(t, c.Set(t.Context(), keys[0], "garbage", 0).Err())
	got := check()
	require.Equal(t, exitOK, got.status, got.both())
	assert.Equal(t, 2, s.TokenFetches(), "garbage stops nobody")
}

func TestBadRedis(t *testing.T) {
	t.Parallel()
	const secret = "geheim"
	for _, address := range []string{"127.0.0.1:6379", "http://127.0.0.1", "redis://u:" + secret + "@h:port/0"} {
		for _, more := range [][]string{nil, {"-simulate"}} {
			got := runProgram(t.Context(), map[string]string{account.EnvAppID: "wx0123456789abcdef", account.EnvAppSecret: "0ad1b0c0ffee0ad1b0c0ffee0ad1b0c0"},
				append([]string{"-db", "sqlite:none.db", "-template", "x", "-public-photos", "-redis", address}, more...)...)
			oneClearLine(t, got, exitUsage, "-redis: ", "redis://USER:PASSWORD@HOST:6379/0")
			assert.NotContains(t, got.both(), secret)
		}
	}
}

// TestSimulationSharesNothing keeps the simulation's token to itself.
func TestSimulationSharesNothing(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	got := runProgram(t.Context(), nil, "-simulate", "-db", smallSchool(t), "-redis", r.URL())
	oneClearLine(t, got, exitUsage, "-redis does nothing with -simulate")
	got = runProgram(t.Context(), nil, "-simulate", "-db", smallSchool(t), "-redis", r.URL(), "-lang", "zh")
	oneClearLine(t, got, exitUsage, "模拟运行不与其他进程共享")
	assert.Zero(t, connect(t, r.URL()).DBSize(t.Context()).Val())
	got = runProgram(t.Context(), map[string]string{"WXHOME_REDIS": r.URL()}, "-simulate", "-db", smallSchool(t))
	require.Equal(t, exitOK, got.status, got.both())
	assert.Zero(t, connect(t, r.URL()).DBSize(t.Context()).Val())
}
