package push

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// TestTwoCampaignsAtOnce: two engines that are alive at once over the same parents reach each of
// them once.
func TestTwoCampaignsAtOnce(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, dbtest.MariaDB(t))
	fill(t, d, 400)
	var group sync.WaitGroup
	var sums [3]Summary
	for i := range sums {
		group.Go(func() {
			cfg := ofSchool(d, s)
			cfg.Campaign, cfg.Workers = fmt.Sprint("campaign-", i), 4
			var err error
			sums[i], err = Run(context.Background(), nil, cfg)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	s.once(t, 400)
	sent := 0
	for _, sum := range sums {
		addsUp(t, sum)
		sent += sum.Sent
	}
	assert.Equal(t, 400, sent)
}

// TestTwoCampaignsInTurn: on SQLite, which has one engine at a time, a campaign that was stopped and
// goes on after a later one.
func TestTwoCampaignsInTurn(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 100)
		first, second := ofSchool(d, s), ofSchool(d, s)
		second.Campaign = "summer"
		stop := make(chan struct{})
		first.Batch, first.Interval = 40, time.Hour
		first.Progress = func(p Progress) {
			if p.Pause > 0 {
				close(stop)
			}
		}
		got, err := Run(t.Context(), stop, first)
		require.Error(t, err)
		assert.Equal(t, []int{40, 60}, []int{got.Accepted, got.Pending})
		look, err := Look(t.Context(), second, 0)
		require.NoError(t, err)
		got, err = run(t, second)
		require.NoError(t, err)
		assert.Equal(t, []int{40, 60}, []int{got.Unchanged, got.Accepted})
		require.Len(t, got.Others, 1)
		assert.Equal(t, []any{"spring", 60, 0}, []any{got.Others[0].Campaign, got.Others[0].Superseded, got.Others[0].Unknown})
		assert.Equal(t, got.Others, look.Others)
		name, err := Unfinished(t.Context(), first)
		require.NoError(t, err)
		assert.Empty(t, name, "nothing of the first one is left")
		first.Progress = nil
		got, err = run(t, first)
		require.NoError(t, err)
		assert.Equal(t, []int{100, 40, 60, 0}, []int{got.Recipients, got.Accepted, got.Skipped, got.Sent})
		_, reason := stateOf(t, d, fmt.Sprintf("oPush%023d", 70))
		assert.Contains(t, []string{"superseded by summer", ""}, reason)
		s.once(t, 100)
	})
}

// TestNewerPhotos: a campaign that is run again counts the parents who have had its message and
// whose child has another photo since, unless another campaign sends that one.
func TestNewerPhotos(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 10)
		c := ofSchool(d, s)
		again := func(want, sent int) {
			t.Helper()
			look, err := Look(t.Context(), c, 0)
			require.NoError(t, err)
			got, err := run(t, c)
			require.NoError(t, err)
			assert.Equal(t, []int{want, want, sent, 0}, []int{look.Newer, got.Newer, got.Sent, got.Pending})
		}
		again(0, 10)
		again(0, 0)
		execute(t, d, "UPDATE student_photo SET photo_update_time = '2026-11-21 18:00:00' WHERE student_id < 'S000004'")
		execute(t, d, "UPDATE student_photo SET photo_url = 'https://p.example/new.jpg' WHERE student_id = 'S000008'")
		bind(t, d, fmt.Sprintf("oPush%023d", 8), "S000008") // registered twice
		again(5, 0)
		c.Campaign = "summer"
		again(0, 5)
		c.Campaign = "spring"
		again(0, 0)
	})
}

// loading is a load that goes on page by page.
type loading struct {
	*engine
	t *testing.T
}

func startLoading(t *testing.T, cfg Config) loading {
	t.Helper()
	e, err := newEngine(t.Context(), nil, cfg)
	require.NoError(t, err)
	require.NoError(t, e.begin(t.Context()))
	return loading{e, t}
}

