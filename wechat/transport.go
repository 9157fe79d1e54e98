package wechat

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	// defaultConns is well above what one account's calls need at WeChat's 50 ms, and well below
	// the 1,024 files that a process may have open by default.
	defaultConns = 256
	// idleTimeout is below the 60 and 75 seconds after which common servers hang up, since a
	// request that leaves at that very moment is lost.
	idleTimeout = 55 * time.Second
	// preferNext is how long another host is preferred after a failed dial.
	preferNext = time.Minute
)

// NewTransport returns the transport that a Client has of its own, for Clients that share one:
//
//	shared := &http.Client{Transport: wechat.NewTransport()}
//	client, err := wechat.New(appID, appSecret, wechat.WithHTTPClient(shared))
//
// It opens at most 256 connections to a host and keeps as many (MaxConnsPerHost,
// MaxIdleConnsPerHost: set both before the first call). Further callers wait for a connection
// until their context ends. An answer of [Client.Do] holds its connection until it is closed.
// The proxy is that of the environment; the timeouts are the defaults of [Timeouts]. Each Client
// fetches its tokens over a connection beyond these.
func NewTransport() *http.Transport {
	return newTransport(Timeouts{defaultDial, defaultTLS, defaultAnswer}, defaultConns)
}

func newTransport(t Timeouts, conns int) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: t.Dial, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   t.TLS,
		ResponseHeaderTimeout: t.Answer,
		MaxConnsPerHost:       conns,
		MaxIdleConnsPerHost:   conns,
		IdleConnTimeout:       idleTimeout,
		OnProxyConnectResponse: func(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			return &proxyError{proxy.Host, resp.Status}
		},
	}
}

// setTransport builds the tower of RoundTrippers. Without an http.Client of the caller's it takes
// the tower alone: http.Client adds nothing that is wanted here (redirects, cookies) and copies
// the header for each call.
func (c *Client) setTransport(o *settings) error {
	below := http.RoundTripper(nil)
	if o.http != nil {
		below = o.http.Transport
	}
	if below == nil {
		below = newTransport(c.timeouts, o.conns)
	}
	in := &innermost{client: c, calls: below, tokens: below}
	if t, ok := below.(*http.Transport); ok {
		in.traced = true
		if t.MaxConnsPerHost > 0 {
			in.tokens = t.Clone()
		}
	}
	top, err := wrapAll(in, o.wraps)
	if err != nil {
		return err
	}
	c.inner, c.roundTrip = in, top.RoundTrip
	c.ownHeader = o.http == nil && len(o.wraps) == 0
	if o.http != nil {
		h := *o.http
		h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		h.Transport = top
		c.roundTrip = h.Do
	}
	return nil
}

func wrapAll(rt http.RoundTripper, wraps []func(http.RoundTripper) http.RoundTripper) (_ http.RoundTripper, err error) {
	defer contain("func of WithTransport", &err)
	for _, wrap := range wraps {
		if rt = wrap(rt); isNil(rt) {
			return nil, errors.New("WithTransport: the func returned nil")
		}
	}
	return rt, nil
}

// hosts picks the base URL of an attempt.
type hosts struct {
	urls      []*url.URL
	preferred atomic.Pointer[preference] // nil: the first
}

type preference struct {
	index int
	until time.Time
}

func (h *hosts) pick() (int, *url.URL) {
	p := h.preferred.Load()
	if p == nil {
		return 0, h.urls[0]
	}
	if time.Now().After(p.until) {
		h.preferred.CompareAndSwap(p, nil)
		return 0, h.urls[0]
	}
	return p.index, h.urls[p.index]
}

// failed prefers the host after i for a while. Callers whose dial failed together move on by
// one host, not by one each.
func (h *hosts) failed(i int) {
	if len(h.urls) < 2 {
		return
	}
	old := h.preferred.Load()
	current := 0
	if old != nil {
		current = old.index
	}
	if current != i {
		return
	}
	h.preferred.CompareAndSwap(old, &preference{(i + 1) % len(h.urls), time.Now().Add(preferNext)})
}
