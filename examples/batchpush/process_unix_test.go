//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/wechattest"
)

// asProgram makes the test binary the program itself.
const asProgram = "WXHOME_TEST_AS_BATCHPUSH"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		_ = os.Unsetenv(asProgram)
		main()
	}
	os.Exit(m.Run())
}

// process is the built program, running.
type process struct {
	*exec.Cmd
	reads *os.File
	out   *bufio.Scanner
	all   strings.Builder
}

func startProcess(t *testing.T, environment map[string]string, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	return startCommand(t, environment, exe, args...)
}

// startCommand starts another command in the environment of the program.
func startCommand(t *testing.T, environment map[string]string, name string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), name, args...)}
	p.Env = append(os.Environ(), asProgram+"=1", "LC_ALL=C")
	for name, value := range environment {
		p.Env = append(p.Env, name+"="+value)
	}
	r, w, err := os.Pipe()
	require.NoError(t, err)
	p.Stdout, p.Stderr = w, w
	require.NoError(t, p.Start())
	require.NoError(t, w.Close())
	t.Cleanup(func() { _ = r.Close() })
	p.reads, p.out = r, bufio.NewScanner(r)
	return p
}

// until reads lines up to one that contains text.
func (p *process) until(t *testing.T, text string) {
	t.Helper()
	for p.out.Scan() {
		p.all.WriteString(p.out.Text() + "\n")
		if strings.Contains(p.out.Text(), text) {
			return
		}
	}
	require.Fail(t, "the program ended without the line", "%q in:\n%s", text, p.all.String())
}

// end reads the rest and returns the exit status.
func (p *process) end() int {
	for p.out.Scan() {
		p.all.WriteString(p.out.Text() + "\n")
	}
	_ = p.Wait()
	return p.ProcessState.ExitCode()
}

func TestInterruptedInAPause(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	db := smallSchool(t)
	p := startProcess(t, environment, realFlags(db, id, "-batch", "2", "-interval", "1h")...)
	p.until(t, "the next batch begins at")
	require.NoError(t, p.Process.Signal(os.Interrupt))
	assert.Equal(t, exitInterrupted, p.end())
	assert.Contains(t, p.all.String(), "2 accepted")
	assert.Contains(t, p.all.String(), "interrupted")
	assert.Contains(t, p.all.String(), "3 pending")
	assert.Contains(t, p.all.String(), " -campaign photos-", "the command that continues")
	assert.EqualValues(t, 2, s.AcceptedCount())

	r := runProgram(t.Context(), environment, realFlags(db, id)...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.out, "Continuing the unfinished campaign")
	assert.EqualValues(t, 4, s.AcceptedCount())
}

// TestSecondInterrupt has a WeChat that never answers: the first signal waits for
// what is in flight, the second does not.
func TestSecondInterrupt(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	asked := make(chan struct{}, 100)
	release := make(chan struct{})
	s.OnAccept(func(wechattest.Accepted) {
		asked <- struct{}{}
		<-release
	})
	t.Cleanup(func() { close(release) })
	db := smallSchool(t)
	p := startProcess(t, environment, realFlags(db, id)...)
	<-asked
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.Process.Signal(os.Interrupt))
	assert.Equal(t, exitInterrupted, p.end())
	r := runProgram(t.Context(), environment, "status", "-db", db)
	assert.Contains(t, r.out, "0 accepted", "what was in flight is known to be so")
	assert.NotContains(t, r.out, " 0 pending")
}

// TestExitStatuses runs the built program, whose status is what a shell sees.
func TestExitStatuses(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	db := smallSchool(t)
	for _, tt := range []struct {
		name  string
		args  []string
		fault *wechattest.Fault
		want  int
	}{
		{"mistake", []string{"-nonsense"}, nil, exitUsage},
		{"stopped", realFlags(db, id), &wechattest.Fault{Code: 48001}, exitStopped},
		{"all accepted", realFlags(db, id), nil, exitOK},
		{"again", realFlags(db, id), nil, exitOK},
		{"some failed", realFlags(db, id, "-campaign", "second", "-again"), &wechattest.Fault{Code: 47003}, exitFailed},
	} {
		s.Heal()
		if tt.fault != nil {
			s.Fail(sendPath, -1, *tt.fault)
		}
		p := startProcess(t, environment, tt.args...)
		assert.Equal(t, tt.want, p.end(), "%s: %s", tt.name, p.all.String())
	}
}
