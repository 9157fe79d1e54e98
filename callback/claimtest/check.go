package claimtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/org/wxhome/callback"
)

// long is the ttl of claims that must not end during a check. It is what a Server with the default
// HandlerTimeout asks for.
const long = 90 * time.Second

// grain is by how much a claim may end early: backends count whole milliseconds of their own clock.
const grain = 5 * time.Millisecond

// pause is how long a check waits before it looks again.
const pause = 20 * time.Millisecond

// claimer is a Claimer with a name for messages.
type claimer struct {
	callback.Claimer
	name string
}

// process opens a Claimer, as another process would.
func (s *suite) process(name string) (claimer, error) {
	c := s.open()
	if c == nil {
		return claimer{}, errors.New("the func that opens a Claimer returned nil")
	}
	return claimer{c, name}, nil
}

// pair opens two Claimers.
func (s *suite) pair() (one, other claimer, err error) {
	if one, err = s.process("one process"); err == nil {
		other, err = s.process("another process")
	}
	return one, other, err
}

// want claims key and compares the answer. When says in a message what has happened before.
func (c claimer) want(ctx context.Context, first bool, key string, ttl time.Duration, when string) error {
	got, err := c.Claim(ctx, key, ttl)
	switch {
	case err != nil:
		return fmt.Errorf("claim by %s, %s: %w", c.name, when, err)
	case got && !first:
		return fmt.Errorf("claim by %s, %s, is the first again: the message would be handled twice", c.name, when)
	case !got && first:
		return fmt.Errorf("claim by %s, %s, is not the first: the message would be dropped", c.name, when)
	}
	return nil
}

func checkFirst(ctx context.Context, s *suite) error {
	one, other, err := s.pair()
	if err != nil {
		return err
	}
	key := newKey()
	for _, step := range []struct {
		who   claimer
		first bool
		when  string
	}{
		{one, true, "of a new key"},
		{other, false, "of a key that one process has"},
		{one, false, "of a key that it has itself, and that another has claimed in vain"},
	} {
		if err := step.who.want(ctx, step.first, key, long, step.when); err != nil {
			return err
		}
	}
	return nil
}

// checkConcurrent has many claim one key at the same moment, each of several processes by several
// goroutines.
func checkConcurrent(ctx context.Context, s *suite) error {
	const processes, goroutines, rounds = 4, 8, 20
	var claimers []claimer
	for i := range processes {
		c, err := s.process(fmt.Sprintf("process %d", i+1))
		if err != nil {
			return err
		}
		claimers = append(claimers, c)
	}
	for range rounds {
		var together []claimer
		for range goroutines {
			together = append(together, claimers...)
		}
		first, err := claimTogether(ctx, together, newKey())
		switch {
		case err != nil:
			return fmt.Errorf("claim while others claim the same key: %w", err)
		case first == 0:
			return fmt.Errorf("of %d who claim a new key at one time none is the first: the message would be dropped", len(together))
		case first > 1:
			return fmt.Errorf("of %d who claim a new key at one time %d are the first: the message would be handled %d times", len(together), first, first)
		}
	}
	return nil
}

// claimTogether returns how many of the claimers are the first.
func claimTogether(ctx context.Context, claimers []claimer, key string) (first int, err error) {
	var (
		mu    sync.Mutex // guards first and err
		group sync.WaitGroup
		start = make(chan struct{})
	)
	for _, c := range claimers {
		group.Go(func() {
			<-start
			got, failed := c.Claim(ctx, key, long)
			mu.Lock()
			defer mu.Unlock()
			if got {
				first++
			}
			if failed != nil {
				err = failed
			}
		})
	}
	close(start)
	group.Wait()
	return first, err
}

// checkKeys claims keys that a careless backend takes for one another, and then all of them again.
func checkKeys(ctx context.Context, s *suite) error {
	one, other, err := s.pair()
	if err != nil {
		return err
	}
	keys := alike()
	if err := claimEach(keys, func(key string) error {
		return one.want(ctx, true, key, long, "of a new key, one of many that are much alike")
	}); err != nil {
		return fmt.Errorf("%w; keys are to be compared as a whole and as text", err)
	}
	return claimEach(keys, func(key string) error {
		return other.want(ctx, false, key, long, fmt.Sprintf("of one of %d keys that one process has", len(keys)))
	})
}

// claimEach calls claim for each key, several at a time, and returns one of the errors.
func claimEach(keys []string, claim func(key string) error) error {
	const workers = 8
	queue, failed := make(chan string), make(chan error, workers)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			var first error
			for key := range queue {
				if first == nil {
					first = claim(key)
				}
			}
			failed <- first
		})
	}
	for _, key := range keys {
		queue <- key
	}
	close(queue)
	group.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// alike returns keys that differ in one digit, at each place in turn; keys that look like numbers,
