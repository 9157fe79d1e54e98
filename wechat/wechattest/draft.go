package wechattest

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/org/wxhome/media"
)

// The platform's limits on articles.
const (
	maxArticles       = 8
	maxArticleTitle   = 32 // characters
	maxArticleAuthor  = 16
	maxArticleDigest  = 120
	maxArticleContent = 20_000  // and less than that
	maxArticleBytes   = 1 << 20 // in UTF-8
	maxArticleImages  = 20      // of a newspic
	maxDraftPage      = 20
)

// addDraftRoutes adds the paths of drafts and of publishing.
func addDraftRoutes(routes map[string]*route) {
	for _, r := range []*route{
		{path: "/cgi-bin/draft/add", method: http.MethodPost, serve: (*call).addDraft},
		{path: "/cgi-bin/draft/update", method: http.MethodPost, serve: (*call).updateDraft},
		{path: "/cgi-bin/draft/get", method: http.MethodPost, serve: (*call).getDraft},
		{path: "/cgi-bin/draft/delete", method: http.MethodPost, serve: (*call).deleteDraft},
		{path: "/cgi-bin/draft/count", method: http.MethodGet, serve: (*call).countDrafts},
		{path: "/cgi-bin/draft/batchget", method: http.MethodPost, serve: (*call).listDrafts},
		{path: "/cgi-bin/freepublish/submit", method: http.MethodPost, serve: (*call).submitDraft},
		{path: "/cgi-bin/freepublish/get", method: http.MethodPost, serve: (*call).getPublication},
		{path: "/cgi-bin/freepublish/getarticle", method: http.MethodPost, serve: (*call).getPublished},
		{path: "/cgi-bin/freepublish/batchget", method: http.MethodPost, serve: (*call).listPublished},
		{path: "/cgi-bin/freepublish/delete", method: http.MethodPost, serve: (*call).deletePublished},
	} {
		routes[r.path] = r
	}
}

// draftBox is an account's drafts and what it has published.
type draftBox struct {
	mu        sync.Mutex // guards the fields below
	drafts    []*draft   // oldest first
	published []*publication
}

// draft is articles that are not published.
type draft struct {
	id       string
	articles []article
	updated  time.Time
}

// article is one of a draft. Its JSON is what the platform answers.
type article struct {
	Type      string     `json:"article_type"`
	Title     string     `json:"title"`
	Author    string     `json:"author"`
	Digest    string     `json:"digest"`
	Content   string     `json:"content,omitempty"`
	SourceURL string     `json:"content_source_url"`
	Thumb     string     `json:"thumb_media_id,omitempty"`
	Comments  int64      `json:"need_open_comment"`
	FansOnly  int64      `json:"only_fans_can_comment"`
	Images    *imageInfo `json:"image_info,omitempty"`
	URL       string     `json:"url"`
	IsDeleted *bool      `json:"is_deleted,omitempty"` // of what is published
}

type imageInfo struct {
	List []imageItem `json:"image_list"`
}

type imageItem struct {
	MediaID string `json:"image_media_id"`
}

// newsItems is the content of a draft in an answer.
type newsItems struct {
	Items []article `json:"news_item"`
}

var articleImage = regexp.MustCompile(`(?i)<img\b[^>]*?\bsrc\s*=\s*["']([^"']*)`)

// readArticle reads an article, or returns the errcode for what is wrong with it.
func (c *call) readArticle(in object) (a article, code int) {
	a = article{
		Type: in.text("article_type"), Title: in.text("title"), Author: in.text("author"), Digest: in.text("digest"),
		Content: in.text("content"), SourceURL: in.text("content_source_url"), Thumb: in.text("thumb_media_id"),
		Comments: in.number("need_open_comment"), FansOnly: in.number("only_fans_can_comment"),
	}
	fill(&a.Type, "news")
	if a.Type == "newspic" {
		a.Images = &imageInfo{List: []imageItem{}}
		for _, image := range in.object("image_info").objects("image_list") {
			a.Images.List = append(a.Images.List, imageItem{image.text("image_media_id")})
		}
	}
	if *in.wrong {
		return a, 47001
	}
	return a, c.checkArticle(&a)
}

func (c *call) checkArticle(a *article) (code int) {
	switch {
	case a.Type != "news" && a.Type != "newspic", a.Title == "":
		return 45166
	case utf8.RuneCountInString(a.Title) > maxArticleTitle:
		return 45003
	case utf8.RuneCountInString(a.Author) > maxArticleAuthor:
		return 40192
	case utf8.RuneCountInString(a.Digest) > maxArticleDigest:
		return 45004
	case a.Content == "":
		return 44004
	case utf8.RuneCountInString(a.Content) >= maxArticleContent || len(a.Content) > maxArticleBytes:
		return 45002
	}
	for _, image := range articleImage.FindAllStringSubmatch(a.Content, -1) {
		if !strings.HasPrefix(image[1], c.server.URL+pathDownload) {
			return 45166 // not from media/uploadimg
		}
	}
	if a.Type == "news" {
		return c.checkPicture(a.Thumb, media.Image, media.Thumb)
	}
	if n := len(a.Images.List); n == 0 || n > maxArticleImages {
		return 45166
	}
	for _, image := range a.Images.List {
		if code := c.checkPicture(image.MediaID, media.Image); code != 0 {
			return code
		}
	}
	return 0
}

