package wechattest

import (
	"github.com/org/wxhome/media"
)

// receive reads and checks the file of a form. A code other than 0 refuses it.
func (c *call) receive(kind media.Kind) (p part, code int) {
	rule, ok := mediaRuleOf(c.route.path, kind)
	if !ok {
		return p, 40004
	}
	if p, ok = c.readForm(); !ok {
		return p, 41005
	}
	return p, rule.check(p)
}

func (c *call) uploaded(kind media.Kind, p part) Uploaded {
	return Uploaded{
		AppID: c.account.AppID, Path: c.route.path, Kind: kind,
		Filename: p.filename, ContentType: p.contentType, Data: p.data, Time: c.now,
	}
}

// uploadMedia serves POST /cgi-bin/media/upload.
func (c *call) uploadMedia() reply {
	kind := media.Kind(c.query("type"))
	p, code := c.receive(kind)
	if code != 0 {
		return c.refuse(code)
	}
	f := &stored{
		Media: Media{Kind: kind, Filename: p.filename, Data: p.data}, account: c.account,
		updated: c.now, expires: c.now.Add(mediaLifetime),
	}
	id, _ := c.server.media.accept(f, c.uploaded(kind, p))
	answer := struct {
		Kind    media.Kind `json:"type"`
		MediaID string     `json:"media_id,omitempty"`
		ThumbID string     `json:"thumb_media_id,omitempty"`
		Created int64      `json:"created_at"`
	}{Kind: kind, Created: c.now.Unix()}
	if kind == media.Thumb {
		answer.ThumbID = id
	} else {
		answer.MediaID = id
	}
	return c.success(answer)
}

// uploadArticleImage serves POST /cgi-bin/media/uploadimg.
func (c *call) uploadArticleImage() reply {
	p, code := c.receive(media.Image)
	if code != 0 {
		return c.refuse(code)
	}
	f := &stored{
		Media:   Media{Kind: media.Image, Filename: p.filename, Data: p.data},
		account: c.account, updated: c.now, loose: true,
	}
	c.server.media.accept(f, c.uploaded(media.Image, p))
	return c.success(struct {
		URL string `json:"url"`
	}{c.server.urlOf(f)})
}

// getMedia serves GET /cgi-bin/media/get.
func (c *call) getMedia() reply {
	f, code := c.temporary()
	switch {
	case code != 0:
		return c.refuse(code)
	case f.Kind == media.Video:
		return c.success(struct {
			URL string `json:"video_url"`
		}{c.server.urlOf(f)})
	}
	format, ok := formatOf(f.Data)
	name := f.id
	if ok {
		name += "." + format.name()
	}
	return reply{body: f.Data, contentType: contentTypeOf(f.Data), disposition: `attachment; filename="` + name + `"`}
}

// getHDVoice serves GET /cgi-bin/media/get/jssdk.
func (c *call) getHDVoice() reply {
	f, code := c.temporary()
	switch {
	case code != 0:
		return c.refuse(code)
	case f.HD == nil:
		return c.refuse(40007)
	}
	return reply{body: f.HD, contentType: "voice/speex", disposition: `attachment; filename="` + f.id + `.speex"`}
}

// temporary returns the media that the query names.
func (c *call) temporary() (f *stored, code int) {
	id := c.query("media_id")
	if id == "" {
		return nil, 41006
	}
	f = c.server.media.find(c.account, id, c.now)
	if f == nil || f.permanent() {
		return nil, 40007
	}
	return f, 0
}
