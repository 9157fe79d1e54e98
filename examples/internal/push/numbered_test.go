package push

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// TestPagesLoseNobody: a parent is read whatever the ids of the bindings are: text, repeated, missing.
func TestPagesLoseNobody(t *testing.T) {
	t.Parallel()
	const n = 25
	tests := []struct {
		name, column, id string // the column's type, and the SQL of an id for the row number %d
		view             string // the SQL of the view's id; empty: a table
		numbered         bool
	}{
		{name: "a key", column: "INTEGER NOT NULL PRIMARY KEY", id: "%d", numbered: true},
		{name: "a number", column: "INTEGER", id: "%d", numbered: true},
		{name: "text", column: "VARCHAR(20)", id: "'%d'"},
		{name: "text of six digits", column: "VARCHAR(20)", id: "'%06d'"},
		{name: "text that is no number", column: "VARCHAR(20)", id: "'a%d'"},
		{name: "a number that repeats", column: "INTEGER", id: "%d / 7"},
		{name: "no number", column: "INTEGER", id: "NULL + %d"},
		{name: "a broken number", column: "DOUBLE", id: "%d / 10.0"},
		{name: "a view", column: "INTEGER", id: "%d", view: "id", numbered: true},
		{name: "a view whose ids repeat", column: "INTEGER", id: "%d", view: "id % 4"},
		{name: "a view with some ids", column: "INTEGER", id: "%d", view: "CASE WHEN id > 9 THEN id END"},
	}
	databases(t, func(t *testing.T, address string) {
		d := dbtest.Open(t, address)
		execute(t, d, "CREATE TABLE student_photo (student_id VARCHAR(20), student_name VARCHAR(20), photo_url VARCHAR(99), photo_update_time VARCHAR(20))")
		execute(t, d, "INSERT INTO student_photo VALUES ('S1', '甲', 'https://p/1', '2026-11-20 08:00:00')")
		for _, tt := range tests {
			table := "parent_wechat_bind"
			if tt.view != "" {
				table = "binding"
			}
			execute(t, d, fmt.Sprintf("CREATE TABLE %s (id %s, wechat_openid VARCHAR(20), student_id VARCHAR(20))", table, tt.column))
			var want []string
			for i := range n {
				execute(t, d, fmt.Sprintf("INSERT INTO %s VALUES (%s, 'o%03d', 'S1')", table, fmt.Sprintf(tt.id, i+1), i))
				want = append(want, fmt.Sprintf("o%03d/S1/https://p/1/2026-11-20 08:00:00", i))
			}
			if tt.view != "" {
				execute(t, d, "CREATE VIEW parent_wechat_bind AS SELECT "+tt.view+" AS id, wechat_openid, student_id FROM binding")
			}
			s := &source{db: d}
			numbered, err := s.isNumbered(t.Context())
			require.NoError(t, err, tt.name)
			assert.Equal(t, tt.numbered, numbered, tt.name)
			for _, size := range []int{1, 2, n, 0} {
				s.size = size
				all, leftOut := readAll(t, s)
				slices.Sort(all)
				assert.Equal(t, want, all, "%s, pages of %d", tt.name, size)
				assert.Zero(t, leftOut, tt.name)
			}
			links := 0
			cfg := Config{School: d, Ledger: d, AppID: "wx1", Fields: []Field{{"thing1", "{student_name}"}},
				Link: func(int64) string { links++; return "https://p.example/photo" }}
			look, err := Look(t.Context(), cfg, n)
			require.NoError(t, err, tt.name)
			assert.Equal(t, n, look.Recipients, tt.name)
			assert.Equal(t, tt.numbered, look.First[0].URL != "", "%s: a link that names no binding of its own is not shown", tt.name)
			found, err := s.bound(t.Context(), []*row{{openid: "o003", studentID: "S1"}})
			require.NoError(t, err, tt.name)
			assert.True(t, found[person{"o003", "S1"}], tt.name)
			if tt.view != "" {
				execute(t, d, "DROP VIEW parent_wechat_bind")
			}
			execute(t, d, "DROP TABLE "+table)
		}
	})
}

// TestPagesWithoutIDs: what the usual pages leave out is counted as they count it.
func TestPagesWithoutIDs(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := dbtest.Open(t, address)
		text := "TEXT COLLATE NOCASE"
		if d.Dialect == db.MySQL {
			text = "VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
		}
		execute(t, d, "CREATE TABLE student_photo (student_id "+text+", student_name VARCHAR(20), photo_url VARCHAR(99), photo_update_time VARCHAR(20))")
		execute(t, d, "CREATE TABLE parent_wechat_bind (id VARCHAR(9), wechat_openid "+text+", student_id "+text+")")
		photo(t, d, "S1", "甲", "https://p/1", "2026-11-20 08:00:00")
		photo(t, d, "s1", "乙", "https://p/2", "2026-11-20 08:00:00")
		for _, b := range [][2]any{{"oA", "S1"}, {"oa", "S1"}, {"oA", "s1"}, {"oA", "S1"}, {nil, "S1"}, {"", "S1"}, {"oB", nil}, {"oB", "S2"}} {
			execute(t, d, "INSERT INTO parent_wechat_bind VALUES ('x', ?, ?)", b[0], b[1])
		}
		for _, size := range pageSizes {
			all, leftOut := readAll(t, &source{db: d, size: size})
			assert.Equal(t, []string{"oA/S1/https://p/1/2026-11-20 08:00:00", "oA/s1/https://p/2/2026-11-20 08:00:00", "oa/S1/https://p/1/2026-11-20 08:00:00"},
				all, "pages of %d", size)
			assert.Equal(t, 4, leftOut, "pages of %d", size)
		}
	})
}

// TestQueryPagesKeepPersonsTogether: the newest photo of a person is found also where the database
// orders the times as texts and a page ends between two of them.
func TestQueryPagesKeepPersonsTogether(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := dbtest.Open(t, address)
		execute(t, d, "CREATE TABLE pupil (openid VARCHAR(20), student_id VARCHAR(20), student_name VARCHAR(20), photo_url VARCHAR(99), photo_update_time VARCHAR(20))")
		for _, openid := range []string{"oA", "oB", "oC"} {
			for _, day := range []string{"2026/11/9", "2026/11/10", "2026/11/8"} {
				execute(t, d, "INSERT INTO pupil VALUES (?, 'S1', '甲', ?, ?)", openid, "https://p"+day, day+" 08:00")
			}
		}
		for _, size := range []int{1, 2, 3, 4, 5, 9, 0} {
			s := newSource(&Config{School: d, Query: "SELECT * FROM pupil"})
			s.size = size
			all, _ := readAll(t, s)
			var want []string
			for _, openid := range []string{"oA", "oB", "oC"} {
				want = append(want, openid+"/S1/https://p2026/11/10/2026/11/10 08:00")
			}
			assert.Equal(t, want, all, "pages of %d", size)
		}
	})
}
