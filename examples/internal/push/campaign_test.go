package push

import (
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/wechat/wechattest"
)

// Values that break their rule fail before anything is sent; mended in the school, the row is
// sent with what the school says now.
func TestRetryFailed(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 5)
		bind(t, d, "oLong", "long")
		photo(t, d, "long", strings.Repeat("长", 21), "https://p.example/1.jpg", "2026-11-20 18:00:00")
		cfg := ofSchool(d, s)
		look, err := Look(t.Context(), cfg, 9)
		require.NoError(t, err)
		assert.Equal(t, []int{6, 5, 1}, []int{look.Recipients, look.Pending, look.Failed}, "a dry run counts it")
		require.Len(t, look.Faults, 6)
		require.ErrorContains(t, look.Faults[5], "thing1")

		requests := counted(s, func(int64) *wechattest.Fault { return nil })
		stop := make(chan struct{})
		close(stop)
		got, err := Run(t.Context(), stop, cfg) // stopped while it loads
		require.Error(t, err)
		addsUp(t, got)
		got, err = run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, []int{5, 1}, []int{got.Accepted, got.Failed})
		assert.EqualValues(t, 5, requests.Load())
		state, reason := stateOf(t, d, "oLong")
		assert.Equal(t, stateFailed, state)
		assert.Contains(t, reason, "thing1")

		execute(t, d, "UPDATE student_photo SET student_name = '常' WHERE student_id = 'long'")
		got, err = run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 1, got.Failed, "nothing is taken up again unasked")
		cfg.RetryFailed = true
		look, err = Look(t.Context(), cfg, 1)
		require.NoError(t, err)
		assert.Equal(t, []int{6, 1, 0}, []int{look.Recipients, look.Pending, look.Failed})
		require.Len(t, look.First, 1)
		assert.Equal(t, "常", look.First[0].Data["thing1"].Value)
		got, err = run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, []int{6, 0, 1}, []int{got.Accepted, got.Failed, got.Sent})
		assert.Equal(t, 1, s.got["oLong常"])
	})
}

// Still broken, it fails again without being sent; no longer in the school, it is skipped.
func TestRetryFailedInVain(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, "sqlite:"+t.TempDir()+"/s.db")
	for i, name := range []string{"", "a\nb"} {
		bind(t, d, fmt.Sprint("o", i), fmt.Sprint(i))
		photo(t, d, fmt.Sprint(i), name, "https://p.example/1.jpg", "2026-11-20 18:00:00")
	}
	cfg := ofSchool(d, s)
	got, err := run(t, cfg)
	require.NoError(t, err)
	assert.Equal(t, 2, got.Failed)
	execute(t, d, "DELETE FROM parent_wechat_bind WHERE wechat_openid = 'o1'")
	cfg.RetryFailed = true
	got, err = run(t, cfg)
	require.NoError(t, err)
	assert.Equal(t, []int{1, 1}, []int{got.Failed, got.Skipped})
	assert.Zero(t, s.AcceptedCount())
}

func TestResendUnknown(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, "sqlite:"+t.TempDir()+"/s.db")
	fill(t, d, 3)
	cfg := ofSchool(d, s)
	_, err := run(t, cfg)
	require.NoError(t, err)
	execute(t, d, "UPDATE push_message SET state = 'unknown' WHERE student_id = 'S000001'")
	got, err := run(t, cfg)
	require.NoError(t, err)
	assert.Equal(t, []int{2, 1, 0}, []int{got.Accepted, got.Unknown, got.Sent})
	cfg.ResendUnknown = true
	got, err = run(t, cfg)
	require.NoError(t, err)
	assert.Equal(t, []int{3, 0, 1}, []int{got.Accepted, got.Unknown, got.Sent})
	assert.EqualValues(t, 4, s.AcceptedCount(), "with a new id, so WeChat sends it again")
}

// Limit lets the first of the school through, however often it is run.
func TestLimit(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 30)
		cfg := ofSchool(d, s)
		for _, tt := range []struct{ limit, recipients, sent int }{{5, 5, 5}, {5, 5, 0}, {8, 8, 3}, {3, 8, 0}} {
			cfg.Limit = tt.limit
			look, err := Look(t.Context(), cfg, 0)
			require.NoError(t, err)
			got, err := run(t, cfg)
			require.NoError(t, err)
			assert.Equal(t, []int{tt.recipients, tt.sent, 0}, []int{got.Recipients, got.Sent, got.Pending}, "%+v", tt)
			assert.Equal(t, got.Recipients, look.Recipients)
		}
		cfg.Limit = 0
		stop := make(chan struct{})
		cfg.Batch, cfg.Interval = 10, time.Hour
		cfg.Progress = func(p Progress) {
			if p.Pause > 0 {
				close(stop)
			}
		}
		got, err := Run(t.Context(), stop, cfg)
		require.Error(t, err)
		assert.Equal(t, 18, got.Accepted)
		cfg.Batch, cfg.Progress = 0, nil
		cfg.Limit = 20
		got, err = run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, []int{30, 20, 10}, []int{got.Recipients, got.Accepted, got.Pending}, "of a campaign that holds more, the first only")
		cfg.Limit = 0
		got, err = run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 30, got.Accepted)
		s.once(t, 30)
	})
}

