package wechat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// requestKind is what a request may and needs.
type requestKind struct {
	op         Op
	plain      bool // gets no access_token, and no repetition for a refused one
	unlimited  bool // no limiter holds it
	repeatable bool // may be sent again when the answer was lost
	once       bool // not even the transport may send it again
	held       bool // the answer's body goes to the caller
}

// request is a call on its way: what stays the same over its attempts.
type request struct {
	kind         requestKind
	method, path string // path is escaped
	query        string
	header       http.Header
	length       int64
	getBody      func() (io.ReadCloser, error) // nil: first is all there is
	first        io.ReadCloser                 // the body of the first attempt, from Do
	secrets      []string                      // what else of it no error may hold
}

func (r *request) setBytes(body []byte) {
	r.length = int64(len(body))
	// net/http knows this type, and sends what it holds in one packet with the header.
	r.getBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
}

// body returns the body of an attempt, and whether there can be another one.
func (r *request) body() (io.ReadCloser, error) {
	if r.first != nil {
		b := r.first
		r.first = nil
		return b, nil
	}
	return r.getBody()
}

func (r *request) replayable() bool { return r.length == 0 || r.getBody != nil }

// attempt is one trip, and what became of it.
type attempt struct {
	token  string
	status int
	err    error
}

// backoff between attempts: firstWait, then twice as long each time, up to lastWait, of which
// a random half is taken off so that many callers do not come back together.
const (
	firstWait = 200 * time.Millisecond
	lastWait  = 2 * time.Second
)

// run sends r until it succeeds or must not be repeated. accept reads the answer.
func (c *Client) run(ctx context.Context, r *request, accept func(*http.Response) error) error {
	if ctx == nil {
		return c.failure(r, KindRequest, errors.New("the context is nil"))
	}
	if ctx.Err() != nil {
		return c.failure(r, KindNetwork, redactError(ended(ctx), c.secret()))
	}
	refreshed, doubtful, tries := false, false, 0
	for n := 1; ; n++ {
		start := time.Now()
		a := c.attempt(ctx, r, accept)
		kind := KindOf(a.err)
		if doubtful && kind == KindNetwork {
			a.err = c.doubt(r, a.err)
		}
		doubtful = doubtful || kind == KindBusy || kind == KindLost
		again, wait := false, time.Duration(0)
		switch {
		case a.err == nil || ctx.Err() != nil:
		case kind == KindToken && !r.kind.plain && !refreshed && a.token != "":
			refreshed = true // a body that is gone is not sent again, but its token is dropped
			again, a.err = c.renewToken(ctx, r, a)
			again = again && r.replayable()
		case !r.replayable():
		case kind == KindNetwork && a.token == "" && !r.kind.plain:
			// The token could not be had; fetching it was repeated already.
		case kind == KindNetwork || r.kind.repeatable && (kind == KindBusy || kind == KindLost && worthRepeating(a.err)):
			tries++
			again, wait = tries < c.attempts, waitBefore(tries)
		}
		c.reportAttempt(ctx, r, a, n, start, again)
		if !again {
			return a.err
		}
		if sleep(ctx, wait) != nil {
			return fmt.Errorf("%w, while waiting to repeat after: %w", redactError(ended(ctx), c.secret()), a.err)
		}
	}
}

// doubt makes an error that says "surely not sent" of one attempt say of the call what is true:
// an earlier attempt may have been carried out.
func (c *Client) doubt(r *request, err error) error {
	e := *c.failure(r, KindLost, err)
	if own, ok := errors.AsType[*Error](err); ok {
		e = *own
		e.kind = KindLost
	}
	e.cause = fmt.Errorf("%w, and an earlier attempt may have been carried out", e.cause)
	return &e
}

// renewToken drops the refused token and gets another. A source that gives the same one back
// is believed once: the platform's entries do not all learn of a token at once.
func (c *Client) renewToken(ctx context.Context, r *request, a attempt) (again bool, err error) {
	err = c.Token.Invalidate(ctx, a.token)
	if err == nil || errorIsUnchanged(err) {
		return true, a.err
	}
	var own *Error
	if errors.As(err, &own) {
		return false, err
	}
	return false, c.failure(r, KindToken, errors.Join(a.err, redactError(err, c.hidden(r, a.token)...)))
}

// worthRepeating is false for an answer that came whole and is not understood: it would come
// again.
func worthRepeating(err error) bool {
	var e *Error
	return !errors.As(err, &e) || e.cause == nil || !errors.Is(e.cause, errShape)
}

