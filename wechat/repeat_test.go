package wechat_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/follower"
)

// A body that cannot be read again is not sent again, but the token that was refused is gone.
func TestRefusedTokenIsDroppedThoughTheBodyIsGone(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodPost, "/cgi-bin/x", text(200, `{"errcode":40001,"errmsg":"no"}`), text(200, okJSON))
	c := g.client(t)
	post := func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/cgi-bin/x", strings.NewReader("{}"))
		require.NoError(t, err)
		req.GetBody = nil
		resp, err := c.Do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	}
	require.ErrorIs(t, post(), wechat.ErrInvalidCredential)
	require.Len(t, g.requests, 1)
	require.NoError(t, post())
	assert.Equal(t, "TOKEN_2", g.requests[1].URL.Query().Get("access_token"))
}

func TestLostBodyThatIsGoneIsNotRepeated(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodPost, "/cgi-bin/x", fails(io.EOF), text(200, okJSON))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/cgi-bin/x", strings.NewReader("{}"))
	require.NoError(t, err)
	req.GetBody, req.Header["Idempotency-Key"] = nil, nil
	_, err = g.client(t).Do(req)
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
	assert.Len(t, g.requests, 1)
}

// net/http knows two names of that header, and would repeat by itself for each.
func TestIdempotencyKeysAreNotSent(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/x", fails(io.EOF), text(200, okJSON))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/cgi-bin/x", strings.NewReader("{}"))
		require.NoError(t, err)
		req.Header[key] = nil
		resp, err := g.client(t).Do(req)
		require.NoError(t, err, key)
		require.NoError(t, resp.Body.Close())
		require.Len(t, g.requests, 2)
		assert.NotContains(t, g.requests[0].Header, key)
		assert.NotContains(t, g.requests[1].Header, key)
		assert.Contains(t, req.Header, key, "the caller's request is not changed")
	}
}

func TestContextEndsTheBackoff(t *testing.T) {
	t.Parallel()
	why := errors.New("plug pulled")
	synctest.Test(t, func(t *testing.T) {
		g := newGateway()
		g.on(http.MethodGet, "/cgi-bin/x", text(502, ""))
		c := g.client(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
		start := time.Now()
		err := c.Call(ctx, http.MethodGet, "/cgi-bin/x", nil, nil)
		assert.Equal(t, 50*time.Millisecond, time.Since(start))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, why)
		var e *wechat.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 502, e.Status, "what was seen last is not lost")
		assert.Len(t, g.requests, 1)
		err = c.Call(ctx, http.MethodGet, "/cgi-bin/x", nil, nil)
		require.ErrorIs(t, err, context.Canceled, "ended before")
		require.ErrorIs(t, err, why)
		assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
		assert.Len(t, g.requests, 1)
	})
}

func TestBackoffIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway()
		g.on(http.MethodGet, "/cgi-bin/x", text(502, ""))
		start := time.Now()
		require.Error(t, g.client(t, wechat.WithMaxAttempts(8)).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
		assert.Len(t, g.requests, 8)
		assert.Greater(t, time.Since(start), 4*time.Second)
		assert.Less(t, time.Since(start), 10*time.Second)
	})
}

func TestMinuteLimitComesBackAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway()
		g.on(http.MethodGet, "/cgi-bin/x", text(200, `{"errcode":45011,"errmsg":"slower"}`))
		start := time.Now()
		err := g.client(t).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
		require.ErrorIs(t, err, wechat.ErrMinuteLimit)
		assert.Zero(t, time.Since(start))
		assert.Len(t, g.requests, 1)
	})
}

func TestRateHoldsEachAttemptAndObeysTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway()
		g.on(http.MethodGet, "/cgi-bin/x", text(200, okJSON))
		c := g.client(t, wechat.WithRate(0.1, 1), wechat.WithRate(1000, 1, "/cgi-bin/x"))
		start := time.Now()
		for range 3 {
			require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
		}
		assert.Equal(t, 20*time.Second, time.Since(start), "the token's fetch is not delayed, nor counted")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		err := c.Call(ctx, http.MethodGet, "/cgi-bin/x", nil, nil)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
		assert.Equal(t, 23*time.Second, time.Since(start))
		assert.Len(t, g.requests, 3)
	})
}

// panicking panics with what it returns.
type panicking func() any

func (p panicking) Wait(context.Context) error                      { panic(p()) }
func (p panicking) RoundTrip(*http.Request) (*http.Response, error) { panic(p()) }

func TestPanicsBecomeErrors(t *testing.T) {
	t.Parallel()
	err := newGateway().client(t, wechat.WithLimiter(panicking(func() any { return secret }))).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
	require.ErrorContains(t, err, "the limiter panicked (string)")
	assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithHTTPClient(&http.Client{Transport: panicking(func() any { return errors.New(secret) })}))
	require.NoError(t, err)
	err = c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
	require.ErrorContains(t, err, "the transport panicked (*errors.errorString)")
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
}

