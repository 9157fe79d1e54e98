package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
)

// wrap is an Option that puts f around the transport.
func wrap(f func(next http.RoundTripper, r *http.Request) (*http.Response, error)) wechat.Option {
	return wechat.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) { return f(next, r) })
	})
}

func TestLastWrapperIsTheOutermost(t *testing.T) {
	t.Parallel()
	var order []string
	note := func(name string) wechat.Option {
		return wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			order = append(order, name+" "+r.URL.Path)
			return next.RoundTrip(r)
		})
	}
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(502, ""), text(200, okJSON))
	c := g.client(t, note("inner"), note("outer"))
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x?openid=o", nil, nil))
	assert.Equal(t, []string{
		"outer /cgi-bin/stable_token", "inner /cgi-bin/stable_token", "outer /cgi-bin/x", "inner /cgi-bin/x", "outer /cgi-bin/x", "inner /cgi-bin/x",
	}, order)
}

// spy writes down all that a wrapper can see, bodies where that is wanted.
func spy(w io.Writer, bodies bool) wechat.Option {
	return wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		body := ""
		if bodies && r.GetBody != nil {
			if b, err := r.GetBody(); err == nil {
				text, _ := io.ReadAll(b)
				body = string(text)
			}
		}
		fmt.Fprintf(w, "%v %+v %#v %v %v %v %v %q %q\n", r, r, r, r.URL, r.Header, r.Context(), &r, body, fmt.Sprint(r.Context().Value("x")))
		resp, err := next.RoundTrip(r)
		fmt.Fprintf(w, "%v %+v %#v\n", err, err, err)
		if err != nil || !bodies {
			return resp, err
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		fmt.Fprintf(w, "%+v %+v %v %s\n", resp, resp.Request, resp.Request.URL, text)
		resp.Body = io.NopCloser(strings.NewReader(string(text)))
		return resp, nil
	})
}

// Of the calls whose bodies and answers hold secrets a wrapper sees that they were made.
func TestWrappersSeeNoSecret(t *testing.T) {
	t.Parallel()
	const ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch path := r.URL.Path; {
		case strings.HasSuffix(path, "token") && strings.HasPrefix(path, "/cgi-bin"):
			if !strings.Contains(string(body)+r.URL.RawQuery, secret) {
				w.WriteHeader(http.StatusTeapot)
			}
			_, _ = io.WriteString(w, `{"access_token":"TOKEN_1","expires_in":7200}`)
		case path == webAuthPath:
			_, _ = io.WriteString(w, `{"openid":"oP","access_token":"TOKEN_W","refresh_token":"TOKEN_R"}`)
		case path == "/cgi-bin/ticket/getticket":
			_, _ = io.WriteString(w, `{"errcode":0,"ticket":"`+ticket+`"}`)
		case path == "/cgi-bin/hangs-up":
			panic(http.ErrAbortHandler)
		default:
			_, _ = io.WriteString(w, okJSON)
		}
	}))
	defer s.Close()
	for name, opts := range map[string][]wechat.Option{
		"stable": nil, "classic": {wechat.WithClassicToken()}, "http.Client": {wechat.WithHTTPClient(&http.Client{Timeout: time.Minute})},
		"foreign": {wechat.WithHTTPClient(&http.Client{Transport: roundTripper((&http.Transport{}).RoundTrip)})},
	} {
		t.Run(name, func(t *testing.T) {
			seen := &watcher{}
			c, err := wechat.New(appID, secret, append(opts, spy(seen, true), wechat.WithBaseURL(s.URL), wechat.WithMaxAttempts(1))...)
			require.NoError(t, err)
			defer c.CloseIdleConnections()
			var answer struct{ Ticket string }
			require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/ticket/getticket?type=jsapi", nil, &answer))
			assert.Equal(t, ticket, answer.Ticket)
			require.NoError(t, c.Call(t.Context(), http.MethodPost, "/cgi-bin/x?access_token=TOKEN_OWN&openid="+openid, map[string]int{}, nil))
			require.NoError(t, c.ClearQuotaBySecret(t.Context()))
			_, err = c.WebAuthOpenID(t.Context(), oauthCode)
			require.NoError(t, err)
			err = c.Call(t.Context(), http.MethodPost, "/cgi-bin/hangs-up", map[string]int{}, nil)
			assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
			for _, path := range []string{"/cgi-bin/x", "/cgi-bin/clear_quota/v2", webAuthPath, "token", "/cgi-bin/ticket/getticket"} {
				assert.Contains(t, seen.String(), path)
			}
			for _, leak := range []string{secret, "TOKEN_", oauthCode, url.QueryEscape(oauthCode), openid, ticket} {
				assert.NotContains(t, seen.String(), leak)
			}
		})
	}
}

