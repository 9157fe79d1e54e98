package push

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// TestPhoto: a photo is its address and its moment.
func TestPhoto(t *testing.T) {
	t.Parallel()
	of := func(url, when string) photoID { return content{"photo_url": url, "photo_update_time": when}.photo() }
	one := of("https://p/1", "2026-11-09 09:05:00")
	for _, when := range []string{"2026/11/9 9:05", "2026-11-09T01:05:00Z", "1794186300", "1794186300123", "2026年11月9日 9:05", "2026-11-09 09:05:00.75"} {
		assert.True(t, one.same(of("https://p/1", when)), when)
	}
	for _, other := range []photoID{
		of("https://p/2", "2026-11-09 09:05:00"), of("https://p/1", "2026-11-09 09:05:01"), of("https://p/1", ""), of("https://p/1", "long ago"), {},
	} {
		assert.False(t, one.same(other), "%+v", other)
	}
	assert.True(t, of("https://p/1", "long ago").same(of("https://p/1", "long ago")), "what cannot be read counts by its text")
	assert.True(t, one.same(content{hashColumn: one.hash}.photo()), "what is left of a purged row compares alike")
	assert.Equal(t, photoID{}, decodePhoto("not JSON"))
}

// TestUpgradeSendsNothing: what an older version has sent is not sent again, however it has kept the
// time, and however the school keeps it.
func TestUpgradeSendsNothing(t *testing.T) {
	t.Parallel()
	const moment = 1794186300 // 2026-11-09 09:05:00
	for name, tt := range map[string]struct {
		column    string
		value     any
		kept      string // by the older version
		sqliteToo bool
	}{
		"DATETIME":          {"DATETIME", "2026-11-09 09:05:00", "2026-11-09 09:05:00", true},
		"VARCHAR":           {"VARCHAR(32)", "2026/11/9 9:05", "2026/11/9 9:05", true},
		"VARCHAR, by now":   {"VARCHAR(32)", "2026-11-09 09:05:00", "2026/11/9 9:05", true},
		"unix seconds":      {"BIGINT", moment, "1794186300", true},
		"unix, as text":     {"VARCHAR(32)", "1794186300", "1794186300", true},
		"unix, by now":      {"BIGINT", moment, "2026-11-09 09:05:00", true},
		"DOUBLE":            {"DOUBLE", float64(moment), "1.7941863e+09", true},
		"RFC 3339":          {"VARCHAR(32)", "2026-11-09T09:05:00+08:00", "2026-11-09T09:05:00+08:00", true},
		"TIMESTAMP, MySQL":  {"TIMESTAMP NULL", "2026-11-09 09:05:00", "2026-11-09 09:05:00", false},
		"DATETIME(6)":       {"DATETIME(6)", "2026-11-09 09:05:00.250", "2026-11-09 09:05:00", false},
		"a day":             {"DATE", "2026-11-09", "2026-11-09 00:00:00", false},
		"cannot be read":    {"VARCHAR(32)", "第三周", "第三周", true},
		"no time, zero day": {"VARCHAR(32)", "", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databases(t, func(t *testing.T, address string) {
				d, err := db.Open(t.Context(), address, db.Create())
				require.NoError(t, err)
				t.Cleanup(func() { _ = d.Close() })
				if d.Dialect == db.SQLite && !tt.sqliteToo {
					t.Skip("not a type of SQLite's")
				}
				execute(t, d, "CREATE TABLE parent_wechat_bind (id INTEGER PRIMARY KEY, parent_mobile VARCHAR(20), wechat_openid VARCHAR(64), student_id VARCHAR(64))")
				execute(t, d, "CREATE TABLE student_photo (student_id VARCHAR(64), student_name VARCHAR(64), photo_url VARCHAR(255), photo_update_time "+tt.column+")")
				execute(t, d, "INSERT INTO parent_wechat_bind VALUES (1, '13900000000', 'oA', 's1')")
				execute(t, d, "INSERT INTO student_photo VALUES ('s1', '甲', 'https://p.example/1.jpg', ?)", tt.value)
				s := newWeChat(t)
				cfg := ofSchool(d, s)
				require.NoError(t, createLedger(t.Context(), d))
				text, err := content{"student_id": "s1", "student_name": "甲", "photo_url": "https://p.example/1.jpg", "photo_update_time": tt.kept}.encode()
				require.NoError(t, err)
				place(t, d, cfg.AppID, "before", placed{stateAccepted, 1})
				execute(t, d, "UPDATE push_message SET content = ?", text)
				got, err := run(t, cfg)
				require.NoError(t, err)
				assert.Equal(t, []int{1, 0}, []int{got.Unchanged, got.Sent})
			})
		})
	}
}

// TestTimesInMessages: a parent reads a time, whatever the column holds.
func TestTimesInMessages(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2026-11-09 09:05:00": "2026年11月9日 09:05", "2026/11/9 9:05": "2026年11月9日 09:05", "1794186300": "2026年11月9日 09:05",
		"2026-11-09T01:05:00Z": "2026年11月9日 09:05", "2026-11-09": "2026-11-09", "2026/11/9": "2026/11/9", "20261109": "20261109", "": "", "第三周": "第三周",
	} {
		assert.Equal(t, want, PrintedTime(in))
		v, err := Field{"time2", "{photo_update_time}"}.value(content{"photo_update_time": in})
		require.NoError(t, err)
		assert.Equal(t, want, v)
	}
	v, err := Field{"character_string1", "{student_id}"}.value(content{"student_id": "1794186300"})
	require.NoError(t, err)
	assert.Equal(t, "1794186300", v, "only a photo's time may be a number")
}