// An answer whose body stalls is cut off, and says so.
func TestStalledAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/x", func(*http.Request) (*http.Response, error) {
			body, _ := net.Pipe() // nobody writes
			resp := httpmock.NewStringResponse(200, "")
			resp.Body = body
			return resp, nil
		})
		c := g.client(t, wechat.WithTimeouts(wechat.Timeouts{Answer: 7 * time.Second}))
		for _, send := range []func() error{
			func() error { return c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil) },
			func() error {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/cgi-bin/x", strings.NewReader("{}"))
				require.NoError(t, err)
				_, err = c.Do(req)
				return err
			},
		} {
			start := time.Now()
			err := send()
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.ErrorContains(t, err, "not at its end after 7s")
			assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
			assert.Equal(t, 7*time.Second, time.Since(start))
		}
	})
}

// The next host is preferred for a minute, then the first is tried again; the last one's next
// is the first.
func TestFailoverLastsAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		down := map[string]bool{"a.example": true}
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.Host)
			if down[r.URL.Host] {
				return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
			}
			return httpmock.NewStringResponse(200, okJSON), nil
		})
		c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithHTTPClient(&http.Client{Transport: rt}),
			wechat.WithBaseURL("http://a.example", "http://b.example"))
		require.NoError(t, err)
		hosts := func() string {
			asked = nil
			require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
			return strings.ReplaceAll(strings.Join(asked, " "), ".example", "")
		}
		assert.Equal(t, "a b", hosts(), "a GET whose dial failed surely did not leave")
		time.Sleep(59 * time.Second)
		assert.Equal(t, "b", hosts())
		down["b.example"], down["a.example"] = true, false
		assert.Equal(t, "b a", hosts())
		down["b.example"], down["a.example"] = false, true
		assert.Equal(t, "a b", hosts())
		down["a.example"] = false
		time.Sleep(61 * time.Second)
		assert.Equal(t, "a", hosts())
	})
}

// With one base URL a failed dial has nowhere else to go.
func TestNoFailoverWithOneAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			n++
			assert.Equal(t, "a.example", r.URL.Host)
			return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
		})
		c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithHTTPClient(&http.Client{Transport: rt}), wechat.WithBaseURL("http://a.example"))
		require.NoError(t, err)
		err = c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
		assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
		assert.Equal(t, 3, n)
	})
}

// A redirect is followed neither by the Client's own transport nor by the user's http.Client,
// which keeps its own rule; net/http would show secret and token to the next host as Referer.
func TestRedirectsAreNeverFollowed(t *testing.T) {
	t.Parallel()
	var followed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		here := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		own := &http.Client{}
		for _, opts := range [][]wechat.Option{
			{wechat.WithTokenSource(central)}, {wechat.WithTokenSource(central), wechat.WithHTTPClient(own)},
			nil, {wechat.WithClassicToken(), wechat.WithHTTPClient(own)},
		} {
			c, err := wechat.New(appID, secret, append(opts, wechat.WithBaseURL(here.URL))...)
			require.NoError(t, err)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				err := c.Call(t.Context(), method, "/cgi-bin/x", nil, nil)
				var e *wechat.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, status, e.Status)
				assert.Equal(t, wechat.KindRequest, e.Kind())
				assert.ErrorContains(t, err, "HTTP status 30")
				assert.ErrorContains(t, err, ": a redirect, which is never followed")
			}
			c.CloseIdleConnections()
		}
		assert.Nil(t, own.CheckRedirect, "the user's client is not changed")
		assert.Nil(t, own.Transport)
		here.Close()
	}
	assert.Zero(t, followed.Load())
}

func TestBadCallsAreRefused(t *testing.T) {
	t.Parallel()
	c := newGateway().client(t)
	for _, method := range []string{"get", "PO ST", "PUT", "GET\r\n"} {
		err := c.Call(t.Context(), method, "/cgi-bin/x", nil, nil)
		require.ErrorContains(t, err, "must be GET or POST", method)
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/cgi-bin/x", nil)
	require.NoError(t, err)
	req.Method = "get"
	_, err = c.Do(req)
	require.ErrorContains(t, err, "capital letters")
	var none context.Context
	require.ErrorContains(t, c.Call(none, http.MethodGet, "/cgi-bin/x", nil, nil), "context is nil")
	require.ErrorContains(t, c.ClearQuotaBySecret(none), "context is nil")
}

// What would break the request line is escaped.
func TestQueriesAreEscaped(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, okJSON))
	require.NoError(t, g.client(t).Call(t.Context(), http.MethodGet, "/cgi-bin/x?kf=客 1@x&a=%20", nil, nil))
	assert.Equal(t, "access_token=TOKEN_1&kf=%E5%AE%A2%201@x&a=%20", g.requests[0].URL.RawQuery)
	assert.Equal(t, "客 1@x", g.requests[0].URL.Query().Get("kf"))
}

