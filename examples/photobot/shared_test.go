package main

import (
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/callback/claimtest"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/redistest"
	"github.com/org/wxhome/examples/internal/share"
	"github.com/org/wxhome/wechat/wechattest"
)

// beside starts another photobot for the same school, account and WeChat.
func beside(t *testing.T, first *server, address string, args ...string) *server {
	t.Helper()
	second := startServer(t, address, map[string]string{account.EnvBaseURL: first.wechat.URL}, args...)
	second.wechat = first.wechat
	return second
}

// asks pushes a message of an openid to this one of the servers, and returns the answer's text.
func (s *server) asks(openid string, id int64) string {
	s.t.Helper()
	s.wechat.SetCallback(wechattest.Callback{URL: s.url + callbackPath, Token: testToken, AESKey: testAES, Mode: wechattest.Safe})
	p := wechattest.Text(openid, "照片")
	p.ID = id
	got, err := s.wechat.Push(s.t.Context(), p)
	require.NoError(s.t, err)
	require.False(s.t, got.Notice, "%+v", got.Attempts)
	reply, _ := got.Reply.(callback.Text)
	return reply.Content
}

// patient is the address of r for a program that waits long for it. The programs' own timeouts are
// short, and a machine that is busy with other tests takes longer.
func patient(r *redistest.Server) string {
	return r.URL() + "?dial_timeout=10s&read_timeout=10s&write_timeout=10s&pool_timeout=10s"
}

func connect(t *testing.T, address string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(address)
	require.NoError(t, err)
	c := redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestClaimer runs the suite on what photobots agree through, while their Redis goes away and comes
// back.
func TestClaimer(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	address := patient(r)
	claimtest.Run(t, func(t *testing.T) callback.Claimer {
		shared, err := share.Open(address)
		require.NoError(t, err)
		t.Cleanup(shared.Close)
		return (&program{shared: shared}).claimer("wx0123456789abcdef")
	}, claimtest.WithOutage(func() (mend func()) {
		r.Stop()
		return r.Restart
	}))
}

// TestTwoPhotobots share the token, and answer a message once although it comes to both.
func TestTwoPhotobots(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	address := dbtest.SQLite(t)
	a := startServer(t, address, nil, "-redis", patient(r))
	b := beside(t, a, address, "-redis", patient(r))
	assert.Contains(t, a.asks("oA", 7), "正在发送张三")
	assert.Empty(t, b.asks("oA", 7), "the other one has it")
	// Two that need a token at the same moment may fetch one each, which is the same one.
	require.Eventually(t, func() bool { return a.pictures("oA") == 1 }, time.Minute, 5*time.Millisecond)
	assert.Contains(t, b.asks("oB", 8), "正在发送李四")
	assert.Contains(t, a.asks("oA", 7), "正在发送张三", "the answer again")
	for _, s := range []*server{a, b} {
		assert.Equal(t, exitOK, s.end().status, s.errs.String())
		assert.Empty(t, s.errs.String())
	}
	assert.Equal(t, []int{1, 1}, []int{a.pictures("oA"), a.pictures("oB")})
	assert.Equal(t, 1, a.wechat.TokenFetches())
	keys, err := connect(t, r.URL()).Keys(t.Context(), "*"+a.wechat.AppID+"*").Result()
	require.NoError(t, err)
	assert.Len(t, keys, 4, "a token, a rate and two claims: %v", keys)
}

// TestRate keeps what is sent to the rate, alone and together.
func TestRate(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{false, true} {
		t.Run(map[bool]string{false: "alone", true: "together"}[shared], func(t *testing.T) {
			t.Parallel()
			address, args := dbtest.SQLite(t), []string{"-rate", "1"}
			if shared {
				args = append(args, "-redis", redistest.Start(t).URL())
			}
			a := startServer(t, address, nil, args...)
			b := a
			if shared {
				b = beside(t, a, address, args...)
			}
			var mu sync.Mutex
			var times []time.Time
			a.wechat.OnAccept(func(m wechattest.Accepted) {
				mu.Lock()
				defer mu.Unlock()
				if _, ok := m.Custom.(custom.Image); ok {
					times = append(times, time.Now())
				}
			})
			assert.Contains(t, a.asks("oA", 7), "张三")
			assert.Contains(t, b.asks("oB", 8), "李四")
			assert.Equal(t, []int{exitOK, exitOK}, []int{a.end().status, b.end().status})
			require.Len(t, times, 2)
			assert.Greater(t, times[1].Sub(times[0]), 700*time.Millisecond)
		})
	}
}

// TestRedisDown has no Redis from the beginning, and none from the first message on.
func TestRedisDown(t *testing.T) {
	t.Parallel()
	for name, fromTheBeginning := range map[string]bool{"from the beginning": true, "in the middle": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := redistest.Start(t)
			if fromTheBeginning {
				r.Stop()
			}
			s := startServer(t, dbtest.SQLite(t), nil, "-redis", r.URL())
			if !fromTheBeginning {
				assert.Contains(t, s.asks("oB", 6), "李四")
				r.Stop()
			}
			assert.Contains(t, s.asks("oA", 7), "正在发送张三")
			assert.Contains(t, s.asks("oA", 7), "正在发送张三", "one process needs no Redis to tell a repeat")
			status, body := s.get(healthPath)
			var health report
			require.NoError(t, json.Unmarshal([]byte(body), &health))
			assert.Equal(t, http.StatusOK, status, "it stops nothing")
			assert.Equal(t, "unreachable", health.Redis)
			assert.Equal(t, exitOK, s.end().status, s.errs.String())
			assert.Equal(t, 1, s.pictures("oA"))
			assert.Equal(t, 1, s.wechat.TokenFetches())
			assert.Contains(t, s.errs.String(), "Claim failed")
			if fromTheBeginning {
				assert.Contains(t, s.errs.String(), "does not answer")
				assert.Contains(t, s.errs.String(), "at 6.67 messages a second, until it does")
			}
			assert.NotContains(t, s.errs.String(), "oA")
		})
	}
}

