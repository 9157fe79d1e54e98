package wechat

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/org/wxhome/token"
)

// Code is the platform's errcode. It is an error, so that errors.Is(err, wechat.ErrNotFollowing)
// asks for one code, however the error is wrapped.
type Code int

// Error returns the number and the platform's words for it.
func (c Code) Error() string {
	if known, ok := codes[c]; ok {
		return "wechat: errcode " + strconv.Itoa(int(c)) + ": " + known.text
	}
	return "wechat: errcode " + strconv.Itoa(int(c))
}

// Kind returns what the code asks of the caller; KindUnknown for a code that is not known here.
func (c Code) Kind() Kind { return codes[c].kind }

// KindName returns the String of the code's Kind; see [KindOf].
func (c Code) KindName() string { return c.Kind().String() }

// Error is a failed call. It never holds the app secret, a token or a query.
//
// Unwrap gives the Code, or, where no code came, the cause: errors.Is(err, context.Canceled)
// and errors.As(err, &netErr) work too.
type Error struct {
	// Code is the errcode, 0 when the platform gave none: a network failure, an HTTP error.
	Code Code
	// Message is the platform's errmsg without its rid, or a short excerpt of an answer that was not
	// JSON. Openids, scenes and texts that it repeats of the request are [redacted] in both.
	Message string
	// RID names the call at the platform for seven days; see [Client.RequestInfo].
	RID string
	// AppID is the account that the call was made for.
	AppID string
	// Method and Path are the call's, without host and query.
	Method, Path string
	// Status is the HTTP status, 0 when no answer came.
	Status int

	kind  Kind  // set where no Code tells it
	cause error // set where no Code does
}

// Error returns one line: the call, what was answered, the rid, and for a failure that a
// person must mend the hint.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("wechat: ")
	if e.Method != "" {
		b.WriteString(e.Method + " " + e.Path + ": ")
	}
	switch {
	case e.Code != 0:
		b.WriteString(strconv.Itoa(int(e.Code)) + " " + e.text())
	case e.Status != 0 && (e.Status < 200 || e.Status > 299):
		fmt.Fprintf(&b, "HTTP status %d", e.Status)
		if e.cause != nil {
			b.WriteString(": " + e.cause.Error())
		}
	case e.cause != nil:
		b.WriteString(e.cause.Error())
	}
	if e.Code == 0 && e.Message != "" {
		fmt.Fprintf(&b, " (%q)", e.Message)
	}
	if e.RID != "" {
		b.WriteString(" (rid " + e.RID + ")")
	}
	if hint := e.Hint(); hint != "" && e.Kind() == KindAccount {
		b.WriteString("; " + hint)
	}
	return b.String()
}

func (e *Error) text() string {
	if e.Message != "" {
		return e.Message
	}
	return codes[e.Code].text
}

// Unwrap returns the Code, or the cause where there is none.
func (e *Error) Unwrap() error {
	if e.Code != 0 {
		return e.Code
	}
	return e.cause
}

// ErrCode returns the errcode, 0 when there is none. It lets a package that does not import
// this one ask for it.
func (e *Error) ErrCode() int { return int(e.Code) }

// Kind returns what the failure asks of the caller.
func (e *Error) Kind() Kind {
	if e.Code == 0 {
		return e.kind
	}
	switch {
	case e.Code == ErrInvalidCredential && (isTokenPath(e.Path) || e.Path == webAuthPath):
		return KindAccount // the calls that send the AppSecret say 40001 for a wrong one
	case e.Code == ErrUnauthorizedAPI && e.Path == webAuthUserPath, e.Code == ErrUserUnauthorized && strings.HasPrefix(e.Path, "/sns/"):
		return KindRequest // no console helps: the visitor must be asked again
	}
	return e.Code.Kind()
}

// refusal is what this package refuses before there is a call: the program must change.
type refusal struct{ err error }

func refuse(text string) error { return &refusal{errors.New(text)} }

func (e *refusal) Error() string    { return "wechat: " + strings.TrimPrefix(e.err.Error(), "wechat: ") }
func (e *refusal) Unwrap() error    { return e.err }
func (e *refusal) KindName() string { return KindRequest.String() }

