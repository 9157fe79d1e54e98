package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/pushflag"
)

// leadFor is how long a leader leads without saying so again; another one takes
// over when he has died.
const leadFor = 15 * time.Second

// leadScript makes ARGV[1] the leader, if there is none or if it is the leader.
var leadScript = redis.NewScript(`
local leader = redis.call("GET", KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
return 1
`)

// schedule enqueues whenever -cron fires, until ctx ends. Of several such
// processes one leads. What was due while none did is made up for once.
func (p *program) schedule(ctx context.Context) error {
	config, err := p.config()
	if err != nil {
		return err
	}
	if err := p.checkTemplate(ctx); err != nil {
		return err
	}
	if err := p.probe(ctx, config); isMistake(err) { // a database that is silent may come back
		return err
	}
	me, leading, gone := rand.Text(), false, false
	for ctx.Err() == nil {
		leads, err := p.lead(ctx, me)
		switch {
		case err != nil && ctx.Err() == nil:
			if !gone {
				p.complain("the Redis %s: %s; trying again", p.shared.Name, operator.OneLine(err.Error()))
			}
			leads = false
		case leads && !leading:
			p.say("leading")
		}
		gone, leading = err != nil, leads
		if leads {
			err := p.whileLeading(ctx, me, func() error { return p.fire(ctx, config) })
			if err != nil && ctx.Err() == nil {
				p.complain("%s; trying again", p.describe(err))
			}
		}
		wait(ctx, lookEvery)
	}
	_ = releaseScript.Run(context.WithoutCancel(ctx), p.fleet.redis, []string{p.fleet.key("leader")}, me).Err() // or it ends by itself
	return operator.Settled{Status: exitInterrupted}
}

func (p *program) lead(ctx context.Context, me string) (bool, error) {
	return leadScript.Run(ctx, p.fleet.redis, []string{p.fleet.key("leader")}, me, leadFor.Milliseconds()).Bool()
}

// whileLeading goes on leading until f returns: an enqueue may take minutes.
func (p *program) whileLeading(ctx context.Context, me string, f func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	group.Go(func() {
		for wait(ctx, leadFor/3); ctx.Err() == nil; wait(ctx, leadFor/3) {
			_, _ = p.lead(ctx, me) // another leader does the same, which does no harm
		}
	})
	return f()
}

// fire enqueues if a firing is due. The firing is noted after it, so that the
// next leader repeats what a dead one has begun: its campaign is the same one.
func (p *program) fire(ctx context.Context, config push.Config) error {
	now := p.clock().In(p.timeZone)
	last, err := p.fleet.redis.Get(ctx, p.fleet.key("fired")).Int64()
	if errors.Is(err, redis.Nil) {
		next, err := pushflag.NextFiring(p.cron, now)
		if err != nil {
			return p.usage("-cron: %v", err)
		}
		p.say("next push: %s", next.Format("2006-01-02 15:04 MST"))
		return p.fleet.redis.Set(ctx, p.fleet.key("fired"), now.Unix(), 0).Err()
	}
	if err != nil {
		return err
	}
	due, err := lastDue(p.cron, time.Unix(last, 0).In(p.timeZone), now)
	if err != nil || due.IsZero() {
		return err
	}
	config.Campaign = pushflag.CampaignName(due, true)
	if _, err := operator.ParsePeriod(p.since); p.since != "" && err == nil { // 7d are those before this firing
		config.Since, _ = pushflag.ParseSince(p.since, p.timeZone, due)
	}
	if err := p.holdBack(ctx, config); err != nil {
		return fmt.Errorf("%s: %w", p.text("campaign %s", config.Campaign), err)
	}
	if _, err := p.enqueue(ctx, config); err != nil {
		return fmt.Errorf("%s: %w", p.text("campaign %s", config.Campaign), err)
	}
	if err := p.fleet.redis.Set(ctx, p.fleet.key("fired"), due.Unix(), 0).Err(); err != nil {
		return err
	}
	next, err := pushflag.NextFiring(p.cron, due)
	if err == nil {
		p.say("next push: %s", next.Format("2006-01-02 15:04 MST"))
	}
	return err
}

// lastDue returns the last firing after since that is not after now; zero:
// there is none. Of several that were missed only the last is made up for.
func lastDue(line string, since, now time.Time) (due time.Time, err error) {
	for {
		next, err := pushflag.NextFiring(line, since)
		if err != nil || next.After(now) {
			return due, err
		}
		due, since = next, next
	}
}
