package push

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
)

// lasting is the ledger as one process sees it a while later; its take-over time is that of a server.
func (l *ledger) patient(owner string, after time.Duration) *ledger {
	other := l.at(owner, after)
	other.takeOver = takeOverTime
	return other
}

// TestTakeOver shows what becomes of a claimed row in the eyes of another process.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		for name, tt := range map[string]struct {
			age   time.Duration // of the claim
			first time.Duration // of the first attempt
			alive bool
			want  string
		}{
			"a lease that may last":   {takeOverTime - time.Second, takeOverTime - time.Second, false, stateSending},
			"its lease is over":       {takeOverTime, takeOverTime, false, statePending},
			"last moment":             {time.Minute, horizon - time.Second, false, statePending},
			"too late":                {time.Minute, horizon, false, stateUnknown},
			"too late, just claimed":  {time.Second, horizon, false, stateSending},
			"another's clock":         {-ClockSlack, -ClockSlack, false, stateSending},
			"clock set back":          {-ClockSlack - time.Second, -ClockSlack - time.Second, false, stateUnknown},
			"set back, a repetition":  {-ClockSlack - time.Second, time.Minute, false, stateUnknown},
			"its owner lives":         {time.Minute, time.Minute, true, stateSending},
			"lives and is silent":     {horizon, horizon, true, stateUnknown},
			"lives and repeats":       {horizon - time.Second, time.Hour, true, stateSending},
			"lives, clock set back":   {-time.Hour, -time.Hour, true, stateSending},
			"silent since a day":      {24 * time.Hour, 24 * time.Hour, true, stateUnknown},
			"died a day ago":          {24 * time.Hour, 24 * time.Hour, false, stateUnknown},
			"died after a repetition": {horizon, horizon + time.Minute, false, stateUnknown},
		} {
			execute(t, d, "DROP TABLE IF EXISTS push_message")
			l := ledgerOf(t, d, "dead", 3)
			got, err := l.step(t.Context(), nil, pick{n: 2})
			require.NoError(t, err)
			execute(t, d, "UPDATE push_message SET sending_at = updated_at - ? WHERE state = 'sending'", int64((tt.first-tt.age)/time.Second))
			l = l.patient("new", tt.age)
			others, err := l.recover(t.Context(), func(string) (bool, error) { return tt.alive, nil })
			require.NoError(t, err, name)
			want := map[string]int{statePending: 1}
			want[tt.want] += 2
			assert.Equal(t, want, counts(t, l), name)
			if tt.want == stateSending {
				assert.Equal(t, []Holder{{"dead", 2, time.Unix(aMoment, 0), map[bool]string{true: LockHeld, false: LockFree}[tt.alive]}}, others, name)
				continue
			}
			assert.Empty(t, others, name)
			var owners, owner string
			require.NoError(t, d.QueryRow("SELECT MIN(owner), MAX(owner) FROM push_message WHERE id IN (?, ?)", got.rows[0].id, got.rows[1].id).Scan(&owners, &owner))
			assert.Equal(t, map[bool]string{true: "dead"}[tt.want == stateUnknown], owner, "the owner of what is unknown stays noted: %s", name)
			assert.Equal(t, owner, owners)
		}
	})
}

// TestTakeOverOnSQLite: the lock of the file says that the one before has ended; a person who starts
// again does not wait.
func TestTakeOverOnSQLite(t *testing.T) {
	t.Parallel()
	assert.Zero(t, (&Config{Ledger: &db.DB{}}).takeOverTime())
	assert.Equal(t, takeOverTime, (&Config{Ledger: &db.DB{Dialect: db.MySQL}}).takeOverTime())
	assert.Greater(t, takeOverTime-leaseTime, watchTimeout, "a request that left at the end of its lease is there by then")
}

// TestLateAnswer: what a silent process hears in the end is written down, if it is about that very
// id and nobody else has the row.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		for name, tt := range map[string]struct {
			change string // what happens to the row before the answer comes
			answer outcome
			want   string
		}{
			"accepted":               {"", outcome{state: stateAccepted, msgID: 7}, stateAccepted},
			"skipped":                {"", outcome{state: stateSkipped, code: 43004}, stateSkipped},
			"failed":                 {"", outcome{state: stateFailed, code: 47003}, stateFailed},
			"no answer":              {"", outcome{state: statePending, code: -1}, stateUnknown},
			"not sent":               {"", outcome{state: statePending, forget: true}, stateUnknown},
			"ended without one":      {"", outcome{state: stateFailed, forget: true}, stateUnknown},
			"another id, accepted":   {"client_msg_id = 'other'", outcome{state: stateAccepted, msgID: 7}, stateUnknown},
			"another id, skipped":    {"client_msg_id = 'other'", outcome{state: stateSkipped, code: 43004}, stateUnknown},
			"another owner":          {"owner = 'new'", outcome{state: stateAccepted, msgID: 7}, stateUnknown},
			"sent anew meanwhile":    {"state = 'sending', client_msg_id = 'other'", outcome{state: stateAccepted, msgID: 7}, stateSending},
			"anew, and refused here": {"state = 'sending', client_msg_id = 'other'", outcome{state: stateSkipped, code: 43004}, stateSending},
			"taken over":             {"state = 'pending', owner = ''", outcome{state: stateAccepted, msgID: 7}, statePending},
		} {
			execute(t, d, "DROP TABLE IF EXISTS push_message")
			l := ledgerOf(t, d, "slow", 1)
			got, err := l.step(t.Context(), nil, pick{n: 1})
			require.NoError(t, err)
			_, err = l.patient("new", horizon).recover(t.Context(), func(string) (bool, error) { return true, nil })
			require.NoError(t, err)
			require.Equal(t, map[string]int{stateUnknown: 1}, counts(t, l))
			if tt.change != "" {
				execute(t, d, "UPDATE push_message SET "+tt.change)
			}
			tt.answer.row = got.rows[0]
			_, err = l.at("slow", 11*time.Minute).step(t.Context(), []outcome{tt.answer}, pick{})
			require.NoError(t, err)
			assert.Equal(t, map[string]int{tt.want: 1}, counts(t, l), name)
		}
	})
}
