package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/wechat/wechattest"
)

// TestUnasked: the start of -cron and a firing go on with what is young, has the same settings and is
// not paused; the rest is told.
func TestUnasked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		age    time.Duration // of the unfinished campaign
		change func(t *testing.T, c *clerk)
		sent   int64 // at the start
		says   string
	}{
		{"young", 47 * time.Hour, nil, 10, "old: 10 recipients = 0 unchanged + 10 accepted"},
		{"old", 49 * time.Hour, nil, 0, "Campaign old of 2000-01-01 08:00 is not finished. It is older than 48 hours, so it is left alone. To continue it: batchpush -simulate -campaign old"},
		{"other words", time.Hour, func(t *testing.T, c *clerk) { c.session.chosen.fields[2].Text = "新照片" }, 0, "Campaign old of 2000-01-01 08:00 is not finished. It was begun with another template"},
		{"paused", time.Hour, func(t *testing.T, c *clerk) {
			_ = push.Pause(t.Context(), c.session.ledger, c.session.account.AppID, "old", "li")
		}, 0, "old: paused by li since"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newClerk(t, 10, "-cron", "0 0 1 1 *")
				defer c.close()
				c.wechat.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
				require.Error(t, c.pushOnce(t.Context(), c.session, push.Campaign{Name: "old"}))
				c.wechat.Heal()
				time.Sleep(tt.age)
				if tt.change != nil {
					tt.change(t, c)
				}
				printed := c.stayFor(t, time.Hour)
				assert.Equal(t, tt.sent, c.wechat.AcceptedCount(), printed)
				assert.Contains(t, printed, tt.says)
				assert.Contains(t, printed, "next push: ", "nothing is waited for")
			})
		})
	}
}

// TestOldestFirst goes on with two campaigns, in the order in which they began.
func TestOldestFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClerk(t, 5, "-cron", "0 0 1 1 *")
		defer c.close()
		c.again = true // neither takes the other's rows over
		c.wechat.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
		for _, name := range []string{"z", "a"} {
			require.Error(t, c.pushOnce(t.Context(), c.session, push.Campaign{Name: name}))
			time.Sleep(time.Hour)
		}
		c.wechat.Heal()
		c.out.Reset()
		assert.Regexp(t, `(?s)z: 5 recipients.*a: 5 recipients`, c.stayFor(t, time.Hour))
		assert.EqualValues(t, 10, c.wechat.AcceptedCount())
	})
}
