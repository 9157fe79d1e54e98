package wechat_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
)

func TestWithoutToken(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodPost, "/cgi-bin/message/template/send", text(200, `{"errcode":41001,"errmsg":"access_token missing"}`), text(200, `{"errcode":0,"errmsg":"ok","msgid":7}`))
	g.on(http.MethodGet, "/cgi-bin/x", text(200, okJSON))
	for _, id := range []string{"", secret} {
		c, err := wechat.New(appID, id, wechat.WithoutToken(), wechat.WithHTTPClient(&http.Client{Transport: g}))
		require.NoError(t, err)
		before := len(g.requests)
		if before == 0 {
			_, err = c.Template.Send(t.Context(), template.Message{To: "o", TemplateID: "T"})
			require.ErrorIs(t, err, wechat.ErrMissingAccessToken)
			var e *wechat.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, e.Hint(), "cloud.weixin.qq.com")
		}
		_, err = c.Template.Send(t.Context(), template.Message{To: "o", TemplateID: "T"})
		require.NoError(t, err)
		require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x?a=b", nil, nil))
		assert.Equal(t, "http://api.weixin.qq.com/cgi-bin/x?a=b", g.requests[len(g.requests)-1].URL.String())
		for _, r := range g.requests {
			assert.NotContains(t, r.URL.RawQuery, "token")
		}
		assert.Zero(t, g.tokens)
		_, err = c.Token.Get(t.Context())
		require.ErrorContains(t, err, "WithoutToken")
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
		asked := len(g.requests)
		require.ErrorContains(t, c.ClearQuotaBySecret(t.Context()), "over plain http")
		_, err = c.WebAuthOpenID(t.Context(), "CODE")
		require.ErrorContains(t, err, "over plain http")
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
		assert.Len(t, g.requests, asked, "no secret leaves")
	}
}

// A shared environment names the account by a wrapper.
func TestWithoutTokenInASharedEnvironment(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, okJSON))
	c := g.client(t, wechat.WithoutToken(), wrap(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.RawQuery = "from_appid=" + appID
		return next.RoundTrip(r)
	}))
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x?a=b", nil, nil))
	assert.Equal(t, "a=b&from_appid="+appID, g.requests[0].URL.RawQuery)
}

func TestPlainHTTPToWeChatNeedsWithoutToken(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://api.weixin.qq.com", "http://SH.api.weixin.qq.com."} {
		_, err := wechat.New(appID, secret, wechat.WithBaseURL(address))
		require.ErrorContains(t, err, "https only")
		for _, opts := range [][]wechat.Option{{wechat.WithBaseURL(address), wechat.WithoutToken()}, {wechat.WithoutToken(), wechat.WithBaseURL(address)}} {
			_, err = wechat.New(appID, "", opts...)
			require.NoError(t, err)
		}
		_, err = wechat.New(appID, secret, wechat.WithBaseURL(address), wechat.WithCloudbaseToken("f"))
		require.ErrorContains(t, err, "https only")
		_, err = wechat.New(appID, secret, wechat.WithBaseURL("https://x.example", address))
		require.ErrorContains(t, err, "https only")
	}
}

func TestCloudRunOptionsExcludeOthers(t *testing.T) {
	t.Parallel()
	for _, cloud := range []wechat.Option{wechat.WithoutToken(), wechat.WithCloudbaseToken("f")} {
		for _, other := range []wechat.Option{wechat.WithClassicToken(), wechat.WithTokenSource(central), wechat.WithTokenStore(token.NewMemoryStore())} {
			_, err := wechat.New(appID, secret, cloud, other)
			require.ErrorContains(t, err, "exclude each other")
		}
	}
	_, err := wechat.New(appID, secret, wechat.WithoutToken(), wechat.WithCloudbaseToken("f"))
	require.ErrorContains(t, err, "exclude each other")
	_, err = wechat.New(appID, secret, wechat.WithCloudbaseToken(""))
	require.ErrorContains(t, err, "CloudbaseTokenFile")
}

// The file is read again when its token is a minute old or refused.
func TestWithCloudbaseToken(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "cloudbase_access_token")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	synctest.Test(t, func(t *testing.T) {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/x", text(200, okJSON), text(200, okJSON), text(200, `{"errcode":42001}`), text(200, okJSON))
		c, err := wechat.New(appID, "", wechat.WithCloudbaseToken(file), wechat.WithHTTPClient(&http.Client{Transport: g}))
		require.NoError(t, err)
		post := func() error { return c.Call(t.Context(), http.MethodPost, "/cgi-bin/x?a=b", map[string]int{}, nil) }
		write("FIRST/+=\n")
		require.NoError(t, post())
		write("SECOND")
		time.Sleep(2 * time.Minute)
		require.NoError(t, post())
		synctest.Wait()
		write("THIRD")
		require.NoError(t, post())
		var queries []string
		for _, r := range g.requests {
			queries = append(queries, r.URL.String())
		}
		const base = "https://api.weixin.qq.com/cgi-bin/x?cloudbase_access_token="
		assert.Equal(t, []string{base + "FIRST%2F%2B%3D&a=b", base + "SECOND&a=b", base + "SECOND&a=b", base + "THIRD&a=b"}, queries)
		assert.Zero(t, g.tokens)
	})
}

func TestCloudbaseTokenFileThatIsNone(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"empty": "", "blank": " \n", "long": strings.Repeat("x", 5000), "two lines": "a\nb", "binary": "\x00\xff"} {
		file := filepath.Join(t.TempDir(), "f")
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		err := newGateway().client(t, wechat.WithCloudbaseToken(file)).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
		assert.Equal(t, wechat.KindToken, wechat.KindOf(err), name)
		assert.ErrorContains(t, err, file)
	}
	err := newGateway().client(t, wechat.WithCloudbaseToken("/nowhere/f")).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.Equal(t, wechat.KindToken, wechat.KindOf(err))
}

// A path that carries its own token of the cloud gets no other beside it.
func TestPathWithACloudbaseToken(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, `{"errcode":42001}`))
	require.Error(t, g.client(t).Call(t.Context(), http.MethodGet, "/cgi-bin/x?cloudbase_access_token=MINE", nil, nil))
	require.Len(t, g.requests, 1, "it is not repeated for a token error")
	assert.Equal(t, "cloudbase_access_token=MINE", g.requests[0].URL.RawQuery)
	assert.Zero(t, g.tokens)
}
