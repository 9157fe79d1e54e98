package share

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"
)

const (
	// reserveTime is the part of the rate that a process reserves in one round trip: a short one,
	// since all of the rate is one process's meanwhile, and what it does not use is lost.
	reserveTime = 30 * time.Millisecond
	// lateTime is how late a permit may be used. Later ones are lost: a process that stood still
	// must not make up for it in one burst. It is longer than reserveTime, so that three processes
	// reach a rate together that none of them reaches alone.
	lateTime = 60 * time.Millisecond
	// returnTime is how long Redis gives out [Alone] of the rate after one process has found it again:
	// others may still go on alone.
	returnTime = 3 * time.Second
	// deafTime spares the calls after a failure the wait for a Redis that does not answer.
	deafTime = time.Second
)

// A Limiter holds all processes of an account together to one rate. It is a [wechat.Limiter].
//
// It reserves the permits of 30 ms in one round trip to Redis, at least one, and gives them out one
// by one, each when its moment has come. A permit that is not used within 60 ms, or within the
// time between two of them, is lost. Callers wait one after the other: if the context of one ends,
// the next one gets its permit. So a process never has more than one permit at a low rate.
//
// While Redis is out of reach each process goes on by itself, at [Alone] of the rate. They do not find
// it again at one moment, so for 3 s after the first has, Redis gives out no more than that.
//
// All methods are safe for concurrent use.
type Limiter struct {
	reserve  reserve
	interval time.Duration // between two permits
	many     int           // permits that are reserved at a time
	late     time.Duration // how late a permit may be used
	alone    *rate.Limiter

	turn chan struct{} // held by the one who takes the next permit; guards what follows
	left int           // permits that are reserved
	next time.Time     // the moment of the first of them
	deaf time.Time     // until then Redis is not asked
	lost bool          // Redis did not answer when it was asked last
}

// limit names a Limiter.
type limit struct {
	appID string
	rate  float64
}

