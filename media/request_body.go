package media

import (
	"context"
	"errors"
	"io"
	"sync"
)

// sending is a multipart body that may be sent several times. net/http may still read the body
// of an attempt when that has failed already, and when Do has returned: only the latest body
// may read, and none after stop, so that nobody touches the caller's reader any more.
type sending struct {
	before, after []byte // what stands around the file
	content       *content
	progress      func(sent, total int64)
	giveUp        context.CancelCauseFunc // ends the request: its file cannot be read

	mu     sync.Mutex // guards the fields below, and is held while the caller's reader reads
	latest *body
	err    error // of the caller's reader
}

// errStopped is what a body reads that has been superseded. Nobody is told of it.
var errStopped = errors.New("media: this body is not sent any more")

func (s *sending) length() int64 { return int64(len(s.before)) + s.content.size + int64(len(s.after)) }

// open returns the body from its start.
func (s *sending) open() (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	file, err := s.content.open()
	if err != nil {
		return nil, s.fail(err)
	}
	s.latest = &body{sending: s, before: s.before, file: file, left: s.content.size, after: s.after}
	return s.latest, nil
}

// fail remembers an error of the caller's reader. s.mu is held.
func (s *sending) fail(err error) error {
	s.err = err
	s.giveUp(err)
	return err
}

// stop ends all reading, waits for one under way, and returns what went wrong with the caller's
// reader.
func (s *sending) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = nil
	return s.err
}

// body is the body of one attempt.
type body struct {
	sending       *sending
	before, after []byte
	file          io.Reader
	left          int64 // of the file
	empty         int   // reads in a row that gave nothing
}

// Close does nothing: the caller's reader is the caller's, and stop ends the reading.
func (b *body) Close() error { return nil }

// Read fills p across the borders of the parts, so that a small file is one write.
func (b *body) Read(p []byte) (n int, err error) {
	b.sending.mu.Lock()
	defer b.sending.mu.Unlock()
	if b.sending.latest != b {
		return 0, errStopped
	}
	n = copy(p, b.before)
	b.before = b.before[n:]
	if n < len(p) && b.left > 0 {
		var k int
		k, err = b.readFile(p[n:])
		n += k
	}
	if err == nil && b.left == 0 && len(b.before) == 0 {
		k := copy(p[n:], b.after)
		b.after = b.after[k:]
		n += k
		if len(b.after) == 0 {
			err = io.EOF
		}
	}
	return n, err
}

func (b *body) readFile(p []byte) (int, error) {
	p = p[:min(int64(len(p)), b.left)]
	n, err := b.file.Read(p)
	b.left -= int64(n)
	switch {
	case n > 0 && b.sending.progress != nil:
		b.sending.progress(b.sending.content.size-b.left, b.sending.content.size)
	case n > 0:
	case err == nil:
		if b.empty++; b.empty >= maxEmptyReads {
			err = io.ErrNoProgress
		}
	}
	if n > 0 {
		b.empty = 0
	}
	switch {
	case b.left == 0 || err == nil:
		return n, nil // an error after the last byte is nothing to us
	case err == io.EOF:
		err = io.ErrUnexpectedEOF // it is shorter than it said
	}
	return n, b.sending.fail(err)
}