// What a wrapper may do wrong, and what becomes of the call.
func TestWrappersThatMisbehave(t *testing.T) {
	t.Parallel()
	type next = http.RoundTripper
	for name, tt := range map[string]struct {
		wrap func(next next, r *http.Request) (*http.Response, error)
		sent int // of a POST that is not repeatable, over three attempts
		kind wechat.Kind
		says string
	}{
		"drops the context": {func(next next, r *http.Request) (*http.Response, error) {
			return next.RoundTrip(r.WithContext(context.Background()))
		}, 0, wechat.KindRequest, "dropped the context of the request: call on with the request itself"},
		"a request of its own": {func(next next, r *http.Request) (*http.Response, error) {
			own, err := http.NewRequest(r.Method, r.URL.String(), r.Body)
			if err != nil {
				return nil, err
			}
			return next.RoundTrip(own)
		}, 0, wechat.KindRequest, "dropped the context"},
		"drops it and says so itself": {func(next next, r *http.Request) (*http.Response, error) {
			_, err := next.RoundTrip(r.Clone(context.Background()))
			return nil, fmt.Errorf("traced: %w", err)
		}, 0, wechat.KindRequest, "traced: a RoundTripper of WithTransport dropped the context"},
		"another host": {func(next next, r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.URL.Host = "evil.example"
			return next.RoundTrip(r)
		}, 0, wechat.KindRequest, "changed the address"},
		"another path": {func(next next, r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.URL.Path = "/cgi-bin/y"
			return next.RoundTrip(r)
		}, 0, wechat.KindRequest, "changed the address"},
		"refuses": {func(next, *http.Request) (*http.Response, error) { return nil, errors.New("circuit open") },
			0, wechat.KindNetwork, "circuit open"},
		"panics":  {func(next, *http.Request) (*http.Response, error) { panic(secret) }, 0, wechat.KindNetwork, "the transport panicked (string)"},
		"nothing": {func(next, *http.Request) (*http.Response, error) { return nil, nil }, 0, wechat.KindNetwork, "neither an answer nor an error"},
		"loses the answer": {func(next next, r *http.Request) (*http.Response, error) {
			_, _ = next.RoundTrip(r)
			return nil, nil
		}, 1, wechat.KindLost, "neither an answer nor an error"},
		"panics later": {func(next next, r *http.Request) (*http.Response, error) {
			_, _ = next.RoundTrip(r)
			panic(secret)
		}, 1, wechat.KindLost, "panicked"},
		"calls on twice": {func(next next, r *http.Request) (*http.Response, error) {
			_, _ = next.RoundTrip(r)
			r.Body, _ = r.GetBody()
			return next.RoundTrip(r)
		}, 1, wechat.KindLost, "called on twice"},
		"no body": {func(next, *http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200}, nil },
			0, wechat.KindLost, "not a JSON object"},
		"answers itself": {func(next, *http.Request) (*http.Response, error) { return httpmock.NewStringResponse(200, okJSON), nil },
			0, wechat.KindUnknown, ""},
		"answer and error": {func(next next, r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			return resp, errors.Join(err, errors.New("both"))
		}, 1, wechat.KindLost, "both"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arrived := new(atomic.Int32)
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { arrived.Add(1); _, _ = io.WriteString(w, okJSON) }))
			defer s.Close()
			for _, opts := range [][]wechat.Option{nil, {wechat.WithHTTPClient(&http.Client{})}, {wechat.WithHTTPClient(&http.Client{Transport: roundTripper((&http.Transport{}).RoundTrip)})}} {
				if len(opts) > 0 && (name == "nothing" || name == "answer and error") {
					continue // http.Client has words of its own for them
				}
				arrived.Store(0)
				c, err := wechat.New(appID, "", append(opts, wechat.WithTokenSource(central), wechat.WithBaseURL(s.URL), wrap(tt.wrap))...)
				require.NoError(t, err)
				err = c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
				c.CloseIdleConnections()
				assert.Equal(t, tt.kind, wechat.KindOf(err), "%v", err)
				assert.EqualValues(t, tt.sent, arrived.Load())
				if tt.says != "" && !strings.HasPrefix(name, "loses") {
					require.ErrorContains(t, err, tt.says)
				}
			}
		})
	}
}

