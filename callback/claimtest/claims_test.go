package claimtest_test

import (
	"testing"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/callback/claimtest"
)

func TestClaims(t *testing.T) {
	t.Parallel()
	shared := newClaims()
	claimtest.Run(t, func(*testing.T) callback.Claimer { return shared })
}
