package push

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/wechattest"
)

// spring is a block of the test campaign.
func spring(k int64) Block {
	return Block{Campaign: "spring", First: k * BlockSize, End: (k + 1) * BlockSize}
}

// TestBlockStops: what is in flight is settled, the rest stays as it was.
func TestBlockStops(t *testing.T) {
	t.Parallel()
	s, cfg, _ := prepared(t, 150)
	stop := make(chan struct{})
	var once sync.Once
	s.OnAccept(func(wechattest.Accepted) { once.Do(func() { close(stop) }) })
	d := desk(t, cfg, func(c *DeskConfig) { c.Workers = 4 })
	c, err := d.Block(t.Context(), stop, spring(0))
	require.NoError(t, err)
	assert.True(t, c.Fresh)
	assert.False(t, c.Repeats)
	assert.Empty(t, c.Halt)
	assert.Less(t, c.Accepted, 150)
	assert.EqualValues(t, s.AcceptedCount(), c.Accepted)
	assert.Equal(t, map[string]int{stateAccepted: c.Accepted, statePending: 150 - c.Accepted}, counts(t, newLedger(cfg.Ledger, cfg.AppID, "spring")))
	assert.Zero(t, d.hand.rows.Load())
	c, err = d.Block(t.Context(), stop, spring(0))
	require.NoError(t, err)
	assert.Equal(t, Carried{Fresh: true}, c, "it claims nothing any more")
	sendAll(t, []Block{spring(0)}, d)
	assert.EqualValues(t, 150, s.AcceptedCount())
}

// TestBlockIsWithinItsBounds: of the rows before and behind it nothing leaves.
func TestBlockIsWithinItsBounds(t *testing.T) {
	t.Parallel()
	_, cfg, _ := prepared(t, 450)
	d := desk(t, cfg)
	c, err := d.Block(t.Context(), nil, spring(1))
	require.NoError(t, err)
	assert.Equal(t, Carried{Settled: Settled{Accepted: BlockSize}}, c)
	assert.Equal(t, []Block{spring(0), spring(2)}, prepare(t, cfg))
}

// TestBlocksShareSenders: two blocks at once have as many messages in flight as the desk has
// senders, and as many rows in hand as these and one second of the rate.
func TestBlocksShareSenders(t *testing.T) {
	t.Parallel()
	const workers, rate = 3, 10
	s, cfg, _ := prepared(t, 390)
	var flying, most, sending atomic.Int64
	s.OnAccept(func(wechattest.Accepted) {
		most.Store(max(most.Load(), flying.Add(1)))
		defer flying.Add(-1)
		var n int64
		if assert.NoError(t, cfg.Ledger.QueryRow("SELECT COUNT(*) FROM push_message WHERE state = 'sending'").Scan(&n)) {
			sending.Store(max(sending.Load(), n))
		}
	})
	d := desk(t, cfg, func(c *DeskConfig) { c.Workers, c.Rate = workers, rate })
	assert.Equal(t, Settled{Accepted: 390}, sendAll(t, []Block{spring(0), spring(1)}, d))
	assert.EqualValues(t, 390, s.AcceptedCount())
	assert.LessOrEqual(t, most.Load(), int64(workers))
	assert.LessOrEqual(t, sending.Load(), int64(workers+rate))
	assert.Greater(t, sending.Load(), int64(workers), "what leaves next is claimed ahead")
}

// slowly lets one call through at a time.
type slowly struct{ every time.Duration }

