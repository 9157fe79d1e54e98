package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// TestRightChild: a push tells a parent of the child whose id the database prints, and of no other,
// whatever types and collations the school's columns have.
func TestRightChild(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s, id, environment := newServer(t)
		s.Follow(dbtest.PairOpenID)
		d := dbtest.Open(t, address)
		for i, p := range dbtest.Pairs(d.Dialect) {
			photo := fmt.Sprintf("https://p.example/%d.jpg", i)
			p.Make(t, d, photo)
			before := s.AcceptedCount()
			r := runProgram(t.Context(), environment, realFlags(address, id, "-json", "-campaign", fmt.Sprintf("c%d", i))...)
			require.Equal(t, exitOK, r.status, "%s: %s", p.Name, r.both())
			sum := summaryOf(t, r)
			if !p.Same {
				assert.Equal(t, before, s.AcceptedCount(), p.Name)
				assert.Equal(t, 1, sum.LeftOut, p.Name)
				continue
			}
			assert.Equal(t, 1, sum.Accepted, p.Name)
			all := s.Accepted()
			require.NotEmpty(t, all)
			last := all[len(all)-1].Message
			assert.Equal(t, dbtest.PairOpenID, last.To, p.Name)
			assert.Equal(t, photo, last.URL, p.Name)
			assert.Equal(t, dbtest.PairName, last.Data["thing1"].Value, p.Name)
		}
	})
}
