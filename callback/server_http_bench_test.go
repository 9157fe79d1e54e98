package callback

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serverProcess is set for the process that serves: which mode, and whose implementation.
const serverProcess = "CALLBACK_BENCH_SERVER"

// TestServerProcess is the server's side of [BenchmarkHTTP], in a process of its own. It ends with
// its standard input.
func TestServerProcess(t *testing.T) {
	what := os.Getenv(serverProcess)
	if what == "" {
		t.Skip("is run by BenchmarkHTTP")
	}
	runtime.GOMAXPROCS(1) // the other cores are the client's
	safe := strings.HasPrefix(what, "safe")
	var h http.Handler
	if strings.HasSuffix(what, "floor") {
		floors := sync.Pool{New: func() any { return newFloor(safe) }}
		h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f := floors.Get().(*floor)
			defer floors.Put(f)
			f.ServeHTTP(w, r)
		})
	} else {
		h = benchServer(t, Config{Account: testAccount(safe)})
	}
	if strings.HasSuffix(what, "wrapped") {
		h = bare(h)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{Handler: h}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = srv.Close()
	}()
	fmt.Println("listening on", l.Addr())
	require.ErrorIs(t, srv.Serve(l), http.ErrServerClosed)
}

// BenchmarkHTTP measures requests over loopback, against net/http around the same floor.
func BenchmarkHTTP(b *testing.B) {
	for _, mode := range []string{"plain", "safe"} {
		p := newPushes(b, mode == "safe", 5*DefaultRemember/2)
		requests := make([][]byte, len(p.queries))
		for i := range requests {
			requests[i] = fmt.Appendf(nil, "POST /wechat?%s HTTP/1.1\r\nHost: example.com\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s",
				p.queries[i], len(p.bodies[i]), p.bodies[i])
		}
		var next atomic.Int64
		for _, impl := range []string{"floor", "wxhome", "wxhome-wrapped"} {
			b.Run(mode+"/impl="+impl, func(b *testing.B) {
				addr, end := startServer(b, mode+" "+impl)
				b.ReportAllocs() // the client's
				b.SetParallelism(8)
				b.RunParallel(func(pb *testing.PB) {
					conn, err := net.Dial("tcp", addr)
					if err != nil {
						b.Error(err)
						return
					}
					defer func() { _ = conn.Close() }()
					c := &client{conn: conn, in: bufio.NewReader(conn)}
					for n := 0; pb.Next(); n++ {
						if err := c.exchange(requests[int(next.Add(1))%len(requests)]); err != nil {
							b.Error(err)
							return
						}
						if n%1024 == 0 {
							if text, err := textReply(p.plain, http.StatusOK, c.body); err != nil || text != "您好" {
								b.Errorf("%q %v %s", text, err, c.body)
								return
							}
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
				b.ReportMetric(float64(end().Nanoseconds())/float64(b.N), "server-ns/req")
			})
		}
	}
}

// startServer starts the process. Its end, which must be called, tells what processor time it took.
func startServer(b *testing.B, what string) (addr string, end func() time.Duration) {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestServerProcess$")
	cmd.Env = append(os.Environ(), serverProcess+"="+what)
	stdin, err := cmd.StdinPipe()
	require.NoError(b, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	end = func() time.Duration {
		_ = stdin.Close()
		_ = cmd.Wait()
		return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if addr, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			go func() { _, _ = io.Copy(io.Discard, stdout) }() // ends with the process
			return addr, end
		}
	}
	end()
	b.Fatal("the server process did not start")
	return "", nil
}

// client is the least HTTP client.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

func (c *client) exchange(request []byte) error {
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	length := -1
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case first && !strings.HasPrefix(string(line), "HTTP/1.1 200 "):
			return fmt.Errorf("%s", line)
		case len(line) <= 2:
			if length < 0 {
				return fmt.Errorf("no Content-Length")
			}
			c.body = append(c.body[:0], make([]byte, length)...)
			_, err = io.ReadFull(c.in, c.body)
			return err
		}
		if digits, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			if _, err := fmt.Sscan(digits, &length); err != nil {
				return err
			}
		}
	}
}
