package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	testToken = "token0123456789"
	testAES   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	testKey   = "a key for the tests of this program"
)

// result is what a run of the program left.
type result struct {
	status      int
	out, errors string
}

// both returns all that was printed.
func (r result) both() string { return r.out + r.errors }

// runProgram runs photobot with an environment of its own, to its end.
func runProgram(ctx context.Context, environment map[string]string, args ...string) result {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // a server that should not have come up
	defer cancel()
	var out, errs bytes.Buffer
	status := run(ctx, append([]string{"photobot"}, args...), func(name string) string { return environment[name] }, &out, &errs)
	return result{status, out.String(), errs.String()}
}

// table counts rows.
func table(t *testing.T, d *db.DB, query string) (n int) {
	t.Helper()
	require.NoError(t, d.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+query).Scan(&n))
	return n
}

func TestDemoExit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		d := dbtest.Open(t, address)
		_, err := school.EnsureDemo(t.Context(), d.DB)
		require.NoError(t, err)
		bindings, photos := table(t, d, "parent_wechat_bind"), table(t, d, "student_photo")
		for name, environment := range map[string]map[string]string{
			"plain": nil,
			"safe":  {"WECHAT_TOKEN": testToken, "WECHAT_AES_KEY": testAES, "WXHOME_LINK_KEY": testKey},
		} {
			t.Run(name, func(t *testing.T) {
				r := runProgram(t.Context(), environment, "-simulate", "-demo-exit", "-db", address)
				require.Equal(t, exitOK, r.status, r.both())
				assert.True(t, strings.HasPrefix(r.out, "Simulation: nothing leaves this machine.\n"), r.out)
				for _, want := range []string{
					"欢迎关注", "绑定成功：小明", "已经用过", "正在发送小明", "[a picture of", "2 accepted",
					"1 delivered, 1 blocked by the parent, 0 failed, 0 without one yet", "已解除与小明的绑定", "went as it should", "all work is done",
				} {
					assert.Contains(t, r.out, want)
				}
				assert.Equal(t, 2, strings.Count(r.out, "绑定成功"), "both parents")
				assert.Equal(t, 2, strings.Count(r.out, "[a picture of"))
				assert.Empty(t, r.errors)
			})
		}
		assert.Equal(t, bindings, table(t, d, "parent_wechat_bind"), "the school is as it was")
		assert.Equal(t, photos, table(t, d, "student_photo"))
		for _, name := range []string{"bind_code", "bind_pupil", "bind_try", "push_receipt", "push_message", "push_campaign"} {
			assert.Zero(t, table(t, d, name), name)
		}
	})
}

func TestDemoWithoutFlags(t *testing.T) {
	for _, name := range []string{"XDG_CACHE_HOME", "LocalAppData", "HOME"} {
		t.Setenv(name, t.TempDir())
	}
	r := runProgram(t.Context(), nil, "-demo-exit", "-lang", "zh")
	require.Equal(t, exitOK, r.status, r.both())
	assert.True(t, strings.HasPrefix(r.out, "模拟运行"), r.out)
	assert.Contains(t, r.out, "demo-school.db")
	assert.Contains(t, r.out, "妈妈: 照片")
}

