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

// An Option configures a [Client]. One that is nil or makes no sense makes [New] fail.
type Option func(*settings) error

// settings is what the options fill in and New builds from.
type settings struct {
	store    token.Store
	source   token.Source
	classic  bool
	limits   []limit
	http     *http.Client
	timeouts Timeouts
	bases    []*url.URL
	logger   *slog.Logger
	hook     func(context.Context, Event)
	attempts int
	// authorize and component concern web authorization
	authorize string
	component *component
}

// WithTokenStore shares the access token through s with other processes. Without it the token
// stays in this process.
func WithTokenStore(s token.Store) Option {
	return func(o *settings) error {
		if isNil(s) {
			return errors.New("WithTokenStore: the store is nil")
		}
		o.store = s
		return nil
	}
}

// WithClassicToken fetches tokens from GET /cgi-bin/token instead of POST
// /cgi-bin/stable_token. Each such call retires the token before it, so that processes must
// share a store; if that store is a [token.Locker], one of them refreshes at a time.
func WithClassicToken() Option {
	return func(o *settings) error { o.classic = true; return nil }
}

// WithTokenSource takes tokens from src: a central token server (中控), or a third-party
// platform's authorizer_access_token. The app secret may then be empty, and no token endpoint
// is ever called.
func WithTokenSource(src token.Source) Option {
	return func(o *settings) error {
		if isNil(src) {
			return errors.New("WithTokenSource: the source is nil")
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

// isNil also finds a nil pointer or func in an interface, which would panic at its first use.
func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func:
		return r.IsNil()
	}
	return false
}

// WithHTTPClient sends through a copy of h, which may serve many Clients and is never changed.
// Redirects are not followed, whatever h says. If h.Transport is nil the Client keeps the
// transport that it would have without this option. A transport of your own should have
// MaxIdleConnsPerHost set to the number of calls in flight (net/http keeps two, and each
// further call pays for a TLS handshake), and Proxy and timeouts, which the zero one lacks.
func WithHTTPClient(h *http.Client) Option {
	return func(o *settings) error {
		if h == nil {
			return errors.New("WithHTTPClient: the client is nil")
		}
		o.http = h
		return nil
	}
}

// Timeouts bound the phases of one attempt; a zero field keeps its default. There is no bound
// on a whole attempt, so that a long upload is not cut: that is what a context is for.
type Timeouts struct {
	Dial   time.Duration // to connect; 5 s
	TLS    time.Duration // for the TLS handshake; 5 s
	Answer time.Duration // from the request written to the answer's header, and again to read a JSON answer; 15 s
}

// WithTimeouts replaces the default [Timeouts]. With a [WithHTTPClient] that brings a transport
// Dial and TLS would be of no effect, and are refused; Answer then bounds the reading of an
// answer alone, and the wait for its header is the transport's affair.
func WithTimeouts(t Timeouts) Option {
	return func(o *settings) error {
		if t.Dial < 0 || t.TLS < 0 || t.Answer < 0 {
			return errors.New("WithTimeouts: a timeout is negative")
		}
		o.timeouts = t
		return nil
	}
}

// WithBaseURL sends to first instead of https://api.weixin.qq.com. With others given, a failed
// dial makes the Client prefer the next one for a minute. A path in front of the API's own and
// plain http are allowed for a gateway of one's own, but not for WeChat's hosts.
func WithBaseURL(first string, others ...string) Option {
	return func(o *settings) error {
		o.bases = nil
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
	case u.Scheme == "http" && isWeChat(u.Hostname()):
		return nil, errors.New("WeChat takes https only, and plain http would show the token to the network")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

func isWeChat(host string) bool {
	return strings.HasSuffix(strings.TrimSuffix(strings.ToLower(host), "."), ".weixin.qq.com")
}

// WithLogger logs each attempt at debug level and each repetition at warn level, without
// secrets, tokens and openids. The default discards.
func WithLogger(l *slog.Logger) Option {
	return func(o *settings) error {
		if l == nil || l.Handler() == nil {
			return errors.New("WithLogger: the logger is nil or has no handler; make one with slog.New")
		}
		o.logger = l
		return nil
	}
}

// WithHook calls hook after each attempt of each call, for metrics and traces. It is called on
// the goroutine that made the attempt, by many at once, and should return soon. A panic in it
// is contained and logged.
func WithHook(hook func(context.Context, Event)) Option {
	return func(o *settings) error {
		if hook == nil {
			return errors.New("WithHook: the hook is nil")
		}
		o.hook = hook
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
		o.attempts = n
		return nil
	}
}
