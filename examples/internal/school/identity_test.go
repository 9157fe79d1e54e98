package school_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/school"
)

// TestImportIntoOwnTables: an import into tables of the school's own that take a1 for A1 changes
// the one child that it names.
func TestImportIntoOwnTables(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		d := dbtest.Open(t, address)
		dbtest.Pairs(d.Dialect)[0].Make(t, d, "https://p.example/upper.jpg") // bound to a1, the photo is A1's
		counts, err := school.Import(t.Context(), d.DB, strings.NewReader(`parent_mobile,wechat_openid,student_id,student_name,photo_url,photo_update_time
13900000001,oOther,A1,王五,https://p.example/upper.jpg,2026-11-20 09:00
13900000001,,a1,小写,https://p.example/lower.jpg,2026-11-20 09:00
`))
		require.NoError(t, err)
		assert.Equal(t, 2, counts.Added, "a binding of A1, a photo of a1")
		upper, err := school.NewestPhoto(t.Context(), d.DB, "A1")
		require.NoError(t, err)
		lower, err := school.NewestPhoto(t.Context(), d.DB, "a1")
		require.NoError(t, err)
		assert.Equal(t, []string{"王五", "https://p.example/upper.jpg", "小写", "https://p.example/lower.jpg"},
			[]string{upper.StudentName, upper.URL, lower.StudentName, lower.URL})
		var openid string
		require.NoError(t, d.QueryRow("SELECT wechat_openid FROM parent_wechat_bind WHERE id = 1").Scan(&openid))
		assert.Equal(t, dbtest.PairOpenID, openid, "the parent of a1 is who it was")
	})
}

// TestImportChineseIntoOwnTables: a column whose character set lacks what is looked up is no error.
func TestImportChineseIntoOwnTables(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.MariaDB(t))
	for _, p := range dbtest.Pairs(d.Dialect) {
		if p.Text != "三" || !p.Same {
			continue
		}
		p.Make(t, d, "https://p.example/1.jpg")
		counts, err := school.Import(t.Context(), d.DB, strings.NewReader("parent_mobile,wechat_openid,student_id,student_name,photo_url,photo_update_time\n"+
			"13900000001,"+dbtest.PairOpenID+",三,"+dbtest.PairName+",https://p.example/1.jpg,2026-11-20 09:00\n"))
		require.NoError(t, err, p.Name)
		assert.Equal(t, 1, counts.Unchanged, p.Name)
	}
}
