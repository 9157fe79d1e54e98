package wechattest

import (
	"crypto/rand"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// The paths of web authorization. The first is a page of open.weixin.qq.com,
// the others are calls.
const (
	pathAuthorize        = "/connect/oauth2/authorize"
	pathWebAuth          = "/sns/oauth2/access_token"
	pathComponentWebAuth = "/sns/oauth2/component/access_token"
)

const (
	codeLife  = 5 * time.Minute
	codesKept = 10_000
)

// UserAgent is a User-Agent of WeChat's own browser, for a test's requests to pages that are opened
// in WeChat. The authorize page refuses every other browser: it wants one that contains
// "MicroMessenger".
const UserAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
	"Mobile/15E148 MicroMessenger/8.0.50(0x18003230) NetType/WIFI Language/zh_CN"

// agentMark is what tells WeChat's browser from others.
const agentMark = "MicroMessenger"

// A Visitor is who opens a page in WeChat, for web authorization (网页授权).
type Visitor struct {
	OpenID   string // whoever it is need not follow the account; empty: nobody, WeChat asks to log in
	UnionID  string // empty: none is told
	Snapshot bool   // in snapshot mode (快照页): a virtual openid, name and picture are told in place of these
	// Nickname and HeadImageURL are what userinfo tells.
	Nickname, HeadImageURL string
}

// webAuth is what an account knows of web authorization.
type webAuth struct {
	mu        sync.Mutex // guards the fields below
	domains   []string
	visitor   func(*http.Request) Visitor
	platform  string    // the third-party platform's AppID; empty: none
	component string    // its component_access_token
	by        *Platform // it, where it is a Platform: then component is of no account
	codes     map[string]*issuedCode
	order     []string // of codes, the oldest first
	grants    visitorGrants
}

// An issuedCode is kept after its use, so that a second one is told from nonsense.
type issuedCode struct {
	visitor Visitor
	scope   string
	issued  time.Time
	used    bool
}

// SetWebAuthDomain registers hosts (网页授权域名) in place of the ones before:
// an authorization whose redirect_uri has another host is refused, so that
// without a call of it all are. A host may have a port.
func (a *Account) SetWebAuthDomain(hosts ...string) {
	a.webAuth.mu.Lock()
	defer a.webAuth.mu.Unlock()
	a.webAuth.domains = slices.Clone(hosts)
}

// Visit lets v be who opens pages from now on, in every browser. The browser
// must send a User-Agent that contains "MicroMessenger", such as [UserAgent].
func (a *Account) Visit(v Visitor) { a.VisitFunc(func(*http.Request) Visitor { return v }) }

// VisitFunc has who say for each request of a browser to the authorize page
// who its user is, by a cookie for instance. who is called from several
// goroutines, and not for a browser without WeChat's User-Agent, see [UserAgent].
func (a *Account) VisitFunc(who func(*http.Request) Visitor) {
	a.webAuth.mu.Lock()
	defer a.webAuth.mu.Unlock()
	a.webAuth.visitor = who
}

// SetComponent has a third-party platform (第三方平台) run the account: codes
// are given and exchanged with its AppID and component_access_token alone. A platform with tickets
// and tokens of its own is a [Platform].
func (a *Account) SetComponent(componentAppID, componentToken string) {
	a.webAuth.mu.Lock()
	defer a.webAuth.mu.Unlock()
	a.webAuth.platform, a.webAuth.component, a.webAuth.by = componentAppID, componentToken, nil
}

// AuthorizeURL is the address of the server's authorize page, for
// [github.com/org/wxhome/wechat.WithAuthorizeURL]. [Account.Client] has it set.
func (s *Server) AuthorizeURL() string { return s.URL + pathAuthorize }

// authorize serves GET /connect/oauth2/authorize, the page that a browser is
// redirected to: it sends the visitor on with a code, or shows what is wrong.
func (c *call) authorize() reply {
	q, wrong := authorizeQuery(c.request.URL.RawQuery)
	if wrong != "" {
		return oops(wrong)
	}
	a := c.server.account(q["appid"])
	if a == nil {
		return oops("appid: there is no such account")
	}
	target, err := url.Parse(q["redirect_uri"])
	if err != nil || target.Scheme != "http" && target.Scheme != "https" {
		return oops("redirect_uri: it is no whole address")
	}
	w := &a.webAuth
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case !slices.Contains(w.domains, target.Host) && !slices.Contains(w.domains, target.Hostname()):
		return oops("10003 redirect_uri域名与后台配置不一致: its host is not one of SetWebAuthDomain")
	case w.platform != q["component_appid"]:
		return oops("component_appid: it is not that of the platform that runs the account")
	case !strings.Contains(c.request.UserAgent(), agentMark):
		return oops(fmt.Sprintf("请在微信客户端打开链接: the User-Agent %.100q does not contain %q; send wechattest.UserAgent", c.request.UserAgent(), agentMark))
	}
	var v Visitor
	if w.visitor != nil {
		v = w.visitor(c.request)
	}
	if v.OpenID == "" {
		return oops("nobody is visiting: see Account.Visit")
	}
	code := w.issue(v, q["scope"], c.now)
	joint := "?"
	if target.RawQuery != "" {
		joint = "&"
	}
	target.ForceQuery = false
	address, fragment, routed := strings.Cut(target.String(), "#")
	address += joint + "code=" + code + "&state=" + q["state"]
	if routed {
		address += "#" + fragment
	}
	return reply{status: http.StatusFound, location: address}
}

