//go:build unix

package main

import (
	"database/sql"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/wechattest"
)

// TestHangup drops the connection in the middle of a push: the shell and the system each send a
// SIGHUP. What is in flight is settled, and the summary is printed.
func TestHangup(t *testing.T) {
	t.Parallel()
	// Whoever runs the tests under nohup hands an ignored SIGHUP on to the program. A signal that is
	// heard here is as usual there.
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGHUP)
	defer signal.Stop(heard)
	s, id, environment := newServer(t)
	asked, release := make(chan struct{}, 100), make(chan struct{})
	s.OnAccept(func(wechattest.Accepted) {
		asked <- struct{}{}
		<-release
	})
	db := smallSchool(t)
	p := startProcess(t, environment, realFlags(db, id, "-batch", "2", "-interval", "1h")...)
	<-asked
	<-asked
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	close(release)
	assert.Equal(t, exitInterrupted, p.end())
	assert.Contains(t, p.all.String(), " 2 accepted")
	assert.Contains(t, p.all.String(), "To continue: ")
	var sending int
	conn, err := sql.Open("sqlite", strings.TrimPrefix(db, "sqlite:"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.QueryRow("SELECT COUNT(*) FROM push_message WHERE state = 'sending'").Scan(&sending))
	assert.Zero(t, sending)
}

// TestHangupUnderNohup: a SIGHUP that was ignored at the start ends nothing.
func TestHangupUnderNohup(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	asked, release := make(chan struct{}, 100), make(chan struct{})
	s.OnAccept(func(wechattest.Accepted) {
		asked <- struct{}{}
		<-release
	})
	db := smallSchool(t)
	exe, err := os.Executable()
	require.NoError(t, err)
	p := startCommand(t, environment, "nohup", append([]string{exe}, realFlags(db, id)...)...)
	<-asked
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	close(release)
	assert.Equal(t, exitOK, p.end(), p.all.String())
	assert.EqualValues(t, 4, s.AcceptedCount())
}

// TestReaderGone ends the program that reads the lines, as a SIGHUP to both does: a push goes to its
// end without it.
func TestReaderGone(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	db := smallSchool(t)
	asked, release := make(chan struct{}, 100), make(chan struct{})
	s.OnAccept(func(wechattest.Accepted) {
		asked <- struct{}{}
		<-release
	})
	p := startProcess(t, environment, realFlags(db, id)...)
	<-asked
	require.NoError(t, p.reads.Close())
	close(release)
	_ = p.Wait()
	assert.Equal(t, exitOK, p.ProcessState.ExitCode())
	assert.EqualValues(t, 4, s.AcceptedCount())
}
