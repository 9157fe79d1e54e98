package media_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
)

// getters are the two downloads of a temporary media.
func getters() map[string]func(*testing.T, *media.Client, string) (*media.File, error) {
	return map[string]func(*testing.T, *media.Client, string) (*media.File, error){
		"/cgi-bin/media/get": func(t *testing.T, c *media.Client, id string) (*media.File, error) { return c.Get(t.Context(), id) },
		"/cgi-bin/media/get/jssdk": func(t *testing.T, c *media.Client, id string) (*media.File, error) {
			return c.GetHDVoice(t.Context(), id)
		},
	}
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// tracked is a body that tells whether it was closed.
type tracked struct {
	io.Reader
	closed bool
}

func (b *tracked) Close() error { b.closed = true; return nil }

// A getCase is an answer, and what Get makes of it.
type getCase struct {
	header       http.Header
	answer       string
	contentType  string
	filename     string
	url          string
	unknownSize  bool
	emptyInstead bool
}

func getCases() map[string]getCase {
	const name = "Content-Disposition"
	return map[string]getCase{
		"as documented": {header("Content-Type", "image/jpeg", name, `attachment; filename="MEDIA_ID.jpg"`), jpeg, "image/jpeg", "MEDIA_ID.jpg", "", false, false},
		"long": {header("Content-Type", "image/jpeg", name, `attachment; filename="M.jpg"`), jpeg + strings.Repeat("x", 100_000),
			"image/jpeg", "M.jpg", "", false, false},
		"speex":                      {header("Content-Type", "voice/speex", name, `attachment; filename="M.speex"`), "\x01\x02speex", "voice/speex", "M.speex", "", false, false},
		"nothing but bytes":          {header(), png, "image/png", "", "", false, false},
		"text/plain":                 {header("Content-Type", "text/plain"), amr, "audio/amr", "", "", false, false},
		"octet-stream":               {header("Content-Type", "application/octet-stream", name, `attachment; filename=M.mp3`), mp3, "audio/mpeg", "M.mp3", "", false, false},
		"unknown bytes":              {header("Content-Type", "text/plain"), "\x01\x02", "text/plain", "", "", false, false},
		"filename* too":              {header(name, `attachment; filename="x.jpg"; filename*=UTF-8''%E7%85%A7%E7%89%87.jpg`), jpeg, "image/jpeg", "照片.jpg", "", false, false},
		"only filename*":             {header(name, `attachment; filename*=utf-8''a%20b.jpg`), jpeg, "image/jpeg", "a b.jpg", "", false, false},
		"folders in the name":        {header(name, `attachment; filename="../../x.jpg"`), jpeg, "image/jpeg", "x.jpg", "", false, false},
		"attached and like JSON":     {header("Content-Type", "voice/x", name, `attachment; filename="x"`), "{ not JSON", "voice/x", "x", "", false, false},
		"length unknown":             {header("Content-Type", "image/gif"), gif, "image/gif", "", "", true, false},
		"a video":                    {header("Content-Type", "text/plain"), `{"video_url":"http://v.example/1?a=b"}`, "text/plain", "", "http://v.example/1?a=b", false, true},
		"a video as JSON":            {header("Content-Type", "application/json; encoding=utf-8"), `{"errcode":0,"errmsg":"ok","video_url":"u"}`, "application/json; encoding=utf-8", "", "u", false, true},
		"a video with blanks":        {header(), "\xef\xbb\xbf \r\n{\"video_url\":\"u\"}", "", "", "u", false, true},
		"a video, a raw control":     {header(), "{\"video_url\":\"u\",\"title\":\"a\x01\\\"b\nc\"}", "", "", "u", false, true},
		"a video that is called jpg": {header("Content-Type", "image/jpeg"), `{"video_url":"u"}`, "image/jpeg", "", "u", false, true},
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	for what, tt := range getCases() {
		for path, get := range getters() {
			t.Run(what+path, func(t *testing.T) {
				t.Parallel()
				body := &tracked{Reader: iotest.OneByteReader(strings.NewReader(tt.answer))}
				p := &platform{}
				p.do = func(req *http.Request) (*http.Response, error) {
					assert.Equal(t, http.MethodGet, req.Method)
					assert.Equal(t, path+"?media_id=M%26+%2F", req.URL.String())
					assert.Nil(t, req.Body)
					resp := &http.Response{StatusCode: 200, Header: tt.header, Body: body, ContentLength: int64(len(tt.answer))}
					if tt.unknownSize {
						resp.ContentLength = -1
					}
					return resp, nil
				}
				f, err := get(t, p.client(), "M& /")
				require.NoError(t, err)
				got, err := io.ReadAll(f.Body)
				require.NoError(t, err)
				want, size := tt.answer, int64(len(tt.answer))
				if tt.emptyInstead {
					want, size = "", 0
					assert.True(t, body.closed)
				}
				if tt.unknownSize {
					size = -1
				}
				assert.Equal(t, want, string(got))
				f.Body.Close()
				assert.True(t, body.closed)
				f.Body = nil
				assert.Equal(t, &media.File{ContentType: tt.contentType, Filename: tt.filename, Size: size, URL: tt.url}, f)
			})
		}
	}
}

func TestGetFailures(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	text := func(s string) func() io.Reader { return func() io.Reader { return strings.NewReader(s) } }
	for what, tt := range map[string]struct {
		header http.Header
		body   func() io.Reader
		is     error
	}{
		"empty":                {header("Content-Type", "image/jpeg"), text(""), media.ErrAnswer},
		"a page":               {header("Content-Type", "text/html; charset=utf-8"), text("<html>login"), media.ErrAnswer},
		"a page as text":       {header("Content-Type", "text/plain"), text("<html>login"), media.ErrAnswer},
		"a page without <":     {header("Content-Type", "Text/HTML"), text("please log in"), media.ErrAnswer},
		"JSON without a url":   {header(), text(`{"errcode":0,"errmsg":"ok"}`), media.ErrAnswer},
		"JSON called jpeg":     {header("Content-Type", "image/jpeg"), text(`{"x":1}`), media.ErrAnswer},
		"JSON that is cut":     {header("Content-Type", "text/plain"), text(`{"video_url":"http`), media.ErrAnswer},
		"JSON of another type": {header(), text(`{"video_url":7}`), media.ErrAnswer},
		"JSON, but no object":  {header("Content-Type", "application/json"), text(`"x"`), media.ErrAnswer},
		"endless JSON":         {header(), func() io.Reader { return io.MultiReader(strings.NewReader("{"), spaces{}) }, media.ErrAnswer},
		"breaks at once":       {header(), func() io.Reader { return iotest.ErrReader(broken) }, broken},
		"breaks in its head": {header(), func() io.Reader {
			return io.MultiReader(strings.NewReader(jpeg), iotest.ErrReader(io.ErrUnexpectedEOF))
		}, io.ErrUnexpectedEOF},
		"breaks in JSON": {header(), func() io.Reader {
			return io.MultiReader(strings.NewReader(`{"a":"`+strings.Repeat("x", 600)), iotest.ErrReader(broken))
		}, broken},
	} {
		for path, get := range getters() {
			t.Run(what+path, func(t *testing.T) {
				t.Parallel()
				body := &tracked{Reader: tt.body()}
				f, err := get(t, (&platform{header: tt.header, body: body}).client(), "M")
				require.ErrorIs(t, err, tt.is)
				assert.NotContains(t, err.Error(), "login", "the text of an answer may hold anything")
				assert.Nil(t, f)
				assert.True(t, body.closed)
				if what == "endless JSON" {
					assert.ErrorContains(t, err, "too long")
				}
			})
		}
	}
	for path, get := range getters() {
		_, err := get(t, (&platform{err: coded(40007)}).client(), "M")
		assert.Equal(t, coded(40007), err, path)
		p := &platform{}
		_, err = get(t, p.client(), "")
		require.ErrorIs(t, err, media.ErrInvalidArgument)
		assert.Empty(t, p.sent)
	}
}

// spaces never ends.
type spaces struct{}

func (spaces) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

func TestDisposition(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]struct {
		name     string
		attached bool
	}{
		"":                              {"", false},
		`inline; filename="x.jpg"`:      {"x.jpg", false},
		"ATTACHMENT":                    {"", true},
		`attachment; filename="照片.jpg"`: {"照片.jpg", true},
		`attachment; filename=照片.jpg`:   {"照片.jpg", true},
		`Attachment; filename=照片.jpg; size=3`:     {"照片.jpg", true},
		`attachment; filename="unclosed.jpg`:      {"unclosed.jpg", true},
		`attachment; filename="a` + "\x00" + `b"`: {"ab", true},
		`attachment; filename=`:                   {"", true},
		`attachment; filename=".."`:               {"", true},
		"attachment; filename=\"\xd5\xd5.jpg\"":   {"_.jpg", true},
	} {
		name, attached := media.Disposition(header)
		assert.Equal(t, want.name, name, "%q", header)
		assert.Equal(t, want.attached, attached, "%q", header)
	}
}

// FuzzAnswer holds what tells a file from JSON to its promises: a file comes whole, JSON is
// bounded, and nothing else passes.
func FuzzAnswer(f *testing.F) {
	const limit = 2 << 10
	for _, body := range []string{jpeg, `{"video_url":"u"}`, `{"errcode":40007,"errmsg":"invalid media_id"}`, "<html>", "", "{", " {}", "\xef\xbb\xbf{}"} {
		f.Add("image/jpeg", `attachment; filename="M.jpg"`, []byte(body))
		f.Add("text/plain", "", []byte(body))
		f.Add("application/json", "", []byte(body))
	}
	f.Fuzz(func(t *testing.T, contentType, disposition string, body []byte) {
		closer := &tracked{Reader: strings.NewReader(string(body))}
		resp := &http.Response{Header: header("Content-Type", contentType, "Content-Disposition", disposition), Body: closer, ContentLength: int64(len(body))}
		file, text, err := media.OpenFile(resp, limit)
		outcomes := 0
		for _, is := range []bool{file != nil, text != nil, err != nil} {
			if is {
				outcomes++
			}
		}
		require.Equal(t, 1, outcomes)
		assert.Equal(t, file == nil, closer.closed)
		_, attached := media.Disposition(disposition)
		begins := strings.TrimLeft(strings.TrimPrefix(string(body), "\xef\xbb\xbf"), " \t\r\n")
		switch {
		case file != nil:
			got, err := io.ReadAll(file.Body)
			require.NoError(t, err)
			assert.Equal(t, body, got)
			assert.True(t, attached || !strings.HasPrefix(begins[:min(len(begins), 400)], "{") || len(begins) < len(body)-500)
		case text != nil:
			assert.Equal(t, body, text)
			assert.LessOrEqual(t, len(text), limit)
			assert.True(t, !attached && strings.HasPrefix(begins, "{"))
		default:
			require.ErrorIs(t, err, media.ErrAnswer)
			assert.True(t, len(body) == 0 || !attached)
		}
	})
}