// checkPicture wants a picture of the library.
func (c *call) checkPicture(id string, kinds ...media.Kind) (code int) {
	f := c.server.media.find(c.account, id, c.now)
	if f == nil || !f.permanent() || !slices.Contains(kinds, f.Kind) {
		return 40007
	}
	return 0
}

// addDraft serves POST /cgi-bin/draft/add.
func (c *call) addDraft() reply {
	in := c.object()
	list := in.objects("articles")
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case len(list) == 0:
		return c.refuse(44003)
	case len(list) > maxArticles:
		return c.refuse(45008)
	}
	d := &draft{id: "draft" + rand.Text() + rand.Text()[:12], updated: c.now}
	for _, one := range list {
		a, code := c.readArticle(one)
		if code != 0 {
			return c.refuse(code)
		}
		a.URL = c.server.URL + "/s/temporary/" + d.id
		d.articles = append(d.articles, a)
	}
	c.account.box.mu.Lock()
	defer c.account.box.mu.Unlock()
	c.account.box.drafts = append(c.account.box.drafts, d)
	return c.success(struct {
		MediaID string `json:"media_id"`
	}{d.id})
}

// draft returns the place of the draft that the body names; -1: there is none. The caller holds the
// box's mu.
func (d *draftBox) draft(id string) int {
	return slices.IndexFunc(d.drafts, func(one *draft) bool { return one.id == id })
}

// withDraft calls f with the draft that the body names.
func (c *call) withDraft(f func(d *draftBox, in object, at int) reply) reply {
	in := c.object()
	id, d := in.text("media_id"), &c.account.box
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.draft(id)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case at < 0:
		return c.refuse(40007)
	}
	return f(d, in, at)
}

// updateDraft serves POST /cgi-bin/draft/update.
func (c *call) updateDraft() reply {
	return c.withDraft(func(d *draftBox, in object, at int) reply {
		index := in.number("index")
		a, code := c.readArticle(in.object("articles"))
		switch {
		case *in.wrong:
			return c.refuse(47001)
		case index < 0 || index >= int64(len(d.drafts[at].articles)):
			return c.refuse(40060)
		case code != 0:
			return c.refuse(code)
		}
		a.URL = d.drafts[at].articles[index].URL
		d.drafts[at].articles[index], d.drafts[at].updated = a, c.now
		return c.done()
	})
}

// getDraft serves POST /cgi-bin/draft/get.
func (c *call) getDraft() reply {
	return c.withDraft(func(d *draftBox, _ object, at int) reply { return c.success(newsItems{d.drafts[at].articles}) })
}

// deleteDraft serves POST /cgi-bin/draft/delete.
func (c *call) deleteDraft() reply {
	return c.withDraft(func(d *draftBox, _ object, at int) reply {
		d.drafts = slices.Delete(d.drafts, at, at+1)
		return c.done()
	})
}

// countDrafts serves GET /cgi-bin/draft/count.
func (c *call) countDrafts() reply {
	c.account.box.mu.Lock()
	defer c.account.box.mu.Unlock()
	return c.success(struct {
		Total int `json:"total_count"`
	}{len(c.account.box.drafts)})
}

// listDrafts serves POST /cgi-bin/draft/batchget.
func (c *call) listDrafts() reply {
	return c.page(func(d *draftBox, bare bool) (all []any) {
		for _, one := range slices.Backward(d.drafts) {
			all = append(all, struct {
				MediaID string    `json:"media_id"`
				Content newsItems `json:"content"`
				Updated int64     `json:"update_time"`
			}{one.id, shown(one.articles, bare), one.updated.Unix()})
		}
		return all
	})
}

// shown is articles in an answer, without their content where it was not asked for.
func shown(articles []article, bare bool) newsItems {
	items := slices.Clone(articles)
	for i := range items {
		if bare {
			items[i].Content = ""
		}
	}
	return newsItems{items}
}

// page answers with the part of a list that the body asks for.
func (c *call) page(list func(d *draftBox, bare bool) []any) reply {
	in := c.object()
	offset, count, bare := in.number("offset"), in.number("count"), in.number("no_content") == 1
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case offset < 0 || count < 1 || count > maxDraftPage:
		return c.refuse(40097)
	}
	d := &c.account.box
	d.mu.Lock()
	defer d.mu.Unlock()
	all := list(d, bare)
	total := int64(len(all))
	items := append([]any{}, all[min(offset, total):min(offset+count, total)]...)
	return c.success(struct {
		Total int64 `json:"total_count"`
		Count int   `json:"item_count"`
		Items []any `json:"item"`
	}{total, len(items), items})
}
