package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// TestRightChild: a fleet tells a parent of the child whose id the database prints, and of no
// other.
func TestRightChild(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	want := map[string]int{}
	for i, p := range dbtest.Pairs(w.db.Dialect) {
		if i%5 > 1 { // batchpush goes through all of them
			continue
		}
		p.Make(t, w.db, fmt.Sprintf("https://p.example/%d.jpg", i))
		s := w.enqueue("-campaign", fmt.Sprintf("c%d", i))
		if !p.Same {
			assert.Zero(t, s.Pending, p.Name)
			assert.Equal(t, 1, s.LeftOut, p.Name)
			continue
		}
		assert.Equal(t, 1, s.Pending, p.Name)
		r := w.run(t.Context(), "work", "-rate", "5000", "-until-done")
		require.Equal(t, exitOK, r.status, "%s: %s", p.Name, r.both())
		want[dbtest.PairOpenID+" "+dbtest.PairName]++
		w.mu.Lock()
		assert.Equal(t, want, w.got, p.Name)
		w.mu.Unlock()
	}
}

// TestEnqueueTellsWhoIsLeftOut: those of another form of an id with an example, and those of -since.
func TestEnqueueTellsWhoIsLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	w.execute("UPDATE student_photo SET photo_update_time = '2020-01-01 09:00:00'")
	w.execute("INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time) VALUES ('', 'oA', '0007', '2020-01-01'), ('', NULL, '8', '2020-01-01')")
	w.execute("INSERT INTO student_photo VALUES ('7', 'A', 'https://p.example/7.jpg', '2020-01-01 09:00:00')")
	r := w.run(t.Context(), "enqueue", "-lang", "en", "-template", templateID, "-field", "thing1={student_name}", "-public-photos", "-since", "1s", "-yes")
	require.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.out, "2 rows left out (1 without an openid, 1 without a photo under their student_id)")
	assert.Contains(t, r.out, "5 left out by -since")
	assert.Contains(t, r.errors, `student_id "0007" of parent_wechat_bind has no photo, and "7" of student_photo has one`)
}
