package push

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/wechat/wechattest"
)

// put writes a row of a campaign.
func put(t *testing.T, d *db.DB, campaign, openid, student, state string, sendingAt, attempts int) {
	t.Helper()
	execute(t, d, `INSERT INTO push_message
(appid, campaign, openid, student_id, content, client_msg_id, state, owner, sending_at, msgid, errcode, error, attempts, updated_at)
VALUES ('wx1', ?, ?, ?, '{}', 'm', ?, '', ?, 0, 0, '', ?, 0)`, campaign, openid, student, state, sendingAt, attempts)
}

// is returns who has the row of a student, and its state.
func is(t *testing.T, d *db.DB, campaign, student string) (openid, state string) {
	t.Helper()
	require.NoError(t, d.QueryRow("SELECT openid, state FROM push_message WHERE campaign = ? AND student_id = ?", campaign, student).Scan(&openid, &state))
	return openid, state
}

// TestForget: every state that a row may be in when its parent leaves.
func TestForget(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		require.NoError(t, createLedger(t.Context(), d))
		for _, r := range []struct {
			name, state         string
			sendingAt, attempts int
			becomes             string
		}{
			{"never", statePending, 0, 0, stateSkipped},
			{"held", stateUnknown, 0, 0, stateSkipped},
			{"again", statePending, 1000, 1, stateUnknown},
			{"unknown", stateUnknown, 1000, 1, stateUnknown},
			{"accepted", stateAccepted, 1000, 1, stateAccepted},
			{"skipped", stateSkipped, 0, 0, stateSkipped},
			{"failed", stateFailed, 1000, 1, stateFailed},
			{"sending", stateSending, 1000, 1, stateSending},
		} {
			put(t, d, "c", "oA", r.name, r.state, r.sendingAt, r.attempts)
			put(t, d, "c", "oB", r.name+" of another", r.state, r.sendingAt, r.attempts)
			did, err := Forget(t.Context(), d, "wx1", "oA")
			require.NoError(t, err, r.name)
			assert.Len(t, did.Name, len(formerPrefix)+32)
			openid, state := is(t, d, "c", r.name)
			assert.Equal(t, r.becomes, state, r.name)
			if r.state == stateSending {
				assert.Equal(t, "oA", openid, "until it is settled")
				continue
			}
			assert.Equal(t, did.Name, openid, r.name)
			openid, state = is(t, d, "c", r.name+" of another")
			assert.Equal(t, []string{"oB", r.state}, []string{openid, state}, r.name)
		}
		execute(t, d, "UPDATE push_message SET state = 'accepted' WHERE student_id = 'sending'")
		require.NoError(t, newLedger(d, "wx1", "c").leaveSettled(t.Context()))
		openid, state := is(t, d, "c", "sending")
		assert.True(t, strings.HasPrefix(openid, formerPrefix), openid)
		assert.Equal(t, stateAccepted, state)
	})
}

// TestForgottenTwice: of two rows of one campaign and pupil the one that says more has the name that a
// load looks for.
func TestForgottenTwice(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		require.NoError(t, createLedger(t.Context(), d))
		var name string
		for _, state := range []string{stateFailed, stateUnknown, stateAccepted, stateFailed} {
			put(t, d, "c", "oA", "S", state, 1000, 1)
			did, err := Forget(t.Context(), d, "wx1", "oA")
			require.NoError(t, err)
			name = did.Name
		}
		var state string
		require.NoError(t, d.QueryRow("SELECT state FROM push_message WHERE openid = ?", name).Scan(&state))
		assert.Equal(t, stateAccepted, state)
		var n int
		require.NoError(t, d.QueryRow("SELECT COUNT(*) FROM push_message WHERE openid LIKE 'gone-%'").Scan(&n))
		assert.Equal(t, 4, n)
	})
}

// TestTheKeyOfTheLedger is made once, also by several at once, and is another one in another ledger.
func TestTheKeyOfTheLedger(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		var group sync.WaitGroup
		names := make([]string, 4)
		for i := range names {
			group.Go(func() {
				did, err := Forget(t.Context(), d, "wx1", "oA")
				assert.NoError(t, err)
				names[i] = did.Name
			})
		}
		group.Wait()
		for _, name := range names {
			assert.Equal(t, names[0], name)
		}
		other, err := Forget(t.Context(), emptySchool(t, "sqlite:"+t.TempDir()+"/other.db"), "wx1", "oA")
		require.NoError(t, err)
		assert.NotEqual(t, names[0], other.Name)
	})
}

// TestComeBack: who leaves and binds again gets no accepted photo a second time, by the same or
// another campaign, and a new photo once.
func TestComeBack(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d, w := emptySchool(t, address), newWeChat(t)
		fill(t, d, 3)
		cfg := ofSchool(d, w)
		got, err := run(t, cfg)
		require.NoError(t, err)
		require.Equal(t, 3, got.Accepted)
		leaver := fmt.Sprintf("oPush%023d", 1)
		_, err = Forget(t.Context(), d, w.AppID, leaver)
		require.NoError(t, err)
		again, err := run(t, cfg)
		require.NoError(t, err)
		assert.Zero(t, again.Sent, "the same campaign")
		assert.Equal(t, got.Recipients, again.Recipients)
		cfg.Campaign = "summer"
		look, err := Look(t.Context(), cfg, 3)
		require.NoError(t, err)
		assert.Equal(t, 3, look.Unchanged)
		got, err = run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 3, got.Unchanged)
		w.once(t, 3)
		execute(t, d, "UPDATE student_photo SET photo_url = 'https://p.example/new.jpg' WHERE student_id = 'S000001'")
		cfg.Campaign = "winter"
		got, err = run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 1, got.Sent)
	})
}

