package push

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/wechat/wechattest"
)

// TestRightChild: a parent gets the photo of the child whose id the database prints as it prints
// the binding's, and no other, by the tables.
func TestRightChild(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d, err := db.Open(t.Context(), address, db.Create())
		require.NoError(t, err)
		t.Cleanup(func() { _ = d.Close() })
		for _, p := range dbtest.Pairs(d.Dialect) {
			p.Make(t, d, "https://p.example/1.jpg")
			s := &source{db: d}
			all, leftOut := readAll(t, s)
			if !p.Same {
				assert.Empty(t, all, p.Name)
				assert.Equal(t, 1, leftOut, p.Name)
				continue
			}
			assert.Equal(t, []string{dbtest.PairOpenID + "/" + p.Text + "/https://p.example/1.jpg/2026-11-20 09:00:00"}, all, p.Name)
			found, err := s.bound(t.Context(), []*row{{openid: dbtest.PairOpenID, studentID: p.Text}})
			require.NoError(t, err, p.Name)
			assert.True(t, found[person{dbtest.PairOpenID, p.Text}], p.Name)
		}
	})
}

// TestRightChildOfMany: in a column that takes many children for one each still has its own photo.
func TestRightChildOfMany(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d, err := db.Open(t.Context(), address, db.Create())
		require.NoError(t, err)
		t.Cleanup(func() { _ = d.Close() })
		p := dbtest.Pairs(d.Dialect)[0] // a collation that ignores case
		p.Make(t, d, "https://p.example/x.jpg")
		execute(t, d, "DELETE FROM student_photo")
		execute(t, d, "DELETE FROM parent_wechat_bind")
		var want []string
		for i := range 40 {
			student := fmt.Sprintf("s%dAb", i/2)
			if i%2 == 1 {
				student = strings.ToUpper(student)
			}
			openid := "o" + student
			bind(t, d, openid, student)
			photo(t, d, student, "n", "https://p.example/"+student, "2026-11-20 09:00:00")
			want = append(want, openid+"/"+student+"/https://p.example/"+student+"/2026-11-20 09:00:00")
		}
		for _, size := range []int{3, 2000} {
			all, leftOut := readAll(t, &source{db: d, size: size})
			assert.Equal(t, want, all)
			assert.Zero(t, leftOut)
		}
	})
}

// TestOpenIDsAreComparedBytewise: two parents whose openids a column takes for one. The second is
// not bound to the first one's child.
func TestOpenIDsAreComparedBytewise(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d, err := db.Open(t.Context(), address, db.Create())
		require.NoError(t, err)
		t.Cleanup(func() { _ = d.Close() })
		dbtest.Pairs(d.Dialect)[1].Make(t, d, "https://p.example/x.jpg")
		execute(t, d, "DELETE FROM student_photo")
		execute(t, d, "DELETE FROM parent_wechat_bind")
		bind(t, d, "oAb", "S1")
		bind(t, d, "oab", "S2")
		photo(t, d, "S1", "n", "https://p.example/1.jpg", "2026-11-20 09:00:00")
		photo(t, d, "S2", "n", "https://p.example/2.jpg", "2026-11-20 09:00:00")
		s := &source{db: d}
		found, err := s.bound(t.Context(), []*row{{openid: "oAb"}})
		require.NoError(t, err)
		assert.True(t, found[person{"oAb", "S1"}])
		assert.False(t, found[person{"oAb", "S2"}])
		w := newWeChat(t)
		sum, err := Run(t.Context(), nil, ofSchool(d, w))
		require.NoError(t, err)
		assert.Equal(t, 2, sum.Accepted)
	})
}

// TestRightChildOfAQuery: the pages of a query hold people apart whom its columns take for one,
// and people whose ids would read alike in one string.
func TestRightChildOfAQuery(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		collation := "TEXT COLLATE NOCASE"
		if d.Dialect == db.MySQL {
			collation = "VARCHAR(50) CHARACTER SET latin1"
		}
		execute(t, d, "CREATE TABLE pupil (openid "+collation+", student_id "+collation+", student_name VARCHAR(50), photo_url VARCHAR(200), photo_update_time VARCHAR(50))")
		var want []string
		for _, who := range [][2]string{{"oA", "S1"}, {"oA", "s1"}, {"oA:S1", "x"}, {"oA", "S1:x"}, {"oa", "S1"}, {"oa", "é"}} {
			photo := "https://p/" + who[0] + who[1]
			execute(t, d, "INSERT INTO pupil VALUES (?, ?, 'n', ?, '2026-11-20 09:00:00')", who[0], who[1], photo)
			want = append(want, who[0]+"/"+who[1]+"/"+photo+"/2026-11-20 09:00:00")
		}
		for _, size := range []int{1, 2, 100} {
			s := newSource(&Config{School: d, Query: "SELECT * FROM pupil"})
			s.size = size
			all, leftOut := readAll(t, s)
			assert.ElementsMatch(t, want, all, "pages of %d", size)
			assert.Zero(t, leftOut)
			found, err := s.bound(t.Context(), []*row{{openid: "oA"}})
			require.NoError(t, err)
			assert.True(t, found[person{"oA", "S1"}])
			assert.False(t, found[person{"oA", "é"}])
		}
	})
}

