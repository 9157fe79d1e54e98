package wechat_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
)

// central is a Source as a central token server (中控) has one.
var central = token.SourceFunc(func(context.Context) (token.Token, error) {
	return token.Token{Value: "CENTRAL", Expiry: time.Now().Add(time.Hour)}, nil
})

func TestNewRefusesNonsense(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opt  wechat.Option
		says string
	}{
		"nil option":          {nil, "option 1 is nil"},
		"nil store":           {wechat.WithTokenStore(nil), "store is nil"},
		"nil store pointer":   {wechat.WithTokenStore((*token.MemoryStore)(nil)), "store is nil"},
		"nil source":          {wechat.WithTokenSource(nil), "source is nil"},
		"nil source func":     {wechat.WithTokenSource(token.SourceFunc(nil)), "source is nil"},
		"nil client":          {wechat.WithHTTPClient(nil), "client is nil"},
		"nil logger":          {wechat.WithLogger(nil), "logger is nil"},
		"logger of nothing":   {wechat.WithLogger(new(slog.Logger)), "has no handler"},
		"nil hook":            {wechat.WithHook(nil), "hook is nil"},
		"nil limiter":         {wechat.WithLimiter(nil), "limiter is nil"},
		"nil limiter pointer": {wechat.WithLimiter((*rate.Limiter)(nil)), "limiter is nil"},
		"limiter's prefix":    {wechat.WithLimiter(&counter{}, ""), `WithLimiter: the prefix "" must begin with a slash`},
		"rate 0":              {wechat.WithRate(0, 1), "both must be positive"},
		"rate -1":             {wechat.WithRate(-1, 1), "both must be positive"},
		"rate NaN":            {wechat.WithRate(math.NaN(), 1), "both must be positive"},
		"rate Inf":            {wechat.WithRate(math.Inf(1), 1), "finite"},
		"burst 0":             {wechat.WithRate(1, 0), "both must be positive"},
		"burst -1":            {wechat.WithRate(1, -1), "both must be positive"},
		"rate's prefix":       {wechat.WithRate(1, 1, "/a", "cgi-bin"), `WithRate: the prefix "cgi-bin" must begin with a slash`},
		"nil transport":       {wechat.WithTransport(nil), "func is nil"},
		"nil in a client":     {wechat.WithHTTPClient(&http.Client{Transport: (*http.Transport)(nil)}), "Transport is a nil pointer"},
		"no connections":      {wechat.WithMaxConns(0), "1 or more"},
		"nil default":         {wechat.Defaults(wechat.WithMaxAttempts(1), nil), "Defaults: option 2 is nil"},
		"bad default":         {wechat.Defaults(wechat.WithMaxAttempts(0)), "1 or more"},
		"no attempts":         {wechat.WithMaxAttempts(0), "1 or more"},
		"negative attempts":   {wechat.WithMaxAttempts(-1), "1 or more"},
		"negative dial":       {wechat.WithTimeouts(wechat.Timeouts{Dial: -1}), "negative"},
		"negative tls":        {wechat.WithTimeouts(wechat.Timeouts{TLS: -1}), "negative"},
		"negative answer":     {wechat.WithTimeouts(wechat.Timeouts{Answer: -1}), "negative"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := wechat.New(appID, secret, tt.opt)
			require.ErrorContains(t, err, tt.says)
			assert.Nil(t, c)
		})
	}
}

func TestNewRefusesBadAddresses(t *testing.T) {
	t.Parallel()
	for address, says := range map[string]string{
		"":                            "needs a scheme",
		"api.weixin.qq.com":           "needs a scheme",
		"ftp://api.weixin.qq.com":     "needs a scheme",
		"https://":                    "names no host",
		"https://:443":                "names no host",
		"https://h/?a=b":              "nothing else",
		"https://h/?":                 "nothing else",
		"https://h/#x":                "nothing else",
		"https://user:password@h":     "nothing else",
		"https://h:port":              "cannot be parsed",
		"http://api.weixin.qq.com":    "https only",
		"http://API2.Weixin.QQ.com.":  "https only",
		"http://sh.api.weixin.qq.com": "https only",
	} {
		_, err := wechat.New(appID, secret, wechat.WithBaseURL(address))
		require.ErrorContains(t, err, says, address)
		_, err = wechat.New(appID, secret, wechat.WithBaseURL("https://good.example", address))
		require.ErrorContains(t, err, says, address)
		assert.NotContains(t, err.Error(), "password")
	}
	for _, address := range []string{"http://127.0.0.1:8080/wechat/", "https://gateway.example/a/b", "http://[::1]:80"} {
		_, err := wechat.New(appID, secret, wechat.WithBaseURL(address))
		require.NoError(t, err, address)
	}
}

