package template_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

// elsewhere is the platform's refusal of another call.
type elsewhere struct{ coded }

func (elsewhere) KindName() string { return "recipient" }

// What ended the context may be the failure of another call, as with errgroup. Its code and kind
// say nothing of the messages that were not sent: not even that the daily quota is used up.
func TestCauseOfTheContextIsNotThatOfAMessage(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		for _, other := range []error{elsewhere{43004}, fmt.Errorf("push: %w", elsewhere{45009})} {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(2500*time.Millisecond, func() { cancel(other) })
				s := &sender{answer: func(_ int64, to string) error {
					if to == "0" {
						return coded(45011)
					}
					return nil
				}}
				kept := 0
				for r := range all(ctx, s, messages(1000), template.WithWorkers(2)) {
					if !errors.Is(r.Err, template.ErrNotSent) {
						continue
					}
					kept++
					require.ErrorIs(t, r.Err, context.Canceled)
					assert.ErrorContains(t, r.Err, other.Error(), "why it is over")
					assert.NotErrorIs(t, r.Err, other)
					assert.NotErrorAs(t, r.Err, new(elsewhere))
					assert.Equal(t, "network", kindName(t, r.Err))
				}
				assert.Equal(t, 3, kept, "two in the pause, one at the door")
			})
		}
	})
}