// inner returns err as the cause of another Error of r, whose text names the package and the call.
func inner(r *request, err error) error {
	text, own := strings.CutPrefix(err.Error(), "wechat: ")
	if !own {
		return err
	}
	return &causeError{strings.TrimPrefix(text, r.method+" "+r.path+": "), err}
}

// causeError is an error with a shorter text.
type causeError struct {
	text string
	err  error
}

func (e *causeError) Error() string { return e.text }
func (e *causeError) Unwrap() error { return e.err }

// KindName returns the String of the Kind. It lets a package that does not import this one ask for
// it; see [KindOf].
func (e *Error) KindName() string { return e.Kind().String() }

var (
	ridPattern  = regexp.MustCompile(`[\s,]*rid:\s*([0-9a-f]+(?:-[0-9a-f]+)*)`)
	hintPattern = regexp.MustCompile(`\s*hint:\s*\[[^\]]*\]`)
)

// splitMessage takes the rid and the old hint out of an errmsg.
func splitMessage(errmsg string) (message, rid string) {
	if m := ridPattern.FindStringSubmatch(errmsg); m != nil {
		rid = m[1]
	}
	message = ridPattern.ReplaceAllString(errmsg, "")
	return strings.TrimSpace(hintPattern.ReplaceAllString(message, "")), rid
}

// errShape marks an answer that came whole and is not what the endpoint documents.
var errShape = errors.New("the answer is not of the expected form")

// errPage marks one that is not WeChat's at all.
var errPage = fmt.Errorf("%w: it is no JSON object", errShape)

func errorIsUnchanged(err error) bool { return errors.Is(err, token.ErrUnchanged) }

// failure makes an Error without an errcode. cause must be free of secrets.
func (c *Client) failure(r *request, kind Kind, cause error) *Error {
	return &Error{AppID: c.appID, Method: r.method, Path: r.path, kind: kind, cause: cause}
}

// hidden is what no error of r may hold.
func (c *Client) hidden(r *request, token string) []string {
	return append([]string{c.secret(), token}, r.secrets...)
}

// codeFailure makes an Error of an answer with an errcode.
func (c *Client) codeFailure(r *request, code int64, errmsg string, status int, secrets ...string) *Error {
	message, rid := splitMessage(errmsg)
	return &Error{
		Code: Code(code), Message: c.quote(r, message, false, secrets), RID: rid,
		AppID: c.appID, Method: r.method, Path: r.path, Status: status,
	}
}

// tokenFailure tells why there is no token. An Error of the token call stands for itself, but that
// a token call whose answer was lost leaves no doubt about r, which did not leave.
func (c *Client) tokenFailure(r *request, err error) error {
	kind := KindOf(err)
	switch kind {
	case KindLost:
		kind = KindNetwork
	case KindUnknown:
		kind = KindToken
	default:
		if _, own := errors.AsType[*Error](err); own {
			return err
		}
	}
	return c.failure(r, kind, fmt.Errorf("get access token: %w", redactError(inner(r, err), c.hidden(r, "")...)))
}

// tripFailure tells a request that surely did not leave from one that may have been carried out,
// and one that no repetition would mend.
func (c *Client) tripFailure(t *trip, err error) (_ *Error, final bool) {
	t.mu.Lock()
	called, left := t.calls > 0, t.left || t.running > 0
	// A body tells whether it left, or the look for a connection. An http.Transport makes none where
	// another RoundTripper is registered with it.
	told := !t.handed || t.asked || !t.in.traced && t.request.length > 0
	t.mu.Unlock()
	kind := KindLost
	switch {
	case !called && (errors.Is(err, errNoContext) || errors.Is(err, errElsewhere)):
		kind = KindRequest
	case !called:
		kind = KindNetwork // a wrapper refused it
	case left:
	case told, notSent(err), notTrusted(err):
		kind = KindNetwork
	}
	final = !called || errors.Is(err, errTooLate)
	return c.failure(t.request, kind, withContext(t.Context, advised(redactError(err, t.secrets()...)))), final
}

