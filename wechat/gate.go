package wechat

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// gate keeps the connections to one host from outnumbering the requests in flight. net/http
// begins to dial for each request that finds no idle connection, and goes on when another
// request hands over its own in the meantime: 64 senders end up with some 100 connections,
// and as many TLS handshakes. Here such a dial waits, and is dropped once its request has a
// connection.
type gate struct {
	mu       sync.Mutex    // guards what follows
	inFlight int           // requests that need a connection, or have one
	open     int           // connections, from the beginning of the dial
	limit    time.Duration // of a dial's wait, since one that others began may be stuck
	change   chan struct{} // closed at the next change; nil: no dial waits
}

// errNotNeeded ends a dial whose request has a connection. Nobody sees it.
var errNotNeeded = errors.New("the request has a connection")

// count adds to the two numbers, and wakes the dials that wait. A nil gate counts nothing.
func (g *gate) count(inFlight, open int) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight += inFlight
	g.open += open
	if g.change != nil {
		close(g.change)
		g.change = nil
	}
}

// admit waits until a dial for d is needed, and counts it as open.
func (g *gate) admit(ctx context.Context, d *departure) error {
	limit := time.NewTimer(g.limit)
	defer limit.Stop()
	for {
		change, err := g.try(d)
		if change == nil {
			return err
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.C:
			g.count(0, 1)
			return nil
		}
	}
}

// try admits the dial or refuses it; otherwise it returns what to wait for.
func (g *gate) try(d *departure) (change <-chan struct{}, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case !d.waiting.Load():
		return nil, errNotNeeded
	case g.open < g.inFlight:
		g.open++
		return nil, nil
	case g.change == nil:
		g.change = make(chan struct{})
	}
	return g.change, nil
}

// gates holds the gate of each base URL, by that and by its address. A proxy's has none.
type gates struct {
	byBase    map[*url.URL]*gate
	byAddress map[string]*gate
}

// newGates lets a dial wait for a fifth of the time that one may take.
func newGates(bases []*url.URL, dial time.Duration) *gates {
	all := &gates{make(map[*url.URL]*gate), make(map[string]*gate)}
	for _, u := range bases {
		address := dialAddress(u)
		if all.byAddress[address] == nil {
			all.byAddress[address] = &gate{limit: dial / 5}
		}
		all.byBase[u] = all.byAddress[address]
	}
	return all
}

func dialAddress(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// dial is a DialContext that passes the gate.
func (all *gates) dial(dialer *net.Dialer) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		d, _ := ctx.Value(departureKey{}).(*departure)
		g := all.byAddress[addr]
		if d == nil || g == nil {
			return dialer.DialContext(ctx, network, addr)
		}
		if err := g.admit(ctx, d); err != nil {
			return nil, err
		}
		conn, err := dialer.DialContext(ctx, network, addr)
		if err != nil {
			g.count(0, -1)
			return nil, err
		}
		return &gatedConn{Conn: conn, gate: g}, nil
	}
}

// gatedConn tells the gate when it is closed.
type gatedConn struct {
	net.Conn
	gate   *gate
	closed atomic.Bool
}

func (c *gatedConn) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		c.gate.count(0, -1)
	}
	return c.Conn.Close()
}

// ReadFrom keeps the file-to-socket path of the connection underneath.
func (c *gatedConn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

type departureKey struct{}

// departure notes whether a request may have left. An http.Transport tells by a trace when it
// has a connection to write to. Of another RoundTripper nothing is known but that it must read
// a body to send it.
type departure struct {
	trace   httptrace.ClientTrace
	begun   atomic.Bool
	waiting atomic.Bool // for a connection; net/http may ask for a second one by itself
	ended   atomic.Bool
	gate    *gate // nil: none
}

// enter counts a request to base.
func (all *gates) enter(base *url.URL) *departure {
	d := &departure{}
	if all != nil {
		d.gate = all.byBase[base]
		d.gate.count(1, 0)
	}
	return d
}

// track returns ctx with a trace that notes when d's request has a connection.
func (d *departure) track(ctx context.Context) context.Context {
	d.trace.GotConn = d.gotConn
	if d.gate != nil {
		d.trace.GetConn = d.getConn
		ctx = context.WithValue(ctx, departureKey{}, d)
	}
	ctx = httptrace.WithClientTrace(ctx, &d.trace)
	return ctx
}

func (d *departure) getConn(string) { d.waiting.Store(true) }

func (d *departure) gotConn(httptrace.GotConnInfo) {
	d.begun.Store(true)
	d.waiting.Store(false)
	d.gate.count(0, 0)
}

// end tells the gate that the request is over. What it does a second time is nothing.
func (d *departure) end() {
	if d.ended.CompareAndSwap(false, true) {
		d.waiting.Store(false)
		d.gate.count(-1, 0)
	}
}

// sentBody notes that it is being read.
type sentBody struct {
	io.ReadCloser
	departure *departure
}

func (b sentBody) Read(p []byte) (int, error) {
	b.departure.begun.Store(true)
	return b.ReadCloser.Read(p)
}

// heldBody is the Body of an answer that Do hands over: its request is in flight until it is
// closed.
type heldBody struct {
	io.ReadCloser
	departure *departure
}

func (b heldBody) Close() error {
	defer b.departure.end()
	return b.ReadCloser.Close()
}
