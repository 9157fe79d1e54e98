package wechat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
)

// openid is as personal as a telephone number: no error, log or hook value may show it.
const openid = "oOPENID-of-a-parent"

// failing is one way for everything to go wrong.
type failing struct {
	answer answer                             // to the calls that fail; nil: the usual ones
	opts   []wechat.Option                    // further options
	ctx    func(t *testing.T) context.Context // nil: the test's
	source bool                               // the token endpoints are out of use
	tokens bool                               // fails at the token endpoints only
	told   bool                               // no call fails; log or hook must have been told
}

// echo answers with all that it was sent, as debugging proxies do.
func echo(status int) answer {
	return func(r *http.Request) (*http.Response, error) {
		return httpmock.NewStringResponse(status, "<p>"+r.URL.String()+" "+secret+" "+url.QueryEscape(secret)+"</p>"), nil
	}
}

// coded refuses and quotes the query.
func coded(code int) answer {
	return func(r *http.Request) (*http.Response, error) {
		return httpmock.NewStringResponse(200, fmt.Sprintf(`{"errcode":%d,"errmsg":"no %s %s"}`, code, r.URL.RawQuery, secret)), nil
	}
}

// exposed is an error that shows in a field what its text does not.
type exposed struct{ Request, Cause string }

func (exposed) Error() string { return "exposed" }

// failingPaths is acceptance 7, and what else can fail.
func failingPaths() map[string]failing {
	cancelled := func(t *testing.T) context.Context {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("enough of " + secret))
		return ctx
	}
	broken := func(wrap func(r *http.Request) error) answer {
		return func(r *http.Request) (*http.Response, error) { return nil, wrap(r) }
	}
	return map[string]failing{
		"network down": {answer: broken(func(r *http.Request) error {
			return fmt.Errorf("get %s with %s: %w", r.URL, secret, io.ErrUnexpectedEOF)
		})},
		"dial": {answer: broken(func(r *http.Request) error {
			return &net.OpError{Op: "dial", Err: &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New(secret)}}
		})},
		"network joined": {answer: broken(func(r *http.Request) error {
			return errors.Join(io.EOF, fmt.Errorf("x: %w", &url.Error{Op: "Get", URL: r.URL.String(), Err: io.EOF}))
		})},
		"network in a field": {answer: broken(func(r *http.Request) error { return &exposed{r.URL.String(), secret} })},
		"transport panics":   {answer: func(r *http.Request) (*http.Response, error) { panic(r.URL.String() + secret) }},
		"redirect":           {answer: echo(302)}, "412": {answer: echo(412)}, "404": {answer: echo(404)}, "502": {answer: echo(502)}, "html": {answer: echo(200)},
		"truncated": {answer: text(200, `{"access_token":"TOKEN_9","expires_`)},
		"body breaks": {answer: func(r *http.Request) (*http.Response, error) {
			resp := httpmock.NewStringResponse(200, "")
			resp.Body = io.NopCloser(iotest.ErrReader(fmt.Errorf("%s broke: %w", r.URL, io.ErrUnexpectedEOF)))
			return resp, nil
		}},
		"bad json": {tokens: true, answer: text(200, `{"access_token":"TOKEN_9","expires_in":"`+secret+`"}`)},
		"no token": {tokens: true, answer: text(200, `{"expires_in":7200}`)},
		"40125":    {answer: coded(40125)}, "40164": {answer: coded(40164)}, "40001": {answer: coded(40001)}, "42001": {answer: coded(42001)},
		"47003": {answer: coded(47003)}, "45009": {answer: coded(45009)}, "busy": {answer: coded(-1)}, "unknown": {answer: coded(987654)},
		"cancelled":      {ctx: cancelled},
		"hook panics":    {told: true, opts: []wechat.Option{wechat.WithHook(func(context.Context, wechat.Event) { panic(secret) })}},
		"limiter panics": {opts: []wechat.Option{wechat.WithLimiter(panicking(func() any { return secret }))}},
		"limiter fails":  {opts: []wechat.Option{wechat.WithLimiter(&counter{err: errors.New("full of " + secret)})}},
		"source panics":  {source: true, opts: []wechat.Option{wechat.WithTokenSource(token.SourceFunc(func(context.Context) (token.Token, error) { panic(secret + "TOKEN_9") }))}},
		"source fails": {source: true, opts: []wechat.Option{wechat.WithTokenSource(token.SourceFunc(func(context.Context) (token.Token, error) {
			return token.Token{Value: "TOKEN_9"}, fmt.Errorf("got TOKEN_9 with %s: %w", secret, &exposed{Request: "access_token=TOKEN_9"})
		}))}},
		"store panics": {told: true, opts: []wechat.Option{wechat.WithTokenStore(badStore{func(v string) error { panic(v + secret) }})}},
		"store fails": {told: true, opts: []wechat.Option{wechat.WithTokenStore(badStore{func(v string) error {
			return fmt.Errorf("cannot save %s of %s: %w", v, secret, &exposed{Request: v})
		}})}},
	}
}

