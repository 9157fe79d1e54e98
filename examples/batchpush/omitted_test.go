package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// TestIDsOfAnotherForm: the bindings have 000001, the photos 1. It is said with an example, and a
// check does not call it well.
func TestIDsOfAnotherForm(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		_, id, environment := newServer(t)
		d := dbtest.Open(t, address)
		for _, statement := range []string{
			"CREATE TABLE parent_wechat_bind (id INTEGER PRIMARY KEY, parent_mobile VARCHAR(32), wechat_openid VARCHAR(64), student_id VARCHAR(20), create_time VARCHAR(20))",
			"CREATE TABLE student_photo (student_id INTEGER, student_name VARCHAR(64), photo_url VARCHAR(99), photo_update_time VARCHAR(20))",
			"INSERT INTO parent_wechat_bind VALUES (1, '', 'oA', '000001', ''), (2, '', 'oB', '000002', ''), (3, '', NULL, '000002', '')",
			"INSERT INTO student_photo VALUES (1, 'A', 'https://p.example/1.jpg', '2026-11-20 09:00:00'), (2, 'B', 'https://p.example/2.jpg', '2026-11-20 09:00:00')",
		} {
			_, err := d.Exec(statement)
			require.NoError(t, err)
		}
		says := `student_id "000001" of parent_wechat_bind has no photo, and "1" of student_photo has one`
		r := runProgram(t.Context(), environment, append([]string{"check", "-lang", "en"}, realFlags(address, id)...)...)
		assert.Equal(t, exitUsage, r.status, r.both())
		assert.Contains(t, r.out, "0 recipients; 3 rows left out (1 without an openid, 2 without a photo under their student_id)")
		assert.Contains(t, r.out, says)
		assert.Contains(t, r.out, "BAD  recipients: there are none")
		assert.NotContains(t, r.out, "would work")
		for _, more := range [][]string{{"-dry-run"}, nil} {
			r = runProgram(t.Context(), environment, realFlags(address, id, append([]string{"-lang", "en"}, more...)...)...)
			assert.Contains(t, r.out, "3 rows left out (1 without an openid, 2 without a photo under their student_id)")
			assert.Contains(t, r.errors, "warning: "+says)
		}
	})
}

// TestSinceIsTold: whom -since leaves out is counted, and a moment that is still to come is refused.
func TestSinceIsTold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		_, id, environment := newServer(t)
		school := importSmallSchool(t, address)
		_, err := dbtest.Open(t, address).Exec("UPDATE student_photo SET photo_update_time = '2020-01-01 09:00:00'")
		require.NoError(t, err)
		r := runProgram(t.Context(), environment, realFlags(school, id, "-lang", "en", "-since", "1s")...)
		assert.Equal(t, exitOK, r.status, r.both())
		assert.Contains(t, r.out, "0 recipients")
		assert.Contains(t, r.out, "5 left out by -since: their newest photo is older, or has no time")
		r = runProgram(t.Context(), environment, append([]string{"check", "-lang", "zh"}, realFlags(school, id, "-since", "1s")...)...)
		assert.Contains(t, r.out, "因 -since 未计入 5 个")
		for _, since := range []string{"2999-01-01", "2999/1/1", "2999-01-01 08:00"} {
			r = runProgram(t.Context(), environment, realFlags(school, id, "-since", since)...)
			oneClearLine(t, r, exitUsage, "-since: "+since, "still to come")
		}
	})
}
