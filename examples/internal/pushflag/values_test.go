package pushflag_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/pushflag"
	"github.com/org/wxhome/template"
)

func TestParseSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 5, db.Beijing)
	for text, want := range map[string]string{
		"2026-11-1": "2026-11-01T00:00:00+08:00", "2026/11/01": "2026-11-01T00:00:00+08:00", "2026年11月1日": "2026-11-01T00:00:00+08:00",
		"2026-11-01 08:30": "2026-11-01T08:30:00+08:00", "7d": "2026-11-13T12:00:00+08:00", "2h": "2026-11-20T10:00:00+08:00",
	} {
		got, err := pushflag.ParseSince(text, db.Beijing, now)
		require.NoError(t, err, text)
		assert.Equal(t, want, got.Format(time.RFC3339), text)
	}
	_, err := pushflag.ParseSince("yesterday", db.Beijing, now)
	require.Error(t, err)
	for _, text := range []string{"2026-11-21", "2031/1/1", "2026-11-20 12:01"} {
		_, err = pushflag.ParseSince(text, db.Beijing, now)
		require.ErrorIs(t, err, pushflag.ErrFuture, text)
	}
}

func TestFieldList(t *testing.T) {
	t.Parallel()
	var l pushflag.FieldList
	require.NoError(t, l.Set("thing1=张三=好"))
	require.NoError(t, l.Set(" time2.DATA={photo_update_time}"))
	assert.Equal(t, pushflag.FieldList{{Key: "thing1", Text: "张三=好"}, {Key: "time2", Text: "{photo_update_time}"}}, l)
	assert.Equal(t, "thing1=张三=好 time2={photo_update_time}", l.String())
	require.ErrorContains(t, l.Set("thing1=again"), "twice")
	require.ErrorContains(t, l.Set("thing1"), "KEY=TEXT")
	require.ErrorContains(t, l.Set("=x"), "KEY=TEXT")
}

func TestCover(t *testing.T) {
	t.Parallel()
	tmpl := template.Template{Content: "{{first.DATA}}\n姓名{{thing1.DATA}}\n时间{{time2.DATA}}\n"}
	missing, surplus := pushflag.Cover(tmpl, pushflag.FieldList{{Key: "thing1"}, {Key: "thing9"}, {Key: "remark"}})
	assert.Equal(t, []string{"time2"}, missing)
	assert.Equal(t, pushflag.FieldList{push.Field{Key: "thing9"}}, surplus)
}

func TestReadQuery(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(text string) string {
		name := filepath.Join(folder, "query.sql")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	got, err := pushflag.ReadQuery(write("\uFEFF select 1 ;\r\n"))
	require.NoError(t, err)
	assert.Equal(t, "select 1", got)
	_, err = pushflag.ReadQuery(write("DROP TABLE x"))
	require.ErrorIs(t, err, pushflag.ErrNoSelect)
	_, err = pushflag.ReadQuery(filepath.Join(folder, "none.sql"))
	require.ErrorIs(t, err, pushflag.ErrNoFile)
	_, err = pushflag.ReadQuery(folder)
	require.Error(t, err)
}

func TestCheckLiterals(t *testing.T) {
	t.Parallel()
	for text, key := range map[string]string{
		"{student_name}": "", "照片": "", "https://p.example": "thing1", "x {photo_url}": "thing1", "abcdefghijklmnopqrstuvwxyz": "thing1", "{a} abcdefghijklmnopqrstuvwxyz": "",
	} {
		got, err := pushflag.FieldList{{Key: "time2", Text: "{t}"}, {Key: "thing1", Text: text}}.CheckLiterals()
		assert.Equal(t, key, got, text)
		assert.Equal(t, key != "", err != nil, text)
	}
}
