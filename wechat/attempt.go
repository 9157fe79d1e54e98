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
	reads      bool // a POST that changes nothing: its answer counts as a GET's
	once       bool // not even the transport may send it again
	private    bool // no wrapper may see body and answer
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
	json         []byte                        // the body, unless it is from Do
	secrets      []string                      // what else of it no error may hold
	doubt        moment                        // when the first attempt left that may have been carried out
}

func (r *request) setBytes(body []byte) {
	r.length, r.json = int64(len(body)), body
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
	final  bool   // no repetition would end otherwise
	left   moment // if it left
	waited time.Duration
}

// backoff between attempts: firstWait, then twice as long each time, up to lastWait, of which
// a random half is taken off so that many callers do not come back together.
const (
	firstWait = 200 * time.Millisecond
	lastWait  = 2 * time.Second
)

var errNilContext = errors.New("the context is nil")

// run sends r until it succeeds or must not be repeated. accept reads the answer.
func (c *Client) run(ctx context.Context, r *request, accept func(*http.Response) error) error {
	if ctx == nil {
		return c.failure(r, KindRequest, errNilContext)
	}
	if ctx.Err() != nil {
		return c.failure(r, KindNetwork, redactError(ended(ctx), c.secret()))
	}
	var s series
	for n := 1; ; n++ {
		start, doubted := time.Now(), !r.doubt.none()
		a := c.attempt(ctx, r, accept)
		again, wait := c.repeats(ctx, r, &a, &s)
		c.reportAttempt(ctx, r, a, n, start, again)
		err := a.err
		if doubted {
			err = c.doubt(r, err)
		}
		if !again {
			return err
		}
		if sleep(ctx, wait) != nil {
			return fmt.Errorf("%w, while waiting to repeat after: %w", redactError(ended(ctx), c.secret()), err)
		}
	}
}

// series is what the attempts of one call have in common.
type series struct {
	refreshed bool // a refused token was replaced
	tries     int
}

// repeats decides whether a is followed by another attempt, and after which wait.
func (c *Client) repeats(ctx context.Context, r *request, a *attempt, s *series) (again bool, wait time.Duration) {
	kind := KindOf(a.err)
	if r.doubt.none() && (kind == KindBusy || kind == KindLost) {
		r.doubt = a.left
	}
	switch {
	case a.err == nil || ctx.Err() != nil || a.final:
	case a.token == "" && !r.kind.plain:
		// The token could not be had; fetching it was repeated already.
	case kind == KindToken && !r.kind.plain && !s.refreshed:
		s.refreshed = true // a body that is gone is not sent again, but its token is dropped
		again, a.err = c.renewToken(ctx, r, *a)
		again = again && r.replayable()
	case !r.replayable():
	case r.kind.op == OpToken && a.status != 0:
		// The token's Cache asks again, after a pause that is right for an answer.
	case kind == KindNetwork || r.kind.repeatable && (kind == KindBusy || kind == KindLost && worthRepeating(a.err)):
		s.tries++
		again, wait = s.tries < c.attempts, waitBefore(s.tries)
	}
	return again, wait
}

// doubt makes an error that speaks of the last attempt alone say of the call what is true: an
// earlier attempt may have been carried out. What the platform would have answered to that one too
// stays as it is, and so does what it answers to a GET or to a POST that reads, which carries nothing
// out.
func (c *Client) doubt(r *request, err error) error {
	switch kind := KindOf(err); {
	case kind == KindNetwork:
	case r.method == http.MethodGet, r.kind.reads:
		return err
	case kind == KindToken, kind == KindMinuteLimit, kind == KindDailyQuota, kind == KindAccount:
	default:
		return err
	}
	return c.failure(r, KindLost, fmt.Errorf("%w, and an earlier attempt may have been carried out", inner(r, err)))
}

