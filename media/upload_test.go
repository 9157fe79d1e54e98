package media_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
)

const uploaded = `{"type":"image","media_id":"MEDIA_ID","created_at":1672500000}`

func TestUploadToTheLetter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind            media.Kind
		filename, data  string
		wantName, wantT string
	}{
		"jpeg":               {media.Image, "photo.jpg", jpeg, "photo.jpg", "image/jpeg"},
		"png":                {media.Image, "a.png", png, "a.png", "image/png"},
		"gif":                {media.Image, "a.gif", gif, "a.gif", "image/gif"},
		"amr":                {media.Voice, "v.amr", amr, "v.amr", "audio/amr"},
		"mp3, a bare frame":  {media.Voice, "v.mp3", mp3, "v.mp3", "audio/mpeg"},
		"mp3 with a tag":     {media.Voice, "v.mp3", id3, "v.mp3", "audio/mpeg"},
		"mp4":                {media.Video, "v.mp4", mp4, "v.mp4", "video/mp4"},
		"thumb":              {media.Thumb, "t.jpg", jpeg, "t.jpg", "image/jpeg"},
		"extension mended":   {media.Image, "photo.HEIC", png, "photo.png", "image/png"},
		"jpeg by its name":   {media.Image, "photo.jpeg", jpeg, "photo.jpg", "image/jpeg"},
		"chinese":            {media.Image, "张三的照片.jpg", jpeg, "image.jpg", "image/jpeg"},
		"chinese and ascii":  {media.Image, "张三 class 3 (b).jpg", jpeg, "class_3_b.jpg", "image/jpeg"},
		"no name":            {media.Voice, "", amr, "voice.amr", "audio/amr"},
		"only an extension":  {media.Image, ".jpg", jpeg, "image.jpg", "image/jpeg"},
		"folders":            {media.Image, "/home/x/../p.jpg", jpeg, "p.jpg", "image/jpeg"},
		"folders of windows": {media.Image, `C:\photos\p.jpg`, jpeg, "p.jpg", "image/jpeg"},
		"header injection":   {media.Image, "a\"\r\nX: y\r\n.jpg", jpeg, "a_X_y.jpg", "image/jpeg"},
		"a gap at the limit": {media.Image, strings.Repeat("x", 63) + " y", jpeg, strings.Repeat("x", 63) + "_.jpg", "image/jpeg"},
		"long":               {media.Image, strings.Repeat("x", 300) + ".jpg", jpeg, strings.Repeat("x", 64) + ".jpg", "image/jpeg"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &platform{answer: uploaded}
			up, err := p.client().Upload(t.Context(), tt.kind, tt.filename, strings.NewReader(tt.data))
			require.NoError(t, err)
			created := time.Unix(1672500000, 0)
			assert.Equal(t, media.Upload{Kind: tt.kind, MediaID: "MEDIA_ID", Created: created, Expires: created.Add(72 * time.Hour)}, up)
			require.Len(t, p.sent, 1)
			assert.Equal(t, sent{
				Method: http.MethodPost, Target: "/cgi-bin/media/upload?type=" + string(tt.kind),
				ContentType: "multipart/form-data; boundary=B", Repeatable: true,
				Body: "--B\r\nContent-Disposition: form-data; name=\"media\"; filename=\"" + tt.wantName + "\"\r\n" +
					"Content-Type: " + tt.wantT + "\r\n\r\n" + tt.data + "\r\n--B--\r\n",
			}, p.sent[0].plain(t))
		})
	}
}

func TestUploadAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer, id string
		created    int64
	}{
		"number":          {uploaded, "MEDIA_ID", 1672500000},
		"quoted":          {`{"type":"image","media_id":"MEDIA_ID","created_at":"1672500000"}`, "MEDIA_ID", 1672500000},
		"errcode 0":       {`{"errcode":0,"errmsg":"ok","media_id":"M","created_at":1}`, "M", 1},
		"thumb":           {`{"type":"thumb","thumb_media_id":"T","created_at":1672500000}`, "T", 1672500000},
		"thumb with both": {`{"media_id":"","thumb_media_id":"T","created_at":5}`, "T", 5},
		"byte order mark": {"\xef\xbb\xbf" + uploaded, "MEDIA_ID", 1672500000},
		"control":         {"{\"type\":\"im\x01age\",\"media_id\":\"M\",\"created_at\":1}", "M", 1},
		"no time":         {`{"media_id":"M"}`, "M", 0},
		"null time":       {`{"media_id":"M","created_at":null}`, "M", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up, err := (&platform{answer: tt.answer}).client().Upload(t.Context(), media.Thumb, "", strings.NewReader(jpeg))
			require.NoError(t, err)
			assert.Equal(t, tt.id, up.MediaID)
			if tt.created == 0 {
				assert.WithinDuration(t, time.Now(), up.Created, time.Minute)
			} else {
				assert.Equal(t, tt.created, up.Created.Unix())
			}
			assert.Equal(t, media.Lifetime, up.Expires.Sub(up.Created))
		})
	}
}

