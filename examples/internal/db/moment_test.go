package db

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestMoment(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 9, 9, 5, 0, 0, Beijing)
	day := time.Date(2026, 11, 9, 0, 0, 0, 0, Beijing)
	for _, v := range []any{
		at, at.UTC(), at.Add(999 * time.Millisecond), at.In(time.FixedZone("", -3600)),
		"2026-11-09 09:05:00", "2026/11/9 9:05", "2026/11/9 9:05:00", "2026.11.9 09:05", "2026-11-9 9:05", " 2026-11-09  09:05 ",
		"2026年11月9日 9:05", "2026年11月9日9:05", "2026-11-09T09:05:00", "2026-11-09T09:05", "2026/11/9 9：05",
		"2026-11-09 09:05:00.25", "2026-11-09T09:05:00+08:00", "2026-11-09T01:05:00Z", "2026-11-09T01:05:00.999Z", "2026-11-09 01:05:00Z",
		"2026-11-09 01:05:00+00:00", "2026-11-09 03:05:00 +0200", "2026-11-09 01:05:00 +0000 UTC", "2026-11-09 01:05:00.5 +0000 UTC",
		[]byte("2026-11-09 09:05:00"), []byte("1794186300"),
		at.Unix(), int(at.Unix()), uint64(at.Unix()), float64(at.Unix()), "1794186300", "1794186300.5", "1.7941863e+09", 1794186300.75,
		at.UnixMilli(), "1794186300123", at.UnixMicro(), int64(20261109090500), "20261109090500", "202611090905",
	} {
		got, ok := Moment(v)
		assert.True(t, ok, "%v", v)
		assert.True(t, at.Equal(got), "%v: %v", v, got)
		assert.Equal(t, Beijing, got.Location(), "%v", v)
	}
	for _, v := range []any{"2026-11-09", "2026/11/9", "2026年11月9日", "20261109", int64(20261109)} {
		got, ok := Moment(v)
		assert.True(t, ok && day.Equal(got), "%v: %v", v, got)
	}
	for _, v := range []any{
		nil, "", " ", "张三", "yesterday", "0000-00-00 00:00:00", "2026-13-01", "2026-02-30 09:00", "42", int64(42), -1, int64(-1794186300), "-1794186300",
		"13900000000", "46000.5", "1e999", "NaN", "10:05", "2026", "2026-11", time.Time{}, true, 0, "0", "99999999", "9999-12-31T23:59:59-10:00",
	} {
		got, ok := Moment(v)
		assert.False(t, ok, "%v: %v", v, got)
		assert.True(t, got.IsZero(), "%v", v)
	}
	for _, s := range []string{"1794186300", "20261109", "20261109090500", "1794186300.5"} {
		_, ok := ParseMoment(s)
		assert.False(t, ok, "%s is a number", s)
	}
}

// FuzzMoment: what is read is read again from what is printed, and nothing panics.
func FuzzMoment(f *testing.F) {
	for _, s := range []string{"2026/11/9 9:05", "2026-11-09T09:05:00+08:00", "1794186300", "2026年11月9日9：05", "1e9", ".", "日", "T", "20261109090500"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		read, ok := Moment(s)
		if !ok {
			return
		}
		for _, printed := range []any{read.Format(time.DateTime), read.Format(time.RFC3339), read.UTC().Format(time.RFC3339), read} {
			again, ok := Moment(printed)
			if !ok || !again.Equal(read) {
				t.Errorf("%q is %v, and %v of it is %v", s, read, printed, again)
			}
		}
	})
}
