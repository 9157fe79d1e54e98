package push

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestKilledThenTheNextCampaign: a process is killed with rows sending, and the next day's firing
// begins another campaign. Nobody gets the message twice, and those of whom nobody knows are told.
func TestKilledThenTheNextCampaign(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		v := newVictim(t, address)
		for v.orphans == 0 {
			v.kill(v.start(doomed))
		}
		sending := v.count(stateSending)
		v.clock += killClock // WeChat has forgotten the ids
		v.wechat.Advance(killClock)
		next := ofSchool(v.db, v.wechat)
		next.Campaign, next.Now = "next", func() time.Time { return time.Now().Add(v.clock) }
		got, err := run(t, next)
		require.NoError(t, err)
		assert.Equal(t, sending, got.Unknown)
		require.Len(t, got.Others, 1)
		assert.Equal(t, []any{"kill", sending}, []any{got.Others[0].Campaign, got.Others[0].Unknown})
		assert.Positive(t, got.Others[0].Superseded)
		v.noneTwice()
		require.NoError(t, v.start(last).Wait(), "the killed one goes on")
		v.noneTwice()
		got, err = run(t, next)
		require.NoError(t, err)
		assert.Equal(t, []int{0, sending}, []int{got.Sent, got.Unknown}, "they wait for a person")
		v.noneTwice()
		next.ResendUnknown = true
		got, err = run(t, next)
		require.NoError(t, err)
		assert.Zero(t, got.Unknown)
		assert.Len(t, v.wechat.got, reachable, "each parent has it")
	})
}
