package push_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/push"
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

func newWeChat(t *testing.T) *simulated {
	t.Helper()
	s := &simulated{got: map[string]int{}}
	s.Server = wechattest.New(t, wechattest.WithHistory(0), wechattest.WithFollowers(school.Follower))
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
	t.Run("sqlite", func(t *testing.T) { f(t, "sqlite:"+filepath.Join(t.TempDir(), "学校.db")) })
	t.Run("mariadb", func(t *testing.T) { f(t, mariaDB(t)) })
}

func mariaDB(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv("WXHOME_TEST_MYSQL")
	if dsn == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("WXHOME_TEST_MYSQL names no MariaDB, and CI must have one")
		}
		t.Skip("WXHOME_TEST_MYSQL names no MariaDB")
	}
	conn, err := sql.Open("mysql", dsn)
	require.NoError(t, err)
	name := fmt.Sprintf("wxhome_push_%d_%d", os.Getpid(), rand.Uint32())
	_, err = conn.Exec("CREATE DATABASE " + name)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = conn.Exec("DROP DATABASE " + name); _ = conn.Close() })
	return "mysql:" + dsn[:len(dsn)-len(filepath.Base(dsn))] + name
}

func config(t *testing.T, address string, s *simulated) push.Config {
	t.Helper()
	d, err := db.Open(t.Context(), address, db.Create())
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	_, err = school.EnsureDemo(t.Context(), d.DB)
	require.NoError(t, err)
	return push.Config{
		AppID: s.AppID, Sender: s.Client(wechat.WithMaxAttempts(1)).Template, School: d, Ledger: d, Campaign: "spring", TemplateID: templateID,
		Fields: []push.Field{{Key: "thing1", Text: "{student_name}"}}, Public: true,
	}
}

func addsUp(t *testing.T, s push.Summary) {
	t.Helper()
	assert.Equal(t, s.Recipients, s.Unchanged+s.Accepted+s.Skipped+s.Failed+s.Unknown+s.Pending, "%+v", s)
}

func TestDemoSchoolIsPushedOnce(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		cfg := config(t, address, s)
		first, err := push.Run(t.Context(), nil, cfg)
		require.NoError(t, err)
		addsUp(t, first)
		assert.Positive(t, first.Skipped)
		assert.Positive(t, first.LeftOut)
		assert.Equal(t, first.Recipients, first.Accepted+first.Skipped)
		s.once(t, first.Sent)
		again, err := push.Run(t.Context(), nil, cfg)
		require.NoError(t, err)
		assert.Zero(t, again.Sent)
		assert.Equal(t, first.Accepted, again.Accepted)
		cfg.Campaign = "summer"
		later, err := push.Run(t.Context(), nil, cfg)
		require.NoError(t, err)
		addsUp(t, later)
		assert.Zero(t, later.Sent)
		assert.Equal(t, first.Accepted, later.Unchanged)
		cfg.Fields = nil
		_, err = push.Run(t.Context(), nil, cfg)
		require.ErrorIs(t, err, push.ErrSettings)
	})
}

// TestFaults: whatever becomes of single requests, each recipient has one message.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	cfg := config(t, "sqlite:"+filepath.Join(t.TempDir(), "faults.db"), s)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice, mu, n := rand.New(rand.NewPCG(seed, 1)), sync.Mutex{}, 0
	s.FaultFunc(func(r *http.Request) *wechattest.Fault {
		if r.URL.Path != "/cgi-bin/message/template/send" {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if n++; n%200 == 0 {
			s.ReplaceTokens()
		}
		faults := []wechattest.Fault{{Code: -1}, {Status: 502}, {Reset: wechattest.ResetBefore}, {Reset: wechattest.ResetAfter}, {Truncate: true}, {Code: -1, After: true}}
		if i := dice.IntN(60); i < len(faults) {
			return &faults[i]
		}
		return nil
	})
	got, err := push.Run(t.Context(), nil, cfg)
	require.NoError(t, err)
	addsUp(t, got)
	assert.Equal(t, got.Recipients, got.Accepted+got.Skipped)
	s.once(t, got.Accepted)
}

func TestWhatStopsAPush(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault  wechattest.Fault
		reason push.Reason
	}{
		"quota":     {wechattest.Fault{Code: 45009}, push.ReasonQuota},
		"template":  {wechattest.Fault{Code: 40037}, push.ReasonRefused},
		"account":   {wechattest.Fault{Code: 48001}, push.ReasonRefused},
		"all alike": {wechattest.Fault{Code: 47003}, push.ReasonRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newWeChat(t)
			cfg := config(t, "sqlite:"+filepath.Join(t.TempDir(), "stop.db"), s)
			s.Fail("/cgi-bin/message/template/send", -1, tt.fault)
			got, err := push.Run(t.Context(), nil, cfg)
			var stop *push.StopError
			require.ErrorAs(t, err, &stop)
			assert.Equal(t, tt.reason, stop.Reason)
			addsUp(t, got)
			assert.Greater(t, got.Pending, 1000, "the rest stays pending")
			s.Heal()
			cfg.RetryFailed = true
			got, err = push.Run(t.Context(), nil, cfg)
			require.NoError(t, err)
			s.once(t, got.Accepted)
			assert.Equal(t, got.Recipients, got.Accepted+got.Skipped)
		})
	}
}

func TestStopAndAbort(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	cfg := config(t, "sqlite:"+filepath.Join(t.TempDir(), "abort.db"), s)
	stop := make(chan struct{})
	var end sync.Once
	cfg.Batch, cfg.Interval = 100, time.Hour
	cfg.Progress = func(p push.Progress) {
		if p.Pause > 0 {
			end.Do(func() { close(stop) })
		}
	}
	got, err := push.Run(t.Context(), stop, cfg)
	var stopped *push.StopError
	require.ErrorAs(t, err, &stopped)
	assert.Equal(t, 100, got.Accepted+got.Skipped, "also during a pause")
	ctx, cancel := context.WithCancel(t.Context())
	cfg.Batch = 0
	cfg.Progress = func(p push.Progress) {
		if p.Done > 300 {
			cancel()
		}
	}
	_, err = push.Run(ctx, nil, cfg)
	require.Error(t, err)
	cfg.Progress = nil
	got, err = push.Run(t.Context(), nil, cfg)
	require.NoError(t, err)
	s.once(t, got.Accepted)
	cancel()
}

func TestTwoProcessesOnOneSQLiteLedger(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	address := "sqlite:" + filepath.Join(t.TempDir(), "busy.db")
	cfg := config(t, address, s)
	second := config(t, address, s)
	var busy error
	cfg.Batch, cfg.Interval = 100, time.Nanosecond
	cfg.Progress = func(push.Progress) {
		if busy == nil {
			_, busy = push.Run(t.Context(), nil, second)
		}
	}
	_, err := push.Run(t.Context(), nil, cfg)
	require.NoError(t, err)
	require.ErrorIs(t, busy, push.ErrBusy)
	assert.ErrorContains(t, busy, "process ")
	assert.False(t, errors.Is(err, push.ErrBusy))
}
