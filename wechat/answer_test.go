package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
)

func TestAnswersThatAreNoJSON(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		kind   wechat.Kind
		code   wechat.Code
		says   string
		sent   int
	}{
		"502 page":            {502, "<h1>Bad  Gateway</h1>\r\n", wechat.KindBusy, 0, `HTTP status 502 ("<h1>Bad Gateway</h1>")`, 2},
		"408":                 {408, "", wechat.KindBusy, 0, "HTTP status 408", 2},
		"429":                 {429, "", wechat.KindBusy, 0, "HTTP status 429", 2},
		"404":                 {404, "no such page", wechat.KindRequest, 0, `HTTP status 404 ("no such page")`, 1},
		"412":                 {412, "", wechat.KindRequest, 0, "HTTP status 412: the request had no Content-Length", 1},
		"500 with errcode":    {500, `{"errcode":48001,"errmsg":"api unauthorized rid: a-b"}`, wechat.KindAccount, 48001, "48001 api unauthorized (rid a-b)", 1},
		"503 with busy":       {503, `{"errcode":-1,"errmsg":"busy"}`, wechat.KindBusy, -1, "-1 busy", 2},
		"captive portal":      {200, "<html>log in</html>", wechat.KindLost, 0, "the answer is not a JSON object", 1},
		"array":               {200, `[{"errcode":1}]`, wechat.KindLost, 0, "the answer is not a JSON object", 1},
		"empty":               {200, "", wechat.KindLost, 0, "the answer is not a JSON object", 1},
		"cut off":             {200, `{"n":`, wechat.KindLost, 0, "decode answer", 2},
		"of another shape":    {200, `{"n":"text"}`, wechat.KindLost, 0, "not of the expected form", 1},
		"too long":            {200, `{"x":"` + strings.Repeat("x", 17<<20) + `"}`, wechat.KindLost, 0, "more than 16777216 bytes", 1},
		"errcode no number":   {200, `{"errcode":"x","n":"text"}`, wechat.KindLost, 0, "not a whole number", 1},
		"errcode is a string": {200, `{"errcode":"43004","errmsg":"require subscribe"}`, wechat.KindRecipient, 43004, "43004 require subscribe", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGateway()
				g.on(http.MethodGet, "/cgi-bin/x", text(tt.status, tt.body))
				var out struct{ N int }
				err := g.client(t, wechat.WithMaxAttempts(2)).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, &out)
				var e *wechat.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, tt.kind, e.Kind())
				assert.Equal(t, tt.code, e.Code)
				assert.Equal(t, tt.status, e.Status)
				require.ErrorContains(t, err, tt.says)
				assert.Len(t, g.requests, tt.sent)
			})
		})
	}
}

func TestExcerptIsShortAndClean(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodPost, "/cgi-bin/x", text(404, "\xff\n"+strings.Repeat("错误 ", 1000)))
	err := g.client(t).Call(t.Context(), http.MethodPost, "/cgi-bin/x", nil, nil)
	var e *wechat.Error
	require.ErrorAs(t, err, &e)
	assert.LessOrEqual(t, len(e.Message), 260)
	assert.True(t, utf8.ValidString(e.Message))
	assert.True(t, strings.HasPrefix(e.Message, "\uFFFD 错误 错误"), e.Message)
	assert.True(t, strings.HasSuffix(e.Message, "..."), e.Message)
	assert.NotContains(t, err.Error(), "\n")
}

// When the token cannot be renewed the call fails with what came in the way.
func TestRenewalThatFails(t *testing.T) {
	t.Parallel()
	down := errors.New("central is down")
	n := 0
	src := token.SourceFunc(func(context.Context) (token.Token, error) {
		if n++; n > 1 {
			return token.Token{}, down
		}
		return token.Token{Value: "CENTRAL", Expiry: time.Now().Add(time.Hour)}, nil
	})
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, `{"errcode":42001,"errmsg":"expired"}`))
	err := g.client(t, wechat.WithTokenSource(src)).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
	require.ErrorIs(t, err, down)
	require.ErrorIs(t, err, wechat.ErrAccessTokenExpired, "and why it was wanted")
	assert.Equal(t, wechat.KindToken, wechat.KindOf(err))
	assert.Len(t, g.requests, 1)

	g = newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, `{"errcode":42001,"errmsg":"expired"}`))
	c := g.client(t)
	_, err = c.Token.Get(t.Context())
	require.NoError(t, err)
	g.on(http.MethodPost, "/cgi-bin/stable_token", text(200, `{"errcode":40164,"errmsg":"invalid ip 1.2.3.4, not in whitelist"}`))
	err = c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
	require.ErrorIs(t, err, wechat.ErrIPNotAllowed)
	assert.ErrorContains(t, err, "add 1.2.3.4 to the IP allow list")
}

