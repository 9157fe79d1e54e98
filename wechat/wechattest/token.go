package wechattest

import (
	"encoding/base64"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	overlap      = 5 * time.Minute // an old token beside the new one, and how early stable_token rotates
	forcedPerDay = 20
	forcedApart  = 30 * time.Second
	tokensKept   = 10_000
)

// An issued token. Only end and why change.
type issued struct {
	value   string
	account *Account
	expiry  time.Time
	end     atomic.Int64 // unix nanoseconds from which it is refused
	why     atomic.Int32 // errcode from then on: 42001 expired, 40001 replaced
}

// finish has the token refused from t on, unless it ends earlier anyway.
func (i *issued) finish(t time.Time, why int32) {
	if t.UnixNano() < i.end.Load() {
		i.why.Store(why)
		i.end.Store(t.UnixNano())
	}
}

func (i *issued) alive(now time.Time) bool { return now.UnixNano() < i.end.Load() }

// A grant issues the tokens of one account and one endpoint.
type grant struct {
	mu      sync.Mutex // guards the fields below
	current *issued    // nil: none yet
	old     []*issued  // replaced, but perhaps alive
	forced  []time.Time
}

// registry knows the tokens that were issued.
type registry struct {
	byValue sync.Map   // string to *issued
	mu      sync.Mutex // guards order
	order   []string   // the last tokensKept
}

func (r *registry) add(i *issued) {
	r.byValue.Store(i.value, i)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.order) == tokensKept {
		r.byValue.Delete(r.order[0])
		r.order = append(r.order[:0], r.order[1:]...)
	}
	r.order = append(r.order, i.value)
}

// IssuedTokens returns the tokens that were issued to any account, oldest
// first, the last 10,000 of them: for tests that look for tokens where none
// may be.
func (s *Server) IssuedTokens() []string {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	return append([]string(nil), s.tokens.order...)
}

// TokenFetches returns how many requests have come in for a token, to either
// endpoint, whatever they were answered.
func (s *Server) TokenFetches() int {
	return s.Requests(pathToken) + s.Requests(pathStableToken)
}

// ExpireTokens ends all tokens of the account at once: their next use is
// answered 42001, and the next fetch gives a new one.
func (a *Account) ExpireTokens() { a.endTokens(42001) }

// ReplaceTokens ends all tokens of the account as another program does that
// fetches one for itself: their next use is answered 40001, "not latest".
func (a *Account) ReplaceTokens() { a.endTokens(40001) }

func (a *Account) endTokens(why int32) {
	for _, g := range []*grant{&a.classic, &a.stable, &a.byPlatform} {
		a.endGrant(g, why)
	}
}

// endGrant ends the tokens of one endpoint.
func (a *Account) endGrant(g *grant, why int32) {
	now := a.server.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, i := range append(g.old, g.current) {
		if i != nil {
			i.finish(now, why)
		}
	}
	g.current, g.old = nil, nil
}

// issue makes a new token the current one. The one before, and those that
// are in their overlap still, end at until. The caller holds g.mu.
func (g *grant) issue(c *call, until time.Time) *issued {
	s := c.server
	i := &issued{value: newToken(), account: c.account, expiry: c.now.Add(s.lifetime)}
	i.end.Store(i.expiry.UnixNano())
	i.why.Store(42001)
	if g.current != nil {
		g.current.finish(until, 40001)
		g.old = append(g.old, g.current)
	}
	if !until.After(c.now) {
		for _, o := range g.old {
			o.finish(until, 40001)
		}
	}
	for len(g.old) > 0 && !g.old[0].alive(c.now) { // they end in the order they were issued
		g.old = g.old[1:]
	}
	g.current = i
	s.tokens.add(i)
	return i
}

// newToken returns a token of the length that today's have.
func newToken() string {
	var b [102]byte
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return "86_" + base64.RawURLEncoding.EncodeToString(b[:])
}

func (s *Server) overlap() time.Duration { return min(overlap, s.lifetime/4) }

type tokenReply struct {
	Token     string `json:"access_token"`
	ExpiresIn int64  `json:"expires_in"`
}

// classicToken serves GET /cgi-bin/token.
func (c *call) classicToken() reply {
	code := c.identify(c.query("grant_type"), c.query("appid"), c.query("secret"))
	if code == 0 {
		code = c.count()
	}
	if code != 0 {
		return c.refuse(code)
	}
	g := &c.account.classic
	g.mu.Lock()
	defer g.mu.Unlock()
	i := g.issue(c, c.now.Add(c.server.overlap()))
	return c.success(tokenReply{i.value, seconds(i.expiry.Sub(c.now))})
}

// stableToken serves POST /cgi-bin/stable_token.
func (c *call) stableToken() reply {
	var grantType, appID, secret string
	force, ok := false, true
	for key, raw := range members(c.body) {
		is := true
		switch key {
		case "grant_type":
			grantType, is = unquote(raw)
		case "appid":
			appID, is = unquote(raw)
		case "secret":
			secret, is = unquote(raw)
		case "force_refresh":
			force, is = raw == "true", raw == "true" || raw == "false"
		}
		ok = ok && is
	}
	if !ok {
		return c.refuse(47001)
	}
	code := c.identify(grantType, appID, secret)
	if code == 0 {
		code = c.count()
	}
	if code != 0 {
		return c.refuse(code)
	}
	g := &c.account.stable
	g.mu.Lock()
	defer g.mu.Unlock()
	if force {
		if code := g.mayForce(c.now); code != 0 {
			return c.refuse(code)
		}
		g.issue(c, c.now)
	} else if g.current == nil || !g.current.alive(c.now) || g.current.expiry.Sub(c.now) <= c.server.overlap() {
		g.issue(c, c.now.Add(c.server.overlap()))
	}
	return c.success(tokenReply{g.current.value, seconds(g.current.expiry.Sub(c.now))})
}

// mayForce counts a forced refresh, or refuses it.
func (g *grant) mayForce(now time.Time) (code int) {
	if len(g.forced) > 0 && dayOf(g.forced[0]) != dayOf(now) {
		g.forced = nil
	}
	n := len(g.forced)
	if n >= forcedPerDay {
		return 45009
	}
	if n > 0 && now.Sub(g.forced[n-1]) < forcedApart {
		return 45011
	}
	g.forced = append(g.forced, now)
	return 0
}

// seconds rounds down: a client must not be told more than there is.
func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// identify finds the account by its AppID and secret.
func (c *call) identify(grantType, appID, secret string) (code int) {
	switch {
	case grantType != "client_credential":
		return 40002
	case appID == "":
		return 41002
	case secret == "":
		return 41004
	}
	return c.identifySecret(appID, secret)
}

func (c *call) identifySecret(appID, secret string) (code int) {
	a := c.server.account(appID)
	switch {
	case a == nil:
		return 40013
	case a.AppSecret == secret:
		c.account = a
		return 0
	case c.server.ownsSecret(secret):
		return 40001
	}
	return 40125
}

// authenticate finds the account by the access_token.
func (c *call) authenticate() (code int) {
	value := c.query("access_token")
	if value == "" {
		return 41001
	}
	known, ok := c.server.tokens.byValue.Load(value)
	if !ok {
		return 40014
	}
	i := known.(*issued)
	if !i.alive(c.now) {
		return int(i.why.Load())
	}
	c.account = i.account
	return 0
}
