package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/org/wxhome/token"
)

// The calls of a third-party platform. The first two carry its secret and no token.
const (
	componentTokenPath  = "/cgi-bin/component/api_component_token"
	startTicketPath     = "/cgi-bin/component/api_start_push_ticket"
	preAuthCodePath     = "/cgi-bin/component/api_create_preauthcode"
	queryAuthPath       = "/cgi-bin/component/api_query_auth"
	authorizerTokenPath = "/cgi-bin/component/api_authorizer_token"
	authorizerListPath  = "/cgi-bin/component/api_get_authorizer_list"

	// authorizePage is where the owner of an account authorizes a platform. It is a page for people.
	authorizePage = "https://mp.weixin.qq.com/cgi-bin/componentloginpage"
)

// componentMargin is how long before its end a component_access_token is refreshed: the platform
// advises to do so after 1 h 50 min of its two hours.
const componentMargin = 10 * time.Minute

// Platform is a third-party platform (第三方平台), which acts for the accounts whose owners have
// authorized it. It keeps the platform's own token (component_access_token), and gives a
// [token.Source] for each account:
//
//	platform, err := wechat.NewPlatform(componentAppID, componentSecret, store)
//	client, err := wechat.New(appID, "", wechat.WithTokenSource(platform.Authorizer(appID)))
//
// A Platform is a [callback.Handler] for the platform's own pushes, which bring the ticket that the
// first token needs; see [Platform.Handle]. What must not be lost is in a [PlatformStore].
//
// # Several processes
//
// Each fetch of an account's token retires the one before after some minutes, so that processes
// must share them: give NewPlatform and each New the same [WithTokenStore]. If that store is a
// [token.Locker], one process fetches at a time. They share the PlatformStore too.
//
// A Platform is safe for concurrent use. One per process is enough. There is nothing to close.
// Printing it shows its AppID.
type Platform struct {
	client *Client // speaks for the platform itself: its token is the component_access_token
	kept   keeper

	mu          sync.Mutex // guards authorizers
	authorizers map[string]*Authorizer
}

// NewPlatform returns the third-party platform with the AppID componentAppID. Its secret is that of
// the platform, store keeps its ticket and the refresh tokens of the accounts. It does no I/O.
//
// opts are those of [New], and concern the platform's own calls. With [WithTokenStore] processes
// share the component_access_token. WithTokenSource, WithClassicToken, WithComponent, WithoutToken
// and WithCloudbaseToken are refused. The error names every fault.
//
// The first call fetches the token, and further ones 10 minutes before its end. Without a ticket the
// error is an [*Error] of [KindAccount] whose Hint says where to look.
//
// POST /cgi-bin/component/api_component_token
func NewPlatform(componentAppID, componentSecret string, store PlatformStore, opts ...Option) (*Platform, error) {
	if isNil(store) {
		return nil, refuse("NewPlatform: the PlatformStore is nil")
	}
	kept := keeper{func() PlatformStore { return store }}
	client, err := New(componentAppID, componentSecret, append(slices.Clone(opts), asPlatform(kept))...)
	if err != nil {
		return nil, err
	}
	return &Platform{client: client, kept: kept, authorizers: make(map[string]*Authorizer)}, nil
}

// asPlatform makes the Client that of a platform.
func asPlatform(kept keeper) Option {
	return func(o *settings) error { o.platform = &kept; return nil }
}

// AppID returns the platform's AppID (component_appid).
func (p *Platform) AppID() string { return p.client.appID }

// Call is [Client.Call] with the platform's component_access_token, for the calls under
// /cgi-bin/component/ and /wxa/component/ that have no method. path has no token.
func (p *Platform) Call(ctx context.Context, method, path string, in, out any) error {
	return p.client.Call(ctx, method, path, in, out)
}

