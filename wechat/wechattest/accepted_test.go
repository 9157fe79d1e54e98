package wechattest_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/wechattest"
)

func withID(id string) []string { return []string{`msg_id":""`, `msg_id":"` + id + `"`} }

func TestRepeatedIDIsOneMessage(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := newSender(t, wechattest.WithClock(func() time.Time { return now }))
	w.s.Follow("oOther")
	first := w.send(withID("a")...)
	requireCode(t, 0, first)

	repeated := w.send(append(withID("a"), "张三", "李四")...)
	requireCode(t, 0, repeated)
	assert.Equal(t, first.MsgID, repeated.MsgID)
	assert.Equal(t, int64(1), w.s.RepeatedCount())
	assert.Equal(t, int64(1), w.s.AcceptedCount())

	assert.NotEqual(t, first.MsgID, w.send(withID("b")...).MsgID, "another id")
	assert.NotEqual(t, first.MsgID, w.send(append(withID("a"), "oFollower", "oOther")...).MsgID, "another openid")
	assert.NotEqual(t, w.send().MsgID, w.send().MsgID, "no id, no memory")
	assert.Equal(t, int64(5), w.s.AcceptedCount())

	w.s.Advance(10*time.Minute - time.Second)
	assert.Equal(t, first.MsgID, w.send(withID("a")...).MsgID)
	w.s.Advance(time.Second)
	assert.NotEqual(t, first.MsgID, w.send(withID("a")...).MsgID, "ten minutes are over")
	assert.Equal(t, int64(2), w.s.RepeatedCount())
	assert.Len(t, w.s.Accepted(), 6)
}

func TestRefusedMessageLeavesItsIDFree(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	w.s.Unfollow(follower)
	requireCode(t, 43004, w.send(withID("a")...))
	w.s.Follow(follower)
	requireCode(t, 0, w.send(withID("a")...))
	assert.Zero(t, w.s.RepeatedCount())
}

func TestIDIsRememberedAcrossGenerations(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	requireCode(t, 0, w.send(withID("early")...))
	w.s.Advance(9 * time.Minute)
	late := w.send(withID("late")...)
	w.s.Advance(2 * time.Minute) // a new generation begins with the next one
	requireCode(t, 0, w.send(withID("next")...))
	assert.Equal(t, late.MsgID, w.send(withID("late")...).MsgID)
	w.s.Advance(time.Hour)
	assert.NotEqual(t, late.MsgID, w.send(withID("late")...).MsgID)
}

func TestRepeatsFromManyGoroutines(t *testing.T) {
	t.Parallel()
	w := newSender(t, wechattest.InMemory())
	var mu sync.Mutex
	ids := map[int64]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 20 {
				a := w.send(withID(strconv.Itoa(i))...)
				mu.Lock()
				ids[a.MsgID] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	assert.Len(t, ids, 20)
	assert.Equal(t, int64(20), w.s.AcceptedCount())
	assert.Equal(t, int64(140), w.s.RepeatedCount())
}

func TestHistoryKeepsTheLast(t *testing.T) {
	t.Parallel()
	w := newSender(t, wechattest.WithHistory(3))
	var hooked []int64
	w.s.OnAccept(func(m wechattest.Accepted) { hooked = append(hooked, m.MsgID) })
	var sent []int64
	for i := range 5 {
		sent = append(sent, w.send().MsgID)
		assert.Len(t, w.s.Accepted(), min(i+1, 3))
	}
	var kept []int64
	for _, m := range w.s.Accepted() {
		kept = append(kept, m.MsgID)
	}
	assert.Equal(t, sent[2:], kept)
	assert.Equal(t, sent, hooked)
	w.s.OnAccept(nil)
	w.send()
	assert.Len(t, hooked, 5)

	none := newSender(t, wechattest.WithHistory(0))
	requireCode(t, 0, none.send())
	assert.Empty(t, none.s.Accepted())
	assert.Equal(t, int64(1), none.s.AcceptedCount())
}

func TestFollowerRule(t *testing.T) {
	t.Parallel()
	w := newSender(t, wechattest.WithAppID("wxrule", "rulesecret"), wechattest.WithFollowers(func(appID, openid string) wechattest.Follower {
		if appID == "wxrule" && openid == "oRuled" {
			return wechattest.Following
		}
		return wechattest.Stranger
	}))
	require.Equal(t, "wxrule", w.s.AppID)
	requireCode(t, 0, w.send("oFollower", "oRuled"))
	requireCode(t, 0, w.send())
	requireCode(t, 40003, w.send("oFollower", "oElse"))
	w.s.Unfollow("oRuled")
	requireCode(t, 43004, w.send("oFollower", "oRuled"))
}

func TestOptionsThatAreNonsense(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() { wechattest.WithClock(nil) })
	assert.Panics(t, func() { wechattest.WithHistory(-1) })
	assert.Panics(t, func() { wechattest.WithTokenLifetime(time.Millisecond) })
	assert.Panics(t, func() { wechattest.NewServer(wechattest.WithAppID("", "")) })
}
