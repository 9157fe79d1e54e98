package push

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/wechat/wechattest"
)

// TestLastWriterWins: of what was said of a campaign and of all, the last counts; cancelled is final.
func TestLastWriterWins(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d, err := db.Open(t.Context(), address, db.Create())
		require.NoError(t, err)
		t.Cleanup(func() { _ = d.Close() })
		for _, tt := range []struct{ wanted, of, spring, autumn string }{
			{"", "", "", ""},
			{wantPaused, "spring", wantPaused, ""},
			{wantOpen, "", wantOpen, wantOpen},
			{wantPaused, "", wantPaused, wantPaused},
			{wantOpen, "spring", wantOpen, wantPaused},
			{wantPaused, "spring", wantPaused, wantPaused},
			{wantOpen, "", wantOpen, wantOpen},
			{wantCancelled, "spring", wantCancelled, wantOpen},
			{wantPaused, "", wantCancelled, wantPaused},
		} {
			if tt.wanted != "" {
				require.NoError(t, want(t.Context(), d, "wx1", tt.of, tt.wanted, "王 老师@办公室"))
			}
			spring, err := ControlOf(t.Context(), d, "wx1", "spring")
			require.NoError(t, err)
			autumn, err := ControlOf(t.Context(), d, "wx1", "autumn")
			require.NoError(t, err)
			assert.Equal(t, []string{tt.spring, tt.autumn}, []string{spring.Wanted, autumn.Wanted}, "%+v", tt)
		}
		cancelled := &CancelledError{}
		require.ErrorAs(t, Resume(t.Context(), d, "wx1", "spring", "li"), &cancelled, "it is final")
		assert.Equal(t, "王 老师@办公室", cancelled.By)
		assert.WithinDuration(t, time.Now(), cancelled.At, time.Minute)
		require.NoError(t, Pause(t.Context(), d, "wx1", "winter", "li"))
		execute(t, d, "UPDATE push_control SET at = at + 3600000 WHERE campaign = 'winter'")
		require.NoError(t, Resume(t.Context(), d, "wx1", "", "li"), "by a clock that is an hour behind")
		winter, err := ControlOf(t.Context(), d, "wx1", "winter")
		require.NoError(t, err)
		assert.Equal(t, wantOpen, winter.Wanted)
		other, err := ControlOf(t.Context(), d, "wx2", "spring")
		require.NoError(t, err)
		assert.Zero(t, other, "another account")
	})
}

// TestPauseAndResume pauses a push in its middle: two seconds later nothing more leaves, and after
// the end of the pause everybody has one message.
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	for name, campaign := range map[string]string{"of the campaign": "spring", "of all": everyCampaign} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 100, func(t *testing.T, s *simulated, cfg Config) {
				cfg.Rate = 5
				var paused []Control
				var resting atomic.Bool
				cfg.Progress = func(p Progress) {
					assert.True(t, p.Paused.Paused() || !resting.Load(), "it would be said that the push goes on")
					if p.Paused.Paused() {
						paused = append(paused, p.Paused)
					}
				}
				var group sync.WaitGroup
				group.Go(func() {
					summary, err := Run(t.Context(), nil, cfg)
					assert.NoError(t, err)
					assert.Equal(t, 100, summary.Accepted)
				})
				time.Sleep(4 * time.Second)
				require.NoError(t, Pause(t.Context(), cfg.Ledger, cfg.AppID, campaign, "li@office"))
				time.Sleep(2 * time.Second)
				synctest.Wait()
				resting.Store(true)
				sent, touched := s.AcceptedCount(), lastTouched(t, cfg.Ledger)
				assert.Less(t, sent, int64(35))
				time.Sleep(time.Hour)
				synctest.Wait()
				assert.Equal(t, touched, lastTouched(t, cfg.Ledger), "nothing is claimed")
				assert.Equal(t, sent, s.AcceptedCount(), "nothing new")
				require.NotEmpty(t, paused)
				assert.Equal(t, "li@office", paused[0].By)
				assert.Equal(t, map[string]int{stateAccepted: int(sent), statePending: 100 - int(sent)}, counts(t, newLedger(cfg.Ledger, cfg.AppID, "spring")))
				resting.Store(false)
				require.NoError(t, Resume(t.Context(), cfg.Ledger, cfg.AppID, campaign, "li@office"))
				group.Wait()
				s.once(t, 100)
			})
		})
	}
}

// lastTouched is when a row was last claimed or settled.
func lastTouched(t *testing.T, d *db.DB) (at int64) {
	t.Helper()
	require.NoError(t, d.QueryRow("SELECT MAX(updated_at) FROM push_message").Scan(&at))
	return at
}

