package claimtest

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
)

// A Claimer that does all that can be asked passes all checks, and skips none.
func TestCompleteClaimer(t *testing.T) {
	t.Parallel()
	b := newBackend()
	opened := 0
	Run(t, func(t *testing.T) callback.Claimer {
		opened++
		assert.Contains(t, t.Name(), "TestCompleteClaimer/", "the subtest's own t")
		return &sound{b}
	}, WithOutage(b.outage), WithTTL(50*time.Millisecond))
	assert.Greater(t, opened, 12)
}

// TestSoundClaimersPass has no fault found where there is none, with time that stands still
// between the steps of a check.
func TestSoundClaimersPass(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*broken){
		"without a fault":     func(*broken) {},
		"seconds, rounded up": withTTL(func(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }),
		"whole milliseconds": withTTL(func(d time.Duration) time.Duration {
			return max(d, time.Millisecond).Truncate(time.Millisecond) - time.Millisecond // of a clock that is about to go on
		}),
		"at least a millisecond":  withTTL(func(d time.Duration) time.Duration { return max(d, time.Millisecond) }),
		"keys without case":       withKeys(strings.ToLower),
		"zeros in front left out": withKeys(func(k string) string { return strings.TrimLeft(k, "0") }),
		"a network between":       slow,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBackend()
				for _, check := range checks {
					require.NoError(t, runCheck(t, check.name, b.suite(make)), check.name)
				}
			})
		})
	}
}

// TestCoarseClock: a backend that counts in minutes passes with a ttl of a minute.
func TestCoarseClock(t *testing.T) {
	t.Parallel()
	minutes := withTTL(func(d time.Duration) time.Duration { return (d + time.Minute - 1).Truncate(time.Minute) })
	synctest.Test(t, func(t *testing.T) {
		s := newBackend().suite(minutes)
		require.Error(t, runCheck(t, "ttl", s))
		require.NoError(t, WithTTL(time.Minute)(s))
		for _, check := range checks {
			require.NoError(t, runCheck(t, check.name, s), check.name)
		}
	})
}

func TestRunSkipsAnOutageThatItCannotMake(t *testing.T) {
	t.Parallel()
	s := newBackend().suite(func(*broken) {})
	s.breakIt = nil
	require.ErrorIs(t, runCheck(t, "outage", s), errSkip)
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]Option{
		"option 1 is nil": nil, "WithOutage": WithOutage(nil), "WithTTL: 0s": WithTTL(0), "WithTTL: -1s": WithTTL(-time.Second),
	} {
		_, err := newSuite([]Option{opt})
		require.ErrorContains(t, err, want)
	}
	s, err := newSuite(nil)
	require.NoError(t, err)
	assert.Equal(t, 1500*time.Millisecond, s.ttl)
}

// TestKeys: they are what a Server makes, all different, and different in each Run.
func TestKeys(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 2 {
		for _, key := range alike() {
			assert.Regexp(t, `^[0-9a-f]{64}$`, key)
			assert.False(t, seen[key], key)
			seen[key] = true
		}
	}
}

func runCheck(t *testing.T, name string, s *suite) error {
	t.Helper()
	for _, c := range checks {
		if c.name == name {
			ctx, cancel := context.WithTimeout(t.Context(), s.limit())
			defer cancel()
			return c.run(ctx, s)
		}
	}
	t.Fatalf("there is no check %q", name)
	return nil
}

// backend is what Claimers of one kind share.
type backend struct {
	mu    sync.Mutex // guards until
	until map[string]time.Time
	down  atomic.Bool
}

func newBackend() *backend { return &backend{until: map[string]time.Time{}} }

// suite is that of Claimers on b with the fault that make makes.
func (b *backend) suite(make func(*broken)) *suite {
	return &suite{ttl: defaultTTL, breakIt: b.outage, open: func() callback.Claimer {
		c := &broken{sound: &sound{b}}
		make(c)
		return c
	}}
}

func (b *backend) outage() (mend func()) {
	b.down.Store(true)
	return func() { b.down.Store(false) }
}

