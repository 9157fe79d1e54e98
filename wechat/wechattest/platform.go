package wechattest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/org/wxhome/callback"
)

// The calls of a third-party platform.
const (
	pathComponentToken  = "/cgi-bin/component/api_component_token"
	pathStartTickets    = "/cgi-bin/component/api_start_push_ticket"
	pathPreAuthCode     = "/cgi-bin/component/api_create_preauthcode"
	pathQueryAuth       = "/cgi-bin/component/api_query_auth"
	pathAuthorizerToken = "/cgi-bin/component/api_authorizer_token"
	pathAuthorizerList  = "/cgi-bin/component/api_get_authorizer_list"
)

const (
	ticketLife  = 12 * time.Hour
	preAuthLife = 10 * time.Minute
	grantLife   = time.Hour // of an authorization code; WeChat tells each one's end
	maxListed   = 500
)

// addPlatformRoutes adds the calls of third-party platforms, which look at tokens of their own.
func addPlatformRoutes(routes map[string]*route) {
	for _, r := range []*route{
		{path: pathComponentToken, serve: (*call).componentToken},
		{path: pathStartTickets, serve: (*call).startTickets},
		{path: pathPreAuthCode, serve: (*call).preAuthCode},
		{path: pathQueryAuth, serve: (*call).queryAuth},
		{path: pathAuthorizerToken, serve: (*call).authorizerToken},
		{path: pathAuthorizerList, serve: (*call).listAuthorizers},
	} {
		r.method, r.open = http.MethodPost, true
		routes[r.path] = r
	}
}

// A Platform is a third-party platform (第三方平台) of the simulation. Make one with
// [Server.AddPlatform]. Nobody has authorized it at first, and it has no ticket before
// [Platform.PushTicket] or [Platform.Ticket].
type Platform struct {
	AppID     string // read-only: component_appid
	AppSecret string // read-only: component_appsecret

	server *Server
	desk   *Account // has the callback of the platform itself; not one of the server's accounts

	mu      sync.Mutex // guards the fields below
	stopped bool       // no tickets are pushed
	rotates bool
	tickets map[string]time.Time // when they were made
	tokens  []platformToken
	preAuth map[string]time.Time // until when
	codes   map[string]*authorizationCode
	grants  map[string]*authorized
	order   []string // of grants
}

// platformToken is a component_access_token.
type platformToken struct {
	value  string
	expiry time.Time
}

// authorizationCode is good once.
type authorizationCode struct {
	account *Account
	issued  time.Time
	used    bool
}

// authorized is an account whose owner has authorized the platform.
type authorized struct {
	account  *Account
	at       time.Time
	refresh  string
	old      string // the refresh token before
	oldUntil time.Time
}

// AddPlatform adds a third-party platform. It panics when the AppID or the secret is empty or the
// AppID is taken.
func (s *Server) AddPlatform(appID, appSecret string) *Platform {
	if appID == "" || appSecret == "" {
		panic("wechattest: a platform needs an AppID and an AppSecret")
	}
	p := &Platform{
		AppID: appID, AppSecret: appSecret, server: s, desk: &Account{AppID: appID, server: s},
		tickets: make(map[string]time.Time), preAuth: make(map[string]time.Time),
		codes: make(map[string]*authorizationCode), grants: make(map[string]*authorized),
	}
	s.accountsMu.Lock()
	defer s.accountsMu.Unlock()
	if s.platforms[appID] != nil || s.accounts[appID] != nil {
		panic("wechattest: there is an account or a platform " + appID + " already")
	}
	if s.platforms == nil {
		s.platforms = make(map[string]*Platform)
	}
	s.platforms[appID] = p
	return p
}

func (s *Server) platform(appID string) *Platform {
	s.accountsMu.RLock()
	defer s.accountsMu.RUnlock()
	return s.platforms[appID]
}

// SetCallback sets the platform's authorization-event URL (授权事件接收URL). Its pushes are always
// in safe mode and XML, and the AppID is the platform's, whatever c says. It panics as
// [Account.SetCallback] does.
func (p *Platform) SetCallback(c Callback) {
	c.Mode, c.Format, c.AppID, c.OriginalID = Safe, callback.XML, p.AppID, p.AppID
	l, err := newLine(p.desk, c)
	if err != nil {
		panic("wechattest: " + err.Error())
	}
	l.outer = "AppId"
	if old := p.desk.line.Swap(l); old != nil {
		old.close()
	}
}

