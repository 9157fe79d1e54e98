package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/pushflag"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/wechat/wechattest"
)

// clerk is a program that stays for its cron line, in a bubble: its WeChat is
// in memory and its clock is the bubble's.
type clerk struct {
	*program
	session *session
	wechat  *wechattest.Server
	out     *bytes.Buffer
}

// newClerk pushes n rows of the demo school with flags.
func newClerk(t *testing.T, n int, flags ...string) *clerk {
	t.Helper()
	ctx := t.Context()
	getenv := func(string) string { return "" }
	args := append([]string{"-simulate"}, flags...)
	o, err := parseOptions(args, getenv, language{}, time.Now())
	require.NoError(t, err)
	o.limit = n
	var out bytes.Buffer
	p := &program{options: o, called: operator.Invocation{Name: "batchpush", Args: args, Flags: (&options{}).flagSet(language{})}, getenv: getenv, stdin: strings.NewReader(""), stdout: &out, out: &out, stderr: &out}
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "school.db"), db.Create())
	require.NoError(t, err)
	_, err = school.EnsureDemo(ctx, d.DB)
	require.NoError(t, err)
	w := wechattest.NewServer(wechattest.InMemory(), wechattest.WithFollowers(school.Follower))
	w.AddTemplate(school.DemoTemplate())
	s := &session{
		p: p, school: d, ledger: d,
		account: &account.Account{Client: w.Client(), AppID: w.AppID, Host: "simulation", Simulation: w},
		chosen:  chosen{Template: school.DemoTemplate(), fields: demoFields(), listed: true},
	}
	return &clerk{p, s, w, &out}
}

// stayFor lets the clerk stay for a time and returns what he printed.
func (c *clerk) stayFor(t *testing.T, d time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	require.Equal(t, operator.Settled{Status: exitInterrupted}, c.stay(ctx, c.session))
	return c.out.String()
}

func (c *clerk) close() {
	_ = c.session.school.Close()
	c.wechat.Close()
}

// TestStay begins on Saturday, the first of January 2000, at midnight UTC.
func TestStay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClerk(t, 10, "-cron", "0 18 * * 5")
		defer c.close()
		c.again = true // as if each firing had new photos
		printed := c.stayFor(t, 14*24*time.Hour)
		assert.Contains(t, printed, "next push: 2000-01-07 18:00 CST")
		assert.Contains(t, printed, "photos-2000-01-07-1800: 10 recipients")
		assert.Contains(t, printed, "photos-2000-01-14-1800: 10 recipients")
		assert.EqualValues(t, 20, c.wechat.AcceptedCount(), "two Fridays: %s", printed)
	})
}

// TestSinceWithCron counts -since 7d from each firing, not from the start.
func TestSinceWithCron(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClerk(t, 10, "-cron", "0 18 * * *", "-since", "7d")
		defer c.close()
		c.stayFor(t, 2*24*time.Hour)
		campaigns, err := c.session.campaigns(t.Context())
		require.NoError(t, err)
		require.Len(t, campaigns, 2, "the newest first")
		assert.Equal(t, "2000-01-02T18:00:00+08:00", campaigns[0].Since.In(db.Beijing).AddDate(0, 0, 7).Format(time.RFC3339))
		assert.Equal(t, "2000-01-01T18:00:00+08:00", campaigns[1].Since.In(db.Beijing).AddDate(0, 0, 7).Format(time.RFC3339))
	})
}

func TestFiringsThatAPushOutlasts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClerk(t, 10, "-cron", "0 * * * *", "-batch", "2", "-interval", "29m")
		defer c.close()
		c.again = true // as if each firing had new photos
		printed := c.stayFor(t, 4*time.Hour+30*time.Minute)
		assert.Contains(t, printed, "photos-2000-01-01-0900: 10 recipients = 0 unchanged + 10 accepted")
		assert.Contains(t, printed, "warning: firings skipped until 2000-01-01 10:00: 1, since the push of 2000-01-01 09:00 was still running")
		assert.Contains(t, printed, "next push: 2000-01-01 11:00 CST")
	})
}

// TestQuotaWithCron uses the day's quota up: the push goes on at 00:05 in Beijing.
func TestQuotaWithCron(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClerk(t, 10, "-cron", "0 18 * * *")
		defer c.close()
		c.wechat.SetDailyQuota(sendPath, 6)
		printed := c.stayFor(t, 30*time.Hour)
		assert.Contains(t, printed, "the daily quota is used up")
		assert.Contains(t, printed, "the quota is used up; going on at 2000-01-02 00:05 CST")
		assert.Contains(t, printed, "photos-2000-01-01-1800: 10 recipients = 0 unchanged + 10 accepted")
		assert.EqualValues(t, 10, c.wechat.AcceptedCount(), printed)
	})
}

// TestUnfinishedGoFirst leaves a campaign unfinished: the next firing goes on with it.
func TestUnfinishedGoFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClerk(t, 10, "-cron", "0 18 * * *")
		defer c.close()
		c.wechat.Fail(sendPath, -1, wechattest.Fault{Code: 48001})
		time.AfterFunc(24*time.Hour, c.wechat.Heal)
		printed := c.stayFor(t, 2*24*time.Hour)
		assert.Contains(t, printed, "photos-2000-01-01-1800: 10 recipients = 0 unchanged + 0 accepted + 0 skipped + 0 failed + 0 unknown + 10 pending")
		assert.Contains(t, printed, "photos-2000-01-01-1800: 10 recipients = 0 unchanged + 10 accepted")
		assert.Contains(t, printed, "photos-2000-01-02-1800: 10 recipients = 10 unchanged")
		assert.EqualValues(t, 10, c.wechat.AcceptedCount(), printed)
	})
}

func TestQuotaReturns(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ now, want string }{
		{"2026-11-20T10:00:00Z", "2026-11-21T00:05:00+08:00"},
		{"2026-11-20T16:01:00Z", "2026-11-22T00:05:00+08:00"},
		{"2026-12-31T15:59:59Z", "2027-01-01T00:05:00+08:00"},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		require.NoError(t, err)
		assert.Equal(t, tt.want, pushflag.QuotaReturns(now).Format(time.RFC3339))
	}
}
