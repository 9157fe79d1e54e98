package push

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// A server that gives up on a reader after a second loses no row to a pause of more: pages are
// read to their end before anything is sent.
func TestPausesLongerThanTheServersPatience(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 50,000 messages")
	}
	const rows = 50000
	t.Parallel()
	s := newWeChat(t)
	d := emptySchool(t, dbtest.MariaDB(t)+"?net_write_timeout=1&net_read_timeout=1")
	var patience int
	require.NoError(t, d.QueryRow("SELECT @@net_write_timeout").Scan(&patience))
	require.Equal(t, 1, patience)
	fill(t, d, rows)
	for _, c := range []struct{ name, query string }{
		{"tables", ""},
		{"query", `SELECT b.wechat_openid AS openid, b.student_id, p.student_name, p.photo_url, p.photo_update_time
FROM parent_wechat_bind b JOIN student_photo p ON p.student_id = b.student_id`},
	} {
		cfg := ofSchool(d, s)
		cfg.Caller = callerFunc(func(c call) error { // the wire is not what this is about
			s.mu.Lock()
			defer s.mu.Unlock()
			s.got[c.to]++
			return nil
		})
		name, query := c.name, c.query
		cfg.Campaign, cfg.Query = name, query
		if query != "" { // what the first has sent is unchanged, and read to the end all the same
			execute(t, d, "UPDATE student_photo SET photo_update_time = '2026-11-21 18:00:00' WHERE student_id < 'S002000'")
		}
		cfg.Batch, cfg.Interval = 20000, 1200*time.Millisecond
		pauses := 0
		cfg.Progress = func(p Progress) {
			if p.Pause > 0 {
				pauses++
			}
		}
		start := time.Now()
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, rows, got.Recipients)
		if query == "" {
			assert.Equal(t, rows, got.Accepted)
			assert.Equal(t, 2, pauses)
			s.once(t, rows)
		} else {
			assert.Equal(t, []int{2000, rows - 2000}, []int{got.Accepted, got.Unchanged})
		}
		t.Logf("%s: %d sent in %v with %d pauses", name, got.Sent, time.Since(start), pauses)
	}
}
