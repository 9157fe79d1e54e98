package push

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/wechat"
)

// The test binary is also the pusher that is killed: address, base URL, secret and the offset
// of its clock in seconds are in this variable.
const childRole = "WXHOME_PUSH_CHILD"

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		if err := child(strings.Split(role, "|")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func child(arg []string) error {
	ctx := context.Background()
	d, err := db.Open(ctx, arg[0])
	if err != nil {
		return err
	}
	client, err := wechat.New(arg[2], arg[3], wechat.WithBaseURL(arg[1]))
	if err != nil {
		return err
	}
	offset, err := strconv.Atoi(arg[4])
	if err != nil {
		return err
	}
	_, err = Run(ctx, nil, Config{
		AppID: arg[2], Caller: client, School: d, Ledger: d, Campaign: "kill", TemplateID: templateID,
		Fields: []Field{{Key: "thing1", Text: "{student_name}"}}, Public: true, Rate: killRate, Workers: killWorkers,
		ResendUnknown: arg[5] == "resend",
		Now:           func() time.Time { return time.Now().Add(time.Duration(offset) * time.Second) },
	})
	return err
}

const (
	kills       = 25
	recipients  = 2000
	killRate    = 200
	killWorkers = 16
	// killClock is how far both clocks go on after a kill: beyond WeChat's memory of an id.
	killClock = 11 * time.Minute
)

// victim is a ledger, a simulated WeChat, and the pushers that are started and killed.
type victim struct {
	t       *testing.T
	wechat  *simulated
	address string
	db      *db.DB
	clock   time.Duration
	orphans int // kills that left rows sending
}

func newVictim(t *testing.T, address string) *victim {
	t.Helper()
	s := newWeChat(t)
	cfg := config(t, address, s)
	addRecipients(t, cfg.School)
	return &victim{t: t, wechat: s, address: address, db: cfg.School}
}

// addRecipients fills the school with recipients that follow the account and nobody else.
func addRecipients(t *testing.T, d *db.DB) {
	t.Helper()
	tx, err := d.Begin()
	require.NoError(t, err)
	for _, table := range []string{"parent_wechat_bind", "student_photo"} {
		_, err = tx.Exec("DELETE FROM " + table)
		require.NoError(t, err)
	}
	for i := range recipients {
		_, err = tx.Exec("INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time) VALUES (?, ?, ?, '2026-01-01 00:00:00')",
			fmt.Sprint(13000000000+i), fmt.Sprintf("oKill%023d", i), fmt.Sprint("S", i))
		require.NoError(t, err)
		_, err = tx.Exec("INSERT INTO student_photo (student_id, student_name, photo_url, photo_update_time) VALUES (?, ?, 'https://example.com/p.jpg', '2026-11-20 18:00:00')",
			fmt.Sprint("S", i), "张三")
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
}

func (v *victim) start(mode string) *exec.Cmd {
	exe, err := os.Executable()
	require.NoError(v.t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childRole+"="+strings.Join([]string{
		v.address, v.wechat.URL, v.wechat.AppID, v.wechat.AppSecret, strconv.Itoa(int(v.clock / time.Second)), mode,
	}, "|"))
	cmd.Stderr = os.Stderr
	require.NoError(v.t, cmd.Start())
	return cmd
}

// kill ends cmd without a warning once it has sent some more messages.
func (v *victim) kill(cmd *exec.Cmd, more int64) {
	until := v.wechat.AcceptedCount() + more
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	for done := false; !done && v.wechat.AcceptedCount() < until; {
		select {
		case <-ended: // nothing was left to send
			done = true
		case <-time.After(time.Millisecond):
		}
	}
	_ = cmd.Process.Kill()
	<-ended
	if v.count("sending") > 0 {
		v.orphans++
	}
}

func (v *victim) count(state string) int {
	v.t.Helper()
	var n int
	err := v.db.QueryRow("SELECT COUNT(*) FROM push_message WHERE state = ?", state).Scan(&n)
	require.NoError(v.t, err)
	return n
}

func TestKilledPushers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills 25 processes")
	}
	databases(t, func(t *testing.T, address string) {
		v := newVictim(t, address)
		for range kills {
			v.kill(v.start(""), rand.Int64N(40)+1)
		}
		require.NoError(t, v.start("").Wait())
		v.wechat.once(t, recipients)
		assert.Equal(t, recipients, v.count("accepted"))
		assert.GreaterOrEqual(t, v.orphans, 15, "kills that left rows sending")
		assert.Positive(t, v.wechat.RepeatedCount(), "repeated ids")
		t.Logf("%d of %d kills left rows sending, %d ids repeated", v.orphans, kills, v.wechat.RepeatedCount())
	})
}

func TestKilledPushersWhenTheIDIsForgotten(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills 25 processes")
	}
	databases(t, func(t *testing.T, address string) {
		v := newVictim(t, address)
		for range kills {
			v.kill(v.start(""), rand.Int64N(40)+1)
			v.clock += killClock
			v.wechat.Advance(killClock)
		}
		require.NoError(t, v.start("").Wait())
		unknown := v.count("unknown")
		assert.Equal(t, recipients, v.count("accepted")+unknown)
		assert.LessOrEqual(t, unknown, kills*(killWorkers+killRate))
		assert.Positive(t, unknown)
		v.noneTwice()
		require.NoError(t, v.start("resend").Wait())
		assert.Equal(t, recipients, v.count("accepted"))
		t.Logf("%d unknown after %d kills", unknown, kills)
	})
}

func (v *victim) noneTwice() {
	v.wechat.mu.Lock()
	defer v.wechat.mu.Unlock()
	for who, n := range v.wechat.got {
		require.Equal(v.t, 1, n, who)
	}
}

func TestTwoPushersAtATimeOnMariaDB(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills 25 processes")
	}
	v := newVictim(t, mariaDB(t))
	pair := []*exec.Cmd{v.start(""), v.start("")}
	for i := range kills {
		v.kill(pair[i%2], rand.Int64N(40)+1)
		pair[i%2] = v.start("")
	}
	require.NoError(t, errors.Join(pair[0].Wait(), pair[1].Wait()))
	v.wechat.once(t, recipients)
	assert.Equal(t, recipients, v.count("accepted"))
	assert.GreaterOrEqual(t, v.orphans, 15)
}

// A query of the user's own, with the ledger in another database, and what is wrong with one.
func TestQueryAndLedgerApart(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	cfg := config(t, "sqlite:"+filepath.Join(t.TempDir(), "school.db"), s)
	ledger, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"), db.Create())
	require.NoError(t, err)
	t.Cleanup(func() { _ = ledger.Close() })
	cfg.Ledger = ledger
	cfg.Query = `SELECT b.wechat_openid AS openid, b.student_id, p.student_name, p.photo_url, p.photo_update_time, 'x' AS class
FROM parent_wechat_bind b JOIN student_photo p ON p.student_id = b.student_id WHERE p.photo_url <> '' ;`
	cfg.Fields = []Field{{Key: "thing1", Text: "{student_name}{class}"}}
	got, err := Run(t.Context(), nil, cfg)
	require.NoError(t, err)
	assert.Positive(t, got.Accepted)
	addsUp(t, got)
	cfg.Query, cfg.Campaign = "SELECT 'o' AS openid", "bad"
	_, err = Run(t.Context(), nil, cfg)
	require.ErrorContains(t, err, "student_id")
	_, err = ParseField("nonsense")
	require.ErrorContains(t, err, "KEY=TEXT")
}