type badStore struct{ fault func(value string) error }

func (s badStore) Load(context.Context, string) (token.Token, error) {
	return token.Token{}, s.fault("nothing")
}
func (s badStore) Save(_ context.Context, _ string, t token.Token) error { return s.fault(t.Value) }

// TestNothingLeaks makes every call fail in every way, with the failure at the call or at
// either token endpoint, and looks for secret, tokens and openid in the whole tree of errors,
// in the log and in the hook's values.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	for name, f := range failingPaths() {
		for _, at := range []string{"/cgi-bin/x", "/cgi-bin/stable_token", "/cgi-bin/token"} {
			if (f.answer == nil || f.tokens) && at == "/cgi-bin/x" {
				continue
			}
			t.Run(name+" at "+at, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { leakCase(t, f, at) })
			})
		}
	}
}

func leakCase(t *testing.T, f failing, at string) {
	g := newGateway()
	classic := func(*http.Request) (*http.Response, error) {
		return httpmock.NewStringResponse(200, `{"access_token":"TOKEN_C","expires_in":7200}`), nil
	}
	g.on(http.MethodGet, "/cgi-bin/token", classic)
	for _, path := range []string{"/cgi-bin/x", "/cgi-bin/message/template/send", "/cgi-bin/clear_quota/v2", ticketPath} {
		a := answer(text(200, okJSON))
		if f.answer != nil {
			a = f.answer
		}
		g.on(http.MethodGet, path, a)
		g.on(http.MethodPost, path, a)
	}
	if f.answer != nil && at != "/cgi-bin/x" {
		g.on(http.MethodPost, at, f.answer)
		g.on(http.MethodGet, at, f.answer)
	}
	seen := &watcher{}
	opts := append(seen.options(), wechat.WithMaxAttempts(2))
	if at == "/cgi-bin/token" && !f.source {
		opts = append(opts, wechat.WithClassicToken())
	}
	c := g.client(t, append(opts, f.opts...)...)
	ctx := t.Context()
	if f.ctx != nil {
		ctx = f.ctx(t)
	}
	failed := 0
	for _, err := range everyCall(ctx, c) {
		if err != nil {
			failed++
			seen.tree(err)
		}
	}
	seen.dump(c, c.Token, c.JSTicket, c.Template, *c.Template, c.JSSDK, *c.JSSDK)
	if f.told {
		assert.Contains(t, seen.String(), "panicked", "or it cannot have been told")
	} else {
		assert.GreaterOrEqual(t, failed, 5)
	}
	assert.Greater(t, len(seen.String()), 200)
	for _, leak := range []string{secret, url.QueryEscape(secret), "TOKEN_", openid} {
		if i := strings.Index(seen.String(), leak); i >= 0 {
			t.Errorf("%q in ...%s", leak, seen.String()[max(0, i-300):i+40])
		}
	}
}

// everyCall goes through each door of the Client.
func everyCall(ctx context.Context, c *wechat.Client) []error {
	do := func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "/cgi-bin/x?openid="+openid, strings.NewReader(`{"openid":"`+openid+`"}`))
		if err != nil {
			return err
		}
		resp, err := c.Do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	}
	send := func() error {
		_, err := c.Template.Send(ctx, template.Message{To: openid, TemplateID: "T"})
		return err
	}
	all := func() (err error) {
		msgs := func(yield func(template.Message, error) bool) {
			yield(template.Message{To: openid, TemplateID: "T"}, nil)
		}
		for r := range c.Template.SendAll(ctx, msgs) {
			err = errors.Join(err, r.Err)
		}
		return err
	}
	get := func() error { _, err := c.Token.Get(ctx); return err }
	sign := func() error { _, err := c.JSSDK.Config(ctx, page); return err }
	return []error{
		c.Call(ctx, http.MethodGet, "/cgi-bin/x?media_id=MEDIA_1&openid="+openid, nil, &struct{ N int }{}),
		c.Call(ctx, http.MethodPost, "/cgi-bin/x", map[string]string{"touser": openid}, &struct{ N int }{}),
		do(), send(), all(), get(), c.Token.Invalidate(ctx, "TOKEN_1"), c.ClearQuotaBySecret(ctx), sign(),
	}
}

// watcher collects all that a person or a program can see.
type watcher struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *watcher) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func (w *watcher) options() []wechat.Option {
	level := &slog.HandlerOptions{Level: slog.LevelDebug}
	return []wechat.Option{
		spy(w, false), // bodies have openids, and answers may quote anything
		wechat.WithLogger(slog.New(slog.NewMultiHandler(slog.NewJSONHandler(w, level), slog.NewTextHandler(w, level)))),
		wechat.WithHook(func(_ context.Context, e wechat.Event) {
			w.dump(e)
			w.tree(e.Err)
			panic(e.Path + secret)
		}),
	}
}

