package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Do sends req and returns the answer, for endpoints and bodies that [Client.Call] does not
// serve. The URL of req is a path such as /cgi-bin/media/get?media_id=M; Do adds host and
// access_token, but no token to /sns/... and to a path that carries one. req is not changed,
// its body is closed.
//
// The body's length must be known (the platform answers a chunked one with 412), and GET takes
// none. An attempt is repeated only when that is safe: GET, a request that surely did not
// leave, one whose token was refused, or one whose header has an Idempotency-Key or
// X-Idempotency-Key entry (which is not sent); a body is repeated through GetBody.
//
// An HTTP status other than 2xx and an errcode other than 0 are errors. Each failure is an
// [*Error], or wraps one. Otherwise the caller must close the answer's Body, of which nothing is lost by the look
// that Do took at it.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	r, err := c.fromHTTP(req)
	if err != nil {
		if req != nil && req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	var answer *http.Response
	err = c.run(req.Context(), r, func(resp *http.Response) error {
		if err := c.sniff(resp); err != nil {
			return err
		}
		resp.Request = req // the one sent has the token in its address
		answer = resp
		return nil
	})
	if r.first != nil {
		_ = r.first.Close() // never sent, or sent and closed already
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

func (c *Client) fromHTTP(req *http.Request) (*request, error) {
	r := &request{}
	if req == nil || req.URL == nil {
		return nil, c.failure(r, KindRequest, errors.New("the request or its URL is nil"))
	}
	r.method = req.Method
	if r.method == "" {
		r.method = http.MethodGet
	}
	if err := checkURL(req.URL); err != nil {
		return nil, c.failure(r, KindRequest, err)
	}
	if err := checkMethod(r.method); err != nil {
		return nil, c.failure(r, KindRequest, err)
	}
	r.path, r.query = req.URL.EscapedPath(), escapeQuery(req.URL.RawQuery)
	r.header = req.Header.Clone()
	if r.header == nil {
		r.header = http.Header{}
	}
	repeatable := false
	for _, key := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		// Left on, net/http would repeat by itself, unseen by limiter and hook.
		_, there := r.header[key]
		repeatable = repeatable || there
		delete(r.header, key)
	}
	r.kind = requestKind{op: OpCall, plain: carriesToken(r.path, r.query), repeatable: repeatable || r.method == http.MethodGet, held: true}
	hasBody := req.Body != nil && req.Body != http.NoBody
	switch {
	case !hasBody:
		return r, nil
	case r.method == http.MethodGet:
		return nil, c.failure(r, KindRequest, errors.New("GET takes no body"))
	case req.ContentLength <= 0 || len(req.TransferEncoding) > 0:
		return nil, c.failure(r, KindRequest, errors.New("the body's length is unknown, and WeChat answers a chunked body with 412: set ContentLength"))
	}
	r.length, r.getBody, r.first = req.ContentLength, req.GetBody, req.Body
	return r, nil
}

// checkURL accepts a path with a query and nothing that would send the token elsewhere.
func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "" || u.Host != "" || u.Opaque != "" || u.User != nil:
		return errors.New("give a path such as /cgi-bin/get_api_domain_ip, without scheme and host: the Client adds its own")
	case !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//"):
		return errors.New("the path must begin with one slash")
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part == "." || part == ".." {
			return errors.New("the path holds a dot segment")
		}
	}
	return nil
}

// checkMethod refuses early what net/http would refuse as if the network had failed.
func checkMethod(method string) error {
	if strings.ContainsFunc(method, func(c rune) bool { return c < 'A' || c > 'Z' }) {
		return fmt.Errorf("the method %q must be of capital letters", method)
	}
	return nil
}

// carriesToken tells the requests that get no access_token: those with one of their own, and
// web authorization, which has another kind.
func carriesToken(path, query string) bool {
	if strings.HasPrefix(path, "/sns/") {
		return true
	}
	if !strings.Contains(query, "access_token") {
		return false
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err == nil && (name == "access_token" || name == "component_access_token") {
			return true
		}
	}
	return false
}

// Call sends in as JSON to path and decodes the answer into out. A nil in sends no body, a nil
// out drops the answer. method is GET or POST. The JSON is UTF-8 without HTML or \u escapes,
// which the platform would show literally or refuse. path may have a query.
//
// A POST is repeated after a lost answer only if in has a method Repeatable() bool that
// returns true; see [Client.Do] for what is always repeated.
//
// Each failure is an [*Error], or wraps one. The answer is bounded to 16 MiB, and read under
// [Timeouts].
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	r, err := c.fromCall(method, path, in)
	if err != nil {
		return err
	}
	return c.run(ctx, r, func(resp *http.Response) error { return c.decode(resp, out) })
}

func (c *Client) fromCall(method, path string, in any) (*request, error) {
	r := &request{method: method, header: c.getHeader()}
	if method == "" {
		r.method = http.MethodGet
	}
	if err := r.setTarget(path); err != nil {
		return nil, c.failure(r, KindRequest, err)
	}
	if r.method != http.MethodGet && r.method != http.MethodPost {
		return nil, c.failure(r, KindRequest, fmt.Errorf("the method is %q; it must be GET or POST", r.method))
	}
	r.kind = requestKind{op: OpCall, plain: carriesToken(r.path, r.query), repeatable: r.method == http.MethodGet}
	if in == nil {
		return r, nil
	}
	if r.method == http.MethodGet {
		return nil, c.failure(r, KindRequest, errors.New("GET takes no body"))
	}
	if declared, ok := in.(interface{ Repeatable() bool }); ok {
		r.kind.repeatable = declared.Repeatable()
	}
	body, err := encode(in)
	if err != nil {
		return nil, c.failure(r, KindRequest, err)
	}
	r.header = c.jsonHeader()
	r.setBytes(body)
	return r, nil
}

// setTarget splits a path and its query. The common path needs no parser.
func (r *request) setTarget(target string) error {
	plain := strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") &&
		!strings.ContainsAny(target, "?#%\\ \t\r\n") && !strings.Contains(target, "/.") && isASCII(target)
	if plain {
		r.path = target
		return nil
	}
	u, err := url.Parse(target)
	if err != nil {
		return errors.New("the path cannot be parsed")
	}
	if err := checkURL(u); err != nil {
		return err
	}
	r.path, r.query = u.EscapedPath(), escapeQuery(u.RawQuery)
	return nil
}

// escapeQuery escapes what would break the request line: a blank, and what is not ASCII.
func escapeQuery(query string) string {
	isPlain := func(c byte) bool { return ' ' < c && c < 0x7f }
	plain := true
	for i := range len(query) {
		plain = plain && isPlain(query[i])
	}
	if plain {
		return query
	}
	var b strings.Builder
	for i := range len(query) {
		if isPlain(query[i]) {
			b.WriteByte(query[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", query[i])
		}
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// replayedBody hands the caller what was read ahead, then the rest.
type replayedBody struct {
	io.Reader
	io.Closer
}