// Ticket makes a new component_verify_ticket and returns it, without a push. It lives for 12 hours.
func (p *Platform) Ticket() string {
	ticket := "ticket@@@" + newToken()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tickets[ticket] = p.server.Now()
	return ticket
}

var errStopped = errors.New("wechattest: tickets are stopped until api_start_push_ticket is called; see Platform.StopTickets")

// PushTicket pushes a new ticket, as WeChat does every ten minutes. It is an error after
// [Platform.StopTickets].
func (p *Platform) PushTicket(ctx context.Context) (Delivered, error) {
	p.mu.Lock()
	stopped := p.stopped
	p.mu.Unlock()
	if stopped {
		return Delivered{}, errStopped
	}
	return p.push(ctx, "component_verify_ticket", Element{"ComponentVerifyTicket", p.Ticket()})
}

// StopTickets is an outage: no tickets are pushed before api_start_push_ticket is called.
func (p *Platform) StopTickets() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
}

// push pushes one of the platform's own events.
func (p *Platform) push(ctx context.Context, infoType string, elements ...Element) (Delivered, error) {
	head := []Element{{"AppId", p.AppID}, {"CreateTime", p.server.Now().Unix()}, {"InfoType", infoType}}
	return p.desk.Push(ctx, Push{Body: encodeElements(callback.XML, append(head, elements...))})
}

// Authorize has the owner of an account authorize the platform, and returns the code (auth_code)
// that the owner is sent back with. From then on the platform runs the account: its refresh token
// is another one, and web authorization goes by way of the platform.
func (p *Platform) Authorize(a *Account) (code string) {
	code = "queryauthcode@@@" + rand.Text()
	now := p.server.Now()
	p.mu.Lock()
	g := p.grants[a.AppID]
	if g == nil {
		g = &authorized{account: a}
		p.grants[a.AppID] = g
		p.order = append(p.order, a.AppID)
	}
	g.at, g.refresh, g.old = now, newRefreshToken(), ""
	p.codes[code] = &authorizationCode{account: a, issued: now}
	p.mu.Unlock()
	a.webAuth.mu.Lock()
	defer a.webAuth.mu.Unlock()
	a.webAuth.platform, a.webAuth.by = p.AppID, p
	return code
}

func newRefreshToken() string { return "refreshtoken@@@" + rand.Text() + rand.Text() }

// PushAuthorized has the owner of an account authorize the platform, and pushes the event: authorized,
// or updateauthorized where the account has authorized it before.
func (p *Platform) PushAuthorized(ctx context.Context, a *Account) (Delivered, error) {
	p.mu.Lock()
	kind := "authorized"
	if p.grants[a.AppID] != nil {
		kind = "updateauthorized"
	}
	p.mu.Unlock()
	return p.push(ctx, kind, Element{"AuthorizerAppid", a.AppID}, Element{"AuthorizationCode", p.Authorize(a)},
		Element{"AuthorizationCodeExpiredTime", p.server.Now().Add(grantLife).Unix()}, Element{"PreAuthCode", "preauthcode@@@" + rand.Text()})
}

// Withdraw has the owner of an account withdraw the authorization: the refresh token and the tokens
// that the platform has fetched are refused with 61003.
func (p *Platform) Withdraw(a *Account) {
	p.mu.Lock()
	delete(p.grants, a.AppID)
	p.order = slices.DeleteFunc(p.order, func(id string) bool { return id == a.AppID })
	p.mu.Unlock()
	a.endGrant(&a.byPlatform, 61003)
	a.webAuth.mu.Lock()
	defer a.webAuth.mu.Unlock()
	a.webAuth.platform, a.webAuth.by = "", nil
}

// RotateRefreshTokens has each refresh of an account's token change the refresh token, as WeChat may
// do. The one before works for 5 more minutes. Without it the refresh token stays the same.
func (p *Platform) RotateRefreshTokens() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rotates = true
}

// RefreshToken returns the newest refresh token of an account; empty: it has not authorized the
// platform.
func (p *Platform) RefreshToken(a *Account) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if g := p.grants[a.AppID]; g != nil {
		return g.refresh
	}
	return ""
}