// TestTimesShifted: loc in the database's address is mended, and every photo has another time.
func TestTimesShifted(t *testing.T) {
	t.Parallel()
	address := dbtest.MariaDB(t)
	s := newWeChat(t)
	wrong := emptySchool(t, address+"?loc=UTC")
	fill(t, wrong, 40)
	_, err := run(t, ofSchool(wrong, s))
	require.NoError(t, err)
	right, err := db.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = right.Close() })
	execute(t, right, "UPDATE student_photo SET photo_url = 'https://p.example/new.jpg', photo_update_time = '2026-11-21 08:00:00' WHERE student_id < 'S000005'")
	cfg := ofSchool(right, s)
	cfg.Campaign, cfg.Now = "summer", func() time.Time { return time.Now().Add(2 * time.Second) }
	for _, limit := range []int{0, 1} {
		cfg.Limit = limit
		var shifted *ShiftedError
		_, err = Look(t.Context(), cfg, 1)
		require.ErrorAs(t, err, &shifted)
		got, err := Run(t.Context(), nil, cfg)
		require.ErrorAs(t, err, &shifted)
		assert.Equal(t, ShiftedError{By: -8 * time.Hour, Recipients: 35, Sampled: 35}, *shifted)
		assert.Zero(t, got.Recipients)
	}
	cfg.Limit = 0
	all, err := Campaigns(t.Context(), right, cfg.AppID)
	require.NoError(t, err)
	assert.Len(t, all, 1, "nothing was begun")
	cfg.TimesShifted = true
	look, err := Look(t.Context(), cfg, 0)
	require.NoError(t, err)
	got, err := run(t, cfg)
	require.NoError(t, err)
	assert.Equal(t, []int{35, 5}, []int{got.Unchanged, got.Sent})
	assert.Equal(t, []int{35, 5}, []int{look.Unchanged, look.Pending})

	cfg.Campaign, cfg.TimesShifted, cfg.Now = "autumn", false, func() time.Time { return time.Now().Add(4 * time.Second) }
	got, err = run(t, cfg)
	require.NoError(t, err)
	assert.Equal(t, []int{40, 0}, []int{got.Unchanged, got.Sent}, "once decided, it stays so")
	execute(t, right, "UPDATE student_photo SET photo_update_time = '2026-11-27 18:00:00' WHERE student_id > 'S000030'")
	cfg.Campaign, cfg.Now = "winter", func() time.Time { return time.Now().Add(6 * time.Second) }
	got, err = run(t, cfg)
	require.NoError(t, err)
	assert.Equal(t, []int{31, 9}, []int{got.Unchanged, got.Sent})
}

// TestShiftedSample: what is a change of the zone, and what is new photos.
func TestShiftedSample(t *testing.T) {
	t.Parallel()
	const hour, week = 3600, 7 * 24 * 3600
	for name, tt := range map[string]struct {
		by   map[int64]int
		want int64
	}{
		"nothing":             {nil, 0},
		"all equal":           {map[int64]int{0: 100}, 0},
		"Beijing for UTC":     {map[int64]int{8 * hour: 90, 0: 3, 77: 7}, 8 * hour},
		"UTC for Beijing":     {map[int64]int{-8 * hour: 100}, -8 * hour},
		"Kathmandu":           {map[int64]int{-5*hour - 45*60: 100}, -5*hour - 45*60},
		"half":                {map[int64]int{8 * hour: 50, 0: 50}, 0},
		"a few":               {map[int64]int{8 * hour: 2}, 0},
		"a week later":        {map[int64]int{week: 100}, 0},
		"a day later":         {map[int64]int{24 * hour: 100}, 0},
		"a day later, nearly": {map[int64]int{24*hour - 7: 100}, 0},
	} {
		s := sample{by: tt.by}
		for _, n := range tt.by {
			s.n += n
		}
		by, _ := s.shifted()
		assert.Equal(t, tt.want, by, name)
	}
}

// TestShiftIsAboutOldRows: what was written after the decision has the new times.
func TestShiftIsAboutOldRows(t *testing.T) {
	t.Parallel()
	c := choice{shifts: []shift{{by: 3600, decided: 100}}}
	today := photoID{hash: "new", url: "u", at: 7200, timed: true}
	for updated, want := range map[int64]bool{99: true, 100: true, 101: false} {
		old := foreign{photo: photoID{hash: "old", url: "u", at: 3600, timed: true}, updatedAt: updated}
		assert.Equal(t, want, c.shows(old, today), updated)
	}
	assert.False(t, c.shows(foreign{photo: photoID{hash: "old", url: "v", at: 3600, timed: true}}, today), "another address")
	assert.False(t, c.shows(foreign{photo: photoID{hash: "old", url: "u", at: 3601, timed: true}}, today), "another difference")
}
