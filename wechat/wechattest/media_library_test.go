package wechattest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat/wechattest"
)

const description = "--X\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\n"

// video adds a permanent video with a description.
func (w *wire) video(text string) answer {
	w.t.Helper()
	return w.upload("/cgi-bin/material/add_material?type=video", "v.mp4", mp4Head, "--X--", description+text+"\r\n--X--")
}

func (w *wire) material(call, id string) answer {
	w.t.Helper()
	return w.call("/cgi-bin/material/"+call, `{"media_id":"`+id+`"}`)
}

func TestAddMaterial(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	image := decodeMedia(t, w.upload("/cgi-bin/material/add_material?type=image", "a.png", pngHead+"x"))
	requireCode(t, 0, image.answer)
	assert.Equal(t, pngHead+"x", w.get(strings.TrimPrefix(image.URL, w.s.URL)).Body)
	got := w.material("get_material", image.MediaID)
	assert.Equal(t, pngHead+"x", got.Body)
	assert.Equal(t, "text/plain", got.Header.Get("Content-Type"))
	assert.Empty(t, got.Header.Get("Content-Disposition"))

	thumb := decodeMedia(t, w.upload("/cgi-bin/material/add_material?type=thumb", "a.jpg", jpegHead))
	assert.NotEmpty(t, thumb.MediaID)
	assert.NotContains(t, thumb.Body, "url")

	video := decodeMedia(t, w.video(`{"title":"运动会","introduction":"2026"}`))
	requireCode(t, 0, video.answer)
	down := decodeMedia(t, w.material("get_material", video.MediaID))
	assert.Contains(t, down.Body, `"title":"运动会","description":"2026"`)
	assert.Equal(t, mp4Head, w.get(strings.TrimPrefix(down.Down, w.s.URL)).Body)
	last := w.s.Uploads()[2]
	assert.Equal(t, "运动会", last.Title)
	assert.Equal(t, "2026", last.Introduction)
	assert.Equal(t, media.Video, last.Kind)
	assert.Equal(t, image.URL, w.s.Uploads()[0].URL)
}

func TestVideoDescriptionRules(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	requireCode(t, 47001, w.upload("/cgi-bin/material/add_material?type=video", "v.mp4", mp4Head))
	for text, code := range map[string]int{
		"": 47001, "title": 47001, `["a"]`: 47001, `{"title":1}`: 47001, `{"title":"a","introduction":{}}`: 47001,
		`{"introduction":"a"}`: 40062, `{"title":""}`: 40062, `{"Title":"a"}`: 40062,
		`{"title":"\u8fd0"}`: 47002, "{\"title\":\"\xff\"}": 40033, `{"title":"a"}`: 0, ` {"title":"a","x":1}`: 0,
	} {
		requireCode(t, code, w.video(text))
	}
}

func TestMaterialIDs(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	temporary := w.temporary("image", "a.png", pngHead).MediaID
	other := w.s.AddAccount("wxother00000000001", "secret").AddMaterial(wechattest.Media{Kind: media.Image})
	for _, call := range []string{"get_material", "del_material"} {
		for id, code := range map[string]int{"": 41006, "unknown": 40007, temporary: 40007, other: 40007} {
			requireCode(t, code, w.material(call, id))
		}
		requireCode(t, 41006, w.call("/cgi-bin/material/"+call, "{}"))
		requireCode(t, 47001, w.call("/cgi-bin/material/"+call, `{"media_id":1}`))
		requireCode(t, 47001, w.call("/cgi-bin/material/"+call, "media_id"))
	}
}

func TestDeleteMaterial(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	id := w.s.AddMaterial(wechattest.Media{Kind: media.Image, Data: []byte(pngHead)})
	kept := w.s.AddMaterial(wechattest.Media{Kind: media.Image, Data: []byte(jpegHead)})
	requireCode(t, 0, w.material("del_material", id))
	requireCode(t, 40007, w.material("del_material", id))
	requireCode(t, 40007, w.material("get_material", id))
	assert.Equal(t, jpegHead, w.material("get_material", kept).Body)
	assert.Contains(t, w.get(w.authorized("/cgi-bin/material/get_materialcount")).Body, `"image_count":1`)
}

