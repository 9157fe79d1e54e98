package push

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/wechat/wechattest"
)

// prepared is a campaign of n that is in a ledger of its own.
func prepared(t *testing.T, n int) (*simulated, Config, []Waiting) {
	t.Helper()
	s := newWeChat(t)
	d := emptySchool(t, dbtest.MariaDB(t))
	fill(t, d, n)
	cfg := ofSchool(d, s)
	return s, cfg, prepare(t, cfg)
}

func prepare(t *testing.T, cfg Config) (rows []Waiting) {
	t.Helper()
	p, err := Prepare(t.Context(), cfg)
	require.NoError(t, err)
	addsUp(t, p.Summary)
	for page, err := range p.PendingRows(t.Context(), cfg.Ledger, cfg.AppID) {
		require.NoError(t, err)
		rows = append(rows, page...)
	}
	return rows
}

func desk(t *testing.T, cfg Config, change ...func(*DeskConfig)) *Desk {
	t.Helper()
	c := DeskConfig{AppID: cfg.AppID, Caller: cfg.Caller, School: cfg.School, Ledger: cfg.Ledger}
	for _, f := range change {
		f(&c)
	}
	d, err := OpenDesk(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d
}

// sendAll sends rows through desks, eight at a time each.
func sendAll(t *testing.T, rows []Waiting, desks ...*Desk) map[string]int {
	t.Helper()
	var mu sync.Mutex
	var group sync.WaitGroup
	states := map[string]int{}
	for _, d := range desks {
		var next atomic.Int64
		for range 8 {
			group.Go(func() {
				for i := next.Add(1) - 1; int(i) < len(rows); i = next.Add(1) - 1 {
					sent, err := d.Send(t.Context(), "spring", rows[i].ID)
					if !assert.NoError(t, err) {
						return
					}
					mu.Lock()
					states[sent.State]++
					mu.Unlock()
				}
			})
		}
	}
	group.Wait()
	return states
}

// TestDesks has two desks send all rows each: every row leaves once.
func TestDesks(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 300)
	require.Len(t, rows, 300)
	assert.Len(t, prepare(t, cfg), 300, "to prepare twice changes nothing")
	a, b := desk(t, cfg), desk(t, cfg)
	states := sendAll(t, rows, a, b)
	assert.Equal(t, map[string]int{"accepted": 300, "": 300}, states)
	s.once(t, 300)
	o, err := a.Orphans(t.Context(), "spring", true)
	require.NoError(t, err)
	assert.True(t, o.Done)
	unfinished, err := Unfinished(t.Context(), cfg)
	require.NoError(t, err)
	assert.Empty(t, unfinished)
	tally, err := Tally(t.Context(), cfg.Ledger, cfg.AppID, "spring")
	require.NoError(t, err)
	assert.Equal(t, 300, tally.Accepted)
}

// TestDeskByKind shows what each failure does to its row and asks of the queue.
func TestDeskByKind(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault    wechattest.Fault
		state    string
		attempts int
		minute   bool
		halt     Reason
	}{
		"busy":        {wechattest.Fault{Code: -1}, statePending, 1, false, ""},
		"lost":        {wechattest.Fault{Reset: wechattest.ResetAfter}, statePending, 1, false, ""},
		"minute":      {wechattest.Fault{Code: 45011}, statePending, 0, true, ""},
		"quota":       {wechattest.Fault{Code: 45009}, statePending, 0, false, ReasonQuota},
		"left":        {wechattest.Fault{Code: 43004}, stateSkipped, 1, false, ""},
		"value":       {wechattest.Fault{Code: 47003}, stateFailed, 1, false, ""},
		"account":     {wechattest.Fault{Code: 48001}, statePending, 0, false, ReasonRefused},
		"no template": {wechattest.Fault{Code: 40037}, statePending, 0, false, ""}, // once is an accident
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, cfg, rows := prepared(t, 1)
			s.Fail(sendPath, 1, tt.fault)
			d := desk(t, cfg)
			sent, err := d.Send(t.Context(), "spring", rows[0].ID)
			require.NoError(t, err)
			require.Error(t, sent.Err)
			assert.Equal(t, tt.state, sent.State)
			assert.Equal(t, tt.attempts, sent.Attempts)
			assert.Equal(t, tt.minute, sent.Minute)
			assert.Equal(t, tt.halt, sent.Halt)
			state, _ := stateOf(t, cfg.Ledger, fmt.Sprintf("oPush%023d", 0))
			assert.Equal(t, tt.state, state)
			if tt.state != statePending {
				return
			}
			assert.Positive(t, sent.Again)
			sent, err = d.Send(t.Context(), "spring", rows[0].ID)
			require.NoError(t, err)
			assert.Equal(t, stateAccepted, sent.State)
			s.once(t, 1)
		})
	}
}

