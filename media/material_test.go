package media_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
)

func TestAddMaterialToTheLetter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind                        media.Kind
		data, filename, contentType string
		answer                      string
		want                        media.Added
	}{
		"image": {media.Image, jpeg, "p.jpg", "image/jpeg", `{"media_id":"M","url":"http://mmbiz.qpic.cn/x"}`, media.Added{MediaID: "M", URL: "http://mmbiz.qpic.cn/x"}},
		"bmp":   {media.Image, bmp, "p.bmp", "image/bmp", `{"errcode":0,"media_id":"M","url":"u","item":[]}`, media.Added{MediaID: "M", URL: "u"}},
		"voice": {media.Voice, amr, "p.amr", "audio/amr", `{"media_id":"M"}`, media.Added{MediaID: "M"}},
		"wma":   {media.Voice, wma, "p.wma", "audio/x-ms-wma", `{"media_id":"M"}`, media.Added{MediaID: "M"}},
		"wav":   {media.Voice, wav, "p.wav", "audio/wav", `{"media_id":"M"}`, media.Added{MediaID: "M"}},
		"thumb": {media.Thumb, jpeg, "p.jpg", "image/jpeg", `{"thumb_media_id":"M"}`, media.Added{MediaID: "M"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &platform{answer: tt.answer}
			added, err := p.client().AddMaterial(t.Context(), tt.kind, "p", strings.NewReader(tt.data))
			require.NoError(t, err)
			assert.Equal(t, tt.want, added)
			assert.Equal(t, sent{
				Method: http.MethodPost, Target: "/cgi-bin/material/add_material?type=" + string(tt.kind), ContentType: "multipart/form-data; boundary=B",
				Body: "--B\r\nContent-Disposition: form-data; name=\"media\"; filename=\"" + tt.filename + "\"\r\n" +
					"Content-Type: " + tt.contentType + "\r\n\r\n" + tt.data + "\r\n--B--\r\n",
			}, p.sent[0].plain(t), "not repeatable: it would be there twice")
		})
	}
}

func TestAddVideoToTheLetter(t *testing.T) {
	t.Parallel()
	p := &platform{answer: `{"media_id":"M"}`}
	info := media.VideoInfo{Title: "运动会 <3> & \"5\"", Introduction: "2026\n🎈"}
	added, err := p.client().AddVideo(t.Context(), info, "v", strings.NewReader(mp4))
	require.NoError(t, err)
	assert.Equal(t, media.Added{MediaID: "M"}, added)
	assert.Equal(t, sent{
		Method: http.MethodPost, Target: "/cgi-bin/material/add_material?type=video", ContentType: "multipart/form-data; boundary=B",
		Body: "--B\r\nContent-Disposition: form-data; name=\"media\"; filename=\"v.mp4\"\r\nContent-Type: video/mp4\r\n\r\n" + mp4 +
			"\r\n--B\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\n" +
			`{"title":"运动会 <3> & \"5\"","introduction":"2026\n🎈"}` + "\r\n--B--\r\n",
	}, p.sent[0].plain(t))
}

func TestAddMaterialRefusals(t *testing.T) {
	t.Parallel()
	p := &platform{answer: `{"media_id":"M"}`}
	c, ctx := p.client(), t.Context()
	_, err := c.AddMaterial(ctx, media.Video, "", strings.NewReader(mp4))
	require.ErrorIs(t, err, media.ErrInvalidArgument)
	require.ErrorContains(t, err, "AddVideo")
	_, err = c.AddMaterial(ctx, media.News, "", strings.NewReader(mp4))
	require.ErrorIs(t, err, media.ErrInvalidArgument)
	_, err = c.AddVideo(ctx, media.VideoInfo{Introduction: "x"}, "", strings.NewReader(mp4))
	require.ErrorIs(t, err, media.ErrInvalidArgument)
	_, err = c.AddVideo(ctx, media.VideoInfo{Title: "x"}, "", strings.NewReader(jpeg))
	require.ErrorIs(t, err, media.ErrFormat)
	_, err = c.AddMaterial(ctx, media.Thumb, "", strings.NewReader(bmp))
	require.ErrorIs(t, err, media.ErrFormat)
	_, err = c.AddMaterial(ctx, media.Voice, "", strings.NewReader(""))
	require.ErrorIs(t, err, media.ErrEmpty)
	assert.Empty(t, p.sent)
	_, err = (&platform{answer: `{"errcode":0}`}).client().AddMaterial(ctx, media.Image, "", strings.NewReader(jpeg))
	require.ErrorIs(t, err, media.ErrAnswer)
	_, err = (&platform{err: coded(45034)}).client().AddMaterial(ctx, media.Image, "", strings.NewReader(jpeg))
	assert.Equal(t, coded(45034), err)
}

const article = `{"title":"标题","thumb_media_id":"T","show_cover_pic":1,"author":"a","digest":"d","content":"<p>x</p>","url":"u","content_source_url":"s"}`

func theArticle() media.Article {
	return media.Article{
		Title: "标题", Author: "a", Digest: "d", Content: "<p>x</p>", ThumbMediaID: "T", URL: "u", ContentSourceURL: "s", ShowCover: true,
	}
}

