package wechattest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/wechattest"
)

// asked takes note of the requests that it answers: method, address, header and body. They may be
// read once the answer has come.
type asked struct {
	answer string

	mu       sync.Mutex
	requests []string
	headers  []http.Header
	bodies   []string
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests = append(a.requests, r.Method+" "+r.RequestURI)
	a.headers, a.bodies = append(a.headers, r.Header), append(a.bodies, string(body))
	if echo := r.URL.Query()["echostr"]; echo != nil {
		_, _ = io.WriteString(w, echo[len(echo)-1])
		return
	}
	_, _ = io.WriteString(w, a.answer)
}

// TestPath has the handler called where the console says, with WeChat's parameters behind its own.
func TestPath(t *testing.T) {
	t.Parallel()
	const signed = `signature=[0-9a-f]{40}&timestamp=[0-9]+&nonce=[0-9]{9}`
	for path, want := range map[string]string{
		"":                       "/?",
		"/":                      "/?",
		"/wechat/callback":       "/wechat/callback?",
		"/wechat/callback/":      "/wechat/callback/?",
		"/callback?school=1&b":   "/callback?school=1&b&",
		"/?nonce=1":              "/?nonce=1&",
		"/callback?":             "/callback?",
		"/callback?a=1&":         "/callback?a=1&",
		"/a%2Fb":                 "/a%2Fb?",
		"/学校":                    "/%E5%AD%A6%E6%A0%A1?",
		"/a b":                   "/a%20b?",
		"//double/../dots":       "//double/../dots?",
		"/echo?echostr=mine&x=y": "/echo?echostr=mine&x=y&",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := wechattest.New(t)
			h := new(asked)
			s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken, Path: path})
			require.NoError(t, s.VerifyCallback(t.Context()))
			_, err := s.Push(t.Context(), wechattest.Event("o+/ü", "VIEW"))
			require.NoError(t, err)
			require.Len(t, h.requests, 2)
			assert.Regexp(t, "^GET "+regexp.QuoteMeta(want)+signed+"&echostr=[0-9]+$", h.requests[0])
			assert.Regexp(t, "^POST "+regexp.QuoteMeta(want)+signed+"&openid=o%2B%2F%C3%BC$", h.requests[1])
		})
	}
}

// TestPathOfAMux serves two accounts by one handler, each at its path.
func TestPathOfAMux(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	first, second := new(asked), new(asked)
	mux := http.NewServeMux()
	mux.Handle("POST /one", first)
	mux.Handle("POST /two", second)
	other := s.AddAccount("wxother", "othersecret")
	s.SetCallback(wechattest.Callback{Handler: mux, Token: pushToken, Path: "/one"})
	other.SetCallback(wechattest.Callback{Handler: mux, Token: pushToken, Path: "/two"})
	for range 2 {
		_, err := other.Push(t.Context(), wechattest.Text("o", "x"))
		require.NoError(t, err)
	}
	assert.Empty(t, first.requests)
	assert.Len(t, second.requests, 2)
}

// TestURLWithAQuery is Path's neighbour over TCP.
func TestURLWithAQuery(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	h := new(asked)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	for address, want := range map[string]string{"": "/?", "/callback": "/callback?", "/callback?school=1": "/callback?school=1&"} {
		s.SetCallback(wechattest.Callback{URL: server.URL + address, Token: pushToken})
		_, err := s.Push(t.Context(), wechattest.Event("o", "VIEW"))
		require.NoError(t, err)
		assert.Regexp(t, "^POST "+regexp.QuoteMeta(want)+"signature=", h.requests[len(h.requests)-1])
	}
}

// TestOriginalIDs has each account named by an id of its own, which is the same in every run.
func TestOriginalIDs(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	assert.Equal(t, "gh_d1a66f47c7dc", s.OriginalID(), "of wxsimulation000001")
	seen := map[string]bool{}
	for _, appID := range []string{"wxa", "wxb", "WXA", "wxa ", "校"} {
		a := s.AddAccount(appID, "secret")
		assert.Regexp(t, `^gh_[0-9a-f]{12}$`, a.OriginalID())
		seen[a.OriginalID()] = true
		h := new(asked)
		a.SetCallback(wechattest.Callback{Handler: h, Token: pushToken})
		_, err := a.Push(t.Context(), wechattest.Text("o", "x"))
		require.NoError(t, err)
		assert.Contains(t, h.bodies[0], "<ToUserName><![CDATA["+a.OriginalID()+"]]></ToUserName>")
	}
	assert.Len(t, seen, 5)
	assert.Equal(t, s.OriginalID(), wechattest.New(t).OriginalID())

	s.SetCallback(wechattest.Callback{Handler: new(asked), AppID: "wxcomponent", Token: pushToken})
	assert.Equal(t, "gh_d1a66f47c7dc", s.OriginalID(), "the component's AppID is not the account's")
	s.SetCallback(wechattest.Callback{Handler: new(asked), Token: pushToken, OriginalID: "gh_x"})
	assert.Equal(t, "gh_x", s.OriginalID())
	s.SetCallback(wechattest.Callback{Handler: new(asked), Token: pushToken})
	assert.Equal(t, "gh_d1a66f47c7dc", s.OriginalID())
}
