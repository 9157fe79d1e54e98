package wechat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"github.com/jarcoal/httpmock"
	"github.com/org/wxhome/wechat"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// TestNothingLeaks walks every error, the log and the hook's values for the secret and tokens.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	echo := func(status int) answer {
		return func(r *http.Request) (*http.Response, error) {
			return httpmock.NewStringResponse(status, "<p>"+r.URL.String()+" "+secret+"</p>"), nil
		}
	}
	coded := func(code int) answer {
		return func(r *http.Request) (*http.Response, error) {
			return httpmock.NewStringResponse(200, fmt.Sprintf(`{"errcode":%d,"errmsg":"no %s %s"}`, code, r.URL.RawQuery, secret)), nil
		}
	}
	network := func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("get %s with %s: %w", r.URL, secret, io.ErrUnexpectedEOF)
	}
	for name, a := range map[string]answer{
		"network": network, "redirect": echo(302), "502": echo(502), "html": echo(200),
		"truncated": text(200, `{"access_token":"TOKEN_9","expires_`), "40125": coded(40125), "40164": coded(40164), "40001": coded(40001), "47003": coded(47003),
	} {
		for _, path := range []string{"/cgi-bin/x", "/cgi-bin/stable_token", "/cgi-bin/token"} {
			t.Run(name+path, func(t *testing.T) {
				t.Parallel()
				leakCase(t, path, a)
			})
		}
	}
}

func leakCase(t *testing.T, path string, a answer) {
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", a)
	if path != "/cgi-bin/x" {
		g.on(http.MethodPost, path, a)
		g.on(http.MethodGet, path, a)
	}
	var seen strings.Builder
	opts := []wechat.Option{
		wechat.WithLogger(slog.New(slog.NewJSONHandler(&seen, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		wechat.WithHook(func(_ context.Context, e wechat.Event) {
			fmt.Fprintf(&seen, "%+v %#v\n", e, e.Err)
			panic(e.Path + secret)
		}),
		wechat.WithMaxAttempts(2),
	}
	if path == "/cgi-bin/token" {
		opts = append(opts, wechat.WithClassicToken())
	}
	c := g.client(t, opts...)
	err := c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
	require.Error(t, err)
	walk(err, func(e error) { fmt.Fprintf(&seen, "%v %+v %#v %q\n", e, e, e, e) })
	fmt.Fprintf(&seen, "%+v %#v %+v", c, c, c.Token)
	js, _ := json.Marshal(err)
	seen.Write(js)
	for _, leak := range []string{secret, "TOKEN_"} {
		assert.NotContains(t, seen.String(), leak)
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
