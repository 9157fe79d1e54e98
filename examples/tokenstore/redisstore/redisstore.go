// Package redisstore shares what processes of one account must share through Redis: the access
// token ([Store]), the rate of calls ([Limiter]), and which process answers a callback
// ([Claimer]). It is one file, made to be copied into a program of one's own.
//
// Keys begin with the prefix of [WithPrefix], if any, and hold the AppID; nothing of one account
// is seen by another. All types are safe for concurrent use, and leave the closing of the Redis
// client to whoever opened it.
//
// # Errors
//
// An error of Redis is returned as it is, wrapped, and never taken for "there is none". No
// error holds a token.
package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"github.com/org/wxhome/token"
)

// Redis is a client of go-redis: *redis.Client, *redis.ClusterClient or a Ring.
type Redis = redis.UniversalClient

// An Option configures a [Store].
type Option func(*Store)

// WithPrefix sets what all keys begin with, for a Redis that others use too.
func WithPrefix(prefix string) Option { return func(s *Store) { s.prefix = prefix } }

// Cipher encrypts tokens at rest, with AES-GCM for instance. Seal and Open are each other's
// reverse; Open fails for what was not sealed with a key that it knows. Safe for concurrent use.
type Cipher interface {
	Seal(plain []byte) ([]byte, error)
	Open(sealed []byte) ([]byte, error)
}

// WithCipher encrypts tokens before they are stored. A token that cannot be opened is an error,
// and replaced by the next that is saved.
func WithCipher(c Cipher) Option { return func(s *Store) { s.cipher = c } }

// Store is a [token.Store] and [token.Locker] in Redis. A token is kept until its end, by a TTL.
type Store struct {
	redis  Redis
	prefix string
	cipher Cipher
}

// New returns a Store on a client, which should have timeouts of its own: a token.Cache gives a
// Store two seconds.
func New(client Redis, opts ...Option) *Store {
	s := &Store{redis: client}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// Load returns the token under key, or the zero Token when there is none.
func (s *Store) Load(ctx context.Context, key string) (token.Token, error) {
	stored, err := s.redis.Get(ctx, s.prefix+key).Bytes()
	if errors.Is(err, redis.Nil) {
		return token.Token{}, nil
	}
	if err != nil {
		return token.Token{}, fmt.Errorf("redisstore: load: %w", err)
	}
	if s.cipher != nil {
		if stored, err = s.cipher.Open(stored); err != nil {
			return token.Token{}, errors.New("redisstore: the stored token cannot be decrypted; is the key the one that it was encrypted with?")
		}
	}
	var t token.Token
	if err := t.UnmarshalBinary(stored); err != nil {
		return token.Token{}, fmt.Errorf("redisstore: %w", err)
	}
	if !t.Expiry.IsZero() && !time.Now().Before(t.Expiry) {
		return token.Token{}, nil // the TTL is Redis's clock, the expiry ours
	}
	return t, nil
}

// Save replaces the token under key. One that has expired is removed instead.
func (s *Store) Save(ctx context.Context, key string, t token.Token) error {
	value, err := t.MarshalBinary()
	if err != nil {
		return err
	}
	if s.cipher != nil {
		if value, err = s.cipher.Seal(value); err != nil {
			return fmt.Errorf("redisstore: encrypt: %w", err)
		}
	}
	ttl := time.Duration(0)
	if !t.Expiry.IsZero() {
		if ttl = time.Until(t.Expiry); ttl < time.Millisecond {
			return s.wrap("remove", s.redis.Del(ctx, s.prefix+key).Err())
		}
	}
	return s.wrap("save", s.redis.Set(ctx, s.prefix+key, value, ttl).Err())
}

func (s *Store) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redisstore: %s: %w", what, err)
}

const (
	// lockTTL ends the lock of a process that died. A token.Cache unlocks within half a minute.
	lockTTL = 40 * time.Second
	// lockPoll is how often a waiter looks, with jitter.
	lockPoll = 50 * time.Millisecond
	// unlockTimeout bounds unlocking, which must not fail because a caller's context ended.
	unlockTimeout = 2 * time.Second
)