func (l loading) page(of []recipient) {
	l.t.Helper()
	require.NoError(l.t, l.loadPage(l.t.Context(), of))
}

// pagesOf reads the school in small pages.
func pagesOf(t *testing.T, cfg Config, size int) (pages [][]recipient) {
	t.Helper()
	src := newSource(&cfg)
	src.size = size
	require.NoError(t, src.pages(t.Context(), func(page []recipient, _ omitted) error {
		if len(page) > 0 {
			pages = append(pages, page)
		}
		return nil
	}))
	return pages
}

// TestLoadsInterleave: two loads go page by page in turn, either one first.
func TestLoadsInterleave(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 60)
		a, b := ofSchool(d, s), ofSchool(d, s)
		a.Campaign, b.Campaign = "a", "b" // of the same second perhaps: then the name decides
		first, second := startLoading(t, a), startLoading(t, b)
		for i, page := range pagesOf(t, a, 10) {
			if i%2 == 0 {
				first.page(page)
				second.page(page)
			} else {
				second.page(page)
				first.page(page)
			}
		}
		assert.Equal(t, map[string]int{stateSkipped: 30}, counts(t, first.ledger), "30 superseded, 30 left to b")
		assert.Equal(t, map[string]int{statePending: 60}, counts(t, second.ledger))
		assert.Equal(t, 30, first.summary.Unchanged)
		for _, cfg := range []Config{a, b, a} {
			_, err := run(t, cfg)
			require.NoError(t, err)
		}
		s.once(t, 60)
	})
}

// TestLoadsMeet: two loads of the same page at the same moment, again and again.
func TestLoadsMeet(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, dbtest.MariaDB(t))
	fill(t, d, 200)
	a, b := ofSchool(d, s), ofSchool(d, s)
	a.Campaign, b.Campaign = "a", "b"
	first, second := startLoading(t, a), startLoading(t, b)
	for _, page := range pagesOf(t, a, 10) {
		var group sync.WaitGroup
		for _, l := range []loading{first, second} {
			group.Go(func() { assert.NoError(t, l.loadPage(context.Background(), page)) })
		}
		group.Wait()
	}
	assert.Zero(t, counts(t, first.ledger)[statePending], "b began later and has them all")
	assert.Equal(t, map[string]int{statePending: 200}, counts(t, second.ledger))
}

// TestLoadMeetsClaim: a row that another campaign claims while a load is about to take it over is
// in doubt for that load, whatever the load has read before.
func TestLoadMeetsClaim(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, dbtest.MariaDB(t))
	fill(t, d, 50)
	a, b := ofSchool(d, s), ofSchool(d, s)
	a.Campaign, b.Campaign = "a", "b"
	first, second := startLoading(t, a), startLoading(t, b)
	page := pagesOf(t, a, 50)[0]
	first.page(page)

	blocked, err := d.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	candidates, err := first.ledger.pending(t.Context(), blocked, pick{n: 20})
	require.NoError(t, err)
	claimed, err := first.ledger.claim(t.Context(), blocked, candidates)
	require.NoError(t, err)
	require.Len(t, claimed, 20)
	done := make(chan error, 1)
	go func() { done <- second.loadPage(context.Background(), page) }()
	waitForLock(t, d)
	require.NoError(t, blocked.Commit())
	require.NoError(t, <-done)
	assert.Equal(t, map[string]int{stateSending: 20, stateSkipped: 30}, counts(t, first.ledger))
	assert.Equal(t, map[string]int{stateUnknown: 20, statePending: 30}, counts(t, second.ledger))
	assert.Equal(t, []int{20, 30}, []int{second.reckoned["a"].holds, second.reckoned["a"].superseded})
}

