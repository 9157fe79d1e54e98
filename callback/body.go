package callback

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"time"
)

// chunkSize is the number of bytes that the server reads of every body, however many bodies there
// are. It is more than the 16 KiB that Config promises: at the end of a body that is exactly as long
// there is room to find that it ends. Nearly all bodies are far smaller.
const chunkSize = 18 << 10

// chunk is a piece of a body. Chunks are used again, so that a flood of large bodies leaves nothing
// for the garbage collector.
type chunk [chunkSize]byte

// body is what has arrived of a request's body.
type body struct {
	server *Server
	chunks []*chunk // all are full but the last
	size   int      // bytes
	joined *[]byte  // the whole body in one piece, where it has several chunks
	taken  int64    // bytes of Config.BodyMemory
	text   *[]byte  // what was encrypted in it
}

// limitReading lets the body arrive until the delivery no longer counts. Not every ResponseWriter
// can do it; with one that cannot, a body that stays away holds its own request.
func (d *delivery) limitReading() {
	_ = http.NewResponseController(d.w).SetReadDeadline(d.arrival.Add(countsFor))
}

// read reads the body of d. Its memory grows with what arrives, not with what is announced.
func (b *body) read(d *delivery) error {
	limit := b.server.cfg.BodyLimit
	if d.r.ContentLength > limit {
		return ErrTooLarge
	}
	if d.r.Body == nil {
		return errEmpty
	}
	d.limitReading()
	for {
		room, err := b.room()
		if err != nil {
			return err
		}
		n, err := d.r.Body.Read(room)
		b.size += n
		switch size := int64(b.size); {
		case size > limit:
			return ErrTooLarge
		case err == io.EOF, err == nil && size == d.r.ContentLength:
			d.whole = true
			// Otherwise net/http, which watches the connection, may end the context of the request.
			_ = http.NewResponseController(d.w).SetReadDeadline(time.Time{})
			if size == 0 {
				return errEmpty
			}
			return nil
		case err != nil:
			return d.bodyError(err)
		}
	}
}

func (d *delivery) bodyError(err error) error {
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return ErrTooLarge
	case errors.Is(err, http.ErrBodyReadAfterClose):
		return errEmpty
	case !d.counts():
		return errSlow
	}
	return errBody // the cause may name addresses
}

// room returns where more of the body goes. The first chunk is free.
func (b *body) room() ([]byte, error) {
	used := b.size % chunkSize
	if used == 0 {
		if len(b.chunks) > 0 && !b.take(chunkSize) {
			return nil, ErrBodyMemory
		}
		b.chunks = append(b.chunks, b.server.chunks.Get().(*chunk))
	}
	return b.chunks[len(b.chunks)-1][used:], nil
}

// take takes n bytes of the memory that all bodies share, if there are as many.
func (b *body) take(n int) bool {
	if b.server.grown.Add(int64(n)) > b.server.cfg.BodyMemory {
		b.server.grown.Add(int64(-n))
		return false
	}
	b.taken += int64(n)
	return true
}

// bytes returns the whole body.
func (b *body) bytes() ([]byte, error) {
	if len(b.chunks) == 1 {
		return b.chunks[0][:b.size], nil
	}
	if !b.take(b.size) {
		return nil, ErrBodyMemory
	}
	b.joined = b.server.large.Get().(*[]byte)
	whole := slices.Grow((*b.joined)[:0], b.size)
	for _, c := range b.chunks {
		whole = append(whole, c[:min(chunkSize, b.size-len(whole))]...)
	}
	*b.joined = whole
	return whole, nil
}

// free gives everything back.
func (b *body) free() {
	for _, c := range b.chunks {
		b.server.chunks.Put(c)
	}
	if b.joined != nil {
		b.server.large.Put(b.joined)
	}
	if b.text != nil {
		b.server.texts.Put(b.text)
	}
	b.server.grown.Add(-b.taken)
}
