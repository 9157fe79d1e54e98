package photopage_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/photopage"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

// databases opens a fresh SQLite file, and a MariaDB where there is one.
func databases(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	open := func(t *testing.T, address string) {
		d, err := db.Open(t.Context(), address, db.Create())
		require.NoError(t, err)
		t.Cleanup(func() { _ = d.Close() })
		f(t, d)
	}
	t.Run("sqlite", func(t *testing.T) { open(t, "sqlite:"+filepath.Join(t.TempDir(), "school.db")) })
	t.Run("mariadb", func(t *testing.T) { open(t, dbtest.MariaDB(t)) })
}

// sent pushes a message for the one child to each parent, and returns the rows' ids.
func sent(t *testing.T, d *db.DB, file string) (store photopage.SQLStore, ids []int64) {
	t.Helper()
	s := wechattest.New(t, wechattest.WithFollowers(school.Follower))
	id := s.AddTemplate(template.Template{Content: "学生姓名{{thing1.DATA}}"})
	_, err := school.Import(t.Context(), d.DB, strings.NewReader("parent_mobile,wechat_openid,student_id,student_name,photo_url,photo_update_time\n"+file))
	require.NoError(t, err)
	_, err = push.Run(t.Context(), nil, push.Config{
		AppID: s.AppID, Caller: s.Client(), School: d, Ledger: d, Campaign: "c", TemplateID: id,
		Fields: []push.Field{{Key: "thing1", Text: "{student_name}"}},
		Link:   func(int64) string { return "https://school.example/x" },
	})
	require.NoError(t, err)
	rows, err := d.QueryContext(t.Context(), "SELECT id FROM push_message ORDER BY id")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var row int64
		require.NoError(t, rows.Scan(&row))
		ids = append(ids, row)
	}
	require.NoError(t, rows.Err())
	return photopage.SQLStore{Ledger: d.DB, School: d.DB, AppID: s.AppID}, ids
}

func TestSQLStore(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, d *db.DB) {
		store, ids := sent(t, d, "13900000000,"+mother+",S1,欧阳晓雨,https://cdn.example/a.jpg?a=1&b=2,2026-11-20 18:00:00\n"+
			"13900000001,"+father+",S1,欧阳晓雨,https://cdn.example/a.jpg?a=1&b=2,2026-11-20 18:00:00\n")
		require.Len(t, ids, 2)
		row, err := store.Row(t.Context(), ids[0])
		require.NoError(t, err)
		assert.Contains(t, []string{mother, father}, row.OpenID)
		row.OpenID = ""
		assert.Equal(t, photopage.Row{StudentID: "S1", StudentName: "欧阳晓雨", PhotoURL: "https://cdn.example/a.jpg?a=1&b=2", Updated: "2026年11月20日 18:00"}, row)

		_, err = store.Row(t.Context(), 99999)
		require.ErrorIs(t, err, photopage.ErrNoRow)
		other := store
		other.AppID = "wxother"
		_, err = other.Row(t.Context(), ids[0])
		require.ErrorIs(t, err, photopage.ErrNoRow)

		for who, want := range map[[2]string]bool{
			{mother, "S1"}: true, {father, "S1"}: true, {stranger, "S1"}: false, {mother, "S2"}: false, {strings.ToUpper(mother), "S1"}: false,
			{mother, "s1"}: false, {mother + " ", "S1"}: false, {mother, "S1 "}: false, {"", "S1"}: false, {mother, ""}: false, {"' OR 1=1 --", "S1"}: false,
		} {
			got, err := store.Bound(t.Context(), who[0], who[1])
			require.NoError(t, err)
			assert.Equal(t, want, got, "%q", who)
		}
		_, err = d.ExecContext(t.Context(), "DELETE FROM parent_wechat_bind WHERE wechat_openid = ?", mother)
		require.NoError(t, err)
		bound, err := store.Bound(t.Context(), mother, "S1")
		require.NoError(t, err)
		assert.False(t, bound)
	})
}

// TestSQLStoreCollation has a school's own table, which takes upper for lower case.
func TestSQLStoreCollation(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, d *db.DB) {
		collation := "COLLATE NOCASE"
		if d.Dialect == db.MySQL {
			collation = "COLLATE utf8mb4_general_ci"
		}
		for _, statement := range []string{
			"CREATE TABLE parent_wechat_bind (wechat_openid VARCHAR(64) " + collation + ", student_id VARCHAR(64) " + collation + ")",
			"INSERT INTO parent_wechat_bind VALUES ('OABC', 'S1'), ('oABc', 's1')",
		} {
			_, err := d.ExecContext(t.Context(), statement)
			require.NoError(t, err)
		}
		store := photopage.SQLStore{School: d.DB}
		for who, want := range map[[2]string]bool{{"OABC", "S1"}: true, {"oABc", "s1"}: true, {"oabc", "S1"}: false, {"OABC", "s1"}: false} {
			got, err := store.Bound(t.Context(), who[0], who[1])
			require.NoError(t, err)
			assert.Equal(t, want, got, "%q", who)
		}
	})
}

// TestSQLStoreOfAnyColumn: the ids are those that the database prints, whatever types the school's
// columns have.
func TestSQLStoreOfAnyColumn(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, d *db.DB) {
		for _, p := range dbtest.Pairs(d.Dialect) {
			p.Make(t, d, "https://p.example/1.jpg")
			store := photopage.SQLStore{School: d.DB}
			for _, id := range []string{p.Text, "7", "07", "a1", "A1", "e", "ss", "a ", "9007199254740992", "0"} {
				got, err := store.Bound(t.Context(), dbtest.PairOpenID, id)
				require.NoError(t, err, p.Name)
				assert.Equal(t, id == p.Text && id != "", got, "%s: %q", p.Name, id)
			}
		}
	})
}

func TestSQLStoreFails(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, d *db.DB) {
		store, ids := sent(t, d, "13900000000,"+mother+",S1,欧阳晓雨,https://cdn.example/secret.jpg,2026-11-20 18:00:00\n")
		_, err := d.ExecContext(t.Context(), "UPDATE push_message SET content = 'secret'")
		require.NoError(t, err)
		_, err = store.Row(t.Context(), ids[0])
		require.ErrorContains(t, err, "not JSON")
		assert.NotContains(t, err.Error(), "secret")
		require.NoError(t, d.Close())
		_, err = store.Row(t.Context(), ids[0])
		require.ErrorContains(t, err, "read the ledger")
		require.NotErrorIs(t, err, photopage.ErrNoRow)
		_, err = store.Bound(t.Context(), mother, "S1")
		require.ErrorContains(t, err, "read the bindings")
	})
}
