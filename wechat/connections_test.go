package wechat_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
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

// More callers than connections wait for one, and their context ends the wait: surely not sent.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts           []wechat.Option
		callers, bound int
	}{
		"default": {nil, 600, 256},
		"option":  {[]wechat.Option{wechat.WithMaxConns(7)}, 100, 7},
		"shared":  {[]wechat.Option{wechat.WithHTTPClient(&http.Client{Transport: wechat.NewTransport()})}, 600, 256},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, connections := countConnections(10 * time.Millisecond)
			s.Start()
			defer s.Close()
			c, err := wechat.New(appID, "", append(tt.opts, wechat.WithTokenSource(central), wechat.WithBaseURL(s.URL))...)
			require.NoError(t, err)
			defer c.CloseIdleConnections()
			var group sync.WaitGroup
			for range tt.callers {
				group.Go(func() {
					assert.NoError(t, c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{"a": 1}, nil))
				})
			}
			group.Wait()
			// net/http may close one that it has just dialled and dial another.
			assert.LessOrEqual(t, connections.Load(), int64(tt.bound+tt.bound/16))
			assert.Greater(t, connections.Load(), int64(tt.bound/2))
		})
	}
}

func TestWaitForAConnectionEndsWithTheContext(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-release
		_, _ = io.WriteString(w, okJSON)
	}))
	defer s.Close()
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithBaseURL(s.URL), wechat.WithMaxConns(1))
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	first := make(chan error)
	go func() { first <- c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil) }()
	<-arrived
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err = c.Call(ctx, http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
	close(release)
	require.NoError(t, <-first)
}

// A token is fetched beside calls that hold all connections.
func TestTokenCallsNeverWaitBehindCalls(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]wechat.Option{
		"own": wechat.WithMaxConns(1),
		"shared": wechat.WithHTTPClient(&http.Client{Transport: func() http.RoundTripper {
			t := wechat.NewTransport()
			t.MaxConnsPerHost = 1
			return t
		}()}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arrived, release, tokens := make(chan struct{}), make(chan struct{}), new(atomic.Int32)
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/cgi-bin/x" {
					close(arrived)
					<-release
				}
				_, _ = fmt.Fprintf(w, `{"errcode":0,"access_token":"T%d","expires_in":7200}`, tokens.Add(1))
			}))
			defer s.Close()
			c, err := wechat.New(appID, secret, wechat.WithBaseURL(s.URL), opt)
			require.NoError(t, err)
			defer c.CloseIdleConnections()
			held := make(chan error)
			go func() { held <- c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil) }()
			<-arrived
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			assert.NoError(t, c.Token.Invalidate(ctx, "T1"))
			close(release)
			require.NoError(t, <-held)
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
