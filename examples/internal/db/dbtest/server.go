package dbtest

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startWithin is how long a server may take to start, with the recovery of a crash.
const startWithin = time.Minute

// Server is a MariaDB of the test's own, on 127.0.0.1, for a test that harms it. It ends with the
// test, and is used by one goroutine.
type Server struct {
	t       testing.TB
	address string
	folder  string
	process *exec.Cmd
	exited  chan struct{} // closed when process has ended
}

// Start starts a server. It skips the test where MariaDB's programs are missing.
func Start(t testing.TB) *Server {
	t.Helper()
	for _, program := range []string{"mariadbd", "mariadb-install-db"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, program+" is not installed")
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &Server{t: t, address: l.Addr().String(), folder: t.TempDir()}
	require.NoError(t, l.Close())
	out, err := exec.Command("mariadb-install-db", "--no-defaults", "--datadir="+s.folder, "--user=root",
		"--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=8M").CombinedOutput()
	require.NoError(t, err, string(out))
	t.Cleanup(s.Stop)
	s.Restart()
	return s
}

// Revive waits until it answers, and starts it again if it has ended itself.
func (s *Server) Revive() {
	s.t.Helper()
	conn := s.open("")
	defer conn.Close()
	require.Eventually(s.t, func() bool { return !s.Alive() || conn.Ping() == nil }, startWithin, 20*time.Millisecond)
	if !s.Alive() {
		s.Restart()
	}
}

// Restart starts it again after Stop or after it has crashed, with what it had.
func (s *Server) Restart() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.address)
	s.process = exec.Command("mariadbd", "--no-defaults", "--datadir="+s.folder, "--user=root", "--bind-address=127.0.0.1", "--port="+port,
		"--socket="+filepath.Join(s.folder, "socket"), "--innodb-log-file-size=8M", "--innodb-buffer-pool-size=64M")
	require.NoError(s.t, s.process.Start())
	s.exited = make(chan struct{})
	go func(p *exec.Cmd, exited chan struct{}) { _ = p.Wait(); close(exited) }(s.process, s.exited)
	conn := s.open("")
	defer conn.Close()
	require.Eventually(s.t, func() bool { return conn.Ping() == nil }, startWithin, 20*time.Millisecond)
}

func (s *Server) open(database string) *sql.DB {
	s.t.Helper()
	conn, err := sql.Open("mysql", "root@tcp("+s.address+")/"+database)
	require.NoError(s.t, err)
	return conn
}

// Alive reports whether it runs. A server that crashed does not.
func (s *Server) Alive() bool {
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// Stop ends it as a power cut does. Twice does no harm.
func (s *Server) Stop() {
	_ = s.process.Process.Kill()
	<-s.exited
}

// Database makes an empty database, and returns its address and the folder of its files.
func (s *Server) Database(name string) (address, folder string) {
	s.t.Helper()
	conn := s.open("")
	defer conn.Close()
	_, err := conn.Exec("CREATE DATABASE " + name)
	require.NoError(s.t, err)
	return fmt.Sprintf("mysql:root@tcp(%s)/%s", s.address, name), filepath.Join(s.folder, name)
}

// missing skips a test on a laptop, and fails it in CI.
func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why + ", and CI must have it")
	}
	t.Skip(why)
}