// TestDoubtIsRepeatedWhilePaused: what may have left before the pause is repeated in time, under its
// own id.
func TestDoubtIsRepeatedWhilePaused(t *testing.T) {
	t.Parallel()
	inBubble(t, 20, func(t *testing.T, s *simulated, cfg Config) {
		s.Fail(sendPath, -1, wechattest.Fault{Status: 502, After: true})
		cfg.Rate, cfg.Workers = 5, 2
		var group sync.WaitGroup
		group.Go(func() {
			summary, err := Run(t.Context(), nil, cfg)
			assert.NoError(t, err)
			assert.Equal(t, 20, summary.Accepted)
		})
		time.Sleep(3 * time.Second)
		require.NoError(t, Pause(t.Context(), cfg.Ledger, cfg.AppID, "", "li"))
		s.Heal()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		c := counts(t, newLedger(cfg.Ledger, cfg.AppID, "spring"))
		assert.NotZero(t, c[stateAccepted], "%v", c)
		assert.Equal(t, 20, c[stateAccepted]+c[statePending], "none in doubt: %v", c)
		assert.NotZero(t, c[statePending], "%v", c)
		require.NoError(t, Resume(t.Context(), cfg.Ledger, cfg.AppID, "", "li"))
		group.Wait()
		s.once(t, 20)
	})
}

// TestPausedFromTheBeginning: a push of a paused account loads and waits, and can be stopped.
func TestPausedFromTheBeginning(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 5)
		cfg := ofSchool(d, s)
		require.NoError(t, Pause(t.Context(), d, cfg.AppID, "", "li"))
		stop := make(chan struct{})
		var once sync.Once
		cfg.Progress = func(p Progress) {
			if p.Paused.Paused() {
				once.Do(func() { close(stop) })
			}
		}
		summary, err := Run(t.Context(), stop, cfg)
		require.ErrorContains(t, err, string(ReasonStopped))
		assert.Equal(t, 5, summary.Pending)
		assert.Zero(t, s.AcceptedCount())
		require.NoError(t, Resume(t.Context(), d, cfg.AppID, "spring", "li"))
		summary, err = Run(t.Context(), nil, cfg)
		require.NoError(t, err)
		assert.Equal(t, 5, summary.Accepted)
	})
}

// TestDeskHeeds: a paused campaign's row comes back later and is no failure; of a cancelled one
// nothing is left to do.
func TestDeskHeeds(t *testing.T) {
	t.Parallel()
	s, cfg, rows := prepared(t, 3)
	d := desk(t, cfg)
	d.controls.known = nil
	forget := func() { d.controls.mu.Lock(); d.controls.known = nil; d.controls.mu.Unlock() } // as after a second
	send := func(i int) Carried {
		forget()
		c, err := d.Block(t.Context(), nil, rowOf("spring", rows[i]))
		require.NoError(t, err)
		return c
	}
	accepted := Carried{Settled: Settled{Accepted: 1}}
	require.NoError(t, Pause(t.Context(), cfg.Ledger, cfg.AppID, "spring", "li"))
	assert.Equal(t, Carried{Fresh: true, Again: pausedAgain, Paused: true}, send(0))
	execute(t, cfg.Ledger, "UPDATE push_message SET sending_at = UNIX_TIMESTAMP() - 60, attempts = 1 WHERE id = ?", rows[1])
	assert.Equal(t, Carried{Settled: Settled{Accepted: 1}, Again: pausedAgain, Paused: true}, send(1), "what may have left is repeated")
	forget()
	orphans, err := d.Orphans(t.Context(), "spring", true)
	require.NoError(t, err)
	assert.Empty(t, orphans.Blocks)
	assert.False(t, orphans.Done)
	require.NoError(t, Resume(t.Context(), cfg.Ledger, cfg.AppID, "", "li"))
	assert.Equal(t, accepted, send(0))
	require.NoError(t, want(t.Context(), cfg.Ledger, cfg.AppID, "spring", wantCancelled, "li"))
	assert.Equal(t, Carried{}, send(2))
	assert.Equal(t, map[string]int{stateAccepted: 2, stateSkipped: 1}, counts(t, newLedger(cfg.Ledger, cfg.AppID, "spring")))
	forget()
	orphans, err = d.Orphans(t.Context(), "spring", true)
	require.NoError(t, err)
	assert.True(t, orphans.Done)
	assert.EqualValues(t, 2, s.AcceptedCount())
	_, err = Prepare(t.Context(), cfg)
	require.ErrorAs(t, err, new(*CancelledError), "the name is not taken again")
}

