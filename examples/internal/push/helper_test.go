package push

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const templateID = "TEMPLATE"

// simulated is a WeChat that keeps its own tally of accepted messages.
type simulated struct {
	*wechattest.Server
	mu  sync.Mutex
	got map[string]int // accepted messages by openid and student's name
}

func newWeChat(t *testing.T, opts ...wechattest.Option) *simulated {
	t.Helper()
	s := &simulated{got: map[string]int{}}
	s.Server = wechattest.New(t, append(opts, wechattest.WithHistory(0), wechattest.WithFollowers(school.Follower))...)
	s.AddTemplate(template.Template{ID: templateID, Content: "学生姓名{{thing1.DATA}}"})
	s.OnAccept(func(a wechattest.Accepted) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got[a.Message.To+a.Message.Data["thing1"].Value]++
	})
	return s
}

// once asserts that each recipient has exactly one message, n in all.
func (s *simulated) once(t *testing.T, n int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	assert.Len(t, s.got, n)
	for who, k := range s.got {
		require.Equal(t, 1, k, "messages to %s", who)
	}
}

// databases opens a fresh SQLite file, and MariaDB where there is one.
func databases(t *testing.T, f func(t *testing.T, address string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, "sqlite:"+filepath.Join(t.TempDir(), "学校.db"))
	})
	t.Run("mariadb", func(t *testing.T) {
		t.Parallel()
		f(t, dbtest.MariaDB(t))
	})
}

func config(t *testing.T, address string, s *simulated) Config {
	t.Helper()
	d, err := db.Open(t.Context(), address, db.Create())
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	_, err = school.EnsureDemo(t.Context(), d.DB)
	require.NoError(t, err)
	return Config{
		AppID: s.AppID, Caller: s.Client(wechat.WithMaxAttempts(1)), School: d, Ledger: d, Campaign: "spring", TemplateID: templateID,
		Fields: []Field{{Key: "thing1", Text: "{student_name}"}}, Public: true,
	}
}

func addsUp(t *testing.T, s Summary) {
	t.Helper()
	assert.Equal(t, s.Recipients, s.Unchanged+s.Accepted+s.Skipped+s.Failed+s.Unknown+s.Pending, "%+v", s)
}

// emptySchool makes the two tables, without rows.
func emptySchool(t testing.TB, address string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), address, db.Create())
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	_, err = school.Import(t.Context(), d.DB, strings.NewReader(
		"parent_mobile,wechat_openid,student_id,student_name,photo_url,photo_update_time\n13900000000,oFirst,1,甲,https://p.example/1.jpg,2026-11-20 18:00\n"))
	require.NoError(t, err)
	execute(t, d, "DELETE FROM parent_wechat_bind")
	execute(t, d, "DELETE FROM student_photo")
	return d
}

func execute(t testing.TB, d *db.DB, statement string, args ...any) {
	t.Helper()
	_, err := d.Exec(statement, args...)
	require.NoError(t, err, statement)
}

// bind binds a parent; openid may be nil.
func bind(t testing.TB, d *db.DB, openid any, student string) {
	t.Helper()
	execute(t, d, "INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time) VALUES ('13900000000', ?, ?, '2026-01-01 00:00:00')", openid, student)
}

// photo gives a student a photo; address and at may be nil.
func photo(t testing.TB, d *db.DB, student, name string, address, at any) {
	t.Helper()
	execute(t, d, "INSERT INTO student_photo (student_id, student_name, photo_url, photo_update_time) VALUES (?, ?, ?, ?)", student, name, address, at)
}

// fill adds n parents with a child each, in one transaction.
func fill(t testing.TB, d *db.DB, n int) {
	t.Helper()
	for first := 0; first < n; first += 500 {
		var binds, photos []string
		var a, b []any
		for i := first; i < min(first+500, n); i++ {
			student := fmt.Sprintf("S%06d", i)
			binds, a = append(binds, "('13900000000', ?, ?, '2026-01-01 00:00:00')"), append(a, fmt.Sprintf("oPush%023d", i), student)
			photos, b = append(photos, "(?, '张三', 'https://p.example/p.jpg', '2026-11-20 18:00:00')"), append(b, student)
		}
		execute(t, d, "INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time) VALUES "+strings.Join(binds, ","), a...)
		execute(t, d, "INSERT INTO student_photo (student_id, student_name, photo_url, photo_update_time) VALUES "+strings.Join(photos, ","), b...)
	}
}

// ofSchool is a push of d to s.
func ofSchool(d *db.DB, s *simulated) Config {
	return Config{
		AppID: s.AppID, Caller: s.Client(wechat.WithMaxAttempts(1)), School: d, Ledger: d, Campaign: "spring", TemplateID: templateID,
		Fields: []Field{{"thing1", "{student_name}"}}, Public: true,
	}
}

// inBubble runs f with a clock that only waiting moves, a school of n, and a WeChat in memory.
func inBubble(t *testing.T, n int, f func(t *testing.T, s *simulated, cfg Config)) {
	t.Helper()
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newWeChat(t, wechattest.InMemory())
		d := emptySchool(t, "sqlite:"+filepath.Join(folder, "school.db"))
		fill(t, d, n)
		f(t, s, ofSchool(d, s))
	})
}

const sendPath = "/cgi-bin/message/template/send"

func stateOf(t testing.TB, d *db.DB, openid string) (state, reason string) {
	t.Helper()
	require.NoError(t, d.QueryRow("SELECT state, error FROM push_message WHERE openid = ?", openid).Scan(&state, &reason))
	return state, reason
}