var errDown = errors.New("backend down")

// sound is a Claimer without a fault.
type sound struct{ *backend }

func (s *sound) Claim(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if s.down.Load() {
		return false, errDown
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.has(key) {
		return false, nil
	}
	s.until[key] = time.Now().Add(ttl)
	return true, nil
}

// has reports whether key is claimed. b.mu is held.
func (b *backend) has(key string) bool { return time.Now().Before(b.until[key]) }

// look is has, set is a claim: the two halves of a Claimer that does it in two steps.
func (b *backend) look(key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.has(key)
}

func (b *backend) set(key string, ttl time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until[key] = time.Now().Add(ttl)
}

// broken is a Claimer whose fault is the func, where that is set.
type broken struct {
	*sound
	claim func(ctx context.Context, key string, ttl time.Duration) (bool, error)
}

func (b *broken) Claim(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if b.claim != nil {
		return b.claim(ctx, key, ttl)
	}
	return b.sound.Claim(ctx, key, ttl)
}

// withKeys makes a Claimer that uses other keys than it is given.
func withKeys(key func(string) string) func(*broken) {
	return func(b *broken) {
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			return b.sound.Claim(ctx, key(k), ttl)
		}
	}
}

// withTTL makes a Claimer that claims for another time than it is given.
func withTTL(change func(time.Duration) time.Duration) func(*broken) {
	return func(b *broken) {
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			return b.sound.Claim(ctx, k, change(ttl))
		}
	}
}

// slow is a Claimer far away from its backend, which is no fault.
func slow(b *broken) {
	b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
		if sleep(ctx, 30*time.Millisecond) != nil {
			return false, ctx.Err()
		}
		first, err := b.sound.Claim(ctx, k, ttl)
		return first, errors.Join(err, sleep(ctx, 30*time.Millisecond))
	}
}

// hides makes a Claimer that answers in place of an error.
func hides(answer bool, which error) func(*broken) {
	return func(b *broken) {
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			first, err := b.sound.Claim(ctx, k, ttl)
			if errors.Is(err, which) {
				return answer, nil
			}
			return first, err
		}
	}
}

// deaf makes a Claimer that goes on for a while after its context has ended.
func deaf(b *broken) {
	b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
		first, err := b.sound.Claim(ctx, k, ttl)
		if err != nil {
			time.Sleep(patience + time.Millisecond)
		}
		return first, err
	}
}

// inTwoSteps looks and then claims, with a moment between.
func inTwoSteps(b *broken) {
	b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
		if b.look(k) {
			return false, nil
		}
		time.Sleep(time.Millisecond)
		b.set(k, ttl)
		return true, nil
	}
}

// ownedBy makes a Claimer that knows its own claims again.
func ownedBy(b *broken) {
	own := map[string]bool{}
	b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
		first, err := b.sound.Claim(ctx, k, ttl)
		own[k] = own[k] || first
		return own[k], err
	}
}

// renews makes a Claimer whose claims in vain set the ttl anew.
func renews(b *broken) {
	b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
		first, err := b.sound.Claim(ctx, k, ttl)
		b.set(k, ttl)
		return first, err
	}
}

// shortens makes a Claimer whose claims in vain bring the end nearer.
func shortens(b *broken) {
	b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
		first, err := b.sound.Claim(ctx, k, ttl)
		b.mu.Lock()
		defer b.mu.Unlock()
		if end := time.Now().Add(ttl); end.Before(b.until[k]) {
			b.until[k] = end
		}
		return first, err
	}
}

// oneTTL makes a Claimer whose keys all end when the last one says, as the fields of a hash do.
func oneTTL(b *broken) {
	b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
		first, err := b.sound.Claim(ctx, k, ttl)
		b.mu.Lock()
		defer b.mu.Unlock()
		for key := range b.until {
			if first && b.has(key) {
				b.until[key] = time.Now().Add(ttl)
			}
		}
		return first, err
	}
}