// POSTs that only read are repeated after a lost answer, those that change something are not.
func TestAccountCallsThatOnlyReadAreRepeated(t *testing.T) {
	t.Parallel()
	for path, tt := range map[string]struct {
		call func(ctx context.Context, c *wechat.Client) error
		sent int
	}{
		"/cgi-bin/openapi/quota/get":   {func(ctx context.Context, c *wechat.Client) error { _, err := c.Quota(ctx, "/x"); return err }, 2},
		"/cgi-bin/openapi/rid/get":     {func(ctx context.Context, c *wechat.Client) error { _, err := c.RequestInfo(ctx, "a-b"); return err }, 2},
		"/cgi-bin/callback/check":      {func(ctx context.Context, c *wechat.Client) error { _, err := c.CheckCallback(ctx, "", ""); return err }, 2},
		"/cgi-bin/clear_quota":         {func(ctx context.Context, c *wechat.Client) error { return c.ClearQuota(ctx) }, 1},
		"/cgi-bin/clear_quota/v2":      {func(ctx context.Context, c *wechat.Client) error { return c.ClearQuotaBySecret(ctx) }, 1},
		"/cgi-bin/openapi/quota/clear": {func(ctx context.Context, c *wechat.Client) error { return c.ClearPathQuota(ctx, "/x") }, 1},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGateway()
				g.on(http.MethodPost, path, fails(io.ErrUnexpectedEOF), text(200, okJSON))
				err := tt.call(t.Context(), g.client(t))
				assert.Len(t, g.requests, tt.sent)
				if tt.sent == 1 {
					assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
				} else {
					assert.NoError(t, err)
				}
			})
		})
	}
}

func TestPathsWithEscapesAndAPrefix(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/cgi-bin/x":           "http://gateway.example/prefix/cgi-bin/x?access_token=CENTRAL",
		"/cgi-bin/a%2Fb?c=d":   "http://gateway.example/prefix/cgi-bin/a%2Fb?access_token=CENTRAL&c=d",
		"/cgi-bin/客服":          "http://gateway.example/prefix/cgi-bin/%E5%AE%A2%E6%9C%8D?access_token=CENTRAL",
		"/cgi-bin/x#fragment":  "http://gateway.example/prefix/cgi-bin/x?access_token=CENTRAL",
		"/cgi-bin/x?a=b&a=c=d": "http://gateway.example/prefix/cgi-bin/x?access_token=CENTRAL&a=b&a=c=d",
		"/sns/x?access_tokens": "http://gateway.example/prefix/sns/x?access_tokens",
	} {
		got := ""
		rt := roundTripper(func(r *http.Request) (*http.Response, error) { got = r.URL.String(); return text(200, okJSON)(r) })
		c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithBaseURL("http://gateway.example/prefix/"), wechat.WithHTTPClient(&http.Client{Transport: rt}))
		require.NoError(t, err)
		require.NoError(t, c.Call(t.Context(), http.MethodGet, path, nil, nil), path)
		assert.Equal(t, want, got)
	}
}

// lockStore is a Store and a Locker that notes keys.
type lockStore struct {
	token.MemoryStore
	saved, locked []string
}

func (s *lockStore) Save(ctx context.Context, key string, t token.Token) error {
	s.saved = append(s.saved, key)
	return s.MemoryStore.Save(ctx, key, t)
}

func (s *lockStore) Lock(_ context.Context, key string) (func(), error) {
	s.locked = append(s.locked, key)
	return func() {}, nil
}

// The key names account, kind and host; only the classic call needs the lock.
func TestStoreKeyAndLock(t *testing.T) {
	t.Parallel()
	for kind, opts := range map[string][]wechat.Option{
		"stable": nil, "classic": {wechat.WithClassicToken()}, "custom": {wechat.WithTokenSource(central)},
	} {
		st := &lockStore{}
		g := newGateway()
		g.on(http.MethodGet, "/cgi-bin/token", text(200, `{"access_token":"T","expires_in":7200}`))
		c := g.client(t, append(opts, wechat.WithTokenStore(st), wechat.WithBaseURL("http://gateway.example:8080/prefix"))...)
		_, err := c.Token.Get(t.Context())
		require.NoError(t, err)
		key := fmt.Sprintf("wxhome:token:%s:%s:gateway.example:8080", appID, kind)
		assert.Equal(t, []string{key}, st.saved)
		assert.NotContains(t, key, secret)
		if kind == "classic" {
			assert.Equal(t, []string{key}, st.locked)
		} else {
			assert.Empty(t, st.locked)
		}
	}
}

// endless answers without an end, and counts what was taken.
func endless(head string, status int, taken *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		n, _ := io.WriteString(w, head)
		for chunk := strings.Repeat("x", 64<<10); taken.Add(int64(n)) < 1<<30; {
			var err error
			if n, err = io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}
}

