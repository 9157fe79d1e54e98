package wechat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/org/wxhome/token"
)

// An Option configures a [Client]. One that is nil or makes no sense makes [New] fail, and so does
// one that is given twice, but for those that add up: WithHook, WithTransport, WithRate,
// WithLimiter and WithBaseURL.
type Option func(*settings) error

// settings is what the options fill in and New builds from.
type settings struct {
	given    map[string]bool // the options that may be given once
	defaults []Option
	last     bool // the defaults are being filled in
	store    token.Store
	source   token.Source
	classic  bool
	// cloud and tokenless concern WeChat Cloud Run
	cloud     token.Source
	tokenless bool
	limits    []limit
	http      *http.Client
	wraps     []func(http.RoundTripper) http.RoundTripper
	conns     int
	timeouts  Timeouts
	bases     []*url.URL
	logger    *slog.Logger
	hooks     []func(context.Context, Event)
	attempts  int
	// authorize and component concern web authorization
	authorize string
	component *component
	platform  *keeper // the Client is that of a third-party platform itself
}

var errTwice = errors.New("is given twice")

// once notes an option that may be given once.
func (o *settings) once(name string) error {
	if o.given[name] {
		return fmt.Errorf("%s %w", name, errTwice)
	}
	o.given[name] = true
	return nil
}

// Defaults makes opts give way: each of them counts only where [New] is not given the same option
// otherwise. It is for funcs that make Clients and let their callers have the last word. Options
// that add up are added, but for WithBaseURL.
func Defaults(opts ...Option) Option {
	return func(o *settings) error {
		for i, opt := range opts {
			if opt == nil {
				return fmt.Errorf("Defaults: option %d is nil", i+1)
			}
		}
		o.defaults = append(o.defaults, opts...)
		return nil
	}
}

