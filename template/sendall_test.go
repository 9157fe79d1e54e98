package template_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

// sender takes a second for each message and watches how many are under way.
type sender struct {
	calls, now, most atomic.Int64
	answer           func(call int64) error
}

func (s *sender) Call(ctx context.Context, _, _ string, _, _ any) error {
	n, now := s.calls.Add(1), s.now.Add(1)
	defer s.now.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.answer != nil {
		return s.answer(n)
	}
	return nil
}

func messages(n int) iter.Seq2[template.Message, error] {
	return func(yield func(template.Message, error) bool) {
		for i := range n {
			if !yield(template.Message{To: fmt.Sprint(i), TemplateID: "T"}, nil) {
				return
			}
		}
	}
}

func TestSendAllGivesOneResultEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, seen, start := &sender{}, map[string]bool{}, time.Now()
		for r := range template.NewClient(s).SendAll(t.Context(), messages(100), template.WithWorkers(10)) {
			require.NoError(t, r.Err)
			assert.NotEmpty(t, r.Message.ClientMsgID)
			assert.False(t, seen[r.Message.To])
			seen[r.Message.To] = true
		}
		assert.Len(t, seen, 100)
		assert.EqualValues(t, 10, s.most.Load())
		assert.Equal(t, 10*time.Second, time.Since(start))
	})
}

func TestSendAllStartsNoMoreWorkersThanMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		before, most := runtime.NumGoroutine(), 0
		s := &sender{answer: func(int64) error { most = max(most, runtime.NumGoroutine()); return nil }}
		for range template.NewClient(s).SendAll(t.Context(), messages(1), template.WithWorkers(1000)) {
		}
		assert.Less(t, most, before+100)
		for range template.NewClient(s).SendAll(t.Context(), nil) {
			t.Error("a result for no messages")
		}
	})
}

func TestSendAllInputErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bad := errors.New("row 2")
		input := func(yield func(template.Message, error) bool) {
			_ = yield(template.Message{To: "a", TemplateID: "T"}, nil) &&
				yield(template.Message{To: "b"}, bad) && yield(template.Message{To: "c"}, nil)
		}
		got := map[string]error{}
		for r := range template.NewClient(&sender{}).SendAll(t.Context(), input) {
			got[r.Message.To] = r.Err
		}
		require.NoError(t, got["a"])
		require.ErrorIs(t, got["b"], template.ErrNotSent)
		require.ErrorIs(t, got["b"], bad)
		require.ErrorIs(t, got["c"], template.ErrInvalidMessage)
	})
}

func TestSendAllCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		why := errors.New("plug pulled")
		results, pulled := 0, 0
		input := func(yield func(template.Message, error) bool) {
			for m := range messages(1000) {
				pulled++
				if !yield(m, nil) {
					return
				}
			}
		}
		for r := range template.NewClient(&sender{}).SendAll(ctx, input, template.WithWorkers(4)) {
			results++
			if results == 6 {
				cancel(why)
			}
			if errors.Is(r.Err, template.ErrNotSent) {
				require.ErrorIs(t, r.Err, why)
			}
		}
		assert.Equal(t, pulled, results)
		assert.Less(t, pulled, 20)
	})
}

func TestSendAllLeavingTheLoopWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &sender{}
		for range template.NewClient(s).SendAll(t.Context(), messages(100), template.WithWorkers(4)) {
			break
		}
		assert.Zero(t, s.now.Load())
		assert.PanicsWithValue(t, "body", func() {
			for range template.NewClient(s).SendAll(t.Context(), messages(100)) {
				panic("body")
			}
		})
		assert.Zero(t, s.now.Load())
	})
}

func TestSendAllPanickingCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &sender{answer: func(int64) error { panic("SECRET") }}
		for r := range template.NewClient(s).SendAll(t.Context(), messages(3)) {
			require.ErrorContains(t, r.Err, "panic")
			assert.NotContains(t, r.Err.Error(), "SECRET")
		}
	})
}

func TestSendAllWaitsForTheNextMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		minute := func() int64 { return time.Now().Unix() / 60 }
		var mu sync.Mutex
		sent, most := map[int64]int{}, 0
		s := &sender{answer: func(int64) error {
			mu.Lock()
			defer mu.Unlock()
			if sent[minute()] >= 5 {
				return coded(45011)
			}
			sent[minute()]++
			return nil
		}}
		n := 0
		for r := range template.NewClient(s).SendAll(t.Context(), messages(20), template.WithWorkers(2)) {
			require.NoError(t, r.Err)
			n++
		}
		for _, k := range sent {
			most = max(most, k)
		}
		assert.Equal(t, 20, n)
		assert.Equal(t, 5, most)
		assert.LessOrEqual(t, s.calls.Load(), int64(20+2*4), "each worker runs into the limit once a minute")
	})
}

func TestSendAllStopsAtTheDailyQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &sender{answer: func(n int64) error {
			if n > 4 {
				return coded(45009)
			}
			return nil
		}}
		ok, quota, unsent := 0, 0, 0
		for r := range template.NewClient(s).SendAll(t.Context(), messages(1000), template.WithWorkers(2)) {
			switch {
			case r.Err == nil:
				ok++
			case errors.Is(r.Err, template.ErrNotSent):
				require.ErrorIs(t, r.Err, coded(45009))
				unsent++
			default:
				require.ErrorIs(t, r.Err, coded(45009))
				quota++
			}
		}
		assert.Equal(t, 4, ok)
		assert.LessOrEqual(t, quota, 2)
		assert.LessOrEqual(t, unsent, 3)
	})
}

type instant struct{}

func (instant) Call(context.Context, string, string, any, any) error { return nil }

// BenchmarkSendAll compares SendAll's own cost for each message with plain workers and
// channels, and reports how far the heap grows over the run.
func BenchmarkSendAll(b *testing.B) {
	b.Run("impl=floor", func(b *testing.B) {
		b.ReportAllocs()
		jobs, done := make(chan template.Message), make(chan template.Message, b.N)
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				for m := range jobs {
					done <- m
				}
			})
		}
		for m := range messages(b.N) {
			jobs <- m
		}
		close(jobs)
		group.Wait()
	})
	b.Run("impl=wxhome", func(b *testing.B) {
		b.ReportAllocs()
		n, early := 0, uint64(0)
		for range template.NewClient(instant{}).SendAll(b.Context(), messages(b.N)) {
			if n++; n == 10_000 {
				early = heap()
			}
		}
		if early > 0 {
			b.ReportMetric(float64(heap())/float64(early), "heap-growth")
		}
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