// stale makes a Claimer whose claims in vain have a timer too, that removes the key.
func stale(b *broken) {
	b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
		first, err := b.sound.Claim(ctx, k, ttl)
		if err == nil && ttl < long {
			time.AfterFunc(ttl, func() { b.set(k, 0) })
		}
		return first, err
	}
}

// forgetful keeps no more than 200 claims.
func forgetful(b *broken) {
	var mu sync.Mutex // guards kept
	var kept []string
	b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
		first, err := b.sound.Claim(ctx, k, ttl)
		mu.Lock()
		defer mu.Unlock()
		if kept = append(kept, k); len(kept) > 200 {
			b.set(kept[0], 0)
			kept = kept[1:]
		}
		return first, err
	}
}

// number makes a Claimer whose backend takes keys of digits for numbers.
func number(k string) string {
	if f, err := strconv.ParseFloat(k, 64); err == nil {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return k
}

// faults are what Claimers do wrong, and the check that finds it.
var faults = []struct {
	name, check string
	make        func(*broken)
}{
	{"never the first", "first", func(b *broken) {
		b.claim = func(context.Context, string, time.Duration) (bool, error) { return false, nil }
	}},
	{"always the first", "first", func(b *broken) {
		b.claim = func(context.Context, string, time.Duration) (bool, error) { return true, nil }
	}},
	{"claims of this process only", "first", func(b *broken) { b.claim = (&sound{newBackend()}).Claim }},
	{"first again for whoever has it", "first", ownedBy},
	{"a claim in vain gives the key away", "first", func(b *broken) {
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			first, err := b.sound.Claim(ctx, k, ttl)
			if !first {
				b.set(k, 0)
			}
			return first, err
		}
	}},
	{"an error for a key that is taken", "first", func(b *broken) {
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			first, err := b.sound.Claim(ctx, k, ttl)
			if !first && err == nil {
				err = errors.New("duplicate key")
			}
			return first, err
		}
	}},
	{"the answer upside down", "first", func(b *broken) {
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			first, err := b.sound.Claim(ctx, k, ttl)
			return !first, err
		}
	}},
	{"looks and then claims", "concurrent", inTwoSteps},
	{"an error for those who come together", "concurrent", func(b *broken) {
		var busy atomic.Int32
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			defer busy.Add(-1)
			if busy.Add(1) > 1 {
				return false, errors.New("deadlock found")
			}
			time.Sleep(time.Millisecond)
			return b.sound.Claim(ctx, k, ttl)
		}
	}},
	{"nobody is the first of several", "concurrent", func(b *broken) {
		var calls atomic.Int32
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			mine := calls.Add(1)
			time.Sleep(time.Millisecond)
			first, err := b.sound.Claim(ctx, k, ttl)
			return first && mine == calls.Load(), err
		}
	}},
	{"keys cut at the end", "keys", withKeys(func(k string) string { return k[:63] })},
	{"keys cut at the front", "keys", withKeys(func(k string) string { return k[1:] })},
	{"a key without its middle", "keys", withKeys(func(k string) string { return k[:20] + k[40:] })},
	{"half a key", "keys", withKeys(func(k string) string { return k[:32] })},
	{"keys as numbers", "keys", withKeys(number)},
	{"one key for all", "keys", withKeys(func(string) string { return "claim" })},
	{"a memory that is too small", "keys", forgetful},
	{"no end", "ttl", withTTL(func(time.Duration) time.Duration { return time.Hour })},
	{"one end for all", "ttl", withTTL(func(time.Duration) time.Duration { return 500 * time.Millisecond })},
	{"whole seconds, cut off", "ttl", withTTL(func(d time.Duration) time.Duration { return d.Truncate(time.Second) })},
	{"milliseconds taken for seconds", "ttl", withTTL(func(d time.Duration) time.Duration { return d * 1000 })},
	{"seconds taken for milliseconds", "ttl", withTTL(func(d time.Duration) time.Duration { return d / 1000 })},
	{"ends a moment early", "ttl", withTTL(func(d time.Duration) time.Duration { return d - 50*time.Millisecond })},
	{"claims in vain prolong it", "ttl", renews},
	{"claims in vain shorten it", "ttl", shortens},
	{"the ttl of a hash", "ttl", oneTTL},
	{"claims in vain end it", "ttl", stale},
	{"zero means no end", "short ttl", withTTL(func(d time.Duration) time.Duration {
		if d = d.Truncate(time.Millisecond); d == 0 {
			return time.Hour
		}
		return d
	})},
	{"an error for less than a millisecond", "short ttl", func(b *broken) {
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			if ttl < time.Millisecond {
				return false, errors.New("invalid expire time")
			}
			return b.sound.Claim(ctx, k, ttl)
		}
	}},
	{"milliseconds in 32 bits", "long ttl", withTTL(func(d time.Duration) time.Duration {
		return time.Duration(int32(d.Milliseconds())) * time.Millisecond
	})},
	{"milliseconds in 32 bits without a sign", "long ttl", withTTL(func(d time.Duration) time.Duration {
		return time.Duration(uint32(d.Milliseconds())) * time.Millisecond
	})},
	{"dates for more than 30 days", "long ttl", withTTL(func(d time.Duration) time.Duration {
		if d > 30*24*time.Hour {
			return time.Until(time.Unix(int64(d.Seconds()), 0))
		}
		return d
	})},
	{"an error for a long time", "long ttl", func(b *broken) {
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			if ttl.Milliseconds() > math.MaxInt32 {
				return false, errors.New("value is out of range")
			}
			return b.sound.Claim(ctx, k, ttl)
		}
	}},
	{"a claim that ends with its context", "outlives its context", func(b *broken) {
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			first, err := b.sound.Claim(ctx, k, ttl)
			if first {
				context.AfterFunc(ctx, func() { b.set(k, 0) })
			}
			return first, err
		}
	}},
	{"not the first for an ended context", "ended context", hides(false, context.Canceled)},
	{"the first for an ended context", "ended context", hides(true, context.Canceled)},
	{"not the first when it is too late", "ended context", hides(false, context.DeadlineExceeded)},
	{"looks away from the context", "ended context", func(b *broken) {
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			return b.sound.Claim(context.WithoutCancel(ctx), k, ttl)
		}
	}},
	{"goes on with an ended context", "ended context", deaf},
	{"dead after an ended context", "ended context", func(b *broken) {
		var dead atomic.Bool
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			if ctx.Err() != nil {
				dead.Store(true)
			}
			if dead.Load() {
				return false, errors.New("bad connection")
			}
			return b.sound.Claim(ctx, k, ttl)
		}
	}},
	{"not the first in an outage", "outage", hides(false, errDown)},
	{"the first in an outage", "outage", hides(true, errDown)},
	{"goes on in an outage", "outage", deaf},
	{"never recovers", "outage", func(b *broken) {
		var dead atomic.Bool
		b.claim = func(ctx context.Context, k string, ttl time.Duration) (bool, error) {
			first, err := b.sound.Claim(ctx, k, ttl)
			if err != nil || dead.Load() {
				dead.Store(true)
				return false, errDown
			}
			return first, nil
		}
	}},
}

// TestBrokenClaimersAreCaught shows that each check fails on the faults that it is there for, and
// says what is wrong.
func TestBrokenClaimersAreCaught(t *testing.T) {
	t.Parallel()
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				err := runCheck(t, fault.check, newBackend().suite(fault.make))
				require.Error(t, err)
				require.NotErrorIs(t, err, errSkip)
				require.NotErrorIs(t, err, context.DeadlineExceeded, "the check says more than that it took long")
				assert.NotContains(t, err.Error(), "%!")
				assert.Less(t, len(err.Error()), 600)
				t.Log(err)
			})
		})
	}
}

func TestNilClaimerIsCaught(t *testing.T) {
	t.Parallel()
	s := newBackend().suite(func(*broken) {})
	s.open = func() callback.Claimer { return nil }
	for _, check := range checks {
		require.ErrorContains(t, runCheck(t, check.name, s), "returned nil", check.name)
	}
}
