package wechattest

import (
	"slices"
	"strconv"

	"github.com/org/wxhome/media"
)

// addMaterial serves POST /cgi-bin/material/add_material.
func (c *call) addMaterial() reply {
	kind := media.Kind(c.query("type"))
	p, code := c.receive(kind)
	if code != 0 {
		return c.refuse(code)
	}
	told := c.uploaded(kind, p)
	if kind == media.Video {
		if told.Title, told.Introduction, code = videoInfo(p); code != 0 {
			return c.refuse(code)
		}
	}
	f := &stored{
		Media:   Media{Kind: kind, Filename: p.filename, Data: p.data, Title: told.Title, Description: told.Introduction},
		account: c.account, updated: c.now,
	}
	id, ok := c.server.media.accept(f, told)
	if !ok {
		return c.refuse(45034)
	}
	answer := struct {
		MediaID string `json:"media_id"`
		URL     string `json:"url,omitempty"`
	}{MediaID: id}
	if kind == media.Image {
		answer.URL = c.server.urlOf(f)
	}
	return c.success(answer)
}

// material returns the one of the library that the body names.
func (c *call) material() (f *stored, code int) {
	id, ok := c.field("media_id")
	switch {
	case !ok:
		return nil, 47001
	case id == "":
		return nil, 41006
	}
	f = c.server.media.find(c.account, id, c.now)
	if f == nil || !f.permanent() {
		return nil, 40007
	}
	return f, 0
}

// getMaterial serves POST /cgi-bin/material/get_material. Files come as text/plain and without a
// name.
func (c *call) getMaterial() reply {
	f, code := c.material()
	switch {
	case code != 0:
		return c.refuse(code)
	case f.Kind == media.News:
		return c.success(newsContent{articlesOf(f)})
	case f.Kind == media.Video:
		return c.success(struct {
			Title       string `json:"title"`
			Description string `json:"description"`
			URL         string `json:"down_url"`
		}{f.Title, f.Description, c.server.urlOf(f)})
	}
	return reply{body: f.Data, contentType: "text/plain"}
}

// deleteMaterial serves POST /cgi-bin/material/del_material.
func (c *call) deleteMaterial() reply {
	f, code := c.material()
	if code != 0 {
		return c.refuse(code)
	}
	m := &c.server.media
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.items, f.id)
	library := m.libraries[f.account]
	library[f.Kind] = slices.DeleteFunc(library[f.Kind], func(other *stored) bool { return other == f })
	return c.done()
}

// countMaterial serves GET /cgi-bin/material/get_materialcount.
func (c *call) countMaterial() reply {
	m := &c.server.media
	m.mu.Lock()
	defer m.mu.Unlock()
	library := m.libraries[c.account]
	return c.success(struct {
		Voice int `json:"voice_count"`
		Video int `json:"video_count"`
		Image int `json:"image_count"`
		News  int `json:"news_count"`
	}{len(library[media.Voice]), len(library[media.Video]), len(library[media.Image]), len(library[media.News])})
}

// pageLimit is the largest page of batchget_material.
const pageLimit = 20

// listMaterial serves POST /cgi-bin/material/batchget_material, the newest first.
func (c *call) listMaterial() reply {
	kind, ok := c.field("type")
	if !ok {
		return c.refuse(47001)
	}
	if !slices.Contains([]string{"image", "voice", "video", "news"}, kind) {
		return c.refuse(40004)
	}
	offset, okOffset := c.number("offset")
	count, okCount := c.number("count")
	if !okOffset || !okCount || offset < 0 || count < 1 || count > pageLimit {
		return c.refuse(40097)
	}
	m := &c.server.media
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.libraries[c.account][media.Kind(kind)]
	items := []any{}
	for i := len(all) - 1 - offset; i >= 0 && len(items) < count; i-- {
		items = append(items, c.listed(all[i]))
	}
	return c.success(struct {
		Total int   `json:"total_count"`
		Count int   `json:"item_count"`
		Items []any `json:"item"`
	}{len(all), len(items), items})
}

// listed returns an entry of the list.
func (c *call) listed(f *stored) any {
	if f.Kind == media.News {
		return struct {
			MediaID string      `json:"media_id"`
			Content newsContent `json:"content"`
			Updated int64       `json:"update_time"`
		}{f.id, newsContent{articlesOf(f)}, f.updated.Unix()}
	}
	item := struct {
		MediaID string `json:"media_id"`
		Name    string `json:"name"`
		Updated int64  `json:"update_time"`
		URL     string `json:"url"`
	}{f.id, f.Filename, f.updated.Unix(), ""}
	if f.Kind == media.Image {
		item.URL = c.server.urlOf(f)
	}
	return item
}

// number returns a number of the body's object; false: there is none.
func (c *call) number(name string) (n int, ok bool) {
	for key, raw := range members(c.body) {
		if key == name {
			var err error
			n, err = strconv.Atoi(raw)
			ok = err == nil
		}
	}
	return n, ok
}

type newsContent struct {
	Articles []wireArticle `json:"news_item"`
}

type wireArticle struct {
	Title            string `json:"title"`
	Author           string `json:"author"`
	Digest           string `json:"digest"`
	Content          string `json:"content"`
	ContentSourceURL string `json:"content_source_url"`
	ThumbMediaID     string `json:"thumb_media_id"`
	ShowCover        int    `json:"show_cover_pic"`
	URL              string `json:"url"`
}

func articlesOf(f *stored) []wireArticle {
	out := []wireArticle{}
	for _, a := range f.Articles {
		w := wireArticle{
			Title: a.Title, Author: a.Author, Digest: a.Digest, Content: a.Content,
			ContentSourceURL: a.ContentSourceURL, ThumbMediaID: a.ThumbMediaID, URL: a.URL,
		}
		if a.ShowCover {
			w.ShowCover = 1
		}
		out = append(out, w)
	}
	return out
}
