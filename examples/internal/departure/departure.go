// Package departure lets the sender of a message decide once more where its request leaves. A
// message may wait long between [wechat.Client.Call] and the wire: for a limiter, for a token, for
// a connection, or because the machine stands still. [With] is the one call to know; it needs a
// Client that was made with [Transport].
//
// # Errors
//
// What Check refuses surely does not leave. The Client's error says so (KindNetwork, or KindLost
// after an earlier attempt in doubt); [Departure.Refused] returns Check's own.
package departure

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/org/wxhome/wechat"
)

// Departure is one call of a Client. It is safe for concurrent use.
type Departure struct {
	path  string
	check func() error

	mu      sync.Mutex // guards what follows
	permit  bool       // a permit of the limiter was taken and is not used
	asked   bool
	left    bool
	refused error
}

type key struct{}

// With returns a context for one call of a Client to path. check is asked before each attempt
// leaves, also before the Client's own repetitions; an error keeps the attempt back. It is not
// asked for what the Client fetches on the way, such as a token. A permit of the account's [Limiter]
// has been taken already: the first attempt does not wait for another.
func With(ctx context.Context, path string, check func() error) (context.Context, *Departure) {
	d := &Departure{path: path, check: check, permit: true}
	return context.WithValue(ctx, key{}, d), d
}

// Asked reports whether check was asked. If a call succeeds and it was not, the Client was made
// without [Transport].
func (d *Departure) Asked() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// Left reports whether an attempt may have left.
func (d *Departure) Left() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.left
}

// Refused returns why the last attempt was kept back; nil: none was.
func (d *Departure) Refused() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refused
}

func (d *Departure) ask() error {
	err := d.check()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = true
	if err != nil {
		d.refused = err
	}
	return err
}

// leave is ask where the first byte of the body is read, which is the last moment.
func (d *Departure) leave() error {
	if err := d.ask(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = true
	return nil
}

// takePermit returns true once.
func (d *Departure) takePermit() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	had := d.permit
	d.permit = false
	return had
}

// Transport is for [wechat.WithTransport]. It should be the first one given, so that nothing waits
// below it but the dialling. Requests without a Departure in their context pass.
func Transport(next http.RoundTripper) http.RoundTripper { return transport{next} }

type transport struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	d, ok := req.Context().Value(key{}).(*Departure)
	if !ok || !strings.HasSuffix(req.URL.Path, d.path) {
		return t.next.RoundTrip(req)
	}
	if err := d.ask(); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	return t.next.RoundTrip(d.watch(req))
}

// watch has the bodies of req ask whether they may leave: a connection may take seconds to make.
func (d *Departure) watch(req *http.Request) *http.Request {
	if req.Body == nil || req.Body == http.NoBody {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.left = true
		return req
	}
	out := new(http.Request)
	*out = *req
	out.Body = &body{ReadCloser: req.Body, departure: d}
	if again := req.GetBody; again != nil {
		out.GetBody = func() (io.ReadCloser, error) {
			b, err := again()
			if err != nil {
				return nil, err
			}
			return &body{ReadCloser: b, departure: d}, nil
		}
	}
	return out
}

type body struct {
	io.ReadCloser
	departure *Departure
	begun     bool
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	if !b.begun {
		if err := b.departure.leave(); err != nil {
			return 0, err
		}
		b.begun = true
	}
	return b.ReadCloser.Read(p)
}

// CloseIdleConnections closes those of the transport below.
func (t transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// Limiter is a [wechat.Limiter] that holds every attempt but those whose permit was taken before
// the call, by [With].
func Limiter(l wechat.Limiter) wechat.Limiter { return limiter{l} }

type limiter struct{ next wechat.Limiter }

// Wait implements [wechat.Limiter].
func (l limiter) Wait(ctx context.Context) error {
	if d, ok := ctx.Value(key{}).(*Departure); ok && d.takePermit() {
		return ctx.Err()
	}
	return l.next.Wait(ctx)
}

// ErrNoTransport says that a Client was made without [Transport].
var ErrNoTransport = errors.New("the Client was made without departure.Transport (wechat.WithTransport): " +
	"nothing looks at the age of a claim where a message leaves, and a machine that stands still may send twice")
