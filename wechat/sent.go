package wechat

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// innermost is the Client's own RoundTripper, below those of [WithTransport] and above the one
// that writes. It alone knows the secrets of a request, and whether the request has left.
type innermost struct {
	client *Client
	calls  http.RoundTripper
	tokens http.RoundTripper // for token calls, which never wait behind calls for a connection
	traced bool              // calls is an http.Transport, which tells when a request has a connection
}

// What innermost refuses before the wire.
var (
	errNoContext = errors.New("a RoundTripper of WithTransport dropped the context of the request: " +
		"call on with the request itself, or with req.Clone(ctx) where ctx is made from req.Context()")
	errElsewhere = errors.New("a RoundTripper of WithTransport changed the address of the request, which may lead the token elsewhere: " +
		"use WithBaseURL for another host")
	errOver = errors.New("a RoundTripper called on, or read the body, after it had returned")
	errSent = errors.New("a RoundTripper of WithTransport called on twice, and the request may have left before: " +
		"leave repetition to the Client")
	errReset   = errors.New("HTTP/2 gave the request up after it may have left, and net/http would send it again")
	errTooLate = errors.New("not repeated: the first attempt may have left too long ago for WeChat to know the repetition as one")
)

// RoundTrip completes req and sends it.
func (in *innermost) RoundTrip(req *http.Request) (*http.Response, error) {
	t, ok := req.Context().Value(tripKey{}).(*trip)
	if !ok || t.in != in {
		closeBody(req)
		return nil, errNoContext
	}
	if err := t.begin(req.URL); err != nil {
		closeBody(req)
		return nil, err
	}
	defer t.end()
	var s *stall
	ctx := req.Context()
	if t.request.length > freshBuffers {
		s, ctx = newStall(ctx, in.client.timeouts.Answer, in.traced)
	}
	out, err := t.complete(ctx, req, s)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := in.write(t, out)
	if s != nil {
		resp, err = s.end(resp, err)
	}
	switch {
	case err != nil:
		return nil, redactError(err, t.secrets()...)
	case resp == nil:
		return nil, errors.New("the transport returned neither an answer nor an error")
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	resp.Request = req // the one sent has the token in its address
	t.cleanHeader(resp.Header)
	if t.request.kind.private {
		t.keepAnswer(resp)
	}
	return resp, nil
}

func (in *innermost) write(t *trip, req *http.Request) (resp *http.Response, err error) {
	defer contain("transport", &err)
	if err := req.Context().Err(); err != nil {
		closeBody(req)
		return nil, err
	}
	t.hand()
	if t.request.kind.op == OpToken {
		return in.tokens.RoundTrip(req)
	}
	return in.calls.RoundTrip(req)
}

// CloseIdleConnections closes those of both transports.
func (in *innermost) CloseIdleConnections() {
	for _, rt := range []http.RoundTripper{in.calls, in.tokens} {
		if t, ok := rt.(interface{ CloseIdleConnections() }); ok {
			t.CloseIdleConnections()
		}
	}
}

// trip is one attempt on its way down to innermost. It is the context of its request, so that a
// wrapper which derives from that context keeps the trip.
type trip struct {
	context.Context
	in      *innermost
	request *request
	token   string  // empty: none
	address url.URL // as wrappers see it
	doubt   moment  // of the request, when the attempt began

	trace httptrace.ClientTrace

	mu      sync.Mutex // guards what follows
	over    bool       // the attempt has ended: innermost may not be called any more
	failed  bool       // it has ended with an error: nothing may leave any more
	calls   int        // of innermost
	running int        // calls of innermost that have not returned
	handed  bool       // the transport has the request
	asked   bool       // and has looked for a connection
	left    bool       // the request may have left
	leftAt  moment     // when it was about to, at the latest
	http2   bool       // it leaves by HTTP/2
	begun   bool       // and its header has left
	answer  io.ReadCloser
}

type tripKey struct{}

func newTrip(ctx context.Context, in *innermost, r *request, token string) *trip {
	t := &trip{Context: ctx, in: in, request: r, token: token, doubt: r.doubt}
	t.trace.GetConn, t.trace.GotConn, t.trace.WroteHeaders = t.stay, t.leaveBy, t.wroteHeaders
	return t
}

// Value returns the trip itself for its key.
func (t *trip) Value(key any) any {
	if key == (tripKey{}) {
		return t
	}
	return t.Context.Value(key)
}

// Format prints no token, whatever the verb.
func (t *trip) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "wechat.trip") }

