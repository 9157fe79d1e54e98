package push

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
)

// readAll returns openid/student/photo/time of all recipients, in order.
func readAll(t *testing.T, s *source) (all []string, leftOut int) {
	t.Helper()
	err := s.pages(t.Context(), func(page []recipient, out omitted) error {
		leftOut += out.noOpenID + out.noPhoto
		for _, r := range page {
			all = append(all, fmt.Sprint(r.openid, "/", r.studentID, "/", r.content["photo_url"], "/", r.content["photo_update_time"]))
		}
		return nil
	})
	require.NoError(t, err)
	return all, leftOut
}

// pageSizes run a test with pages of one, of two and of the usual number.
var pageSizes = []int{1, 2, 0}

func TestNewestPhotoOfEachChild(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		bind(t, d, "oTwo", "A") // two children, so two rows
		bind(t, d, "oTwo", "B")
		bind(t, d, "oTie", "C")
		bind(t, d, "oNull", "D")
		bind(t, d, "oOnlyNull", "E")
		bind(t, d, "oTwin", "F")
		bind(t, d, "oOld", "G")
		execute(t, d, "UPDATE parent_wechat_bind SET id = -7 WHERE wechat_openid = 'oOld'")
		photo(t, d, "A", "甲", "https://p/a1", "2026-11-19 08:00:00")
		photo(t, d, "A", "甲", "https://p/a2", "2026-11-20 08:00:00")
		photo(t, d, "A", "甲", "https://p/a0", "2026-11-18 08:00:00")
		photo(t, d, "B", "乙", "https://p/b", "2026-11-20 08:00:01")
		photo(t, d, "C", "丙", "https://p/c1", "2026-11-20 08:00:00")
		photo(t, d, "C", "丙", "https://p/c2", "2026-11-20 08:00:00")
		photo(t, d, "D", "丁", "https://p/d1", "2026-11-20 08:00:00")
		photo(t, d, "D", "丁", "https://p/d2", nil)
		photo(t, d, "E", "戊", "https://p/e", nil)
		photo(t, d, "F", "己", "https://p/f", "2026-11-20 08:00:00")
		photo(t, d, "F", "己", "https://p/f", "2026-11-20 08:00:00")
		photo(t, d, "G", "庚", "https://p/g", "2026-01-01 00:00:00")
		bind(t, d, nil, "A")           // nobody bound
		bind(t, d, "", "A")            // nobody bound either
		bind(t, d, "oNoPhoto", "none") // no photo
		photo(t, d, "empty", "辛", "", nil)
		bind(t, d, "oEmpty", "empty")
		want := []string{
			"oOld/G/https://p/g/2026-01-01 00:00:00",
			"oTwo/A/https://p/a2/2026-11-20 08:00:00", "oTwo/B/https://p/b/2026-11-20 08:00:01",
			"oTie/C/https://p/c2/2026-11-20 08:00:00", "oNull/D/https://p/d1/2026-11-20 08:00:00",
			"oOnlyNull/E/https://p/e/", "oTwin/F/https://p/f/2026-11-20 08:00:00",
		}
		for _, size := range pageSizes {
			all, leftOut := readAll(t, &source{db: d, size: size})
			assert.Equal(t, want, all, "pages of %d", size)
			assert.Equal(t, 4, leftOut, "pages of %d", size)
		}
		since := time.Date(2026, 11, 20, 8, 0, 1, 0, beijing)
		all, leftOut := readAll(t, &source{db: d, since: since})
		assert.Equal(t, []string{"oTwo/B/https://p/b/2026-11-20 08:00:01"}, all, "since is the first moment that counts")
		assert.Equal(t, 4, leftOut)
	})
}

