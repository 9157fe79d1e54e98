package token

import (
	"context"
	"errors"
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
	// refusalMemory is how long a refusal is answered without asking. The platform blocks an
	// address that keeps asking, for an hour and then for a day.
	refusalMemory = 10 * time.Second
	// confirmedMemory is how long the Source's word holds that a refused token is the right
	// one: a thousand refused calls ask it once.
	confirmedMemory = 10 * time.Second
	// unknownLifetime is the life of a token whose Source tells none.
	unknownLifetime = time.Minute
	// leastDelay keeps the refreshes of very short tokens apart. The platform may well answer
	// with a token that has a second left.
	leastDelay = time.Second
	// retryDelay is the longest pause after one failed refresh while the old token still
	// works. It doubles with each up to retryLimit, half of it by chance.
	retryDelay = 2 * time.Second
	retryLimit = 30 * time.Second
)

// refresh takes the token from the Store if another process has put a good one there, and
// otherwise from the Source.
func (c *Cache) refresh(ctx context.Context, avoid string) (Token, error) {
	limited, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	t, err := c.load(limited, avoid)
	switch {
	case err != nil:
		return c.fetchAlone(ctx)
	case t.Value != "":
		return t, nil
	case c.locker != nil:
		return c.refreshLocked(ctx, avoid)
	}
	return c.fetch(limited)
}

// refreshLocked does the same while no other process does. Who comes second finds the first
// one's token in the Store.
func (c *Cache) refreshLocked(ctx context.Context, avoid string) (Token, error) {
	unlock, err := c.lock(ctx)
	if err != nil {
		return c.fetchAlone(ctx)
	}
	defer unlock()
	limited, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	t, err := c.load(limited, avoid)
	switch {
	case err != nil:
		return c.fetchAlone(ctx)
	case t.Value != "":
		return t, nil
	}
	return c.fetch(limited)
}

// fetchAlone fetches without knowing what other processes do, and therefore seldom. It waits
// rather than fails: the callers' own contexts say how long they have.
func (c *Cache) fetchAlone(ctx context.Context) (Token, error) {
	if !c.fetched.IsZero() {
		time.Sleep(storeDownInterval - time.Since(c.fetched))
	}
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	return c.fetch(ctx)
}

// load returns the shared token, or the zero Token if that will not do: because it is avoid,
// or so old that it is to be refreshed itself.
func (c *Cache) load(ctx context.Context, avoid string) (t Token, err error) {
	if c.store == nil {
		return Token{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	err = c.step(ctx, OpLoad, func() (err error) {
		t, err = within(ctx, OpLoad, nil, func() (Token, error) {
			t, err := c.store.Load(ctx, c.key)
			return t, scrub(err, t.Value)
		})
		return err
	})
	if err != nil {
		return Token{}, err
	}
	margin := c.margin
	if c.life > 0 {
		margin = min(margin, c.life/3) // a Store does not tell how long a token lives in all
	}
	if t.Value == avoid || time.Until(t.Expiry) <= margin {
		return Token{}, nil
	}
	return t, nil
}

// lock takes the Store's lock. The context that Lock gets lives until unlock.
func (c *Cache) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	var held func()
	err = c.step(ctx, OpLock, func() (err error) {
		held, err = within(ctx, OpLock, release, func() (func(), error) { return c.locker.Lock(ctx, c.key) })
		if err == nil && held == nil {
			err = errors.New("token: the Locker gave no func to unlock")
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

// fetch asks the Source, completes what it says, and shares it. When that fails the token is
// good all the same, and the hook has been told.
func (c *Cache) fetch(ctx context.Context) (t Token, err error) {
	c.fetched = time.Now()
	err = c.step(ctx, OpFetch, func() (err error) {
		t, err = within(ctx, OpFetch, nil, func() (Token, error) {
			t, err := c.source.Token(ctx)
			return t, scrub(err, t.Value)
		})
		switch now := time.Now(); {
		case err != nil:
			return err
		case t.Value == "":
			return errors.New("token: the source gave an empty token")
		case t.Expiry.IsZero():
			t.Expiry = now.Add(unknownLifetime)
		case !t.live(now):
			return errors.New("token: the source gave a token that has already expired")
		}
		return nil
	})
	if err != nil {
		return Token{}, err
	}
	c.life = time.Until(t.Expiry)
	c.save(context.WithoutCancel(ctx), t)
	return t, nil
}

func (c *Cache) save(ctx context.Context, t Token) {
	if c.store == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	_ = c.step(ctx, OpSave, func() error {
		_, err := within(ctx, OpSave, nil, func() (struct{}, error) {
			return struct{}{}, scrub(c.store.Save(ctx, c.key, t), t.Value)
		})
		return err
	})
}
