package media_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const nineMB = 9 << 20

// roundTrip is a transport that is a func.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A source opens the same bytes in one of the ways that they come.
func sources(t *testing.T, data []byte) map[string]func() io.Reader {
	t.Helper()
	name := filepath.Join(t.TempDir(), "photo.png")
	require.NoError(t, os.WriteFile(name, data, 0o600))
	return map[string]func() io.Reader{
		"file": func() io.Reader {
			f, err := os.Open(name)
			require.NoError(t, err)
			t.Cleanup(func() { _ = f.Close() })
			return f
		},
		"pipe": func() io.Reader {
			r, w := io.Pipe()
			go func() {
				_, err := w.Write(data)
				_ = w.CloseWithError(err)
			}()
			t.Cleanup(func() { _ = r.Close() })
			return r
		},
	}
}

// watchFiles has temporary files made in a folder of their own, and returns a func that fails
// if one is left there, or open without a name. No test may run beside the one that calls it.
func watchFiles(t *testing.T) (check func()) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	return func() {
		t.Helper()
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Empty(t, left)
		open, _ := filepath.Glob("/proc/self/fd/*") // Linux only
		for _, fd := range open {
			target, _ := os.Readlink(fd)
			assert.NotContains(t, target, "wxhome-media-")
		}
	}
}

// TestNineMegabytes sends a large file to a server in a bubble, which would not end while a
// goroutine is left.
func TestNineMegabytes(t *testing.T) {
	data := file(png, nineMB)
	check := watchFiles(t)
	for from, open := range sources(t, data) {
		for what, prepare := range map[string]func(*wechattest.Server){
			"straight": func(*wechattest.Server) {},
			"40001":    func(s *wechattest.Server) { s.Fail("/cgi-bin/media/upload", 1, wechattest.Fault{Code: 40001}) },
			"busy":     func(s *wechattest.Server) { s.Fail("/cgi-bin/media/upload", 1, wechattest.Fault{Code: -1}) },
			"lost answer": func(s *wechattest.Server) {
				s.Fail("/cgi-bin/media/upload", 1, wechattest.Fault{Reset: wechattest.ResetAfter})
			},
			"reset": func(s *wechattest.Server) {
				s.Fail("/cgi-bin/media/upload", 1, wechattest.Fault{Reset: wechattest.ResetBefore})
			},
			"gateway page": func(s *wechattest.Server) { s.Fail("/cgi-bin/media/upload", 1, wechattest.Fault{Status: 502}) },
		} {
			t.Run(from+" "+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := wechattest.New(t, wechattest.InMemory())
					prepare(s)
					up, err := s.Client().Media.Upload(t.Context(), media.Image, "照片.png", open())
					require.NoError(t, err)
					got := s.Uploads()
					last := got[len(got)-1]
					assert.Equal(t, up.MediaID, last.MediaID)
					assert.Equal(t, "image.png", last.Filename)
					for _, u := range got { // a lost answer is an upload too
						assert.Equal(t, sha256.Sum256(data), sha256.Sum256(u.Data))
					}
				})
				check()
			})
		}
	}
}

func TestCancelInTheMiddle(t *testing.T) {
	data := file(png, nineMB)
	check := watchFiles(t)
	why := errors.New("the user went away")
	for from, open := range sources(t, data) {
		t.Run(from, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := wechattest.New(t, wechattest.InMemory())
				ctx, cancel := context.WithCancelCause(t.Context())
				_, err := s.Client().Media.Upload(ctx, media.Image, "", open(), media.WithProgress(func(sent, _ int64) {
					if sent > nineMB/2 {
						cancel(why)
					}
				}))
				require.ErrorIs(t, err, context.Canceled)
				assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
				assert.Empty(t, s.Uploads())
			})
			check()
		})
	}
	t.Run("while it is spooled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := wechattest.New(t, wechattest.InMemory())
			ctx, cancel := context.WithCancelCause(t.Context())
			r, w := io.Pipe()
			stop := context.AfterFunc(ctx, func() { _ = r.CloseWithError(context.Cause(ctx)) })
			defer stop()
			go func() {
				_, _ = w.Write(data[:nineMB/2])
				synctest.Wait() // the upload waits for more
				cancel(why)     // and nothing comes
			}()
			_, err := s.Client().Media.Upload(ctx, media.Image, "", r)
			require.ErrorIs(t, err, why)
			assert.Zero(t, s.Requests("/cgi-bin/media/upload"))
		})
		check()
	})
}

