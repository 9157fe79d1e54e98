package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/media"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/token"
)

// Client speaks for one account. It is safe for concurrent use, and one per account and
// process is enough. There is nothing to close.
type Client struct {
	// Template sends template messages (模板消息) and manages templates.
	Template *template.Client
	// Custom sends customer-service messages (客服消息) and manages agents.
	Custom *custom.Client
	// Media uploads and downloads images, voice and video (素材), and manages the library.
	Media *media.Client
	// Token is the account's access token, for code that talks to WeChat by other means.
	Token *token.Cache

	appID  string
	secret func() string // a func, so that printing the Client shows no secret
	tokens *requestKind  // how tokens are fetched, nil with WithTokenSource

	roundTrip func(*http.Request) (*http.Response, error)
	ownHeader bool // the transport is ours and leaves headers alone, so they may be shared
	traced    bool // it is an http.Transport, which tells when a request leaves
	idle      interface{ CloseIdleConnections() }
	hosts     hosts
	gates     *gates // of our own transport; nil: none
	limits    []limit
	timeouts  Timeouts
	attempts  int
	logger    *slog.Logger
	hook      func(context.Context, Event)
	headers   headers
	buffers   sync.Pool  // of *bytes.Buffer, for answers
	authorize string     // where visitors are sent, empty: WeChat's own
	component *component // nil: no third-party platform runs the account
}

// Defaults of [Timeouts] and [WithMaxAttempts].
const (
	defaultDial     = 5 * time.Second
	defaultTLS      = 5 * time.Second
	defaultAnswer   = 15 * time.Second
	defaultAttempts = 3
)

// The hosts that are used unless [WithBaseURL] says otherwise: the nearest entry, and the one
// that the platform keeps for the day when that is unreachable.
const (
	defaultHost  = "https://api.weixin.qq.com"
	recoveryHost = "https://api2.weixin.qq.com"
)

// New returns a Client for the account appID. It does no I/O, starts no goroutine and reads no
// environment: a wrong secret shows at the first call. appSecret may be empty only with
// [WithTokenSource].
func New(appID, appSecret string, opts ...Option) (*Client, error) {
	o := settings{attempts: defaultAttempts, logger: slog.New(slog.DiscardHandler)}
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("wechat: option %d is nil", i+1)
		}
		if err := opt(&o); err != nil {
			return nil, fmt.Errorf("wechat: %w", err)
		}
	}
	if err := o.check(appID, appSecret); err != nil {
		return nil, fmt.Errorf("wechat: %w", err)
	}
	o.fill()
	c := &Client{
		appID: appID, secret: func() string { return appSecret },
		limits: o.limits, timeouts: o.timeouts, attempts: o.attempts,
		logger: o.logger, hook: o.hook, hosts: hosts{urls: o.bases}, headers: newHeaders(),
		authorize: o.authorize, component: o.component,
	}
	c.setTransport(o.http)
	if err := c.setToken(&o); err != nil {
		return nil, fmt.Errorf("wechat: %w", err)
	}
	c.Template = template.NewClient(c)
	c.Custom = custom.NewClient(c)
	c.Media = media.NewClient(c)
	return c, nil
}

func (o *settings) check(appID, secret string) error {
	switch {
	case appID == "":
		return errors.New("the AppID is empty")
	case strings.ContainsFunc(appID, notPrintable):
		return errors.New("the AppID holds a space or a control character")
	case secret == "" && o.source == nil:
		return errors.New("the AppSecret is empty; it may be so only with WithTokenSource")
	case strings.ContainsFunc(secret, notPrintable):
		return errors.New("the AppSecret holds a space or a control character")
	case o.classic && o.source != nil:
		return errors.New("WithClassicToken and WithTokenSource exclude each other")
	case o.http != nil && o.http.Transport != nil && (o.timeouts.Dial != 0 || o.timeouts.TLS != 0):
		return errors.New("WithTimeouts: Dial and TLS belong to the transport, and WithHTTPClient brings its own")
	}
	return nil
}

func notPrintable(r rune) bool { return r <= ' ' || r == 0x7f || r > '~' }

func (o *settings) fill() {
	if len(o.bases) == 0 {
		for _, raw := range []string{defaultHost, recoveryHost} {
			u, _ := url.Parse(raw)
			o.bases = append(o.bases, u)
		}
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&o.timeouts.Dial, defaultDial}, {&o.timeouts.TLS, defaultTLS}, {&o.timeouts.Answer, defaultAnswer}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
}

// AppID returns the account that the Client speaks for.
func (c *Client) AppID() string { return c.appID }

// CloseIdleConnections closes the connections that no call is using. The Client stays usable.
func (c *Client) CloseIdleConnections() { c.idle.CloseIdleConnections() }

// Format prints the AppID and nothing else, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) {
	if c == nil {
		_, _ = io.WriteString(f, "wechat.Client(nil)")
		return
	}
	_, _ = io.WriteString(f, "wechat.Client("+c.appID+")")
}
