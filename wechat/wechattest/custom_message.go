package wechattest

import (
	"regexp"
	"strings"

	"github.com/org/wxhome/custom"
)

// readCustom reads what stands under the type's name of a customer-service
// message, and returns the errcode of what breaks its rules.
func readCustom(kind string, in object) (m custom.Message, code int) {
	switch kind {
	case "text":
		text := custom.Text{Content: in.text("content")}
		return text, checkText(text.Content)
	case "image":
		m = custom.Image{MediaID: in.text("media_id")}
		return m, checkMedia(in.text("media_id"))
	case "voice":
		m = custom.Voice{MediaID: in.text("media_id")}
		return m, checkMedia(in.text("media_id"))
	case "video":
		m = custom.Video{
			MediaID: in.text("media_id"), ThumbMediaID: in.text("thumb_media_id"),
			Title: in.text("title"), Description: in.text("description"),
		}
		return m, checkMedia(in.text("media_id"), in.text("thumb_media_id"))
	case "music":
		m = custom.Music{
			Title: in.text("title"), Description: in.text("description"), URL: in.text("musicurl"),
			HQURL: in.text("hqmusicurl"), ThumbMediaID: in.text("thumb_media_id"),
		}
		return m, checkMedia(in.text("thumb_media_id"))
	case "news":
		return readNews(in)
	}
	return readLink(kind, in)
}

// readLink reads the types that name something of the platform.
func readLink(kind string, in object) (m custom.Message, code int) {
	switch kind {
	case "mpnews":
		m = custom.MPNews{MediaID: in.text("media_id")}
		return m, checkMedia(in.text("media_id"))
	case "mpnewsarticle":
		m = custom.MPNewsArticle{ArticleID: in.text("article_id")}
		return m, checkPresent(in.text("article_id"))
	case "wxcard":
		m = custom.Card{CardID: in.text("card_id")}
		return m, checkPresent(in.text("card_id"))
	case "msgmenu":
		return readMenu(in)
	case "miniprogrampage":
		page := custom.MiniProgram{
			Title: in.text("title"), AppID: in.text("appid"), PagePath: in.text("pagepath"), ThumbMediaID: in.text("thumb_media_id"),
		}
		switch {
		case !validMiniAppID(page.AppID):
			return page, 40166
		case page.PagePath == "":
			return page, 40165
		}
		return page, checkMedia(page.ThumbMediaID)
	case "link":
		return nil, 45162 // for mini programs only
	}
	return nil, 40008
}

func readNews(in object) (custom.Message, int) {
	articles := in.objects("articles")
	switch {
	case len(articles) == 0:
		return nil, 44003
	case len(articles) > 1:
		return nil, 45008
	}
	a := articles[0]
	news := custom.News{Title: a.text("title"), Description: a.text("description"), URL: a.text("url"), PicURL: a.text("picurl")}
	if news == (custom.News{}) {
		return nil, 44003
	}
	return news, 0
}

func readMenu(in object) (custom.Message, int) {
	menu := custom.Menu{Head: in.text("head_content"), Tail: in.text("tail_content")}
	for _, item := range in.objects("list") {
		menu.Items = append(menu.Items, custom.MenuItem{ID: item.text("id"), Content: item.text("content")})
		if code := checkPresent(item.text("id"), item.text("content")); code != 0 {
			return nil, code
		}
	}
	if len(menu.Items) == 0 {
		return nil, 40097
	}
	return menu, 0
}

// checkStored asks whether the account has the media that m names, temporary or permanent, and
// has them still. Of which kind they are is not asked.
func (c *call) checkStored(m custom.Message) (code int) {
	var ids []string
	switch m := m.(type) {
	case custom.Image:
		ids = []string{m.MediaID}
	case custom.Voice:
		ids = []string{m.MediaID}
	case custom.Video:
		ids = []string{m.MediaID, m.ThumbMediaID}
	case custom.Music:
		ids = []string{m.ThumbMediaID}
	case custom.MPNews:
		ids = []string{m.MediaID}
	case custom.MiniProgram:
		ids = []string{m.ThumbMediaID}
	}
	for _, id := range ids {
		if c.server.media.find(c.account, id, c.now) == nil {
			return 40007
		}
	}
	return 0
}

// checkMedia checks that media ids are there.
func checkMedia(ids ...string) (code int) {
	for _, id := range ids {
		if id == "" {
			return 40007
		}
	}
	return 0
}

func checkPresent(values ...string) (code int) {
	for _, v := range values {
		if v == "" {
			return 40097
		}
	}
	return 0
}

// linkTag begins a link.
var linkTag = regexp.MustCompile(`(?i)<a\s[^>]*>`)

// checkText checks a text and the links in it.
func checkText(text string) (code int) {
	switch {
	case text == "":
		return 44004
	case len(text) > custom.MaxText:
		return 45002
	}
	for {
		at := linkTag.FindStringIndex(text)
		if at == nil {
			return 0
		}
		tag := strings.ToLower(text[at[0]:at[1]])
		label, rest, closed := cutFold(text[at[1]:], "</a>")
		switch {
		case !closed || !strings.Contains(tag, "href="):
			return 40213
		case strings.TrimSpace(label) == "":
			return 40214
		case !validLinkedApp(tag):
			return 45086
		}
		text = rest
	}
}

// validLinkedApp reports whether a link that names a mini program has an AppID.
func validLinkedApp(tag string) bool {
	_, value, ok := strings.Cut(tag, "data-miniprogram-appid=")
	if !ok {
		return true
	}
	value = strings.TrimLeft(value, `"'`)
	end := strings.IndexAny(value, `"' >`)
	return end >= 0 && validMiniAppID(value[:end])
}

// cutFold is strings.Cut whatever the case of sep, which is lower-case ASCII.
func cutFold(s, sep string) (before, after string, found bool) {
	for i := 0; i+len(sep) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(sep)], sep) {
			return s[:i], s[i+len(sep):], true
		}
	}
	return s, "", false
}
