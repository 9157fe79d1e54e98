// Package tokentest tells the author of a [token.Store] whether it keeps its promises, as
// testing/fstest does for file systems. [Run] is the one call to know:
//
//	func TestStore(t *testing.T) {
//		tokentest.Run(t, func(t *testing.T) token.Store { return redisstore.New(addr) })
//	}
//
// # Errors
//
// What is wrong is reported through t, one subtest for each promise. The subtests of one Run
// run one after the other; those of several Runs may run at once, their keys differ.
package tokentest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/wxhome/token"
)

// Option configures [Run].
type Option func(*suite)

// WithOutage lets Run take the Store's backend away: breakIt makes it unreachable and returns
// what mends it. Without it the only outage tried is a cancelled context.
func WithOutage(breakIt func() (mend func())) Option {
	return func(s *suite) { s.breakIt = breakIt }
}

type suite struct {
	open    func() token.Store
	prefix  string
	breakIt func() (mend func())
}

// Run tests the Stores that open returns. Each call of open should connect anew to the same
// backend, as another process would; a Store in memory returns the same one.
func Run(t *testing.T, open func(t *testing.T) token.Store, opts ...Option) {
	t.Helper()
	s := &suite{open: func() token.Store { return open(t) }, prefix: "tokentest:" + rand.Text() + ":"}
	for _, opt := range opts {
		opt(s)
	}
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), checkLimit)
			defer cancel()
			if err := check.run(ctx, s); err != nil {
				t.Error(err)
			}
		})
	}
}

// checkLimit bounds a check, so that a Store that hangs fails instead of hanging the tests.
const checkLimit = 30 * time.Second

// checks are funcs that return an error rather than take a testing.T, so that this package's
// own tests can run them on Stores that are broken on purpose.
var checks = []struct {
	name string
	run  func(context.Context, *suite) error
}{
	{"miss", checkMiss},
	{"round trip", checkRoundTrip},
	{"replace", checkReplace},
	{"keys", checkKeys},
	{"expired", checkExpired},
	{"expires while stored", checkExpires},
	{"cancelled", checkCancelled},
	{"outage", checkOutage},
	{"concurrent", checkConcurrent},
	{"two caches", checkTwoCaches},
	{"lock", checkLock},
}

func (s *suite) key(name string) string { return token.Key(s.prefix, "stable", name) }

func checkMiss(ctx context.Context, s *suite) error {
	got, err := s.open().Load(ctx, s.key("miss"))
	if err != nil || got != (token.Token{}) {
		return fmt.Errorf("Load of a key that was never saved = %v, %w; want the zero Token and no error", got, err)
	}
	return nil
}

func checkRoundTrip(ctx context.Context, s *suite) error {
	long := make([]byte, 512)
	for i := range long {
		long[i] = "abcXYZ019-_"[i%11]
	}
	return s.saveLoad(ctx, s.key("round trip"), token.Token{Value: string(long), Expiry: time.Now().Add(2 * time.Hour)})
}

// saveLoad saves through one Store and loads through another. A second of the expiry may get
// lost, no more.
func (s *suite) saveLoad(ctx context.Context, key string, want token.Token) error {
	if err := s.open().Save(ctx, key, want); err != nil {
		return fmt.Errorf("Save: %w", err)
	}
	got, err := s.open().Load(ctx, key)
	if err != nil {
		return fmt.Errorf("Load: %w", err)
	}
	if got.Value != want.Value {
		return errors.New("Load after Save gives another value")
	}
	if d := got.Expiry.Sub(want.Expiry).Abs(); d > time.Second {
		return fmt.Errorf("the expiry moved by %v; save it in unix seconds or with its zone", d)
	}
	return nil
}

func checkReplace(ctx context.Context, s *suite) error {
	for _, value := range []string{"first", "second"} {
		err := s.saveLoad(ctx, s.key("replace"), token.Token{Value: value, Expiry: time.Now().Add(time.Hour)})
		if err != nil {
			return fmt.Errorf("%s token under one key: %w", value, err)
		}
	}
	return nil
}

func checkKeys(ctx context.Context, s *suite) error {
	names := []string{"wxa", "wxA", "wxa ", "wx_", "wx%", "wxa:b", "微信", "微", "*"}
	st := s.open()
	for _, n := range names {
		if err := st.Save(ctx, s.key(n), token.Token{Value: "of " + n, Expiry: time.Now().Add(time.Hour)}); err != nil {
			return fmt.Errorf("Save under a key with %q: %w", n, err)
		}
	}
	for _, n := range names {
		got, err := st.Load(ctx, s.key(n))
		if err != nil {
			return fmt.Errorf("Load of a key with %q: %w", n, err)
		}
		if got.Value != "of "+n {
			return fmt.Errorf("the key with %q holds the token of another key: keys are compared to the letter", n)
		}
	}
	return nil
}