// ExpireTokens ends the platform's own tokens: their next use is answered 42006.
func (p *Platform) ExpireTokens() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.tokens {
		p.tokens[i].expiry = p.server.Now()
	}
}

// componentToken serves POST /cgi-bin/component/api_component_token.
func (c *call) componentToken() reply {
	in := c.object()
	ticket := in.text("component_verify_ticket")
	p, code := c.platformBySecret(in, "component_appsecret")
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case code != 0:
		return c.refuse(code)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	made, known := p.tickets[ticket]
	switch {
	case !known:
		return c.refuse(61006)
	case c.now.Sub(made) > ticketLife:
		return c.refuse(61005)
	}
	p.tokens = slices.DeleteFunc(p.tokens, func(t platformToken) bool { return c.now.Sub(t.expiry) > ticketLife })
	for i := range p.tokens { // which work for a while beside the new one
		if end := c.now.Add(c.server.overlap()); end.Before(p.tokens[i].expiry) {
			p.tokens[i].expiry = end
		}
	}
	t := platformToken{newToken(), c.now.Add(c.server.lifetime)}
	p.tokens = append(p.tokens, t)
	return c.success(struct {
		Token     string `json:"component_access_token"`
		ExpiresIn int64  `json:"expires_in"`
	}{t.value, seconds(c.server.lifetime)})
}

// startTickets serves POST /cgi-bin/component/api_start_push_ticket.
func (c *call) startTickets() reply {
	in := c.object()
	p, code := c.platformBySecret(in, "component_secret")
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case code != 0:
		return c.refuse(code)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = false
	return c.done()
}

// platformBySecret finds the platform of a call that carries its secret, under the given name.
func (c *call) platformBySecret(in object, name string) (p *Platform, code int) {
	appID, secret := in.text("component_appid"), in.text(name)
	p = c.server.platform(appID)
	switch {
	case appID == "":
		return nil, 41018
	case p == nil:
		return nil, 61011
	case secret == "":
		return nil, 41004
	case secret != p.AppSecret:
		return nil, 40125
	}
	return p, 0
}

// platformByToken finds the platform of a call that carries its token.
func (c *call) platformByToken(in object) (p *Platform, code int) {
	appID := in.text("component_appid")
	p = c.server.platform(appID)
	switch {
	case *in.wrong:
		return nil, 47001
	case c.query("component_access_token") == "":
		return nil, 41021
	case appID == "":
		return nil, 41018
	case p == nil:
		return nil, 61011
	}
	return p, p.refuses(c.query("component_access_token"), c.now)
}

// refuses returns the errcode for a component_access_token; 0: it is good.
func (p *Platform) refuses(value string, now time.Time) (code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tokens {
		if t.value == value && now.Before(t.expiry) {
			return 0
		}
		if t.value == value {
			return 42006
		}
	}
	return 40001
}

