package share_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/share"
	"github.com/org/wxhome/wechat"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	r, err := share.Open("redis://school:se@cret@127.0.0.1:1/3")
	require.NoError(t, err)
	defer r.Close()
	assert.Equal(t, "127.0.0.1:1/3", r.Name)
	begun := time.Now()
	require.Error(t, r.Ping(t.Context()), "nobody listens there")
	assert.Less(t, time.Since(begun), 5*time.Second)
	options, err := r.Options("wx1", 2)
	require.NoError(t, err)
	_, err = wechat.New("wx1", "secret", options...)
	require.NoError(t, err)
	_, err = r.Options("wx1", 0)
	require.Error(t, err)
}

// TestOpenKeepsWhatIsSaid has timeouts of a second, unless the address says otherwise.
func TestOpenKeepsWhatIsSaid(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]time.Duration{
		"redis://127.0.0.1:1": time.Second, "redis://127.0.0.1:1?read_timeout=7s": 7 * time.Second,
	} {
		r, err := share.Open(address)
		require.NoError(t, err)
		defer r.Close()
		options := r.Client.(*redis.Client).Options()
		assert.Equal(t, want, options.ReadTimeout, address)
		assert.Equal(t, time.Second, options.DialTimeout, address)
		assert.Zero(t, options.MaxRetries, "which is what go-redis makes of -1: %s", address)
		assert.Equal(t, 128, options.PoolSize, address)
	}
}

// TestContextEndsTheWait has a Redis that takes the connection and never answers.
func TestContextEndsTheWait(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	r, err := share.Open("redis://" + l.Addr().String() + "?read_timeout=1m")
	require.NoError(t, err)
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	require.Error(t, r.Ping(ctx))
	assert.Less(t, time.Since(begun), 30*time.Second)
}

func TestOpenRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "127.0.0.1:6379", "http://127.0.0.1", "redis://a:geheim@h:6379/x", "redis://a:geheim@h:port/0", "redis://h/0?nonsense=geheim"} {
		_, err := share.Open(address)
		require.ErrorContains(t, err, "redis://USER:PASSWORD@HOST:6379/0", address)
		assert.NotContains(t, err.Error(), "geheim")
		assert.NotContains(t, err.Error(), "\n")
	}
}

func TestMasked(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"redis://h:6379/0":                    "redis://h:6379/0",
		"redis://user@h:6379/0":               "redis://user@h:6379/0",
		"redis://user:se@cr:et@h:6379/0":      "redis://user:***@h:6379/0",
		"rediss://:secret@h/0?protocol=3":     "rediss://:***@h/0?protocol=3",
		"redis://h/0?password=secret&db=1":    "redis://h/0?db=1&password=***",
		"redis://:secret@h/0?password=secret": "redis://:***@h/0?password=***",
		"redis://h/0?%":                       "redis://h/0",
		"redis://h/0?%zz&password=secret":     "redis://h/0",
		"nonsense":                            "nonsense",
		"@secret":                             "@secret",
		"":                                    "",
	} {
		assert.Equal(t, want, share.Masked(address), address)
	}
}

func FuzzMasked(f *testing.F) {
	f.Add("redis://user:secret@h:6379/0")
	f.Add("unix://user:secret@/tmp/redis.sock?db=1")
	f.Fuzz(func(t *testing.T, address string) {
		const password = "GEHEIM"
		if strings.Contains(address, password) || strings.ContainsAny(address, "@?#") {
			return
		}
		if got := share.Masked("redis://u:" + password + "@" + address); strings.Contains(got, password) {
			t.Errorf("%q", got)
		}
	})
}
