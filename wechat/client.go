package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/media"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat/follower"
	"github.com/org/wxhome/wechat/jssdk"
	"github.com/org/wxhome/wechat/menu"
	"github.com/org/wxhome/wechat/scene"
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
	// Followers reads and marks the account's followers: info, tags, blacklist (用户管理).
	Followers *follower.Client
	// Scenes makes QR codes with a scene (带参数二维码), and short keys.
	Scenes *scene.Client
	// Menu makes and reads the account's menus (自定义菜单).
	Menu *menu.Client
	// JSSDK signs pages for wx.config, with JSTicket.
	JSSDK *jssdk.Client
	// Token is the account's access token, for code that talks to WeChat by other means.
	Token *token.Cache
	// JSTicket is the account's ticket for JSSDK (jsapi_ticket). It is shared through the Store of
	// WithTokenStore, under a key of its own; without one, as with WithoutToken, each process has its
	// own ticket. By WeChat's pages the token of a third-party platform gets none (61007).
	//
	// WeChat tells the page alone that a ticket is of no use. Where pages get "invalid signature"
	// though their URLs are right, another program has replaced it, and Invalidate fetches another.
	JSTicket *token.Cache

	appID      string
	secret     func() string // a func, so that printing the Client shows no secret
	ownTokens  bool          // fetched from the platform
	tokenless  bool          // calls carry none
	tokenParam string        // in the query of a call

	roundTrip func(*http.Request) (*http.Response, error) // the top of the tower
	inner     *innermost                                  // its bottom
	ownHeader bool                                        // nothing of the caller's sees headers, so they may be shared
	hosts     hosts
	clock     clock
	// repeatLimit is the constant, or less in tests
	repeatLimit time.Duration
	limits      []limit
	timeouts    Timeouts
	attempts    int
	logger      *slog.Logger
	hooks       []func(context.Context, Event)
	headers     headers
	buffers     sync.Pool  // of *bytes.Buffer, for answers
	authorize   string     // where visitors are sent, empty: WeChat's own
	component   *component // nil: no third-party platform runs the account
	platform    *keeper    // nil: it does not speak for a third-party platform itself
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
// [WithTokenSource], [WithoutToken] and [WithCloudbaseToken]. The error names every fault of the arguments and options.
func New(appID, appSecret string, opts ...Option) (*Client, error) {
	o := settings{attempts: defaultAttempts, logger: slog.New(defaultLog{}), given: make(map[string]bool)}
	if err := errors.Join(o.apply(opts), o.check(appID, appSecret)); err != nil {
		return nil, &refusal{err}
	}
	o.fill()
	c := &Client{
		appID: appID, secret: func() string { return appSecret },
		limits: o.limits, timeouts: o.timeouts, attempts: o.attempts,
		logger: o.logger, hooks: o.hooks, hosts: hosts{urls: o.bases}, headers: newHeaders(),
		authorize: o.authorize, component: o.component,
		tokenless: o.tokenless, tokenParam: "access_token",
		clock: systemClock(), repeatLimit: repeatLimit,
	}
	switch {
	case o.cloud != nil:
		c.tokenParam = "cloudbase_access_token"
	case o.platform != nil:
		c.tokenParam, c.platform = "component_access_token", o.platform
	}
	if err := c.setTransport(&o); err != nil {
		return nil, &refusal{err}
	}
	if err := errors.Join(c.setToken(&o), c.setTicket(&o)); err != nil {
		return nil, &refusal{err}
	}
	if err := c.compose(); err != nil {
		return nil, fmt.Errorf("wechat: %w", err)
	}
	return c, nil
}