// An entry may answer before it has read the body, and net/http goes on reading it meanwhile.
func TestRefusedInTheMiddleOfTheBody(t *testing.T) {
	t.Parallel()
	data := file(png, nineMB)
	for from, open := range sources(t, data) {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			s := wechattest.New(t)
			var readers sync.WaitGroup
			refused := 0
			c := s.Client(wechat.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if !strings.HasSuffix(r.URL.Path, "/media/upload") || refused > 0 {
					return s.Transport().RoundTrip(r)
				}
				refused++
				_, err := io.CopyN(io.Discard, r.Body, nineMB/2)
				readers.Go(func() {
					for { // as the transport's write loop does, until it is told to end
						if _, err := r.Body.Read(make([]byte, 1000)); err != nil {
							return
						}
						runtime.Gosched()
					}
				})
				return &http.Response{
					StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"errcode":40001,"errmsg":"invalid credential"}`)),
				}, err
			})}))
			up, err := c.Media.Upload(t.Context(), media.Image, "a.png", open())
			require.NoError(t, err)
			require.Len(t, s.Uploads(), 1)
			assert.Equal(t, up.MediaID, s.Uploads()[0].MediaID)
			assert.Equal(t, sha256.Sum256(data), sha256.Sum256(s.Uploads()[0].Data))
			readers.Wait()
		})
	}
}

func TestNoRoomForATemporaryFile(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	p := &platform{answer: uploaded}
	_, err := p.client().Upload(t.Context(), media.Image, "", onlyReader{strings.NewReader(string(file(png, 600_000)))})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "media: spool the file: ")
	_, err = p.client().Upload(t.Context(), media.Image, "", onlyReader{strings.NewReader(string(file(png, 500_000)))})
	require.NoError(t, err, "half a megabyte fits into memory")
}

// TestRoundTrips sends every kind there and back.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	c, ctx := s.Client().Media, t.Context()
	read := func(f *media.File, err error) string {
		require.NoError(t, err)
		defer f.Body.Close()
		text, err := io.ReadAll(f.Body)
		require.NoError(t, err)
		return string(text)
	}
	for _, tt := range []struct {
		kind media.Kind
		data string
	}{{media.Image, png}, {media.Image, jpeg}, {media.Voice, "#!AMR\n"}, {media.Voice, id3}, {media.Thumb, jpeg}} {
		up, err := c.Upload(ctx, tt.kind, "", strings.NewReader(tt.data))
		require.NoError(t, err)
		assert.Equal(t, tt.data, read(c.Get(ctx, up.MediaID)))
	}
	up, err := c.Upload(ctx, media.Video, "", strings.NewReader(mp4))
	require.NoError(t, err)
	f, err := c.Get(ctx, up.MediaID)
	require.NoError(t, err)
	require.NotEmpty(t, f.URL)
	voice := s.AddMedia(wechattest.Media{Kind: media.Voice, Data: []byte(amr), HD: []byte("speex")})
	assert.Equal(t, "speex", read(c.GetHDVoice(ctx, voice)))

	added, err := c.AddMaterial(ctx, media.Image, "a", strings.NewReader(bmp))
	require.NoError(t, err)
	m, err := c.GetMaterial(ctx, added.MediaID)
	require.NoError(t, err)
	assert.Equal(t, bmp, read(&m.File, nil))
	assert.Equal(t, "image/bmp", m.ContentType)
	video, err := c.AddVideo(ctx, media.VideoInfo{Title: "运动会 <a> & b", Introduction: "🎈"}, "v", strings.NewReader(mp4))
	require.NoError(t, err)
	m, err = c.GetMaterial(ctx, video.MediaID)
	require.NoError(t, err)
	assert.Equal(t, "运动会 <a> & b 🎈", m.Title+" "+m.Description)
	news := s.AddMaterial(wechattest.Media{Kind: media.News, Articles: []media.Article{theArticle()}})
	m, err = c.GetMaterial(ctx, news)
	require.NoError(t, err)
	assert.Equal(t, []media.Article{theArticle()}, m.Articles)

	count, err := c.CountMaterial(ctx)
	require.NoError(t, err)
	assert.Equal(t, media.Count{Images: 1, Videos: 1, News: 1}, count)
	for kind, id := range map[media.Kind]string{media.Image: added.MediaID, media.Video: video.MediaID, media.News: news} {
		for item, err := range c.Materials(ctx, kind) {
			require.NoError(t, err)
			assert.Equal(t, id, item.MediaID)
		}
	}
	require.NoError(t, c.DeleteMaterial(ctx, added.MediaID))
	_, err = c.GetMaterial(ctx, added.MediaID)
	require.ErrorIs(t, err, wechat.ErrInvalidMediaID)
	_, err = c.Get(ctx, "unknown")
	require.ErrorIs(t, err, wechat.ErrInvalidMediaID, "an error whatever its Content-Type")
	url, err := c.UploadArticleImage(ctx, "a", strings.NewReader(png))
	require.NoError(t, err)
	assert.NotEmpty(t, url)
}

// A permanent file is never sent twice on a guess.
func TestAddMaterialIsNotRepeated(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	s.Fail("/cgi-bin/material/add_material", 1, wechattest.Fault{Reset: wechattest.ResetAfter})
	_, err := s.Client().Media.AddMaterial(t.Context(), media.Image, "", strings.NewReader(png))
	require.Error(t, err)
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
	assert.Len(t, s.Uploads(), 1)
	s.Fail("/cgi-bin/material/add_material", 1, wechattest.Fault{Code: 42001})
	_, err = s.Client().Media.AddMaterial(t.Context(), media.Image, "", strings.NewReader(png))
	require.NoError(t, err, "a refused token is another thing")
	assert.Len(t, s.Uploads(), 2)
}

func TestCacheAgainstThePlatform(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	client := s.Client().Media
	cache := newCache(t, client, 10)
	photo := media.Source{Key: "3/photo", Kind: media.Image, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(png)), nil
	}}
	send := func(ctx context.Context, id string) error { // as a message would, this needs an id that lives
		f, err := client.Get(ctx, id)
		if err == nil {
			err = f.Body.Close()
		}
		return err
	}
	for range 2 {
		require.NoError(t, cache.Use(t.Context(), photo, send))
	}
	assert.Len(t, s.Uploads(), 1)
	s.Advance(4 * 24 * time.Hour) // the platform's clock only: the Cache believes in its id
	require.NoError(t, cache.Use(t.Context(), photo, send))
	assert.Len(t, s.Uploads(), 2)
}
