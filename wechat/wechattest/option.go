package wechattest

import "time"

const (
	// The first account. Its AppID has the length and the alphabet of a real
	// one and says what it is wherever it turns up.
	defaultAppID  = "wxsimulation000001"
	defaultSecret = "5ec2e70f51a1a7ed0acc0a17ab1e9e55"

	defaultHistory = 1000
	maxLifetime    = 7200 * time.Second // what WeChat gives
)

// An Option configures a [Server] when it is started.
type Option func(*config)

type config struct {
	appID, secret string
	inMemory      bool
	clock         func() time.Time
	rule          func(appID, openid string) Follower
	history       int
	lifetime      time.Duration
	windows       map[Interaction]window
}

// WithAppID sets the first account's AppID and AppSecret. Without it the
// account is wxsimulation000001 with a secret of the usual length.
func WithAppID(appID, appSecret string) Option {
	return func(c *config) { c.appID, c.secret = appID, appSecret }
}

// InMemory makes the server do without a socket: a real http.Server over
// connections in memory, reached by [Account.Client] and [Server.Transport]
// only. It works inside a testing/synctest bubble, where the server must then
// be started and closed.
func InMemory() Option { return func(c *config) { c.inMemory = true } }

// WithClock sets the clock that the server lives by, for token lifetimes,
// quotas, duplicates and the Date header. Without it: time.Now. now is called
// from several goroutines. [Server.Advance] is on top of it.
func WithClock(now func() time.Time) Option {
	if now == nil {
		panic("wechattest: WithClock(nil)")
	}
	return func(c *config) { c.clock = now }
}

// WithHistory sets how many of the last accepted messages [Server.Accepted]
// can tell. 0: none. Without it: 1,000.
func WithHistory(n int) Option {
	if n < 0 {
		panic("wechattest: WithHistory of less than 0")
	}
	return func(c *config) { c.history = n }
}

// WithFollowers sets a rule that says who follows an account, for more
// openids than one wants to list. Openids that were given a state of their
// own (by Follow, Unfollow, SetFollower) are not asked about. rule is called
// for every message, from several goroutines. Without it unlisted openids are
// strangers.
func WithFollowers(rule func(appID, openid string) Follower) Option {
	return func(c *config) { c.rule = rule }
}

// WithTokenLifetime sets how long a token lives, in place of the 7,200 s that
// WeChat gives. Clients must obey the expires_in they are told. The overlaps
// of 5 minutes become a quarter of the lifetime where that is less.
func WithTokenLifetime(d time.Duration) Option {
	if d < time.Second {
		panic("wechattest: WithTokenLifetime of less than a second")
	}
	return func(c *config) { c.lifetime = d }
}