// TestRedisHangs has one that takes connections and never answers.
func TestRedisHangs(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	s := startServer(t, dbtest.SQLite(t), nil, "-redis", "redis://"+l.Addr().String()+"/0")
	begun := time.Now()
	assert.Contains(t, s.asks("oA", 7), "正在发送张三")
	assert.Less(t, time.Since(begun), 4*time.Second, "within WeChat's patience")
	assert.Equal(t, exitOK, s.end().status, s.errs.String())
	assert.Equal(t, 1, s.pictures("oA"))
	assert.Contains(t, s.errs.String(), "does not answer")
}

func TestBadRedis(t *testing.T) {
	t.Parallel()
	const secret = "geheim"
	real := map[string]string{account.EnvAppID: "wx0123456789abcdef", account.EnvAppSecret: "0ad1b0c0ffee0ad1b0c0ffee0ad1b0c0"}
	menu := file(t, "menu.json", `{"button":[{"type":"click","name":"查询照片","key":"PHOTO"}]}`)
	for _, address := range []string{"127.0.0.1:6379", "http://127.0.0.1", "redis://u:" + secret + "@h:port/0"} {
		for _, args := range [][]string{{"-addr", "127.0.0.1:0"}, {"-simulate", "-addr", "127.0.0.1:0"}, {"menu", menu}} {
			r := runProgram(t.Context(), real, append(args, "-redis", address)...)
			oneClearLine(t, r, exitUsage, "-redis: ", "redis://USER:PASSWORD@HOST:6379/0")
			assert.NotContains(t, r.both(), secret)
		}
	}
}

// TestSimulationSharesNothing keeps the simulation's token to itself.
func TestSimulationSharesNothing(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	address := dbtest.SQLite(t)
	dbtest.Open(t, address)
	got := runProgram(t.Context(), nil, "-simulate", "-demo-exit", "-db", address, "-redis", r.URL())
	require.Equal(t, exitOK, got.status, got.both())
	assert.Zero(t, connect(t, r.URL()).DBSize(t.Context()).Val())
}
