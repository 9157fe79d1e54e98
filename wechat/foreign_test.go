package wechat_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
)

// panicBody panics when it is read, or closed.
type panicBody struct{ close bool }

func (p panicBody) Read([]byte) (int, error) { panic("secret") }
func (p panicBody) Close() error {
	if p.close {
		panic("secret")
	}
	return nil
}

// A body of a wrapper's that panics ends the call and not the process.
func TestBodyThatPanics(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 502} {
		for _, body := range []io.ReadCloser{panicBody{}, panicBody{true}} {
			g := newGateway()
			g.on(http.MethodPost, "/cgi-bin/x", text(200, okJSON))
			c := g.client(t, wechat.WithMaxAttempts(1), wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(r)
				if r.URL.Path == "/cgi-bin/x" {
					resp.StatusCode, resp.Body = status, body
				}
				return resp, err
			}))
			err := c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
			require.Error(t, err)
			assert.Contains(t, []wechat.Kind{wechat.KindLost, wechat.KindBusy}, wechat.KindOf(err))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/cgi-bin/x", strings.NewReader("{}"))
			require.NoError(t, err)
			_, err = c.Do(req)
			require.Error(t, err)
			assert.Contains(t, []wechat.Kind{wechat.KindLost, wechat.KindBusy}, wechat.KindOf(err))
		}
	}
}

// An answer that a wrapper made of nothing says nothing.
func TestAnswerWithoutAStatus(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodPost, "/cgi-bin/x", text(200, okJSON))
	c := g.client(t, wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if r.URL.Path == "/cgi-bin/x" {
			return &http.Response{}, nil
		}
		return resp, err
	}))
	err := c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
	require.Error(t, err)
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err), "%v", err)
}

// An http.Transport hands a scheme that is registered with it to another RoundTripper, which tells
// nothing of connections.
func TestRegisteredProtocolIsForeign(t *testing.T) {
	t.Parallel()
	sent := 0
	transport := &http.Transport{}
	transport.RegisterProtocol("https", roundTripper(func(r *http.Request) (*http.Response, error) {
		sent++
		_, _ = io.ReadAll(r.Body)
		return nil, errors.New("stream was reset")
	}))
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	err = c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err), "%v", err)
	assert.Equal(t, 1, sent)
}

// An opaque address takes the place of the path on the wire, or of the host at a proxy.
func TestOpaqueAddressIsElsewhere(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodPost, "/cgi-bin/x", text(200, okJSON))
	c := g.client(t, wechat.WithTokenSource(central), wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.Opaque = "//evil.example/x"
		return next.RoundTrip(r)
	}))
	err := c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
	assert.Equal(t, wechat.KindRequest, wechat.KindOf(err), "%v", err)
	assert.Empty(t, g.requests)
}
