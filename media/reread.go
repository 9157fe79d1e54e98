package media

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
)

// spoolMemory is how much of a file of unknown length is held in memory: a photo as phones send
// it fits in, and a hundred of them at once are still no burden.
const spoolMemory = 512 << 10

// spool copies a file of unknown length, of which head was read already, to where it can be
// measured and read again: to memory, beyond spoolMemory to a temporary file. It ends one byte
// after the limit.
func (c *content) spool(ctx context.Context, head []byte, rest io.Reader, limits rule) error {
	var memory bytes.Buffer
	memory.Write(head)
	if _, err := io.Copy(&memory, io.LimitReader(rest, min(spoolMemory, limits.max+1)-int64(len(head)))); err != nil {
		return readError(ctx, err)
	}
	c.size, c.again = int64(memory.Len()), true
	c.open = func() (io.Reader, error) { return bytes.NewReader(memory.Bytes()), nil }
	if c.size < spoolMemory {
		return limits.checkSize(c.size, c.size > limits.max)
	}
	file, err := newTemporary()
	if err != nil {
		return fmt.Errorf("media: spool the file: %w", err)
	}
	c.open = func() (io.Reader, error) { return io.NewSectionReader(file, 0, c.size), nil }
	c.remove = file.remove
	if _, err := file.Write(memory.Bytes()); err != nil {
		return fmt.Errorf("media: spool the file: %w", err)
	}
	failed := &failingReader{r: rest}
	n, err := io.Copy(file, io.LimitReader(failed, limits.max+1-c.size))
	switch {
	case failed.err != nil:
		return readError(ctx, failed.err)
	case err != nil:
		return fmt.Errorf("media: spool the file: %w", err)
	}
	c.size += n
	return limits.checkSize(c.size, true)
}

// failingReader remembers how reading failed, to tell it from writing that did.
type failingReader struct {
	r   io.Reader
	err error
}

func (f *failingReader) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// temporary is a file that is gone with its process, however that ends, where the system lets
// an open file be removed.
type temporary struct {
	*os.File
	removed bool
}

func newTemporary() (*temporary, error) {
	file, err := os.CreateTemp("", "wxhome-media-*")
	if err != nil {
		return nil, err
	}
	return &temporary{file, os.Remove(file.Name()) == nil}, nil
}

func (t *temporary) remove() {
	_ = t.Close()
	if !t.removed {
		_ = os.Remove(t.Name())
	}
}
