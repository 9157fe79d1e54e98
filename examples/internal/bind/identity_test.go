package bind_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/school"
)

// TestChildOfAnyColumn: whatever types the school's columns have, a parent's child is the one
// whose id is printed, and its name and photo are those of that id and no other.
func TestChildOfAnyColumn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s, _, d := open(t, address)
		for _, p := range dbtest.Pairs(d.Dialect) {
			p.Make(t, d, "https://p.example/1.jpg")
			children, err := s.Children(t.Context(), dbtest.PairOpenID)
			require.NoError(t, err, p.Name)
			if p.Text == "" {
				assert.Empty(t, children, p.Name)
				continue
			}
			require.Len(t, children, 1, p.Name)
			assert.Equal(t, p.Text, children[0].StudentID, p.Name)
			photo, err := school.NewestPhoto(t.Context(), d.DB, p.Text)
			require.NoError(t, err, p.Name)
			name, url := "", ""
			if p.Same {
				name, url = dbtest.PairName, "https://p.example/1.jpg"
			}
			assert.Equal(t, name, children[0].Name, p.Name)
			assert.Equal(t, url, photo.URL, p.Name)
			bound, err := s.Bound(t.Context(), dbtest.PairOpenID, p.Text)
			require.NoError(t, err, p.Name)
			assert.True(t, bound, p.Name)
			stranger, err := s.Children(t.Context(), strings.ToUpper(dbtest.PairOpenID))
			require.NoError(t, err, p.Name)
			assert.Empty(t, stranger, "%s: an openid that differs in case", p.Name)
			n, err := s.Unbind(t.Context(), dbtest.PairOpenID, p.Text)
			require.NoError(t, err, p.Name)
			assert.Equal(t, 1, n, p.Name)
		}
	})
}

// TestOwnTableOfTheSchool takes upper for lower case, and ids for a parent's who is another.
func TestOwnTableOfTheSchool(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s, _, d := open(t, address)
		dbtest.Pairs(d.Dialect)[0].Make(t, d, "https://p.example/1.jpg") // PairOpenID is bound to a1
		codes := issue(t, s, 2, school.Pupil{StudentID: "A1", StudentName: "李四"})
		got, err := s.Bind(t.Context(), dbtest.PairOpenID, codes[0])
		require.NoError(t, err)
		assert.False(t, got.Already, "a1 is another child")
		children, err := s.Children(t.Context(), dbtest.PairOpenID)
		require.NoError(t, err)
		assert.Len(t, children, 2)
		n, err := s.Unbind(t.Context(), dbtest.PairOpenID, "A1")
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		bound, err := s.Bound(t.Context(), dbtest.PairOpenID, "a1")
		require.NoError(t, err)
		assert.True(t, bound, "the binding to the other child stays")
	})
}

// TestABindingThatTheTableCannotHold: a server that is not strict would make it another child's.
func TestABindingThatTheTableCannotHold(t *testing.T) {
	t.Parallel()
	s, _, d := open(t, dbtest.MariaDB(t)+"?sql_mode=''")
	require.Equal(t, db.MySQL, d.Dialect)
	for name, p := range map[string]dbtest.Pair{
		"number":    {Bound: "INT", Shown: "INT", ID: "7", Photo: "7"},
		"short":     {Bound: "VARCHAR(2)", Shown: "VARCHAR(2)", ID: "'a'", Photo: "'a'"},
		"character": {Bound: "VARCHAR(9) CHARACTER SET ascii", Shown: "INT", ID: "'a'", Photo: "7"},
	} {
		p.Make(t, d, "https://p.example/1.jpg")
		codes := issue(t, s, 1, school.Pupil{StudentID: "三年级7", StudentName: "李四"})
		_, err := s.Bind(t.Context(), "oSomebody", codes[0])
		require.ErrorContains(t, err, "VARCHAR(64)", name)
		assert.NotContains(t, err.Error(), "oSomebody")
		assert.Zero(t, rows(t, d, "parent_wechat_bind WHERE wechat_openid = 'oSomebody'"), name)
		assert.Equal(t, 1, rows(t, d, "bind_code WHERE used_at = 0"), "%s: the code is still good", name)
	}
}

// TestUnbindFromOwnTable: whatever the ids of the school's own table are, a parent who unbinds takes
// nobody else's binding away.
func TestUnbindFromOwnTable(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s, _, d := open(t, address)
		for _, id := range []string{"VARCHAR(9)", "INTEGER", "TEXT"} {
			for _, ids := range [][]any{{"1", "01", "1"}, {"7", "7", "7"}, {nil, nil, nil}} {
				for _, mobile := range []string{"", "13800138000"} {
					_, err := d.Exec("DROP TABLE parent_wechat_bind")
					require.NoError(t, err)
					_, err = d.Exec("CREATE TABLE parent_wechat_bind (id " + id + ", parent_mobile VARCHAR(32), wechat_openid VARCHAR(64), student_id VARCHAR(64), create_time VARCHAR(30))")
					require.NoError(t, err)
					for i, who := range [][2]string{{"oA", "S1"}, {"oB", "S1"}, {"oA", "S2"}} {
						_, err = d.Exec("INSERT INTO parent_wechat_bind VALUES (?, ?, ?, ?, '')", ids[i], mobile, who[0], who[1])
						require.NoError(t, err)
					}
					n, err := s.Unbind(t.Context(), "oA", "S1")
					require.NoError(t, err)
					assert.Equal(t, 1, n)
					for _, left := range []struct {
						openid, student string
						bound           bool
					}{{"oA", "S1", false}, {"oB", "S1", true}, {"oA", "S2", true}} {
						bound, err := s.Bound(t.Context(), left.openid, left.student)
						require.NoError(t, err)
						assert.Equal(t, left.bound, bound, "%s %v %q: %s %s", id, ids, mobile, left.openid, left.student)
					}
				}
			}
		}
	})
}