// notTrusted reports a TLS handshake that failed.
func notTrusted(err error) bool {
	var (
		verify *tls.CertificateVerificationError
		record tls.RecordHeaderError
	)
	return errors.As(err, &verify) || errors.As(err, &record) || advice(err) != ""
}

// advised adds to an error of the network what a person should look at, where the error's own
// words do not tell.
func advised(err error) error {
	if text := advice(err); text != "" {
		return fmt.Errorf("%w: %s", err, text)
	}
	return err
}

func advice(err error) string {
	var (
		invalid x509.CertificateInvalidError
		author  x509.UnknownAuthorityError
		roots   x509.SystemRootsError
		host    x509.HostnameError
		op      *net.OpError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "check this machine's clock, it may be wrong"
	case errors.As(err, &author), errors.As(err, &roots):
		return "install the root certificates (package ca-certificates), and that of the proxy if one opens TLS; " +
			"in WeChat Cloud Run (微信云托管) use WithoutToken"
	case errors.As(err, &host), errors.As(err, &invalid):
		return "another server answers in place of WeChat: check DNS and proxy"
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "the proxy cannot be reached: check the environment variables HTTPS_PROXY and NO_PROXY"
	}
	return ""
}

// proxyError is a proxy's refusal to connect, of which net/http tells the words of the status only.
type proxyError struct{ proxy, status string }

func (e *proxyError) Error() string {
	return "the proxy " + e.proxy + " refused the connection: " + e.status + ": check the environment variables HTTPS_PROXY and NO_PROXY"
}

// excerptLimit bounds how much of an answer that is not JSON an error keeps.
const excerptLimit = 256

// statusFailure reads an HTTP error. It keeps the errcode of a JSON body, should there be one.
func (c *Client) statusFailure(r *request, resp *http.Response, token string) *Error {
	defer c.guard(resp)()
	const most = 4 << 10
	body, _ := io.ReadAll(io.LimitReader(resp.Body, most))
	_ = resp.Body.Close()
	if v := readVerdict(body); v.code != 0 {
		return c.codeFailure(r, v.code, v.message(), resp.StatusCode, c.hidden(r, token)...)
	}
	kind := KindRequest
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout {
		kind = KindBusy
	}
	e := c.failure(r, kind, nil)
	e.Status, e.Message = resp.StatusCode, c.quote(r, string(body), len(body) == most, c.hidden(r, token))
	switch {
	case resp.StatusCode == http.StatusPreconditionFailed:
		e.cause = errors.New("the request had no Content-Length")
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		e.cause = errors.New("a redirect, which is never followed: the next host would be sent the token")
	}
	return e
}

// answerFailure completes what accept found wrong with a 2xx answer.
func (c *Client) answerFailure(ctx context.Context, r *request, a attempt, err error) error {
	var coded *verdictError
	if errors.As(err, &coded) {
		return c.codeFailure(r, coded.verdict.code, coded.verdict.message(), a.status, c.hidden(r, a.token)...)
	}
	e := c.failure(r, KindLost, redactError(err, c.hidden(r, a.token)...))
	e.Status = a.status
	var odd *oddAnswer
	if errors.As(err, &odd) {
		if !r.kind.private || bytes.HasPrefix(bytes.TrimSpace(odd.body), []byte("<")) { // a page holds no ticket
			e.Message = c.quote(r, string(odd.body), false, c.hidden(r, a.token))
		}
		odd.body = nil // it is in the error's tree
	}
	e.cause = withContext(ctx, e.cause)
	return e
}

// withContext adds ctx's error where ctx has ended and err does not tell. net/http returns the cause
// of a context, which may be the failure of another call.
func withContext(ctx context.Context, err error) error {
	switch {
	case ctx.Err() == nil:
		return err
	case endedByCall(ctx):
		return fmt.Errorf("%w: %v", ctx.Err(), err)
	case errors.Is(err, ctx.Err()):
		return err
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}

// excerpt cuts text to excerptLimit and makes one clean line of it: nobody must write lines of
// his own into a log.
func excerpt(body []byte) string {
	text := strings.ToValidUTF8(string(body), "\uFFFD")
	text = strings.Join(strings.FieldsFunc(text, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }), " ")
	if len(text) <= excerptLimit {
		return text
	}
	cut := excerptLimit
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}
