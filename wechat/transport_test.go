package wechat_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// throughEach calls f for the transports that a Client may have: its own, an http.Transport of
// the user's, and one of which nothing is known.
func throughEach(t *testing.T, f func(t *testing.T, opts ...wechat.Option)) {
	t.Helper()
	for name, opt := range map[string]func() wechat.Option{
		"own":    func() wechat.Option { return wechat.WithTimeouts(wechat.Timeouts{}) },
		"user's": func() wechat.Option { return wechat.WithHTTPClient(&http.Client{Transport: &http.Transport{}}) },
		"bare":   func() wechat.Option { return wechat.WithHTTPClient(&http.Client{}) },
		"unknown": func() wechat.Option {
			return wechat.WithHTTPClient(&http.Client{Transport: roundTripper((&http.Transport{}).RoundTrip)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, opt(), wechat.WithTokenSource(central), wechat.WithMaxAttempts(1))
		})
	}
}

// Whether a request surely did not leave decides what may be repeated.
func TestKindOfNetworkFailures(t *testing.T) {
	t.Parallel()
	silent := log.New(io.Discard, "", 0)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	hangsUp := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(hangsUp.Close)
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = silent
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	for name, tt := range map[string]struct {
		url  string
		kind wechat.Kind
	}{
		"nobody listens":    {gone.URL, wechat.KindNetwork},
		"not trusted":       {untrusted.URL, wechat.KindNetwork},
		"no TLS over there": {strings.Replace(hangsUp.URL, "http", "https", 1), wechat.KindNetwork},
		"hangs up":          {hangsUp.URL, wechat.KindLost},
	} {
		t.Run(name, func(t *testing.T) {
			throughEach(t, func(t *testing.T, opts ...wechat.Option) {
				c, err := wechat.New(appID, "", append(opts, wechat.WithBaseURL(tt.url))...)
				require.NoError(t, err)
				defer c.CloseIdleConnections()
				err = c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{"a": 1}, nil)
				assert.Equal(t, tt.kind, wechat.KindOf(err), "%v", err)
				if strings.HasSuffix(t.Name(), "/unknown") {
					return // nobody can tell of a GET
				}
				err = c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
				assert.Equal(t, tt.kind, wechat.KindOf(err), "%v", err)
			})
		})
	}
}

// A handshake that never ends is no lost request, for GET either: the next host is asked.
func TestHandshakeTimeoutIsNotSent(t *testing.T) {
	t.Parallel()
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer mute.Close()
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, okJSON) }))
	defer good.Close()
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithTimeouts(wechat.Timeouts{TLS: time.Millisecond}),
		wechat.WithBaseURL("https://"+mute.Addr().String(), good.URL))
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil), "good is preferred now")
}

// countedConn counts what is written at once.
type countedConn struct {
	net.Conn
	writes *atomic.Int32
}

func (c countedConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// Header and body leave in one packet, which halves the system calls of a send.
func TestRequestIsOneWrite(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != `{"a":"张三"}` || r.ContentLength != int64(len(body)) {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, okJSON)
	}))
	defer s.Close()
	writes := new(atomic.Int32)
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return countedConn{conn, writes}, err
	}}
	defer transport.CloseIdleConnections()
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithHTTPClient(&http.Client{Transport: transport}), wechat.WithBaseURL(s.URL))
	require.NoError(t, err)
	for range 10 {
		require.NoError(t, c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]string{"a": "张三"}, nil))
	}
	assert.EqualValues(t, 10, writes.Load())
}

// A body that a transport of its own kind reads and loses may have been carried out; one that
// it did not touch was not.
func TestUnknownTransportMustReadTheBody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind wechat.Kind
		rt   roundTripper
	}{
		{wechat.KindNetwork, func(*http.Request) (*http.Response, error) { return nil, errors.New("no way") }},
		{wechat.KindLost, func(r *http.Request) (*http.Response, error) {
			_, _ = r.Body.Read(make([]byte, 1))
			return nil, errors.New("no way back")
		}},
		{wechat.KindLost, func(r *http.Request) (*http.Response, error) {
			again, err := r.GetBody()
			if err == nil {
				_, err = again.Read(make([]byte, 1))
			}
			return nil, errors.Join(err, errors.New("no way back"))
		}},
	} {
		c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithHTTPClient(&http.Client{Transport: tt.rt}), wechat.WithMaxAttempts(1))
		require.NoError(t, err)
		assert.Equal(t, tt.kind, wechat.KindOf(c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)))
	}
}

// One http.Client serves many Clients, and its transport's certificates count.
func TestOneHTTPClientForMany(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, okJSON) }))
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	shared := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer shared.CloseIdleConnections()
	for _, id := range []string{"wx1", "wx2"} {
		c, err := wechat.New(id, "", wechat.WithTokenSource(central), wechat.WithHTTPClient(shared), wechat.WithBaseURL(s.URL))
		require.NoError(t, err)
		require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
	}
	assert.Nil(t, shared.CheckRedirect)
}

// closings counts the answers that its wrapper was given, and those that were closed.
type closings struct{ given, closed atomic.Int32 }

type closing struct {
	io.ReadCloser
	*closings
}

func (c closing) Close() error { c.closed.Add(1); return c.ReadCloser.Close() }

// A tracer ends its span when the answer is closed: also where the answer itself is kept from it.
func TestAnswersThatWrappersSeeAreClosed(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	s.Follow("oParent")
	seen := new(closings)
	client := s.Client(wechat.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err == nil {
				seen.given.Add(1)
				resp.Body = closing{resp.Body, seen}
			}
			return resp, err
		})
	}))
	require.NoError(t, client.Call(t.Context(), http.MethodGet, "/cgi-bin/getcallbackip", nil, new(map[string]any)))
	_, err := client.WebAuthOpenID(t.Context(), "CODE0123456789")
	require.Error(t, err)
	assert.EqualValues(t, 3, seen.given.Load(), "the token, the call, the code")
	assert.Equal(t, seen.given.Load(), seen.closed.Load())
}
