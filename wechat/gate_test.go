package wechat_test

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
)

const (
	senders     = 64
	sendersURL  = "WXHOME_TEST_SENDERS_URL"
	sendersEach = 40
)

// countConnections returns an unstarted server that answers after wait, and the number of
// connections that it has taken.
func countConnections(wait time.Duration) (*httptest.Server, *atomic.Int64) {
	n := new(atomic.Int64)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if wait > 0 {
			<-time.After(wait)
		}
		_, _ = io.WriteString(w, okJSON)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.Add(1)
		}
	}
	return s, n
}

// TestSenders is the child of TestConnectionsAreNoMoreThanSenders.
func TestSenders(t *testing.T) {
	url := os.Getenv(sendersURL)
	if url == "" {
		t.Skip("runs as the child of TestConnectionsAreNoMoreThanSenders")
	}
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithBaseURL(url),
		wechat.WithTimeouts(wechat.Timeouts{Dial: time.Hour, TLS: time.Hour, Answer: time.Hour})) // the machine may be slow
	require.NoError(t, err)
	var group sync.WaitGroup
	for range senders {
		group.Go(func() {
			for range sendersEach {
				assert.NoError(t, c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{"a": 1}, nil))
			}
		})
	}
	group.Wait()
}

// 64 senders over TLS, with the Client's own transport, open 64 connections at most. They run
// in a process that trusts the test's certificate, which is read once.
func TestConnectionsAreNoMoreThanSenders(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	require.NoError(t, err)
	for name, wait := range map[string]time.Duration{"at once": 0, "10 ms": 10 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			s, connections := countConnections(wait)
			s.StartTLS()
			defer s.Close()
			file := filepath.Join(t.TempDir(), "cert.pem")
			cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
			require.NoError(t, os.WriteFile(file, cert, 0o600))
			cmd := exec.Command(exe, "-test.run", "^TestSenders$")
			cmd.Env = append(os.Environ(), sendersURL+"="+s.URL, "SSL_CERT_FILE="+file)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.LessOrEqual(t, connections.Load(), int64(senders))
			t.Logf("%d connections for %d senders", connections.Load(), senders)
		})
	}
}

// A download that its caller still reads holds its connection, and nobody waits for it.
func TestOpenDownloadHoldsItsConnection(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/cgi-bin/media/get" {
			_, _ = io.WriteString(w, okJSON)
			return
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 4096))
		_ = http.NewResponseController(w).Flush()
		<-release
	}))
	defer s.Close()
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithBaseURL(s.URL))
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/cgi-bin/media/get", nil)
	require.NoError(t, err)
	resp, err := c.Do(req)
	require.NoError(t, err)
	for range 20 {
		require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
	}
	close(release)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Len(t, body, 4096)
	require.NoError(t, resp.Body.Close())
	require.NoError(t, resp.Body.Close(), "a second time")
}

// A server that closes each connection, and idle ones at any moment, is no obstacle.
func TestConnectionsThatDoNotLast(t *testing.T) {
	t.Parallel()
	s, connections := countConnections(0)
	s.Config.SetKeepAlivesEnabled(false)
	s.Start()
	defer s.Close()
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithBaseURL(s.URL))
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 25 {
				assert.NoError(t, c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{"a": 1}, nil))
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, 200, connections.Load())
}