func (t *trip) secrets() []string { return t.in.client.hidden(t.request, t.token) }

// begin admits a call of innermost: the first one, and a wrapper's repetition of what surely did
// not leave or may leave twice.
func (t *trip) begin(u *url.URL) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch a := &t.address; {
	case u.Scheme != a.Scheme || u.Host != a.Host || u.Opaque != "" || u.EscapedPath() != a.EscapedPath():
		return errElsewhere // a wrapper that follows redirects does so
	case t.over:
		return errOver
	case (t.left || t.running > 0) && !t.request.kind.repeatable:
		return errSent
	case t.tooLate():
		return errTooLate
	}
	if t.calls == 0 {
		t.leftAt = t.in.client.clock.now()
	}
	t.calls++
	t.running++
	return nil
}

// tooLate reports whether an attempt that may have left did so too long ago for another one.
func (t *trip) tooLate() bool {
	c, first := t.in.client, t.doubt
	if first.none() && t.left && (t.calls > 1 || !t.in.traced) { // a RoundTripper repeats by itself
		first = t.leftAt
	}
	return !first.none() && c.clock.since(first) > c.repeatLimit
}

func (t *trip) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
}

// finish ends the trip. It returns the answer that was kept from the wrappers, and when the
// request left if it did.
func (t *trip) finish(failed bool) (answer io.ReadCloser, left moment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over, t.failed = true, failed
	answer, t.answer = t.answer, nil
	return answer, t.leftAt
}

// hand notes that the transport gets the request.
func (t *trip) hand() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handed = true
}

// leaveBy notes that the request is about to leave by a connection.
func (t *trip) leaveBy(info httptrace.GotConnInfo) {
	encrypted, ok := info.Conn.(interface{ ConnectionState() tls.ConnectionState })
	t.mu.Lock()
	defer t.mu.Unlock()
	t.noteLeft()
	t.http2 = ok && encrypted.ConnectionState().NegotiatedProtocol == "h2"
}

func (t *trip) wroteHeaders() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun = t.http2
}

// again returns the body for a repetition of net/http's own. By HTTP/1 it makes one with a body only
// where nothing was written; by HTTP/2 also after a peer has reset what it took.
func (t *trip) again(getBody func() (io.ReadCloser, error)) (io.ReadCloser, error) {
	t.mu.Lock()
	begun := t.begun
	t.mu.Unlock()
	if begun {
		return nil, errReset
	}
	return getBody()
}

// noteLeft keeps the first moment. t.mu is held.
func (t *trip) noteLeft() {
	if !t.left {
		t.left, t.leftAt = true, t.in.client.clock.now()
	}
}

// leaveInTime is leave where the first byte of a body is read, which is the last moment to keep a
// repetition back: limiter, token and the wait for a connection lie behind it.
func (t *trip) leaveInTime() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.failed:
		return errOver
	case t.tooLate():
		return errTooLate
	}
	t.noteLeft()
	return nil
}

// stay notes that net/http looks for another connection. It does so for a request with a body only
// where nothing of it was written to the one before.
func (t *trip) stay(string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = true
	if t.in.traced && t.calls == 1 && t.request.length > 0 {
		t.left = false
	}
}