// TestDeskOutage: a message that surely has not left is as one that nobody has tried, for hours.
func TestDeskOutage(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 3)
	s.Server.Close()
	d := desk(t, cfg)
	for i, r := range rows {
		sent, err := d.Send(t.Context(), "spring", r.ID)
		require.NoError(t, err)
		assert.Equal(t, statePending, sent.State)
		assert.Zero(t, sent.Attempts)
		assert.Equal(t, i+1, sent.Unreached)
	}
	var n int
	require.NoError(t, cfg.Ledger.QueryRow("SELECT COUNT(*) FROM push_message WHERE sending_at = 0 AND attempts = 0 AND state = 'pending'").Scan(&n))
	assert.Equal(t, 3, n)
}

// TestDeskTakesOrphans: rows of a desk that is gone are repeated within nine minutes, and are
// unknown after that; those of one that lives are left alone.
func TestDeskTakesOrphans(t *testing.T) {
	t.Parallel()
	_, cfg, rows := prepared(t, 4)
	living, d := desk(t, cfg), desk(t, cfg)
	now := time.Now().Unix()
	claim := func(row Waiting, owner string, age int64) {
		execute(t, cfg.Ledger, "UPDATE push_message SET state = 'sending', owner = ?, sending_at = ?, attempts = 1 WHERE id = ?", owner, now-age, row.ID)
	}
	claim(rows[0], "dead-1", 60)
	claim(rows[1], "dead-2", 600)
	claim(rows[2], living.owner, 60)
	o, err := d.Orphans(t.Context(), "spring", false)
	require.NoError(t, err)
	assert.Equal(t, []Waiting{{rows[0].ID, 1}}, o.Rows)
	assert.False(t, o.Done)
	state, reason := stateOf(t, cfg.Ledger, fmt.Sprintf("oPush%023d", 1))
	assert.Equal(t, []string{stateUnknown, "interrupted while sending"}, []string{state, reason})
	state, _ = stateOf(t, cfg.Ledger, fmt.Sprintf("oPush%023d", 2))
	assert.Equal(t, stateSending, state)
	o, err = d.Orphans(t.Context(), "spring", true)
	require.NoError(t, err)
	assert.Len(t, o.Rows, 2, "and, of an empty queue, the one that nobody has tried")
}

// TestDeskRepeatsWithinNineMinutes: by the clock of the ledger's server.
func TestDeskRepeatsWithinNineMinutes(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 3)
	for i, age := range []string{"- 500", "- 545", "+ 60"} { // the last one by a clock that was set back since
		execute(t, cfg.Ledger, "UPDATE push_message SET sending_at = UNIX_TIMESTAMP() "+age+", attempts = 1 WHERE id = ?", rows[i].ID)
	}
	d := desk(t, cfg)
	for i, want := range []string{stateAccepted, stateUnknown, stateUnknown} {
		sent, err := d.Send(t.Context(), "spring", rows[i].ID)
		require.NoError(t, err)
		assert.Equal(t, want, sent.State)
	}
	s.once(t, 1)
}

// TestDeskClockJumps: what was sent before a jump is not repeated after it.
func TestDeskClockJumps(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]time.Duration{"on": 10 * time.Minute, "back": -10 * time.Minute, "on, and still within the nine": 5 * time.Minute, "on by a little": time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, cfg, rows := prepared(t, 2)
			var off atomic.Int64
			d := desk(t, cfg, func(c *DeskConfig) {
				c.Now = func() time.Time { return time.Now().Add(time.Duration(off.Load())) }
			})
			s.Fail(sendPath, 1, wechattest.Fault{Reset: wechattest.ResetAfter})
			sent, err := d.Send(t.Context(), "spring", rows[0].ID)
			require.NoError(t, err)
			require.Equal(t, statePending, sent.State)
			off.Store(int64(jump))
			sent, err = d.Send(t.Context(), "spring", rows[0].ID)
			require.NoError(t, err)
			if jump.Abs() < time.Minute {
				assert.Equal(t, stateAccepted, sent.State)
			} else {
				assert.Equal(t, stateUnknown, sent.State)
				require.ErrorContains(t, sent.Err, "too late")
				assert.False(t, d.clock.steady())
			}
			sent, err = d.Send(t.Context(), "spring", rows[1].ID)
			require.NoError(t, err)
			assert.Equal(t, stateAccepted, sent.State, "what nobody has tried may leave")
			s.once(t, 2)
		})
	}
}

// TestDeskBreaks: without its lock a desk sends nothing; another one does.
func TestDeskBreaks(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 5)
	d := desk(t, cfg)
	_, err := d.Send(t.Context(), "spring", rows[0].ID)
	require.NoError(t, err)
	killConnections(t, cfg.Ledger, "id <> CONNECTION_ID()")
	_, err = d.Send(t.Context(), "spring", rows[1].ID)
	require.Error(t, err)
	<-d.Broken()
	require.Error(t, d.Why())
	_, err = d.Send(t.Context(), "spring", rows[2].ID)
	require.Error(t, err)
	s.once(t, 1)
	sendAll(t, prepare(t, cfg), desk(t, cfg))
	s.once(t, 5)
}