// A query of the user's: nothing is lost at the end of a page, nothing comes twice.
func TestQueryPages(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		execute(t, d, "CREATE TABLE pupil (who VARCHAR(50), number INTEGER, name VARCHAR(50), photo VARCHAR(200), at DATETIME, class VARCHAR(50))")
		pupil := func(values ...any) { execute(t, d, "INSERT INTO pupil VALUES (?, ?, ?, ?, ?, '三班')", values...) }
		pupil("oB", 10, "乙", "https://p/b", "2026-11-20 08:00:00")
		pupil("oA", 9, "甲", "https://p/a-old", "2026-11-19 08:00:00")
		pupil("oA", 9, "甲", "https://p/a-new", "2026-11-20 08:00:00")
		pupil("oA", 9, "甲", "https://p/a-null", nil)
		pupil("oa", 9, "小", "https://p/lower", "2026-11-20 08:00:00") // another person
		pupil("oA", 10, "丙", "https://p/a10", "2026-11-20 23:59:59")
		pupil(nil, 11, "丁", "https://p/d", "2026-11-20 08:00:00")
		pupil(nil, 11, "丁", "https://p/d", "2026-11-20 08:00:00")
		pupil("oC", nil, "戊", "https://p/e", "2026-11-20 08:00:00")
		pupil("oC", 12, "己", nil, "2026-11-20 08:00:00")
		pupil("", 13, "庚", "https://p/f", "2026-11-20 08:00:00")
		query := "SELECT who AS openid, number AS student_id, name AS student_name, photo AS photo_url, at AS photo_update_time, class FROM pupil ; \n"
		cfg := &Config{School: d, Query: query, Fields: []Field{{"thing1", "{class}"}}}
		want := []string{
			"oA/10/https://p/a10/2026-11-20 23:59:59", "oA/9/https://p/a-new/2026-11-20 08:00:00",
			"oB/10/https://p/b/2026-11-20 08:00:00", "oa/9/https://p/lower/2026-11-20 08:00:00",
		}
		for _, size := range pageSizes {
			s := newSource(cfg)
			s.size = size
			all, leftOut := readAll(t, s)
			assert.Equal(t, want, all, "pages of %d", size)
			assert.Equal(t, 5, leftOut, "pages of %d", size)
		}
		s := newSource(cfg)
		found, err := s.bound(t.Context(), []*row{{openid: "oA"}, {openid: "oC"}, {openid: "oX"}})
		require.NoError(t, err, "a student without a number is no failure")
		assert.True(t, found[person{"oA", "9"}])
		assert.True(t, found[person{"oC", "12"}])
		assert.False(t, found[person{"oX", "9"}])
		require.NoError(t, s.pages(t.Context(), func(page []recipient, _ omitted) error {
			for _, r := range page {
				assert.Equal(t, "三班", r.content["class"])
			}
			return nil
		}))
	})
}

func TestQueryWithoutRows(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		const columns = " AS openid, 's' AS student_id, 'n' AS student_name, 'https://p' AS photo_url, '2026-11-20 08:00:00' AS photo_update_time"
		all, leftOut := readAll(t, newSource(&Config{School: d, Query: "SELECT 'o'" + columns + " FROM parent_wechat_bind"}))
		assert.Empty(t, all)
		assert.Zero(t, leftOut)
		all, leftOut = readAll(t, newSource(&Config{School: d, Query: "SELECT NULL" + columns}))
		assert.Empty(t, all)
		assert.Equal(t, 1, leftOut)
	})
}

func TestMissingColumns(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		for name, tt := range map[string]struct {
			cfg  Config
			says string
		}{
			"query":             {Config{Query: "SELECT 'o' AS openid"}, "no column student_id"},
			"field of tables":   {Config{Fields: []Field{{"a", "{class}"}}}, "no column class"},
			"openid in a field": {Config{Fields: []Field{{"a", "{openid}"}}}, "{openid}"},
			"not SQL":           {Config{Query: "SELECT FROM WHERE"}, d.Name},
		} {
			cfg := tt.cfg
			cfg.School = d
			err := newSource(&cfg).pages(t.Context(), func([]recipient, omitted) error { return nil })
			assert.ErrorContains(t, err, tt.says, name)
		}
		own := errors.New("the ledger's own")
		assert.Equal(t, own, newSource(&Config{School: d}).pages(t.Context(), func([]recipient, omitted) error { return own }), "not blamed on the school")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.ErrorIs(t, newSource(&Config{School: d}).pages(ctx, func([]recipient, omitted) error { return nil }), context.Canceled)
	})
}

