package push

import (
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

// prepared is a campaign of n that is in a ledger of its own, and the ids of its rows.
func prepared(t *testing.T, n int) (*simulated, Config, []int64) {
	t.Helper()
	s := newWeChat(t)
	d := emptySchool(t, dbtest.MariaDB(t))
	fill(t, d, n)
	cfg := ofSchool(d, s)
	prepare(t, cfg)
	return s, cfg, rowsOf(t, cfg)
}

// prepare returns the blocks that are to be sent.
func prepare(t *testing.T, cfg Config) (blocks []Block) {
	t.Helper()
	p, err := Prepare(t.Context(), cfg)
	require.NoError(t, err)
	addsUp(t, p.Summary)
	for page, err := range p.PendingBlocks(t.Context(), cfg.Ledger, cfg.AppID) {
		require.NoError(t, err)
		blocks = append(blocks, page...)
	}
	return blocks
}

// rowsOf returns the ids of a campaign's rows.
func rowsOf(t *testing.T, cfg Config) (ids []int64) {
	t.Helper()
	rows, err := cfg.Ledger.Query("SELECT id FROM push_message WHERE campaign = ? ORDER BY id", cfg.Campaign)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var id int64
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	require.NoError(t, rows.Err())
	return ids
}

// rowOf is a block of one row, as a task of the version before has it.
func rowOf(campaign string, id int64) Block { return Block{Campaign: campaign, First: id, End: id + 1} }

// send has a desk carry out one row and returns what has become of it.
func send(t *testing.T, d *Desk, cfg Config, id int64) (Carried, string) {
	t.Helper()
	c, err := d.Block(t.Context(), nil, rowOf(cfg.Campaign, id))
	require.NoError(t, err)
	return c, column[string](t, cfg, "state", id)
}

// column returns a value of a row.
func column[T any](t *testing.T, cfg Config, name string, id int64) (v T) {
	t.Helper()
	require.NoError(t, cfg.Ledger.QueryRow("SELECT "+name+" FROM push_message WHERE id = ?", id).Scan(&v))
	return v
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

// sendAll has desks carry out all blocks each, two at a time.
func sendAll(t *testing.T, blocks []Block, desks ...*Desk) (total Settled) {
	t.Helper()
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, d := range desks {
		var next atomic.Int64
		for range 2 {
			group.Go(func() {
				for i := next.Add(1) - 1; int(i) < len(blocks); i = next.Add(1) - 1 {
					c, err := d.Block(t.Context(), nil, blocks[i])
					if !assert.NoError(t, err) {
						return
					}
					mu.Lock()
					total = total.Plus(c.Settled)
					mu.Unlock()
				}
			})
		}
	}
	group.Wait()
	return total
}

// TestDesks has two desks carry out all blocks each: every row leaves once.
func TestDesks(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 700)
	require.Len(t, rows, 700)
	blocks := prepare(t, cfg)
	assert.Len(t, blocks, 4, "to prepare twice changes nothing")
	a, b := desk(t, cfg), desk(t, cfg)
	assert.Equal(t, Settled{Accepted: 700}, sendAll(t, blocks, a, b))
	s.once(t, 700)
	o, err := a.Orphans(t.Context(), "spring", true)
	require.NoError(t, err)
	assert.True(t, o.Done)
	unfinished, err := Unfinished(t.Context(), cfg)
	require.NoError(t, err)
	assert.Empty(t, unfinished)
	tally, err := Tally(t.Context(), cfg.Ledger, cfg.AppID, "spring")
	require.NoError(t, err)
	assert.Equal(t, 700, tally.Accepted)
	assert.Zero(t, a.hand.rows.Load()+b.hand.rows.Load())
}

// TestDeskByKind shows what each failure does to its row and asks of the queue.
func TestDeskByKind(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault          wechattest.Fault
		state          string
		attempts       int
		fresh, repeats bool
		minute         bool
		halt           Reason
	}{
		"busy":    {wechattest.Fault{Code: -1}, statePending, 1, false, true, false, ""},
		"lost":    {wechattest.Fault{Reset: wechattest.ResetAfter}, statePending, 1, false, true, false, ""},
		"minute":  {wechattest.Fault{Code: 45011}, statePending, 0, true, false, true, ""},
		"quota":   {wechattest.Fault{Code: 45009}, statePending, 0, true, false, false, ReasonQuota},
		"left":    {wechattest.Fault{Code: 43004}, stateSkipped, 1, false, false, false, ""},
		"value":   {wechattest.Fault{Code: 47003}, stateFailed, 1, false, false, false, ""},
		"account": {wechattest.Fault{Code: 48001}, statePending, 0, true, false, false, ReasonRefused},
		// Once is an accident: it is repeated at once.
		"no template": {wechattest.Fault{Code: 40037}, stateAccepted, 1, false, false, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, cfg, rows := prepared(t, 1)
			s.Fail(sendPath, 1, tt.fault)
			d := desk(t, cfg)
			c, state := send(t, d, cfg, rows[0])
			assert.Equal(t, tt.state, state)
			assert.Equal(t, tt.attempts, column[int](t, cfg, "attempts", rows[0]))
			assert.Equal(t, []bool{tt.fresh, tt.repeats, tt.minute}, []bool{c.Fresh, c.Repeats, c.Minute})
			assert.Equal(t, tt.halt, c.Halt)
			assert.Equal(t, tt.halt != "", c.Err != nil, "what holds the account says why")
			if tt.state != statePending {
				assert.False(t, c.Left())
				return
			}
			if tt.halt == "" {
				assert.Positive(t, c.Again)
			}
			_, state = send(t, d, cfg, rows[0])
			assert.Equal(t, stateAccepted, state)
			s.once(t, 1)
		})
	}
}