func TestDeskThatIsClosedOrCancelled(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 2)
	d, err := OpenDesk(t.Context(), DeskConfig{AppID: cfg.AppID, Caller: cfg.Caller, School: cfg.School, Ledger: cfg.Ledger})
	require.NoError(t, err)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.Send(cancelled, "spring", rows[0].ID)
	require.ErrorIs(t, err, context.Canceled)
	d.Close()
	_, err = d.Send(t.Context(), "spring", rows[0].ID)
	require.ErrorIs(t, err, errClosed)
	assert.Zero(t, s.AcceptedCount())
}

func TestDeskSettlesWithoutSending(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 3)
	execute(t, cfg.School, "DELETE FROM parent_wechat_bind WHERE student_id = 'S000000'")
	execute(t, cfg.Ledger, "UPDATE push_message SET content = 'nonsense' WHERE id = ?", rows[1].ID)
	d := desk(t, cfg)
	for i, want := range []string{stateSkipped, stateFailed, stateAccepted} {
		sent, err := d.Send(t.Context(), "spring", rows[i].ID)
		require.NoError(t, err)
		assert.Equal(t, want, sent.State)
		again, err := d.Send(t.Context(), "spring", rows[i].ID)
		require.NoError(t, err)
		assert.Equal(t, Sent{}, again, "it is settled")
	}
	s.once(t, 1)
	_, err := d.Send(t.Context(), "autumn", rows[0].ID)
	require.ErrorIs(t, err, ErrNoCampaign)
	o, err := d.Orphans(t.Context(), "autumn", true)
	require.ErrorIs(t, err, ErrNoCampaign)
	assert.Empty(t, o.Rows)
}

// TestDeskLinks: the settings of a campaign are the ledger's, and its links those of the worker.
func TestDeskLinks(t *testing.T) {
	t.Parallel()
	s, cfg, _ := prepared(t, 1)
	cfg.Campaign, cfg.Public, cfg.LinkBase, cfg.Again = "spring2", false, "https://school.example/photo", true
	cfg.Link = func(row int64) string { return fmt.Sprintf("https://school.example/photo/%d", row) }
	rows := prepare(t, cfg)
	require.Len(t, rows, 1)
	_, err := desk(t, cfg).Send(t.Context(), "spring2", rows[0].ID)
	require.ErrorIs(t, err, ErrNoLink)
	_, err = desk(t, cfg, func(c *DeskConfig) { c.Link, c.LinkBase = cfg.Link, "https://other.example" }).Send(t.Context(), "spring2", rows[0].ID)
	require.ErrorIs(t, err, ErrNoLink)
	var url string
	s.OnAccept(func(a wechattest.Accepted) { url = a.Message.URL })
	sent, err := desk(t, cfg, func(c *DeskConfig) { c.Link, c.LinkBase = cfg.Link, cfg.LinkBase }).Send(t.Context(), "spring2", rows[0].ID)
	require.NoError(t, err)
	assert.Equal(t, stateAccepted, sent.State)
	assert.Equal(t, fmt.Sprintf("https://school.example/photo/%d", rows[0].ID), url)
}

// TestDeskQuery: a query of the user's is kept with its campaign.
func TestDeskQuery(t *testing.T) {
	t.Parallel()
	s, cfg, _ := prepared(t, 3)
	cfg.Query = `SELECT b.wechat_openid AS openid, b.student_id, p.student_name, p.photo_url, p.photo_update_time
FROM parent_wechat_bind b JOIN student_photo p ON p.student_id = b.student_id WHERE b.student_id <> 'S000001'`
	cfg.Campaign, cfg.KeepQuery = "query", true
	rows := prepare(t, cfg)
	require.Len(t, rows, 2)
	d := desk(t, cfg)
	for _, r := range rows {
		sent, err := d.Send(t.Context(), "query", r.ID)
		require.NoError(t, err)
		assert.Equal(t, stateAccepted, sent.State)
	}
	s.once(t, 2)
	cfg.Query += " AND 1 = 1"
	_, err := Prepare(t.Context(), cfg)
	require.ErrorIs(t, err, ErrSettings)
}

func TestPrepareLimit(t *testing.T) {
	t.Parallel()
	_, cfg, rows := prepared(t, 2500)
	assert.Len(t, rows, 2500, "of three pages")
	cfg.Limit = 10
	assert.Len(t, prepare(t, cfg), 10)
	cfg.Campaign = "small"
	assert.Len(t, prepare(t, cfg), 10)
}

func TestDeskNeedsALedgerToShare(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, "sqlite:"+filepath.Join(t.TempDir(), "school.db"))
	cfg := ofSchool(d, s)
	_, err := Prepare(t.Context(), cfg)
	require.ErrorIs(t, err, ErrNotShareable)
	_, err = OpenDesk(t.Context(), DeskConfig{AppID: cfg.AppID, Caller: cfg.Caller, School: d, Ledger: d})
	require.ErrorIs(t, err, ErrNotShareable)
	_, err = OpenDesk(t.Context(), DeskConfig{Ledger: &db.DB{Dialect: db.MySQL}})
	require.ErrorContains(t, err, "required")
}
