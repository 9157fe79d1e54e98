package token

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// DefaultMargin is how long before its end a token is refreshed. The platform rotates a
	// stable token about five minutes before its end, and old and new both work for that
	// while: three minutes before the end the new one is there and the old one still works.
	DefaultMargin = 3 * time.Minute
	// refreshLimit bounds a refresh, whatever the contexts of its callers say. It counts anew
	// after a wait for the lock or for storeDownInterval.
	refreshLimit = 10 * time.Second
	// storeLimit bounds each use of the Store, so that one that hangs leaves most of the
	// refresh for the Source.
	storeLimit = 2 * time.Second
	// storeDownInterval is the least time between two fetches while the Store fails: processes
	// that cannot see each other's tokens would take turns in replacing them, and spend the
	// daily quota (2,000 for GET /cgi-bin/token) on it.
	storeDownInterval = 5 * time.Second
	// confirmedMemory is how long the Source's word holds that a refused token is the right
	// one: a thousand refused calls ask it once.
	confirmedMemory = 10 * time.Second
	// unknownLifetime is the life of a token whose Source tells none.
	unknownLifetime = time.Minute
	// leastDelay keeps the refreshes of very short tokens apart. The platform may well answer
	// with a token that has a second left.
	leastDelay = time.Second
)

// errNothingNew ends a look into the Store that brought nothing.
var errNothingNew = noToken("the store has no new token")

// refresh takes the token from the Store if another process has put a good one there, and
// otherwise from the Source, unless another process leaves that alone.
func (c *Cache) refresh(ctx context.Context, p *pending) (Token, error) {
	if p.renewer != nil {
		return c.renew(ctx, p.renewer)
	}
	limited, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	t, err := c.load(limited, p)
	switch {
	case err == nil && t.Value != "", isNote(err):
		return t, err
	case p.peek:
		return Token{}, errNothingNew
	case err != nil:
		return c.fetchAlone(ctx)
	case c.locker != nil:
		return c.refreshLocked(ctx, p)
	}
	return c.fetch(limited, c.source.Token)
}

// refreshLocked does the same while no other process does. The process that comes second finds
// the first one's token, or its note, in the Store.
func (c *Cache) refreshLocked(ctx context.Context, p *pending) (Token, error) {
	unlock, err := c.lock(ctx)
	if err != nil {
		return c.fetchAlone(ctx)
	}
	defer unlock()
	limited, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	t, err := c.load(limited, p)
	switch {
	case err == nil && t.Value != "", isNote(err):
		return t, err
	case err != nil:
		return c.fetchAlone(ctx)
	}
	return c.fetch(limited, c.source.Token)
}

// fetchAlone fetches without knowing what other processes do, and therefore seldom. It waits
// rather than fails: the callers' own contexts say how long they have.
func (c *Cache) fetchAlone(ctx context.Context) (Token, error) {
	if !c.fetched.IsZero() {
		time.Sleep(storeDownInterval - time.Since(c.fetched))
	}
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	return c.fetch(ctx, c.source.Token)
}

// load returns the shared token, or the zero Token if that will not do. Then a note by which
// another process leaves the Source alone is the error.
func (c *Cache) load(ctx context.Context, p *pending) (t Token, err error) {
	if c.store == nil {
		return Token{}, nil
	}
	var other error
	err = c.loading(ctx, func(ctx context.Context) (err error) {
		if t, err = c.read(ctx, c.key); err != nil || c.usable(t, p) {
			return err
		}
		t = Token{}
		left, err := c.read(ctx, c.key+pauseSuffix)
		other = c.elsewhere(left)
		return err
	})
	if err != nil {
		return Token{}, err
	}
	return t, other
}

// usable reports whether t, from the Store, may be put into use: it was not refused, nor is it so old
// that it is to be refreshed itself.
func (c *Cache) usable(t Token, p *pending) bool {
	margin := c.margin
	if c.life > 0 {
		margin = min(margin, c.life/3) // a Store does not tell how long a token lives in all
	}
	return t.Value != "" && t.Value != p.avoid && !p.before.is(t.Value) && time.Until(t.Expiry) > margin
}

// loading reads the Store within its time.
func (c *Cache) loading(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	return c.step(ctx, OpLoad, func() error { return f(ctx) })
}

// read returns what the Store has under key.
func (c *Cache) read(ctx context.Context, key string) (Token, error) {
	return within(ctx, OpLoad, nil, func() (Token, error) {
		t, err := c.store.Load(ctx, key)
		return t, scrub(err, t.Value)
	})
}

// lock takes the Store's lock. The context that Lock gets lives until unlock.
func (c *Cache) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	var held func()
	err = c.step(ctx, OpLock, func() (err error) {
		held, err = within(ctx, OpLock, release, func() (func(), error) { return c.locker.Lock(ctx, c.key) })
		if err == nil && held == nil {
			err = noToken("the Locker gave no func to unlock")
		}
		return err
	})
	if err != nil {
		cancel()
		return nil, err
	}
	return func() {
		defer cancel()
		release(held)
	}, nil
}

func release(unlock func()) {
	if unlock != nil {
		_ = contain("unlock", func() error { unlock(); return nil })
	}
}

// fetch asks the Source, completes what it says, and shares it. When sharing fails the token is
// good all the same, and the hook has been told.
func (c *Cache) fetch(ctx context.Context, ask func(context.Context) (Token, error)) (t Token, err error) {
	c.fetched = time.Now()
	err = c.step(ctx, OpFetch, func() (err error) {
		t, err = within(ctx, OpFetch, nil, func() (Token, error) {
			t, err := ask(ctx)
			return t, scrub(err, t.Value)
		})
		switch now := time.Now(); {
		case err != nil:
			return err
		case t.Value == "":
			return noToken("the source gave an empty token")
		case t.Expiry.IsZero():
			t.Expiry = now.Add(unknownLifetime)
		case t.Expired(now):
			return noToken("the source gave a token that has already expired")
		}
		return nil
	})
	if err != nil {
		c.failed(ctx, err)
		return Token{}, err
	}
	c.life = time.Until(t.Expiry)
	c.save(context.WithoutCancel(ctx), c.key, t)
	return t, nil
}

func (c *Cache) save(ctx context.Context, key string, t Token) {
	if c.store == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	_ = c.step(ctx, OpSave, func() error {
		_, err := within(ctx, OpSave, nil, func() (struct{}, error) {
			return struct{}{}, scrub(c.store.Save(ctx, key, t), t.Value)
		})
		return err
	})
}

// refreshAfter returns when a token that lives for so long is refreshed: before its end by the
// margin and up to a tenth of it.
func (c *Cache) refreshAfter(life time.Duration) time.Duration {
	margin := min(c.margin, life/3)
	return life - margin - rand.N(margin/10+1)
}