// TestCancel cancels a push in its middle.
func TestCancel(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 40)
		cfg := ofSchool(d, s)
		cfg.Workers, cfg.Rate = 2, 20
		var calls atomic.Int64
		inner := cfg.Caller
		var done Cancelled
		cfg.Caller = callerFunc(func(c call) error {
			if calls.Add(1) == 5 { // the fifth is on its way
				var err error
				done, err = Cancel(context.WithoutCancel(c.ctx), d, cfg.AppID, "spring", "li@office")
				assert.NoError(t, err)
			}
			return c.pass(inner)
		})
		summary, err := Run(t.Context(), nil, cfg)
		cancelled := &CancelledError{}
		require.ErrorAs(t, err, &cancelled)
		assert.NotZero(t, done.Sending, "settled by the one who sends it")
		assert.NotZero(t, done.Skipped)
		addsUp(t, summary)
		assert.Equal(t, 40, summary.Accepted+summary.Skipped, "%+v", summary)
		assert.EqualValues(t, s.AcceptedCount(), summary.Accepted)
		var finished int64
		require.NoError(t, d.QueryRow("SELECT finished_at FROM push_campaign").Scan(&finished))
		assert.NotZero(t, finished)
		_, err = Run(t.Context(), nil, cfg)
		require.ErrorAs(t, err, &cancelled, "the name is not taken again")
		assert.EqualValues(t, summary.Accepted, s.AcceptedCount())
	})
}

// TestCancelOfRowsInDoubt: what may have left is unknown, of a dead process too.
func TestCancelOfRowsInDoubt(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		ledgerOf(t, d, "a", 4)
		now := time.Now().Unix()
		execute(t, d, "UPDATE push_message SET sending_at = ?, attempts = 1 WHERE id = 1", now)
		execute(t, d, "UPDATE push_message SET state = 'sending', owner = 'dead', sending_at = ?, attempts = 1 WHERE id = 2", now)
		execute(t, d, "UPDATE push_message SET updated_at = ?", now-3600)
		done, err := Cancel(t.Context(), d, "wx1", "spring", "li")
		require.NoError(t, err)
		assert.Equal(t, Cancelled{Skipped: 2, Unknown: 2}, done)
		assert.Equal(t, map[string]int{stateSkipped: 2, stateUnknown: 2}, counts(t, newLedger(d, "wx1", "spring")))
		done, err = Cancel(t.Context(), d, "wx1", "spring", "wang")
		require.NoError(t, err, "again")
		assert.Zero(t, done)
	})
}

// TestHeld: what is said of all, and a pause, is no yes to a campaign that is held.
func TestHeld(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		require.NoError(t, createLedger(t.Context(), d))
		for i, name := range []string{"spring", "autumn", "done"} {
			execute(t, d, fmt.Sprintf("INSERT INTO push_campaign (appid, name, settings, unchanged, left_out, created_at, finished_at) VALUES ('wx1', '%s', '{}', 0, 0, %d, %d)", name, i+1, i/2))
		}
		held := func() []string {
			names, err := Held(t.Context(), d, "wx1")
			require.NoError(t, err)
			return names
		}
		require.Empty(t, held())
		for name, by := range map[string]string{"spring": HeldByCron, "autumn": HeldBySchedule, "done": HeldByCron} {
			require.NoError(t, Hold(t.Context(), d, "wx1", name, by))
		}
		for _, say := range []func(context.Context, *db.DB, string, string, string) error{Resume, Pause, Resume} {
			require.NoError(t, say(t.Context(), d, "wx1", everyCampaign, "li"))
			assert.Equal(t, []string{"spring", "autumn"}, held(), "the oldest first, and none that is finished")
		}
		require.NoError(t, Pause(t.Context(), d, "wx1", "autumn", "li"))
		require.NoError(t, Resume(t.Context(), d, "wx1", everyCampaign, "li"))
		assert.Equal(t, []string{"spring", "autumn"}, held())
		require.NoError(t, Resume(t.Context(), d, "wx1", "autumn", "li"))
		assert.Equal(t, []string{"spring"}, held())
		c, err := ControlOf(t.Context(), d, "wx1", "autumn")
		require.NoError(t, err)
		assert.Equal(t, wantOpen, c.Wanted)
		cancelled := &CancelledError{}
		require.NoError(t, want(t.Context(), d, "wx1", "spring", wantCancelled, "li"))
		require.ErrorAs(t, Resume(t.Context(), d, "wx1", "spring", "li"), &cancelled)
		assert.Empty(t, held())
	})
}
