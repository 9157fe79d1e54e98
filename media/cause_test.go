package media_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
)

// elsewhere is the platform's refusal of another call.
type elsewhere struct{ coded }

func (elsewhere) KindName() string { return "recipient" }

// What ended the context may be the failure of another call, as with errgroup. Its code and kind
// say nothing of this one.
func TestCauseOfTheContextIsNotThatOfTheCall(t *testing.T) {
	t.Parallel()
	other := fmt.Errorf("push: %w", elsewhere{43004})
	ended := func() context.Context {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(other)
		return ctx
	}
	for name, call := range map[string]func() error{
		"before the first read": func() error {
			_, err := (&platform{answer: uploaded}).client().Upload(ended(), media.Image, "", strings.NewReader(jpeg))
			return err
		},
		"the reader is closed with it": func() error {
			ctx, cancel := context.WithCancelCause(t.Context())
			r, w := io.Pipe()
			go func() {
				_, _ = io.WriteString(w, jpeg)
				cancel(other)
				_ = w.CloseWithError(context.Cause(ctx))
			}()
			_, err := (&platform{answer: uploaded}).client().Upload(ctx, media.Image, "", r)
			return err
		},
		"the reader fails too": func() error {
			ctx, cancel := context.WithCancelCause(t.Context())
			r := io.MultiReader(strings.NewReader(jpeg), readerFunc(func([]byte) (int, error) {
				cancel(other)
				return 0, io.ErrClosedPipe
			}))
			_, err := (&platform{answer: uploaded}).client().Upload(ctx, media.Image, "", r)
			require.ErrorIs(t, err, io.ErrClosedPipe)
			return err
		},
		"waiting in the Cache": func() (err error) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { cancel(other) })
				d := &depot{wait: time.Hour}
				_, err = newCache(t, d, 10).ID(ctx, d.source("a"))
			})
			return err
		},
		"before the Cache is asked": func() error {
			d := &depot{}
			_, err := newCache(t, d, 10).ID(ended(), d.source("a"))
			return err
		},
	} {
		err := call()
		require.ErrorIs(t, err, context.Canceled, name)
		assert.ErrorContains(t, err, other.Error(), name)
		assert.NotErrorIs(t, err, other, name)
		assert.False(t, errors.As(err, new(elsewhere)), name)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
