package wechat_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
)

// Do and Call name the path that was wrong, and no secret that stands in it.
func TestErrorsNameTheWrongPath(t *testing.T) {
	t.Parallel()
	c := newGateway().client(t)
	for target, shown := range map[string]string{
		"cgi-bin/x":                             "cgi-bin/x",
		"https://api.weixin.qq.com/cgi-bin/x":   "https://api.weixin.qq.com/cgi-bin/x",
		"//evil.example/x?access_token=TOKEN":   "//evil.example/x",
		"/cgi-bin/../x#TOKEN":                   "/cgi-bin/../x",
		"":                                      "(no path)",
		"https://user:TOKEN@evil.example/x":     "[redacted]@evil.example/x",
		"/cgi-bin/x\n":                          "/cgi-bin/x",
		"/" + strings.Repeat("../", 1000) + "x": "/../",
	} {
		err := c.Call(t.Context(), http.MethodPost, target, nil, nil)
		require.ErrorContains(t, err, "wechat: POST "+shown)
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
		assert.NotContains(t, err.Error(), "TOKEN")
		assert.NotContains(t, err.Error(), "\n")
		assert.Less(t, len(err.Error()), 500)
		u, err := url.Parse(target)
		if err != nil {
			continue
		}
		_, err = c.Do((&http.Request{Method: http.MethodPost, URL: u, Header: http.Header{}}).WithContext(t.Context()))
		require.ErrorContains(t, err, "wechat: POST ")
		require.ErrorContains(t, err, shown)
		assert.NotContains(t, err.Error(), "TOKEN")
	}
}

// No text says where it comes from twice, however an error came about.
func TestNoPrefixTwice(t *testing.T) {
	t.Parallel()
	once := func(t *testing.T, err error) {
		require.Error(t, err)
		assert.Equal(t, 1, strings.Count(err.Error(), "wechat: "), "%v", err)
		assert.NotContains(t, err.Error(), "\n")
		assert.True(t, strings.HasPrefix(err.Error(), "wechat: ") || errors.Is(err, context.Canceled), "%v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		for name, answers := range map[string][]answer{
			"refused":           {text(200, `{"errcode":43004}`)},
			"renewal":           {text(200, `{"errcode":42001,"errmsg":"expired"}`)},
			"lost, then busy":   {fails(io.EOF), text(502, "")},
			"lost, then quota":  {fails(io.EOF), text(200, `{"errcode":45009}`)},
			"lost, then minute": {fails(io.EOF), text(200, `{"errcode":45011}`)},
			"lost, then dial":   {fails(io.EOF), fails(&net.OpError{Op: "dial", Err: errors.New("refused")})},
			"page":              {text(200, "<html>")},
		} {
			g := newGateway()
			g.on(http.MethodPost, "/cgi-bin/x", answers...)
			fetched := 0
			down := wechat.WithTokenSource(token.SourceFunc(func(context.Context) (token.Token, error) {
				if fetched++; fetched > 1 {
					return token.Token{}, errors.New("central is down")
				}
				return token.Token{Value: "T", Expiry: time.Now().Add(time.Hour)}, nil
			}))
			err := g.client(t, down).Call(t.Context(), http.MethodPost, "/cgi-bin/x", repeatable{}, nil)
			once(t, err)
			if strings.HasPrefix(name, "lost, then ") && !strings.HasSuffix(name, "busy") {
				assert.Equal(t, wechat.KindLost, wechat.KindOf(err), name)
				require.ErrorContains(t, err, "earlier attempt may have been carried out")
			}
		}
		inner := newGateway()
		inner.on(http.MethodPost, "/cgi-bin/stable_token", fails(io.EOF), text(200, `{"errcode":40125}`))
		central := inner.client(t)
		src := token.SourceFunc(func(ctx context.Context) (token.Token, error) {
			v, err := central.Token.Get(ctx)
			return token.Token{Value: v}, err
		})
		for range 3 {
			once(t, newGateway().client(t, wechat.WithTokenSource(src), wechat.WithMaxAttempts(1)).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
			time.Sleep(time.Hour)
		}
		_, err := wechat.New(appID, secret, wechat.WithComponent("wx1", token.SourceFunc(nil)))
		once(t, err)
		_, err = wechat.New("", secret)
		once(t, err)
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
	})
}