// A time is the clock on the school's wall, whatever a driver makes of it.
func TestTimes(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, beijing)
	lite, my := &source{db: &db.DB{Dialect: db.SQLite}}, &source{db: &db.DB{Dialect: db.MySQL}}
	for name, tt := range map[string]struct {
		s       *source
		in      any
		moment  time.Time
		kept    string
		printed string
	}{
		"text":           {lite, "2026-11-20 12:00:00", noon, "2026-11-20 12:00:00", "2026年11月20日 12:00"},
		"bytes":          {my, []byte("2026-11-20 12:00:00"), noon, "2026-11-20 12:00:00", "2026年11月20日 12:00"},
		"fraction":       {lite, "2026-11-20 12:00:00.250", noon, "2026-11-20 12:00:00.250", "2026年11月20日 12:00"},
		"with a zone":    {lite, "2026-11-20T04:00:00Z", noon, "2026-11-20T04:00:00Z", "2026年11月20日 12:00"},
		"without second": {lite, "2026-11-20 12:00", noon, "2026-11-20 12:00", "2026年11月20日 12:00"},
		"SQLite's guess": {lite, time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), noon, "2026-11-20 12:00:00", "2026年11月20日 12:00"},
		"MySQL in UTC":   {my, time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC), noon, "2026-11-20 12:00:00", "2026年11月20日 12:00"},
		"MySQL, Beijing": {my, noon.Add(time.Millisecond), noon, "2026-11-20 12:00:00", "2026年11月20日 12:00"},
		"zero date":      {my, time.Time{}, time.Time{}, "", ""},
		"none":           {lite, nil, time.Time{}, "", ""},
		"a name":         {lite, "张三", time.Time{}, "张三", "张三"},
		"a number":       {lite, int64(42), time.Time{}, "42", "42"},
		"by hand":        {my, []byte("2026/11/20 12:00"), noon, "2026/11/20 12:00", "2026年11月20日 12:00"},
		"unix seconds":   {my, noon.Unix(), noon, "1795147200", "1795147200"},
		"a day":          {lite, "2026-11-20", noon.Add(-12 * time.Hour), "2026-11-20", "2026-11-20"},
	} {
		assert.True(t, tt.moment.Equal(tt.s.moment(tt.in)), "%s: %v", name, tt.s.moment(tt.in))
		assert.Equal(t, tt.kept, tt.s.kept(tt.in), name)
		assert.Equal(t, tt.printed, Printed(tt.s.kept(tt.in)), name)
	}
}

// SQLite's driver reads a column declared as DATETIME as a time in UTC; the tables and a query
// say the same all the same.
func TestSQLiteDatetimeColumns(t *testing.T) {
	t.Parallel()
	address := "sqlite:" + t.TempDir() + "/own.db"
	d, err := db.Open(t.Context(), address, db.Create())
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	execute(t, d, "CREATE TABLE parent_wechat_bind (id INTEGER PRIMARY KEY, parent_mobile TEXT, wechat_openid TEXT, student_id TEXT, create_time DATETIME)")
	execute(t, d, "CREATE TABLE student_photo (student_id TEXT, student_name TEXT, photo_url TEXT, photo_update_time DATETIME)")
	bind(t, d, "oA", "A")
	photo(t, d, "A", "甲", "https://p/a", "2026-11-20 08:00:00")
	want := []string{"oA/A/https://p/a/2026-11-20 08:00:00"}
	all, _ := readAll(t, &source{db: d})
	assert.Equal(t, want, all)
	all, _ = readAll(t, newSource(&Config{School: d, Query: `SELECT wechat_openid AS openid, p.student_id, student_name, photo_url, photo_update_time
FROM parent_wechat_bind b JOIN student_photo p ON p.student_id = b.student_id`}))
	assert.Equal(t, want, all)
}

// Registered twice, a parent is one recipient, also when he is unchanged.
func TestDistinct(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		for range 3 {
			bind(t, d, "oA", "A")
			bind(t, d, "oa", "A")
		}
		photo(t, d, "A", "甲", "https://p/a", "2026-11-20 08:00:00")
		s := &source{db: d, size: 2}
		cfg := &Config{School: d}
		n := 0
		require.NoError(t, s.pages(t.Context(), func(page []recipient, _ omitted) error {
			entries, err := cfg.entries(page)
			require.NoError(t, err)
			entries, err = s.distinct(t.Context(), entries)
			n += len(entries)
			return err
		}))
		assert.Equal(t, 2, n)
	})
}

// Only reads: a query leaves no transaction open while its pages are worked on.
func TestNoCursorStaysOpen(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		fill(t, d, 10)
		d.SetMaxOpenConns(1)
		s := &source{db: d, size: 3}
		var n int
		require.NoError(t, s.pages(t.Context(), func(page []recipient, _ omitted) error {
			var one sql.NullInt64 // would wait for ever for the one connection
			require.NoError(t, d.QueryRow("SELECT COUNT(*) FROM student_photo").Scan(&one))
			n += len(page)
			return nil
		}))
		assert.Equal(t, 10, n)
	})
}
