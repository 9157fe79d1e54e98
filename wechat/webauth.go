package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
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
	// 使用完整服务. OpenID, UnionID, name and picture are virtual then: never store them. The JS-SDK
	// does not work. The flag was missing on some first answers.
	Snapshot bool

	// Pointers to strings, since no verb of fmt follows one, wherever the WebAuth is; nil: none.
	token, refresh *string
	expiry         time.Time // of token
}

// Token returns what reads the visitor's own profile after [AskUserInfo]; see
// [Client.WebAuthUserInfo]. It is not the account's access token. Without one it is the zero Token.
// It is a secret: printing or logging a WebAuth does not show it.
func (a WebAuth) Token() token.Token {
	if a.token == nil {
		return token.Token{}
	}
	return token.Token{Value: *a.token, Expiry: a.expiry}
}

// WithToken returns a copy of a with the Token t: one that was kept in a session.
func (a WebAuth) WithToken(t token.Token) WebAuth {
	a.token, a.expiry = nil, time.Time{}
	if t.Value != "" {
		a.token, a.expiry = &t.Value, t.Expiry
	}
	return a
}

// RefreshToken returns what gets another Token for 30 days, see [Client.WebAuthRefresh]; empty: WeChat
// gave none. It is a secret: printing or logging a WebAuth does not show it.
func (a WebAuth) RefreshToken() string {
	if a.refresh == nil {
		return ""
	}
	return *a.refresh
}

// MarshalJSON returns an error, since a WebAuth without its secrets is of no use. To keep one, store
// its fields and what its methods return.
func (a WebAuth) MarshalJSON() ([]byte, error) {
	return nil, refuse("a WebAuth holds secrets and is not made for JSON: store its fields, Token().MarshalBinary and RefreshToken()")
}

// component is the third-party platform that runs the account.
type component struct {
	appID  string
	tokens *token.Cache
}

// WithComponent says that the account is run by a third-party platform (第三方平台) with the
// AppID componentAppID, whose component_access_token is src's. Web authorization then goes by
// way of the platform, and needs no AppSecret. Tokens are kept until they expire; src is asked
// as a [token.Source] is. With an [Authorizer] as the token source it is not needed.
func WithComponent(componentAppID string, src token.Source) Option {
	return func(o *settings) error {
		if componentAppID == "" || strings.ContainsFunc(componentAppID, notPrintable) || isNil(src) {
			return errors.New("WithComponent: the platform's AppID is empty or unprintable, or the source is nil")
		}
		cache, err := token.NewCache(src)
		if err != nil {
			return err
		}
		o.component = &component{componentAppID, cache}
		return o.once("WithComponent")
	}
}

// WithAuthorizeURL sends visitors to address instead of
// https://open.weixin.qq.com/connect/oauth2/authorize: to a simulation. It concerns
// [Client.WebAuthURL] alone.
func WithAuthorizeURL(address string) Option {
	return func(o *settings) error {
		u, err := parseBase(address)
		switch {
		case err != nil:
			return fmt.Errorf("WithAuthorizeURL: %w", err)
		case plainWeChat(u):
			return errors.New("WithAuthorizeURL: WeChat's page is https only")
		}
		if err := o.once("WithAuthorizeURL"); err != nil {
			return err
		}
		o.authorize = u.String()
		return nil
	}
}

// A WebAuthOption changes what [Client.WebAuthURL] asks for. One that is nil or given twice makes
// it fail.
type WebAuthOption func(*webAuthRequest) error

type webAuthRequest struct {
	scope string
	popup bool
}

// AskUserInfo asks the visitor to show name and picture (snsapi_userinfo). Without it
// authorization is silent and gives the openid (snsapi_base).
func AskUserInfo() WebAuthOption {
	return func(r *webAuthRequest) error {
		if r.scope == scopeUserInfo {
			return fmt.Errorf("AskUserInfo %w", errTwice)
		}
		r.scope = scopeUserInfo
		return nil
	}
}

// ForcePopup has WeChat ask a visitor who has agreed before once more (forcePopup). It has no
// effect where WeChat grants silently.
func ForcePopup() WebAuthOption {
	return func(r *webAuthRequest) error {
		if r.popup {
			return fmt.Errorf("ForcePopup %w", errTwice)
		}
		r.popup = true
		return nil
	}
}

// WebAuthURL returns the address to redirect a visitor's browser to, so that WeChat tells who
// it is (网页授权). It works in WeChat's own browser only. WeChat sends the visitor on to
// redirectURI with the parameters code, for [Client.WebAuthOpenID], and state.
//
// redirectURI is an http or https address; its host must be the one that is registered as the
// account's 网页授权域名, and it must have no port, or WeChat shows the visitor error 10003. A fragment,
// such as the route of a single-page app, comes back after the parameters:
// https://example.com/#/product/1 as https://example.com/?code=C&state=S#/product/1.
//
// state is 1 to 128 letters (a-z, A-Z), digits, - and _. It must be hard to guess and tied to this
// browser, by a cookie for instance, and be compared when it comes back: otherwise anybody can have
// a visitor open the page under another name. What is longer or has other characters, such as the
// page to go back to, is kept on the server under a random key, and the key is the state.
//
// A bad argument is an error of [KindRequest].
//
// GET https://open.weixin.qq.com/connect/oauth2/authorize
func (c *Client) WebAuthURL(redirectURI, state string, opts ...WebAuthOption) (string, error) {
	if err := checkRedirect(redirectURI, c.authorize == "", "code", "state"); err != nil {
		return "", err
	}
	if err := checkState(state); err != nil {
		return "", err
	}
	r := webAuthRequest{scope: scopeBase}
	for _, opt := range opts {
		if opt == nil {
			return "", refuse("an option of WebAuthURL is nil")
		}
		if err := opt(&r); err != nil {
			return "", &refusal{err}
		}
	}
	base := c.authorize
	if base == "" {
		base = authorizeURL
	}
	// The platform insists on this order, which url.Values would not keep.
	address := base + "?appid=" + url.QueryEscape(c.appID) + "&redirect_uri=" + escapeURI(redirectURI) +
		"&response_type=code&scope=" + r.scope + "&state=" + state
	if r.popup {
		address += "&forcePopup=true"
	}
	if c.component != nil {
		address += "&component_appid=" + url.QueryEscape(c.component.appID)
	}
	return address + "#wechat_redirect", nil
}

