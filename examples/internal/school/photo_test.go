package school_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/school"
)

func TestNewestPhoto(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		d := dbtest.Open(t, address)
		require.NoError(t, school.EnsureTables(t.Context(), d.DB))
		require.NoError(t, school.EnsureTables(t.Context(), d.DB), "twice does no harm")
		_, err := d.ExecContext(t.Context(), `INSERT INTO student_photo (student_id, student_name, photo_url, photo_update_time) VALUES
('S1', '张三', 'https://p.example/1.jpg', '2026-11-18 09:00:00'), ('S1', '张三', 'https://p.example/2.jpg', '2026-11-20 18:30:00'),
('S1', '张三', 'https://p.example/3.jpg', '2026-11-19 09:00:00'), ('S2', '李四', NULL, NULL), ('s1', '别人', 'https://p.example/4.jpg', '2026-11-21 09:00:00')`)
		require.NoError(t, err)

		got, err := school.NewestPhoto(t.Context(), d.DB, "S1")
		require.NoError(t, err)
		assert.Equal(t, "https://p.example/2.jpg", got.URL)
		assert.Equal(t, "张三", got.StudentName)
		assert.True(t, got.Updated.Equal(time.Date(2026, 11, 20, 18, 30, 0, 0, db.Beijing)), got.Updated)

		got, err = school.NewestPhoto(t.Context(), d.DB, "S2")
		require.NoError(t, err)
		assert.Equal(t, school.Photo{StudentID: "S2", StudentName: "李四"}, got)
		got, err = school.NewestPhoto(t.Context(), d.DB, "S3")
		require.NoError(t, err)
		assert.Equal(t, school.Photo{StudentID: "S3"}, got)

		all, err := school.NewestPhotos(t.Context(), d.DB, 2)
		require.NoError(t, err)
		require.Len(t, all, 2)
		assert.Equal(t, "https://p.example/4.jpg", all[0].URL)
		assert.Equal(t, "https://p.example/2.jpg", all[1].URL)
	})
}

// TestPhotosAreComparedBytewise: a school's own table may take s1 and S1 for the same.
func TestPhotosAreComparedBytewise(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.MariaDB(t))
	_, err := d.ExecContext(t.Context(), `CREATE TABLE student_photo (student_id VARCHAR(64), student_name VARCHAR(64), photo_url VARCHAR(255),
photo_update_time DATETIME) COLLATE utf8mb4_general_ci`)
	require.NoError(t, err)
	_, err = d.ExecContext(t.Context(), `INSERT INTO student_photo VALUES ('s1', '别人', 'https://p.example/4.jpg', '2026-11-21 09:00:00')`)
	require.NoError(t, err)
	got, err := school.NewestPhoto(t.Context(), d.DB, "S1")
	require.NoError(t, err)
	assert.Equal(t, school.Photo{StudentID: "S1"}, got, "another pupil's photo")
}

// TestNewestPhotoOfTextTimes: a table of the school's own keeps times as people write them.
func TestNewestPhotoOfTextTimes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		d := dbtest.Open(t, address)
		_, err := d.ExecContext(t.Context(), "CREATE TABLE student_photo (student_id VARCHAR(64), student_name VARCHAR(64), photo_url VARCHAR(255), photo_update_time VARCHAR(32))")
		require.NoError(t, err)
		_, err = d.ExecContext(t.Context(), `INSERT INTO student_photo VALUES ('s1', '甲', 'https://p.example/9.jpg', '2026/11/9 9:05'), ('s1', '甲', 'https://p.example/20.jpg', '2026/11/20 18:30'),
('s2', '乙', 'https://p.example/old.jpg', '2026-11-09 09:05:00'), ('s2', '乙', 'https://p.example/new.jpg', '1794186301')`)
		require.NoError(t, err)
		for student, want := range map[string]string{"s1": "https://p.example/20.jpg", "s2": "https://p.example/new.jpg"} {
			got, err := school.NewestPhoto(t.Context(), d.DB, student)
			require.NoError(t, err)
			assert.Equal(t, want, got.URL)
		}
	})
}