// TestLostThenUnreachable: a call whose first attempt may have been carried out is not called
// "surely not sent" because its last one was not.
func TestLostThenUnreachable(t *testing.T) {
	t.Parallel()
	unreachable := fails(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})
	for name, tt := range map[string]struct {
		answers []answer
		want    wechat.Kind
	}{
		"lost before":        {[]answer{fails(io.ErrUnexpectedEOF), unreachable}, wechat.KindLost},
		"busy before":        {[]answer{text(200, `{"errcode":-1,"errmsg":"system error"}`), unreachable}, wechat.KindLost},
		"never carried out":  {[]answer{unreachable}, wechat.KindNetwork},
		"unreachable before": {[]answer{unreachable, fails(io.ErrUnexpectedEOF), unreachable}, wechat.KindLost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway()
			g.on(http.MethodPost, "/cgi-bin/x", tt.answers...)
			err := g.client(t).Call(t.Context(), http.MethodPost, "/cgi-bin/x", repeatable{}, nil)
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
			assert.Len(t, g.requests, 3)
			assert.Equal(t, tt.want, wechat.KindOf(err))
			if tt.want == wechat.KindLost {
				require.ErrorContains(t, err, "an earlier attempt may have been carried out")
			}
		})
	}
}

// The doubt outlives a context that ends before the next attempt.
func TestDoubtOutlivesTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway()
		ctx, cancel := context.WithCancel(t.Context())
		g.on(http.MethodPost, "/cgi-bin/x", fails(io.EOF), func(*http.Request) (*http.Response, error) {
			time.AfterFunc(time.Millisecond, cancel)
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		})
		err := g.client(t).Call(ctx, http.MethodPost, "/cgi-bin/x", repeatable{}, nil)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, wechat.KindLost, wechat.KindOf(err), "%v", err)
		assert.Len(t, g.requests, 2)
	})
}

// readingPosts are the leaves' calls by POST that change nothing.
func readingPosts(t *testing.T, c *wechat.Client) map[string]func() error {
	first := func(list iter.Seq2[string, error]) error {
		for _, err := range list {
			return err
		}
		return nil
	}
	return map[string]func() error{
		"/cgi-bin/user/info/batchget": func() error {
			for r := range c.Followers.InfoAll(t.Context(), follower.OpenIDs("oA")) {
				return r.Err
			}
			return nil
		},
		"/cgi-bin/changeopenid": func() error {
			for r := range c.Followers.Changed(t.Context(), "wxold", follower.OpenIDs("oA")) {
				return r.Err
			}
			return nil
		},
		"/cgi-bin/user/tag/get":              func() error { return first(c.Followers.TagMembers(t.Context(), 100, "")) },
		"/cgi-bin/tags/members/getblacklist": func() error { return first(c.Followers.Blacklist(t.Context(), "")) },
		"/cgi-bin/tags/getidlist":            func() error { _, err := c.Followers.TagsOf(t.Context(), "oA"); return err },
		"/cgi-bin/menu/trymatch":             func() error { _, err := c.Menu.Try(t.Context(), "oA"); return err },
		"/cgi-bin/shorten/fetch":             func() error { _, err := c.Scenes.Expand(t.Context(), "key"); return err },
		"/wxa/sec/queryblocktmplmsg": func() error {
			for _, err := range c.Template.Blocked(t.Context(), "T") {
				return err
			}
			return nil
		},
		"/customservice/msgrecord/getmsglist": func() error {
			for _, err := range c.Custom.Records(t.Context(), time.Now(), time.Now()) {
				return err
			}
			return nil
		},
		"/cgi-bin/material/batchget_material": func() error { _, err := c.Media.ListMaterial(t.Context(), media.Image, 0, 1); return err },
		"/cgi-bin/material/get_material":      func() error { _, err := c.Media.GetMaterial(t.Context(), "M"); return err },
		"/cgi-bin/openapi/quota/get":          func() error { _, err := c.Quota(t.Context(), "/cgi-bin/x"); return err },
		"/cgi-bin/openapi/rid/get":            func() error { _, err := c.RequestInfo(t.Context(), "1-2-3"); return err },
		"/cgi-bin/callback/check":             func() error { _, err := c.CheckCallback(t.Context(), "", ""); return err },
	}
}

// A POST that reads carries nothing out, so that what its second attempt meets is what there is to say.
func TestReadingLeavesNoDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway()
		for path, read := range readingPosts(t, g.client(t)) {
			g.on(http.MethodPost, path, text(200, `{"errcode":-1,"errmsg":"system error"}`), text(200, `{"errcode":45009}`))
			err := read()
			require.ErrorIs(t, err, wechat.ErrDailyQuota, path)
			assert.Equal(t, wechat.KindDailyQuota, wechat.KindOf(err), "%s: %v", path, err)
		}
	})
}
