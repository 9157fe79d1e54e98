package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/org/wxhome/examples/internal/pushflag"
)

// hold says that nothing of an account is to be sent for a while.
type hold struct {
	Until  int64  `json:"until"` // unix seconds by Redis's clock; 0: until enqueue is run again
	Reason string `json:"reason"`
}

// outageHold is how long a fleet holds back when its messages reach nobody.
const outageHold = 15 * time.Second

// mendedLook is how soon a task is tried again that a person must mend something for.
const mendedLook = 5 * time.Second

// The ends of holds.
func nextMinute(now time.Time) int64 {
	return now.Truncate(time.Minute).Add(time.Minute + time.Second).Unix()
}
func nextDay(now time.Time) int64 { return pushflag.QuotaReturns(now).Unix() }
func soon(now time.Time) int64    { return now.Add(outageHold).Unix() }
func mended(time.Time) int64      { return 0 }

// holdScript keeps the longer of two holds.
var holdScript = redis.NewScript(`
local old = redis.call("GET", KEYS[1])
if old then
  local ends = cjson.decode(old)["until"]
  local new = cjson.decode(ARGV[1])["until"]
  if ends == 0 or new ~= 0 and new <= ends then return 0 end
end
redis.call("SET", KEYS[1], ARGV[1])
return 1
`)

// hold pauses the account's queues until a moment. It reports whether that is news.
func (f *fleet) hold(ctx context.Context, reason string, until func(now time.Time) int64) (news bool, err error) {
	now, err := f.redis.Time(ctx).Result()
	if err != nil {
		return false, err
	}
	text, err := json.Marshal(hold{until(now), reason})
	if err != nil {
		return false, err
	}
	news, err = holdScript.Run(ctx, f.redis, []string{f.key("hold")}, text).Bool()
	if err != nil {
		return false, err
	}
	return news, f.pauseQueues(ctx)
}

// held returns the hold that lasts, and how long it does; nil: there is none.
// It ends one that is over and pauses what a hold has left going.
func (f *fleet) held(ctx context.Context) (*hold, time.Duration, error) {
	text, err := f.redis.Get(ctx, f.key("hold")).Result()
	if errors.Is(err, redis.Nil) {
		return nil, 0, nil // a pause of somebody else's is his
	}
	if err != nil {
		return nil, 0, err
	}
	now, err := f.redis.Time(ctx).Result()
	if err != nil {
		return nil, 0, err
	}
	var h hold
	if json.Unmarshal([]byte(text), &h) != nil || h.Until != 0 && h.Until <= now.Unix() {
		return nil, 0, f.release(ctx, text)
	}
	left := time.Unix(h.Until, 0).Sub(now)
	if h.Until == 0 {
		left = mendedLook
	}
	return &h, left, f.pauseQueues(ctx)
}

// resume ends what was held until a person had mended something.
func (f *fleet) resume(ctx context.Context) (*hold, error) {
	h, _, err := f.held(ctx)
	if err != nil || h == nil || h.Until != 0 {
		return h, err
	}
	text, err := f.redis.Get(ctx, f.key("hold")).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return nil, f.release(ctx, text)
}

// releaseScript removes a hold if it is still the one that was read.
var releaseScript = redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`)

// release lets the queues go on, and then forgets why they were held: who dies
// between the two leaves it to the next one.
func (f *fleet) release(ctx context.Context, text string) error {
	paused, err := f.paused()
	if err != nil {
		return err
	}
	for _, queue := range paused {
		_ = f.look.UnpauseQueue(queue) // somebody else may have
	}
	return releaseScript.Run(ctx, f.redis, []string{f.key("hold")}, text).Err()
}

func (f *fleet) pauseQueues(context.Context) error {
	paused, err := f.paused()
	if err != nil {
		return err
	}
	for _, queue := range f.queues() {
		if !slices.Contains(paused, queue) {
			_ = f.look.PauseQueue(queue) // somebody else may have
		}
	}
	return nil
}

// paused returns those of the account's queues that asynq has paused.
func (f *fleet) paused() (paused []string, err error) {
	ctx := context.Background() // as asynq does
	for _, queue := range f.queues() {
		n, err := f.redis.Exists(ctx, "asynq:{"+queue+"}:paused").Result()
		if err != nil {
			return nil, err
		}
		if n > 0 {
			paused = append(paused, queue)
		}
	}
	return paused, nil
}