// escapeURI is url.QueryEscape with %20 for a space, which every decoder understands.
func escapeURI(uri string) string { return strings.ReplaceAll(url.QueryEscape(uri), "+", "%20") }

// checkRedirect checks a redirect URI, to which WeChat adds the parameters added. WeChat's own page
// takes none with a port, where a simulation and the page of a platform do.
func checkRedirect(uri string, portless bool, added ...string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil || !utf8.ValidString(uri):
		return refuse("the redirect URI cannot be parsed")
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return refuse("the redirect URI must be whole, such as https://school.example/photo/back")
	case u.User != nil:
		return refuse("the redirect URI must not hold a user or password")
	case strings.HasSuffix(u.Host, ":"):
		return refuse("the redirect URI has a colon after the host and no port: leave the colon out")
	case portless && u.Port() != "":
		return refuse("the redirect URI must not have a port: WeChat shows the visitor error 10003")
	}
	if slices.ContainsFunc(added, u.Query().Has) {
		return refuse("the redirect URI must not have a parameter " + strings.Join(added, " or ") + ": WeChat adds its own")
	}
	return nil
}

func checkState(state string) error {
	const wayOut = ": keep what it stands for on the server under a random key, such as rand.Text(), and give the key"
	switch {
	case state == "":
		return refuse("the state is empty: give a random one that is tied to the visitor's browser")
	case len(state) > maxState:
		return refuse(fmt.Sprintf("the state has %d bytes, at most %d", len(state), maxState) + wayOut)
	case strings.ContainsFunc(state, notForState):
		return refuse("the state may hold only letters (a-z, A-Z), digits, - and _" + wayOut)
	}
	return nil
}

func notForState(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_'
}

// WebAuthOpenID exchanges the code that WeChat sent the visitor back with for the visitor's
// openid. A code works once and expires after five minutes, so the request is never repeated after
// it may have left, neither by the Client nor by net/http. After
// [ErrOAuthCodeUsed], which a reload causes, [ErrInvalidOAuthCode] and KindLost, authorize the
// visitor again; after the exchange set a session cookie and redirect to a clean address.
//
// It needs the AppSecret, or [WithComponent], also where tokens come from a [WithTokenSource].
//
// GET /sns/oauth2/access_token, or GET /sns/oauth2/component/access_token
func (c *Client) WebAuthOpenID(ctx context.Context, code string) (WebAuth, error) {
	r := &request{
		kind: requestKind{op: OpCall, plain: true, once: true, private: true}, method: http.MethodGet,
		path: webAuthPath, header: c.getHeader(), secrets: []string{code},
	}
	if c.component != nil {
		r.path = componentWebAuthPath
	}
	if code == "" {
		return WebAuth{}, c.codeFailure(r, int64(ErrMissingOAuthCode), "", 0)
	}
	if c.component == nil || c.tokenless {
		if err := c.needSecret("WebAuthOpenID"); err != nil {
			return WebAuth{}, err
		}
	}
	if c.component == nil {
		r.query = "appid=" + url.QueryEscape(c.appID) + "&secret=" + url.QueryEscape(c.secret()) +
			"&code=" + url.QueryEscape(code) + "&grant_type=authorization_code"
		return c.exchange(ctx, r)
	}
	if ctx == nil {
		return WebAuth{}, c.failure(r, KindRequest, errNilContext)
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

// exchange reads who has authorized.
func (c *Client) exchange(ctx context.Context, r *request) (WebAuth, error) {
	start := time.Now()
	var answer struct {
		AccessToken  string `json:"access_token"`
		ExpiresIn    number `json:"expires_in"`
		RefreshToken string `json:"refresh_token"`
		OpenID       string `json:"openid"`
		UnionID      string `json:"unionid"`
		Scope        string `json:"scope"`
		Snapshot     number `json:"is_snapshotuser"`
	}
	err := c.run(ctx, r, func(resp *http.Response) error { return c.decode(r, resp, &answer) })
	if err != nil {
		return WebAuth{}, err
	}
	if answer.OpenID == "" {
		return WebAuth{}, c.failure(r, KindLost, errors.New("the answer holds no openid"))
	}
	auth := WebAuth{OpenID: answer.OpenID, UnionID: answer.UnionID, Scope: answer.Scope, Snapshot: answer.Snapshot != 0}
	if answer.AccessToken != "" {
		auth.token, auth.expiry = &answer.AccessToken, start.Add(answer.ExpiresIn.seconds())
	}
	if answer.RefreshToken != "" {
		auth.refresh = &answer.RefreshToken
	}
	return auth, nil
}
