package main

import (
	"context"
	"strings"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/share"
	"github.com/org/wxhome/wechat"
)

// openShared opens the Redis of -redis and returns what makes a client share
// through it. A simulation shares nothing: its token is good for itself alone, so
// that -redis is refused, and WXHOME_REDIS, which may be there for real pushes, is not used.
func (p *program) openShared() (options []wechat.Option, err error) {
	if p.redis == "" {
		return nil, nil
	}
	shared, err := share.Open(p.redis)
	if err != nil {
		return nil, usage("-redis: " + p.text("write it redis://USER:PASSWORD@HOST:6379/0, or rediss:// for TLS"))
	}
	appID := strings.TrimSpace(p.getenv(account.EnvAppID))
	if p.simulate || appID == "" {
		shared.Close()
		if p.simulate && p.given["redis"] {
			return nil, usage(p.text("-redis does nothing with -simulate: a simulation shares nothing"))
		}
		return nil, nil
	}
	p.shared = shared
	if p.limiter, err = shared.Limiter(appID, p.pace(false).rate); err != nil {
		return nil, err
	}
	return shared.Options(appID, p.pace(false).rate)
}

// sayShared says so when the Redis does not answer now, which stops nothing.
func (p *program) sayShared(ctx context.Context) {
	if p.shared == nil {
		return
	}
	if err := p.shared.Ping(ctx); err != nil && ctx.Err() == nil {
		p.warn("the Redis %s does not answer (%s): going on without it, at %.3g a second until it does",
			p.shared.Name, oneLine(err.Error()), p.pace(false).rate*share.Alone)
	}
}

func (p *program) closeShared() {
	if p.shared != nil {
		p.shared.Close()
	}
}
