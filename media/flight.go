package media

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// flight is an upload under way, for all who wait for it.
type flight struct {
	key     cacheKey
	cancel  context.CancelFunc
	waiters int // guarded by Cache.mu
	done    chan struct{}
	// mediaID and err are set before done is closed.
	mediaID string
	err     error
}

// errGone is what waiters get when a source ends its goroutine, as t.FailNow does.
var errGone = errors.New("media: the upload ended without a result (runtime.Goexit)")

// waitError is the error of a caller whose context has ended.
func waitError(ctx context.Context) error {
	return fmt.Errorf("media: wait for the upload: %w", context.Cause(ctx))
}

// start begins an upload that keeps ctx's values, but not its end. c.mu is held.
func (c *Cache) start(ctx context.Context, key cacheKey, s Source) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{key: key, cancel: cancel, done: make(chan struct{})}
	c.flights[key] = f
	go c.fly(ctx, f, s)
	return f
}

// wait returns what f brings, or ctx's error. The last to give up ends the upload: it takes it
// from the table first, so that whoever comes next begins anew.
func (c *Cache) wait(ctx context.Context, f *flight) (string, error) {
	select {
	case <-f.done:
		return f.mediaID, f.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	f.waiters--
	last := f.waiters == 0
	if last {
		c.remove(f)
	}
	c.mu.Unlock()
	if last {
		f.cancel()
		<-f.done
	}
	return "", waitError(ctx)
}

// remove takes f from the table, unless another has its place. c.mu is held.
func (c *Cache) remove(f *flight) {
	if c.flights[f.key] == f {
		delete(c.flights, f.key)
	}
}

// fly uploads s. Whatever s does, the waiters get an answer.
func (c *Cache) fly(ctx context.Context, f *flight, s Source) {
	begun := time.Now().Round(0) // by the wall clock, which goes on while a machine sleeps
	var up Upload
	err := errGone
	defer func() {
		if v := recover(); v != nil {
			// The value is the source's own and may hold anything: its type must do.
			err = fmt.Errorf("media: the source or the Uploader panicked (%T)", v)
		}
		c.land(f, begun, up, err)
	}()
	up, err = c.upload(ctx, s)
}

func (c *Cache) upload(ctx context.Context, s Source) (Upload, error) {
	r, err := s.Open(ctx)
	if err != nil {
		return Upload{}, fmt.Errorf("media: open the source: %w", err)
	}
	if r == nil {
		return Upload{}, argument("the source's Open returned neither a reader nor an error")
	}
	defer r.Close()
	return c.uploader.Upload(ctx, s.Kind, s.Filename, r)
}

// land hands out what came of f, and remembers a media_id until shortly before its end. That is
// counted from the upload's beginning by our own clock: the platform's may differ.
func (c *Cache) land(f *flight, begun time.Time, up Upload, err error) {
	f.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(f)
	if err == nil {
		life := up.Expires.Sub(up.Created)
		if up.Expires.IsZero() {
			life = Lifetime
		}
		c.known.Add(f.key, cached{up.MediaID, begun.Add(life - expiryMargin)})
	}
	f.mediaID, f.err = up.MediaID, err
	close(f.done)
}