func TestUploadBadAnswers(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"no id": `{"errcode":0,"errmsg":"ok"}`, "a page": "<html>", "empty": "", "an array": "[]", "null": "null",
		"cut off": `{"media_id":"M`, "another type": `{"media_id":7}`, "a time that is none": `{"media_id":"M","created_at":"x"}`,
		"endless": `{"media_id":"M"}` + strings.Repeat(" ", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up, err := (&platform{answer: answer}).client().Upload(t.Context(), media.Image, "", strings.NewReader(jpeg))
			require.ErrorIs(t, err, media.ErrAnswer)
			assert.Zero(t, up)
			_, err = (&platform{answer: answer}).client().UploadArticleImage(t.Context(), "", strings.NewReader(jpeg))
			require.ErrorIs(t, err, media.ErrAnswer)
		})
	}
	broken := &platform{body: io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))}
	_, err := broken.client().Upload(t.Context(), media.Image, "", strings.NewReader(jpeg))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = (&platform{err: coded(45009)}).client().Upload(t.Context(), media.Image, "", strings.NewReader(jpeg))
	assert.Equal(t, coded(45009), err, "the Doer's error, untouched")
}

func TestAnswersAreClosed(t *testing.T) {
	t.Parallel()
	body := &tracked{Reader: strings.NewReader(uploaded)}
	_, err := (&platform{body: body}).client().Upload(t.Context(), media.Image, "", strings.NewReader(jpeg))
	require.NoError(t, err)
	assert.True(t, body.closed)

	p := &platform{}
	early := &tracked{Reader: strings.NewReader(uploaded)}
	p.do = func(req *http.Request) (*http.Response, error) { // answers though the file broke off
		_, err := io.Copy(io.Discard, req.Body)
		require.Error(t, err)
		return &http.Response{StatusCode: 200, Body: early}, nil
	}
	_, err = p.client().Upload(t.Context(), media.Image, "", withLen{strings.NewReader(jpeg), 1000})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.True(t, early.closed)
}

func TestUploadArticleImage(t *testing.T) {
	t.Parallel()
	p := &platform{answer: `{"url":"http://mmbiz.qpic.cn/x"}`}
	url, err := p.client().UploadArticleImage(t.Context(), "a.png", strings.NewReader(png))
	require.NoError(t, err)
	assert.Equal(t, "http://mmbiz.qpic.cn/x", url)
	assert.Equal(t, sent{
		Method: http.MethodPost, Target: "/cgi-bin/media/uploadimg", ContentType: "multipart/form-data; boundary=B", Repeatable: true,
		Body: "--B\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" + png + "\r\n--B--\r\n",
	}, p.sent[0].plain(t))

	p = &platform{answer: `{"url":"u"}`}
	_, err = p.client().UploadArticleImage(t.Context(), "", bytes.NewReader(file(jpeg, 1<<20-1)))
	require.NoError(t, err)
	_, err = p.client().UploadArticleImage(t.Context(), "", bytes.NewReader(file(jpeg, 1<<20)))
	require.ErrorIs(t, err, media.ErrTooLarge)
	_, err = p.client().UploadArticleImage(t.Context(), "", strings.NewReader(gif))
	require.ErrorIs(t, err, media.ErrFormat)
	assert.Len(t, p.sent, 1)
	_, err = (&platform{err: coded(40009)}).client().UploadArticleImage(t.Context(), "", strings.NewReader(png))
	assert.Equal(t, coded(40009), err)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind media.Kind
		head string
		max  int
	}{
		{media.Image, jpeg, 10 << 20}, {media.Voice, amr, 2 << 20}, {media.Video, mp4, 10 << 20}, {media.Thumb, jpeg, 64 << 10},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			t.Parallel()
			data := file(tt.head, tt.max+1)
			for name, reader := range map[string]func([]byte) io.Reader{
				"known":   func(b []byte) io.Reader { return bytes.NewReader(b) },
				"unknown": func(b []byte) io.Reader { return onlyReader{bytes.NewReader(b)} },
			} {
				p := &platform{answer: uploaded}
				_, err := p.client().Upload(t.Context(), tt.kind, "", reader(data[:tt.max]))
				require.NoError(t, err, name)
				require.Len(t, p.sent, 1)
				assert.True(t, strings.Contains(p.sent[0].Body, string(data[:tt.max])), "the very bytes")

				p = &platform{answer: uploaded}
				r := reader(data)
				_, err = p.client().Upload(t.Context(), tt.kind, "", r)
				require.ErrorIs(t, err, media.ErrTooLarge, name)
				assert.Regexp(t, `^media: an? \w+ may have \d+ bytes at most, and this has (at least )?\d+$`, err.Error())
				assert.Empty(t, p.sent)
			}
		})
	}
}

