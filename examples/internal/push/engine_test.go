package push

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDemoSchoolIsPushedOnce(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		cfg := config(t, address, s)
		first, err := Run(t.Context(), nil, cfg)
		require.NoError(t, err)
		addsUp(t, first)
		assert.Positive(t, first.Skipped)
		assert.Positive(t, first.LeftOut)
		assert.Equal(t, first.Recipients, first.Accepted+first.Skipped)
		s.once(t, first.Sent)
		again, err := Run(t.Context(), nil, cfg)
		require.NoError(t, err)
		assert.Zero(t, again.Sent)
		assert.Equal(t, first.Accepted, again.Accepted)
		cfg.Campaign = "summer"
		later, err := Run(t.Context(), nil, cfg)
		require.NoError(t, err)
		addsUp(t, later)
		assert.Zero(t, later.Sent)
		assert.Equal(t, first.Accepted, later.Unchanged)
		cfg.Fields = nil
		_, err = Run(t.Context(), nil, cfg)
		require.ErrorIs(t, err, ErrSettings)
	})
}

func TestStopAndAbort(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	cfg := config(t, "sqlite:"+filepath.Join(t.TempDir(), "abort.db"), s)
	stop := make(chan struct{})
	var end sync.Once
	cfg.Batch, cfg.Interval = 100, time.Hour
	cfg.Progress = func(p Progress) {
		if p.Pause > 0 {
			end.Do(func() { close(stop) })
		}
	}
	got, err := Run(t.Context(), stop, cfg)
	var stopped *StopError
	require.ErrorAs(t, err, &stopped)
	assert.Equal(t, 100, got.Accepted+got.Skipped, "also during a pause")
	ctx, cancel := context.WithCancel(t.Context())
	cfg.Batch = 0
	cfg.Progress = func(p Progress) {
		if p.Done > 300 {
			cancel()
		}
	}
	_, err = Run(ctx, nil, cfg)
	require.Error(t, err)
	cfg.Progress = nil
	got, err = Run(t.Context(), nil, cfg)
	require.NoError(t, err)
	s.once(t, got.Accepted)
	cancel()
}

func TestTwoProcessesOnOneSQLiteLedger(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	address := "sqlite:" + filepath.Join(t.TempDir(), "busy.db")
	cfg := config(t, address, s)
	second := config(t, address, s)
	var busy error
	cfg.Batch, cfg.Interval = 100, time.Nanosecond
	cfg.Progress = func(Progress) {
		if busy == nil {
			_, busy = Run(t.Context(), nil, second)
		}
	}
	_, err := Run(t.Context(), nil, cfg)
	require.NoError(t, err)
	require.ErrorIs(t, busy, ErrBusy)
	assert.ErrorContains(t, busy, "process ")
	assert.False(t, errors.Is(err, ErrBusy))
}
