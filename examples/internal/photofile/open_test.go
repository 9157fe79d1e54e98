package photofile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const jpeg = "\xff\xd8\xff\xe0 the bytes of a photo"

func opener(t *testing.T, c Config) *Opener {
	t.Helper()
	o, err := New(c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func readAll(t *testing.T, f *File) string {
	t.Helper()
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return string(b)
}

// host is a web server of photos; an opener with its knob turned reaches it.
func host(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestFetch(t *testing.T) {
	t.Parallel()
	var seen *http.Request
	url := host(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, jpeg)
	})
	o := opener(t, Config{AllowLoopback: true})
	f, err := o.Open(t.Context(), " "+url+"/2026/S1%20a.png?sign=1#x ")
	require.NoError(t, err)
	assert.Equal(t, JPEG, f.Format, "told by the bytes")
	assert.EqualValues(t, len(jpeg), f.Size)
	assert.Equal(t, "S1a.jpg", f.Name)
	assert.Equal(t, jpeg, readAll(t, f))
	assert.Equal(t, "/2026/S1%20a.png?sign=1", seen.RequestURI)
	assert.Empty(t, seen.Header.Get("Accept-Encoding"))
	assert.Empty(t, seen.Header.Get("Referer"))
}

func TestFetchFails(t *testing.T) {
	t.Parallel()
	reply := func(status int, header, value, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set(header, value)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, tt := range map[string]struct {
		h    http.HandlerFunc
		want error
	}{
		"redirect":     {reply(302, "Location", "http://127.0.0.1:1/", ""), ErrRedirect},
		"permanent":    {reply(301, "Location", "/x", jpeg), ErrRedirect},
		"not modified": {reply(304, "", "", ""), ErrRedirect},
		"404":          {reply(404, "", "", jpeg), ErrNotFound},
		"410":          {reply(410, "", "", jpeg), ErrNotFound},
		"403":          {reply(403, "", "", jpeg), ErrUnavailable},
		"500":          {reply(500, "", "", jpeg), ErrUnavailable},
		"206":          {reply(206, "", "", jpeg), ErrUnavailable},
		"204":          {reply(204, "", "", ""), ErrUnavailable},
		"html":         {reply(200, "Content-Type", "image/jpeg", "<html><script>alert(1)</script>"), ErrNotPhoto},
		"svg":          {reply(200, "", "", `<svg xmlns="http://www.w3.org/2000/svg">`), ErrNotPhoto},
		"empty":        {reply(200, "", "", ""), ErrNotPhoto},
		"packed":       {reply(200, "Content-Encoding", "gzip", jpeg), ErrNotPhoto},
		"too large":    {reply(200, "Content-Length", strconv.Itoa(101), jpeg+strings.Repeat("x", 101-len(jpeg))), ErrTooLarge},
		"hangs up": {func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		}, ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := opener(t, Config{AllowLoopback: true, MaxBytes: 100})
			f, err := o.Open(t.Context(), host(t, tt.h)+"/secret?token=1")
			require.ErrorIs(t, err, tt.want)
			assert.Nil(t, f)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestUnknownLength(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]error{100: nil, 101: ErrTooLarge, 100_000: ErrTooLarge} {
		url := host(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, jpeg)
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, strings.Repeat("x", size-len(jpeg)))
		})
		f, err := opener(t, Config{AllowLoopback: true, MaxBytes: 100}).Open(t.Context(), url)
		require.NoError(t, err)
		assert.EqualValues(t, -1, f.Size)
		n, err := io.Copy(io.Discard, f)
		assert.Equal(t, want, err)
		assert.LessOrEqual(t, n, int64(100))
		require.NoError(t, f.Close())
	}
}

func TestCutOff(t *testing.T) {
	t.Parallel()
	url := host(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, jpeg+strings.Repeat("x", 100))
	})
	f, err := opener(t, Config{AllowLoopback: true}).Open(t.Context(), url)
	require.NoError(t, err)
	_, err = io.ReadAll(f)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NoError(t, f.Close())
}