// waitForLock returns once a load in d stands at its locking read. What InnoDB tells of locks is no
// use: it is renewed only when nobody has asked for a tenth of a second.
func waitForLock(t *testing.T, d *db.DB) {
	t.Helper()
	require.Eventually(t, func() bool {
		var n int
		err := d.QueryRow(`SELECT COUNT(*) FROM information_schema.processlist
WHERE db = DATABASE() AND id <> CONNECTION_ID() AND info LIKE '%push_message%FOR UPDATE'`).Scan(&n)
		return err == nil && n > 0
	}, time.Minute, time.Millisecond)
}

// TestRowsLeftSendingHold: after a kill the next campaign sends nothing to those of whom nobody
// knows, and says so; what a person decides about the first campaign lifts it.
func TestRowsLeftSendingHold(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 60)
		first := ofSchool(d, s)
		_, err := run(t, first)
		require.NoError(t, err)
		killed := func(n int, age time.Duration) { // accepted, and the answer was lost with the process
			execute(t, d, "UPDATE push_message SET state = 'sending', owner = 'dead-1', sending_at = ?, attempts = 1, updated_at = ? WHERE student_id LIKE ?",
				time.Now().Add(-age).Unix(), time.Now().Add(-age).Unix(), fmt.Sprintf("S00000%d", n))
		}
		for n := range 5 {
			killed(n, 20*time.Minute)
		}
		killed(5, 2*time.Minute)
		execute(t, d, "UPDATE push_campaign SET finished_at = 0")

		second := ofSchool(d, s)
		second.Campaign, second.Fields = "summer", []Field{{"thing1", "其他"}}
		for range 2 {
			got, err := run(t, second)
			require.NoError(t, err)
			assert.Equal(t, []int{54, 0, 6, 0}, []int{got.Unchanged, got.Sent, got.Unknown, got.Pending})
			require.Len(t, got.Others, 1)
			assert.Equal(t, []any{"spring", 0, 6}, []any{got.Others[0].Campaign, got.Others[0].Superseded, got.Others[0].Unknown})
		}
		s.once(t, 60)
		assert.Equal(t, map[string]int{stateAccepted: 54, stateUnknown: 5, statePending: 1}, counts(t, newLedger(d, first.AppID, "spring")),
			"rows of the dead are settled by whoever comes next")

		first.UnknownReceived, first.OnlyStudent = true, "S000000"
		got, err := run(t, first)
		require.NoError(t, err)
		assert.Equal(t, 4, got.Unknown)
		execute(t, d, "UPDATE push_message SET state = 'failed' WHERE campaign = 'spring' AND student_id = 'S000001'")
		got, err = run(t, second)
		require.NoError(t, err)
		assert.Equal(t, []int{54, 1, 2, 3, 0}, []int{got.Unchanged, got.Accepted, got.Skipped, got.Unknown, got.Pending})
	})
}

// TestOthersExpire: a row of another campaign that waited to be repeated is unknown after nine
// minutes, so that a person can decide about it, though nobody goes on with its campaign.
func TestOthersExpire(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 3)
		first, second := ofSchool(d, s), ofSchool(d, s)
		second.Campaign = "summer"
		startLoading(t, first).page(pagesOf(t, first, 10)[0])
		for i, age := range []time.Duration{2 * time.Minute, 20 * time.Minute} {
			execute(t, d, "UPDATE push_message SET sending_at = ?, attempts = 1 WHERE student_id = ?", time.Now().Add(-age).Unix(), fmt.Sprintf("S%06d", i))
		}
		second.ResendUnknown = true
		got, err := run(t, second)
		require.NoError(t, err)
		assert.Equal(t, []int{2, 1}, []int{got.Sent, got.Unknown}, "the young one may still be repeated by its own campaign")
		assert.Equal(t, map[string]int{stateSkipped: 2, statePending: 1}, counts(t, newLedger(d, first.AppID, "spring")))
	})
}