func (w *watcher) dump(values ...any) {
	for _, v := range values {
		fmt.Fprintf(w, "%v %+v %#v %q %s %x\n", v, v, v, v, v, v)
		if text, err := json.Marshal(v); err == nil {
			_, _ = w.Write(text)
		}
		slog.New(slog.NewJSONHandler(w, nil)).Info("x", "v", v)
	}
}

func (w *watcher) tree(err error) {
	walk(err, func(e error) { w.dump(e) })
	if e := (*wechat.Error)(nil); errors.As(err, &e) {
		w.dump(*e, e.Hint(), e.Code, e.Kind())
	}
}

func walk(err error, visit func(error)) {
	if err == nil {
		return
	}
	visit(err)
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		walk(u.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			walk(e, visit)
		}
	}
}

// A source of one's own may well ask by HTTP, with a key in the address.
func TestSourceAddressIsHidden(t *testing.T) {
	t.Parallel()
	ask := &url.Error{Op: "Get", URL: "http://central.example/token?key=KEY", Err: io.ErrUnexpectedEOF}
	for _, failure := range []error{ask, fmt.Errorf("central token server: %w", ask), errors.Join(ask, io.EOF)} {
		seen := &watcher{}
		src := token.SourceFunc(func(context.Context) (token.Token, error) { return token.Token{}, failure })
		c, err := wechat.New(appID, "", append(seen.options(), wechat.WithTokenSource(src))...)
		require.NoError(t, err)
		for _, err := range []error{c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil), c.ClearQuota(t.Context())} {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			seen.tree(err)
		}
		_, err = c.Token.Get(t.Context())
		seen.tree(err)
		assert.NotContains(t, seen.String(), "KEY")
	}
}

func TestClientPrintsItsAppID(t *testing.T) {
	t.Parallel()
	c := newGateway().client(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		assert.Equal(t, "wechat.Client("+appID+")", fmt.Sprintf(verb, c))
	}
	assert.Equal(t, "wechat.Client(nil)", fmt.Sprint((*wechat.Client)(nil)))
	assert.Equal(t, appID, c.AppID())
}

// A real transport and a real refusal, since a mock may fail more kindly than the network.
func TestNothingLeaksFromRealTransports(t *testing.T) {
	t.Parallel()
	silent := log.New(io.Discard, "", 0)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	reset := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer reset.Close()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = silent
	untrusted.StartTLS()
	defer untrusted.Close()
	for name, base := range map[string]string{
		"gone": gone.URL, "reset": reset.URL, "untrusted": untrusted.URL,
		"plain to tls": strings.Replace(untrusted.URL, "https", "http", 1), "tls to plain": strings.Replace(reset.URL, "http", "https", 1),
	} {
		for _, opts := range [][]wechat.Option{nil, {wechat.WithClassicToken()}, {wechat.WithHTTPClient(&http.Client{})}, {wechat.WithTokenSource(central)}} {
			seen := &watcher{}
			c, err := wechat.New(appID, secret, append(append(opts, seen.options()...), wechat.WithBaseURL(base), wechat.WithMaxAttempts(1))...)
			require.NoError(t, err)
			for _, err := range everyCall(t.Context(), c) {
				seen.tree(err)
			}
			c.CloseIdleConnections()
			for _, leak := range []string{secret, "CENTRAL", openid, "MEDIA_1"} {
				assert.NotContains(t, seen.String(), leak, name)
			}
			assert.Contains(t, seen.String(), "/cgi-bin/x", name)
		}
	}
}

// The address of a proxy that cannot be parsed stands in net/http's error with its password.
func TestProxyPasswordIsHidden(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://user:pa%ss@proxy.example:8080", "http://user:p@ss w@proxy.example", "user:p%ss@proxy.example:3128"} {
		_, parse := url.Parse(address)
		transport := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) {
			return nil, errors.New(`invalid proxy address "` + address + `": ` + parseText(parse))
		}}
		seen := &watcher{}
		c, err := wechat.New(appID, "", append(seen.options(), wechat.WithTokenSource(central), wechat.WithMaxAttempts(1), wechat.WithHTTPClient(&http.Client{Transport: transport}))...)
		require.NoError(t, err)
		err = c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
		seen.tree(err)
		assert.False(t, strings.Contains(seen.String(), "ss@"), address)
		assert.False(t, strings.Contains(seen.String(), "ss w@"), address)
		assert.Contains(t, err.Error(), "proxy.example")
	}
}

func parseText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