// renewToken drops the refused token and gets another. A source that gives the same one back
// is believed once: the platform's entries do not all learn of a token at once.
func (c *Client) renewToken(ctx context.Context, r *request, a attempt) (again bool, err error) {
	err = c.Token.Invalidate(ctx, a.token)
	if err == nil || errorIsUnchanged(err) {
		return true, a.err
	}
	if _, own := errors.AsType[*Error](err); own {
		return false, c.tokenFailure(r, err)
	}
	return false, c.failure(r, KindToken, fmt.Errorf("%w; get access token: %w", inner(r, a.err), redactError(err, c.hidden(r, a.token)...)))
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
	if a = c.ready(ctx, r); a.err != nil {
		return a
	}
	index, base := c.hosts.pick()
	t := newTrip(ctx, c.inner, r, a.token)
	req, err := c.build(t, base)
	if err != nil {
		a.err = c.failure(r, KindNetwork, redactError(err, c.hidden(r, a.token)...))
		return a
	}
	resp, left, err := c.send(t, req)
	a.left = left
	if resp != nil {
		resp.Body = calmBody{resp.Body}
	}
	if err != nil {
		a.err, a.final = c.tripFailure(t, err)
		if !a.final && KindOf(a.err) == KindNetwork && ctx.Err() == nil {
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
	}
	return a
}

// send makes the trip. A RoundTripper of the caller's own may do anything: panic, or return
// nothing.
func (c *Client) send(t *trip, req *http.Request) (_ *http.Response, left moment, _ error) {
	resp, err := c.guardedRoundTrip(req)
	answer, left := t.finish(err != nil)
	if err == nil && (resp == nil || resp.StatusCode == 0) {
		err = errors.New("a RoundTripper of WithTransport returned neither an answer nor an error")
	}
	if err == nil {
		if answer != nil {
			closeShown(resp.Body)
			resp.Body = answer
		}
		if resp.Body == nil {
			resp.Body = http.NoBody
		}
		return resp, left, nil
	}
	if answer != nil {
		_ = answer.Close()
	}
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	return nil, left, err
}

// closeShown closes the body that wrappers saw in place of an answer that was kept from them. A
// tracer ends its span with it.
func closeShown(body io.Closer) {
	var err error
	defer contain("transport", &err)
	if body != nil {
		_ = body.Close()
	}
}

func (c *Client) guardedRoundTrip(req *http.Request) (resp *http.Response, err error) {
	defer contain("transport", &err)
	return c.roundTrip(req)
}

// ready waits until the limiters let r leave, and there is a token for it.
func (c *Client) ready(ctx context.Context, r *request) (a attempt) {
	start := time.Now()
	defer func() { a.waited = time.Since(start) }()
	if err := c.wait(ctx, r); err != nil {
		a.err = c.failure(r, KindNetwork, withContext(ctx, redactError(err, c.hidden(r, "")...)))
		return a
	}
	if r.kind.plain {
		return a
	}
	var err error
	if a.token, err = c.Token.Get(ctx); err != nil {
		a.err = c.tokenFailure(r, err)
	}
	return a
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
	switch {
	case endedByCall(ctx):
		return fmt.Errorf("%w: %v", err, cause)
	case errors.Is(cause, err):
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// endedByCall reports whether the failure of another call has ended ctx, as errgroup does. Its code
// and kind say nothing of this call, so that no error of this one may wrap it.
func endedByCall(ctx context.Context) bool {
	_, named := namedKind(context.Cause(ctx))
	return named
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

// build makes the request of one attempt as wrappers see it: without query and secrets. It does
// what http.NewRequest does without parsing an address that is known to be good.
func (c *Client) build(t *trip, base *url.URL) (*http.Request, error) {
	r := t.request
	u := &t.address
	*u = url.URL{Scheme: base.Scheme, Host: base.Host, Path: base.Path + r.path}
	if strings.IndexByte(r.path, '%') >= 0 || base.RawPath != "" {
		path, err := url.PathUnescape(r.path)
		if err != nil {
			return nil, errors.New("the path cannot be unescaped")
		}
		u.Path, u.RawPath = base.Path+path, base.EscapedPath()+r.path
	}
	req := (&http.Request{
		Method: r.method, URL: u, Host: base.Host, Header: r.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(t)
	if r.length == 0 || r.kind.private {
		return req, nil
	}
	body, err := r.body()
	if err != nil {
		return nil, err
	}
	// net/http uses GetBody only for a connection that the server had closed before a byte left.
	req.Body, req.ContentLength, req.GetBody = body, r.length, r.getBody
	return req, nil
}

func (c *Client) reportAttempt(ctx context.Context, r *request, a attempt, n int, start time.Time, again bool) {
	if len(c.hooks) == 0 && a.err == nil && !c.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	ev := Event{
		Op: r.kind.op, AppID: c.appID, Method: r.method, Path: r.path, Attempt: n,
		Start: start, Waited: a.waited, Duration: time.Since(start) - a.waited, Status: a.status, Err: a.err, Repeat: again,
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
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect" || op.Op == "socks connect") {
		return true
	}
	var dns *net.DNSError
	return errors.As(err, &dns)
}