// apply runs the options, then the defaults.
func (o *settings) apply(opts []Option) error {
	var wrong []error
	for i, opt := range opts {
		if opt == nil {
			wrong = append(wrong, fmt.Errorf("option %d is nil", i+1))
			continue
		}
		wrong = append(wrong, opt(o))
	}
	o.last = true
	for i := 0; i < len(o.defaults); i++ { // one may add further ones
		if err := o.defaults[i](o); err != nil && !errors.Is(err, errTwice) {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

// WithTokenStore shares the access token through s with other processes. Without it the token
// stays in this process.
func WithTokenStore(s token.Store) Option {
	return func(o *settings) error {
		if isNil(s) {
			return errors.New("WithTokenStore: the store is nil")
		}
		if err := o.once("WithTokenStore"); err != nil {
			return err
		}
		o.store = s
		return nil
	}
}

// WithClassicToken fetches tokens from GET /cgi-bin/token instead of POST
// /cgi-bin/stable_token. Each such call retires the token before it, so that processes must
// share a store; if that store is a [token.Locker], one of them refreshes at a time.
func WithClassicToken() Option {
	return func(o *settings) error { o.classic = true; return o.once("WithClassicToken") }
}

// WithTokenSource takes tokens from src: a central token server (中控), or the [Authorizer] of an
// account that a third-party platform (第三方平台) runs. The app secret may then be empty, and no
// token endpoint of the account is ever called. An Authorizer's tokens retire each other as classic
// ones do; see [WithClassicToken].
func WithTokenSource(src token.Source) Option {
	return func(o *settings) error {
		if isNil(src) {
			return errors.New("WithTokenSource: the source is nil")
		}
		if err := o.once("WithTokenSource"); err != nil {
			return err
		}
		o.source = src
		return nil
	}
}

// Limiter delays calls. [*rate.Limiter] is one; another may hold a limit over many processes.
type Limiter interface {
	// Wait returns when the call may leave, or with an error when it may not: ctx ended.
	Wait(ctx context.Context) error
}

type limit struct {
	limiter  Limiter
	prefixes []string
}

// WithRate lets at most perSecond attempts a second leave, with bursts of up to burst, for all
// calls or for those whose path has one of the prefixes, such as
// "/cgi-bin/message/template/send". It may be given several times; a call waits for each limit
// that covers it. Token calls are never delayed. Without it there is no limit.
func WithRate(perSecond float64, burst int, prefixes ...string) Option {
	return func(o *settings) error {
		if !(perSecond > 0) || math.IsInf(perSecond, 0) || burst < 1 {
			return fmt.Errorf("WithRate: %v per second with bursts of %d is no limit; both must be positive and finite", perSecond, burst)
		}
		return o.addLimit("WithRate", rate.NewLimiter(rate.Limit(perSecond), burst), prefixes)
	}
}

// WithLimiter is [WithRate] with a Limiter of the caller's own.
func WithLimiter(l Limiter, prefixes ...string) Option {
	return func(o *settings) error {
		if isNil(l) {
			return errors.New("WithLimiter: the limiter is nil")
		}
		return o.addLimit("WithLimiter", l, prefixes)
	}
}

func (o *settings) addLimit(option string, l Limiter, prefixes []string) error {
	for _, p := range prefixes {
		if !strings.HasPrefix(p, "/") {
			return fmt.Errorf("%s: the prefix %q must begin with a slash", option, p)
		}
	}
	o.limits = append(o.limits, limit{l, slices.Clone(prefixes)})
	return nil
}

// isNil also finds a nil pointer, func, map or channel in an interface, which would panic at its first
// use, or block for ever.
func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Chan:
		return r.IsNil()
	}
	return false
}

// WithHTTPClient sends through a copy of h, which may serve many Clients and is never changed.
// Redirects are not followed, whatever h says. If h.Transport is nil the Client keeps the
// transport that it would have without this option.
//
// To share connections between Clients, give the Transport that [NewTransport] returns. Another
// [*http.Transport] should have MaxIdleConnsPerHost set to the number of calls in flight (net/http
// keeps two, and each further call pays for a TLS handshake), and Proxy and timeouts, which the
// zero one lacks. Of a RoundTripper of another type the Client cannot see whether a request has
// left: where no connection was got and the body was not read it is [KindNetwork], otherwise
// [KindLost]. Such a RoundTripper must not repeat requests by itself. By HTTP/2 a request with a body
// that was refused after its header had left is KindLost, since net/http does not tell whether the
// peer took it.
func WithHTTPClient(h *http.Client) Option {
	return func(o *settings) error {
		switch {
		case h == nil:
			return errors.New("WithHTTPClient: the client is nil")
		case h.Transport != nil && isNil(h.Transport):
			return errors.New("WithHTTPClient: the client's Transport is a nil pointer")
		}
		if err := o.once("WithHTTPClient"); err != nil {
			return err
		}
		o.http = h
		return nil
	}
}

// WithTransport puts a RoundTripper of the caller's own around the Client's, for traces, metrics
// and tests. It may be given several times; the last is the outermost. It works with
// [WithHTTPClient] too. New calls wrap once.
//
// A wrapper sees method, scheme, host, path, header and body of a request, and its answer, once
// for each attempt and for token calls too. It sees no query and no secret: below it the Client
// adds the query with the token, and for calls whose bodies hold secrets (token, JS-SDK ticket,
// web authorization) body and answer pass it unseen. Query parameters that it adds are sent.
//
// It must call on with the context of the request or with one made from that, and to the same
// address, or the call fails with [KindRequest]. What it refuses without calling on is surely not sent: [KindNetwork], or
// [KindLost] where an earlier attempt may have been carried out; the Client does not repeat it. A
// wrapper should not repeat: it may call on again only for a request that surely did not leave or
// may be repeated.
func WithTransport(wrap func(http.RoundTripper) http.RoundTripper) Option {
	return func(o *settings) error {
		if wrap == nil {
			return errors.New("WithTransport: the func is nil")
		}
		o.wraps = append(o.wraps, wrap)
		return nil
	}
}

// WithMaxConns bounds the connections of the Client's own transport to one host. Default: 256.
// Callers beyond that wait for a connection until their context ends. Token calls have a
// connection of their own and never wait.
func WithMaxConns(n int) Option {
	return func(o *settings) error {
		if n < 1 {
			return fmt.Errorf("WithMaxConns: %d connections send nothing; give 1 or more", n)
		}
		if err := o.once("WithMaxConns"); err != nil {
			return err
		}
		o.conns = n
		return nil
	}
}

// Timeouts bound the phases of one attempt; a zero field keeps its default. There is no bound
// on a whole attempt, so that a long upload is not cut: that is what a context is for.
type Timeouts struct {
	Dial time.Duration // to connect; 5 s
	TLS  time.Duration // for the TLS handshake; 5 s
	// Answer bounds the wait from the request written to the answer's header, and again the reading
	// of a JSON answer; 15 s. A body that the peer does not read any more is given up after it, too.
	Answer time.Duration
}

// WithTimeouts replaces the default [Timeouts]. With a [WithHTTPClient] that brings a transport
// Dial and TLS would be of no effect, and are refused; Answer then bounds the reading of an
// answer alone, and the wait for its header is the transport's affair.
func WithTimeouts(t Timeouts) Option {
	return func(o *settings) error {
		if t.Dial < 0 || t.TLS < 0 || t.Answer < 0 {
			return errors.New("WithTimeouts: a timeout is negative")
		}
		if err := o.once("WithTimeouts"); err != nil {
			return err
		}
		o.timeouts = t
		return nil
	}
}

// WithBaseURL sends to first instead of https://api.weixin.qq.com. With others given, or with the
// option given again, a failed dial makes the Client prefer the next one for a minute. A path in
// front of the API's own and plain http are allowed for a gateway of one's own, but not for
// WeChat's hosts, unless with [WithoutToken].
func WithBaseURL(first string, others ...string) Option {
	return func(o *settings) error {
		if o.last && len(o.bases) > 0 {
			return errTwice
		}
		for _, raw := range append([]string{first}, others...) {
			u, err := parseBase(raw)
			if err != nil {
				return fmt.Errorf("WithBaseURL: %w", err)
			}
			o.bases = append(o.bases, u)
		}
		return nil
	}
}

func parseBase(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("the address cannot be parsed; write it like https://api.weixin.qq.com")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("the address needs a scheme; write it like https://api.weixin.qq.com")
	case u.Hostname() == "":
		return nil, errors.New("the address names no host; write it like https://api.weixin.qq.com")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("the address may hold a scheme, a host and a path, and nothing else")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

// plainWeChat finds an address that would show tokens to the network.
func plainWeChat(u *url.URL) bool { return u.Scheme == "http" && isWeChat(u.Hostname()) }

func isWeChat(host string) bool {
	return strings.HasSuffix(strings.TrimSuffix(strings.ToLower(host), "."), ".weixin.qq.com")
}

// WithLogger logs each attempt at debug level and each repetition at warn level, without
// secrets, tokens and openids. Default: slog.Default(), as it is when a line is logged.
func WithLogger(l *slog.Logger) Option {
	return func(o *settings) error {
		if l == nil || l.Handler() == nil {
			return errors.New("WithLogger: the logger is nil or has no handler; make one with slog.New")
		}
		if err := o.once("WithLogger"); err != nil {
			return err
		}
		o.logger = l
		return nil
	}
}

// WithHook calls hook after each attempt of each call, for metrics and traces. It may be given
// several times: all run, in their order. hook is called on the goroutine that made the attempt, by
// many at once, and should return soon: its caller waits for it. A panic in it is contained and
// logged.
func WithHook(hook func(context.Context, Event)) Option {
	return func(o *settings) error {
		if hook == nil {
			return errors.New("WithHook: the hook is nil")
		}
		o.hooks = append(o.hooks, hook)
		return nil
	}
}

// WithMaxAttempts bounds how often one call is sent, 3 unless set. 1 turns repetition off, but
// for the one repetition after a refused token, which is not counted. Between attempts the call
// waits 100 to 200 ms, twice as long each time and 2 s at most.
func WithMaxAttempts(n int) Option {
	return func(o *settings) error {
		if n < 1 {
			return fmt.Errorf("WithMaxAttempts: %d attempts send nothing; give 1 or more", n)
		}
		if err := o.once("WithMaxAttempts"); err != nil {
			return err
		}
		o.attempts = n
		return nil
	}
}