// server is a photobot that serves.
type server struct {
	t      *testing.T
	wechat *wechattest.Server
	school *db.DB
	url    string
	stop   context.CancelFunc
	ended  chan result
	errs   *lockedBuffer
	once   sync.Once
	last   result
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var listening = regexp.MustCompile(`Listening on (\S+):`)

// startServer starts a photobot for a school of three pupils, talking to a WeChat of its own.
func startServer(t *testing.T, address string, more map[string]string, args ...string) *server {
	t.Helper()
	s := &server{t: t, wechat: wechattest.New(t, wechattest.WithFollowers(school.Follower)), ended: make(chan result, 1), errs: new(lockedBuffer)}
	s.school = dbtest.Open(t, address)
	_, err := school.Import(t.Context(), s.school.DB, strings.NewReader("parent_mobile,wechat_openid,student_id,student_name,photo_url,photo_update_time\n"+
		"13900000001,oA,S1,张三,https://photos.example/1.png,2026-11-20 09:00\n"+
		"13900000002,oB,S2,李四,https://photos.example/2.png,2026-11-20 09:00\n"+
		"13900000003,,S3,王五,https://elsewhere.example/3.png,2026-11-20 09:00\n"))
	require.NoError(t, err)
	environment := map[string]string{
		account.EnvAppID: s.wechat.AppID, account.EnvAppSecret: s.wechat.AppSecret, account.EnvBaseURL: s.wechat.URL,
		"WECHAT_TOKEN": testToken, "WECHAT_AES_KEY": testAES, "WXHOME_LINK_KEY": testKey,
	}
	for name, value := range more {
		environment[name] = value
	}
	photos := t.TempDir()
	for _, name := range []string{"1.png", "2.png"} {
		f, err := drawings{}.Open(name)
		require.NoError(t, err)
		text, err := io.ReadAll(f)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(photos, name), text, 0o600))
	}
	var ctx context.Context
	ctx, s.stop = context.WithCancel(t.Context())
	read, write := io.Pipe()
	args = append([]string{"photobot", "-addr", "127.0.0.1:0", "-db", address, "-public-url", "https://school.example"}, args...)
	if !slices.Contains(args, "-photo-hosts") {
		args = append(args, "-photo-dir", photos)
	}
	go func() {
		status := run(ctx, args, func(name string) string { return environment[name] }, write, s.errs)
		_ = write.Close()
		s.ended <- result{status: status}
	}()
	out := bufio.NewScanner(read)
	for s.url == "" && out.Scan() {
		if m := listening.FindStringSubmatch(out.Text()); m != nil {
			s.url = "http://" + m[1]
		}
	}
	require.NotEmpty(t, s.url, s.errs.String())
	go func() { _, _ = io.Copy(io.Discard, read) }()
	t.Cleanup(func() { s.end() })
	s.wechat.SetCallback(wechattest.Callback{URL: s.url + callbackPath, Token: environment["WECHAT_TOKEN"], AESKey: environment["WECHAT_AES_KEY"], Mode: modeOf(environment)})
	return s
}

func modeOf(environment map[string]string) wechattest.Mode {
	if environment["WECHAT_AES_KEY"] == "" {
		return wechattest.Plain
	}
	return wechattest.Safe
}

// end stops the server and returns how it ended.
func (s *server) end() result {
	s.once.Do(func() { s.stop(); s.last = <-s.ended })
	return s.last
}

func (s *server) says(openid, text string) string {
	s.t.Helper()
	s.wechat.Interact(wechattest.Wrote, openid)
	got, err := s.wechat.Push(s.t.Context(), wechattest.Text(openid, text))
	require.NoError(s.t, err)
	require.False(s.t, got.Notice, "%+v", got.Attempts)
	reply, _ := got.Reply.(callback.Text)
	return reply.Content
}

// pictures counts the pictures that an openid has got.
func (s *server) pictures(openid string) (n int) {
	for _, m := range s.wechat.Accepted() {
		if _, ok := m.Custom.(custom.Image); ok && m.To == openid {
			n++
		}
	}
	return n
}

func (s *server) get(path string) (status int, body string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
	require.NoError(s.t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return answer.StatusCode, string(text)
}

func TestServe(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		verify := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(verify, "MP_verify_abc.txt"), []byte("abc"), 0o600))
		s := startServer(t, address, nil, "-mp-verify", verify, "-fallback", "agent", "-name", "阳光小学")
		require.NoError(t, s.wechat.VerifyCallback(t.Context()))
		assert.Contains(t, s.says("oA", "照片"), "正在发送张三")
		assert.Contains(t, s.says("oC", "照片"), "还没有绑定")
		got, err := s.wechat.Push(t.Context(), wechattest.Text("oC", "老师好"))
		require.NoError(t, err)
		assert.Equal(t, callback.Transfer{}, got.Reply)
		got, err = s.wechat.Push(t.Context(), wechattest.Subscribe("oD", ""))
		require.NoError(t, err)
		assert.Contains(t, got.Reply.(callback.Text).Content, "欢迎关注阳光小学")

		status, body := s.get("/MP_verify_abc.txt")
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, "abc", body)
		status, _ = s.get("/photo/forged")
		assert.NotEqual(t, http.StatusOK, status)
		status, _ = s.get("/")
		assert.Equal(t, http.StatusNotFound, status)
		status, _ = s.get(callbackPath + "?signature=00&timestamp=1&nonce=2&echostr=3")
		assert.Equal(t, http.StatusForbidden, status, "a forged check")

		assert.Equal(t, exitOK, s.end().status, s.errs.String())
		assert.Equal(t, 1, s.pictures("oA"), "what was promised was sent before the end")
		assert.Zero(t, s.pictures("oC"))
		assert.NotContains(t, s.errs.String(), "oA")
		assert.NotContains(t, s.errs.String(), s.wechat.AppSecret)
	})
}

