package tokentest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

func TestMemoryStore(t *testing.T) {
	t.Parallel()
	s := token.NewMemoryStore()
	Run(t, func(*testing.T) token.Store { return s })
}

// A Store that does all that can be asked passes all checks, and skips none.
func TestCompleteStore(t *testing.T) {
	t.Parallel()
	b := newBackend()
	opened := 0
	Run(t, func(t *testing.T) token.Store {
		opened++
		assert.Contains(t, t.Name(), "TestCompleteStore/", "the subtest's own t")
		return &sound{b}
	}, WithOutage(b.outage))
	assert.Greater(t, opened, 20)
}

func TestRunSkipsWhatIsNotThere(t *testing.T) {
	t.Parallel()
	st := token.NewMemoryStore()
	s := &suite{prefix: "p", open: func() token.Store { return st }}
	for _, name := range []string{"outage", "lock excludes", "lock heeds context", "lock keys"} {
		require.ErrorIs(t, runCheck(t, name, s), errSkip, name)
	}
}

func runCheck(t *testing.T, name string, s *suite) error {
	t.Helper()
	for _, c := range checks {
		if c.name == name {
			ctx, cancel := context.WithTimeout(t.Context(), checkLimit)
			defer cancel()
			return c.run(ctx, s)
		}
	}
	t.Fatalf("there is no check %q", name)
	return nil
}

// backend is what Stores of one kind share: tokens, locks, and whether it can be reached.
type backend struct {
	token.MemoryStore
	mu    sync.Mutex // guards locks
	locks map[string]chan struct{}
	down  atomic.Bool
}

func newBackend() *backend { return &backend{locks: map[string]chan struct{}{}} }

func (b *backend) outage() (mend func()) {
	b.down.Store(true)
	return func() { b.down.Store(false) }
}

var errDown = errors.New("backend down")

func (b *backend) place(key string) chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.locks[key] == nil {
		b.locks[key] = make(chan struct{}, 1)
	}
	return b.locks[key]
}

// sound is a Store and Locker without a fault.
type sound struct{ *backend }

func (s *sound) Load(ctx context.Context, key string) (token.Token, error) {
	if s.down.Load() {
		return token.Token{}, errDown
	}
	return s.MemoryStore.Load(ctx, key)
}

func (s *sound) Save(ctx context.Context, key string, t token.Token) error {
	if s.down.Load() {
		return errDown
	}
	return s.MemoryStore.Save(ctx, key, t)
}

