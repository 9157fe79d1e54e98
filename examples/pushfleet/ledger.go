package main

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/org/wxhome/examples/internal/push"
)

// The campaigns of an account in Redis are rows of one ledger. A worker with another ledger would
// find none of them there, and call them done. So the ledger's id lies beside the campaigns and in
// each task. When no campaign is being sent, the next enqueue may have another ledger.

// bindScript notes the ledger ARGV[1] in KEYS[1] and adds the campaign ARGV[2] to KEYS[2], unless
// campaigns of another ledger are there.
var bindScript = redis.NewScript(`
local bound = redis.call("GET", KEYS[1])
if bound and bound ~= ARGV[1] and redis.call("SCARD", KEYS[2]) > 0 then return 0 end
redis.call("SET", KEYS[1], ARGV[1])
redis.call("SADD", KEYS[2], ARGV[2])
return 1
`)

// begin notes that a campaign of the fleet's ledger is being sent. ok is false when campaigns of
// another ledger are.
func (f *fleet) begin(ctx context.Context, campaign string) (ok bool, err error) {
	return bindScript.Run(ctx, f.redis, []string{f.key("ledger"), f.key("campaigns")}, f.ledger, campaign).Bool()
}

// foreign reports whether campaigns are those of another ledger. They must have been read before.
// The version before noted no ledger.
func (f *fleet) foreign(ctx context.Context, campaigns []string) (bool, error) {
	if len(campaigns) == 0 {
		return false, nil
	}
	bound, err := f.redis.Get(ctx, f.key("ledger")).Result()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return bound != f.ledger, err
}

// errLeftBehind is why a task goes to the archive.
var errLeftBehind = errors.New("the task is of another ledger, whose campaigns are gone")

// foreignError says that campaigns of another ledger are in Redis.
type foreignError struct{ message string }

// Error says what to do.
func (e *foreignError) Error() string { return e.message }

func (p *program) foreignError() error {
	return &foreignError{p.text("the campaigns of account %s in the Redis %s are those of another ledger than %s: give the WXHOME_DB and WXHOME_LEDGER, or -db and -ledger, that they were put there with, or another Redis; if that ledger is gone for good, delete the key %s there",
		p.account.AppID, p.shared.Name, p.ledger.Name, p.fleet.key("campaigns"))}
}

// ownLedger reads the ledger's id, and returns a *foreignError when campaigns of another ledger are
// in Redis.
func (p *program) ownLedger(ctx context.Context) (err error) {
	if p.fleet.ledger, err = push.LedgerID(ctx, p.ledger); err != nil {
		return err
	}
	campaigns, err := p.fleet.campaigns(ctx)
	if err != nil {
		return p.redisError(err)
	}
	return p.checkLedger(ctx, campaigns)
}

func (p *program) checkLedger(ctx context.Context, campaigns []string) error {
	foreign, err := p.fleet.foreign(ctx, campaigns)
	switch {
	case err != nil:
		return p.redisError(err)
	case foreign:
		return p.foreignError()
	}
	return nil
}

// begin notes that a campaign is being sent.
func (p *program) begin(ctx context.Context, campaign string) error {
	ok, err := p.fleet.begin(ctx, campaign)
	if err == nil && !ok {
		return p.foreignError()
	}
	return err
}