func TestUnknownLengthIsReadToTheLimitAndNoFurther(t *testing.T) {
	t.Parallel()
	for kind, limit := range map[media.Kind]int{media.Image: 10 << 20, media.Thumb: 64 << 10} {
		r := bytes.NewReader(file(jpeg, 20<<20))
		_, err := (&platform{}).client().Upload(t.Context(), kind, "", onlyReader{r})
		require.ErrorIs(t, err, media.ErrTooLarge)
		assert.Equal(t, limit+1, 20<<20-r.Len(), kind)
	}
	r := bytes.NewReader(file(heic, 20<<20))
	_, err := (&platform{}).client().Upload(t.Context(), media.Image, "", onlyReader{r})
	require.ErrorIs(t, err, media.ErrFormat)
	assert.LessOrEqual(t, 20<<20-r.Len(), 512, "the head tells the format")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind media.Kind
		r    io.Reader
		opts []media.Option
		is   error
		says string
	}{
		"empty":         {media.Image, strings.NewReader(""), nil, media.ErrEmpty, "media: the file is empty"},
		"empty, piped":  {media.Image, onlyReader{strings.NewReader("")}, nil, media.ErrEmpty, ""},
		"HEIC":          {media.Image, strings.NewReader(heic), nil, media.ErrFormat, "media: an image must be JPEG, PNG or GIF, and this is HEIC: iPhones write it; convert it to JPEG"},
		"WebP":          {media.Image, strings.NewReader(webp), nil, media.ErrFormat, "this is WebP: convert it to JPEG"},
		"png as thumb":  {media.Thumb, strings.NewReader(png), nil, media.ErrFormat, "media: a thumb must be JPEG, and this is PNG"},
		"wav as voice":  {media.Voice, strings.NewReader(wav), nil, media.ErrFormat, "media: a voice must be AMR or MP3, and this is WAV"},
		"bmp as image":  {media.Image, strings.NewReader(bmp), nil, media.ErrFormat, "this is BMP"},
		"mp3 as video":  {media.Video, strings.NewReader(id3), nil, media.ErrFormat, "media: a video must be MP4, and this is MP3"},
		"unknown bytes": {media.Image, strings.NewReader("\x01\x02"), nil, media.ErrFormat, "this is none that is known (first bytes 0102)"},
		"an error page": {media.Image, strings.NewReader(" <HTML>"), nil, media.ErrFormat, "is it an error page"},
		"news":          {media.News, strings.NewReader(jpeg), nil, media.ErrInvalidArgument, "draft/add"},
		"unknown kind":  {"gif", strings.NewReader(jpeg), nil, media.ErrInvalidArgument, `"gif" is no kind`},
		"no kind":       {"", strings.NewReader(jpeg), nil, media.ErrInvalidArgument, ""},
		"nil reader":    {media.Image, nil, nil, media.ErrInvalidArgument, "the reader is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &platform{answer: uploaded}
			up, err := p.client().Upload(t.Context(), tt.kind, "p.jpg", tt.r, tt.opts...)
			require.ErrorIs(t, err, tt.is)
			require.ErrorContains(t, err, tt.says)
			assert.Zero(t, up)
			assert.Empty(t, p.sent, "nothing is sent")
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	data := file(jpeg, 100_000)
	var got []int64
	report := func(sent, total int64) {
		assert.Equal(t, int64(len(data)), total)
		got = append(got, sent)
	}
	p := &platform{answer: uploaded}
	_, err := p.client().Upload(t.Context(), media.Image, "", bytes.NewReader(data), media.WithProgress(report))
	require.NoError(t, err)
	require.NotEmpty(t, got)
	assert.IsIncreasing(t, got)
	assert.Equal(t, int64(len(data)), got[len(got)-1])

	got = nil
	_, err = p.client().Upload(t.Context(), media.Image, "", onlyReader{bytes.NewReader(data)}, media.WithProgress(report))
	require.NoError(t, err)
	assert.Equal(t, int64(len(data)), got[len(got)-1])
}

func TestUploadCancelled(t *testing.T) {
	t.Parallel()
	why := errors.New("the user closed the page")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	p := &platform{answer: uploaded}
	r := strings.NewReader(jpeg)
	_, err := p.client().Upload(ctx, media.Image, "", r)
	require.ErrorIs(t, err, why)
	assert.Equal(t, len(jpeg), r.Len(), "unread")

	ctx, cancel = context.WithCancelCause(t.Context())
	whole := bytes.NewReader(file(jpeg, 1<<20))
	_, err = p.client().Upload(ctx, media.Image, "", onlyReader{io.TeeReader(whole, writerFunc(func(b []byte) (int, error) {
		cancel(why)
		return len(b), nil
	}))})
	require.ErrorIs(t, err, why)
	assert.Greater(t, whole.Len(), 900_000, "the spooling ends early")
	assert.Empty(t, p.sent)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
