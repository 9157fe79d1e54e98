package wechat_test

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"testing"
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
