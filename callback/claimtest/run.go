package claimtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/org/wxhome/callback"
)

// Option configures [Run]. Run fails if an option is nil or invalid.
type Option func(*suite) error

// WithOutage lets Run test a backend that cannot be reached. breakIt must make the backend
// unreachable for open Claimers, and return a func that makes it reachable again. A backend that
// accepts connections and does not answer is a harder test than one that refuses connections. The
// outage may lose claims. Default: the subtest outage is skipped, and Run tests only a context that
// has ended.
func WithOutage(breakIt func() (mend func())) Option {
	return func(s *suite) error {
		if breakIt == nil {
			return errors.New("WithOutage: the func is nil")
		}
		s.breakIt = breakIt
		return nil
	}
}

// WithTTL sets the ttl of the claim whose end Run waits for. Default: 1.5s. Minimum: 1 ms. If the
// backend's clock has steps of more than 1 s, set ttl to at least one step. A claim may last longer
// than its ttl: by ttl, or by 2 s if that is more. It must never end early.
func WithTTL(ttl time.Duration) Option {
	return func(s *suite) error {
		if ttl < time.Millisecond {
			return fmt.Errorf("WithTTL: %v is less than a millisecond", ttl)
		}
		s.ttl = ttl
		return nil
	}
}

// Run tests the Claimers that open returns. Each promise of a Claimer has its own subtest. Run
// takes a few seconds. It uses new keys each time, so the backend need not be empty. Some claims of
// Run last for more than a year, so use a backend that is only for tests.
//
// Run calls open one or more times per subtest. Each call should open a new connection to the same
// backend, as another process would. For a Claimer in memory, open returns the same Claimer each
// time. The t of open is that of the subtest: use its Cleanup to close the Claimer.
//
// Run uses keys like those of a [callback.Server]: 64 lower-case hexadecimal digits. It does not
// test upper-case keys, because a Server has none.
func Run(t *testing.T, open func(t *testing.T) callback.Claimer, opts ...Option) {
	t.Helper()
	s, err := newSuite(opts)
	if err == nil && open == nil {
		err = errors.New("the func that opens a Claimer is nil")
	}
	if err != nil {
		t.Fatalf("claimtest: %v", err)
	}
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), s.limit())
			defer cancel()
			s := *s
			s.open = func() callback.Claimer { return open(t) }
			switch err := check.run(ctx, &s); {
			case errors.Is(err, errSkip):
				t.Skip(err)
			case err != nil:
				t.Error(err)
			}
		})
	}
}

const (
	// defaultTTL is not a whole number of seconds, to find a Claimer that cuts off the fraction.
	defaultTTL = 1500 * time.Millisecond
	// serverTimeout is the timeout of Claim in a Server.
	serverTimeout = time.Second
	// patience is the time that a Claim with an ended context may take; half of it is for slow
	// machines. It is also the time by which a claim may outlast its ttl, because backends round up
	// to seconds.
	patience = 2 * time.Second
)

// suite has the settings of a check.
type suite struct {
	open    func() callback.Claimer
	ttl     time.Duration
	breakIt func() (mend func()) // nil means no outage
}

func newSuite(opts []Option) (*suite, error) {
	s := &suite{ttl: defaultTTL}
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("option %d is nil", i+1)
		}
		if err := opt(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// limit bounds a check. A Claimer that hangs until its context ends fails the check.
func (s *suite) limit() time.Duration { return 30*time.Second + 4*s.ttl }

// tolerance is the time by which a claim may outlast its ttl.
func (s *suite) tolerance() time.Duration { return max(s.ttl, patience) }

// checks return an error instead of taking a testing.T, so that the tests of this package can run
// them on broken Claimers.
var checks = []struct {
	name string
	run  func(context.Context, *suite) error
}{
	{"first", checkFirst},
	{"concurrent", checkConcurrent},
	{"keys", checkKeys},
	{"ttl", checkTTL},
	{"short ttl", checkShortTTL},
	{"long ttl", checkLongTTL},
	{"outlives its context", checkOutlives},
	{"ended context", checkEndedContext},
	{"outage", checkOutage},
}

// errSkip marks a check that Run cannot make.
var errSkip = errors.New("not tested")

// newKey returns a key that no other Run has, of the form that a Server uses.
func newKey() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}