// After an attempt in doubt a refusal for the moment does not say that nothing was sent; one that
// the first attempt met as well does.
func TestDoubtOutlivesARefusal(t *testing.T) {
	t.Parallel()
	for code, kind := range map[int]wechat.Kind{
		45011: wechat.KindLost, 45009: wechat.KindLost, 48001: wechat.KindLost, 40164: wechat.KindLost,
		43004: wechat.KindRecipient, 47003: wechat.KindValue, 40037: wechat.KindRequest, -1: wechat.KindBusy,
	} {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/x", fails(io.EOF), text(200, fmt.Sprintf(`{"errcode":%d}`, code)))
		var events []wechat.Event
		err := g.client(t, wechat.WithHook(func(_ context.Context, e wechat.Event) { events = append(events, e) })).
			Call(t.Context(), http.MethodPost, "/cgi-bin/x", repeatable{}, nil)
		assert.Equal(t, kind, wechat.KindOf(err), "%v", err)
		require.ErrorIs(t, err, wechat.Code(code))
		assert.EqualValues(t, code, events[2].Code, "the event tells of the attempt")
		var coded interface{ ErrCode() int }
		require.ErrorAs(t, err, &coded)
		if kind == wechat.KindLost {
			assert.Zero(t, coded.ErrCode(), "or SendAll would send it again a minute later")
		}
	}
}

// A token call whose answer was lost leaves no doubt about the call that wanted the token.
func TestLostTokenIsNoLostCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/stable_token", func(r *http.Request) (*http.Response, error) {
			_, _ = io.ReadAll(r.Body)
			return nil, io.ErrUnexpectedEOF
		})
		err := g.client(t).Call(t.Context(), http.MethodPost, "/cgi-bin/x", repeatable{}, nil)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
		require.ErrorContains(t, err, "wechat: POST /cgi-bin/x: get access token: POST /cgi-bin/stable_token: unexpected EOF")
		assert.Empty(t, g.requests)
	})
}

// What the token endpoint answers wrongly is not asked again by the call.
func TestWrongTokenAnswers(t *testing.T) {
	t.Parallel()
	for body, kind := range map[string]wechat.Kind{
		`{"access_token":"T"}`: wechat.KindToken, `{"expires_in":7200}`: wechat.KindToken, `{"access_token":"T","expires_in":0}`: wechat.KindToken,
		`{"access_token":"T","expires_in":-1}`: wechat.KindToken, `{"access_token":"T","expires_in":"soon"}`: wechat.KindToken, `{"access_token":5,"expires_in":7200}`: wechat.KindToken,
		`{"access_token":"","expires_in":7200}`: wechat.KindToken, `{"access_token":"T","expires_in":7200.5}`: wechat.KindToken, `{}`: wechat.KindToken,
		`{"code":500,"message":"gateway error"}`: wechat.KindToken, `{"errcode":40003.0,"access_token":"T","expires_in":7200}`: wechat.KindToken,
		`<html>`: wechat.KindBusy, ``: wechat.KindBusy, `[]`: wechat.KindBusy, `"ok"`: wechat.KindBusy, `{"errcode":-1}`: wechat.KindBusy,
		`{"errcode":40125}`: wechat.KindAccount, `{"errcode":45009}`: wechat.KindDailyQuota,
	} {
		asked := 0
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/stable_token", func(r *http.Request) (*http.Response, error) { asked++; return text(200, body)(r) })
		_, err := g.client(t).Token.Get(t.Context())
		assert.Equal(t, kind, wechat.KindOf(err), "%s: %v", body, err)
		assert.Equal(t, 1, asked, body)
	}
	for body, life := range map[string]time.Duration{
		`{"access_token":"T","expires_in":"7200"}`: 2 * time.Hour, `{"access_token":"T","expires_in":7200,"errcode":0}`: 2 * time.Hour,
		`{"errcode":"0","access_token":"T","expires_in":1}`: time.Second, `{"access_token":"T","expires_in":9223372036854775807}`: 1 << 31 * time.Second,
	} {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/stable_token", text(200, body))
		st := &lockStore{}
		v, err := g.client(t, wechat.WithTokenStore(st)).Token.Get(t.Context())
		require.NoError(t, err, body)
		assert.Equal(t, "T", v)
		kept, err := st.Load(t.Context(), st.saved[0])
		require.NoError(t, err)
		assert.InDelta(t, life.Seconds(), time.Until(kept.Expiry).Seconds(), 5)
	}
}

