package push

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// TestDeskLease: a desk that stands still between claim and wire gives the row back. What may have
// left is in doubt, and nine minutes later unknown.
func TestDeskLease(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lost     bool // the first answer; otherwise it stands still before the first attempt
		still    time.Duration
		want     string
		attempts int
	}{
		"before it leaves": {false, 11 * time.Minute, statePending, 0},
		"a lost answer":    {true, 2 * time.Minute, statePending, 1},
		"too late":         {true, 11 * time.Minute, stateUnknown, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, cfg, rows := prepared(t, 1)
			h := newHands()
			stand := func() { h.wall.Add(int64(tt.still)) }
			caller := s.Client(wechat.WithLimiter(happening(stand), sendPath))
			if tt.lost {
				caller = s.Client()
				s.OnAccept(func(wechattest.Accepted) { stand() })
				s.Fail(sendPath, 1, wechattest.Fault{Reset: wechattest.ResetAfter})
			}
			d := desk(t, cfg, func(c *DeskConfig) { c.watch, c.Caller = h.stopwatch(), caller })
			c, state := send(t, d, cfg, rows[0])
			assert.Contains(t, column[string](t, cfg, "error", rows[0]), errLeaseOver.Error())
			assert.Equal(t, tt.want, state)
			assert.Equal(t, tt.want == statePending, c.Left())
			assert.Equal(t, tt.attempts, column[int](t, cfg, "attempts", rows[0]))
			assert.Equal(t, tt.lost, s.Requests(sendPath) == 1)
			var sendingAt int64
			require.NoError(t, cfg.Ledger.QueryRow("SELECT sending_at FROM push_message").Scan(&sendingAt))
			assert.Equal(t, tt.lost, sendingAt != 0)
		})
	}
}

// TestLockIsConfirmed: where a message leaves, the last answer about the lock counts for ten seconds;
// the watch asks again and again.
func TestLockIsConfirmed(t *testing.T) {
	t.Parallel()
	h := newHands()
	l, err := acquire(t.Context(), emptySchool(t, dbtest.MariaDB(t)), "a", h.stopwatch())
	require.NoError(t, err)
	defer l.release()
	assert.Empty(t, l.warning, "this server shows a lock to all")
	assert.True(t, l.sure())
	h.monotonic.Add(int64(sureTime + time.Second))
	assert.False(t, l.sure())
	require.NoError(t, l.held(t.Context()))
	assert.True(t, l.sure())
	h.wall.Add(int64(11 * time.Minute))
	require.Eventually(t, l.sure, time.Minute, 50*time.Millisecond, "the watch has asked")
	file, err := acquire(t.Context(), emptySchool(t, "sqlite:"+t.TempDir()+"/s.db"), "a", h.stopwatch())
	require.NoError(t, err)
	defer file.release()
	h.wall.Add(int64(time.Hour))
	assert.True(t, file.sure(), "a file's lock lasts as long as its process")
}

// TestPushSaysForWhomItWaits: of a process that has ended at once.
func TestPushSaysForWhomItWaits(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 3)
	execute(t, cfg.Ledger, "UPDATE push_message SET state = 'sending', owner = 'dead-1', attempts = 1, sending_at = UNIX_TIMESTAMP() - 30, updated_at = UNIX_TIMESTAMP() - 30 WHERE id = ?", rows[0])
	cfg.takeOver = 32 * time.Second
	var waited []Holder
	cfg.Progress = func(p Progress) {
		if len(p.Holders) > 0 {
			waited = p.Holders
		}
	}
	got, err := run(t, cfg)
	require.NoError(t, err)
	assert.Equal(t, 3, got.Accepted)
	s.once(t, 3)
	require.Len(t, waited, 1)
	assert.Equal(t, Holder{"dead-1", 1, waited[0].Since, LockFree}, waited[0])
}