// TestComeBackOfAnOlderVersion: rows that were hashed with a key of the environment.
func TestComeBackOfAnOlderVersion(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d, w := emptySchool(t, address), newWeChat(t)
		fill(t, d, 3)
		cfg := ofSchool(d, w)
		_, err := run(t, cfg)
		require.NoError(t, err)
		for i, key := range []string{"the key of the environment", "the link's, since there was no other"} {
			openid := fmt.Sprintf("oPush%023d", i)
			execute(t, d, "UPDATE push_message SET openid = ? WHERE openid = ?", formerName(key, openid), openid)
		}
		cfg.Campaign = "summer"
		cfg.PrivacyKeys = PrivacyKeys(func(name string) string {
			return map[string]string{"WXHOME_PRIVACY_KEY": "the key of the environment\n", "WXHOME_LINK_KEY": "the link's, since there was no other"}[name]
		})
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 3, got.Unchanged)
		assert.Zero(t, got.Sent)
	})
}

// TestComeBackInDoubt: a row in doubt of a parent who left holds when she is back, and a person
// decides.
func TestComeBackInDoubt(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d, w := emptySchool(t, address), newWeChat(t)
		fill(t, d, 2)
		cfg := ofSchool(d, w)
		_, err := run(t, cfg)
		require.NoError(t, err)
		leaver := fmt.Sprintf("oPush%023d", 1)
		execute(t, d, "UPDATE push_message SET state = 'pending', sending_at = 1000, attempts = 1 WHERE openid = ?", leaver)
		_, err = Forget(t.Context(), d, w.AppID, leaver)
		require.NoError(t, err)
		cfg.Campaign = "summer"
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 1, 0}, []int{got.Unchanged, got.Unknown, got.Sent})
		cfg.ResendUnknown = true
		got, err = run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 1, got.Sent)
	})
}

// TestLeaveWhileItIsSent: the row is settled by its owner, who then takes the openid out.
func TestLeaveWhileItIsSent(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		fill(t, d, 1)
		w := newWeChat(t)
		w.OnAccept(func(a wechattest.Accepted) {
			_, err := Forget(t.Context(), d, w.AppID, a.Message.To)
			assert.NoError(t, err)
		})
		got, err := run(t, ofSchool(d, w))
		require.NoError(t, err)
		assert.Equal(t, 1, got.Accepted)
		openid, state := is(t, d, "spring", "S000000")
		assert.True(t, strings.HasPrefix(openid, formerPrefix), openid)
		assert.Equal(t, stateAccepted, state)
	})
}

// TestLeaveTwiceWhileItIsSent: a parent who comes back and leaves again before anybody has taken the
// openid out of the settled row is known by one name.
func TestLeaveTwiceWhileItIsSent(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		l := ledgerOf(t, emptySchool(t, address), "a", 1)
		got, err := l.step(t.Context(), nil, pick{n: 1})
		require.NoError(t, err)
		_, err = Forget(t.Context(), l.db, l.appID, "o00000")
		require.NoError(t, err)
		_, err = l.step(t.Context(), []outcome{{row: got.rows[0], state: stateAccepted, msgID: 7}}, pick{})
		require.NoError(t, err)
		for range 2 {
			did, err := Forget(t.Context(), l.db, l.appID, "o00000")
			require.NoError(t, err)
			openid, state := is(t, l.db, "spring", "1")
			assert.Equal(t, []string{did.Name, stateAccepted}, []string{openid, state})
		}
		var open int
		require.NoError(t, l.db.QueryRow("SELECT COUNT(*) FROM push_left WHERE done = 0").Scan(&open))
		assert.Zero(t, open)
	})
}

// TestUnboundInDoubt: a binding that is gone does not end the doubt of a row that may have arrived.
func TestUnboundInDoubt(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d, w := emptySchool(t, address), newWeChat(t)
		fill(t, d, 1)
		cfg := ofSchool(d, w)
		_, err := run(t, cfg)
		require.NoError(t, err)
		execute(t, d, "UPDATE push_message SET state = 'pending', sending_at = ?, attempts = 1", cfg.now().Unix()-60)
		execute(t, d, "UPDATE parent_wechat_bind SET student_id = 'other'")
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 0}, []int{got.Unknown, got.Sent})
	})
}

// TestNobodyIsThereToResendTo: a row of a parent who has left is not taken up again, so that its doubt
// stays for when she is back.
func TestNobodyIsThereToResendTo(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d, w := emptySchool(t, address), newWeChat(t)
		fill(t, d, 2)
		cfg := ofSchool(d, w)
		_, err := run(t, cfg)
		require.NoError(t, err)
		leaver := fmt.Sprintf("oPush%023d", 1)
		execute(t, d, "UPDATE push_message SET state = 'unknown' WHERE openid = ?", leaver)
		_, err = Forget(t.Context(), d, w.AppID, leaver)
		require.NoError(t, err)
		execute(t, d, "DELETE FROM parent_wechat_bind WHERE wechat_openid = ?", leaver)
		cfg.ResendUnknown, cfg.RetryFailed = true, true
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, []int{0, 1}, []int{got.Sent, got.Unknown})
		_, state := is(t, d, "spring", "S000001")
		assert.Equal(t, stateUnknown, state)
	})
}