func TestNewRefusesBadCredentials(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		appID, secret string
		opts          []wechat.Option
		says          string
	}{
		"no appid":         {"", secret, nil, "AppID is empty"},
		"blank appid":      {" " + appID, secret, nil, "AppID holds a space"},
		"no secret":        {appID, "", nil, "AppSecret is empty"},
		"newline":          {appID, secret + "\n", nil, "control character"},
		"classic + source": {appID, secret, []wechat.Option{wechat.WithClassicToken(), wechat.WithTokenSource(central)}, "exclude"},
		"dial of another's transport": {appID, secret, []wechat.Option{
			wechat.WithHTTPClient(&http.Client{Transport: http.DefaultTransport}), wechat.WithTimeouts(wechat.Timeouts{Dial: 1}),
		}, "belong to the transport"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := wechat.New(tt.appID, tt.secret, tt.opts...)
			require.ErrorContains(t, err, tt.says)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

// Nobody has to start a program once for each fault.
func TestNewNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := wechat.New("", "a secret", nil, wechat.WithMaxAttempts(0), wechat.Defaults(wechat.WithHook(nil)),
		wechat.WithHTTPClient(&http.Client{Transport: http.DefaultTransport}), wechat.WithMaxConns(5), wechat.WithMaxConns(6))
	require.EqualError(t, err, "wechat: option 1 is nil\nWithMaxAttempts: 0 attempts send nothing; give 1 or more\n"+
		"WithMaxConns is given twice\nWithHook: the hook is nil\nthe AppID is empty\n"+
		"the AppSecret holds a space or a control character\n"+
		"WithMaxConns: connections belong to the transport, and WithHTTPClient brings its own")
	assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
	_, err = wechat.New("", "")
	require.ErrorContains(t, err, "the AppID is empty\nthe AppSecret is empty;")
}

// onceOptions and addingOptions are all that there are, each with an argument that makes sense.
func onceOptions() map[string]wechat.Option {
	return map[string]wechat.Option{
		"WithTokenStore": wechat.WithTokenStore(token.NewMemoryStore()), "WithClassicToken": wechat.WithClassicToken(), "WithTokenSource": wechat.WithTokenSource(central),
		"WithHTTPClient": wechat.WithHTTPClient(&http.Client{}), "WithMaxConns": wechat.WithMaxConns(1), "WithTimeouts": wechat.WithTimeouts(wechat.Timeouts{}),
		"WithLogger": wechat.WithLogger(slog.New(slog.DiscardHandler)), "WithMaxAttempts": wechat.WithMaxAttempts(1),
		"WithComponent": wechat.WithComponent("wx1", central), "WithAuthorizeURL": wechat.WithAuthorizeURL("http://x.example"),
		"WithoutToken": wechat.WithoutToken(), "WithCloudbaseToken": wechat.WithCloudbaseToken(wechat.CloudbaseTokenFile),
	}
}

func addingOptions() map[string]wechat.Option {
	return map[string]wechat.Option{
		"WithRate": wechat.WithRate(1, 1), "WithLimiter": wechat.WithLimiter(&counter{}), "WithBaseURL": wechat.WithBaseURL("http://x.example"),
		"WithHook":      wechat.WithHook(func(context.Context, wechat.Event) {}),
		"WithTransport": wechat.WithTransport(func(next http.RoundTripper) http.RoundTripper { return next }), "Defaults": wechat.Defaults(),
	}
}

// exportedOptions reads the names of the funcs that return an Option.
func exportedOptions(t *testing.T) []string {
	t.Helper()
	var names []string
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range regexp.MustCompile(`(?m)^func ([A-Z]\w*)\(.*\) Option \{`).FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	return names
}

func TestEveryOptionTwice(t *testing.T) {
	t.Parallel()
	once, adding := onceOptions(), addingOptions()
	assert.ElementsMatch(t, exportedOptions(t), slices.Concat(slices.Collect(maps.Keys(once)), slices.Collect(maps.Keys(adding))))
	for name, opt := range once {
		_, err := wechat.New(appID, secret, opt)
		require.NoError(t, err, name)
		_, err = wechat.New(appID, secret, opt, opt)
		require.ErrorContains(t, err, "wechat: "+name+" is given twice")
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
		_, err = wechat.New(appID, secret, wechat.Defaults(opt, opt), opt)
		require.NoError(t, err, name)
	}
	for name, opt := range adding {
		_, err := wechat.New(appID, secret, opt, opt)
		require.NoError(t, err, name)
	}
}

// What adds up is all in use.
func TestOptionsThatAddUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked, told []string
		below := roundTripper(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.Host)
			if r.URL.Host != "c.example" {
				return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
			}
			return text(200, okJSON)(r)
		})
		hook := func(name string) wechat.Option {
			return wechat.WithHook(func(context.Context, wechat.Event) { told = append(told, name); panic(name) })
		}
		first, second := &counter{}, &counter{}
		c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithHTTPClient(&http.Client{Transport: below}),
			wechat.WithBaseURL("http://a.example", "http://b.example"), wechat.WithBaseURL("http://c.example"),
			wechat.WithLogger(slog.New(slog.DiscardHandler)), hook("1"), hook("2"), wechat.WithLimiter(first), wechat.WithLimiter(second))
		require.NoError(t, err)
		told = nil
		require.NoError(t, c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, nil))
		assert.Equal(t, []string{"a.example", "b.example", "c.example"}, asked)
		assert.Equal(t, "1 2", strings.Join(told[len(told)-2:], " "))
		assert.Equal(t, []int64{3, 3}, []int64{first.n.Load(), second.n.Load()})
	})
}

