//go:build unix

package push

import (
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/wechat/wechattest"
)

// freezeFor is how long TestStoppedPusher stops a process for, such as 11m: longer than WeChat knows
// an id, and with the machine's own clocks. Without it the test is skipped, and TestFrozenProcess
// does the same with clocks that are set.
const freezeFor = "WXHOME_FREEZE"

// TestStoppedPusher stops a process (SIGSTOP) that has claimed rows and messages in flight, whose
// answers are lost. Its connections to the database die, and it hears nothing of that. Another process
// takes over and finishes; then the first one goes on.
func TestStoppedPusher(t *testing.T) {
	if os.Getenv(freezeFor) == "" {
		t.Skip("stops a process for as long as " + freezeFor + " says, such as 11m")
	}
	t.Parallel()
	stand, err := time.ParseDuration(os.Getenv(freezeFor))
	require.NoError(t, err)
	const n = 200
	s := newWeChat(t)
	address := dbtest.MariaDB(t)
	d := emptySchool(t, address)
	fill(t, d, n)
	p, through := throughProxy(t, address)
	v := &victim{t: t, wechat: s, address: through, db: d}
	arrived, stopped, goes := make(chan struct{}, n), make(chan struct{}), atomic.Bool{}
	s.OnAccept(func(a wechattest.Accepted) {
		s.mu.Lock()
		s.got[a.Message.To+a.Message.Data["thing1"].Value]++
		count := len(s.got)
		s.mu.Unlock()
		if !goes.Load() && count > 40 {
			arrived <- struct{}{}
			<-stopped
		}
	})
	requests := counted(s, func(k int64) *wechattest.Fault {
		if !goes.Load() && k > 40 {
			return &wechattest.Fault{Reset: wechattest.ResetAfter}
		}
		return nil
	})
	first := v.start(standing)
	for range killWorkers {
		<-arrived
	}
	begun := time.Now()
	require.NoError(t, first.Process.Signal(syscall.SIGSTOP))
	var status syscall.WaitStatus
	_, err = syscall.Wait4(first.Process.Pid, &status, syscall.WUNTRACED, nil)
	require.NoError(t, err)
	require.True(t, status.Stopped())
	p.silence()
	close(stopped)
	time.Sleep(time.Second)
	goes.Store(true)
	inHand := v.count(stateSending)
	v.address = address
	require.NoError(t, v.start(standing).Wait())
	assert.Equal(t, n, v.count(stateAccepted))
	sent := requests.Load()
	time.Sleep(stand - time.Since(begun))
	require.NoError(t, first.Process.Signal(syscall.SIGCONT))
	require.Error(t, first.Wait(), "its lock is lost")
	assert.Equal(t, sent, requests.Load(), "requests of the first one since, whatever WeChat makes of them")
	s.once(t, n)
	assert.Equal(t, n, v.count(stateAccepted))
	assert.GreaterOrEqual(t, inHand, killWorkers, "rows in flight, at least")
	t.Logf("%d rows in the hands of a process that stood still for %v; %d ids repeated by the other one",
		inHand, time.Since(begun).Round(time.Second), s.RepeatedCount())
}
