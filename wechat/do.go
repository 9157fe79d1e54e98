package wechat

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
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
// No attempt leaves more than nine minutes after the first one that may have been carried out,
// however long the process stood still in between: WeChat forgets a client_msg_id after ten. The
// call is [KindLost] then. The Client looks at the wall clock and the monotonic one where the body
// begins to leave, and goes by the larger difference. It cannot see that both stood still, as on a
// machine that was restored and whose clock is not yet set. A wall clock that jumps forward costs
// the repetition.
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

// getMaterialPath is the only POST with a file as its answer. It changes nothing.
const getMaterialPath = "/cgi-bin/material/get_material"

var idempotencyKeys = [...]string{"Idempotency-Key", "X-Idempotency-Key"}

func (c *Client) fromHTTP(req *http.Request) (*request, error) {
	r := &request{}
	if req == nil || req.URL == nil {
		return nil, c.failure(r, KindRequest, errors.New("the request or its URL is nil"))
	}
	r.method = req.Method
	if r.method == "" {
		r.method = http.MethodGet
	}
	r.path = shownPath(req.URL.String())
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
	r.kind = c.callKind(r, takeIdempotencyKey(r.header) || r.method == http.MethodGet)
	r.kind.reads = r.path == getMaterialPath
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

// shownPath is a target that may be wrong, for the error that says so: without a query and what
// stands before the host, which may be secrets.
func shownPath(target string) string {
	if i := strings.IndexAny(target, "?#"); i >= 0 {
		target = target[:i]
	}
	if i := strings.LastIndexByte(target, '@'); i >= 0 && strings.Contains(target[:i], "//") {
		target = "[redacted]" + target[i:]
	}
	if target == "" {
		return "(no path)"
	}
	return excerpt([]byte(target))
}

// checkURL accepts a path with a query and nothing that would send the token elsewhere.
func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "" || u.Host != "" || u.Opaque != "" || u.User != nil:
		return errors.New("the target must be a path such as /cgi-bin/get_api_domain_ip, without scheme and host: the Client adds its own")
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

// takeIdempotencyKey reports whether h has one, and removes it: left on, net/http would repeat by
// itself, unseen by limiter and hook.
func takeIdempotencyKey(h http.Header) (found bool) {
	for _, key := range idempotencyKeys {
		_, there := h[key]
		found = found || there
		delete(h, key)
	}
	return found
}

// callKind is what a call to r's path may and needs.
func (c *Client) callKind(r *request, repeatable bool) requestKind {
	return requestKind{
		op: OpCall, plain: c.tokenless || carriesToken(r.path, r.query), private: isPrivate(r.path), repeatable: repeatable,
	}
}

// tokenParams are the names by which a query carries a token.
var tokenParams = [...]string{"access_token", "component_access_token", "cloudbase_access_token"}

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
		if name, err := url.QueryUnescape(name); err == nil && slices.Contains(tokenParams[:], name) {
			return true
		}
	}
	return false
}

// replayedBody hands the caller what was read ahead, then the rest.
type replayedBody struct {
	io.Reader
	io.Closer
}
