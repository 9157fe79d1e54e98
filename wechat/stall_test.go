package wechat_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat"
)

const jpegHead = "\xff\xd8\xff\xe0"

// deaf is the address of a peer that takes connections, reads so many bytes and then stops.
func deaf(t *testing.T, reads int64) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go func() { _, _ = io.CopyN(io.Discard, conn, reads) }()
		}
	}()
	return "http://" + listener.Addr().String()
}

// An upload, or a long JSON body, to a peer that stops reading ends without a deadline.
func TestPeerThatStopsReading(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 9<<20)
	for name, tt := range map[string]struct {
		opts  []wechat.Option
		reads int64
		send  func(ctx context.Context, c *wechat.Client) error
	}{
		"upload":        {nil, 0, upload(long)},
		"after a while": {nil, 1 << 20, upload(long)},
		"http.Client":   {[]wechat.Option{wechat.WithHTTPClient(&http.Client{})}, 0, upload(long)},
		"foreign":       {[]wechat.Option{wechat.WithHTTPClient(&http.Client{Transport: roundTripper((&http.Transport{}).RoundTrip)})}, 0, upload(long)},
		"JSON": {nil, 0, func(ctx context.Context, c *wechat.Client) error {
			return c.Call(ctx, http.MethodPost, "/cgi-bin/x", map[string]string{"x": long}, nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := wechat.New(appID, "", append(tt.opts, wechat.WithTokenSource(central), wechat.WithBaseURL(deaf(t, tt.reads)),
				wechat.WithMaxAttempts(1), wechat.WithTimeouts(wechat.Timeouts{Answer: 150 * time.Millisecond}))...)
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err = tt.send(ctx, c)
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.NoError(t, ctx.Err(), "it was not the test's own deadline")
			require.ErrorContains(t, err, "the peer took nothing of the body for 150ms")
			assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
		})
	}
}

func upload(content string) func(ctx context.Context, c *wechat.Client) error {
	return func(ctx context.Context, c *wechat.Client) error {
		_, err := c.Media.Upload(ctx, media.Image, "a.jpg", strings.NewReader(jpegHead+content))
		return err
	}
}

// reluctant is a Reader each Read of which takes so long.
type reluctant struct {
	*strings.Reader
	pause time.Duration
}

func (r reluctant) Read(p []byte) (int, error) {
	time.Sleep(r.pause)
	return r.Reader.Read(p[:min(len(p), 16<<10)])
}

// The time that the caller's own reader takes does not count, that of the writer does.
func TestSlowReaderIsNoStall(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reader, writer time.Duration // between two pieces
		stalls         bool
	}{
		"reader": {time.Hour, 0, false}, "writer": {0, time.Hour, true}, "writer in time": {time.Hour, 14 * time.Second, false}, "just too late": {0, 16 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				below := roundTripper(func(r *http.Request) (*http.Response, error) {
					for n := int64(1); n > 0; {
						n, _ = io.CopyN(io.Discard, r.Body, 16<<10)
						select {
						case <-time.After(tt.writer):
						case <-r.Context().Done():
							return nil, context.Cause(r.Context())
						}
					}
					return text(200, okJSON)(r)
				})
				c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithMaxAttempts(1), wechat.WithHTTPClient(&http.Client{Transport: below}))
				require.NoError(t, err)
				start := time.Now()
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/cgi-bin/x", reluctant{strings.NewReader(strings.Repeat("x", 64<<10)), tt.reader})
				require.NoError(t, err)
				req.ContentLength = 64 << 10
				resp, err := c.Do(req)
				if tt.stalls {
					require.ErrorIs(t, err, os.ErrDeadlineExceeded)
					assert.Equal(t, 15*time.Second, time.Since(start))
					return
				}
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
			})
		})
	}
}

// Neither a slow peer nor an answer that takes its time ends a request.
func TestSlownessIsNoStall(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow/cgi-bin/x":
			for n := int64(1); n > 0; time.Sleep(30 * time.Millisecond) {
				n, _ = io.CopyN(io.Discard, r.Body, 1<<20)
			}
		case "/early/cgi-bin/x": // answered before the body is read, and the answer takes its time
			_ = http.NewResponseController(w).EnableFullDuplex()
			_, _ = io.WriteString(w, `{"errcode":0,`)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(400 * time.Millisecond)
			_, _ = fmt.Fprintf(w, `"errmsg":"ok"}`)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, okJSON)
	}))
	t.Cleanup(s.Close)
	for name, tt := range map[string]struct {
		base   string
		answer time.Duration
		body   io.Reader
		length int
	}{
		"peer":   {"/slow", 5 * time.Second, strings.NewReader(strings.Repeat("x", 8<<20)), 8 << 20},
		"answer": {"/early", 5 * time.Second, strings.NewReader(strings.Repeat("x", 64<<10)), 64 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithBaseURL(s.URL+tt.base), wechat.WithTimeouts(wechat.Timeouts{Answer: tt.answer}))
			require.NoError(t, err)
			t.Cleanup(c.CloseIdleConnections)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/cgi-bin/x", tt.body)
			require.NoError(t, err)
			req.ContentLength = int64(tt.length)
			resp, err := c.Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			answer, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.JSONEq(t, okJSON, string(answer))
		})
	}
}
