package wechattest

import (
	"crypto/rand"
	"maps"
	"slices"
	"time"
)

// The calls about a visitor who has authorized.
const (
	pathWebAuthRefresh = "/sns/oauth2/refresh_token"
	pathWebAuthUser    = "/sns/userinfo"
	pathWebAuthCheck   = "/sns/auth"
)

const (
	visitorTokenLife   = 7200 * time.Second
	visitorRefreshLife = 30 * 24 * time.Hour
	visitorTokensKept  = 10_000
)

// visitorGrants are what visitors have authorized. The lock of webAuth guards them.
type visitorGrants struct {
	byToken, byRefresh kept[*visitorGrant]
	withdrawn          map[string]bool // openids
}

// visitorGrant is what one exchange has given.
type visitorGrant struct {
	visitor Visitor // with a virtual openid, name and picture in snapshot mode
	scope   string

	token, refresh         string
	tokenEnds, refreshEnds time.Time
}

// kept remembers the last values by a name.
type kept[T any] struct {
	byName map[string]T
	order  []string
}

func (k *kept[T]) add(name string, value T) {
	if k.byName == nil {
		k.byName = make(map[string]T)
	}
	if len(k.order) == visitorTokensKept {
		delete(k.byName, k.order[0])
		k.order = append(k.order[:0], k.order[1:]...)
	}
	k.byName[name] = value
	k.order = append(k.order, name)
}

// add gives a visitor a token and a refresh token. The caller holds the lock.
func (g *visitorGrants) add(v Visitor, scope string, now time.Time) *visitorGrant {
	delete(g.withdrawn, v.OpenID)
	if v.Snapshot {
		v = Visitor{OpenID: "oVIRTUAL" + rand.Text()[:20], UnionID: v.UnionID, Nickname: "微信用户", Snapshot: true}
		if v.UnionID != "" {
			v.UnionID = "uVIRTUAL" + rand.Text()[:20]
		}
	}
	return g.issue(&visitorGrant{visitor: v, scope: scope, refresh: newToken(), refreshEnds: now.Add(visitorRefreshLife)}, now)
}

// issue gives grant its token, and remembers both.
func (g *visitorGrants) issue(grant *visitorGrant, now time.Time) *visitorGrant {
	grant.token, grant.tokenEnds = newToken(), now.Add(visitorTokenLife)
	g.byToken.add(grant.token, grant)
	g.byRefresh.add(grant.refresh, grant)
	return grant
}

func (g *visitorGrant) reply(now time.Time) webAuthReply {
	return webAuthReply{
		Token: g.token, ExpiresIn: int(seconds(g.tokenEnds.Sub(now))), Refresh: g.refresh, OpenID: g.visitor.OpenID, Scope: g.scope,
	}
}

// Withdraw has the openids take their web authorizations back (取消授权): calls with their tokens are
// refused with 50001 until they authorize anew.
func (a *Account) Withdraw(openids ...string) {
	a.webAuth.mu.Lock()
	defer a.webAuth.mu.Unlock()
	g := &a.webAuth.grants
	if g.withdrawn == nil {
		g.withdrawn = make(map[string]bool)
	}
	for _, id := range openids {
		g.withdrawn[id] = true
	}
}

// refreshWebAuth serves GET /sns/oauth2/refresh_token. The refresh token before works for a while
// beside the new one.
func (c *call) refreshWebAuth() reply {
	a := c.server.account(c.query("appid"))
	switch {
	case c.query("appid") == "":
		return c.refuse(41002)
	case a == nil:
		return c.refuse(40013)
	case c.query("grant_type") != "refresh_token":
		return c.refuse(40002)
	case c.query("refresh_token") == "":
		return c.refuse(41003)
	}
	c.account = a
	w := &a.webAuth
	w.mu.Lock()
	defer w.mu.Unlock()
	old := w.grants.byRefresh.byName[c.query("refresh_token")]
	switch {
	case w.platform != "":
		return c.refuse(61003)
	case old == nil:
		return c.refuse(40030)
	case !c.now.Before(old.refreshEnds):
		return c.refuse(42002)
	case w.grants.withdrawn[old.visitor.OpenID]:
		return c.refuse(50001)
	}
	renewed := &visitorGrant{visitor: old.visitor, scope: old.scope, refresh: newToken(), refreshEnds: c.now.Add(visitorRefreshLife)}
	old.refreshEnds = earlier(old.refreshEnds, c.now.Add(overlap))
	return c.success(w.grants.issue(renewed, c.now).reply(c.now))
}

// visitorOf returns what the token in the query stands for, or the errcode for it. Tokens are found
// over all accounts, since these calls name none.
func (c *call) visitorOf() (grant visitorGrant, code int) {
	switch {
	case c.query("access_token") == "":
		return visitorGrant{}, 41001
	case c.query("openid") == "":
		return visitorGrant{}, 41009
	}
	c.server.accountsMu.RLock()
	accounts := slices.Collect(maps.Values(c.server.accounts))
	c.server.accountsMu.RUnlock()
	for _, a := range accounts {
		if grant, code, found := a.visitorBy(c.query("access_token"), c); found {
			return grant, code
		}
	}
	return visitorGrant{}, 40014
}

func (a *Account) visitorBy(token string, c *call) (grant visitorGrant, code int, found bool) {
	a.webAuth.mu.Lock()
	defer a.webAuth.mu.Unlock()
	g := &a.webAuth.grants
	known := g.byToken.byName[token]
	if known == nil {
		return visitorGrant{}, 0, false
	}
	c.account = a
	switch {
	case !c.now.Before(known.tokenEnds):
		code = 42001
	case known.visitor.OpenID != c.query("openid"):
		code = 40003
	case g.withdrawn[known.visitor.OpenID]:
		code = 50001
	}
	return *known, code, true
}

// webAuthUser serves GET /sns/userinfo.
func (c *call) webAuthUser() reply {
	grant, code := c.visitorOf()
	switch {
	case code != 0:
		return c.refuse(code)
	case grant.scope != "snsapi_userinfo":
		return c.refuse(48001)
	}
	v := grant.visitor
	return c.success(struct {
		OpenID       string   `json:"openid"`
		Nickname     string   `json:"nickname"`
		Sex          int      `json:"sex"`
		Province     string   `json:"province"`
		City         string   `json:"city"`
		Country      string   `json:"country"`
		HeadImageURL string   `json:"headimgurl"`
		Privilege    []string `json:"privilege"`
		UnionID      string   `json:"unionid,omitempty"`
	}{OpenID: v.OpenID, Nickname: v.Nickname, HeadImageURL: v.HeadImageURL, Privilege: []string{}, UnionID: v.UnionID})
}

// checkWebAuth serves GET /sns/auth.
func (c *call) checkWebAuth() reply {
	if _, code := c.visitorOf(); code != 0 {
		return c.refuse(code)
	}
	return c.done()
}
