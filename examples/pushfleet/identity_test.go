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