func (s *sound) Lock(ctx context.Context, key string) (func(), error) {
	place := s.place(key)
	select {
	case place <- struct{}{}:
		return func() { <-place }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// broken is a Store whose faults are the funcs that are set.
type broken struct {
	*sound
	load func(ctx context.Context, key string) (token.Token, error)
	save func(ctx context.Context, key string, t token.Token) error
	lock func(ctx context.Context, key string) (func(), error)
}

func (b *broken) Load(ctx context.Context, key string) (token.Token, error) {
	if b.load != nil {
		return b.load(ctx, key)
	}
	return b.sound.Load(ctx, key)
}

func (b *broken) Save(ctx context.Context, key string, t token.Token) error {
	if b.save != nil {
		return b.save(ctx, key, t)
	}
	return b.sound.Save(ctx, key, t)
}

func (b *broken) Lock(ctx context.Context, key string) (func(), error) {
	if b.lock != nil {
		return b.lock(ctx, key)
	}
	return b.sound.Lock(ctx, key)
}

// withKeys makes a Store that uses other keys than it is given.
func withKeys(key func(string) string) func(*broken) {
	return func(b *broken) {
		b.load = func(ctx context.Context, k string) (token.Token, error) { return b.sound.Load(ctx, key(k)) }
		b.save = func(ctx context.Context, k string, t token.Token) error { return b.sound.Save(ctx, key(k), t) }
	}
}

// withSaved makes a Store that saves something other than it is given.
func withSaved(change func(token.Token) token.Token) func(*broken) {
	return func(b *broken) {
		b.save = func(ctx context.Context, k string, t token.Token) error { return b.sound.Save(ctx, k, change(t)) }
	}
}

// keepsForever never looks at the expiry.
func keepsForever(b *broken) {
	var kept sync.Map
	b.save = func(ctx context.Context, k string, t token.Token) error { kept.Store(k, t); return ctx.Err() }
	b.load = func(ctx context.Context, k string) (token.Token, error) {
		t, _ := kept.Load(k)
		if t == nil {
			return token.Token{}, ctx.Err()
		}
		return t.(token.Token), ctx.Err()
	}
}

// inTwoParts keeps value and expiry under keys of their own, as a careless HSET or two columns
// written one after the other would.
func inTwoParts(b *broken) {
	b.save = func(ctx context.Context, k string, t token.Token) error {
		if err := b.sound.Save(ctx, k+"/value", token.Token{Value: t.Value, Expiry: time.Now().Add(time.Hour)}); err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
		return b.sound.Save(ctx, k+"/expiry", token.Token{Value: "-", Expiry: t.Expiry})
	}
	b.load = func(ctx context.Context, k string) (token.Token, error) {
		v, err := b.sound.Load(ctx, k+"/value")
		if err != nil {
			return token.Token{}, err
		}
		e, err := b.sound.Load(ctx, k+"/expiry")
		if v.Value == "" || e.Value == "" {
			return token.Token{}, err
		}
		return token.Token{Value: v.Value, Expiry: e.Expiry}, err
	}
}

// deaf goes on for a while after its context has ended.
func deaf(b *broken) {
	b.load = func(context.Context, string) (token.Token, error) {
		time.Sleep(2*patience + time.Millisecond)
		return token.Token{}, errDown
	}
}

// faults are what Stores do wrong, and the check that finds it.
var faults = []struct {
	name, check string
	make        func(*broken)
}{
	{"an error for a miss", "miss", func(b *broken) {
		b.load = func(ctx context.Context, k string) (token.Token, error) {
			t, err := b.sound.Load(ctx, k)
			if t.Value == "" && err == nil {
				err = errors.New("not found")
			}
			return t, err
		}
	}},
	{"an expiry without a token", "miss", func(b *broken) {
		b.load = func(ctx context.Context, k string) (token.Token, error) {
			t, err := b.sound.Load(ctx, k)
			if t.Value == "" {
				t.Expiry = time.Unix(0, 0)
			}
			return t, err
		}
	}},
	{"a column of 255 bytes", "round trip", withSaved(func(t token.Token) token.Token {
		t.Value = t.Value[:min(len(t.Value), 255)]
		return t
	})},
	{"a value that is not quoted", "round trip", withSaved(func(t token.Token) token.Token {
		t.Value = strings.ReplaceAll(t.Value, `\`, "")
		return t
	})},
	{"a time without its zone", "expiry", withSaved(func(t token.Token) token.Token {
		bare, _ := time.Parse(time.DateTime, t.Expiry.Format(time.DateTime))
		t.Expiry = bare
		return t
	})},
	{"minutes", "expiry", withSaved(func(t token.Token) token.Token { t.Expiry = t.Expiry.Truncate(time.Minute); return t })},
	{"no expiry", "expiry", keepsNoExpiry},
	{"the first one wins", "replace", func(b *broken) {
		b.save = func(ctx context.Context, k string, t token.Token) error {
			if old, err := b.sound.Load(ctx, k); old.Value != "" || err != nil {
				return err
			}
			return b.sound.Save(ctx, k, t)
		}
	}},
	{"the later expiry wins", "replace", func(b *broken) {
		b.save = func(ctx context.Context, k string, t token.Token) error {
			if old, err := b.sound.Load(ctx, k); old.Expiry.After(t.Expiry) || err != nil {
				return err
			}
			return b.sound.Save(ctx, k, t)
		}
	}},
	{"keys without case", "keys", withKeys(strings.ToLower)},
	{"keys cut short", "keys", withKeys(func(k string) string { return k[:min(len(k), 128)] })},
	{"keys of 254 bytes", "keys", withKeys(func(k string) string { return k[:min(len(k), token.MaxKeyLength-1)] })},
	{"keys in ASCII", "keys", withKeys(func(k string) string {
		return strings.Map(func(r rune) rune { return min(r, 128) }, k)
	})},
	{"keys as file names", "keys", withKeys(strings.NewReplacer("/", "_", ":", "_").Replace)},
	{"one key for all", "keys", withKeys(func(string) string { return "token" })},
	{"expired when it is saved", "expired", keepsForever},
	{"expires in the Store", "expires while stored", keepsForever},
	{"a TTL in whole minutes", "expires while stored", withSaved(func(t token.Token) token.Token {
		t.Expiry = t.Expiry.Add(time.Minute)
		return t
	})},
	{"a miss for an ended context", "ended context", func(b *broken) {
		b.load = func(ctx context.Context, k string) (token.Token, error) {
			t, _ := b.sound.Load(ctx, k)
			return t, nil
		}
	}},
	{"a Save that looks away", "ended context", func(b *broken) {
		b.save = func(ctx context.Context, k string, t token.Token) error { _ = b.sound.Save(ctx, k, t); return nil }
	}},
	{"deaf to the context", "ended context", deaf},
	{"a miss for an outage", "outage", func(b *broken) {
		b.load = func(ctx context.Context, k string) (token.Token, error) {
			t, err := b.sound.Load(ctx, k)
			if errors.Is(err, errDown) {
				err = nil
			}
			return t, err
		}
	}},
	{"never recovers", "outage", func(b *broken) {
		var once atomic.Bool
		b.save = func(ctx context.Context, k string, t token.Token) error {
			err := b.sound.Save(ctx, k, t)
			if err != nil || once.Load() {
				once.Store(true)
				return errDown
			}
			return nil
		}
	}},
	{"deaf in an outage", "outage", deaf},
	{"parts of two tokens", "concurrent", inTwoParts},
	{"a lock that is none", "lock excludes", func(b *broken) {
		b.lock = func(context.Context, string) (func(), error) { return func() {}, nil }
	}},
	{"a lock that does not wait", "lock excludes", func(b *broken) {
		b.lock = func(ctx context.Context, k string) (func(), error) {
			soon, cancel := context.WithTimeout(ctx, time.Millisecond)
			defer cancel()
			return b.sound.Lock(soon, k)
		}
	}},
	{"a lock within the process only", "lock excludes", func(b *broken) {
		own := &sound{newBackend()}
		b.lock = own.Lock
	}},
	{"a lock that ends with its context", "lock heeds context", func(b *broken) {
		b.lock = func(ctx context.Context, k string) (func(), error) {
			unlock, err := b.sound.Lock(ctx, k)
			if err != nil {
				return nil, err
			}
			release := sync.OnceFunc(unlock)
			context.AfterFunc(ctx, release)
			return release, nil
		}
	}},
	{"an unlock that does nothing", "lock heeds context", func(b *broken) {
		b.lock = func(ctx context.Context, k string) (func(), error) {
			_, err := b.sound.Lock(ctx, k)
			return func() {}, err
		}
	}},
	{"one lock for all keys", "lock keys", func(b *broken) {
		b.lock = func(ctx context.Context, _ string) (func(), error) { return b.sound.Lock(ctx, "all") }
	}},
}

func keepsNoExpiry(b *broken) {
	b.load = func(ctx context.Context, k string) (token.Token, error) {
		t, err := b.sound.Load(ctx, k)
		return token.Token{Value: t.Value}, err
	}
}

// TestBrokenStoresAreCaught shows that each check fails on the faults that it is there for.
func TestBrokenStoresAreCaught(t *testing.T) {
	t.Parallel()
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBackend()
				err := runCheck(t, fault.check, &suite{prefix: "p", settings: settings{b.outage}, open: func() token.Store {
					st := &broken{sound: &sound{b}}
					fault.make(st)
					return st
				}})
				require.Error(t, err)
				require.NotErrorIs(t, err, errSkip)
				assert.NotContains(t, err.Error(), "%!")
				t.Log(err)
			})
		})
	}
}

func TestStoresThatCannotBeSharedAreCaught(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"round trip", "two caches"} {
		err := runCheck(t, name, &suite{prefix: "p", open: func() token.Store { return token.NewMemoryStore() }})
		require.Error(t, err, name)
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	outage := WithOutage(newBackend().outage)
	for want, opts := range map[string][]Option{
		"option 2 is nil": {outage, nil}, "the func is nil": {WithOutage(nil)}, "WithOutage is given twice": {outage, outage},
	} {
		_, err := configure(opts)
		require.ErrorContains(t, err, "tokentest: ")
		require.ErrorContains(t, err, want)
	}
}