// complete returns req with all that no wrapper may see: the query, and of a private call the
// body.
func (t *trip) complete(ctx context.Context, req *http.Request, s *stall) (*http.Request, error) {
	if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.WroteHeaderField != nil {
		ctx = withoutFields{ctx}
	}
	out := req.WithContext(httptrace.WithClientTrace(ctx, &t.trace))
	u := *req.URL
	u.RawQuery = joinQuery(t.query(), req.URL.RawQuery)
	out.URL = &u
	for _, key := range idempotencyKeys {
		if _, there := out.Header[key]; there { // with one net/http would repeat by itself
			out.Header = out.Header.Clone()
			delete(out.Header, key)
		}
	}
	switch r := t.request; {
	case r.kind.private && r.length > 0:
		body, err := r.body()
		if err != nil {
			return nil, err
		}
		closeBody(req)
		out.Body, out.ContentLength, out.GetBody = body, r.length, r.getBody
	case r.kind.once && r.length == 0:
		// net/http repeats a GET on its own when the connection breaks, unless it has a body that
		// cannot be had again. An empty one leaves no trace in HTTP/1.1.
		out.Body, out.GetBody = io.NopCloser(bytes.NewReader(nil)), nil
	}
	if first := out.GetBody; first != nil {
		out.GetBody = func() (io.ReadCloser, error) { return t.again(first) }
	}
	// net/http writes a body that it knows in one packet with the header, and one of ours in a
	// second: ours must not stand where nothing is to be learned from it.
	if out.Body != nil && (!t.in.traced || s != nil || t.repeats()) {
		t.watch(out, s)
	}
	return out, nil
}

// withoutFields is a context whose trace is not told the fields of the header: by HTTP/2 the query is
// one.
type withoutFields struct{ context.Context }

func (c withoutFields) Value(key any) any {
	v := c.Context.Value(key)
	if trace, ok := v.(*httptrace.ClientTrace); ok && trace != nil {
		quiet := *trace
		quiet.WroteHeaderField = nil
		return &quiet
	}
	return v
}

func (t *trip) query() string {
	if t.token == "" {
		return t.request.query
	}
	return joinQuery(t.in.client.tokenParam+"="+url.QueryEscape(t.token), t.request.query)
}

func joinQuery(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "&" + b
}

// repeats reports whether an attempt of the same request may have left before.
func (t *trip) repeats() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.doubt.none() || t.calls > 1
}

// watch has the bodies of req ask whether they may leave, and note that they do.
func (t *trip) watch(req *http.Request, s *stall) {
	req.Body = &sentBody{ReadCloser: req.Body, trip: t, stall: s}
	first := req.GetBody
	if first == nil {
		return
	}
	req.GetBody = func() (io.ReadCloser, error) {
		again, err := first()
		if err != nil {
			return nil, err
		}
		return &sentBody{ReadCloser: again, trip: t, stall: s}, nil
	}
}

// sentBody is a body that is watched.
type sentBody struct {
	io.ReadCloser
	trip  *trip
	stall *stall // nil: too short to stall
	begun bool
}

func (b *sentBody) Read(p []byte) (int, error) {
	if !b.begun {
		if err := b.trip.leaveInTime(); err != nil {
			return 0, err
		}
		b.begun = true
	}
	if b.stall != nil {
		return b.stall.read(b.ReadCloser, p)
	}
	return b.ReadCloser.Read(p)
}

// cleanHeader keeps from the wrappers the secrets that a gateway sends back in a header: the Location
// of a redirect holds the query.
func (t *trip) cleanHeader(header http.Header) {
	secrets := t.secrets()
	for _, values := range header {
		for i, v := range values {
			if strings.Contains(v, "?") || slices.ContainsFunc(secrets, func(s string) bool { return s != "" && strings.Contains(v, s) }) {
				values[i] = redactAll(v, secrets...)
			}
		}
	}
}

// keepAnswer keeps an answer with a secret in it from the wrappers.
func (t *trip) keepAnswer(resp *http.Response) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := resp.Body
	if t.over {
		_ = kept.Close()
		kept = nil
	} else if t.answer != nil {
		_ = t.answer.Close() // a wrapper called on again
	}
	t.answer, resp.Body, resp.ContentLength = kept, http.NoBody, -1
}

// isPrivate tells the paths whose requests or answers hold secrets in their bodies: tokens,
// tickets, the AppSecret.
func isPrivate(path string) bool {
	for _, part := range []string{"token", "/ticket/", "/oauth2/", "/component/", clearQuota2Path} {
		if strings.Contains(path, part) {
			return true
		}
	}
	return false
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
