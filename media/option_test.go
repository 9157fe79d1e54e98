package media_test

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
)

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	progress := media.WithProgress(func(int64, int64) {})
	for name, opts := range map[string][]media.Option{
		"nil": {nil}, "nil last": {progress, nil}, "nil func": {media.WithProgress(nil)},
		"twice": {progress, progress}, "nil func last": {progress, media.WithProgress(nil)},
	} {
		p := &platform{answer: uploaded}
		c, ctx := p.client(), t.Context()
		_, upload := c.Upload(ctx, media.Image, "", strings.NewReader(jpeg), opts...)
		_, article := c.UploadArticleImage(ctx, "", strings.NewReader(jpeg), opts...)
		_, material := c.AddMaterial(ctx, media.Image, "", strings.NewReader(jpeg), opts...)
		_, video := c.AddVideo(ctx, media.VideoInfo{Title: "t"}, "", strings.NewReader(mp4), opts...)
		for _, err := range []error{upload, article, material, video} {
			require.ErrorIs(t, err, media.ErrInvalidArgument, name)
			assert.Equal(t, "request", kindName(t, err), name)
			assert.Equal(t, 1, strings.Count(err.Error(), "media: "), err)
		}
		assert.Empty(t, p.sent, name)
	}
}

func TestNilIsRefused(t *testing.T) {
	t.Parallel()
	client, err := media.NewClient(nil)
	require.ErrorIs(t, err, media.ErrInvalidArgument)
	assert.Nil(t, client)
	client, err = media.NewClient((*platform)(nil))
	require.ErrorIs(t, err, media.ErrInvalidArgument)
	assert.Nil(t, client)
	for _, u := range []media.Uploader{nil, (*media.Client)(nil)} {
		cache, err := media.NewCache(u, 1)
		require.ErrorIs(t, err, media.ErrInvalidArgument)
		assert.Nil(t, cache)
	}
	for _, size := range []int{0, -1, -1 << 63} {
		_, err := media.NewCache((&platform{}).client(), size)
		require.ErrorIs(t, err, media.ErrInvalidArgument)
	}
	p := &platform{answer: uploaded}
	for _, r := range []io.Reader{nil, (*os.File)(nil), (*bytes.Buffer)(nil), (*strings.Reader)(nil)} {
		_, err := p.client().Upload(t.Context(), media.Image, "", r)
		require.ErrorIs(t, err, media.ErrInvalidArgument, "%T", r)
	}
	assert.Empty(t, p.sent)
}

func TestTextsThatCannotBeSentAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"a\x00b", "\x01", "\x0b", "a\x1f", "\xff", "a\xc3", "\xed\xa0\x80"} {
		p := &platform{answer: uploaded}
		c, ctx := p.client(), t.Context()
		_, title := c.AddVideo(ctx, media.VideoInfo{Title: s}, "", strings.NewReader(mp4))
		_, introduction := c.AddVideo(ctx, media.VideoInfo{Title: "t", Introduction: s}, "", strings.NewReader(mp4))
		_, material := c.GetMaterial(ctx, s)
		for i, err := range []error{title, introduction, material, c.DeleteMaterial(ctx, s)} {
			require.ErrorIs(t, err, media.ErrInvalidArgument, "%d %q", i, s)
		}
		assert.Empty(t, p.sent)
	}
}

// A video's description is JSON in a part of the form, which no Caller encodes.
func TestDescriptionWithoutUnicodeEscapes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\rb": `a\rb`, "a\tb": `a\tb`, "a\r\nb": `a\r\nb`, "\b\f": `\b\f`, `"\`: `\"\\`,
		"\u2028\u2029": "\u2028\u2029", "<&>": "<&>", "\x7f": "\x7f", "小猫\U0001F600": "小猫\U0001F600",
	} {
		p := &platform{answer: `{"media_id":"M"}`}
		_, err := p.client().AddVideo(t.Context(), media.VideoInfo{Title: "t", Introduction: text}, "", strings.NewReader(mp4))
		require.NoError(t, err, "%q", text)
		assert.Contains(t, p.sent[0].Body, "\r\n\r\n"+`{"title":"t","introduction":"`+want+`"}`+"\r\n")
	}
}

// Numbers come quoted, and as decimals, from gateways.
func TestNumbersOfAllKindsAreRead(t *testing.T) {
	t.Parallel()
	for _, n := range []string{`7200`, `"7200"`, `7200.0`, `" 7200 "`, `7.2e3`, `"7200.00"`} {
		answer := func(text string) *media.Client { return (&platform{answer: strings.ReplaceAll(text, "N", n)}).client() }
		count, err := answer(`{"image_count":N,"voice_count":N,"video_count":N,"news_count":N}`).CountMaterial(t.Context())
		require.NoError(t, err, n)
		assert.Equal(t, media.Count{Images: 7200, Voices: 7200, Videos: 7200, News: 7200}, count, n)
		page, err := answer(`{"total_count":N,"item":[{"media_id":"M","update_time":N}]}`).ListMaterial(t.Context(), media.Image, 0, 1)
		require.NoError(t, err, n)
		assert.Equal(t, 7200, page.Total, n)
		assert.EqualValues(t, 7200, page.Items[0].Updated.Unix(), n)
		up, err := answer(`{"media_id":"M","created_at":N}`).Upload(t.Context(), media.Image, "", strings.NewReader(jpeg))
		require.NoError(t, err, n)
		assert.EqualValues(t, 7200, up.Created.Unix(), n)
		news, err := answer(`{"news_item":[{"title":"t","show_cover_pic":N}]}`).GetMaterial(t.Context(), "M")
		require.NoError(t, err, n)
		assert.True(t, news.Articles[0].ShowCover, n)
	}
	for _, n := range []string{`1.5`, `"x"`, `{}`, `9223372036854775808`} {
		_, err := (&platform{answer: `{"image_count":` + n + `}`}).client().CountMaterial(t.Context())
		require.Error(t, err, n)
		assert.NotContains(t, err.Error(), "PANIC", n)
	}
}
