package chat

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShutdownWaitsForErrands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newErrands()
		var done atomic.Int32
		for range 3 * errandsAtOnce {
			require.True(t, e.start(func(ctx context.Context) {
				select {
				case <-time.After(time.Second):
					done.Add(1)
				case <-ctx.Done():
				}
			}))
		}
		begun := time.Now()
		require.NoError(t, e.shutdown(t.Context()))
		assert.Equal(t, int32(3*errandsAtOnce), done.Load())
		assert.Equal(t, 3*time.Second, time.Since(begun), "so many at a time")
		assert.False(t, e.start(func(context.Context) { t.Error("after closing time") }))
		e.wait()
	})
}

func TestShutdownEndsWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newErrands()
		var ended atomic.Int32
		for range errandsAtOnce + 5 { // five of them never get their turn
			e.start(func(ctx context.Context) { <-ctx.Done(); ended.Add(1) })
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		require.ErrorIs(t, e.shutdown(ctx), context.DeadlineExceeded)
		assert.LessOrEqual(t, ended.Load(), int32(errandsAtOnce+5))
		assert.GreaterOrEqual(t, ended.Load(), int32(errandsAtOnce))
	})
}

func TestErrandsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newErrands()
		n := 0
		for e.start(func(ctx context.Context) { <-ctx.Done() }) {
			n++
		}
		assert.Equal(t, errandsAtOnce+errandsWaiting, n)
		synctest.Wait()
		time.Sleep(errandTime + time.Second) // the first have had their time
		synctest.Wait()
		assert.True(t, e.start(func(context.Context) {}))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, e.shutdown(ctx))
	})
}
