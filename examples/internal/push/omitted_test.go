package push

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// TestOmitted: rows are counted by why they are no recipients, by a dry run and a load alike.
func TestOmitted(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		for openid, student := range map[string]string{"oA": "A", "oB": "B", "oC": "C", "oD": "none", "oE": "D"} {
			bind(t, d, openid, student)
		}
		bind(t, d, nil, "A")
		bind(t, d, "", "A")
		photo(t, d, "A", "甲", "https://p/a", "2026-11-20 08:00:00")
		photo(t, d, "B", "乙", "https://p/b", "2026-11-10 08:00:00")
		photo(t, d, "C", "丙", "https://p/c", nil)
		photo(t, d, "D", "丁", "", nil)
		s := newWeChat(t)
		cfg := ofSchool(d, s)
		cfg.Since = time.Date(2026, 11, 15, 0, 0, 0, 0, beijing)
		for _, query := range []string{"", `SELECT b.wechat_openid AS openid, b.student_id, p.student_name, p.photo_url, p.photo_update_time
FROM parent_wechat_bind b LEFT JOIN student_photo p ON p.student_id = b.student_id`} {
			cfg.Query, cfg.Campaign = query, "c"+query[:min(len(query), 1)]
			look, err := Look(t.Context(), cfg, 0)
			require.NoError(t, err)
			want := Omitted{NoOpenID: 2, NoPhoto: 2, Early: 2}
			assert.Equal(t, want, look.Omitted, query)
			assert.Equal(t, 4, look.LeftOut, query)
			assert.Equal(t, 1, look.Recipients, query)
			assert.Equal(t, want, loadOnly(t, cfg).Omitted, query)
		}
	})
}

// TestAlike: an id of a binding that a photo has in another form is shown with it, and others are not.
func TestAlike(t *testing.T) {
	t.Parallel()
	const text = "VARCHAR(40)"
	tests := []struct {
		bound, shown string // the columns' types
		id, photo    any
		alike        bool
	}{
		{text, "INTEGER", "000001", 1, true},
		{"INTEGER", text, 1, "000001", true},
		{text, text, "000001", "1", true},
		{text, text, "7", "0000000007", true},
		{text, text, "a1", "A1", true},
		{text, text, "A1", "a1", true},
		{text, text, "S1", " S1", true},
		{text, text, "S1 ", "S1", true},
		{text, text, "1", "2", false},
		{text, text, "1", "10", false},
		{text, "INTEGER", "abc", 0, false},
		{text, text, "0", "00", true},
		{text, text, "三1", "三2", false},
	}
	databases(t, func(t *testing.T, address string) {
		d := dbtest.Open(t, address)
		for _, tt := range tests {
			execute(t, d, "DROP TABLE IF EXISTS parent_wechat_bind")
			execute(t, d, "DROP TABLE IF EXISTS student_photo")
			end := ""
			if d.Dialect == db.MySQL {
				end = " CHARACTER SET utf8mb4"
			}
			execute(t, d, "CREATE TABLE parent_wechat_bind (id INTEGER PRIMARY KEY, wechat_openid VARCHAR(40), student_id "+tt.bound+")"+end)
			execute(t, d, "CREATE TABLE student_photo (student_id "+tt.shown+", student_name VARCHAR(40), photo_url VARCHAR(40), photo_update_time VARCHAR(40))"+end)
			execute(t, d, "INSERT INTO parent_wechat_bind VALUES (1, 'oA', ?)", tt.id)
			execute(t, d, "INSERT INTO student_photo VALUES (?, '甲', 'https://p/a', '2026-11-20 08:00:00')", tt.photo)
			look, err := Look(t.Context(), ofSchool(d, newWeChat(t)), 0)
			require.NoError(t, err)
			assert.Equal(t, 1, look.NoPhoto)
			if !tt.alike {
				assert.Nil(t, look.Alike, "%v %v", tt.id, tt.photo)
				continue
			}
			assert.Equal(t, &Alike{Bound: fmt.Sprint(tt.id), Shown: fmt.Sprint(tt.photo)}, look.Alike)
		}
	})
}