// which differ beyond the precision of a float or are zero in scientific notation; and some that
// have nothing in common, more than a small cache keeps.
func alike() []string {
	base := newKey()
	keys := []string{base}
	for i := range base {
		digit := "0"
		if base[i] == '0' {
			digit = "f"
		}
		keys = append(keys, base[:i]+digit+base[i+1:])
	}
	number := decimal(60)
	for _, of := range []string{"1" + number + "00", "0" + number + "00", "00" + number + "0", "000" + number, "0e" + number + "0"} {
		keys = append(keys, of+"1", of+"2")
	}
	for range 256 {
		keys = append(keys, newKey())
	}
	return keys
}

// decimal returns random decimal digits.
func decimal(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	var digits strings.Builder
	for _, c := range b {
		digits.WriteByte('0' + c%10)
	}
	return digits.String()
}

// checkTTL looks at two claims at once: one that ends, and one that must not, though another
// process claims it in vain for a shorter time.
func checkTTL(ctx context.Context, s *suite) error {
	one, other, err := s.pair()
	if err != nil {
		return err
	}
	stays, ends := newKey(), newKey()
	if err := one.want(ctx, true, stays, long+3*s.ttl, "of a new key"); err != nil {
		return err
	}
	if err := other.want(ctx, false, stays, s.ttl, "of a key that one process has"); err != nil {
		return err
	}
	start := time.Now()
	if err := one.want(ctx, true, ends, s.ttl, "of a new key"); err != nil {
		return err
	}
	if err := s.awaitEnd(ctx, other, ends, s.ttl, start); err != nil {
		return err
	}
	if err := sleep(ctx, pause); err != nil { // a backend may be removing what has ended
		return err
	}
	if err := other.want(ctx, false, stays, long, "of a key that one process has for longer"); err != nil {
		return fmt.Errorf("%w; neither a Claim in vain nor one of another key may change how long a claim lasts", err)
	}
	return one.want(ctx, false, ends, s.ttl, "of a key that another process has claimed after the first claim ended")
}

// awaitEnd claims a key that is claimed for ttl since start, until it is the first. The key is
// then claimed for long.
func (s *suite) awaitEnd(ctx context.Context, c claimer, key string, ttl time.Duration, start time.Time) error {
	for {
		first, err := c.Claim(ctx, key, long)
		after := time.Since(start)
		switch {
		case err != nil:
			return fmt.Errorf("claim of a key whose earlier claim ends: %w", err)
		case first && after < ttl-grain:
			return fmt.Errorf("a claim for %v has ended after %v: the message could be handled twice", ttl, after.Round(time.Millisecond))
		case first:
			return nil
		case after > ttl+s.tolerance():
			return fmt.Errorf("a claim for %v has not ended after %v, or was prolonged by claims in vain", ttl, after.Round(time.Millisecond))
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// checkShortTTL claims for less than backends can count. A ttl that is rounded to zero must not
// come to mean "for ever".
func checkShortTTL(ctx context.Context, s *suite) error {
	c, err := s.process("one process")
	if err != nil {
		return err
	}
	for _, ttl := range []time.Duration{time.Nanosecond, 500 * time.Microsecond, time.Millisecond} {
		key, start := newKey(), time.Now()
		if err := c.want(ctx, true, key, ttl, fmt.Sprintf("of a new key, for %v", ttl)); err != nil {
			return err
		}
		if err := s.awaitEnd(ctx, c, key, ttl, start); err != nil {
			return err
		}
	}
	return nil
}

// veryLong is over 397 days: so many milliseconds that nothing is left of them in 32 bits, and more
// than the 30 days after which some backends take a ttl for a date.
const veryLong = time.Millisecond << 35

func checkLongTTL(ctx context.Context, s *suite) error {
	one, other, err := s.pair()
	if err != nil {
		return err
	}
	key, when := newKey(), fmt.Sprintf("for %v", veryLong)
	if err := one.want(ctx, true, key, veryLong, "of a new key, "+when); err != nil {
		return err
	}
	if err := sleep(ctx, 5*pause); err != nil {
		return err
	}
	return other.want(ctx, false, key, veryLong, "of a key that one process has "+when)
}

// checkOutlives ends the context of a claim that has succeeded, as a Server does.
func checkOutlives(ctx context.Context, s *suite) error {
	one, other, err := s.pair()
	if err != nil {
		return err
	}
	key := newKey()
	short, cancel := context.WithTimeout(ctx, serverTimeout)
	err = one.want(short, true, key, long, "of a new key")
	cancel()
	if err != nil {
		return err
	}
	if err := sleep(ctx, 5*pause); err != nil {
		return err
	}
	return other.want(ctx, false, key, long, "of a key that one process has, after the context of that claim has ended")
}