func checkExpired(ctx context.Context, s *suite) error {
	st, key := s.open(), s.key("expired")
	// A refusal to save what has expired is fine as well.
	_ = st.Save(ctx, key, token.Token{Value: "old", Expiry: time.Now().Add(-time.Second)})
	got, err := st.Load(ctx, key)
	if err != nil || got.Value != "" {
		return fmt.Errorf("Load of an expired token = %v, %w; want the zero Token and no error", got, err)
	}
	return nil
}

func checkExpires(ctx context.Context, s *suite) error {
	st, key := s.open(), s.key("expires")
	expiry := time.Now().Add(1500 * time.Millisecond)
	if err := st.Save(ctx, key, token.Token{Value: "short", Expiry: expiry}); err != nil {
		return fmt.Errorf("Save: %w", err)
	}
	select {
	case <-time.After(time.Until(expiry) + 50*time.Millisecond):
	case <-ctx.Done():
		return ctx.Err()
	}
	got, err := st.Load(ctx, key)
	if err != nil || got.Value != "" {
		return fmt.Errorf("Load after the expiry = %v, %w; want the zero Token and no error", got, err)
	}
	return nil
}

func checkCancelled(ctx context.Context, s *suite) error {
	st, key := s.open(), s.key("cancelled")
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := st.Load(ended, key); err == nil {
		return errors.New("Load with a cancelled context gives no error: a caller takes that for a miss")
	}
	if err := st.Save(ended, key, token.Token{Value: "v", Expiry: time.Now().Add(time.Hour)}); err == nil {
		return errors.New("Save with a cancelled context gives no error")
	}
	return nil
}

func checkOutage(ctx context.Context, s *suite) error {
	if s.breakIt == nil {
		return nil
	}
	st, key := s.open(), s.key("outage")
	if err := st.Save(ctx, key, token.Token{Value: "v", Expiry: time.Now().Add(time.Hour)}); err != nil {
		return fmt.Errorf("Save before the outage: %w", err)
	}
	mend := s.breakIt()
	_, loadErr := st.Load(ctx, key)
	saveErr := st.Save(ctx, key, token.Token{Value: "w", Expiry: time.Now().Add(time.Hour)})
	mend()
	if loadErr == nil {
		return errors.New("Load during an outage gives no error: a caller takes that for a miss and fetches")
	}
	if saveErr == nil {
		return errors.New("Save during an outage gives no error")
	}
	if _, err := st.Load(ctx, key); err != nil {
		return fmt.Errorf("Load after the outage: %w; the Store must recover by itself", err)
	}
	return nil
}

func checkConcurrent(ctx context.Context, s *suite) error {
	st := s.open()
	var group sync.WaitGroup
	errs := make(chan error, 16)
	for i := range 16 {
		group.Go(func() {
			key := s.key(fmt.Sprintf("concurrent %d", i%4))
			for range 20 {
				if err := st.Save(ctx, key, token.Token{Value: key, Expiry: time.Now().Add(time.Hour)}); err != nil {
					errs <- err
					return
				}
				if got, err := st.Load(ctx, key); err != nil || got.Value != key {
					errs <- fmt.Errorf("Load while others save = %v, %w", got, err)
					return
				}
			}
		})
	}
	group.Wait()
	close(errs)
	return <-errs
}

func checkTwoCaches(ctx context.Context, s *suite) error {
	var fetches atomic.Int32
	src := token.SourceFunc(func(context.Context) (token.Token, error) {
		n := fetches.Add(1)
		return token.Token{Value: fmt.Sprintf("TOKEN_%d", n), Expiry: time.Now().Add(2 * time.Hour)}, nil
	})
	values := make([]string, 2)
	for i := range values {
		c, err := token.NewCache(src, token.WithStore(s.open(), s.key("caches")))
		if err != nil {
			return err
		}
		if values[i], err = c.Get(ctx); err != nil {
			return err
		}
	}
	if fetches.Load() != 1 || values[0] != values[1] {
		return fmt.Errorf("two Caches on one Store fetched %d tokens; want one that both use", fetches.Load())
	}
	return nil
}

func checkLock(ctx context.Context, s *suite) error {
	first, ok := s.open().(token.Locker)
	if !ok {
		return nil
	}
	second, _ := s.open().(token.Locker)
	key := s.key("lock")
	unlock, err := first.Lock(ctx, key)
	if err != nil {
		return fmt.Errorf("Lock: %w", err)
	}
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if _, err := second.Lock(short, key); err == nil {
		return errors.New("two hold the lock of one key")
	}
	unlock()
	unlock, err = second.Lock(ctx, key)
	if err != nil {
		return fmt.Errorf("Lock after unlock: %w", err)
	}
	unlock()
	return nil
}
