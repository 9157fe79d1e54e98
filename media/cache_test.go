package media_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
)

// depot is an Uploader that numbers its uploads.
type depot struct {
	mu      sync.Mutex
	uploads []string
	closed  atomic.Int64 // readers
	wait    time.Duration
	skew    time.Duration // of its clock
	err     error
	panics  func()
}

func (d *depot) Upload(ctx context.Context, kind media.Kind, filename string, r io.Reader, _ ...media.Option) (media.Upload, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return media.Upload{}, err
	}
	select {
	case <-time.After(d.wait):
	case <-ctx.Done():
		return media.Upload{}, ctx.Err()
	}
	if d.panics != nil {
		d.panics()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.uploads = append(d.uploads, fmt.Sprintf("%s %s %s", kind, filename, text))
	if d.err != nil {
		return media.Upload{}, d.err
	}
	created := time.Now().Add(d.skew)
	return media.Upload{Kind: kind, MediaID: fmt.Sprintf("M%d", len(d.uploads)), Created: created, Expires: created.Add(media.Lifetime)}, nil
}

func (d *depot) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.uploads)
}

type closing struct {
	io.Reader
	n *atomic.Int64
}

func (c closing) Close() error { c.n.Add(1); return nil }

func (d *depot) source(key string) media.Source {
	return media.Source{Key: key, Kind: media.Image, Filename: key + ".jpg", Open: func(context.Context) (io.ReadCloser, error) {
		return closing{strings.NewReader("bytes of " + key), &d.closed}, nil
	}}
}

func newCache(t testing.TB, d media.Uploader, size int) *media.Cache {
	t.Helper()
	c, err := media.NewCache(d, size)
	require.NoError(t, err)
	return c
}

func TestCacheRemembers(t *testing.T) {
	t.Parallel()
	d := &depot{}
	c := newCache(t, d, 10)
	for range 3 {
		id, err := c.ID(t.Context(), d.source("a"))
		require.NoError(t, err)
		assert.Equal(t, "M1", id)
	}
	thumb := d.source("a")
	thumb.Kind = media.Thumb
	id, err := c.ID(t.Context(), thumb)
	require.NoError(t, err)
	assert.Equal(t, "M2", id, "kinds do not share keys")
	assert.Equal(t, []string{"image a.jpg bytes of a", "thumb a.jpg bytes of a"}, d.uploads)
	assert.Equal(t, int64(2), d.closed.Load())
}

func TestCacheForgetsInTime(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{"clocks agree": 0, "the platform's is behind": -100 * time.Hour, "ahead": 100 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &depot{skew: skew, wait: time.Minute}
				c := newCache(t, d, 10)
				ask := func() string {
					id, err := c.ID(t.Context(), d.source("a"))
					require.NoError(t, err)
					return id
				}
				assert.Equal(t, "M1", ask())
				time.Sleep(71*time.Hour - time.Minute - time.Second) // counted from the upload's beginning
				assert.Equal(t, "M1", ask())
				time.Sleep(time.Second)
				assert.Equal(t, "M2", ask(), "an hour before its end")
			})
		})
	}
}

type bareUploader struct{ n int }

func (b *bareUploader) Upload(context.Context, media.Kind, string, io.Reader, ...media.Option) (media.Upload, error) {
	b.n++
	return media.Upload{MediaID: "M"}, nil
}

func TestCacheTakesThreeDaysForGranted(t *testing.T) {
	t.Parallel()
	b := &bareUploader{}
	c := newCache(t, b, 1)
	for range 2 {
		_, err := c.ID(t.Context(), new(depot).source("a"))
		require.NoError(t, err)
	}
	assert.Equal(t, 1, b.n)
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	d := &depot{}
	c := newCache(t, d, 2)
	ask := func(key string) {
		_, err := c.ID(t.Context(), d.source(key))
		require.NoError(t, err)
	}
	ask("a")
	ask("b")
	ask("a") // now b is the one not used for longest
	ask("c")
	ask("a")
	assert.Equal(t, 3, d.count())
	ask("b")
	assert.Equal(t, 4, d.count())
}

func TestCacheUploadsOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &depot{wait: time.Second}
		c := newCache(t, d, 10)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				id, err := c.ID(t.Context(), d.source("a"))
				assert.NoError(t, err)
				assert.Equal(t, "M1", id)
			})
		}
		all.Wait()
		assert.Equal(t, 1, d.count())
	})
}

func TestCacheWaitersWaitOnTheirOwnContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &depot{wait: 10 * time.Second}
		c := newCache(t, d, 10)
		var all sync.WaitGroup
		begun := time.Now()
		for i := range 5 { // they give up after 1 to 5 seconds, the first and beginner before the others
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Second)
				defer cancel()
				_, err := c.ID(ctx, d.source("a"))
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.WithinDuration(t, begun.Add(time.Duration(i+1)*time.Second), time.Now(), 10*time.Millisecond)
			})
		}
		all.Go(func() {
			time.Sleep(10 * time.Millisecond)
			id, err := c.ID(t.Context(), d.source("a"))
			assert.NoError(t, err)
			assert.Equal(t, "M1", id, "the upload outlives its beginner")
			assert.Equal(t, 10*time.Second, time.Since(begun))
		})
		all.Wait()
		assert.Equal(t, 1, d.count())
	})
}

func TestCacheUploadEndsWithItsLastWaiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &depot{wait: time.Hour}
		c := newCache(t, d, 10)
		why := errors.New("enough")
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Duration(i+1)*time.Second, why)
				defer cancel()
				_, err := c.ID(ctx, d.source("a"))
				assert.ErrorIs(t, err, why)
			})
		}
		all.Wait()
		assert.Equal(t, int64(1), d.closed.Load(), "the upload has ended before its last waiter returned")
		assert.Zero(t, d.count())

		d.wait = 0
		id, err := c.ID(t.Context(), d.source("a"))
		require.NoError(t, err)
		assert.Equal(t, "M1", id, "whoever comes next begins anew")
	})
}

// stubborn takes its time to end when it is told to.
type stubborn struct{ depot }

func (s *stubborn) Upload(ctx context.Context, kind media.Kind, filename string, r io.Reader, opts ...media.Option) (media.Upload, error) {
	up, err := s.depot.Upload(ctx, kind, filename, r, opts...)
	if err != nil {
		time.Sleep(5 * time.Second)
	}
	return up, err
}

func TestNobodyJoinsAnUploadThatIsBeingEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &stubborn{depot{wait: 10 * time.Second}}
		c := newCache(t, s, 10)
		var all sync.WaitGroup
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.ID(ctx, s.source("a"))
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
		for _, at := range []time.Duration{2 * time.Second, 8 * time.Second} { // before and after the first has ended
			all.Go(func() {
				time.Sleep(at)
				id, err := c.ID(t.Context(), s.source("a"))
				assert.NoError(t, err)
				assert.Equal(t, "M1", id)
			})
		}
		all.Wait()
		assert.Equal(t, 1, s.count())
	})
}

func TestCacheKeepsValuesOfTheContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	d := &depot{}
	s := d.source("a")
	open := s.Open
	s.Open = func(ctx context.Context) (io.ReadCloser, error) {
		assert.Equal(t, "trace", ctx.Value(key{}))
		_, limited := ctx.Deadline()
		assert.False(t, limited, "the beginner's deadline is not that of all")
		return open(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "trace"), time.Hour)
	defer cancel()
	_, err := newCache(t, d, 1).ID(ctx, s)
	require.NoError(t, err)
}

func TestCacheFailures(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		depot *depot
		open  func(context.Context) (io.ReadCloser, error)
		says  string
	}{
		"upload":          {&depot{err: broken}, nil, "broken"},
		"open":            {&depot{}, func(context.Context) (io.ReadCloser, error) { return nil, broken }, "media: open the source: broken"},
		"nothing opened":  {&depot{}, func(context.Context) (io.ReadCloser, error) { return nil, nil }, "neither a reader nor an error"},
		"open panics":     {&depot{}, func(context.Context) (io.ReadCloser, error) { panic("s3cr3t") }, "media: the source or the Uploader panicked (string)"},
		"upload panics":   {&depot{panics: func() { panic(broken) }}, nil, "panicked (*errors.errorString)"},
		"upload is ended": {&depot{panics: runtime.Goexit}, nil, "runtime.Goexit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCache(t, tt.depot, 1)
			s := tt.depot.source("a")
			if tt.open != nil {
				s.Open = tt.open
			}
			_, err := c.ID(t.Context(), s)
			require.ErrorContains(t, err, tt.says)
			assert.NotContains(t, err.Error(), "s3cr3t")
			tt.depot.err, tt.depot.panics = nil, nil
			_, err = c.ID(t.Context(), tt.depot.source("a"))
			require.NoError(t, err, "a failure is not remembered")
		})
	}
}