// unlockScript removes a lock from its owner only: one that has expired may be another's.
var unlockScript = redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`)

// Lock waits for the lock of key, which is held until unlock, or for 40 s if its process dies.
func (s *Store) Lock(ctx context.Context, key string) (unlock func(), err error) {
	name, owner := s.prefix+key+":lock", rand.Text()
	for {
		got, err := s.redis.SetNX(ctx, name, owner, lockTTL).Result()
		if err != nil {
			s.unlock(ctx, name, owner) // the answer may be lost, and the lock ours
			return nil, fmt.Errorf("redisstore: lock: %w", err)
		}
		if got {
			return func() { s.unlock(ctx, name, owner) }, nil
		}
		if err := sleep(ctx, lockPoll+mathrand.N(lockPoll)); err != nil {
			return nil, err
		}
	}
}

func (s *Store) unlock(ctx context.Context, name, owner string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
	defer cancel()
	_ = unlockScript.Run(ctx, s.redis, []string{name}, owner).Err() // the TTL ends what stays
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Claimer lets one process of several answer a message that is pushed to them
// (callback.Config.Claim).
type Claimer struct {
	redis  Redis
	prefix string
}

// NewClaimer returns a Claimer for the account appID.
func NewClaimer(client Redis, prefix, appID string) *Claimer {
	return &Claimer{client, prefix + "wxhome:claim:" + appID + ":"}
}

// Claim reports whether this call is the first to claim key within ttl.
func (c *Claimer) Claim(ctx context.Context, key string, ttl time.Duration) (first bool, err error) {
	first, err = c.redis.SetNX(ctx, c.prefix+key, 1, ttl).Result()
	if err != nil {
		return false, fmt.Errorf("redisstore: claim: %w", err)
	}
	return first, nil
}

// reserveScript takes the next free moment of a rate (GCRA) and returns how long it is away, in
// microseconds; -1 if that is longer than ARGV[3] allows, and then takes nothing. It reads
// Redis's clock, so that the clocks of the processes do not matter.
var reserveScript = redis.NewScript(`
local interval, burst, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call("TIME")
local now = (clock[1] - 1483228800) * 1000000 + clock[2]
local at = math.max(tonumber(redis.call("GET", KEYS[1]) or 0), now - interval * (burst - 1))
local wait = math.max(0, at - now)
if wait > most then return -1 end
redis.call("SET", KEYS[1], string.format("%.0f", at + interval), "PX", math.ceil((at + interval * burst - now) / 1000) + 1000)
return string.format("%.0f", wait)
`)

// Limiter holds all processes together to one rate. It is a wechat.Limiter.
//
// While Redis is out of reach each process goes on by itself, at the rate of
// [NewLimiter]'s alone: a Redis that blinks stops no push. Alone is for one process; with n of
// them a total that is never exceeded needs rate/n.
type Limiter struct {
	redis    Redis
	key      string
	interval float64 // microseconds between two calls
	burst    int
	alone    *rate.Limiter
	deaf     atomic.Int64 // unix nanoseconds until which Redis is not asked
}

// deafness spares the calls after a failure the wait for a Redis that does not answer.
const deafness = time.Second

// NewLimiter returns a Limiter that lets perSecond calls of the account appID through, with
// bursts of up to burst, and alone a second in each process while Redis is out of reach.
func NewLimiter(client Redis, prefix, appID string, perSecond float64, burst int, alone float64) (*Limiter, error) {
	if !(perSecond > 0) || math.IsInf(perSecond, 0) || burst < 1 || !(alone > 0) {
		return nil, fmt.Errorf("redisstore: a rate of %v with bursts of %d, and %v alone, lets nothing through; all must be positive", perSecond, burst, alone)
	}
	return &Limiter{
		redis: client, key: prefix + "wxhome:rate:" + appID, interval: 1e6 / perSecond, burst: burst,
		alone: rate.NewLimiter(rate.Limit(alone), 1),
	}, nil
}

// Wait returns when the call may leave, or the error of ctx. It takes one round trip, however
// many are waiting: each is given its moment.
func (l *Limiter) Wait(ctx context.Context) error {
	if time.Now().UnixNano() < l.deaf.Load() {
		return l.alone.Wait(ctx)
	}
	most := int64(math.MaxInt32) * 1e6 // some decades
	if end, ok := ctx.Deadline(); ok {
		most = max(time.Until(end).Microseconds(), 0)
	}
	micros, err := reserveScript.Run(ctx, l.redis, []string{l.key}, l.interval, l.burst, most).Int64()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		l.deaf.Store(time.Now().Add(deafness).UnixNano())
		return l.alone.Wait(ctx)
	case micros < 0:
		return fmt.Errorf("redisstore: the next free moment is after the end of the context: %w", context.DeadlineExceeded)
	}
	return sleep(ctx, time.Duration(micros)*time.Microsecond)
}