func TestGetMaterial(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		header       http.Header
		answer, body string
		want         media.Material
	}{
		"image as text/plain": {header("Content-Type", "text/plain"), jpeg, jpeg, media.Material{File: media.File{ContentType: "image/jpeg", Size: int64(len(jpeg))}}},
		"voice": {header("Content-Type", "audio/amr", "Content-Disposition", `attachment; filename="v.amr"`), amr, amr,
			media.Material{File: media.File{ContentType: "audio/amr", Filename: "v.amr", Size: int64(len(amr))}}},
		"video": {header(), `{"title":"T","description":"D","down_url":"http://v/1"}`, "",
			media.Material{File: media.File{URL: "http://v/1"}, Title: "T", Description: "D"}},
		"video, a raw control": {header(), "{\"title\":\"a\nb\",\"description\":\"\",\"down_url\":\"u\"}", "",
			media.Material{File: media.File{URL: "u"}, Title: "a\nb"}},
		"news": {header(), `{"news_item":[` + article + `,{"title":"2","show_cover_pic":0}]}`, "",
			media.Material{Articles: []media.Article{theArticle(), {Title: "2"}}}},
		"quoted flag": {header(), `{"news_item":[{"show_cover_pic":"1"},{"show_cover_pic":true},{"show_cover_pic":null}]}`, "",
			media.Material{Articles: []media.Article{{ShowCover: true}, {ShowCover: true}, {}}}},
		"long news": {header(), `{"news_item":[{"content":"` + strings.Repeat("长", 1<<20) + `"}]}`, "",
			media.Material{Articles: []media.Article{{Content: strings.Repeat("长", 1<<20)}}}},
		"no articles": {header(), `{"news_item":[]}`, "", media.Material{Articles: []media.Article{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &platform{header: tt.header, answer: tt.answer}
			got, err := p.client().GetMaterial(t.Context(), `M"&`)
			require.NoError(t, err)
			body, err := io.ReadAll(got.Body)
			require.NoError(t, err)
			require.NoError(t, got.Body.Close())
			assert.Equal(t, tt.body, string(body))
			got.Body = nil
			assert.Equal(t, tt.want, *got)
			assert.Equal(t, []sent{{
				Method: http.MethodPost, Target: "/cgi-bin/material/get_material", ContentType: "application/json; charset=utf-8",
				Body: `{"media_id":"M\"&"}`, Repeatable: true,
			}}, p.sent)
		})
	}
}

func TestGetMaterialFailures(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"nothing known": `{"errcode":0,"errmsg":"ok"}`, "a page": "<html>", "empty": "", "cut off": `{"news_item":[{`,
		"a flag that is none": `{"news_item":[{"show_cover_pic":"x"}]}`, "endless": "{" + strings.Repeat(" ", 17<<20),
	} {
		_, err := (&platform{answer: answer}).client().GetMaterial(t.Context(), "M")
		require.ErrorIs(t, err, media.ErrAnswer, name)
	}
	_, err := (&platform{err: coded(40007)}).client().GetMaterial(t.Context(), "M")
	assert.Equal(t, coded(40007), err)
	p := &platform{}
	_, err = p.client().GetMaterial(t.Context(), "")
	require.ErrorIs(t, err, media.ErrInvalidArgument)
	require.ErrorIs(t, p.client().DeleteMaterial(t.Context(), ""), media.ErrInvalidArgument)
	assert.Empty(t, p.sent)
}

func TestLibraryToTheLetter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		call   func(context.Context, *media.Client) (any, error)
		answer string
		want   sent
		result any
	}{
		"delete": {func(ctx context.Context, c *media.Client) (any, error) { return nil, c.DeleteMaterial(ctx, "M") }, "",
			sent{Method: "POST", Target: "/cgi-bin/material/del_material", Body: `{"media_id":"M"}`}, nil},
		"count": {func(ctx context.Context, c *media.Client) (any, error) { return c.CountMaterial(ctx) },
			`{"voice_count":5,"video_count":3,"image_count":10,"news_count":7}`,
			sent{Method: "GET", Target: "/cgi-bin/material/get_materialcount"}, media.Count{Images: 10, Voices: 5, Videos: 3, News: 7}},
		"list": {func(ctx context.Context, c *media.Client) (any, error) {
			return c.ListMaterial(ctx, media.Image, 20, 5)
		},
			`{"total_count":50,"item_count":1,"item":[{"media_id":"M","name":"a.jpg","update_time":1620000000,"url":"http://x"}]}`,
			sent{Method: "POST", Target: "/cgi-bin/material/batchget_material", Body: `{"type":"image","offset":20,"count":5}`, Repeatable: true},
			media.Page{Total: 50, Items: []media.Item{{MediaID: "M", Name: "a.jpg", URL: "http://x", Updated: time.Unix(1620000000, 0)}}}},
		"list news": {func(ctx context.Context, c *media.Client) (any, error) { return c.ListMaterial(ctx, media.News, 0, 20) },
			`{"total_count":1,"item_count":1,"item":[{"media_id":"M","content":{"news_item":[` + article + `],"create_time":1,"update_time":2},"update_time":"1620000000"}]}`,
			sent{Method: "POST", Target: "/cgi-bin/material/batchget_material", Body: `{"type":"news","offset":0,"count":20}`, Repeatable: true},
			media.Page{Total: 1, Items: []media.Item{{MediaID: "M", Updated: time.Unix(1620000000, 0), Articles: []media.Article{theArticle()}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &platform{answer: tt.answer}
			got, err := tt.call(t.Context(), p.client())
			require.NoError(t, err)
			assert.Equal(t, tt.result, got)
			assert.Equal(t, []sent{tt.want}, p.sent)
			_, err = tt.call(t.Context(), (&platform{err: coded(48001), answer: "{}"}).client())
			assert.Equal(t, coded(48001), err)
		})
	}
}
