package media

import (
	"context"
	"errors"
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
	flights map[cacheKey]*flight
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
	if u == nil {
		return nil, argument("the cache needs an Uploader, such as client.Media")
	}
	if size < 1 {
		return nil, argument("the cache needs a size of 1 at least")
	}
	known, err := lru.New[cacheKey, cached](size)
	if err != nil {
		return nil, err
	}
	return &Cache{uploader: u, known: known, flights: make(map[cacheKey]*flight)}, nil
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
	f := c.flights[key]
	if f == nil {
		f = c.start(ctx, key, s)
	}
	f.waiters++
	c.mu.Unlock()
	return c.wait(ctx, f)
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
