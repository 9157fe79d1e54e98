package wechattest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	jpegHead = "\xff\xd8\xff\xe0"
	pngHead  = "\x89PNG\r\n\x1a\n"
	bmpHead  = "BM\x10\x00\x00\x00\x00\x00\x00\x00"
	mp4Head  = "\x00\x00\x00\x18ftypisom\x00\x00\x02\x00"
	wavHead  = "RIFF\x10\x00\x00\x00WAVE"
	wmaHead  = "\x30\x26\xb2\x75\x8e\x66\xcf\x11"
)

// mediaAnswer is what the paths of media answer.
type mediaAnswer struct {
	answer
	Type    string `json:"type"`
	MediaID string `json:"media_id"`
	ThumbID string `json:"thumb_media_id"`
	Created int64  `json:"created_at"`
	URL     string `json:"url"`
	Video   string `json:"video_url"`
	Down    string `json:"down_url"`
}

func decodeMedia(t testing.TB, a answer) mediaAnswer {
	t.Helper()
	m := mediaAnswer{}
	require.NoError(t, json.Unmarshal([]byte(a.Body), &m), a.Body)
	m.answer = a
	return m
}

// upload posts a form that is good, with pairs replaced in it.
func (w *wire) upload(path, filename, data string, replace ...string) answer {
	w.t.Helper()
	body := "--X\r\nContent-Disposition: form-data; name=\"media\"; filename=\"" + filename + "\"\r\n" +
		"Content-Type: image/png\r\n\r\n" + data + "\r\n--X--\r\n"
	contentType := "multipart/form-data; boundary=X"
	r := strings.NewReplacer(replace...)
	body, contentType = r.Replace(body), r.Replace(contentType)
	target, query, more := strings.Cut(path, "?")
	target = w.authorized(target)
	if more {
		target += "&" + query
	}
	req := w.request(http.MethodPost, target, strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	a, err := w.do(req)
	require.NoError(w.t, err)
	return a
}

func (w *wire) temporary(kind, filename, data string) mediaAnswer {
	w.t.Helper()
	a := w.upload("/cgi-bin/media/upload?type="+kind, filename, data)
	requireCode(w.t, 0, a)
	return decodeMedia(w.t, a)
}

func (w *wire) fetch(path, id string) answer {
	w.t.Helper()
	return w.get(w.authorized(path) + "&media_id=" + id)
}

func filled(head string, size int) string { return head + strings.Repeat("x", size-len(head)) }

func TestUploadIsAccepted(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := newWire(t, wechattest.WithClock(func() time.Time { return now }))
	m := w.temporary("image", "a.png", pngHead+"a picture")
	assert.Equal(t, "image", m.Type)
	assert.Len(t, m.MediaID, 64)
	assert.Equal(t, now.Unix(), m.Created)
	assert.NotContains(t, m.Body, "errcode")
	assert.NotContains(t, m.Body, "thumb_media_id")
	assert.Equal(t, "text/plain", m.Header.Get("Content-Type"))
	thumb := w.temporary("thumb", "t.jpg", jpegHead)
	assert.Len(t, thumb.ThumbID, 64)
	assert.Empty(t, thumb.MediaID)
	assert.Equal(t, []wechattest.Uploaded{
		{
			AppID: w.s.AppID, Path: "/cgi-bin/media/upload", Kind: media.Image, MediaID: m.MediaID,
			Filename: "a.png", ContentType: "image/png", Data: []byte(pngHead + "a picture"), Time: now,
		},
		{
			AppID: w.s.AppID, Path: "/cgi-bin/media/upload", Kind: media.Thumb, MediaID: thumb.ThumbID,
			Filename: "t.jpg", ContentType: "image/png", Data: []byte(jpegHead), Time: now,
		},
	}, w.s.Uploads())
}

func TestUploadFormRules(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for name, replace := range map[string][]string{
		"no file name":              {`; filename="a.png"`, ""},
		"empty file name":           {"a.png", ""},
		"another field":             {`name="media"`, `name="file"`},
		"not closed":                {"\r\n--X--\r\n", ""},
		"closed badly":              {"\r\n--X--\r\n", "\r\n--X\r\n"},
		"quoted boundary":           {"boundary=X", `boundary="X"`},
		"another boundary":          {"boundary=X", "boundary=Y"},
		"no boundary":               {"; boundary=X", ""},
		"not a form":                {"multipart/form-data; boundary=X", "application/octet-stream"},
		"no Content-Type":           {"Content-Type: image/png\r\n", ""},
		"file name is not in ASCII": {"a.png", "照片.png"},
	} {
		for _, path := range []string{"/cgi-bin/media/upload?type=image", "/cgi-bin/media/uploadimg", "/cgi-bin/material/add_material?type=image"} {
			a := w.upload(path, "a.png", pngHead, replace...)
			assert.Equal(t, 41005, a.Code, "%s %s: %s", name, path, a.Body)
		}
	}
	assert.Empty(t, w.s.Uploads())
	requireCode(t, 0, w.upload("/cgi-bin/media/upload?type=image", "a.png", pngHead))
}

func TestUploadChunkedIs412(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, path := range []string{"/cgi-bin/media/upload", "/cgi-bin/media/uploadimg", "/cgi-bin/material/add_material"} {
		req := w.request(http.MethodPost, w.authorized(path)+"&type=image", io.MultiReader(strings.NewReader("--X")))
		req.Header.Set("Content-Type", "multipart/form-data; boundary=X")
		a, err := w.do(req)
		require.NoError(t, err)
		assert.Equal(t, http.StatusPreconditionFailed, a.StatusCode)
		assert.Empty(t, a.Body)
	}
}

// A fileCase is a file, and what the server says to it.
type fileCase struct {
	path, filename, data string
	code                 int
}

func fileCases() map[string]fileCase {
	const (
		temporary = "/cgi-bin/media/upload?type="
		permanent = "/cgi-bin/material/add_material?type="
		article   = "/cgi-bin/media/uploadimg"
	)
	amrOf := func(frames int) string { return "#!AMR\n" + strings.Repeat("\x3c"+strings.Repeat("x", 31), frames) }
	return map[string]fileCase{
		"no type":                     {temporary, "a.png", pngHead, 40004},
		"unknown type":                {temporary + "gif", "a.png", pngHead, 40004},
		"news":                        {temporary + "news", "a.png", pngHead, 40004},
		"permanent, unknown type":     {permanent + "file", "a.png", pngHead, 40004},
		"empty":                       {temporary + "image", "a.png", "", 44001},
		"image at its limit":          {temporary + "image", "a.png", filled(pngHead, 10<<20), 0},
		"image too large":             {temporary + "image", "a.png", filled(pngHead, 10<<20+1), 40009},
		"voice at its limit":          {temporary + "voice", "a.mp3", filled("ID3", 2<<20), 0},
		"voice too large":             {temporary + "voice", "a.mp3", filled("ID3", 2<<20+1), 40010},
		"video too large":             {temporary + "video", "a.mp4", filled(mp4Head, 10<<20+1), 40011},
		"thumb at its limit":          {temporary + "thumb", "a.jpg", filled(jpegHead, 64<<10), 0},
		"thumb too large":             {temporary + "thumb", "a.jpg", filled(jpegHead, 64<<10+1), 40012},
		"article at its limit":        {article, "a.jpg", filled(jpegHead, 1<<20-1), 0},
		"article too large":           {article, "a.jpg", filled(jpegHead, 1<<20), 40009},
		"permanent too large":         {permanent + "image", "a.jpg", filled(jpegHead, 10<<20+1), 40009},
		"jpeg":                        {temporary + "image", "a.JPEG", jpegHead, 0},
		"gif":                         {temporary + "image", "a.gif", "GIF89a", 0},
		"bmp":                         {temporary + "image", "a.bmp", bmpHead, 40005},
		"permanent bmp":               {permanent + "image", "a.bmp", bmpHead, 0},
		"article gif":                 {article, "a.gif", "GIF89a", 40005},
		"wav":                         {temporary + "voice", "a.wav", wavHead, 40005},
		"permanent wav":               {permanent + "voice", "a.wav", wavHead, 0},
		"wma":                         {temporary + "voice", "a.wma", wmaHead, 40005},
		"permanent wma":               {permanent + "voice", "a.wma", wmaHead, 0},
		"bare mp3":                    {temporary + "voice", "a.mp3", "\xff\xfb\x90\x64", 0},
		"png as thumb":                {temporary + "thumb", "a.png", pngHead, 40005},
		"mov":                         {temporary + "video", "a.mp4", strings.Replace(mp4Head, "isom", "qt  ", 1), 40005},
		"heic":                        {temporary + "image", "a.jpg", strings.Replace(mp4Head, "isom", "heic", 1), 40005},
		"webp":                        {temporary + "image", "a.jpg", "RIFF\x10\x00\x00\x00WEBP", 40005},
		"text":                        {temporary + "image", "a.jpg", "hello", 40005},
		"extension of another format": {temporary + "image", "a.jpg", pngHead, 40113},
		"no extension":                {temporary + "image", "a", pngHead, 40113},
		"a minute of voice":           {temporary + "voice", "a.amr", amrOf(3000), 0},
		"more than a minute":          {temporary + "voice", "a.amr", amrOf(3001), 45007},
		"wide band":                   {temporary + "voice", "a.amr", "#!AMR-WB\n" + strings.Repeat("x", 4000), 0},
	}
}

func TestUploadFileRules(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for name, tt := range fileCases() {
		before := len(w.s.Uploads())
		a := w.upload(tt.path, tt.filename, tt.data)
		assert.Equal(t, tt.code, a.Code, "%s: %s", name, a.Body[:min(len(a.Body), 200)])
		if tt.code != 0 {
			requireCode(t, tt.code, a)
			assert.Len(t, w.s.Uploads(), before, name)
		} else {
			assert.Len(t, w.s.Uploads(), before+1, name)
		}
	}
	a, err := w.do(w.request(http.MethodPost, w.authorized("/cgi-bin/media/uploadimg"), bytes.NewReader(make([]byte, 33<<20))))
	if err == nil { // the server answers before it has read all of it, and closes
		assert.Equal(t, http.StatusRequestEntityTooLarge, a.StatusCode)
	}
}

func TestMediaMethodsAndTokens(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, path := range []string{
		"/cgi-bin/media/upload", "/cgi-bin/media/uploadimg", "/cgi-bin/material/add_material", "/cgi-bin/material/get_material",
		"/cgi-bin/material/del_material", "/cgi-bin/material/batchget_material",
	} {
		requireCode(t, 43002, w.get(w.authorized(path)))
		requireCode(t, 41001, w.post(path, "{}"))
	}
	for _, path := range []string{"/cgi-bin/media/get", "/cgi-bin/media/get/jssdk", "/cgi-bin/material/get_materialcount"} {
		requireCode(t, 43001, w.call(path, "{}"))
		requireCode(t, 41001, w.get(path))
	}
	w.s.SetDailyQuota("/cgi-bin/media/upload", 0)
	requireCode(t, 45009, w.upload("/cgi-bin/media/upload?type=image", "a.png", pngHead))
}

func TestMediaGet(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	image := w.temporary("image", "x.png", pngHead+"bytes")
	a := w.fetch("/cgi-bin/media/get", image.MediaID)
	assert.Equal(t, pngHead+"bytes", a.Body)
	assert.Equal(t, "image/png", a.Header.Get("Content-Type"))
	assert.Equal(t, `attachment; filename="`+image.MediaID+`.png"`, a.Header.Get("Content-Disposition"))
	assert.Equal(t, int64(len(pngHead)+5), a.ContentLength)

	video := w.temporary("video", "v.mp4", mp4Head+"film")
	v := decodeMedia(t, w.fetch("/cgi-bin/media/get", video.MediaID))
	assert.Equal(t, "text/plain", v.Header.Get("Content-Type"))
	assert.Equal(t, mp4Head+"film", w.get(strings.TrimPrefix(v.Video, w.s.URL)).Body, "without a token")

	voice := w.s.AddMedia(wechattest.Media{Kind: media.Voice, Data: []byte("#!AMR\n"), HD: []byte("speex")})
	assert.Equal(t, "#!AMR\n", w.fetch("/cgi-bin/media/get", voice).Body)
	hd := w.fetch("/cgi-bin/media/get/jssdk", voice)
	assert.Equal(t, "speex", hd.Body)
	assert.Equal(t, "voice/speex", hd.Header.Get("Content-Type"))

	permanent := w.s.AddMaterial(wechattest.Media{Kind: media.Image, Data: []byte(pngHead)})
	other := w.s.AddAccount("wxother00000000001", "secret").AddMedia(wechattest.Media{Kind: media.Image, Data: []byte(pngHead)})
	for path, ids := range map[string]map[string]int{
		"/cgi-bin/media/get":       {"": 41006, "unknown": 40007, permanent: 40007, other: 40007},
		"/cgi-bin/media/get/jssdk": {"": 41006, "unknown": 40007, image.MediaID: 40007, other: 40007},
	} {
		for id, code := range ids {
			a := w.fetch(path, id)
			requireCode(t, code, a)
			assert.Equal(t, "text/plain", a.Header.Get("Content-Type"))
		}
	}
	assert.Equal(t, http.StatusNotFound, w.get("/wechattest/media?id=unknown").StatusCode)
}

func TestMediaExpiresAfterThreeDays(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := newWire(t, wechattest.WithClock(func() time.Time { return now }))
	id := w.temporary("image", "x.png", pngHead).MediaID
	w.s.Advance(72*time.Hour - time.Second)
	w.token = w.stable(false).Token
	assert.Equal(t, pngHead, w.fetch("/cgi-bin/media/get", id).Body)
	w.s.Advance(time.Second)
	requireCode(t, 40007, w.fetch("/cgi-bin/media/get", id))
	w.temporary("image", "x.png", pngHead) // sweeps
	requireCode(t, 40007, w.fetch("/cgi-bin/media/get", id))
}

func TestUploadsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWire(t, wechattest.WithHistory(2))
	for _, name := range []string{"a.png", "b.png", "c.png"} {
		w.temporary("image", name, pngHead)
	}
	require.Len(t, w.s.Uploads(), 2)
	assert.Equal(t, "c.png", w.s.Uploads()[1].Filename)
}

func TestArticleImage(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	a := w.upload("/cgi-bin/media/uploadimg", "a.png", pngHead+"x")
	requireCode(t, 0, a)
	m := decodeMedia(t, a)
	assert.Equal(t, pngHead+"x", w.get(strings.TrimPrefix(m.URL, w.s.URL)).Body)
	require.Len(t, w.s.Uploads(), 1)
	assert.Equal(t, m.URL, w.s.Uploads()[0].URL)
	assert.Empty(t, w.s.Uploads()[0].MediaID)
	_, id, _ := strings.Cut(m.URL, "id=")
	requireCode(t, 40007, w.fetch("/cgi-bin/media/get", id))
	assert.Contains(t, w.get(w.authorized("/cgi-bin/material/get_materialcount")).Body, `"image_count":0`, "it does not count")
}