// A wrapper's refusal is not repeated, and after an attempt in doubt it does not hide the doubt.
func TestWrapperThatRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first answer
		kind  wechat.Kind
	}{
		"at once":         {nil, wechat.KindNetwork},
		"after lost":      {fails(io.ErrUnexpectedEOF), wechat.KindLost},
		"after busy":      {text(200, `{"errcode":-1}`), wechat.KindLost},
		"after a 502":     {text(502, ""), wechat.KindLost},
		"after not sent":  {fails(&net.OpError{Op: "dial", Err: errors.New("refused")}), wechat.KindNetwork},
		"after a refusal": {text(200, `{"errcode":42001}`), wechat.KindNetwork},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway()
			open, asked := tt.first == nil, 0
			if !open {
				g.on(http.MethodPost, "/cgi-bin/x", tt.first)
			}
			c := g.client(t, wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
				if r.URL.Path != "/cgi-bin/x" {
					return next.RoundTrip(r)
				}
				if asked++; open {
					return nil, errors.New("circuit open")
				}
				open = true
				return next.RoundTrip(r)
			}))
			err := c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", repeatable{}, nil)
			require.ErrorContains(t, err, "circuit open")
			assert.Equal(t, tt.kind, wechat.KindOf(err), "%v", err)
			want := 2
			if tt.first == nil {
				want = 1
			}
			assert.Equal(t, want, asked)
		})
	}
}

// A wrapper that repeats a call that may be repeated is let through, also after what did not leave.
func TestWrapperMayRepeatWhatMayBeRepeated(t *testing.T) {
	t.Parallel()
	twice := wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		if _, err := next.RoundTrip(r); err == nil {
			return nil, errors.New("the first was to fail")
		}
		r = r.Clone(r.Context())
		r.Body, _ = r.GetBody()
		return next.RoundTrip(r)
	})
	for in, first := range map[any]answer{
		&struct{ repeatable }{repeatable{}}: fails(io.EOF), &struct{ A int }{1}: fails(&net.OpError{Op: "dial", Err: errors.New("refused")}),
	} {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/x", first, text(200, okJSON))
		require.NoError(t, g.client(t, wechat.WithTokenSource(central), twice).Call(t.Context(), http.MethodPost, "/cgi-bin/x", in, nil))
		assert.Len(t, g.requests, 2)
	}
}

// A wrapper that has given up must not send later, and one that gave up while its call was under
// way has perhaps sent.
func TestWrapperThatGivesUpEarly(t *testing.T) {
	t.Parallel()
	arrived := new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { arrived.Add(1); _, _ = io.WriteString(w, okJSON) }))
	defer s.Close()
	giveUp, done := make(chan struct{}), make(chan error, 1)
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithBaseURL(s.URL), wechat.WithMaxConns(1), wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		go func() {
			<-giveUp
			_, err := next.RoundTrip(r)
			done <- err
		}()
		return nil, errors.New("too slow")
	}))
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	err = c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
	assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
	close(giveUp)
	require.ErrorContains(t, <-done, "after it had returned")
	assert.Zero(t, arrived.Load())

	started, release := make(chan struct{}), make(chan struct{})
	below := roundTripper(func(*http.Request) (*http.Response, error) { close(started); <-release; return nil, io.EOF })
	c, err = wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithHTTPClient(&http.Client{Transport: below}), wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		go func() { _, err := next.RoundTrip(r); done <- err }()
		<-started
		return nil, errors.New("too slow")
	}))
	require.NoError(t, err)
	err = c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err), "%v", err)
	close(release)
	<-done
}

