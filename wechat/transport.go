package wechat

import (
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	// idlePerHost bounds the idle connections. net/http keeps two unless told, so that all
	// other senders pay for a TLS handshake with each call; here none is closed that a caller
	// in flight will want again, and idleTimeout clears them after a burst.
	idlePerHost = 1 << 14
	// idleTimeout is below the 60 and 75 seconds after which common servers hang up, since a
	// request that leaves at that very moment is lost.
	idleTimeout = 55 * time.Second
	// preferNext is how long another host is preferred after a failed dial.
	preferNext = time.Minute
)

func newTransport(t Timeouts, all *gates) *http.Transport {
	dialer := &net.Dialer{Timeout: t.Dial, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           all.dial(dialer),
		TLSHandshakeTimeout:   t.TLS,
		ResponseHeaderTimeout: t.Answer,
		MaxIdleConnsPerHost:   idlePerHost,
		IdleConnTimeout:       idleTimeout,
	}
}

// setTransport takes the transport alone where it is ours: http.Client adds nothing that is
// wanted here (redirects, cookies) and copies the header for each call.
func (c *Client) setTransport(user *http.Client) {
	all := newGates(c.hosts.urls, c.timeouts.Dial)
	own := newTransport(c.timeouts, all)
	if user == nil {
		c.gates = all
		c.roundTrip, c.idle, c.ownHeader, c.traced = own.RoundTrip, own, true, true
		return
	}
	h := *user
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if h.Transport == nil {
		h.Transport, c.gates = own, all
	}
	_, c.traced = h.Transport.(*http.Transport)
	c.roundTrip, c.idle = h.Do, &h
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
