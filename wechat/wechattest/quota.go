package wechattest

import (
	"sync"
	"time"
)

const (
	clearsPerMonth     = 10 // clear_quota and clear_quota/v2 together
	pathClearsPerMonth = 50 // openapi/quota/clear
)

// beijing is how far Beijing is ahead of UTC, in seconds. Quotas begin anew
// at its midnight.
const beijing = 8 * 60 * 60

func dayOf(t time.Time) int64    { return (t.Unix() + beijing) / (24 * 60 * 60) }
func minuteOf(t time.Time) int64 { return t.Unix() / 60 }
func monthOf(t time.Time) int {
	local := t.UTC().Add(beijing * time.Second)
	return local.Year()*12 + int(local.Month())
}

// usageBook counts an account's calls.
type usageBook struct {
	mu     sync.RWMutex // guards paths
	paths  map[string]*usage
	clears monthly
	single monthly
}

// usage counts the calls to one path.
type usage struct {
	mu          sync.Mutex // guards the fields below
	day, minute int64
	today, now  int64 // calls on that day, in that minute
	daily       int64 // the quota; -1: none
	perMinute   int64 // the quota; -1: none
}

func (b *usageBook) of(path string) *usage {
	b.mu.RLock()
	u := b.paths[path]
	b.mu.RUnlock()
	if u != nil {
		return u
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.paths == nil {
		b.paths = make(map[string]*usage)
	}
	if u = b.paths[path]; u == nil {
		u = &usage{daily: -1, perMinute: -1}
		b.paths[path] = u
	}
	return u
}

// turn begins a new day or minute when it is time. The caller holds u.mu.
func (u *usage) turn(now time.Time) {
	if day := dayOf(now); day != u.day {
		u.day, u.today = day, 0
	}
	if minute := minuteOf(now); minute != u.minute {
		u.minute, u.now = minute, 0
	}
}

// reset forgets the calls of today.
func (u *usage) reset() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.today, u.now = 0, 0
}

// count counts the call, or refuses it because a quota is used up.
func (c *call) count() (code int) {
	u := c.account.usage.of(c.route.path)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.turn(c.now)
	switch {
	case u.daily >= 0 && u.today >= u.daily:
		return 45009
	case u.perMinute >= 0 && u.now >= u.perMinute:
		return 45011
	}
	u.today++
	u.now++
	return 0
}

// SetDailyQuota lets the account call a path n times a day; further calls are
// answered 45009 until midnight in Beijing, or until the quota is cleared.
// Calls of today that were made before count. A negative n lifts the quota;
// none is set at first.
func (a *Account) SetDailyQuota(path string, n int) {
	u := a.usage.of(path)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.daily = max(int64(n), -1)
}

// SetMinuteLimit lets the account call a path n times within a minute of the
// clock; further calls are answered 45011 until the next one. A negative n
// lifts the limit; none is set at first.
func (a *Account) SetMinuteLimit(path string, n int) {
	u := a.usage.of(path)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.perMinute = max(int64(n), -1)
}

// monthly counts what may be done so many times a month.
type monthly struct {
	mu    sync.Mutex // guards the fields below
	month int
	n     int
}

func (m *monthly) take(now time.Time, limit int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if month := monthOf(now); month != m.month {
		m.month, m.n = month, 0
	}
	if m.n >= limit {
		return false
	}
	m.n++
	return true
}

// clearQuota serves POST /cgi-bin/clear_quota.
func (c *call) clearQuota() reply {
	if appID, _ := c.field("appid"); appID != c.account.AppID {
		return c.refuse(40013)
	}
	return c.clearAll(func(string) bool { return true })
}

// clearQuotaBySecret serves POST /cgi-bin/clear_quota/v2, whose parameters
// the documentation has in the body in one place and in the query in another.
func (c *call) clearQuotaBySecret() reply {
	appID, _ := c.field("appid")
	secret, _ := c.field("appsecret")
	if appID == "" && secret == "" {
		appID, secret = c.query("appid"), c.query("appsecret")
	}
	if code := c.identify("client_credential", appID, secret); code != 0 {
		return c.refuse(code)
	}
	return c.clearAll(func(path string) bool { return path != pathToken && path != pathStableToken })
}

func (c *call) clearAll(which func(path string) bool) reply {
	b := &c.account.usage
	if !b.clears.take(c.now, clearsPerMonth) {
		return c.refuse(48006)
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	for path, u := range b.paths {
		if which(path) {
			u.reset()
		}
	}
	return c.done()
}

// clearPathQuota serves POST /cgi-bin/openapi/quota/clear.
func (c *call) clearPathQuota() reply {
	path, code := c.quotaPath()
	if code != 0 {
		return c.refuse(code)
	}
	if !c.account.usage.single.take(c.now, pathClearsPerMonth) {
		return c.refuse(48006)
	}
	c.account.usage.of(path).reset()
	return c.done()
}

type rateLimit struct {
	CallCount     int64 `json:"call_count"`
	RefreshSecond int64 `json:"refresh_second"`
}

type dayQuota struct {
	DailyLimit int64 `json:"daily_limit"`
	Used       int64 `json:"used"`
	Remain     int64 `json:"remain"`
}

type quotaReply struct {
	Code      int        `json:"errcode"`
	Message   string     `json:"errmsg"`
	Quota     dayQuota   `json:"quota"`
	RateLimit *rateLimit `json:"rate_limit,omitempty"`
}

// getQuota serves POST /cgi-bin/openapi/quota/get.
func (c *call) getQuota() reply {
	path, code := c.quotaPath()
	if code != 0 {
		return c.refuse(code)
	}
	u := c.account.usage.of(path)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.turn(c.now)
	limit := u.daily
	if limit < 0 {
		limit = publishedQuota(path)
	}
	a := quotaReply{Message: "ok", Quota: dayQuota{limit, u.today, max(limit-u.today, 0)}}
	if u.perMinute >= 0 {
		a.RateLimit = &rateLimit{u.perMinute, 60}
	}
	return c.success(a)
}

// quotaPath returns the path that a quota call is about.
func (c *call) quotaPath() (path string, code int) {
	path, _ = c.field("cgi_path")
	if len(path) >= 5 && path[:5] == "/sns/" {
		return path, 76022
	}
	if (*c.server.routes.Load())[path] == nil && publishedQuota(path) == 0 {
		return path, 76021
	}
	return path, 0
}

// publishedQuota is the daily limit of a new account, told where a test has
// set none. It is not enforced. 0: WeChat publishes none.
func publishedQuota(path string) int64 {
	switch path {
	case pathToken:
		return 2000
	case pathStableToken, "/cgi-bin/message/custom/send":
		return 500_000
	case pathSend, "/cgi-bin/media/upload":
		return 100_000
	case "/cgi-bin/media/get":
		return 200_000
	case "/cgi-bin/user/get":
		return 500
	case "/cgi-bin/user/info":
		return 5_000_000
	case "/cgi-bin/qrcode/create":
		return 100_000
	case "/cgi-bin/menu/create", "/cgi-bin/menu/delete":
		return 1000
	case "/cgi-bin/menu/get":
		return 10_000
	case "/cgi-bin/menu/addconditional", "/cgi-bin/menu/delconditional":
		return 2000
	case "/cgi-bin/menu/trymatch":
		return 20_000
	}
	return 0
}
