package main

import (
	"context"
	"fmt"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/school"
)

// openAccount connects to WeChat or starts the simulation, and says which
// before anything else is said.
func (p *program) openAccount(ctx context.Context) (*account.Account, error) {
	options, err := p.openShared()
	if err != nil {
		return nil, err
	}
	a, err := account.Open(account.Config{
		Getenv: p.getenv, Simulate: p.simulate, Real: p.real(p.getenv), Options: options,
		Templates: p.simulatedTemplates(), Follower: school.Follower, Workers: p.workers,
	})
	if err != nil {
		return nil, err
	}
	if a.Simulated() {
		p.say("Simulation: nothing leaves this machine.")
	}
	p.sayShared(ctx)
	return a, nil
}

// templates lists the account's templates.
func (p *program) templates(ctx context.Context) error {
	a, err := p.openAccount(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	list, err := a.Client.Template.List(ctx)
	if err != nil {
		return err
	}
	shown := 0
	for _, t := range list {
		if p.given["template"] && t.ID != p.template {
			continue
		}
		shown++
		fmt.Fprintf(p.out, "%s  %s\n%s\n", t.ID, t.Title, p.keywords(t))
	}
	if shown == 0 {
		p.say("The account's list shows no such template. Templates are added at mp.weixin.qq.com: 广告与服务 > 模板消息.")
	}
	return nil
}
