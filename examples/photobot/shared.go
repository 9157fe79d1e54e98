package main

import (
	"context"
	"strings"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/share"
	"github.com/org/wxhome/examples/tokenstore/redisstore"
	"github.com/org/wxhome/wechat"
)

const (
	// ratePath is what -rate is about: what the chat sends.
	ratePath = "/cgi-bin/message/custom/send"
	// rateKeys begin the key of the chat's rate, so that no push holds up the chat.
	rateKeys = "chat:"
)

// openShared opens the Redis of -redis and returns what makes a client keep to
// the rate and share through it. A simulation shares nothing: its token is good
// for itself alone.
func (p *program) openShared() ([]wechat.Option, error) {
	burst := max(1, int(p.rate))
	alone := []wechat.Option{wechat.WithRate(p.rate, burst, ratePath)}
	if p.redis == "" {
		return alone, nil
	}
	shared, err := share.Open(p.redis)
	if err != nil {
		return nil, usage("-redis: " + p.text("write it redis://USER:PASSWORD@HOST:6379/0, or rediss:// for TLS"))
	}
	appID := strings.TrimSpace(p.getenv(account.EnvAppID))
	if p.simulate || appID == "" {
		shared.Close()
		return alone, nil
	}
	p.shared = shared
	limiter, err := redisstore.NewLimiter(shared.Client, rateKeys, appID, p.rate, burst, p.rate*share.Alone)
	if err != nil {
		return nil, err
	}
	return []wechat.Option{
		wechat.WithTokenStore(redisstore.New(shared.Client)), wechat.WithLimiter(limiter, ratePath),
	}, nil
}

// claimer says which process answers a message; nil: this one answers all.
func (p *program) claimer(appID string) callback.Claimer {
	if p.shared == nil {
		return nil
	}
	return redisstore.NewClaimer(p.shared.Client, "", appID)
}

// sayShared says so when the Redis does not answer now, which stops nothing.
func (p *program) sayShared(ctx context.Context) {
	if p.shared == nil {
		return
	}
	if err := p.shared.Ping(ctx); err != nil && ctx.Err() == nil {
		p.warn("the Redis %s does not answer (%s): going on without it, at %.3g messages a second, until it does",
			p.shared.Name, operator.OneLine(err.Error()), p.rate*share.Alone)
	}
}

func (p *program) closeShared() {
	if p.shared != nil {
		p.shared.Close()
	}
}