// StartTickets has WeChat push tickets again after an outage. The next one comes within ten minutes.
//
// POST /cgi-bin/component/api_start_push_ticket
func (p *Platform) StartTickets(ctx context.Context) error {
	c := p.client
	r := &request{
		kind: requestKind{op: OpCall, plain: true, private: true, repeatable: true}, method: http.MethodPost,
		path: startTicketPath, header: c.jsonHeader(),
	}
	body, err := encode(map[string]string{"component_appid": c.appID, "component_secret": c.secret()})
	if err != nil {
		return err
	}
	r.setBytes(body)
	return c.run(ctx, r, func(resp *http.Response) error { return c.decode(r, resp, nil) })
}

// AuthorizeURL returns the address of the page on which the owner of an account authorizes the
// platform (授权页), in a browser on a computer. WeChat sends the owner on to redirectURI with the
// parameters auth_code and expires_in. The same code comes by a push, which [Platform.Handle] takes.
// The address serves one authorization and expires, usually after ten minutes: make it when the
// owner asks for it.
//
// redirectURI is an http or https address without a parameter auth_code or expires_in.
//
// POST /cgi-bin/component/api_create_preauthcode
func (p *Platform) AuthorizeURL(ctx context.Context, redirectURI string) (string, error) {
	if err := checkRedirect(redirectURI, false, "auth_code", "expires_in"); err != nil {
		return "", err
	}
	var answer struct {
		Code string `json:"pre_auth_code"`
	}
	r, err := p.ask(ctx, preAuthCodePath, map[string]any{}, &answer, call{repeatable: true})
	if err != nil {
		return "", err
	}
	if answer.Code == "" {
		return "", p.client.failure(r, KindLost, errors.New("the answer holds no pre_auth_code"))
	}
	return authorizePage + "?component_appid=" + url.QueryEscape(p.AppID()) +
		"&pre_auth_code=" + url.QueryEscape(answer.Code) + "&redirect_uri=" + escapeURI(redirectURI), nil
}

// call is what sets one of the platform's calls apart.
type call struct {
	op         Op // OpCall, unless set
	repeatable bool
	reads      bool     // changes nothing, and its answer counts as a GET's
	secrets    []string // in the request, for no error to hold
}

// ask posts in with the platform's AppID.
func (p *Platform) ask(ctx context.Context, path string, in map[string]any, out any, is call) (*request, error) {
	c := p.client
	in["component_appid"] = c.appID
	r, err := c.fromCall(http.MethodPost, path, in, out)
	if err != nil {
		return nil, err
	}
	r.kind.repeatable, r.kind.reads, r.secrets = is.repeatable || is.reads, is.reads, is.secrets
	if is.op == OpToken {
		r.kind.op, r.kind.unlimited = OpToken, true
	}
	return r, c.run(ctx, r, func(resp *http.Response) error { return c.decode(r, resp, out) })
}

// fetchComponent fetches the platform's own token, for the newest ticket.
func (c *Client) fetchComponent(ctx context.Context) (token.Token, error) {
	r := &request{kind: tokenKind, method: http.MethodPost, path: componentTokenPath, header: c.jsonHeader()}
	ticket, err := c.platform.load(ctx, ticketKey(c.appID))
	if err != nil {
		return token.Token{}, c.failure(r, KindNetwork, fmt.Errorf("load the component_verify_ticket: %w", err))
	}
	if ticket == "" {
		return token.Token{}, c.codeFailure(r, int64(ErrComponentTicketInvalid), "no component_verify_ticket has arrived yet", 0)
	}
	r.secrets = []string{ticket}
	body, err := encode(map[string]string{
		"component_appid": c.appID, "component_appsecret": c.secret(), "component_verify_ticket": ticket,
	})
	if err != nil {
		return token.Token{}, err
	}
	r.setBytes(body)
	return c.fetch(ctx, r)
}

// isComponentPath tells the calls that a platform makes for itself.
func isComponentPath(path string) bool { return strings.Contains(path, "/component/api_") }

// Format prints the platform's AppID and nothing else, whatever the verb.
func (p *Platform) Format(f fmt.State, _ rune) {
	if p == nil {
		_, _ = io.WriteString(f, "wechat.Platform(nil)")
		return
	}
	_, _ = io.WriteString(f, "wechat.Platform("+p.AppID()+")")
}