func TestCacheRefusals(t *testing.T) {
	t.Parallel()
	d := &depot{}
	_, err := media.NewCache(nil, 1)
	require.ErrorIs(t, err, media.ErrInvalidArgument)
	for _, size := range []int{0, -1} {
		_, err = media.NewCache(d, size)
		require.ErrorIs(t, err, media.ErrInvalidArgument)
	}
	c := newCache(t, d, 1)
	s := d.source("")
	_, err = c.ID(t.Context(), s)
	require.ErrorIs(t, err, media.ErrInvalidArgument)
	s = d.source("a")
	s.Open = nil
	require.ErrorIs(t, c.Use(t.Context(), s, nil), media.ErrInvalidArgument)
	require.ErrorIs(t, c.Use(t.Context(), d.source("a"), nil), media.ErrInvalidArgument)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.ID(ctx, d.source("a"))
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, d.count())
}

func TestUseUploadsAgainAfter40007(t *testing.T) {
	t.Parallel()
	wrapped := func(code int) error { return fmt.Errorf("send: %w", coded(code)) }
	for name, tt := range map[string]struct {
		errs []error // of use, in turn
		ids  []string
		want error
	}{
		"accepted":       {[]error{nil}, []string{"M1"}, nil},
		"forgotten id":   {[]error{wrapped(40007), nil}, []string{"M1", "M2"}, nil},
		"again and once": {[]error{wrapped(40007), wrapped(40007), nil}, []string{"M1", "M2"}, coded(40007)},
		"another code":   {[]error{wrapped(45015), nil}, []string{"M1"}, coded(45015)},
		"no code":        {[]error{io.ErrUnexpectedEOF, nil}, []string{"M1"}, io.ErrUnexpectedEOF},
		"then another":   {[]error{wrapped(40007), wrapped(45015), nil}, []string{"M1", "M2"}, coded(45015)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &depot{}
			c := newCache(t, d, 10)
			var ids []string
			err := c.Use(t.Context(), d.source("a"), func(_ context.Context, id string) error {
				ids = append(ids, id)
				return tt.errs[len(ids)-1]
			})
			require.ErrorIs(t, err, tt.want)
			assert.Equal(t, tt.ids, ids)
			if errors.Is(tt.want, coded(40007)) {
				id, err := c.ID(t.Context(), d.source("a"))
				require.NoError(t, err)
				assert.Equal(t, "M3", id, "the last one is dropped as well")
			}
		})
	}
}

func TestUseTellsWhyItCouldNotUploadAgain(t *testing.T) {
	t.Parallel()
	d := &depot{}
	calls := 0
	err := newCache(t, d, 1).Use(t.Context(), d.source("a"), func(context.Context, string) error {
		calls++
		d.err = coded(45009)
		return coded(40007)
	})
	require.ErrorIs(t, err, coded(45009))
	assert.Equal(t, 1, calls)
}

func TestManyWhoAreRefusedUploadOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &depot{wait: time.Second}
		c := newCache(t, d, 10)
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				err := c.Use(t.Context(), d.source("a"), func(_ context.Context, id string) error {
					if id == "M1" {
						time.Sleep(time.Duration(i) * 100 * time.Millisecond) // some learn it when M2 is there
						return coded(40007)
					}
					assert.Equal(t, "M2", id)
					return nil
				})
				assert.NoError(t, err)
			})
		}
		all.Wait()
		assert.Equal(t, 2, d.count())
	})
}

func TestDrop(t *testing.T) {
	t.Parallel()
	d := &depot{}
	c := newCache(t, d, 10)
	ask := func() string {
		id, err := c.ID(t.Context(), d.source("a"))
		require.NoError(t, err)
		return id
	}
	require.Equal(t, "M1", ask())
	c.Drop(media.Image, "a", "M0")
	c.Drop(media.Thumb, "a", "M1")
	c.Drop(media.Image, "b", "M1")
	require.Equal(t, "M1", ask(), "not the one that was meant")
	c.Drop(media.Image, "a", "M1")
	require.Equal(t, "M2", ask())
}