// Limiter returns a limit of rate a second over all processes of the account appID: the same one
// for the same arguments, since two of them would each reserve for themselves.
func (r *Redis) Limiter(appID string, rate float64) (*Limiter, error) {
	if !(rate > 0) || math.IsInf(rate, 0) {
		return nil, fmt.Errorf("share: a rate of %v lets nothing through; it must be positive", rate)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	name := limit{appID, rate}
	if r.limiters == nil {
		r.limiters = map[limit]*Limiter{}
	}
	if r.limiters[name] == nil {
		r.limiters[name] = newLimiter(rate, r.reserve("wxhome:rate:"+appID, 1e6/rate))
	}
	return r.limiters[name], nil
}

// reserve takes n permits in a row, and returns how long the first is away; errTooFar: longer than
// most, and none is taken. returns says that Redis was lost before.
type reserve func(ctx context.Context, n int, most time.Duration, returns bool) (wait time.Duration, err error)

func newLimiter(perSecond float64, from reserve) *Limiter {
	interval := time.Duration(float64(time.Second) / perSecond)
	return &Limiter{
		reserve: from, interval: interval, many: max(1, int(perSecond*reserveTime.Seconds())),
		late: max(lateTime, interval), alone: rate.NewLimiter(rate.Limit(perSecond*Alone), 1), turn: make(chan struct{}, 1),
	}
}

// reserveScript takes ARGV[2] moments in a row of a rate (GCRA), and returns how long the first is
// away, in microseconds; nothing if that is longer than ARGV[3] allows, and then takes none. What
// others left unused is made up for by the last ARGV[4] of it. A process that has found Redis again
// (ARGV[5]) sets KEYS[2] for ARGV[6] ms; while it is there a permit costs 1/Alone of its time, or that
// long more. The script reads Redis's clock, so that the clocks of the processes do not matter. KEYS[1]
// is that of redisstore.Limiter, which programs of the version before use.
var reserveScript = redis.NewScript(`
local interval, n, most, back = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call("TIME")
local now = (clock[1] - 1483228800) * 1000000 + clock[2]
local at = math.max(tonumber(redis.call("GET", KEYS[1]) or 0), now - back)
if at - now > most then return false end
if ARGV[5] == "1" then redis.call("SET", KEYS[2], 1, "PX", ARGV[6], "NX") end
local cost = interval * n
if redis.call("EXISTS", KEYS[2]) == 1 then cost = cost + math.min(cost * (tonumber(ARGV[7]) - 1), tonumber(ARGV[6]) * 1000) end
local after = at + cost
redis.call("SET", KEYS[1], string.format("%.0f", after), "PX", math.ceil(math.max(after - now, 0) / 1000) + 1000)
return string.format("%.0f", at - now)
`)

// backTime is how far in the past a reservation may begin, so that the time between two of them is
// not lost.
const backTime = lateTime / 2

// errTooFar is a permit that lies after the end of the context.
var errTooFar = fmt.Errorf("share: the next free moment is after the end of the context: %w", context.DeadlineExceeded)

// reserve returns what takes permits from Redis; micros lie between two of them.
func (r *Redis) reserve(key string, micros float64) reserve {
	return func(ctx context.Context, n int, most time.Duration, returns bool) (time.Duration, error) {
		wait, err := reserveScript.Run(ctx, r.Client, []string{key, key + ":returned"},
			micros, n, most.Microseconds(), backTime.Microseconds(), returns, returnTime.Milliseconds(), 1/Alone).Int64()
		if errors.Is(err, redis.Nil) {
			err = errTooFar
		}
		return time.Duration(wait) * time.Microsecond, err
	}
}

// Wait returns when a message may leave, or the error of ctx.
func (l *Limiter) Wait(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.turn }()
	for ctx.Err() == nil {
		if l.drop(time.Now()); l.left == 0 {
			ok, err := l.refill(ctx)
			if err != nil || !ok {
				return err
			}
		}
		if end, ok := ctx.Deadline(); ok && end.Before(l.next) {
			return errTooFar
		}
		if err := pause(ctx, time.Until(l.next)); err != nil {
			return err // the permit is the next one's
		}
		if l.take(time.Now()) {
			return nil
		}
	}
	return ctx.Err()
}

// Allow takes a permit whose moment has come, if the process has one. It does not wait.
func (l *Limiter) Allow() bool {
	select {
	case l.turn <- struct{}{}:
	default:
		return false
	}
	defer func() { <-l.turn }()
	return l.take(time.Now())
}

// take takes a permit whose moment has come.
func (l *Limiter) take(now time.Time) bool {
	l.drop(now)
	if l.left == 0 || l.next.After(now) {
		return false
	}
	l.left--
	l.next = l.next.Add(l.interval)
	return true
}

// drop drops the permits that are too late.
func (l *Limiter) drop(now time.Time) {
	for l.left > 0 && now.Sub(l.next) > l.late {
		l.left--
		l.next = l.next.Add(l.interval)
	}
}

// refill reserves permits. Without Redis it waits for one of the process's own instead, and
// returns false when that has come.
func (l *Limiter) refill(ctx context.Context) (ok bool, err error) {
	if time.Now().Before(l.deaf) {
		return false, l.alone.Wait(ctx)
	}
	most := time.Duration(math.MaxInt64)
	if end, ok := ctx.Deadline(); ok {
		most = max(time.Until(end), 0)
	}
	wait, err := l.reserve(ctx, l.many, most, l.lost)
	switch {
	case err == nil:
		l.lost = false
		l.left, l.next = l.many, time.Now().Add(wait)
		return true, nil
	case errors.Is(err, errTooFar):
		return false, err
	case ctx.Err() != nil:
		return false, ctx.Err()
	}
	l.deaf, l.lost = time.Now().Add(deafTime), true
	return false, l.alone.Wait(ctx)
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