func TestDefaultsGiveWay(t *testing.T) {
	t.Parallel()
	var asked []string
	to := func(name string) wechat.Option {
		return wechat.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, name+" "+r.URL.Host)
			return text(200, okJSON)(r)
		})})
	}
	defaults := wechat.Defaults(to("default"), wechat.WithBaseURL("http://default.example"), wechat.WithTokenSource(central))
	for _, opts := range [][]wechat.Option{
		{defaults}, {defaults, to("own")}, {to("own"), defaults}, {defaults, wechat.WithBaseURL("http://own.example")},
		{wechat.Defaults(wechat.Defaults(to("nested"))), defaults},
	} {
		c, err := wechat.New(appID, "", opts...)
		require.NoError(t, err)
		require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
	}
	assert.Equal(t, []string{
		"default default.example", "own default.example", "own default.example", "default own.example", "default default.example",
	}, asked, "the nested one comes last")

	asked = nil
	gone := roundTripper(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Host)
		return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
	})
	c, err := wechat.New(appID, "", defaults, wechat.WithBaseURL("http://own.example"), wechat.WithHTTPClient(&http.Client{Transport: gone}), wechat.WithMaxAttempts(2))
	require.NoError(t, err)
	require.Error(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
	assert.Equal(t, []string{"own.example", "own.example"}, asked, "the default is not a second host")
}

// Waited is the wait for limiter and token, Duration the call.
func TestEventTellsTheWaitApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/stable_token", func(r *http.Request) (*http.Response, error) {
			time.Sleep(3 * time.Second)
			return text(200, `{"access_token":"T","expires_in":7200}`)(r)
		})
		g.on(http.MethodGet, "/cgi-bin/x", func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return text(200, okJSON)(r)
		})
		var events []wechat.Event
		c := g.client(t, wechat.WithLimiter(patient(20*time.Second)), wechat.WithHook(func(_ context.Context, e wechat.Event) { events = append(events, e) }))
		start := time.Now()
		require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
		require.Len(t, events, 2)
		assert.Equal(t, []time.Duration{0, 3 * time.Second}, []time.Duration{events[0].Waited, events[0].Duration})
		assert.Equal(t, []time.Duration{23 * time.Second, time.Second}, []time.Duration{events[1].Waited, events[1].Duration})
		assert.Equal(t, start, events[1].Start)
	})
}

// patient is a Limiter that takes its time.
type patient time.Duration

func (s patient) Wait(context.Context) error { time.Sleep(time.Duration(s)); return nil }

// The Client logs to slog.Default unless told otherwise.
func TestLoggerIsTheDefaultOne(t *testing.T) {
	old := slog.Default()
	defer slog.SetDefault(old)
	var seen strings.Builder
	slog.SetDefault(slog.New(slog.NewTextHandler(&seen, nil)))
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(502, ""), text(200, okJSON))
	require.NoError(t, g.client(t, wechat.WithTokenSource(central)).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
	assert.Equal(t, 1, strings.Count(seen.String(), "level=WARN msg=\"wechat attempt\""), "%s", &seen)
	assert.Contains(t, seen.String(), "waited=")
}
