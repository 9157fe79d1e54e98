package wechat

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/org/wxhome/token"
)

// errShape marks an answer that came whole and is not what the endpoint documents.
var errShape = errors.New("the answer is not of the expected form")

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
		Code: Code(code), Message: excerpt([]byte(redactAll(message, secrets...))), RID: rid,
		AppID: c.appID, Method: r.method, Path: r.path, Status: status,
	}
}

// tokenFailure tells why there is no token. An Error of the token call stands for itself.
func (c *Client) tokenFailure(r *request, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	kind := KindToken
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		kind = KindNetwork
	}
	return c.failure(r, kind, fmt.Errorf("get access token: %w", redactError(err, c.hidden(r, "")...)))
}

// transportFailure tells a request that surely did not leave from one that may have been
// carried out. Where nothing could watch it stay, the error itself must say.
func (c *Client) transportFailure(ctx context.Context, r *request, err error, stayed bool, token string) *Error {
	kind := KindLost
	if stayed || notSent(err) || notTrusted(err) {
		kind = KindNetwork
	}
	return c.failure(r, kind, withContext(ctx, redactError(err, c.hidden(r, token)...)))
}

// notTrusted reports a TLS handshake that failed.
func notTrusted(err error) bool {
	var (
		verify *tls.CertificateVerificationError
		record tls.RecordHeaderError
		host   x509.HostnameError
		author x509.UnknownAuthorityError
	)
	return errors.As(err, &verify) || errors.As(err, &record) || errors.As(err, &host) || errors.As(err, &author)
}

// excerptLimit bounds how much of an answer that is not JSON an error keeps.
const excerptLimit = 256

// statusFailure reads an HTTP error. It keeps the errcode of a JSON body, should there be one.
func (c *Client) statusFailure(r *request, resp *http.Response, token string) *Error {
	defer c.guard(resp)()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	_ = resp.Body.Close()
	if env := parseEnvelope(body); env.code != 0 {
		return c.codeFailure(r, env.code, env.message(), resp.StatusCode, c.hidden(r, token)...)
	}
	kind := KindRequest
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout {
		kind = KindBusy
	}
	e := c.failure(r, kind, nil)
	e.Status, e.Message = resp.StatusCode, excerpt([]byte(redactAll(string(body), c.hidden(r, token)...)))
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
	var coded *envelopeError
	if errors.As(err, &coded) {
		return c.codeFailure(r, coded.env.code, coded.env.message(), a.status, c.hidden(r, a.token)...)
	}
	e := c.failure(r, KindLost, redactError(err, c.hidden(r, a.token)...))
	e.Status = a.status
	var odd *oddAnswer
	if errors.As(err, &odd) {
		e.Message = excerpt([]byte(redactAll(string(odd.body), c.hidden(r, a.token)...)))
		odd.body = nil // it is in the error's tree
	}
	e.cause = withContext(ctx, e.cause)
	return e
}

// withContext adds ctx's error where ctx has ended and err does not tell.
func withContext(ctx context.Context, err error) error {
	if ctx.Err() == nil || errors.Is(err, ctx.Err()) {
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
