package token

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// An Option configures a [Cache]. When one is given twice the last counts.
type Option func(*Cache) error

// WithStore shares the token with other processes through s, under key; see [Key]. Without it
// each Cache has a token of its own.
func WithStore(s Store, key string) Option {
	return func(c *Cache) error {
		if isNil(s) || key == "" {
			return errors.New("WithStore needs a store and a key")
		}
		c.store, c.key = s, key
		return nil
	}
}

// WithLock takes the lock of the Store around each fetch, so that one process of the fleet
// fetches and the others take what it got. It is for a Source that retires the token before
// when it gives one (GET /cgi-bin/token), and needs [WithStore] with a Store that is a
// [Locker].
func WithLock() Option {
	return func(c *Cache) error {
		c.locked = true
		return nil
	}
}

// WithMargin begins a refresh d before the token ends, and up to a tenth of d sooner, so that
// processes do not all refresh at once. It is [DefaultMargin] unless set. A third of the
// lifetime is the most that is taken, however long d is.
func WithMargin(d time.Duration) Option {
	return func(c *Cache) error {
		if d <= 0 {
			return fmt.Errorf("WithMargin: %v is not positive", d)
		}
		c.margin = d
		return nil
	}
}

// WithHook calls hook after each use of the Source, the Store and its lock. It is how failures
// of the Store are seen, since they do not make [Cache.Get] fail.
//
// The calls come one after the other, from the goroutine of the refresh, which waits for them;
// the context carries the values of the caller who began it. hook must not call the Cache. A
// panic in it is dropped.
func WithHook(hook func(context.Context, Event)) Option {
	return func(c *Cache) error {
		if hook == nil {
			return errors.New("WithHook: the hook is nil")
		}
		c.hook = hook
		return nil
	}
}

// isNil also finds a nil pointer or func in an interface, which would panic at its first use.
func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func:
		return r.IsNil()
	}
	return false
}

// configure applies opts and checks them together, so that their order does not matter.
func (c *Cache) configure(opts []Option) error {
	for i, opt := range opts {
		if opt == nil {
			return fmt.Errorf("option %d is nil", i+1)
		}
		if err := opt(c); err != nil {
			return err
		}
	}
	if !c.locked {
		return nil
	}
	var ok bool
	if c.locker, ok = c.store.(Locker); !ok {
		return errors.New("WithLock needs WithStore with a store that is a Locker")
	}
	return nil
}
