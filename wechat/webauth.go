package wechat

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/org/wxhome/token"
)

const (
	// authorizeURL is where a visitor's browser asks for a code. It is a page for people, so
	// that no base URL of the API applies to it.
	authorizeURL = "https://open.weixin.qq.com/connect/oauth2/authorize"

	webAuthPath          = "/sns/oauth2/access_token"
	componentWebAuthPath = "/sns/oauth2/component/access_token"

	maxState = 128 // bytes, the platform's limit
)

// The scopes of web authorization.
const (
	scopeBase     = "snsapi_base"
	scopeUserInfo = "snsapi_userinfo"
)

// WebAuth is who opened a page inside WeChat.
type WebAuth struct {
	// OpenID is the visitor's openid for this account. That of a Snapshot visitor is virtual:
	// it belongs to nobody and is another one at the next visit.
	OpenID string
	// UnionID is the same for all accounts of one open platform; empty where the account
	// belongs to none.
	UnionID string
	// Scope is what was granted, such as "snsapi_base".
	Scope string
	// Snapshot says that WeChat shows the page in snapshot mode (快照页) until the visitor taps
	// 使用完整服务. Nothing personal may be shown then.
	Snapshot bool
	// Token reads the visitor's own profile after [AskUserInfo], at /sns/userinfo. It is not
	// the account's access token.
	Token token.Token
}

// component is the third-party platform that runs the account.
type component struct {
	appID  string
	tokens *token.Cache
}

// WithComponent says that the account is run by a third-party platform (第三方平台) with the
// AppID componentAppID, whose component_access_token is src's. Web authorization then goes by
// way of the platform, and needs no AppSecret. Tokens are kept until they expire; src is asked
// as a [token.Source] is.
func WithComponent(componentAppID string, src token.Source) Option {
	return func(o *settings) error {
		if componentAppID == "" || strings.ContainsFunc(componentAppID, notPrintable) || src == nil {
			return errors.New("WithComponent: the platform's AppID is empty or unprintable, or the source is nil")
		}
		cache, err := token.NewCache(src)
		if err != nil {
			return err
		}
		o.component = &component{componentAppID, cache}
		return nil
	}
}

// WithAuthorizeURL sends visitors to address instead of
// https://open.weixin.qq.com/connect/oauth2/authorize: to a simulation. It concerns
// [Client.WebAuthURL] alone.
func WithAuthorizeURL(address string) Option {
	return func(o *settings) error {
		u, err := parseBase(address)
		if err != nil {
			return errors.New("WithAuthorizeURL: " + err.Error())
		}
		o.authorize = u.String()
		return nil
	}
}

// A WebAuthOption changes what [Client.WebAuthURL] asks for.
type WebAuthOption func(*webAuthRequest)

type webAuthRequest struct{ scope string }

// AskUserInfo asks the visitor to show name and picture (snsapi_userinfo). Without it
// authorization is silent and gives the openid (snsapi_base).
func AskUserInfo() WebAuthOption { return func(r *webAuthRequest) { r.scope = scopeUserInfo } }

// WebAuthURL returns the address to redirect a visitor's browser to, so that WeChat tells who
// it is (网页授权). It works in WeChat's own browser only. WeChat sends the visitor on to
// redirectURI with the parameters code, for [Client.WebAuthOpenID], and state.
//
// redirectURI is an http or https address without a fragment; its host must be the one that is
// registered as the account's 网页授权域名, or WeChat shows the visitor error 10003. state is 1
// to 128 of [a-zA-Z0-9]. It must be hard to guess and tied to this browser, by a cookie for
// instance, and be compared when it comes back: otherwise anybody can have a visitor open the
// page under another name.
//
// GET https://open.weixin.qq.com/connect/oauth2/authorize
func (c *Client) WebAuthURL(redirectURI, state string, opts ...WebAuthOption) (string, error) {
	if err := checkRedirect(redirectURI); err != nil {
		return "", err
	}
	if err := checkState(state); err != nil {
		return "", err
	}
	r := webAuthRequest{scope: scopeBase}
	for _, opt := range opts {
		if opt == nil {
			return "", errors.New("wechat: an option of WebAuthURL is nil")
		}
		opt(&r)
	}
	base := c.authorize
	if base == "" {
		base = authorizeURL
	}
	// The platform insists on this order, which url.Values would not keep.
	address := base + "?appid=" + url.QueryEscape(c.appID) + "&redirect_uri=" + escapeURI(redirectURI) +
		"&response_type=code&scope=" + r.scope + "&state=" + state
	if c.component != nil {
		address += "&component_appid=" + url.QueryEscape(c.component.appID)
	}
	return address + "#wechat_redirect", nil
}