// A base URL at which something else answers: nothing is taken for success, the memory is bounded,
// and a send is not repeated.
func TestBaseURLsThatAreNotWeChat(t *testing.T) {
	t.Parallel()
	taken := new(atomic.Int64)
	for name, tt := range map[string]struct {
		h    http.HandlerFunc
		kind wechat.Kind
		sent int64
	}{
		"page":            {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>log in</html>") }, wechat.KindLost, 1},
		"nothing":         {func(http.ResponseWriter, *http.Request) {}, wechat.KindLost, 1},
		"204":             {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, wechat.KindLost, 1},
		"hangs up":        {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, wechat.KindLost, 1},
		"1 GB of JSON":    {endless(`{"x":"`, 200, taken), wechat.KindLost, 1},
		"1 GB of text":    {endless("x", 200, taken), wechat.KindLost, 1},
		"1 GB of refusal": {endless("x", 403, taken), wechat.KindRequest, 1},
		"long header":     {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 11<<20)) }, wechat.KindLost, 1},
		"another account": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"errcode":40003,"errmsg":"invalid openid"}`)
		}, wechat.KindRecipient, 1},
		"another AppID": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"errcode":40013,"errmsg":"invalid appid"}`)
		}, wechat.KindRequest, 1},
		"refuses tokens": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"errcode":40001,"errmsg":"not latest"}`)
		}, wechat.KindToken, 2},
		"redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		}, wechat.KindRequest, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := new(atomic.Int64)
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { sent.Add(1); tt.h(w, r) }))
			defer s.Close()
			c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithBaseURL(s.URL))
			require.NoError(t, err)
			defer c.CloseIdleConnections()
			err = c.Custom.Send(t.Context(), "oA", custom.Text{Content: "hi"})
			assert.Equal(t, tt.kind, wechat.KindOf(err), "%v", err)
			assert.Equal(t, tt.sent, sent.Load())
			assert.Less(t, len(err.Error()), 1000)
			assert.Less(t, taken.Load(), int64(128<<20), "it is not read to its end")
		})
	}
}

// An answer that comes in small pieces says what it says.
func TestDoReadsAnErrcodeThatComesInPieces(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]io.Reader{
		"one byte each":     iotest.OneByteReader(strings.NewReader("\xef\xbb\xbf\r\n {\"errcode\":48001,\"errmsg\":\"no\"}")),
		"a blank, the rest": io.MultiReader(strings.NewReader("\n"), strings.NewReader(`{"errcode":48001}`)),
		"half a mark":       io.MultiReader(strings.NewReader("\xef"), strings.NewReader("\xbb\xbf"+`{"errcode":48001}`)),
		"odd":               io.MultiReader(strings.NewReader(" "), strings.NewReader(`{"errcode":48001.5}`)),
	} {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/x", func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(body)}, nil
		})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/cgi-bin/x", strings.NewReader("{}"))
		require.NoError(t, err)
		_, err = g.client(t).Do(req)
		require.Error(t, err, name)
	}
	for _, whole := range []string{" \r\n", "\xef\xbb", "\xef\xbb\xbf", "", " x", "\xef\xbb\xbf{}", "\xff\xd8 an image"} {
		g := newGateway()
		g.on(http.MethodGet, "/cgi-bin/x", func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(iotest.OneByteReader(strings.NewReader(whole)))}, nil
		})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/cgi-bin/x", nil)
		require.NoError(t, err)
		resp, err := g.client(t).Do(req)
		require.NoError(t, err, "%q", whole)
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Equal(t, whole, string(b))
	}
}

// What an answer to a private call holds may be a secret, whatever it is called.
func TestOddPrivateAnswersAreNotQuoted(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"errcode":0.0,"ticket":"TICKET_1"}`, `{"code":0,"data":{"accessToken":"TICKET_1"}}`, `["TICKET_1"]`, `"TICKET_1"`, `TICKET_1`,
		`{"errcode":"ok","ticket":"TICKET_1","expires_in":7200}`, `{"errcode":0,"ticket":"TICKET_1"} x`,
	} {
		seen := &watcher{}
		g := newGateway()
		g.on(http.MethodGet, "/cgi-bin/ticket/getticket", text(200, body))
		c := g.client(t, seen.options()...)
		var out struct{ Ticket string }
		err := c.Call(t.Context(), http.MethodGet, "/cgi-bin/ticket/getticket?type=jsapi", nil, &out)
		require.Error(t, err, body)
		seen.tree(err)
		assert.NotContains(t, seen.String(), "TICKET_1", body)
	}
}

// A call whose answer could not be taken must not leave.
func TestCallRefusesAnOutThatCannotBeFilled(t *testing.T) {
	t.Parallel()
	type answer struct{ MsgID int64 }
	for _, out := range []any{answer{}, map[string]any{}, (*answer)(nil), 1} {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/x", text(200, okJSON))
		err := g.client(t).Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, out)
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err), "%T: %v", out, err)
		assert.Empty(t, g.requests)
	}
}

// An answer without the addresses is no empty list of them.
func TestAddressesThatAreMissing(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/getcallbackip", text(200, okJSON), text(200, `{"ip_list":[]}`))
	c := g.client(t)
	_, err := c.CallbackIPs(t.Context())
	require.EqualError(t, err, "wechat: GET /cgi-bin/getcallbackip: the answer has no list of addresses")
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
	_, err = c.CallbackIPs(t.Context())
	require.NoError(t, err)
}
