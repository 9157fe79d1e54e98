package chat

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWindow(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_790_000_000, 0)
	w, err := newWindows(func() time.Time { return now })
	require.NoError(t, err)
	take := func(want int, n int) {
		t.Helper()
		got, _ := w.take("oA", n)
		assert.Equal(t, want, got)
	}
	take(0, 1) // nothing was opened
	w.opened("oA", false, afterText)
	take(3, 3)
	take(2, 3)
	take(0, 1)
	w.opened("oA", false, afterText)
	take(5, 9) // a message opens it anew
	w.opened("oA", false, afterText)
	w.opened("oA", true, afterClick)
	got, until := w.take("oA", 4)
	assert.Equal(t, 4, got)
	assert.Equal(t, now.Add(time.Minute), until, "the tap's messages first, since they end first")
	now = now.Add(time.Minute)
	take(4, 9) // the message's are left
	w.opened("oA", true, afterClick)
	now = now.Add(time.Minute)
	take(0, 1) // a minute is over
	w.opened("oA", false, afterText)
	now = now.Add(48 * time.Hour)
	take(0, 1) // 48 hours are over
	w.opened("oA", false, afterText)
	w.forget("oA")
	take(0, 1)
	got, _ = w.take("oB", 1)
	assert.Zero(t, got, "another's window")
}
