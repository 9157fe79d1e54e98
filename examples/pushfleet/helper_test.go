package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/redistest"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

// asProgram makes the test binary the program itself.
const asProgram = "WXHOME_TEST_AS_PUSHFLEET"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		_ = os.Unsetenv(asProgram)
		if was, err := measured(); was {
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
		main()
	}
	os.Exit(m.Run())
}

const (
	sendPath   = "/cgi-bin/message/template/send"
	templateID = "TEMPLATE"
)

// buffer may be written by several goroutines.
type buffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// result is what a run of the program left.
type result struct {
	status      int
	out, errors string
}

func (r result) both() string { return r.out + r.errors }

// world is what a fleet lives in: a WeChat, a Redis, a MariaDB with a school.
type world struct {
	t      *testing.T
	wechat *wechattest.Server
	redis  *redistest.Server
	db     *db.DB
	source string // the address of db
	env    map[string]string

	mu  sync.Mutex // guards got
	got map[string]int
}

// newWorld has a school of n reachable parents.
func newWorld(t *testing.T, n int) *world {
	t.Helper()
	w := &world{t: t, got: map[string]int{}, source: dbtest.MariaDB(t), redis: redistest.Start(t)}
	w.wechat = wechattest.New(t, wechattest.WithHistory(0), wechattest.WithFollowers(school.Follower))
	w.wechat.AddTemplate(template.Template{ID: templateID, Content: "学生姓名{{thing1.DATA}}"})
	w.wechat.OnAccept(w.accepted)
	var err error
	w.db, err = db.Open(t.Context(), w.source)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.db.Close() })
	w.fill(n)
	w.env = map[string]string{
		account.EnvAppID: w.wechat.AppID, account.EnvAppSecret: w.wechat.AppSecret, account.EnvBaseURL: w.wechat.URL,
		"WXHOME_DB": w.source, "WXHOME_REDIS": w.redis.URL(),
	}
	return w
}

// fill gives the school n parents with a child each. Their names are numbers.
func (w *world) fill(n int) {
	w.t.Helper()
	_, err := school.Import(w.t.Context(), w.db.DB, strings.NewReader(
		"parent_mobile,wechat_openid,student_id,student_name,photo_url,photo_update_time\n13900000000,oFirst,1,甲,https://p.example/1.jpg,2026-11-20 18:00\n"))
	require.NoError(w.t, err)
	w.execute("DELETE FROM parent_wechat_bind")
	w.execute("DELETE FROM student_photo")
	for first := 0; first < n; first += 500 {
		var binds, photos []string
		var a, b []any
		for i := first; i < min(first+500, n); i++ {
			student := fmt.Sprintf("S%06d", i)
			binds, a = append(binds, "('13900000000', ?, ?, '2026-01-01 00:00:00')"), append(a, fmt.Sprintf("oPush%023d", i), student)
			photos, b = append(photos, "(?, ?, 'https://p.example/p.jpg', '2026-11-20 18:00:00')"), append(b, student, student)
		}
		w.execute("INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time) VALUES "+strings.Join(binds, ","), a...)
		w.execute("INSERT INTO student_photo (student_id, student_name, photo_url, photo_update_time) VALUES "+strings.Join(photos, ","), b...)
	}
}

func (w *world) execute(statement string, args ...any) {
	w.t.Helper()
	_, err := w.db.Exec(statement, args...)
	require.NoError(w.t, err)
}

func (w *world) accepted(a wechattest.Accepted) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got[a.Message.To+" "+a.Message.Data["thing1"].Value]++
}

// once asserts that n parents have exactly one message each.
func (w *world) once(n int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	assert.Len(w.t, w.got, n)
	for who, k := range w.got {
		require.Equal(w.t, 1, k, "messages to %s", who)
	}
}

// count returns how many rows are in a state.
func (w *world) count(state string) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.db.QueryRow("SELECT COUNT(*) FROM push_message WHERE state = ?", state).Scan(&n))
	return n
}

func (w *world) client() *redis.Client {
	w.t.Helper()
	options, err := redis.ParseURL(w.redis.URL())
	require.NoError(w.t, err)
	c := redis.NewClient(options)
	w.t.Cleanup(func() { _ = c.Close() })
	return c
}

// run runs the program in this process.
func (w *world) run(ctx context.Context, args ...string) result {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // a worker without -until-done never ends
	defer cancel()
	return runProgram(ctx, w.env, args...)
}

func runProgram(ctx context.Context, env map[string]string, args ...string) result {
	var out, errs buffer
	status := run(ctx, append([]string{"pushfleet"}, args...), func(name string) string { return env[name] }, &out, &errs)
	return result{status, out.String(), errs.String()}
}

// enqueue loads the school's campaign and returns its tally.
func (w *world) enqueue(more ...string) push.Summary {
	w.t.Helper()
	r := w.run(w.t.Context(), append([]string{"enqueue", "-template", templateID, "-field", "thing1={student_name}", "-public-photos", "-campaign", "spring", "-json", "-yes"}, more...)...)
	require.Equal(w.t, exitOK, r.status, r.both())
	var s push.Summary
	require.NoError(w.t, json.Unmarshal([]byte(r.out), &s), r.both())
	return s
}

// start starts the built program, with an environment of its own.
func (w *world) start(more map[string]string, args ...string) *exec.Cmd {
	w.t.Helper()
	exe, err := os.Executable()
	require.NoError(w.t, err)
	cmd := exec.Command(exe, args...)
	env := maps.Clone(w.env)
	maps.Copy(env, more)
	cmd.Env = []string{asProgram + "=1", "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdout, cmd.Stderr = new(buffer), new(buffer)
	require.NoError(w.t, cmd.Start())
	w.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

func printed(cmd *exec.Cmd) string {
	return cmd.Stdout.(*buffer).String() + cmd.Stderr.(*buffer).String()
}

// endsWithin is how long a program may take that ends by itself.
const endsWithin = 3 * time.Minute

// ends waits for a program that ends by itself, with success. One that does not is killed, so that
// the test says what it printed.
func (w *world) ends(cmd *exec.Cmd) {
	w.t.Helper()
	late := time.AfterFunc(endsWithin, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	require.NoError(w.t, cmd.Wait(), printed(cmd))
}
