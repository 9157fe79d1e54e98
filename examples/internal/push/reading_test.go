package push

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// TestReadingIsTold: a school that takes its time is told every fifteen seconds.
func TestReadingIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []time.Duration
		s := newSource(&Config{Progress: func(p Progress) { told = append(told, p.Reading) }})
		broken := errors.New("broken")
		err := s.patiently(t.Context(), func(context.Context) error {
			time.Sleep(40 * time.Second)
			return broken
		})
		require.ErrorIs(t, err, broken)
		assert.Equal(t, []time.Duration{15 * time.Second, 30 * time.Second}, told)
		require.NoError(t, s.patiently(t.Context(), func(context.Context) error { return nil }))
	})
}

// TestReadingEnds: a Run that is to end does not wait for the school, neither while it loads nor
// while it looks up whom rows belong to.
func TestReadingEnds(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, dbtest.MariaDB(t))
	fill(t, d, 1)
	cfg := ofSchool(d, s)
	cfg.Query = "SELECT 'oA' AS openid, '1' AS student_id, 'a' AS student_name, 'https://p.example/1.jpg' AS photo_url, '2026-11-20 09:00:00' AS photo_update_time FROM parent_wechat_bind WHERE SLEEP(300) = 0"
	stop := make(chan struct{})
	time.AfterFunc(300*time.Millisecond, func() { close(stop) })
	begun := time.Now()
	_, err := Run(t.Context(), stop, cfg)
	require.ErrorContains(t, err, string(ReasonStopped))
	assert.Less(t, time.Since(begun), time.Minute)

	source := newSource(&cfg)
	source.stop = stop
	_, err = source.bound(t.Context(), []*row{{openid: "oA"}})
	require.ErrorContains(t, err, string(ReasonStopped))
	assert.Less(t, time.Since(begun), time.Minute)
}
