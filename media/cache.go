package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Uploader uploads a temporary media; [*Client] is one. Safe for concurrent use.
type Uploader interface {
	Upload(ctx context.Context, kind Kind, filename string, r io.Reader, opts ...Option) (Upload, error)
}

// Source is a file that a [Cache] uploads when it must.
type Source struct {
	// Key names the content, such as a file's path with the time of its last change, or a hash.
	// What changes its content must change its key, or the old one is sent until it expires.
	// Kinds do not share keys.
	Key  string
	Kind Kind
	// Filename is for [Client.Upload], and may be empty.
	Filename string
	// Open opens the file. It is called only for an upload, from another goroutine, with a
	// context that lives for as long as somebody waits for it. What it returns is closed.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

func (s *Source) check() error {
	switch {
	case s.Key == "":
		return argument("the source has no key")
	case s.Open == nil:
		return argument("the source has no Open")
	}
	return nil
}

// Cache remembers the media_ids of one account's uploads until shortly before their three days
// end, so that what is sent to many is uploaded once. [Cache.Use] is the call to know: it also
// uploads again when the platform has forgotten an id. For one key there is one upload at a
// time; whoever else wants it waits for that. A Cache is bounded: beyond its size the one that
// was not used for longest is forgotten, and would be uploaded again. It has no goroutine at
// rest and needs no closing. Safe for concurrent use.
type Cache struct {
	uploader Uploader

	mu      sync.Mutex // guards the fields below
	known   *lru.Cache[cacheKey, cached]
	running map[cacheKey]*uploading
}

type cacheKey struct {
	kind Kind
	key  string
}

type cached struct {
	mediaID string
	until   time.Time
}

// expiryMargin is how long before its end a media_id is no longer given out: a message may wait
// in a queue, and clocks differ.
const expiryMargin = time.Hour

// NewCache returns a Cache that uploads with u and remembers up to size media_ids, at some 300
// bytes each and the length of the key. size must be positive, and u not nil. A media_id belongs
// to an account: each needs a Cache of its own.
func NewCache(u Uploader, size int) (*Cache, error) {
	if isNil(u) {
		return nil, argument("the cache needs an Uploader, such as client.Media")
	}
	if size < 1 {
		return nil, argument("the cache needs a size of 1 at least")
	}
	known, err := lru.New[cacheKey, cached](size)
	if err != nil {
		return nil, err
	}
	return &Cache{uploader: u, known: known, running: make(map[cacheKey]*uploading)}, nil
}

// ID returns the media_id of s, and uploads s if there is none that is good for another hour.
//
// An upload belongs to all who wait for it, not to the caller who began it: it goes on when that
// one gives up, and is ended with the last, who waits until it has. A failure is told to all who
// wait, and not remembered.
func (c *Cache) ID(ctx context.Context, s Source) (mediaID string, err error) {
	if err := s.check(); err != nil {
		return "", err
	}
	if ctx.Err() != nil {
		return "", waitError(ctx)
	}
	key := cacheKey{s.Kind, s.Key}
	c.mu.Lock()
	if e, ok := c.known.Get(key); ok && time.Now().Before(e.until) {
		c.mu.Unlock()
		return e.mediaID, nil
	}
	u := c.running[key]
	if u == nil {
		u = c.start(ctx, key, s)
	}
	u.waiters++
	c.mu.Unlock()
	return c.wait(ctx, u)
}

// Use calls use with the media_id of s. If use returns the platform's refusal of the id (40007),
// the id is dropped, and use is called once more with that of a fresh upload. Nothing was sent
// then, so use may be the sending of a message:
//
//	err := cache.Use(ctx, photo, func(ctx context.Context, mediaID string) error {
//		return client.Custom.Send(ctx, openID, custom.Image{MediaID: mediaID})
//	})
//
// Calls may be nested, for a message that names two. Any error of use is returned as it is.
func (c *Cache) Use(ctx context.Context, s Source, use func(ctx context.Context, mediaID string) error) error {
	if use == nil {
		return argument("there is no func to use the media_id")
	}
	for last := false; ; last = true {
		id, err := c.ID(ctx, s)
		if err != nil {
			return err
		}
		err = use(ctx, id)
		if !refusesID(err) {
			return err
		}
		c.Drop(s.Kind, s.Key, id)
		if last {
			return err
		}
	}
}

// Drop forgets the media_id of a key, if it is the given one still; whoever was slow to learn
// that an id is refused does not take its successor away.
func (c *Cache) Drop(kind Kind, key, mediaID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := cacheKey{kind, key}
	if e, ok := c.known.Peek(k); ok && e.mediaID == mediaID {
		c.known.Remove(k)
	}
}

// codeInvalidMediaID is the platform's word for an id that it does not know (any more).
const codeInvalidMediaID = 40007

// refusesID asks the error itself, since this package does not know the Caller's type.
func refusesID(err error) bool {
	coded, ok := errors.AsType[interface {
		error
		ErrCode() int
	}](err)
	return ok && coded.ErrCode() == codeInvalidMediaID
}

// uploading is an upload that has begun, for all callers who wait for it.
type uploading struct {
	key     cacheKey
	cancel  context.CancelFunc
	waiters int // guarded by Cache.mu
	done    chan struct{}
	// mediaID and err are set before done is closed.
	mediaID string
	err     error
}

// errGone is what waiters get when a source ends its goroutine, as t.FailNow does.
var errGone error = &lostError{"the upload ended without a result (runtime.Goexit)"}

// waitError is the error of a caller whose context has ended.
func waitError(ctx context.Context) error {
	return fmt.Errorf("media: wait for the upload: %w", ended(ctx))
}

// start begins an upload that keeps ctx's values, but not its end. c.mu is held.
func (c *Cache) start(ctx context.Context, key cacheKey, s Source) *uploading {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	u := &uploading{key: key, cancel: cancel, done: make(chan struct{})}
	c.running[key] = u
	go c.run(ctx, u, s)
	return u
}

// wait returns what u brings, or ctx's error. The last to give up ends the upload: it takes it
// from the table first, so that whoever comes next begins anew.
func (c *Cache) wait(ctx context.Context, u *uploading) (string, error) {
	select {
	case <-u.done:
		return u.mediaID, u.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	u.waiters--
	last := u.waiters == 0
	if last {
		c.remove(u)
	}
	c.mu.Unlock()
	if last {
		u.cancel()
		<-u.done
	}
	return "", waitError(ctx)
}

// remove takes u from the table, unless another has its place. c.mu is held.
func (c *Cache) remove(u *uploading) {
	if c.running[u.key] == u {
		delete(c.running, u.key)
	}
}

// run uploads s. Whatever s does, the waiters get an answer.
func (c *Cache) run(ctx context.Context, u *uploading, s Source) {
	begun := time.Now().Round(0) // by the wall clock, which goes on while a machine sleeps
	var up Upload
	err := errGone
	defer func() {
		if v := recover(); v != nil {
			// The value is the source's own and may hold anything: its type must do.
			err = &lostError{fmt.Sprintf("the source or the Uploader panicked (%T)", v)}
		}
		c.finish(u, begun, up, err)
	}()
	up, err = c.upload(ctx, s)
}

func (c *Cache) upload(ctx context.Context, s Source) (Upload, error) {
	r, err := s.Open(ctx)
	if err != nil {
		return Upload{}, fmt.Errorf("media: open the source: %w", err)
	}
	if isNil(r) {
		return Upload{}, argument("the source's Open returned neither a reader nor an error")
	}
	defer r.Close()
	return c.uploader.Upload(ctx, s.Kind, s.Filename, r)
}

// finish hands out the result of u, and remembers a media_id until shortly before its end. That is
// counted from the upload's beginning by our own clock: the platform's may differ.
func (c *Cache) finish(u *uploading, begun time.Time, up Upload, err error) {
	u.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(u)
	if err == nil {
		life := up.Expires.Sub(up.Created)
		if up.Expires.IsZero() {
			life = Lifetime
		}
		c.known.Add(u.key, cached{up.MediaID, begun.Add(life - expiryMargin)})
	}
	u.mediaID, u.err = up.MediaID, err
	close(u.done)
}
