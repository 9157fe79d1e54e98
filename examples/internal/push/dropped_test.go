package push

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCancelledTakesAlong: a campaign took recipients over, and was cancelled. Each way of looking at
// the earlier ones tells how many nobody sends to, until a new campaign does.
func TestCancelledTakesAlong(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 40)
		c := ofSchool(d, s)
		interrupted := func(name string, after int) {
			t.Helper()
			c := c
			stop := make(chan struct{})
			c.Campaign, c.Batch, c.Interval = name, after, time.Hour
			c.Progress = func(p Progress) {
				if p.Pause > 0 {
					close(stop)
				}
			}
			_, err := Run(t.Context(), stop, c)
			require.Error(t, err)
		}
		told := func(name string, want, sent int) {
			t.Helper()
			c := c
			c.Campaign = name
			look, err := Look(t.Context(), c, 0)
			require.NoError(t, err)
			got, err := run(t, c)
			require.NoError(t, err)
			status, err := Tally(t.Context(), d, c.AppID, name)
			require.NoError(t, err)
			assert.Equal(t, []int{want, want, want, sent}, []int{look.Dropped, got.Dropped, status.Dropped, got.Sent}, name)
		}
		interrupted("a", 10)
		interrupted("b", 10)
		interrupted("c", 5)
		told("a", 0, 0) // c sends them
		done, err := Cancel(t.Context(), d, c.AppID, "c", "somebody")
		require.NoError(t, err)
		assert.Equal(t, Cancelled{Skipped: 15, Dropped: 15}, done)
		told("a", 15, 0)
		told("b", 15, 0)
		done, err = Cancel(t.Context(), d, c.AppID, "c", "somebody")
		require.NoError(t, err)
		assert.Equal(t, 15, done.Dropped)
		told("d", 0, 15)
		told("a", 0, 0)
		done, err = Cancel(t.Context(), d, c.AppID, "c", "somebody")
		require.NoError(t, err)
		assert.Zero(t, done.Dropped)
		s.once(t, 40)
	})
}

// TestCancelledTakesDoubtAlong: a person had decided that a campaign sends again what another one had
// left in doubt, and it was cancelled before it did.
func TestCancelledTakesDoubtAlong(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		require.NoError(t, createLedger(t.Context(), d))
		for i, other := range []string{"before", "after"} {
			appID := fmt.Sprint("wx", i)
			reason := whySentAgain.of("own")
			place(t, d, appID, other, placed{stateSkipped, 1})
			execute(t, d, "UPDATE push_message SET error = ? WHERE appid = ?", reason, appID)
			place(t, d, appID, "own", placed{"never", 1})
			left, err := newLedger(d, appID, other).dropped(t.Context())
			require.NoError(t, err)
			assert.Zero(t, left, "it is still to be sent")
			done, err := Cancel(t.Context(), d, appID, "own", "somebody")
			require.NoError(t, err)
			assert.Equal(t, Cancelled{Skipped: 1, Dropped: 1}, done, other)
			left, err = newLedger(d, appID, other).dropped(t.Context())
			require.NoError(t, err)
			assert.Equal(t, 1, left, other)
		}
		assert.Zero(t, s.AcceptedCount())
	})
}