// TestResendInTheNewCampaign: a person decides there about rows in doubt of the old one.
func TestResendInTheNewCampaign(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 10)
		first, second := ofSchool(d, s), ofSchool(d, s)
		second.Campaign = "summer"
		_, err := run(t, first)
		require.NoError(t, err)
		execute(t, d, "UPDATE push_message SET state = 'unknown' WHERE student_id < 'S000004'")
		got, err := run(t, second)
		require.NoError(t, err)
		assert.Equal(t, []int{6, 4}, []int{got.Unchanged, got.Unknown})

		second.ResendUnknown, second.OnlyStudent = true, "S000001"
		look, err := Look(t.Context(), second, 0)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 3}, []int{look.Pending, look.Unknown})
		got, err = run(t, second)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 3}, []int{got.Sent, got.Unknown})
		second.OnlyStudent, second.OnlyOpenID = "", fmt.Sprintf("oPush%023d", 2)
		got, err = run(t, second)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 2}, []int{got.Sent, got.Unknown})
		assert.EqualValues(t, 12, s.AcceptedCount())
		assert.Equal(t, map[string]int{stateAccepted: 6, stateSkipped: 2, stateUnknown: 2}, counts(t, newLedger(d, first.AppID, "spring")))

		second.ResendUnknown, second.UnknownReceived, second.OnlyOpenID = false, true, ""
		look, err = Look(t.Context(), second, 0)
		require.NoError(t, err)
		got, err = run(t, second)
		require.NoError(t, err)
		assert.Equal(t, []int{0, 4, 0}, []int{got.Sent, got.Accepted, got.Unknown})
		assert.Equal(t, []int{4, 0}, []int{look.Accepted, look.Unknown})
		first.ResendUnknown = true
		got, err = run(t, first)
		require.NoError(t, err)
		assert.Equal(t, []int{0, 4, 0}, []int{got.Sent, got.Skipped, got.Unknown}, "accepted anywhere outranks unknown anywhere")
		second.ResendUnknown = true
		_, err = Run(t.Context(), nil, second)
		require.ErrorContains(t, err, "ResendUnknown")
	})
}

// TestRetryFailedOfAnOldCampaign: what another campaign has sent since, or may have sent, stays.
func TestRetryFailedOfAnOldCampaign(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 4)
		first, second := ofSchool(d, s), ofSchool(d, s)
		second.Campaign, second.Again = "notice", true // apart, so that nobody is left to it
		_, err := run(t, second)
		require.NoError(t, err)
		execute(t, d, "UPDATE push_message SET state = 'unknown' WHERE student_id = 'S000001'")
		execute(t, d, "UPDATE push_message SET state = 'failed' WHERE student_id = 'S000002'")
		startLoading(t, first)
		for i := range 4 {
			place4(t, d, first.AppID, i)
		}
		first.RetryFailed = true
		look, err := Look(t.Context(), first, 0)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 1, 2, 0}, []int{look.Pending, look.Unknown, look.Skipped, look.Failed})
		got, err := run(t, first)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 1, 2, 0}, []int{got.Sent, got.Unknown, got.Skipped, got.Failed})
	})
}

// place4 puts a failed row of the i-th parent into campaign spring.
func place4(t *testing.T, d *db.DB, appID string, i int) {
	t.Helper()
	execute(t, d, `INSERT INTO push_message (appid, campaign, openid, student_id, content, client_msg_id, state, owner, sending_at, msgid, errcode, error, attempts, updated_at)
SELECT appid, 'spring', openid, student_id, content, ?, 'failed', '', 1, 0, 47003, 'x', 1, 1 FROM push_message WHERE appid = ? AND campaign = 'notice' AND student_id = ?`,
		messageID(appID, "spring", fmt.Sprintf("oPush%023d", i), fmt.Sprintf("S%06d", i), 0), appID, fmt.Sprintf("S%06d", i))
}