// certificate returns a server's certificate that is good from and until.
func certificate(t *testing.T, name string, from, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

// The text of a failure that no repetition mends says what to look at.
func TestErrorsSayWhatToLookAt(t *testing.T) {
	t.Parallel()
	now := time.Now()
	pool := x509.NewCertPool()
	serve := func(cert tls.Certificate) string {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
		s.StartTLS()
		t.Cleanup(s.Close)
		return "https://localhost:" + s.URL[strings.LastIndexByte(s.URL, ':')+1:]
	}
	trusted := func(cert tls.Certificate) tls.Certificate {
		parsed, err := x509.ParseCertificate(cert.Certificate[0])
		require.NoError(t, err)
		pool.AddCert(parsed)
		return cert
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(proxy.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	through := func(address string) func(*http.Request) (*url.URL, error) {
		u, err := url.Parse(strings.Replace(address, "http://", "http://user:"+secret+"@", 1))
		require.NoError(t, err)
		return http.ProxyURL(u)
	}
	host := func(address string) string { return strings.TrimPrefix(address, "http://") }
	for name, tt := range map[string]struct {
		url   string
		proxy func(*http.Request) (*url.URL, error)
		says  []string
	}{
		"expired":           {serve(trusted(certificate(t, "localhost", now.Add(-48*time.Hour), now.Add(-24*time.Hour)))), nil, []string{"expired", "clock"}},
		"not yet":           {serve(trusted(certificate(t, "localhost", now.Add(24*time.Hour), now.Add(48*time.Hour)))), nil, []string{"not yet valid", "clock"}},
		"unknown authority": {serve(certificate(t, "localhost", now.Add(-time.Hour), now.Add(time.Hour))), nil, []string{"unknown authority", "ca-certificates", "WithoutToken"}},
		"another's name":    {serve(trusted(certificate(t, "portal.example", now.Add(-time.Hour), now.Add(time.Hour)))), nil, []string{"portal.example", "check DNS and proxy"}},
		"proxy refuses":     {"https://api.weixin.qq.com", through(proxy.URL), []string{"the proxy " + host(proxy.URL) + " refused the connection: 403 Forbidden", "HTTPS_PROXY"}},
		"proxy is gone":     {"https://api.weixin.qq.com", through(gone.URL), []string{"proxyconnect", "HTTPS_PROXY"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := wechat.NewTransport()
			transport.TLSClientConfig, transport.Proxy = &tls.Config{RootCAs: pool}, tt.proxy
			c, err := wechat.New(appID, secret, wechat.WithHTTPClient(&http.Client{Transport: transport}), wechat.WithBaseURL(tt.url), wechat.WithMaxAttempts(1))
			require.NoError(t, err)
			for _, err := range []error{c.Call(t.Context(), http.MethodGet, "/cgi-bin/x?access_token=TOKEN_1", nil, nil), c.ClearQuota(t.Context())} {
				for _, says := range tt.says {
					require.ErrorContains(t, err, says)
				}
				assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
				walk(err, func(e error) {
					assert.NotContains(t, fmt.Sprintf("%v %+v", e, e), secret)
					assert.NotContains(t, e.Error(), "TOKEN_1")
				})
			}
		})
	}
}

// What ended the context may be the failure of another call, as with errgroup. It says nothing of
// this one.
func TestCauseOfAContextIsNotTheKind(t *testing.T) {
	t.Parallel()
	other := fmt.Errorf("another send: %w", wechat.ErrNotFollowing)
	for name, cause := range map[string]error{"code": other, "network": &net.OpError{Op: "dial", Err: errors.New("refused")}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/x", fails(io.ErrUnexpectedEOF))
		c := g.client(t, wechat.WithHook(func(_ context.Context, ev wechat.Event) {
			if ev.Repeat {
				cancel(cause)
			}
		}))
		err := c.Call(ctx, http.MethodPost, "/cgi-bin/x", repeatable{}, nil)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, wechat.KindLost, wechat.KindOf(err), "%s: %v", name, err)
		var own *wechat.Error
		require.ErrorAs(t, err, &own)
		assert.Equal(t, "/cgi-bin/x", own.Path)
		assert.NotErrorIs(t, err, wechat.ErrNotFollowing)

		ctx, cancel = context.WithCancelCause(t.Context())
		g.on(http.MethodPost, "/cgi-bin/y", func(r *http.Request) (*http.Response, error) {
			cancel(cause)
			_, _ = io.ReadAll(r.Body)
			return nil, context.Cause(r.Context()) // as net/http does
		})
		err = c.Call(ctx, http.MethodPost, "/cgi-bin/y", repeatable{}, nil)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
		assert.NotErrorIs(t, err, wechat.ErrNotFollowing)
		err = c.Call(ctx, http.MethodPost, "/cgi-bin/y", repeatable{}, nil)
		assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
		assert.NotErrorIs(t, err, wechat.ErrNotFollowing)
	}
}

func TestKindOfATypedNil(t *testing.T) {
	t.Parallel()
	var none *wechat.Error
	assert.Equal(t, wechat.KindUnknown, wechat.KindOf(none))
	assert.Equal(t, wechat.KindUnknown, wechat.KindOf(fmt.Errorf("send: %w", error(none))))
}