// oops is the page that a visitor sees, with the reason for whoever reads a
// test's output. The call has failed for the person, so it has a status of
// its own, which WeChat's page has not.
func oops(why string) reply {
	return reply{status: http.StatusBadRequest, body: []byte("<!DOCTYPE html><title>Oops</title><p>" + html.EscapeString(why) + "</p>")}
}

// issue makes a code. The caller holds w.mu.
func (w *webAuth) issue(v Visitor, scope string, now time.Time) string {
	code := "0" + rand.Text() + "w3" // real ones have about 32 letters and digits
	if w.codes == nil {
		w.codes = make(map[string]*issuedCode)
	}
	if len(w.order) == codesKept {
		delete(w.codes, w.order[0])
		w.order = append(w.order[:0], w.order[1:]...)
	}
	w.codes[code] = &issuedCode{visitor: v, scope: scope, issued: now}
	w.order = append(w.order, code)
	return code
}

var (
	statePattern = regexp.MustCompile(`^[a-zA-Z0-9_-]{0,128}$`)
	scopePattern = regexp.MustCompile(`^snsapi_(base|userinfo)$`)
)

// authorizeQuery reads the query of the authorize page, whose order is fixed.
func authorizeQuery(raw string) (q map[string]string, wrong string) {
	q = make(map[string]string)
	order := []string{"appid", "redirect_uri", "response_type", "scope", "state", "forcePopup", "component_appid"}
	pairs := strings.Split(raw, "&")
	if len(pairs) < 6 || !strings.HasPrefix(pairs[5], "forcePopup=") {
		order = slices.Delete(order, 5, 6)
	}
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if i >= len(order) || name != order[i] {
			return nil, "the parameters must be " + strings.Join(order[:5], ", ") + " in this order, and forcePopup and component_appid may follow"
		}
		plain, err := url.QueryUnescape(value)
		if err != nil || strings.ContainsAny(value, ":/?@ ") {
			return nil, name + ": it must be URL-encoded"
		}
		q[name] = plain
	}
	switch {
	case len(pairs) < 5:
		return nil, "state is missing: without it anybody can forge a visit"
	case q["response_type"] != "code":
		return nil, "response_type must be code"
	case !scopePattern.MatchString(q["scope"]):
		return nil, "scope must be snsapi_base or snsapi_userinfo"
	case !statePattern.MatchString(q["state"]):
		return nil, "state must be up to 128 of a-z, A-Z, 0-9, - and _"
	case q["forcePopup"] != "" && q["forcePopup"] != "true":
		return nil, "forcePopup must be true"
	case slices.Contains(pairs, "component_appid="):
		return nil, "component_appid is empty"
	}
	return q, ""
}

// webAuthReply is the answer of an exchange.
type webAuthReply struct {
	Token     string `json:"access_token"`
	ExpiresIn int    `json:"expires_in"`
	Refresh   string `json:"refresh_token"`
	OpenID    string `json:"openid"`
	Scope     string `json:"scope"`
	Snapshot  int    `json:"is_snapshotuser,omitempty"`
	UnionID   string `json:"unionid,omitempty"`
}

// webAuth serves GET /sns/oauth2/access_token.
func (c *call) webAuth() reply {
	switch {
	case c.query("appid") == "":
		return c.refuse(41002)
	case c.query("secret") == "":
		return c.refuse(41004)
	}
	if code := c.identifySecret(c.query("appid"), c.query("secret")); code != 0 {
		return c.refuse(code)
	}
	if c.account.runBy() != "" {
		return c.refuse(61003)
	}
	return c.exchange()
}

// componentWebAuth serves GET /sns/oauth2/component/access_token.
func (c *call) componentWebAuth() reply {
	a := c.server.account(c.query("appid"))
	if a == nil {
		return c.refuse(40013)
	}
	a.webAuth.mu.Lock()
	platform, token, by := a.webAuth.platform, a.webAuth.component, a.webAuth.by
	a.webAuth.mu.Unlock()
	switch {
	case c.query("component_appid") == "" || c.query("component_appid") != platform:
		return c.refuse(61003)
	case c.query("component_access_token") == "":
		return c.refuse(41001)
	case by != nil:
		if code := by.refuses(c.query("component_access_token"), c.now); code != 0 {
			return c.refuse(code)
		}
	case c.query("component_access_token") != token:
		return c.refuse(40001)
	}
	c.account = a
	return c.exchange()
}

func (a *Account) runBy() string {
	a.webAuth.mu.Lock()
	defer a.webAuth.mu.Unlock()
	return a.webAuth.platform
}

// exchange takes the code of the query, which is good once.
func (c *call) exchange() reply {
	code := c.query("code")
	switch {
	case c.query("grant_type") != "authorization_code":
		return c.refuse(40002)
	case code == "":
		return c.refuse(41008)
	}
	w := &c.account.webAuth
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.codes[code]
	switch {
	case known == nil || c.now.Sub(known.issued) > codeLife:
		return c.refuse(40029)
	case known.used:
		return c.refuse(40163)
	}
	known.used = true
	v := known.visitor
	g := w.grants.add(v, known.scope, c.now)
	r := g.reply(c.now)
	r.UnionID = g.visitor.UnionID
	if v.Snapshot {
		r.Snapshot = 1
	}
	return c.success(r)
}