// TestDeskOutage: messages that surely have not left are as ones that nobody has tried, for hours.
// When as many as there are senders have reached nobody in a row, the block ends.
func TestDeskOutage(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 30)
	s.Server.Close()
	d := desk(t, cfg, func(c *DeskConfig) { c.Workers = 4 })
	c, _ := send(t, d, cfg, rows[0])
	assert.Equal(t, Carried{Fresh: true, Again: c.Again}, c, "one is no outage")
	c, err := d.Block(t.Context(), nil, Block{Campaign: "spring", First: rows[0], End: rows[29] + 1})
	require.NoError(t, err)
	assert.Equal(t, ReasonOutage, c.Halt)
	assert.True(t, c.Fresh)
	assert.False(t, c.Repeats)
	var n int
	require.NoError(t, cfg.Ledger.QueryRow("SELECT COUNT(*) FROM push_message WHERE sending_at = 0 AND attempts = 0 AND state = 'pending'").Scan(&n))
	assert.Equal(t, 30, n)
}

// TestDeskTakesOrphans: rows of a desk that is gone are repeated within nine minutes, and are
// unknown after that; those of one that lives are left alone.
func TestDeskTakesOrphans(t *testing.T) {
	t.Parallel()
	_, cfg, rows := prepared(t, 4)
	living, d := desk(t, cfg), desk(t, cfg)
	now := time.Now().Unix()
	claim := func(row int64, owner string, age int64) {
		execute(t, cfg.Ledger, "UPDATE push_message SET state = 'sending', owner = ?, sending_at = ?, updated_at = ?, attempts = 1 WHERE id = ?", owner, now-age, now-age, row)
	}
	claim(rows[0], "dead-1", 60)
	claim(rows[1], "dead-2", 600)
	claim(rows[2], living.owner, 60)
	o, err := d.Orphans(t.Context(), "spring", false)
	require.NoError(t, err)
	whole := Block{Campaign: "spring", End: BlockSize}
	repeats := whole
	repeats.Repeats = true
	assert.Equal(t, []Block{repeats}, o.Blocks)
	assert.False(t, o.Done)
	for i, want := range []string{statePending, stateUnknown, stateSending, statePending} {
		assert.Equal(t, want, column[string](t, cfg, "state", rows[i]))
	}
	assert.Equal(t, "interrupted while sending", column[string](t, cfg, "error", rows[1]))
	o, err = d.Orphans(t.Context(), "spring", true)
	require.NoError(t, err)
	assert.Equal(t, []Block{whole}, o.Blocks, "somebody may look after the first by now; and, of an empty queue, the one that nobody has tried")
	execute(t, cfg.Ledger, "UPDATE push_message SET updated_at = ? WHERE id = ?", now-30, rows[0])
	o, err = d.Orphans(t.Context(), "spring", true)
	require.NoError(t, err)
	assert.Equal(t, []Block{repeats, whole}, o.Blocks)
	c, err := d.Block(t.Context(), nil, repeats)
	require.NoError(t, err)
	assert.Equal(t, Carried{Settled: Settled{Accepted: 1}}, c, "of a block's repeats nothing else leaves")
	assert.Equal(t, statePending, column[string](t, cfg, "state", rows[3]))
}

// TestDeskRepeatsWithinNineMinutes: by the clock of the ledger's server.
func TestDeskRepeatsWithinNineMinutes(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 3)
	for i, age := range []string{"- 500", "- 545", "+ 60"} { // the last one by a clock that was set back since
		execute(t, cfg.Ledger, "UPDATE push_message SET sending_at = UNIX_TIMESTAMP() "+age+", attempts = 1 WHERE id = ?", rows[i])
	}
	d := desk(t, cfg)
	for i, want := range []string{stateAccepted, stateUnknown, stateUnknown} {
		_, state := send(t, d, cfg, rows[i])
		assert.Equal(t, want, state)
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
			_, state := send(t, d, cfg, rows[0])
			require.Equal(t, statePending, state)
			off.Store(int64(jump))
			_, state = send(t, d, cfg, rows[0])
			if jump.Abs() < time.Minute {
				assert.Equal(t, stateAccepted, state)
			} else {
				assert.Equal(t, stateUnknown, state)
				assert.Contains(t, column[string](t, cfg, "error", rows[0]), "too late")
				assert.False(t, d.clock.steady())
			}
			_, state = send(t, d, cfg, rows[1])
			assert.Equal(t, stateAccepted, state, "what nobody has tried may leave")
			s.once(t, 2)
		})
	}
}