// A wrapper that is an http.Client follows redirects; the token does not go along.
func TestWrapperThatFollowsRedirects(t *testing.T) {
	t.Parallel()
	elsewhere := new(atomic.Int32)
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer evil.Close()
	s := httptest.NewServer(http.RedirectHandler(evil.URL, http.StatusFound))
	defer s.Close()
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithMaxAttempts(1), wechat.WithBaseURL(s.URL),
		wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			r.RequestURI = ""
			return (&http.Client{Transport: next}).Do(r)
		}))
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	err = c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
	require.ErrorContains(t, err, "changed the address")
	assert.NotContains(t, err.Error(), "CENTRAL")
	assert.Zero(t, elsewhere.Load())
}

// A transport that has failed must not read the body later and send it after all.
func TestFailedTransportReadsNoMore(t *testing.T) {
	t.Parallel()
	var kept *http.Request
	below := roundTripper(func(r *http.Request) (*http.Response, error) { kept = r; return nil, errors.New("too slow") })
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithMaxAttempts(1), wechat.WithHTTPClient(&http.Client{Transport: below}))
	require.NoError(t, err)
	assert.Equal(t, wechat.KindNetwork, wechat.KindOf(c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)))
	_, err = io.ReadAll(kept.Body)
	require.ErrorContains(t, err, "after it had returned")
	again, err := kept.GetBody()
	require.NoError(t, err)
	_, err = io.ReadAll(again)
	require.ErrorContains(t, err, "after it had returned")
}

// A blocked wrapper ends with the context, and holds up its own caller only.
func TestWrapperThatBlocks(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, okJSON))
	c := g.client(t, wechat.WithTokenSource(central), wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		if _, hurried := r.Context().Deadline(); hurried {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		return next.RoundTrip(r)
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	blocked := make(chan error)
	go func() { blocked <- c.Call(ctx, http.MethodGet, "/cgi-bin/x", nil, nil) }()
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
	err := <-blocked
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
}

func TestWrapperAddsToTheQuery(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, okJSON))
	c := g.client(t, wechat.WithTokenSource(central), wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.RawQuery = "from_appid=wx1"
		r.Header.Set("Traceparent", "00-1")
		r.Header.Set("X-Idempotency-Key", "1")
		return next.RoundTrip(r)
	}))
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x?a=b", nil, nil))
	assert.Equal(t, "access_token=CENTRAL&a=b&from_appid=wx1", g.requests[0].URL.RawQuery)
	assert.Equal(t, "00-1", g.requests[0].Header.Get("Traceparent"))
	assert.Empty(t, g.requests[0].Header.Get("X-Idempotency-Key"), "net/http would repeat by itself")
}

func TestWrapFuncsAreCheckedAtNew(t *testing.T) {
	t.Parallel()
	for says, f := range map[string]func(http.RoundTripper) http.RoundTripper{
		"the func is nil":         nil,
		"the func returned nil":   func(http.RoundTripper) http.RoundTripper { return nil },
		"the func returned nil ":  func(http.RoundTripper) http.RoundTripper { return (*http.Transport)(nil) },
		"the func returned nil  ": func(http.RoundTripper) http.RoundTripper { return roundTripper(nil) },
		"panicked (string)":       func(http.RoundTripper) http.RoundTripper { panic("no") },
	} {
		c, err := wechat.New(appID, secret, wechat.WithTransport(f))
		require.ErrorContains(t, err, strings.TrimSpace(says))
		assert.ErrorContains(t, err, "WithTransport")
		assert.Nil(t, c)
	}
}