func TestCountAndList(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for i := range 23 {
		w.s.AddMaterial(wechattest.Media{Kind: media.Image, Filename: fmt.Sprintf("%d.png", i), Data: []byte(pngHead)})
	}
	news := w.s.AddMaterial(wechattest.Media{Kind: media.News, Articles: []media.Article{{Title: "标题", Content: "<p>", ShowCover: true}}})
	w.s.AddMaterial(wechattest.Media{Kind: media.Voice, Filename: "v.amr"})
	assert.JSONEq(t, `{"voice_count":1,"video_count":0,"image_count":23,"news_count":1}`, w.get(w.authorized("/cgi-bin/material/get_materialcount")).Body)

	list := func(body string) answer { return w.call("/cgi-bin/material/batchget_material", body) }
	first := list(`{"type":"image","offset":0,"count":20}`)
	assert.Contains(t, first.Body, `"total_count":23,"item_count":20,"item":[{"media_id":"`)
	assert.Contains(t, first.Body, `"name":"22.png"`, "newest first")
	assert.NotContains(t, first.Body, `"name":"2.png"`)
	rest := list(`{"type":"image","offset":20,"count":20}`)
	assert.Contains(t, rest.Body, `"total_count":23,"item_count":3`)
	assert.Contains(t, rest.Body, `"name":"0.png"`)
	assert.Contains(t, rest.Body, w.s.URL)
	assert.Contains(t, list(`{"type":"image","offset":99,"count":1}`).Body, `"item_count":0,"item":[]`)
	assert.Contains(t, list(`{"type":"voice","offset":0,"count":1}`).Body, `"url":""`)
	item := list(`{"type":"news","offset":0,"count":1}`).Body
	assert.Contains(t, item, `"content":{"news_item":[{"title":"标题"`)
	assert.Contains(t, item, `"content":"<p>"`)
	assert.Contains(t, w.material("get_material", news).Body, `"show_cover_pic":1`)

	for body, code := range map[string]int{
		`{"type":"thumb","offset":0,"count":1}`: 40004, `{"offset":0,"count":1}`: 40004, `{"type":1,"offset":0,"count":1}`: 47001,
		`{"type":"image","offset":-1,"count":1}`: 40097, `{"type":"image","offset":0,"count":0}`: 40097,
		`{"type":"image","offset":0,"count":21}`: 40097, `{"type":"image","offset":0}`: 40097,
		`{"type":"image","offset":"0","count":1}`: 40097, `[]`: 47001,
	} {
		requireCode(t, code, list(body))
	}
}

func TestLibraryCaps(t *testing.T) {
	t.Parallel()
	w := newWire(t, wechattest.WithHistory(0))
	add := func(kind, filename, data string) answer {
		return w.upload("/cgi-bin/material/add_material?type="+kind, filename, data)
	}
	for range 999 {
		w.s.AddMaterial(wechattest.Media{Kind: media.Voice})
		w.s.AddMaterial(wechattest.Media{Kind: media.Thumb})
	}
	for range 49_999 {
		w.s.AddMaterial(wechattest.Media{Kind: media.Image})
		w.s.AddMaterial(wechattest.Media{Kind: media.News})
	}
	w.s.AddMaterial(wechattest.Media{Kind: media.News})
	for kind, file := range map[string][2]string{"voice": {"a.amr", "#!AMR\n"}, "thumb": {"a.jpg", jpegHead}, "image": {"a.png", pngHead}} {
		requireCode(t, 0, add(kind, file[0], file[1]))
		requireCode(t, 45034, add(kind, file[0], file[1]))
		requireCode(t, 0, w.upload("/cgi-bin/media/upload?type="+kind, file[0], file[1]))
	}
	requireCode(t, 0, w.upload("/cgi-bin/media/uploadimg", "a.png", pngHead))
	requireCode(t, 0, w.video(`{"title":"a"}`))
	require.Empty(t, w.s.Uploads())
}
