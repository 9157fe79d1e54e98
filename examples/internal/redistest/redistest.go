// Package redistest gives tests a Redis: the one of WXHOME_TEST_REDIS ([Shared]), or one of their
// own that they may take away ([Start]).
//
// A test without the Redis that it needs is skipped, and fails in CI (CI is set there), which
// must have all services. A Server is used by one goroutine.
//
// # Errors
//
// What goes wrong fails the test.
package redistest

import (
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// Variable names the address of a Redis for tests.
const Variable = "WXHOME_TEST_REDIS"

// Shared returns the address of a Redis that other tests use at the same time: keys must be of
// the test's own.
func Shared(t testing.TB) string {
	t.Helper()
	address := os.Getenv(Variable)
	if address == "" {
		missing(t, Variable+" names no Redis")
	}
	return address
}

// missing skips a test on a laptop, and fails it in CI.
func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why + ", and CI must have it")
	}
	t.Skip(why)
}

// Server is a Redis of the test's own, on 127.0.0.1. It ends with the test.
type Server struct {
	t       testing.TB
	address string
	folder  string
	process *exec.Cmd
}

// Start starts a redis-server that writes down each command before it answers, so that Stop
// loses nothing.
func Start(t testing.TB) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		missing(t, "redis-server is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &Server{t: t, address: l.Addr().String(), folder: t.TempDir()}
	require.NoError(t, l.Close())
	t.Cleanup(s.Stop)
	s.Restart()
	return s
}

// URL is its address.
func (s *Server) URL() string { return "redis://" + s.address + "/0" }

// Restart starts it again after Stop, with what it had.
func (s *Server) Restart() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.address)
	s.process = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", s.folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always")
	require.NoError(s.t, s.process.Start())
	c := redis.NewClient(&redis.Options{Addr: s.address, MaxRetries: -1})
	defer c.Close()
	require.Eventually(s.t, func() bool { return c.Ping(s.t.Context()).Err() == nil }, 20*time.Second, 5*time.Millisecond)
}

// Stop ends it as a power cut does. Twice does no harm.
func (s *Server) Stop() {
	if s.process != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
		s.process = nil
	}
}