// escapeURI is url.QueryEscape with %20 for a space, which every decoder understands.
func escapeURI(uri string) string { return strings.ReplaceAll(url.QueryEscape(uri), "+", "%20") }

func checkRedirect(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil || !utf8.ValidString(uri):
		return errors.New("wechat: the redirect URI cannot be parsed")
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return errors.New("wechat: the redirect URI must be whole, such as https://school.example/photo/back")
	case u.User != nil:
		return errors.New("wechat: the redirect URI must not hold a user or password")
	case u.Fragment != "" || strings.Contains(uri, "#"):
		return errors.New("wechat: the redirect URI must not have a fragment: WeChat appends the code to the query")
	}
	if q := u.Query(); q.Has("code") || q.Has("state") {
		return errors.New("wechat: the redirect URI must not have a parameter code or state: WeChat adds its own")
	}
	return nil
}

func checkState(state string) error {
	if state == "" {
		return errors.New("wechat: the state is empty: give a random one that is tied to the visitor's browser")
	}
	if len(state) > maxState {
		return errors.New("wechat: the state has more than 128 bytes: keep what it stands for on the server, or in a cookie")
	}
	for _, b := range []byte(state) {
		if (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') {
			return errors.New("wechat: the state may hold only letters and digits (a-z, A-Z, 0-9)")
		}
	}
	return nil
}

// WebAuthOpenID exchanges the code that WeChat sent the visitor back with for the visitor's
// openid. A code is good once and for five minutes, so that the request is never repeated once
// it may have left (with [WithHTTPClient] that is up to its transport). After
// [ErrOAuthCodeUsed], which a reload causes, [ErrInvalidOAuthCode] and KindLost, authorize the
// visitor again; after the exchange set a session cookie and redirect to a clean address.
//
// It needs the AppSecret, or [WithComponent], also where tokens come from a [WithTokenSource].
//
// GET /sns/oauth2/access_token, or GET /sns/oauth2/component/access_token
func (c *Client) WebAuthOpenID(ctx context.Context, code string) (WebAuth, error) {
	r := &request{
		kind: requestKind{op: OpCall, plain: true, once: true}, method: http.MethodGet,
		path: webAuthPath, header: c.getHeader(), secrets: []string{code},
	}
	if c.component != nil {
		r.path = componentWebAuthPath
	}
	if code == "" {
		return WebAuth{}, c.codeFailure(r, int64(ErrMissingOAuthCode), "", 0)
	}
	if c.component == nil {
		if err := c.needSecret("WebAuthOpenID"); err != nil {
			return WebAuth{}, err
		}
		r.query = "appid=" + url.QueryEscape(c.appID) + "&secret=" + url.QueryEscape(c.secret()) +
			"&code=" + url.QueryEscape(code) + "&grant_type=authorization_code"
		return c.exchange(ctx, r)
	}
	platform, err := c.component.tokens.Get(ctx)
	if err != nil {
		return WebAuth{}, c.tokenFailure(r, err)
	}
	r.secrets = append(r.secrets, platform)
	r.query = "appid=" + url.QueryEscape(c.appID) + "&code=" + url.QueryEscape(code) + "&grant_type=authorization_code" +
		"&component_appid=" + url.QueryEscape(c.component.appID) + "&component_access_token=" + url.QueryEscape(platform)
	auth, err := c.exchange(ctx, r)
	if KindOf(err) == KindToken {
		// The code may be spent, so this visitor starts again; the next one has a fresh token.
		_ = c.component.tokens.Invalidate(ctx, platform)
	}
	return auth, err
}

func (c *Client) exchange(ctx context.Context, r *request) (WebAuth, error) {
	start := time.Now()
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
		OpenID      string `json:"openid"`
		UnionID     string `json:"unionid"`
		Scope       string `json:"scope"`
		Snapshot    int    `json:"is_snapshotuser"`
	}
	err := c.run(ctx, r, func(resp *http.Response) error { return c.decode(resp, &answer) })
	if err != nil {
		return WebAuth{}, err
	}
	if answer.OpenID == "" {
		return WebAuth{}, c.failure(r, KindLost, errors.New("the answer holds no openid"))
	}
	auth := WebAuth{OpenID: answer.OpenID, UnionID: answer.UnionID, Scope: answer.Scope, Snapshot: answer.Snapshot != 0}
	if answer.AccessToken != "" {
		auth.Token = token.Token{Value: answer.AccessToken, Expiry: start.Add(time.Duration(answer.ExpiresIn) * time.Second)}
	}
	return auth, nil
}