// TestPrivateAddresses has names and addresses that are allowed and yet lead inside: what
// counts is the address that the connection is made to.
func TestPrivateAddresses(t *testing.T) {
	t.Parallel()
	asked := false
	url := host(t, func(http.ResponseWriter, *http.Request) { asked = true })
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	o := opener(t, Config{Hosts: []string{"localhost:" + port, "127.0.0.1:" + port, "[::1]:" + port, "[::ffff:7f00:1]:" + port, "10.0.0.1", "169.254.169.254", "[fd00::1]", "0.0.0.0:" + port}})
	for _, at := range []string{
		"localhost:" + port, "LOCALHOST:" + port, "127.0.0.1:" + port, "[::1]:" + port, "[::ffff:7f00:1]:" + port, "10.0.0.1", "169.254.169.254", "[fd00::1]", "0.0.0.0:" + port,
	} {
		require.NoError(t, o.Check("http://"+at+"/x.jpg"), at)
		_, err := o.Open(t.Context(), "http://"+at+"/x.jpg")
		require.ErrorIs(t, err, ErrPrivate, at)
	}
	assert.False(t, asked)
	_, err = opener(t, Config{Hosts: []string{"10.0.0.1"}, AllowLoopback: true}).Open(t.Context(), "http://10.0.0.1/x.jpg")
	require.ErrorIs(t, err, ErrPrivate, "the knob lets in this machine and no other")
}

func TestProxyIsNotUsed(t *testing.T) {
	t.Parallel()
	assert.Nil(t, opener(t, Config{}).transport.Proxy)
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "photos", "2026", "folder.jpg"), 0o755))
	for name, body := range map[string]string{
		"secret.jpg": jpeg, "photos/2026/张三 50%.jpg": jpeg, "photos/large.jpg": jpeg + strings.Repeat("x", 1000), "photos/text.jpg": "hello",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(body), 0o644))
	}
	require.NoError(t, os.Symlink(filepath.Join(dir, "secret.jpg"), filepath.Join(dir, "photos", "out.jpg")))
	require.NoError(t, os.Symlink(filepath.Join("2026", "张三 50%.jpg"), filepath.Join(dir, "photos", "in.jpg")))
	o := opener(t, Config{Dir: filepath.Join(dir, "photos"), MaxBytes: 500})
	for _, address := range []string{
		"2026/张三 50%.jpg", `2026\张三 50%.jpg`, "/2026/张三 50%.jpg", "in.jpg",
		"https://photos.example.com/2026/%E5%BC%A0%E4%B8%89%2050%25.jpg?x=1",
	} {
		f, err := o.Open(t.Context(), address)
		require.NoError(t, err, address)
		assert.EqualValues(t, len(jpeg), f.Size)
		assert.Equal(t, jpeg, readAll(t, f))
	}
	for address, want := range map[string]error{
		"../secret.jpg": ErrAddress, "2026/../../secret.jpg": ErrAddress, `..\secret.jpg`: ErrAddress, "https://x.example/..%2fsecret.jpg": ErrAddress,
		"https://x.example/a/../../secret.jpg": ErrAddress, "2026/": ErrAddress, "/": ErrAddress, ".": ErrAddress, "": ErrAddress, "a//b.jpg": ErrAddress,
		"a\x00.jpg": ErrAddress, "a\n.jpg": ErrAddress, "\xff.jpg": ErrAddress, "https://x.example": ErrAddress,
		"out.jpg": ErrUnavailable, "2026": ErrNotFound, "2026/folder.jpg": ErrNotFound, "none.jpg": ErrNotFound, "large.jpg": ErrTooLarge, "text.jpg": ErrNotPhoto,
		filepath.Join(dir, "secret.jpg"): ErrNotFound, "ftp://x.example/in.jpg": ErrAddress, "file:///in.jpg": ErrAddress, "https://a:b@x.example/in.jpg": ErrAddress,
	} {
		_, err := o.Open(t.Context(), address)
		require.ErrorIs(t, err, want, address)
		assert.NotContains(t, err.Error(), dir, "the folder's place is nobody's business")
	}
}

func TestNamedPipeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"pipe.jpg": {Mode: os.ModeNamedPipe}}
	_, err := opener(t, Config{Files: files}).Open(t.Context(), "pipe.jpg")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestAllowedHostIsFetchedDespiteAFolder(t *testing.T) {
	t.Parallel()
	url := host(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, jpeg+"from afar") })
	o := opener(t, Config{AllowLoopback: true, Files: fstest.MapFS{"x.jpg": {Data: []byte(jpeg + "from here")}}})
	f, err := o.Open(t.Context(), url+"/x.jpg")
	require.NoError(t, err)
	assert.Contains(t, readAll(t, f), "from afar")
	f, err = o.Open(t.Context(), "https://photos.example.com/x.jpg")
	require.NoError(t, err)
	assert.Contains(t, readAll(t, f), "from here")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"suffix of a suffix": {Hosts: []string{"*.com"}}, "all": {Hosts: []string{"*"}}, "empty": {Hosts: []string{""}}, "address": {Hosts: []string{"https://x.example"}},
		"path": {Hosts: []string{"x.example/a"}}, "chinese": {Hosts: []string{"照片.example"}}, "stars": {Hosts: []string{"a.*.example"}}, "dots": {Hosts: []string{"*..example.com"}},
		"no star's dot": {Hosts: []string{"*example.com.cn"}}, "trailing dot": {Hosts: []string{"x.example."}},
		"no folder": {Dir: "no/such/folder"}, "both": {Dir: ".", Files: fstest.MapFS{}}, "negative": {MaxBytes: -1}, "time": {Timeout: -1}, "total": {Total: -1},
	} {
		_, err := New(c)
		require.ErrorContains(t, err, "photofile: ", name)
	}
}

// pipeHost is a host at the other end of a pipe, so that time can be a bubble's.
func pipeHost(t *testing.T, o *Opener, serve func(net.Conn)) {
	o.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go serve(there)
		return here, nil
	}
	t.Cleanup(o.transport.CloseIdleConnections)
}

func TestTimeLimits(t *testing.T) {
	t.Parallel()
	silent := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 1000)
	stalls := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			in := bufio.NewReader(c)
			if _, err := http.ReadRequest(in); err == nil {
				_, _ = io.WriteString(c, text)
			}
			silent(c)
		}
	}
	for name, tt := range map[string]struct {
		serve func(net.Conn)
		after time.Duration
		opens bool
	}{
		"no answer":  {silent, DefaultTimeout, false},
		"no bytes":   {stalls(head), DefaultTimeout, false},
		"never ends": {stalls(head + jpeg + strings.Repeat("x", 100)), DefaultTotal, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := opener(t, Config{Hosts: []string{"photos.example.com"}})
				pipeHost(t, o, tt.serve)
				start := time.Now()
				f, err := o.Open(t.Context(), "http://photos.example.com/secret.jpg")
				if tt.opens {
					require.NoError(t, err)
					_, err = io.ReadAll(f)
					require.ErrorIs(t, err, context.DeadlineExceeded)
					_ = f.Close()
				} else {
					require.ErrorIs(t, err, ErrUnavailable)
				}
				assert.Equal(t, tt.after, time.Since(start))
			})
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := opener(t, Config{Hosts: []string{"photos.example.com"}, Files: fstest.MapFS{"x.jpg": {Data: []byte(jpeg)}}})
		pipeHost(t, o, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := o.Open(ctx, "http://photos.example.com/x.jpg")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, ErrUnavailable)
		_, err = o.Open(ctx, "x.jpg")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestFileCloses(t *testing.T) {
	t.Parallel()
	body := &closing{Reader: strings.NewReader("no photo at all, but more than sixty-four bytes of it, so that the head is full")}
	o := opener(t, Config{})
	_, err := o.sniffed(body, -1, place{path: "x"})
	require.ErrorIs(t, err, ErrNotPhoto)
	_, err = o.sniffed(&closing{Reader: failing{}}, -1, place{path: "x"})
	require.ErrorIs(t, err, ErrUnavailable)
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }

func ExampleOpener_Open() {
	photos, err := New(Config{Files: fstest.MapFS{"2026/S1.jpeg": {Data: []byte("\xff\xd8\xff\xe0...")}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer photos.Close()
	f, err := photos.Open(context.Background(), "2026/S1.jpeg")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	fmt.Println(f.Name, f.Format, f.Size)
	_, err = photos.Open(context.Background(), "http://169.254.169.254/latest/meta-data")
	fmt.Println(err)
	// Output:
	// S1.jpg image/jpeg 7
	// photofile: there is no such photo in the folder of photos
}