// preAuthCode serves POST /cgi-bin/component/api_create_preauthcode.
func (c *call) preAuthCode() reply {
	p, code := c.platformByToken(c.object())
	if code != 0 {
		return c.refuse(code)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	made := "preauthcode@@@" + newToken()
	p.preAuth[made] = c.now.Add(preAuthLife)
	return c.success(struct {
		Code      string `json:"pre_auth_code"`
		ExpiresIn int64  `json:"expires_in"`
	}{made, seconds(preAuthLife)})
}

// AuthorizeAt is what the authorization page (componentloginpage) does when the owner of an account
// opens it and agrees: it takes the page's address and returns the code. The error says why the page
// would not do so, such as a pre_auth_code that has been used.
func (p *Platform) AuthorizeAt(address string, a *Account) (code string, err error) {
	query, ok := strings.CutPrefix(address, "https://mp.weixin.qq.com/cgi-bin/componentloginpage?")
	if !ok {
		return "", errors.New("wechattest: the address is not that of the page")
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	until, known := p.preAuth[q.Get("pre_auth_code")]
	delete(p.preAuth, q.Get("pre_auth_code"))
	p.mu.Unlock()
	switch {
	case q.Get("component_appid") != p.AppID:
		return "", errors.New("wechattest: component_appid is not the platform's")
	case !known || !p.server.Now().Before(until):
		return "", errors.New("wechattest: the pre_auth_code is unknown, used or expired")
	case !strings.HasPrefix(q.Get("redirect_uri"), "http"):
		return "", errors.New("wechattest: redirect_uri is no address")
	}
	return p.Authorize(a), nil
}

// functionReply is a permission set in an answer.
type functionReply struct {
	Category struct {
		ID int `json:"id"`
	} `json:"funcscope_category"`
}

// functions are the permission sets that every owner grants.
func functions() []functionReply {
	sets := make([]functionReply, 3)
	for i, id := range []int{1, 7, 11} {
		sets[i].Category.ID = id
	}
	return sets
}

// queryAuth serves POST /cgi-bin/component/api_query_auth.
func (c *call) queryAuth() reply {
	in := c.object()
	code := in.text("authorization_code")
	p, refused := c.platformByToken(in)
	if refused != 0 {
		return c.refuse(refused)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.codes[code]
	switch {
	case known == nil || known.used:
		return c.refuse(61009)
	case c.now.Sub(known.issued) > grantLife:
		return c.refuse(61010)
	}
	g := p.grants[known.account.AppID]
	if g == nil {
		return c.refuse(61003)
	}
	known.used = true
	type info struct {
		AppID     string          `json:"authorizer_appid"`
		Token     string          `json:"authorizer_access_token"`
		ExpiresIn int64           `json:"expires_in"`
		Refresh   string          `json:"authorizer_refresh_token"`
		Functions []functionReply `json:"func_info"`
	}
	i := c.issueFor(g.account)
	return c.success(struct {
		Info info `json:"authorization_info"`
	}{info{g.account.AppID, i.value, seconds(i.expiry.Sub(c.now)), g.refresh, functions()}})
}

// issueFor issues an authorizer_access_token.
func (c *call) issueFor(a *Account) *issued {
	c.account = a
	a.byPlatform.mu.Lock()
	defer a.byPlatform.mu.Unlock()
	return a.byPlatform.issue(c, c.now.Add(c.server.overlap()))
}

// authorizerToken serves POST /cgi-bin/component/api_authorizer_token.
func (c *call) authorizerToken() reply {
	in := c.object()
	appID, refresh := in.text("authorizer_appid"), in.text("authorizer_refresh_token")
	p, code := c.platformByToken(in)
	if code != 0 {
		return c.refuse(code)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.grants[appID]
	if g == nil {
		return c.refuse(61003)
	}
	c.account = g.account
	switch {
	case refresh == "":
		return c.refuse(41003)
	case refresh != g.refresh && (refresh != g.old || !c.now.Before(g.oldUntil)):
		return c.refuse(61023)
	}
	if code := c.count(); code != 0 {
		return c.refuse(code)
	}
	if p.rotates {
		g.old, g.oldUntil, g.refresh = g.refresh, c.now.Add(c.server.overlap()), newRefreshToken()
	}
	i := c.issueFor(g.account)
	return c.success(struct {
		Token     string `json:"authorizer_access_token"`
		ExpiresIn int64  `json:"expires_in"`
		Refresh   string `json:"authorizer_refresh_token"`
	}{i.value, seconds(i.expiry.Sub(c.now)), g.refresh})
}

// listAuthorizers serves POST /cgi-bin/component/api_get_authorizer_list.
func (c *call) listAuthorizers() reply {
	in := c.object()
	offset, count := in.number("offset"), in.number("count")
	p, code := c.platformByToken(in)
	if code != 0 {
		return c.refuse(code)
	}
	if offset < 0 || count < 1 || count > maxListed {
		return c.refuse(40097)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	type item struct {
		AppID   string `json:"authorizer_appid"`
		Refresh string `json:"refresh_token"`
		Time    int64  `json:"auth_time"`
	}
	total := int64(len(p.order))
	list := make([]item, 0, count)
	offset = min(offset, total)
	for _, id := range p.order[offset : offset+min(count, total-offset)] {
		g := p.grants[id]
		list = append(list, item{id, g.refresh, g.at.Unix()})
	}
	return c.success(struct {
		Total int64  `json:"total_count"`
		List  []item `json:"list"`
	}{total, list})
}
