package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// content is a file that is to be sent: of known size, and from its start for as often as open
// gives a reader.
type content struct {
	size   int64
	format format
	// open returns a reader that gives size bytes, then whatever. It takes the place of the one
	// before. For what cannot go back it is good once.
	open   func() (io.Reader, error)
	again  bool   // open may be called more than once
	remove func() // gives up what the content holds
}

// errOnce ends the repetition of a file that cannot be read again.
var errOnce = errors.New("the reader cannot go back to its start")

// newContent looks at r and holds it to what may be sent. r is read as far as that needs: no
// further than its head where the length is known, otherwise to the limit and one byte more.
func newContent(ctx context.Context, r io.Reader, limits rule) (*content, error) {
	if b, ok := r.(*bytes.Buffer); ok && b != nil {
		r = bytes.NewReader(b.Bytes()) // so that it can go back
	}
	seeker, start, size := seekable(r)
	if seeker == nil {
		size = lengthOf(r)
	}
	in := &patient{ctx: ctx, r: r}
	head, err := io.ReadAll(io.LimitReader(in, sniffLength)) // ReadFull would take a cut source for a short one
	if err != nil {
		return nil, readError(ctx, err)
	}
	if len(head) == 0 {
		return nil, &refusal{ErrEmpty, "the file is empty"}
	}
	f := sniffFormat(head)
	if err := limits.checkFormat(f); err != nil {
		return nil, err
	}
	c := &content{size: size, format: f, remove: func() {}}
	switch {
	case size < int64(len(head)): // unknown, or a file that says 0 as those of /proc do
		return c, c.spool(ctx, head, in, limits)
	case seeker != nil:
		c.again = true
		c.open = func() (io.Reader, error) {
			_, err := seeker.Seek(start, io.SeekStart)
			return r, err
		}
	default:
		first := io.MultiReader(bytes.NewReader(head), r)
		c.open = func() (io.Reader, error) {
			next := first
			if first = nil; next == nil {
				return nil, errOnce
			}
			return next, nil
		}
	}
	return c, limits.checkSize(size, false)
}

// seekable returns r as a Seeker, where it stands and how much follows; nil for what only looks
// like one, such as the *os.File of a pipe.
func seekable(r io.Reader) (s io.Seeker, start, size int64) {
	s, ok := r.(io.Seeker)
	if !ok {
		return nil, 0, 0
	}
	start, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, 0, 0
	}
	end, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, 0, 0
	}
	if _, err = s.Seek(start, io.SeekStart); err != nil {
		return nil, 0, 0
	}
	return s, start, end - start
}

// lengthOf returns how much r says that it will give; -1: it does not say. The size of what is
// no regular file means nothing.
func lengthOf(r io.Reader) int64 {
	switch r := r.(type) {
	case interface{ Len() int }:
		return int64(r.Len())
	case interface{ Stat() (fs.FileInfo, error) }:
		if info, err := r.Stat(); err == nil && info.Mode().IsRegular() {
			return info.Size()
		}
	}
	return -1
}

// readError is an error of the caller's reader. Where ctx has ended it comes second: whoever
// closes a pipe to end the reading wants to be told why.
func readError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() == nil:
	case errors.Is(err, ctx.Err()), errors.Is(err, context.Cause(ctx)):
		err = ended(ctx)
	default:
		err = fmt.Errorf("%w: %w", ended(ctx), err)
	}
	return fmt.Errorf("media: read the file: %w", err)
}

// patient asks ctx before each read, and loses its patience with a reader that gives nothing.
type patient struct {
	ctx   context.Context
	r     io.Reader
	empty int
}

// maxEmptyReads is how often in a row a reader may give neither bytes nor an error.
const maxEmptyReads = 100

func (p *patient) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		return 0, p.ctx.Err()
	}
	n, err := p.r.Read(b)
	switch {
	case n > 0 || err != nil || len(b) == 0:
		p.empty = 0
	default:
		if p.empty++; p.empty >= maxEmptyReads {
			return 0, io.ErrNoProgress
		}
	}
	return n, err
}