// The tally is the same however often a campaign is continued.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 10)
		bind(t, d, "oPush00000000000000000000003", "S000003") // registered twice
		cfg := ofSchool(d, s)
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 10, got.Accepted)

		execute(t, d, "UPDATE student_photo SET photo_update_time = '2026-11-20 18:00:01' WHERE student_id = 'S000001'")
		execute(t, d, "UPDATE student_photo SET photo_url = 'https://p.example/new.jpg' WHERE student_id = 'S000002'")
		fill2(t, d)
		cfg.Campaign = "summer"
		for range 3 {
			look, err := Look(t.Context(), cfg, 3)
			require.NoError(t, err)
			got, err = run(t, cfg)
			require.NoError(t, err)
			assert.Equal(t, []int{11, 8, 3}, []int{got.Recipients, got.Unchanged, got.Accepted}, "a second later is another photo")
			assert.Equal(t, []int{got.Recipients, got.Unchanged}, []int{look.Recipients, look.Unchanged})
			held, err := Tally(t.Context(), d, cfg.AppID, cfg.Campaign)
			require.NoError(t, err)
			held.Sent, held.Seconds = got.Sent, got.Seconds
			assert.Equal(t, got, held)
		}
		cfg.Again = true
		_, err = run(t, cfg)
		require.ErrorIs(t, err, ErrAgain, "a campaign stays what it began as")
		cfg.Campaign = "notice"
		got, err = run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, []int{11, 0, 11, 11}, []int{got.Recipients, got.Unchanged, got.Accepted, got.Sent})
	})
}

func fill2(t *testing.T, d *db.DB) {
	t.Helper()
	bind(t, d, "oNew", "new")
	photo(t, d, "new", "新", "https://p.example/1.jpg", "2026-11-20 18:00:00")
}

// Two campaigns at a time do not send one photo twice.
func TestSentByAnotherCampaignMeanwhile(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, "sqlite:"+t.TempDir()+"/s.db")
	fill(t, d, 10)
	first := ofSchool(d, s)
	first.Limit = 4
	_, err := run(t, first)
	require.NoError(t, err)
	s.SetDailyQuota(sendPath, 4)
	first.Limit = 0
	got, err := run(t, first)
	require.Error(t, err)
	assert.Equal(t, 6, got.Pending)
	s.SetDailyQuota(sendPath, 1000)
	second := ofSchool(d, s)
	second.Campaign = "other"
	second.Now = func() time.Time { return time.Now().Add(2 * time.Second) }
	got, err = run(t, second)
	require.NoError(t, err)
	assert.Equal(t, []int{4, 6}, []int{got.Unchanged, got.Accepted})
	look, err := Look(t.Context(), first, 3)
	require.NoError(t, err)
	assert.Equal(t, []int{0, 6}, []int{look.Pending, look.Skipped})
	got, err = run(t, first)
	require.NoError(t, err)
	assert.Equal(t, []int{10, 4, 6, 0}, []int{got.Recipients, got.Accepted, got.Skipped, got.Sent})
	s.once(t, 10)
}

// Of several that begin a campaign at the same moment, with settings of their own, one does.
func TestBeginAtTheSameMoment(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		require.NoError(t, createLedger(t.Context(), d))
		s := newWeChat(t)
		var group sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			group.Go(func() {
				cfg := ofSchool(d, s)
				cfg.TemplateID = fmt.Sprint("T", i)
				e, err := newEngine(t.Context(), nil, cfg)
				if err == nil {
					err = e.begin(t.Context())
				}
				errs[i] = err
			})
		}
		group.Wait()
		began := 0
		for _, err := range errs {
			if err == nil {
				began++
				continue
			}
			require.ErrorIs(t, err, ErrSettings)
		}
		assert.Equal(t, 1, began)
	})
}

