// Package share lets processes of one account share its access token and its rate through a
// Redis. [Open] is the one call to know, [Redis.Options] what it is for.
//
// A Redis that is out of reach stops nothing: each process goes on with the token that it has or
// fetches one for itself, and sends at a part of the rate ([Alone]). All methods are safe for
// concurrent use.
//
// # Errors
//
// Open says in one line how to write an address. No error holds a password.
package share

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/org/wxhome/examples/internal/departure"
	"github.com/org/wxhome/examples/tokenstore/redisstore"
	"github.com/org/wxhome/wechat"
)

// Alone is the part of the shared rate at which each process goes on while Redis is out of reach:
// up to three of them stay within the rate together. More of them do not, and neither does
// anybody know then how many there are.
const Alone = 1.0 / 3

// patience bounds each step of a conversation with Redis. A push must not wait longer for it: it
// can go on alone.
const patience = time.Second

// poolSize is how many conversations there may be at a time. What waits for its turn longer than
// patience goes on alone, so a burst of a thousand pushes needs more than go-redis's ten a CPU.
const poolSize = 128

// A Redis is what processes share through. Call Close when done with it.
type Redis struct {
	Client redis.UniversalClient
	// Name is for people: host, port and number. It never holds a password.
	Name string

	mu       sync.Mutex // guards limiters
	limiters map[limit]*Limiter
}

// Open reads an address such as redis://USER:PASSWORD@127.0.0.1:6379/0, rediss:// for TLS. It
// does not connect yet.
func Open(address string) (*Redis, error) {
	options, err := redis.ParseURL(address)
	if err != nil { // which may quote the password
		return nil, errors.New("write it redis://USER:PASSWORD@HOST:6379/0, or rediss:// for TLS")
	}
	for _, d := range []*time.Duration{&options.DialTimeout, &options.ReadTimeout, &options.WriteTimeout, &options.PoolTimeout} {
		if *d == 0 {
			*d = patience
		}
	}
	if options.MaxRetries == 0 {
		options.MaxRetries = -1 // to go on alone is better than to wait
	}
	if options.PoolSize == 0 {
		options.PoolSize = poolSize
	}
	options.ContextTimeoutEnabled = true // go-redis looks at no deadline of a context otherwise
	options.DialerRetries = 1
	redis.SetLogger(&logging.VoidLogger{}) // errors are returned; nothing prints beside the program's own lines
	return &Redis{Client: redis.NewClient(options), Name: fmt.Sprintf("%s/%d", options.Addr, options.DB)}, nil
}

// Ping reports why Redis cannot be used now; nil: it can.
func (r *Redis) Ping(ctx context.Context) error { return r.Client.Ping(ctx).Err() }

// Options make a wechat.Client share the token of the account appID, and send template messages
// at a rate a second together with all others that do.
func (r *Redis) Options(appID string, rate float64) ([]wechat.Option, error) {
	limiter, err := r.Limiter(appID, rate)
	if err != nil {
		return nil, err
	}
	return []wechat.Option{
		wechat.WithTokenStore(redisstore.New(r.Client)), wechat.WithLimiter(departure.Limiter(limiter), "/cgi-bin/message/template/send"),
	}, nil
}

// Close closes the connections.
func (r *Redis) Close() { _ = r.Client.Close() }

// Masked hides the password of an address.
func Masked(address string) string {
	at := strings.LastIndex(address, "@")
	scheme, rest, ok := strings.Cut(address, "://")
	if at < 0 || !ok || len(scheme)+3 > at {
		return maskedQuery(address)
	}
	user, _, hasPassword := strings.Cut(rest[:at-len(scheme)-3], ":")
	if !hasPassword {
		return maskedQuery(address)
	}
	return scheme + "://" + user + ":***" + maskedQuery(address[at:])
}

// maskedQuery hides the password that some write among the options.
func maskedQuery(address string) string {
	before, query, ok := strings.Cut(address, "?")
	if !ok {
		return address
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return before
	}
	if values.Has("password") {
		values.Set("password", "***")
		return before + "?" + strings.ReplaceAll(values.Encode(), "%2A", "*")
	}
	return address
}