func waitBefore(try int) time.Duration {
	d := min(firstWait<<(try-1), lastWait)
	return d/2 + rand.N(d/2)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt sends r once.
func (c *Client) attempt(ctx context.Context, r *request, accept func(*http.Response) error) (a attempt) {
	if err := c.wait(ctx, r); err != nil {
		a.err = c.failure(r, KindNetwork, redactError(err, c.hidden(r, "")...))
		return a
	}
	if !r.kind.plain {
		var err error
		if a.token, err = c.Token.Get(ctx); err != nil {
			a.err = c.tokenFailure(r, err)
			return a
		}
	}
	index, base := c.hosts.pick()
	left := c.gates.enter(base)
	held := false
	defer func() {
		if !held {
			left.end()
		}
	}()
	req, err := c.build(ctx, r, base, a.token, left)
	if err != nil {
		a.err = c.failure(r, KindNetwork, redactError(err, c.hidden(r, a.token)...))
		return a
	}
	resp, err := c.trip(req)
	if err != nil {
		stayed := !left.begun.Load() && (c.traced || r.length > 0)
		a.err = c.transportFailure(ctx, r, err, stayed, a.token)
		if KindOf(a.err) == KindNetwork && ctx.Err() == nil {
			c.hosts.failed(index)
		}
		return a
	}
	a.status = resp.StatusCode
	if a.status < 200 || a.status > 299 {
		a.err = c.statusFailure(r, resp, a.token)
		return a
	}
	if err := accept(resp); err != nil {
		a.err = c.answerFailure(ctx, r, a, err)
	} else if r.kind.held {
		resp.Body, held = heldBody{resp.Body, left}, true
	}
	return a
}

// trip is roundTrip, guarded: a transport of the caller's own that panics has the token in its
// hands, and what it panics with may hold it.
func (c *Client) trip(req *http.Request) (resp *http.Response, err error) {
	defer contain("transport", &err)
	return c.roundTrip(req)
}

// contain makes an error of a panic. Its value may hold anything: its type must do.
func contain(what string, err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("the %s panicked (%T)", what, v)
	}
}

// ended returns why ctx is over: its own error, with the cause where that is another one.
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// wait asks the limiters that cover the call.
func (c *Client) wait(ctx context.Context, r *request) error {
	if r.kind.unlimited {
		return nil
	}
	for _, l := range c.limits {
		if !l.covers(r.path) {
			continue
		}
		if err := l.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// wait makes an error of a panic in a Limiter of the caller's own.
func (l limit) wait(ctx context.Context) (err error) {
	defer contain("limiter", &err)
	return l.limiter.Wait(ctx)
}

func (l limit) covers(path string) bool {
	for _, p := range l.prefixes {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return len(l.prefixes) == 0
}

// build makes the request of one attempt. It does what http.NewRequest does without parsing an
// address that is known to be good.
func (c *Client) build(ctx context.Context, r *request, base *url.URL, token string, left *departure) (*http.Request, error) {
	u := &url.URL{Scheme: base.Scheme, Host: base.Host, Path: base.Path + r.path, RawQuery: r.query}
	if strings.IndexByte(r.path, '%') >= 0 || base.RawPath != "" {
		path, err := url.PathUnescape(r.path)
		if err != nil {
			return nil, errors.New("the path cannot be unescaped")
		}
		u.Path, u.RawPath = base.Path+path, base.EscapedPath()+r.path
	}
	if token != "" {
		query := "access_token=" + url.QueryEscape(token)
		if r.query != "" {
			query += "&" + r.query
		}
		u.RawQuery = query
	}
	if c.traced {
		ctx = left.track(ctx)
	}
	req := (&http.Request{
		Method: r.method, URL: u, Host: base.Host, Header: r.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if r.length == 0 {
		if r.kind.once && c.gates != nil {
			// net/http repeats a GET on its own when the connection breaks, unless it has a body
			// that cannot be had again. An empty one leaves no trace in HTTP/1.1.
			req.Body = io.NopCloser(bytes.NewReader(nil))
		}
		return req, nil
	}
	body, err := r.body()
	if err != nil {
		return nil, err
	}
	// net/http uses GetBody only for a connection that the server had closed before a byte left.
	req.Body, req.ContentLength, req.GetBody = body, r.length, r.getBody
	if !c.traced {
		left.watch(req)
	}
	return req, nil
}

// watch has the bodies of req note that they are read.
func (d *departure) watch(req *http.Request) {
	req.Body = sentBody{req.Body, d}
	first := req.GetBody
	if first == nil {
		return
	}
	req.GetBody = func() (io.ReadCloser, error) {
		again, err := first()
		if err != nil {
			return nil, err
		}
		return sentBody{again, d}, nil
	}
}

func (c *Client) reportAttempt(ctx context.Context, r *request, a attempt, n int, start time.Time, again bool) {
	if c.hook == nil && a.err == nil && !c.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	ev := Event{
		Op: r.kind.op, AppID: c.appID, Method: r.method, Path: r.path, Attempt: n,
		Start: start, Duration: time.Since(start), Status: a.status, Err: a.err, Repeat: again,
	}
	var e *Error
	if errors.As(a.err, &e) {
		ev.Code, ev.RID = e.Code, e.RID
	}
	c.report(ctx, ev)
}

// getHeader and jsonHeader are shared between requests where the transport is ours: it reads
// them only. Another RoundTripper may be one that writes.
func (c *Client) getHeader() http.Header {
	if c.ownHeader {
		return c.headers.get
	}
	return c.headers.get.Clone()
}

func (c *Client) jsonHeader() http.Header {
	if c.ownHeader {
		return c.headers.json
	}
	return c.headers.json.Clone()
}

type headers struct{ get, json http.Header }

func newHeaders() headers {
	return headers{
		get:  http.Header{"User-Agent": {"wxhome"}, "Accept": {"application/json"}},
		json: http.Header{"User-Agent": {"wxhome"}, "Accept": {"application/json"}, "Content-Type": {"application/json; charset=utf-8"}},
	}
}

// notSent reports whether err says by itself that no request was written.
func notSent(err error) bool {
	if errors.Is(err, errNotNeeded) {
		return true
	}
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect" || op.Op == "socks connect") {
		return true
	}
	var dns *net.DNSError
	return errors.As(err, &dns)
}