// TestNotices: a notice to everybody supersedes nobody, and nobody supersedes it.
func TestNotices(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 10)
		photos, notice := ofSchool(d, s), ofSchool(d, s)
		notice.Campaign, notice.Again, notice.Fields = "notice", true, []Field{{"thing1", "放假"}}
		for _, l := range []loading{startLoading(t, photos), startLoading(t, notice)} {
			l.page(pagesOf(t, photos, 10)[0])
		}
		for _, cfg := range []Config{photos, notice, photos} {
			got, err := run(t, cfg)
			require.NoError(t, err)
			assert.Empty(t, got.Others)
		}
		assert.EqualValues(t, 20, s.AcceptedCount())
		later := ofSchool(d, s)
		later.Campaign = "later"
		got, err := run(t, later)
		require.NoError(t, err)
		assert.Equal(t, 10, got.Unchanged)
	})
}

// TestCampaignsAfterOneOfTheFuture: a clock that was wrong once, or two campaigns of one second, take
// nobody's next photo away.
func TestCampaignsAfterOneOfTheFuture(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 5)
		cfg := ofSchool(d, s)
		for i, name := range []string{"z", "m", "a"} {
			cfg.Campaign = name
			execute(t, d, "UPDATE student_photo SET photo_url = ?", fmt.Sprintf("https://p.example/%d.jpg", i))
			got, err := run(t, cfg)
			require.NoError(t, err)
			assert.Equal(t, 5, got.Sent, name)
			if i == 0 {
				execute(t, d, "UPDATE push_campaign SET created_at = created_at + 28800")
			}
		}
		cfg.Campaign = "m" // which began earlier than the last one, and a new photo has come
		execute(t, d, "INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time) VALUES ('1', 'oNew', 'S000000', '2026-01-01 00:00:00')")
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 1, got.Sent)
	})
}

// TestFailedTakesNothing: a campaign whose values break a rule for everybody takes no recipient away
// from the one before it, and its failed rows keep nobody back.
func TestFailedTakesNothing(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 10)
		first, broken := ofSchool(d, s), ofSchool(d, s)
		first.Batch, first.Interval = 1, time.Hour
		stop := make(chan struct{})
		first.Progress = func(p Progress) {
			if p.Pause > 0 {
				close(stop)
			}
		}
		_, err := Run(t.Context(), stop, first)
		require.Error(t, err)
		broken.Campaign, broken.Fields = "summer", []Field{{"thing1", "一二三四五六七八九十一二三四五六七八九十一"}}
		for _, broken.RetryFailed = range []bool{false, true} {
			got, err := run(t, broken)
			require.NoError(t, err)
			assert.Equal(t, []int{1, 9}, []int{got.Unchanged, got.Failed})
			assert.Empty(t, got.Others)
		}
		first.Batch, first.Progress = 0, nil
		got, err := run(t, first)
		require.NoError(t, err)
		assert.Equal(t, []int{10, 0, 9}, []int{got.Accepted, got.Skipped, got.Sent})
		s.once(t, 10)
	})
}

// TestRetryOfAnEarlierCampaign: two campaigns have failed for the same parent; either may be tried
// again once the school has mended the name, and one message is sent.
func TestRetryOfAnEarlierCampaign(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		bind(t, d, "oA", "s1")
		photo(t, d, "s1", "一二三四五六七八九十一二三四五六七八九十一", "https://p.example/1.jpg", "2026-11-20 18:00:00")
		c := ofSchool(d, s)
		for _, c.Campaign = range []string{"q1", "q2"} {
			got, err := run(t, c)
			require.NoError(t, err)
			assert.Equal(t, 1, got.Failed)
		}
		execute(t, d, "UPDATE student_photo SET student_name = '甲'")
		c.Campaign, c.RetryFailed = "q1", true
		got, err := run(t, c)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 1, 0}, []int{got.Sent, got.Accepted, got.Skipped})
		c.Campaign = "q2"
		got, err = run(t, c)
		require.NoError(t, err)
		assert.Equal(t, []int{0, 1}, []int{got.Sent, got.Skipped})
		s.once(t, 1)
	})
}