// TestDeskBreaks: without its lock a desk sends nothing; another one does.
func TestDeskBreaks(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 5)
	d := desk(t, cfg)
	send(t, d, cfg, rows[0])
	killConnections(t, cfg.Ledger, "id <> CONNECTION_ID()")
	_, err := d.Block(t.Context(), nil, rowOf("spring", rows[1]))
	require.Error(t, err)
	<-d.Broken()
	require.Error(t, d.Why())
	_, err = d.Block(t.Context(), nil, rowOf("spring", rows[2]))
	require.Error(t, err)
	s.once(t, 1)
	sendAll(t, prepare(t, cfg), desk(t, cfg))
	s.once(t, 5)
}

func TestDeskThatIsClosed(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 2)
	d, err := OpenDesk(t.Context(), DeskConfig{AppID: cfg.AppID, Caller: cfg.Caller, School: cfg.School, Ledger: cfg.Ledger})
	require.NoError(t, err)
	d.Close()
	_, err = d.Block(t.Context(), nil, rowOf("spring", rows[0]))
	require.ErrorIs(t, err, errClosed)
	assert.Zero(t, s.AcceptedCount())
}

func TestDeskSettlesWithoutSending(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 3)
	execute(t, cfg.School, "DELETE FROM parent_wechat_bind WHERE student_id = 'S000000'")
	blocks := prepare(t, cfg)
	execute(t, cfg.Ledger, "UPDATE push_message SET content = 'nonsense' WHERE id = ?", rows[1])
	d := desk(t, cfg)
	assert.Equal(t, Settled{Accepted: 1, Skipped: 1, Failed: 1}, sendAll(t, blocks, d))
	for i, want := range []string{stateSkipped, stateFailed, stateAccepted} {
		assert.Equal(t, want, column[string](t, cfg, "state", rows[i]))
	}
	assert.Equal(t, Settled{}, sendAll(t, blocks, d), "they are settled")
	s.once(t, 1)
	_, err := d.Block(t.Context(), nil, rowOf("autumn", rows[0]))
	require.ErrorIs(t, err, ErrNoCampaign)
	o, err := d.Orphans(t.Context(), "autumn", true)
	require.ErrorIs(t, err, ErrNoCampaign)
	assert.Empty(t, o.Blocks)
}

// TestDeskLinks: the settings of a campaign are the ledger's, and its links those of the worker.
func TestDeskLinks(t *testing.T) {
	t.Parallel()
	s, cfg, _ := prepared(t, 1)
	cfg.Campaign, cfg.Public, cfg.LinkBase, cfg.Again = "spring2", false, "https://school.example/photo", true
	cfg.Link = func(row int64) string { return fmt.Sprintf("https://school.example/photo/%d", row) }
	prepare(t, cfg)
	rows := rowsOf(t, cfg)
	require.Len(t, rows, 1)
	_, err := desk(t, cfg).Block(t.Context(), nil, rowOf("spring2", rows[0]))
	require.ErrorIs(t, err, ErrNoLink)
	_, err = desk(t, cfg, func(c *DeskConfig) { c.Link, c.LinkBase = cfg.Link, "https://other.example" }).Block(t.Context(), nil, rowOf("spring2", rows[0]))
	require.ErrorIs(t, err, ErrNoLink)
	var url string
	s.OnAccept(func(a wechattest.Accepted) { url = a.Message.URL })
	_, state := send(t, desk(t, cfg, func(c *DeskConfig) { c.Link, c.LinkBase = cfg.Link, cfg.LinkBase }), cfg, rows[0])
	assert.Equal(t, stateAccepted, state)
	assert.Equal(t, fmt.Sprintf("https://school.example/photo/%d", rows[0]), url)
}

// TestDeskQuery: a query of the user's is kept with its campaign.
func TestDeskQuery(t *testing.T) {
	t.Parallel()
	s, cfg, _ := prepared(t, 3)
	cfg.Query = `SELECT b.wechat_openid AS openid, b.student_id, p.student_name, p.photo_url, p.photo_update_time
FROM parent_wechat_bind b JOIN student_photo p ON p.student_id = b.student_id WHERE b.student_id <> 'S000001'`
	cfg.Campaign, cfg.KeepQuery, cfg.Now = "query", true, func() time.Time { return time.Now().Add(2 * time.Second) } // the later one
	blocks := prepare(t, cfg)
	assert.Equal(t, Settled{Accepted: 2}, sendAll(t, blocks, desk(t, cfg)))
	s.once(t, 2)
	cfg.Query += " AND 1 = 1"
	_, err := Prepare(t.Context(), cfg)
	require.ErrorIs(t, err, ErrSettings)
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