// TestPhotosComeByIndex: a page of photos is read by the index of the table, not by reading all of
// it, whatever type the columns have.
func TestPhotosComeByIndex(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d, err := db.Open(t.Context(), address, db.Create())
		require.NoError(t, err)
		t.Cleanup(func() { _ = d.Close() })
		for _, p := range dbtest.Pairs(d.Dialect) {
			if !p.Same || p.Bound == "" && p.Shown == "" {
				continue
			}
			p.Make(t, d, "https://p.example/1.jpg")
			if d.Dialect == db.MySQL { // an index is of no use to a small table
				execute(t, d, "INSERT INTO student_photo SELECT NULL, 'n', 'https://p', NULL FROM seq_1_to_2000")
				execute(t, d, "ANALYZE TABLE student_photo")
			}
			condition, args, err := d.Dialect.Find(t.Context(), d, "student_photo", "student_id", p.Text, "other")
			require.NoError(t, err)
			explain := "EXPLAIN "
			if d.Dialect == db.SQLite {
				explain = "EXPLAIN QUERY PLAN "
			}
			rows, err := d.Query(explain+"SELECT photo_url FROM student_photo WHERE photo_url <> '' AND "+condition, args...)
			require.NoError(t, err)
			assert.Contains(t, planOf(t, rows), "student_photo_student", p.Name)
		}
	})
}

// TestAccountsOfWeChatAreApart is that of the ledger: a message to each, whatever the case.
func TestAccountsOfWeChatAreApart(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		for _, openid := range []string{"oXy", "oXY", "oxy"} {
			bind(t, d, openid, "S"+openid)
			photo(t, d, "S"+openid, openid, "https://p.example/1.jpg", "2026-11-20 09:00:00")
		}
		w := newWeChat(t, wechattest.WithHistory(0))
		_, err := Run(t.Context(), nil, ofSchool(d, w))
		require.NoError(t, err)
		assert.Equal(t, map[string]int{"oXyoXy": 1, "oXYoXY": 1, "oxyoxy": 1}, w.got)
	})
}

func planOf(t *testing.T, rows *sql.Rows) string {
	t.Helper()
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var plan strings.Builder
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		targets := make([]any, len(columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		require.NoError(t, rows.Scan(targets...))
		for i, c := range cells {
			if columns[i] == "key" || columns[i] == "detail" {
				plan.WriteString(c.String + "\n")
			}
		}
	}
	require.NoError(t, rows.Err())
	return plan.String()
}

// TestTrialOfTheRightChild: a trial is about a child of the openid itself, or the one that is named,
// compared byte for byte.
func TestTrialOfTheRightChild(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d, err := db.Open(t.Context(), address, db.Create())
		require.NoError(t, err)
		t.Cleanup(func() { _ = d.Close() })
		p := dbtest.Pairs(d.Dialect)[0] // bound to a1 in a column that ignores case
		p.Make(t, d, "https://p.example/upper.jpg")
		photo(t, d, "a1", "小写", "https://p.example/lower.jpg", "2026-11-01 09:00:00")
		query := "SELECT wechat_openid AS openid, b.student_id, student_name, photo_url, photo_update_time FROM parent_wechat_bind b JOIN student_photo p ON "
		exact := "CAST(p.student_id AS TEXT) = CAST(b.student_id AS TEXT) COLLATE BINARY"
		if d.Dialect == db.MySQL {
			exact = "p.student_id = b.student_id AND CAST(p.student_id AS BINARY) = CAST(b.student_id AS BINARY)"
		}
		for _, cfg := range []Config{{School: d, Ledger: d, Public: true}, {School: d, Ledger: d, Public: true, Query: query + exact}} {
			cfg.AppID, cfg.TemplateID, cfg.Fields = "wx1", templateID, []Field{{"thing1", "{student_name}"}}
			m, fault, err := MakeTrial(t.Context(), cfg, dbtest.PairOpenID, "")
			require.NoError(t, err)
			require.NoError(t, fault)
			assert.Equal(t, []string{dbtest.PairOpenID, "小写", "https://p.example/lower.jpg"}, []string{m.To, m.Data["thing1"].Value, m.URL})
			_, _, err = MakeTrial(t.Context(), cfg, strings.ToUpper(dbtest.PairOpenID), "")
			require.ErrorIs(t, err, ErrNoChild)
			_, _, err = MakeTrial(t.Context(), cfg, dbtest.PairOpenID, "none")
			require.ErrorIs(t, err, ErrNoPhoto)
			m, _, err = MakeTrial(t.Context(), cfg, "oStranger", "a1")
			require.NoError(t, err)
			assert.Equal(t, []string{"oStranger", "小写"}, []string{m.To, m.Data["thing1"].Value})
		}
	})
}
