package redisstore_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/callback/claimtest"
	"github.com/org/wxhome/examples/tokenstore/redisstore"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/token/tokentest"
	"github.com/org/wxhome/wechat"
)

var _ wechat.Limiter = (*redisstore.Limiter)(nil)

// sharedRedis connects to the Redis of WXHOME_TEST_REDIS.
func sharedRedis(t *testing.T) redis.UniversalClient {
	t.Helper()
	address := os.Getenv("WXHOME_TEST_REDIS")
	if address == "" {
		missing(t, "WXHOME_TEST_REDIS names no Redis")
	}
	options, err := redis.ParseURL(address)
	require.NoError(t, err)
	return client(t, options)
}

func client(t *testing.T, options *redis.Options) redis.UniversalClient {
	t.Helper()
	c := redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// missing skips a test on a laptop, and fails it in CI, which must have all services.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why + ", and CI must have it")
	}
	t.Skip(why)
}

// server is a Redis of the test's own, which can be taken away.
type server struct {
	t       *testing.T
	address string
	folder  string
	process *exec.Cmd
}

func newServer(t *testing.T) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		missing(t, "redis-server is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{t: t, address: l.Addr().String(), folder: t.TempDir()}
	require.NoError(t, l.Close())
	t.Cleanup(s.stop)
	s.start()
	return s
}

func (s *server) options() *redis.Options {
	return &redis.Options{Addr: s.address, DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: -1}
}

func (s *server) start() {
	_, port, _ := net.SplitHostPort(s.address)
	s.process = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", s.folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always")
	require.NoError(s.t, s.process.Start())
	c := redis.NewClient(s.options())
	defer c.Close()
	require.Eventually(s.t, func() bool { return c.Ping(context.Background()).Err() == nil }, 10*time.Second, 5*time.Millisecond)
}

func (s *server) stop() {
	if s.process != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
		s.process = nil
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	c := sharedRedis(t)
	tokentest.Run(t, func(*testing.T) token.Store { return redisstore.New(c, redisstore.WithPrefix("test:")) })
}

func TestStoreWithCipher(t *testing.T) {
	t.Parallel()
	c, box := sharedRedis(t), newBox(t)
	tokentest.Run(t, func(*testing.T) token.Store { return redisstore.New(c, redisstore.WithCipher(box)) })

	key := token.Key("wxcipher"+rand.Text(), "stable", "h")
	sealed := redisstore.New(c, redisstore.WithCipher(box))
	require.NoError(t, sealed.Save(t.Context(), key, token.Token{Value: "TOKEN", Expiry: time.Now().Add(time.Minute)}))
	stored, err := c.Get(t.Context(), key).Result()
	require.NoError(t, err)
	assert.NotContains(t, stored, "TOKEN")
	_, err = redisstore.New(c, redisstore.WithCipher(newBox(t))).Load(t.Context(), key)
	require.ErrorContains(t, err, "cannot be decrypted")
	_, err = redisstore.New(c).Load(t.Context(), key)
	require.Error(t, err, "not a token in plain")
}

// box encrypts with AES-GCM.
type box struct{ aead cipher.AEAD }

func newBox(t *testing.T) box {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	require.NoError(t, err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	require.NoError(t, err)
	return box{aead}
}

func (b box) Seal(plain []byte) ([]byte, error)  { return b.aead.Seal(nil, nil, plain, nil), nil }
func (b box) Open(sealed []byte) ([]byte, error) { return b.aead.Open(nil, nil, sealed, nil) }

// TestStoreWhoseRedisFails passes the suite while its Redis is killed and started again, once
// with all that it had and once flushed.
func TestStoreWhoseRedisFails(t *testing.T) {
	t.Parallel()
	for name, flush := range map[string]bool{"restarted": false, "flushed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			tokentest.Run(t, func(t *testing.T) token.Store { return redisstore.New(client(t, s.options())) },
				tokentest.WithOutage(func() (mend func()) {
					s.stop()
					return func() {
						if flush {
							require.NoError(t, os.RemoveAll(s.folder))
							require.NoError(t, os.MkdirAll(s.folder, 0o700))
						}
						s.start()
					}
				}))
		})
	}
}

func TestTTLAndGarbage(t *testing.T) {
	t.Parallel()
	c := sharedRedis(t)
	s := redisstore.New(c, redisstore.WithPrefix("school:"))
	key := token.Key("wxttl"+rand.Text(), "stable", "h")
	require.NoError(t, s.Save(t.Context(), key, token.Token{Value: "TOKEN", Expiry: time.Now().Add(time.Minute)}))
	ttl, err := c.PTTL(t.Context(), "school:"+key).Result()
	require.NoError(t, err)
	assert.InDelta(t, time.Minute, ttl, float64(5*time.Second), "Redis forgets it by itself")
	require.NoError(t, s.Save(t.Context(), key, token.Token{Value: "OLD", Expiry: time.Now().Add(-time.Minute)}))
	got, err := s.Load(t.Context(), key)
	require.NoError(t, err)
	assert.Zero(t, got, "one that has expired leaves nothing")
	require.NoError(t, c.Set(t.Context(), "school:"+key, "garbage TOKEN", time.Minute).Err())
	_, err = s.Load(t.Context(), key)
	require.Error(t, err, "garbage is no miss")
	assert.NotContains(t, err.Error(), "garbage")
}

