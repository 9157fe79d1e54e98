package tokentest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/org/wxhome/token"
)

// Option configures [Run]. An option that is nil, makes no sense or is given twice fails the test.
type Option func(*settings) error

// settings is what the options fill in.
type settings struct {
	breakIt func() (mend func()) // nil: no outage
}

// WithOutage lets Run take the Store's backend away: breakIt makes it unreachable for Stores
// that are open and returns a func that brings it back. What was stored may be lost by that.
// Without this option the only outage tried is a context that has ended.
func WithOutage(breakIt func() (mend func())) Option {
	return func(s *settings) error {
		switch {
		case breakIt == nil:
			return errors.New("tokentest: WithOutage: the func is nil")
		case s.breakIt != nil:
			return errors.New("tokentest: WithOutage is given twice")
		}
		s.breakIt = breakIt
		return nil
	}
}

func configure(opts []Option) (s settings, err error) {
	for i, opt := range opts {
		if opt == nil {
			return s, fmt.Errorf("tokentest: option %d is nil", i+1)
		}
		if err := opt(&s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// Run tests the Stores that open returns, in one subtest for each promise. It takes a few
// seconds. The keys are new ones in each Run, so a backend need not be emptied before, and the
// tokens that are left there expire within two hours.
//
// Each call of open should connect to the same backend anew, as another process would; a Store
// in memory returns itself. The t that open gets is the subtest's, so t.Cleanup closes what
// was opened. Checks of the lock are skipped for a Store that is no [token.Locker].
func Run(t *testing.T, open func(t *testing.T) token.Store, opts ...Option) {
	t.Helper()
	configured, err := configure(opts)
	switch {
	case err != nil:
		t.Fatal(err)
	case open == nil:
		t.Fatal("tokentest: Run needs a func that opens Stores")
	}
	s := suite{settings: configured, prefix: "tokentest-" + rand.Text()}
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), checkLimit)
			defer cancel()
			s := s
			s.open = func() token.Store { return open(t) }
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
	// checkLimit bounds a check, so that a Store that hangs fails instead of hanging the tests.
	checkLimit = 30 * time.Second
	// patience is how long a Store may take for one call, or after its context has ended. A
	// Cache gives it two seconds.
	patience = 2 * time.Second
)

// suite is what a check works on.
type suite struct {
	settings
	open   func() token.Store
	prefix string
}

// checks are funcs that return an error rather than take a testing.T, so that this package's
// own tests can run them on Stores that are broken on purpose.
var checks = []struct {
	name string
	run  func(context.Context, *suite) error
}{
	{"miss", checkMiss},
	{"round trip", checkRoundTrip},
	{"expiry", checkExpiry},
	{"replace", checkReplace},
	{"keys", checkKeys},
	{"expired", checkExpired},
	{"expires while stored", checkExpires},
	{"ended context", checkEndedContext},
	{"outage", checkOutage},
	{"concurrent", checkConcurrent},
	{"two caches", checkTwoCaches},
	{"lock excludes", checkLockExcludes},
	{"lock heeds context", checkLockContext},
	{"lock keys", checkLockKeys},
}

// errSkip marks a check that the Store gives no occasion for.
var errSkip = errors.New("not tested")

// key returns a key of this Run alone, of the form that Caches use.
func (s *suite) key(name string) string { return token.Key(s.prefix, "stable", name) }
