package push

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOnlyUnsentRowsAreSuperseded: the statement itself is guarded, whatever was read before it.
func TestOnlyUnsentRowsAreSuperseded(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		require.NoError(t, createLedger(t.Context(), d))
		for state, want := range map[string][2]string{
			"never": {stateSkipped, "never"}, "held": {stateSkipped, stateSkipped}, "again": {"again", "again"}, stateSending: {stateSending, stateSending},
			stateUnknown: {stateUnknown, stateSkipped}, stateAccepted: {stateAccepted, stateAccepted}, stateFailed: {stateFailed, stateFailed},
		} {
			for i, what := range []string{"supersede", "settle"} {
				appID := "wx" + state + what
				place(t, d, appID, "before", placed{state, 1})
				l := &ledger{db: d, appID: appID, campaign: "own", now: time.Now}
				var f foreign
				require.NoError(t, d.QueryRow("SELECT id FROM push_message WHERE appid = ?", appID).Scan(&f.id))
				f.campaign = rival{name: "before", created: 5}
				r := reckoning{}
				r.note(map[string]fate{"supersede": {supersede: []foreign{f}}, "settle": {settle: []foreign{f}}}[what])
				require.NoError(t, l.transact(t.Context(), func(tx *sql.Tx) error { return l.settleForeign(t.Context(), tx, r) }))
				is, _ := now(t, d, appID, "before")
				assert.Equal(t, want[i], is, "%s of %s", what, state)
			}
		}
	})
}

// TestReckoning adds pages up, the oldest campaign first.
func TestReckoning(t *testing.T) {
	t.Parallel()
	a, b := rival{name: "a", created: 20}, rival{name: "b", created: 10}
	sum := reckoning{}
	for range 2 {
		page := reckoning{}
		page.note(fate{supersede: []foreign{{id: 1, campaign: a}, {id: 2, campaign: b}}})
		page.note(fate{doubt: &foreign{campaign: a, state: stateUnknown}})
		page.note(fate{doubt: &foreign{campaign: a, state: stateSending}})
		page.note(fate{doubt: &foreign{campaign: a, state: statePending}})
		page.note(fate{})
		sum.add(page)
	}
	assert.Equal(t, []Other{{"b", time.Unix(10, 0), 2, 0, 0}, {"a", time.Unix(20, 0), 2, 6, 4}}, sum.others())
	assert.Nil(t, reckoning{}.others())
}