// A RoundTripper of the caller's own that repeats has perhaps sent, whatever its last error says.
func TestForeignTransportThatRepeats(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for name, tt := range map[string]struct {
		rt   roundTripper
		kind wechat.Kind
	}{
		"read, then no dial": {func(r *http.Request) (*http.Response, error) { _, _ = io.ReadAll(r.Body); return nil, dial }, wechat.KindLost},
		"no dial":            {func(*http.Request) (*http.Response, error) { return nil, dial }, wechat.KindNetwork},
		"read again, then no dial": {func(r *http.Request) (*http.Response, error) {
			b, err := r.GetBody()
			if err == nil {
				_, _ = io.ReadAll(b)
			}
			return nil, dial
		}, wechat.KindLost},
		"nothing":      {func(*http.Request) (*http.Response, error) { return nil, nil }, wechat.KindNetwork},
		"nothing read": {func(r *http.Request) (*http.Response, error) { _, _ = io.ReadAll(r.Body); return nil, nil }, wechat.KindLost},
	} {
		c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithMaxAttempts(1), wechat.WithHTTPClient(&http.Client{Transport: tt.rt}))
		require.NoError(t, err)
		err = c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
		assert.Equal(t, tt.kind, wechat.KindOf(err), "%s: %v", name, err)
	}
}

// brokenConn takes one request; what is written later fails before a byte has left.
type brokenConn struct {
	net.Conn
	writes atomic.Int32
}

func (c *brokenConn) Write(p []byte) (int, error) {
	if c.writes.Add(1) > 1 {
		return 0, errors.New("broken pipe")
	}
	return c.Conn.Write(p)
}

// A foreign RoundTripper that repeats over an http.Transport: the second look for a connection
// does not take back that the first try has left.
func TestForeignTransportThatRepeatsOverNetHTTP(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer s.Close()
	dials := 0
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials++; dials > 1 {
			return nil, &net.OpError{Op: "dial", Err: errors.New("no route to host")}
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	twice := roundTripper(func(r *http.Request) (*http.Response, error) {
		_, _ = transport.RoundTrip(r)
		r.Body, _ = r.GetBody()
		return transport.RoundTrip(r)
	})
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithMaxAttempts(1), wechat.WithBaseURL(s.URL), wechat.WithHTTPClient(&http.Client{Transport: twice}))
	require.NoError(t, err)
	err = c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err), "%v", err)
	assert.Equal(t, 2, dials)
}

// A connection that died while it was idle, and then a server that is gone: net/http had a
// connection for the request, and yet it surely did not leave.
func TestDeadConnectionThenNoServer(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, okJSON) }))
	defer s.Close()
	dials := 0
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials++; dials > 1 {
			return nil, errors.New("no route to host")
		}
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &brokenConn{Conn: conn}, err
	}}
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithMaxAttempts(1), wechat.WithBaseURL(s.URL), wechat.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	post := func() error { return c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil) }
	require.NoError(t, post())
	err = post()
	assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err), "%v", err)
	assert.ErrorContains(t, err, "no route to host")
	assert.Equal(t, 2, dials)
}

// A gateway redirects with the query that it was sent.
func TestWrappersSeeNoSecretInARedirect(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "https://api.example"+r.URL.RequestURI())
		w.Header()["X-Original-Uri"] = []string{"first", r.URL.RequestURI()}
		w.WriteHeader(http.StatusMovedPermanently)
	}))
	defer s.Close()
	for _, opts := range [][]wechat.Option{{wechat.WithTokenSource(central)}, {wechat.WithTokenSource(central), wechat.WithHTTPClient(&http.Client{})}, {wechat.WithClassicToken()}} {
		var seen http.Header
		c, err := wechat.New(appID, secret, append(opts, wechat.WithMaxAttempts(1), wechat.WithBaseURL(s.URL), wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if resp != nil {
				seen = resp.Header
			}
			return resp, err
		}))...)
		require.NoError(t, err)
		err = c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
		c.CloseIdleConnections()
		require.Error(t, err)
		require.NotEmpty(t, seen["X-Original-Uri"])
		for _, leak := range []string{"CENTRAL", secret} {
			assert.NotContains(t, fmt.Sprint(seen), leak)
			assert.NotContains(t, err.Error(), leak)
		}
	}
}
