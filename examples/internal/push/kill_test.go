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
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/departure"
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
	client, err := wechat.New(arg[2], arg[3], wechat.WithBaseURL(arg[1]), wechat.WithTransport(departure.Transport))
	if err != nil {
		return err
	}
	offset, err := strconv.Atoi(arg[4])
	if err != nil {
		return err
	}
	rate := 0.0
	if arg[5] == doomed {
		rate = killRate
	}
	cfg := Config{
		AppID: arg[2], Caller: client, School: d, Ledger: d, Campaign: "kill", TemplateID: templateID,
		Fields: []Field{{Key: "thing1", Text: "{student_name}"}}, Public: true, Rate: rate, Workers: killWorkers,
		ResendUnknown: arg[5] == resend,
		takeOver:      time.Nanosecond, // a process that was killed is surely dead
		Now:           func() time.Time { return time.Now().Add(time.Duration(offset) * time.Second) },
	}
	if arg[5] == standing {
		cfg.Rate, cfg.Now, cfg.takeOver = standRate, nil, 0 // as a program has them
	}
	_, err = Run(ctx, nil, cfg)
	return err
}

const (
	kills       = 25
	recipients  = 2000
	reachable   = recipients - recipients/50
	killRate    = 50
	standRate   = 20
	killWorkers = 8
	// killAhead is how many rows a pusher may have sending: so many a kill makes unknown at most.
	killAhead = killWorkers + killRate
	// killClock is how far both clocks go on after a kill: beyond WeChat's memory of an id.
	killClock = 11 * time.Minute
)

// The ways of a pusher.
const (
	doomed = "doomed" // slow, since it will be killed
	last   = ""       // does the rest
	resend = "resend" // does the rest, and what is unknown

	standing = "standing" // stands still, or goes on for one that does
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
	d := emptySchool(t, address)
	addRecipients(t, d)
	return &victim{t: t, wechat: s, address: address, db: d}
}

// addRecipients fills the school; one in fifty has left the account.
func addRecipients(t *testing.T, d *db.DB) {
	t.Helper()
	fill(t, d, recipients)
	execute(t, d, "UPDATE parent_wechat_bind SET wechat_openid = "+map[db.Dialect]string{
		db.SQLite: "'oDEMO-left-' || student_id", db.MySQL: "CONCAT('oDEMO-left-', student_id)",
	}[d.Dialect]+" WHERE student_id LIKE '%25' OR student_id LIKE '%75'")
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

// kill ends cmd without a warning at some moment after it has sent some more messages.
func (v *victim) kill(cmd *exec.Cmd) {
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	v.await(rand.Int64N(80)+1, ended)
	<-time.After(rand.N(20 * time.Millisecond))
	_ = cmd.Process.Kill()
	<-ended
	if v.count("sending") > 0 {
		v.orphans++
	}
}

// await waits for some more messages, or for the end of the one who sends them.
func (v *victim) await(more int64, ended <-chan struct{}) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for until := v.wechat.AcceptedCount() + more; v.wechat.AcceptedCount() < until; {
		select {
		case <-ended: // nothing was left to send
			return
		case <-tick.C:
		}
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
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		v := newVictim(t, address)
		for range kills {
			v.kill(v.start(doomed))
		}
		require.NoError(t, v.start(last).Wait())
		v.wechat.once(t, reachable)
		assert.Equal(t, []int{reachable, recipients - reachable}, []int{v.count("accepted"), v.count("skipped")})
		assert.GreaterOrEqual(t, v.orphans, 15, "kills that left rows sending")
		assert.Positive(t, v.wechat.RepeatedCount(), "repeated ids")
		t.Logf("%d of %d kills left rows sending, %d ids repeated", v.orphans, kills, v.wechat.RepeatedCount())
	})
}

func TestKilledPushersWhenTheIDIsForgotten(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills 25 processes")
	}
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		v := newVictim(t, address)
		for range kills {
			v.kill(v.start(doomed))
			v.clock += killClock
			v.wechat.Advance(killClock)
		}
		require.NoError(t, v.start(last).Wait())
		accepted, skipped, unknown := v.count("accepted"), v.count("skipped"), v.count("unknown")
		assert.Equal(t, recipients, accepted+skipped+unknown)
		assert.LessOrEqual(t, unknown, kills*killAhead)
		assert.Positive(t, unknown)
		assert.Greater(t, accepted, 100)
		assert.GreaterOrEqual(t, v.orphans, 15, "kills that left rows sending")
		v.noneTwice()
		require.NoError(t, v.start(resend).Wait())
		assert.Equal(t, []int{reachable, recipients - reachable}, []int{v.count("accepted"), v.count("skipped")})
		t.Logf("%d accepted, %d skipped, %d unknown after %d kills", accepted, skipped, unknown, kills)
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
	t.Parallel()
	v := newVictim(t, dbtest.MariaDB(t))
	pair := []*exec.Cmd{v.start(doomed), nil}
	v.await(20, nil)
	pair[1] = v.start(doomed)
	v.await(100, nil)
	assert.Zero(t, v.wechat.RepeatedCount(), "while both live, neither takes the other's rows")
	for i := range kills {
		v.kill(pair[i%2])
		pair[i%2] = v.start(doomed)
	}
	for _, p := range pair {
		_ = p.Process.Kill()
		_ = p.Wait()
	}
	pair = []*exec.Cmd{v.start(last), v.start(last)}
	require.NoError(t, errors.Join(pair[0].Wait(), pair[1].Wait()))
	v.wechat.once(t, reachable)
	assert.Equal(t, []int{reachable, recipients - reachable}, []int{v.count("accepted"), v.count("skipped")})
	assert.GreaterOrEqual(t, v.orphans, 15)
	t.Logf("%d of %d kills left rows sending, %d ids repeated", v.orphans, kills, v.wechat.RepeatedCount())
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
