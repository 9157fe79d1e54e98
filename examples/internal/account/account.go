// Package account decides whether an example talks to WeChat or to a
// simulation of it, from the environment. [Open] is the one call to know.
//
// Nobody shall believe that he has sent when he has not: credentials mean
// WeChat, none at all mean the simulation, and anything in between is an
// error, never a silent simulation.
//
// An Account is safe for use by several goroutines.
//
// # Errors
//
// A configuration that is not one thing or the other is a [*ConfigError].
// Errors never contain the AppSecret.
package account

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/org/wxhome/examples/internal/departure"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// The environment variables that Open reads.
const (
	EnvAppID     = "WECHAT_APPID"
	EnvAppSecret = "WECHAT_APPSECRET"
	EnvBaseURL   = "WECHAT_BASE_URL" // where to talk instead of api.weixin.qq.com, a private gateway for example
)

// defaultHost is where a Client talks when it is not told otherwise.
const defaultHost = "api.weixin.qq.com"

// Config says how to open an account.
type Config struct {
	// Getenv reads the environment; required. It is os.Getenv outside of tests.
	Getenv func(name string) string

	// Simulate asks for the simulation although credentials may be there.
	Simulate bool

	// Real names what else was given that speaks of a real push, such as -db.
	// Without credentials it is an error unless Simulate is set.
	Real []string

	// Options are passed to wechat.New, in the simulation too. The Client has
	// departure.Transport below what they bring.
	Options []wechat.Option

	// Workers is how many messages are in flight at a time, if they are more
	// than the Client's usual 256 connections: no message waits for one. 0: fewer.
	Workers int

	// Templates and Follower are what the simulation has and whom it knows.
	// A nil Follower: nobody follows.
	Templates []template.Template
	Follower  func(appID, openid string) wechattest.Follower

	// History is how many messages and uploads the simulation keeps to be
	// looked at; 0: none.
	History int
}

// An Account is an Official Account to talk to. Call Close when done with it.
type Account struct {
	Client *wechat.Client
	AppID  string
	Host   string // where it talks, without path and port: never a secret

	// Simulation is the simulated WeChat; nil: this is the real one.
	Simulation *wechattest.Server
}

// Open makes the client for the account that the environment describes, or
// starts the simulation. It does not talk to anybody yet.
func Open(c Config) (*Account, error) {
	appID, secret := lookUp(c, EnvAppID), lookUp(c, EnvAppSecret)
	base := lookUp(c, EnvBaseURL)
	switch {
	case c.Simulate:
		return simulate(c)
	case appID == "" && secret == "" && base == "" && len(c.Real) == 0:
		return simulate(c)
	case appID == "" && secret == "" && base == "":
		return nil, &ConfigError{Missing: []string{EnvAppID, EnvAppSecret}, Given: c.Real}
	case appID == "" || secret == "":
		return nil, half(appID, secret, base)
	}
	return connect(c, appID, secret, base)
}

// lookUp reads a variable without the spaces and line ends that copying adds.
func lookUp(c Config, name string) string { return strings.TrimSpace(c.Getenv(name)) }

func half(appID, secret, base string) error {
	e := &ConfigError{}
	for _, v := range [...]struct{ name, value string }{{EnvAppID, appID}, {EnvAppSecret, secret}, {EnvBaseURL, base}} {
		switch {
		case v.value != "":
			e.Given = append(e.Given, v.name)
		case v.name != EnvBaseURL:
			e.Missing = append(e.Missing, v.name)
		}
	}
	return e
}

func connect(c Config, appID, secret, base string) (*Account, error) {
	options, host := append(looking(c.Options), wechat.WithMaxConns(max(c.Workers, usualConns))), defaultHost
	if base != "" {
		u, err := url.Parse(base)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
			return nil, &ConfigError{BadBaseURL: true}
		}
		host = u.Hostname()
		options = append(options, wechat.WithBaseURL(base))
	}
	client, err := wechat.New(appID, secret, options...)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	return &Account{Client: client, AppID: appID, Host: host}, nil
}

// usualConns is what a Client has without WithMaxConns.
const usualConns = 256

// looking returns options of a Client that looks once more where a message leaves.
func looking(options []wechat.Option) []wechat.Option {
	return append([]wechat.Option{wechat.WithTransport(departure.Transport)}, options...)
}

func simulate(c Config) (*Account, error) {
	options := []wechattest.Option{wechattest.InMemory(), wechattest.WithHistory(c.History)}
	if c.Follower != nil {
		options = append(options, wechattest.WithFollowers(c.Follower))
	}
	server := wechattest.NewServer(options...)
	for _, t := range c.Templates {
		server.AddTemplate(t)
	}
	return &Account{Client: server.Client(looking(c.Options)...), AppID: server.AppID, Host: "simulation", Simulation: server}, nil
}

// Simulated reports whether messages go to a simulation: nothing leaves the
// machine.
func (a *Account) Simulated() bool { return a.Simulation != nil }

// Close ends the simulation, if it is one, and the idle connections.
func (a *Account) Close() {
	a.Client.CloseIdleConnections()
	if a.Simulation != nil {
		a.Simulation.Close()
	}
}

// A ConfigError says that the environment is neither complete nor empty.
type ConfigError struct {
	Missing    []string // the variables that are not set
	Given      []string // what was given and speaks of a real push
	BadBaseURL bool     // instead of the rest: WECHAT_BASE_URL is no http or https address
}

// Error returns the sentence in English.
func (e *ConfigError) Error() string {
	if e.BadBaseURL {
		return EnvBaseURL + " must be an address with its scheme, such as https://gateway.example/wechat"
	}
	return fmt.Sprintf("%s: given, but %s: not set; set the rest, or use -simulate",
		strings.Join(e.Given, ", "), strings.Join(e.Missing, " and "))
}