// TestLockOutlivesNobody shows that a lock ends with its owner's TTL and by its owner only.
func TestLockOutlivesNobody(t *testing.T) {
	t.Parallel()
	c := sharedRedis(t)
	s := redisstore.New(c)
	key := "wxlock" + rand.Text()
	unlock, err := s.Lock(t.Context(), key)
	require.NoError(t, err)
	ttl, err := c.PTTL(t.Context(), key+":lock").Result()
	require.NoError(t, err)
	assert.Greater(t, ttl, 30*time.Second, "longer than a Cache holds it")
	require.NoError(t, c.Set(t.Context(), key+":lock", "another", time.Minute).Err())
	unlock()
	owner, err := c.Get(t.Context(), key+":lock").Result()
	require.NoError(t, err)
	assert.Equal(t, "another", owner, "an expired lock that is another's by now is left alone")
}

func TestClaimer(t *testing.T) {
	t.Parallel()
	appID := "wx" + rand.Text()
	claimtest.Run(t, func(t *testing.T) callback.Claimer { return redisstore.NewClaimer(sharedRedis(t), "test:", appID) })
}

// TestClaimerWhoseRedisFails kills the Redis and starts it again.
func TestClaimerWhoseRedisFails(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	claimtest.Run(t, func(t *testing.T) callback.Claimer { return redisstore.NewClaimer(client(t, s.options()), "", "wx") },
		claimtest.WithOutage(func() (mend func()) {
			s.stop()
			return s.start
		}))
}

func TestClaimersOfTwoAccounts(t *testing.T) {
	t.Parallel()
	c, key := sharedRedis(t), rand.Text()
	for range 2 {
		ok, err := redisstore.NewClaimer(c, "p:", "wx"+rand.Text()).Claim(t.Context(), key, time.Minute)
		require.NoError(t, err)
		assert.True(t, ok, "accounts have claims of their own")
	}
}

// TestLimiterOverProcesses counts what many limiters on one Redis let through together.
func TestLimiterOverProcesses(t *testing.T) {
	t.Parallel()
	appID := "wx" + rand.Text()
	const perSecond, limiters, workers, calls = 200, 4, 8, 10
	var times sync.Map
	var group sync.WaitGroup
	start := time.Now()
	for i := range limiters {
		l, err := redisstore.NewLimiter(sharedRedis(t), "test:", appID, perSecond, 1, 1)
		require.NoError(t, err)
		for j := range workers {
			group.Go(func() {
				for k := range calls {
					assert.NoError(t, l.Wait(t.Context()))
					times.Store([3]int{i, j, k}, time.Since(start))
				}
			})
		}
	}
	group.Wait()
	took := time.Since(start)
	const total = limiters * workers * calls
	assert.GreaterOrEqual(t, took, (total-1)*time.Second/perSecond, "never faster than the rate")
	n := 0
	times.Range(func(_, _ any) bool { n++; return true })
	assert.Equal(t, total, n)
}

func TestLimiterHeedsItsContext(t *testing.T) {
	t.Parallel()
	c := sharedRedis(t)
	l, err := redisstore.NewLimiter(c, "", "wx"+rand.Text(), 0.01, 1, 1)
	require.NoError(t, err)
	require.NoError(t, l.Wait(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	start := time.Now()
	require.ErrorIs(t, l.Wait(ctx), context.DeadlineExceeded)
	assert.Less(t, time.Since(start), 3*time.Second, "it does not wait for what cannot come")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, l.Wait(cancelled), context.Canceled)
}

// TestLimiterAlone takes Redis away: the process goes on at its own rate, and by the shared one
// once Redis is back.
func TestLimiterAlone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	l, err := redisstore.NewLimiter(client(t, s.options()), "", "wxalone", 1000, 1, 100)
	require.NoError(t, err)
	require.NoError(t, l.Wait(t.Context()))
	s.stop()
	start := time.Now()
	for range 11 {
		require.NoError(t, l.Wait(t.Context()))
	}
	assert.GreaterOrEqual(t, time.Since(start), 90*time.Millisecond)
	s.start()
	key := client(t, s.options())
	require.NoError(t, key.Del(t.Context(), "wxhome:rate:wxalone").Err())
	require.Eventually(t, func() bool {
		require.NoError(t, l.Wait(t.Context()))
		return key.Exists(t.Context(), "wxhome:rate:wxalone").Val() == 1
	}, 10*time.Second, 10*time.Millisecond, "Redis is asked again")
}

func TestNewLimiterRefusesNonsense(t *testing.T) {
	t.Parallel()
	nan, _ := strconv.ParseFloat("NaN", 64)
	for _, tt := range []struct {
		rate  float64
		burst int
		alone float64
	}{{0, 1, 1}, {-1, 1, 1}, {nan, 1, 1}, {1, 0, 1}, {1, 1, 0}} {
		_, err := redisstore.NewLimiter(nil, "", "wx", tt.rate, tt.burst, tt.alone)
		require.Error(t, err)
		assert.True(t, strings.HasPrefix(err.Error(), "redisstore: "))
		assert.False(t, errors.Is(err, context.Canceled))
	}
}