// compose builds the leaves over c itself.
func (c *Client) compose() (err error) {
	if c.Template, err = template.NewClient(c); err != nil {
		return err
	}
	if c.Custom, err = custom.NewClient(c); err != nil {
		return err
	}
	if c.Media, err = media.NewClient(c); err != nil {
		return err
	}
	if c.Followers, err = follower.NewClient(c); err != nil {
		return err
	}
	if c.Scenes, err = scene.NewClient(c); err != nil {
		return err
	}
	if c.Menu, err = menu.NewClient(c); err != nil {
		return err
	}
	c.JSSDK, err = jssdk.NewClient(c.appID, tickets(c.JSTicket.Get))
	return err
}

// check returns everything that is wrong.
func (o *settings) check(appID, secret string) error {
	foreign := o.http != nil && o.http.Transport != nil
	account, ofPlatform := o.source.(*Authorizer)
	var wrong []error
	for _, fault := range []struct {
		is   bool
		text string
	}{
		{appID == "", "the AppID is empty"},
		{strings.ContainsFunc(appID, notPrintable), "the AppID holds a space or a control character"},
		{
			secret == "" && o.source == nil && o.cloud == nil && !o.tokenless,
			"the AppSecret is empty; it may be so only with WithTokenSource, WithoutToken and WithCloudbaseToken",
		},
		{strings.ContainsFunc(secret, notPrintable), "the AppSecret holds a space or a control character"},
		{o.classic && o.source != nil, "WithClassicToken and WithTokenSource exclude each other"},
		{
			(o.cloud != nil || o.tokenless) && (o.classic || o.source != nil || o.store != nil) || o.cloud != nil && o.tokenless,
			"WithoutToken and WithCloudbaseToken exclude each other, WithTokenSource, WithTokenStore and WithClassicToken",
		},
		{
			ofPlatform && account.appID != appID,
			"WithTokenSource: the Authorizer is that of another account: take Platform.Authorizer(appID)",
		},
		{
			o.platform != nil && (o.classic || o.source != nil || o.component != nil || o.cloud != nil || o.tokenless),
			"WithClassicToken, WithTokenSource, WithComponent, WithoutToken and WithCloudbaseToken are for accounts, and not for a platform",
		},
		{
			!o.tokenless && slices.ContainsFunc(o.bases, plainWeChat),
			"WithBaseURL: WeChat takes https only, and plain http would show the token to the network",
		},
		{
			foreign && (o.timeouts.Dial != 0 || o.timeouts.TLS != 0),
			"WithTimeouts: Dial and TLS belong to the transport, and WithHTTPClient brings its own",
		},
		{foreign && o.conns != 0, "WithMaxConns: connections belong to the transport, and WithHTTPClient brings its own"},
	} {
		if fault.is {
			wrong = append(wrong, errors.New(fault.text))
		}
	}
	return errors.Join(wrong...)
}

func notPrintable(r rune) bool { return r <= ' ' || r == 0x7f || r > '~' }

func (o *settings) fill() {
	if len(o.bases) == 0 {
		raws := []string{defaultHost, recoveryHost}
		if o.tokenless {
			raws = []string{cloudHost}
		}
		for _, raw := range raws {
			u, _ := url.Parse(raw)
			o.bases = append(o.bases, u)
		}
	}
	if o.tokenless {
		o.cloud = token.SourceFunc(noToken)
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&o.timeouts.Dial, defaultDial}, {&o.timeouts.TLS, defaultTLS}, {&o.timeouts.Answer, defaultAnswer}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if o.conns == 0 {
		o.conns = defaultConns
	}
	if a, ok := o.source.(*Authorizer); ok && o.component == nil {
		o.component = &component{a.platform.AppID(), a.client().Token}
	}
}

// AppID returns the account that the Client speaks for.
func (c *Client) AppID() string { return c.appID }

// CloseIdleConnections closes the connections that no call is using. The Client stays usable.
func (c *Client) CloseIdleConnections() { c.inner.CloseIdleConnections() }

// Format prints the AppID and nothing else, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) {
	if c == nil {
		_, _ = io.WriteString(f, "wechat.Client(nil)")
		return
	}
	_, _ = io.WriteString(f, "wechat.Client("+c.appID+")")
}