// TestErrandsAreDrained: what was promised is sent, although the server is told to end meanwhile.
func TestErrandsAreDrained(t *testing.T) {
	t.Parallel()
	s := startServer(t, dbtest.SQLite(t), nil)
	s.wechat.Fail("/cgi-bin/media/upload", 1, wechattest.Fault{Delay: time.Second})
	assert.Contains(t, s.says("oA", "照片"), "正在发送张三")
	assert.Zero(t, s.pictures("oA"), "it is under way")
	assert.Equal(t, exitOK, s.end().status, s.errs.String())
	assert.Equal(t, 1, s.pictures("oA"))
	assert.Empty(t, s.errs.String())
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := startServer(t, dbtest.SQLite(t), nil)
	health := func() (status int, r report) {
		status, body := s.get(healthPath)
		require.NoError(t, json.Unmarshal([]byte(body), &r), body)
		return status, r
	}
	s.wechat.AddTemplate(school.DemoTemplate())
	_, err := push.Run(t.Context(), nil, push.Config{
		AppID: s.wechat.AppID, Caller: s.wechat.Client(), School: s.school, Ledger: s.school, Campaign: "spring",
		TemplateID: school.DemoTemplate().ID, Public: true, Fields: []push.Field{
			{Key: "thing1", Text: "{student_name}"}, {Key: "time2", Text: "{photo_update_time}"}, {Key: "thing3", Text: "点击查看"},
		},
	})
	require.NoError(t, err)
	for _, m := range s.wechat.Accepted() {
		if m.To == "oA" {
			_, err := s.wechat.Push(t.Context(), wechattest.Receipt("oA", m.MsgID, callback.StatusDelivered))
			require.NoError(t, err)
		}
	}
	_, err = s.wechat.Push(t.Context(), wechattest.Receipt("oB", 0, callback.StatusBlocked))
	require.NoError(t, err)

	status, r := health()
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "ok", r.Status)
	assert.Equal(t, "ok", r.WeChat)
	require.NotNil(t, r.Skew)
	assert.InDelta(t, 0, *r.Skew, 2)
	require.NotNil(t, r.Receipts)
	assert.Equal(t, "spring", r.Receipts.Campaign)
	assert.Equal(t, 1, r.Receipts.Delivered)
	assert.Equal(t, 1, r.Receipts.Blocked)
	assert.Zero(t, r.Receipts.Waiting)

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+healthPath, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode)
}

func TestHealthOfADatabaseThatIsGone(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	require.NoError(t, d.Close())
	h := newHealth(&site{p: &program{}, school: d, ledger: d})
	h.clockAt = time.Now()
	r := h.report(t.Context())
	assert.Equal(t, "failing", r.Status)
	assert.Equal(t, "unreachable", r.Database)
}

func TestKeysInRotation(t *testing.T) {
	t.Parallel()
	s := startServer(t, dbtest.SQLite(t), map[string]string{"WECHAT_TOKEN_PREVIOUS": "oldtoken", "WECHAT_AES_KEY_PREVIOUS": strings.Repeat("a", 43)})
	assert.Contains(t, s.says("oA", "我的编号"), "oA")
	s.wechat.SetCallback(wechattest.Callback{URL: s.url + callbackPath, Token: "oldtoken", AESKey: strings.Repeat("a", 43), Mode: wechattest.Safe})
	assert.Contains(t, s.says("oA", "我的编号"), "oA", "WeChat may use the old ones for a while")
	once := []time.Duration{0}
	s.wechat.SetCallback(wechattest.Callback{URL: s.url + callbackPath, Token: "another", AESKey: testAES, Mode: wechattest.Safe, Deliveries: once})
	got, err := s.wechat.Push(t.Context(), wechattest.Text("oA", "照片"))
	require.NoError(t, err)
	assert.Equal(t, http.StatusForbidden, got.Attempts[0].Status)
	s.wechat.SetCallback(wechattest.Callback{URL: s.url + callbackPath, Token: testToken, Mode: wechattest.Plain, Deliveries: once})
	got, err = s.wechat.Push(t.Context(), wechattest.Text("oA", "照片"))
	require.NoError(t, err)
	assert.Equal(t, http.StatusForbidden, got.Attempts[0].Status, "plain text where there is a key")
}

func TestPhotosAreCheckedAtStart(t *testing.T) {
	t.Parallel()
	s := startServer(t, dbtest.SQLite(t), nil, "-photo-hosts", "photos.example")
	assert.Equal(t, exitOK, s.end().status)
	assert.Contains(t, s.errs.String(), "1 of the newest 3 photos are on hosts that -photo-hosts does not allow: elsewhere.example")
}
