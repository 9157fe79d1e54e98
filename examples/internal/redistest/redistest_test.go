package redistest_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/redistest"
)

func TestRestartKeepsWhatWasWritten(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	options, err := redis.ParseURL(s.URL())
	require.NoError(t, err)
	options.MaxRetries = -1
	c := redis.NewClient(options)
	defer c.Close()
	require.NoError(t, c.Set(t.Context(), "key", "value", 0).Err())
	s.Stop()
	s.Stop()
	require.Error(t, c.Get(t.Context(), "key").Err())
	s.Restart()
	assert.Equal(t, "value", c.Get(t.Context(), "key").Val())
}

func TestShared(t *testing.T) {
	_, err := redis.ParseURL(redistest.Shared(t))
	require.NoError(t, err)
}