// A campaign keeps its template, fields, since and link.
func TestSettings(t *testing.T) {
	t.Parallel()
	d := emptySchool(t, "sqlite:"+t.TempDir()+"/s.db")
	fill(t, d, 2)
	cfg := ofSchool(d, newWeChat(t))
	cfg.Link, cfg.LinkBase = func(row int64) string { return fmt.Sprint("https://a.example/", row) }, "https://a.example/"
	_, err := run(t, cfg)
	require.NoError(t, err)
	all, err := Campaigns(t.Context(), d, cfg.AppID)
	require.NoError(t, err)
	for name, change := range map[string]func(*Config){
		"template": func(c *Config) { c.TemplateID = "OTHER" }, "fields": func(c *Config) { c.Fields = []Field{{"thing1", "x"}} },
		"since": func(c *Config) { c.Since = time.Unix(1, 0) }, "link": func(c *Config) { c.LinkBase = "https://b.example/" },
		"no link": func(c *Config) { c.Link = nil }, "again": func(c *Config) { c.Again = true },
		"query": func(c *Config) { c.Query, c.KeepQuery = "SELECT 1", true },
	} {
		other := cfg
		change(&other)
		got, err := Run(t.Context(), nil, other)
		require.ErrorIs(t, err, ErrSettings, name)
		assert.Equal(t, cfg.Campaign, got.Campaign, name)
	}
	after, err := Campaigns(t.Context(), d, cfg.AppID)
	require.NoError(t, err)
	assert.Equal(t, all, after, "what was refused has changed nothing")
	cfg.Rate, cfg.Workers, cfg.Batch = 100, 3, 1
	_, err = run(t, cfg)
	require.NoError(t, err, "the pace is no setting")
}

// A campaign whose recipients could not all be read is not finished.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	d := emptySchool(t, "sqlite:"+t.TempDir()+"/s.db")
	fill(t, d, 3)
	cfg := ofSchool(d, newWeChat(t))
	name, err := Unfinished(t.Context(), cfg)
	require.NoError(t, err)
	assert.Empty(t, name)
	execute(t, d, "ALTER TABLE student_photo RENAME TO away")
	_, err = Run(t.Context(), nil, cfg)
	require.ErrorContains(t, err, "student_photo")
	name, err = Unfinished(t.Context(), cfg)
	require.NoError(t, err)
	assert.Equal(t, "spring", name)
	later := cfg
	later.Now = func() time.Time { return time.Now().Add(unfinishedFor + time.Minute) }
	name, err = Unfinished(t.Context(), later)
	require.NoError(t, err)
	assert.Empty(t, name, "after two days it is forgotten")
	execute(t, d, "ALTER TABLE away RENAME TO student_photo")
	got, err := run(t, cfg)
	require.NoError(t, err)
	assert.Equal(t, 3, got.Accepted)
	name, err = Unfinished(t.Context(), cfg)
	require.NoError(t, err)
	assert.Empty(t, name)
}

func TestBindingGone(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 10)
		cfg := ofSchool(d, s)
		cfg.Batch = 4
		cfg.Progress = func(p Progress) {
			if p.Pause == 0 && p.Done == 4 {
				_, _ = d.Exec("DELETE FROM parent_wechat_bind WHERE student_id = 'S000008'")
			}
		}
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, []int{9, 1}, []int{got.Accepted, got.Skipped})
		state, reason := stateOf(t, d, "oPush00000000000000000000008")
		assert.Equal(t, stateSkipped, state)
		assert.Contains(t, reason, "binding")
	})
}

// The AppID and every openid stay out of what is logged at the usual level.
func TestLog(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, "sqlite:"+t.TempDir()+"/s.db")
	fill(t, d, 3)
	cfg := ofSchool(d, s)
	s.Fail(sendPath, 1, wechattest.Fault{Code: 43004})
	var usual, debug strings.Builder
	cfg.Log = slog.New(slog.NewTextHandler(&debug, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, err := run(t, cfg)
	require.NoError(t, err)
	assert.Contains(t, debug.String(), "oPush")
	cfg.Log, cfg.Campaign, cfg.Again = slog.New(slog.NewTextHandler(&usual, nil)), "b", true
	s.Fail(sendPath, 1, wechattest.Fault{Code: 43004})
	_, err = run(t, cfg)
	require.NoError(t, err)
	assert.Empty(t, usual.String())
}

func TestReports(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		all, err := Campaigns(t.Context(), d, "wx1")
		require.NoError(t, err)
		assert.Empty(t, all, "no ledger is no failure")
		_, err = Tally(t.Context(), d, "wx1", "spring")
		require.ErrorIs(t, err, sql.ErrNoRows)
		l := ledgerOf(t, d, "a", failuresPage+5)
		execute(t, d, "UPDATE push_message SET state = 'failed', errcode = 47003, error = 'bad' WHERE openid <> 'o00000'")
		n := 0
		for f, err := range Failures(t.Context(), d, "wx1", l.campaign) {
			require.NoError(t, err)
			n++
			assert.Equal(t, fmt.Sprintf("o%05d", n), f.OpenID)
			assert.Equal(t, "张三", f.StudentName)
		}
		assert.Equal(t, failuresPage+4, n)
		assert.Equal(t, "photos-2026-11-21", DefaultCampaign(time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC)))
	})
}