func (l slowly) Wait(ctx context.Context) error {
	select {
	case <-time.After(l.every):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestBlockIsWrittenDown at least once a second, however many rows it has claimed at a time.
func TestBlockIsWrittenDown(t *testing.T) {
	t.Parallel()
	s, cfg, _ := prepared(t, 25)
	var written atomic.Int64
	s.OnAccept(func(wechattest.Accepted) {
		var n int64
		if assert.NoError(t, cfg.Ledger.QueryRow("SELECT COUNT(*) FROM push_message WHERE state = 'accepted'").Scan(&n)) {
			written.Store(n)
		}
	})
	var told atomic.Int64
	d := desk(t, cfg, func(c *DeskConfig) {
		c.Limiter, c.Settled = slowly{100 * time.Millisecond}, func(n Settled) { told.Add(int64(n.Accepted)) }
	})
	c, err := d.Block(t.Context(), nil, spring(0))
	require.NoError(t, err)
	assert.Equal(t, Settled{Accepted: 25}, c.Settled)
	assert.Positive(t, written.Load(), "before the last one")
	assert.EqualValues(t, 25, told.Load())
}

// TestBlockHalts: what concerns the account ends the block for all its rows. Nothing is lost, and
// what comes after a pause is judged anew.
func TestBlockHalts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault wechattest.Fault
		after int64 // accepted before
		halt  Reason
	}{
		"refused":             {wechattest.Fault{Code: 48001}, 0, ReasonRefused},
		"refused later":       {wechattest.Fault{Code: 48001}, 50, ReasonRefused},
		"no template":         {wechattest.Fault{Code: 40037}, 0, ReasonRefused},
		"quota":               {wechattest.Fault{Code: 45009}, 20, ReasonQuota},
		"minute":              {wechattest.Fault{Code: 45011}, 20, ""},
		"twenty equal values": {wechattest.Fault{Code: 47003}, 0, ReasonRefused},
		"outage":              {wechattest.Fault{Status: 502}, 20, ReasonOutage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, cfg, _ := prepared(t, 190)
			var broken atomic.Bool
			broken.Store(true)
			s.FaultFunc(func(r *http.Request) *wechattest.Fault {
				if r.URL.Path == sendPath && broken.Load() && s.AcceptedCount() >= tt.after {
					return &tt.fault
				}
				return nil
			})
			d := desk(t, cfg, func(c *DeskConfig) { c.Workers = 4 })
			c, err := d.Block(t.Context(), nil, spring(0))
			require.NoError(t, err)
			assert.Equal(t, tt.halt, c.Halt)
			assert.Equal(t, tt.fault.Code == 45011, c.Minute)
			assert.Equal(t, tt.halt != "" && tt.halt != ReasonOutage, c.Err != nil)
			assert.True(t, c.Fresh)
			n := counts(t, newLedger(cfg.Ledger, cfg.AppID, "spring"))
			assert.Zero(t, n[stateSending])
			assert.GreaterOrEqual(t, n[statePending], 190-int(tt.after)-30)
			broken.Store(false)
			for range 2 { // what is to be repeated comes with the rest
				sendAll(t, []Block{spring(0)}, d)
			}
			assert.EqualValues(t, 190-n[stateFailed], s.AcceptedCount())
			s.once(t, 190-n[stateFailed])
		})
	}
}

// TestBlockThatCannotBeWrittenDown breaks its desk, also when it ends for another reason.
func TestBlockThatCannotBeWrittenDown(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]int{"nothing else": 0, "quota": 45009, "refused": 48001} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, cfg, _ := prepared(t, 10)
			execute(t, cfg.Ledger, `CREATE TRIGGER full BEFORE UPDATE ON push_message FOR EACH ROW
IF NEW.state = 'accepted' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no room'; END IF`)
			s.FaultFunc(func(r *http.Request) *wechattest.Fault {
				if r.URL.Path == sendPath && code != 0 && s.AcceptedCount() > 3 {
					return &wechattest.Fault{Code: code}
				}
				return nil
			})
			d := desk(t, cfg)
			_, err := d.Block(t.Context(), nil, spring(0))
			require.ErrorContains(t, err, "no room")
			<-d.Broken()
			_, err = d.Block(t.Context(), nil, spring(0))
			require.Error(t, err)
		})
	}
}

// TestBlocksRemember: twenty equal refusals in small blocks are as many as in a large one.
func TestBlocksRemember(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 30)
	s.Fail(sendPath, -1, wechattest.Fault{Code: 47003})
	d := desk(t, cfg)
	for i, id := range rows[:25] {
		c, _ := send(t, d, cfg, id)
		assert.Equal(t, i == 19, c.Halt == ReasonRefused, "row %d: after a pause they are counted anew", i)
	}
}

// TestBlockOfAnother: rows that another desk has in hand are left to it, and its block is as sent.
func TestBlockOfAnother(t *testing.T) {
	t.Parallel()
	s, cfg, _ := prepared(t, 10)
	a, b := desk(t, cfg), desk(t, cfg)
	entered, release := make(chan struct{}, 10), make(chan struct{})
	s.OnAccept(func(wechattest.Accepted) { entered <- struct{}{}; <-release })
	done := make(chan Settled)
	go func() { done <- sendAll(t, []Block{spring(0)}, a) }()
	<-entered
	c, err := b.Block(t.Context(), nil, spring(0))
	require.NoError(t, err)
	assert.Equal(t, Carried{}, c)
	close(release)
	assert.Equal(t, Settled{Accepted: 10}, <-done)
	assert.EqualValues(t, 10, s.AcceptedCount())
}
