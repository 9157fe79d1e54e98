package media_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
)

type withLen struct {
	io.Reader
	n int
}

func (w withLen) Len() int { return w.n }

type withStat struct {
	io.Reader
	fs.File
}

func (w withStat) Read(b []byte) (int, error) { return w.Reader.Read(b) }

// statOnly opens data as a file that knows its size and cannot seek, as those of a zip.
func statOnly(t *testing.T, data []byte) io.Reader {
	t.Helper()
	f, err := fstest.MapFS{"f": {Data: data}}.Open("f")
	require.NoError(t, err)
	return withStat{bytes.NewReader(data), f}
}

func onDisk(t *testing.T, data []byte) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "photo")
	require.NoError(t, os.WriteFile(name, data, 0o600))
	f, err := os.Open(name)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func piped(t *testing.T, data []byte) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	go func() { _, _ = w.Write(data); _ = w.Close() }()
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func skipped(t *testing.T, r io.ReadSeeker, n int64) io.Reader {
	t.Helper()
	_, err := r.Seek(n, io.SeekStart)
	require.NoError(t, err)
	return r
}

// TestReaders sends the same bytes from all kinds of reader, and each a second time where that
// is possible.
func TestReaders(t *testing.T) {
	t.Parallel()
	for _, size := range []int{20, 511, 512, 513, 64 << 10, 512 << 10, 512<<10 + 1, 700_000} {
		data := file(jpeg, size)
		before := append([]byte("before"), data...)
		for name, tt := range map[string]struct {
			r    io.Reader
			once bool
		}{
			"bytes.Reader":    {bytes.NewReader(data), false},
			"in its middle":   {skipped(t, bytes.NewReader(before), 6), false},
			"file":            {onDisk(t, data), false},
			"file's middle":   {skipped(t, onDisk(t, before), 6), false},
			"buffer":          {bytes.NewBuffer(bytes.Clone(data)), false},
			"len":             {withLen{bytes.NewReader(data), size}, true},
			"stat":            {statOnly(t, data), true},
			"io.Reader":       {onlyReader{bytes.NewReader(data)}, false},
			"os.Pipe":         {piped(t, data), false},
			"one byte a time": {onlyReader{iotest.OneByteReader(bytes.NewReader(data))}, false},
			"data with EOF":   {onlyReader{iotest.DataErrReader(bytes.NewReader(data))}, false},
			"known, EOF":      {withLen{iotest.DataErrReader(bytes.NewReader(data)), size}, true},
			"says 0":          {withLen{bytes.NewReader(data), 0}, false},
		} {
			if name == "one byte a time" && size > 64<<10 {
				continue // takes its time
			}
			p := &platform{answer: uploaded}
			var bodies []string
			p.do = func(req *http.Request) (*http.Response, error) {
				first, err := io.ReadAll(req.Body)
				require.NoError(t, err)
				bodies = append(bodies, string(first))
				assert.Equal(t, int64(len(first)), req.ContentLength)
				_, repeatable := req.Header["Idempotency-Key"]
				assert.Equal(t, tt.once, req.GetBody == nil, name)
				assert.Equal(t, !tt.once, repeatable, name)
				if req.GetBody != nil {
					again, err := req.GetBody()
					require.NoError(t, err)
					second, err := io.ReadAll(again)
					require.NoError(t, err)
					bodies = append(bodies, string(second))
					require.NoError(t, again.Close())
				}
				return p.response(), req.Body.Close()
			}
			_, err := p.client().Upload(t.Context(), media.Image, "", tt.r)
			require.NoError(t, err, name)
			for _, body := range bodies {
				_, rest, ok := strings.Cut(body, "\r\n\r\n")
				require.True(t, ok)
				assert.True(t, strings.HasPrefix(rest, string(data)), "%s, %d bytes", name, size)
				assert.Regexp(t, `^\r\n--\w+--\r\n$`, rest[len(data):], name)
			}
		}
	}
}

// An attempt that has failed may still be read by net/http when the next one begins, and when
// the upload has returned.
func TestOnlyTheLatestBodyReads(t *testing.T) {
	t.Parallel()
	data := file(jpeg, 100_000)
	r := bytes.NewReader(data)
	p := &platform{answer: uploaded}
	var old, latest io.Reader
	var got []byte
	p.do = func(req *http.Request) (*http.Response, error) {
		old = req.Body
		_, err := io.ReadFull(old, make([]byte, 50_000))
		require.NoError(t, err)
		second, err := req.GetBody()
		require.NoError(t, err)
		latest = second
		half := make([]byte, 30_000)
		_, err = io.ReadFull(latest, half)
		require.NoError(t, err)
		n, err := old.Read(make([]byte, 100))
		assert.Zero(t, n)
		require.Error(t, err)
		rest, err := io.ReadAll(io.LimitReader(latest, 50_000))
		require.NoError(t, err)
		got = append(half, rest...)
		return p.response(), nil
	}
	_, err := p.client().Upload(t.Context(), media.Image, "", r)
	require.NoError(t, err)
	_, file, _ := bytes.Cut(got, []byte("\r\n\r\n"))
	assert.True(t, bytes.HasPrefix(data, file), "the second attempt has the file from its start, whoever read meanwhile")
	left := r.Len()
	n, err := latest.Read(make([]byte, 100))
	assert.Zero(t, n)
	require.Error(t, err)
	assert.Equal(t, left, r.Len(), "nobody reads after the upload")
}

func TestReaderThatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is broken")
	data := file(jpeg, 700_000)
	begun := func(n int, err error) io.Reader {
		return io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(err))
	}
	for name, tt := range map[string]struct {
		r    io.Reader
		want error
		sent bool // it fails when the sending has begun
	}{
		"at once":               {iotest.ErrReader(broken), broken, false},
		"in its head":           {begun(100, broken), broken, false},
		"cut in its head":       {begun(100, io.ErrUnexpectedEOF), io.ErrUnexpectedEOF, false},
		"in memory":             {begun(10_000, broken), broken, false},
		"cut in memory":         {begun(10_000, io.ErrUnexpectedEOF), io.ErrUnexpectedEOF, false},
		"on disk":               {begun(600_000, broken), broken, false},
		"cut on disk":           {begun(600_000, io.ErrUnexpectedEOF), io.ErrUnexpectedEOF, false},
		"streamed":              {withLen{begun(600_000, broken), 700_000}, broken, true},
		"sought and streamed":   {&brokenSeeker{bytes.NewReader(data), broken}, broken, true},
		"shorter than it says":  {withLen{bytes.NewReader(data), 700_001}, io.ErrUnexpectedEOF, true},
		"gives nothing":         {onlyReader{idle{}}, io.ErrNoProgress, false},
		"gives nothing more":    {withLen{io.MultiReader(bytes.NewReader(data), idle{}), 700_001}, io.ErrNoProgress, true},
		"spooled, nothing more": {onlyReader{io.MultiReader(bytes.NewReader(data), idle{})}, io.ErrNoProgress, false},
		"seeks no more":         {&seekOnce{Reader: bytes.NewReader(data)}, errSeek, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &platform{answer: uploaded}
			p.do = func(req *http.Request) (*http.Response, error) {
				assert.True(t, tt.sent)
				_, err := io.Copy(io.Discard, req.Body)
				require.ErrorIs(t, err, tt.want)
				require.Error(t, req.Context().Err(), "nobody is to try again")
				if req.GetBody != nil {
					_, err = req.GetBody()
					require.ErrorIs(t, err, tt.want)
				}
				return nil, errors.New("the transport's words for it")
			}
			_, err := p.client().Upload(t.Context(), media.Image, "", tt.r)
			require.ErrorIs(t, err, tt.want)
			assert.Contains(t, err.Error(), "media: read the file: ")
		})
	}
}

func TestReaderThatGivesMoreThanItSaid(t *testing.T) {
	t.Parallel()
	data := file(jpeg, 10_000)
	p := &platform{answer: uploaded}
	_, err := p.client().Upload(t.Context(), media.Image, "", withLen{bytes.NewReader(data), 5_000})
	require.NoError(t, err)
	body := p.sent[0].plain(t).Body
	assert.True(t, strings.HasSuffix(body, string(data[4_900:5_000])+"\r\n--B--\r\n"), "as much as was measured")
}

func TestFolderInPlaceOfAFile(t *testing.T) {
	t.Parallel()
	f, err := os.Open(t.TempDir())
	require.NoError(t, err)
	defer f.Close()
	p := &platform{answer: uploaded}
	_, err = p.client().Upload(t.Context(), media.Image, "", f)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "media: read the file: ")
	assert.Empty(t, p.sent)
}

// A named pipe may tell how much waits in it, which is not all that will come.
func TestSizeOfWhatIsNoRegularFile(t *testing.T) {
	t.Parallel()
	f, err := fstest.MapFS{"f": {Data: make([]byte, 1000), Mode: fs.ModeNamedPipe}}.Open("f")
	require.NoError(t, err)
	data := file(jpeg, 10_000)
	p := &platform{answer: uploaded}
	_, err = p.client().Upload(t.Context(), media.Image, "", withStat{bytes.NewReader(data), f})
	require.NoError(t, err)
	assert.Contains(t, p.sent[0].Body, string(data))
}

// brokenSeeker can go back, and breaks in the middle.
type brokenSeeker struct {
	*bytes.Reader
	err error
}

func (b *brokenSeeker) Read(p []byte) (int, error) {
	if b.Len() < 100_000 {
		return 0, b.err
	}
	return b.Reader.Read(p)
}

// idle gives neither bytes nor an error.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

var errSeek = errors.New("no seeking any more")

// seekOnce can be measured, and then cannot go back.
type seekOnce struct {
	*bytes.Reader
	n int
}

func (s *seekOnce) Seek(offset int64, whence int) (int64, error) {
	if s.n++; s.n > 3 {
		return 0, errSeek
	}
	return s.Reader.Seek(offset, whence)
}
