package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// Call sends in as JSON to path and decodes the answer into out. A nil in sends no body. method
// is GET or POST. The JSON is UTF-8 without HTML or \u escapes, which the platform would show
// literally or refuse. path may have a query.
//
// The call succeeds only if the answer says so: by errcode 0, a number or quoted, or, where the
// endpoint documents no errcode, by a member that the struct *out has a field for (for a POST one
// with a value: an id that is 0 or empty is none). With a nil out only errcode 0 counts, and so
// it does for a POST whose out is no struct. Anything else that came whole is [KindLost] and is
// never repeated: {"code":500}, {"errcode":40003.0}, {}, a page.
//
// A POST is repeated after a lost answer only if in has a method Repeatable() bool that
// returns true; see [Client.Do] for what is always repeated. If in has a method ReadOnly() bool that
// returns true, the POST changes nothing: it is repeated too, and its answer counts as a GET's, so that
// {"count":0} is one.
//
// An errcode other than 0 leaves out untouched. Where the answer has more to say, such as
// fail_openid_list with 45171, give an out with a method Refused(answer []byte): it is called with a
// copy of that answer, once for each attempt.
//
// Each failure is an [*Error], or wraps one. The answer is bounded to 16 MiB, and read under
// [Timeouts].
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	r, err := c.fromCall(method, path, in, out)
	if err != nil {
		return err
	}
	return c.run(ctx, r, func(resp *http.Response) error { return c.decode(r, resp, out) })
}

func (c *Client) fromCall(method, path string, in, out any) (*request, error) {
	r := &request{method: method}
	if method == "" {
		r.method = http.MethodGet
	}
	if err := r.setTarget(path); err != nil {
		r.path = shownPath(path)
		return nil, c.failure(r, KindRequest, err)
	}
	if r.method != http.MethodGet && r.method != http.MethodPost {
		return nil, c.failure(r, KindRequest, fmt.Errorf("the method is %q; it must be GET or POST", r.method))
	}
	if v := reflect.ValueOf(out); out != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return nil, c.failure(r, KindRequest, fmt.Errorf("out is a %T; it must be a pointer that is not nil, or nil for an answer without content", out))
	}
	r.kind = c.callKind(r, r.method == http.MethodGet)
	if in == nil {
		r.header = c.getHeader()
		return r, nil
	}
	if r.method == http.MethodGet {
		return nil, c.failure(r, KindRequest, errors.New("GET takes no body"))
	}
	if v := reflect.ValueOf(in); v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, c.failure(r, KindRequest, fmt.Errorf("in is a nil %T; give a value, or nil by itself for no body", in))
	}
	if declared, ok := in.(interface{ Repeatable() bool }); ok {
		r.kind.repeatable = declared.Repeatable()
	}
	if declared, ok := in.(interface{ ReadOnly() bool }); ok && declared.ReadOnly() {
		r.kind.reads, r.kind.repeatable = true, true
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
