package wechattest

import (
	"crypto/rand"
	"slices"
	"strconv"
	"time"
)

const (
	// publishing is how long a publication is under way.
	publishing = 5 * time.Second
	// firstPublishID is the publish_id before the first.
	firstPublishID = 100_000_000
)

// The states of a publication (publish_status) that are simulated.
const (
	publishedWell  = 0
	publishRunning = 1
	publishAllGone = 5 // all articles were deleted
)

// publication is a draft that was submitted.
type publication struct {
	id        int64
	articleID string
	articles  []article
	done      time.Time
}

// running reports whether the articles are not there yet.
func (p *publication) running(now time.Time) bool { return now.Before(p.done) }

// gone reports whether all articles were deleted.
func (p *publication) gone() bool {
	return !slices.ContainsFunc(p.articles, func(a article) bool { return !*a.IsDeleted })
}

// submitDraft serves POST /cgi-bin/freepublish/submit.
func (c *call) submitDraft() reply {
	return c.withDraft(func(d *draftBox, _ object, at int) reply {
		p := &publication{
			id: firstPublishID + int64(len(d.published)) + 1, articleID: "article" + rand.Text(),
			articles: slices.Clone(d.drafts[at].articles), done: c.now.Add(publishing),
		}
		for i := range p.articles {
			p.articles[i].URL = c.server.URL + "/s/" + p.articleID + "/" + strconv.Itoa(i+1)
			p.articles[i].IsDeleted = new(bool)
		}
		d.drafts = slices.Delete(d.drafts, at, at+1)
		d.published = append(d.published, p)
		return c.success(struct {
			Code    int    `json:"errcode"`
			Message string `json:"errmsg"`
			ID      string `json:"publish_id"`
			DataID  string `json:"msg_data_id"`
		}{0, "ok", strconv.FormatInt(p.id, 10), strconv.FormatInt(2_247_483_647+p.id, 10)})
	})
}

// publishedURL is an article's address in an answer.
type publishedURL struct {
	Index int    `json:"idx"`
	URL   string `json:"article_url"`
}

type articleDetail struct {
	Count int            `json:"count"`
	Items []publishedURL `json:"item"`
}

type publicationReply struct {
	ID        string         `json:"publish_id"`
	Status    int            `json:"publish_status"`
	ArticleID string         `json:"article_id,omitempty"`
	Detail    *articleDetail `json:"article_detail,omitempty"`
	Failed    []int          `json:"fail_idx"`
}

// getPublication serves POST /cgi-bin/freepublish/get. The publish_id may be a number or a string.
func (c *call) getPublication() reply {
	id, _ := strconv.ParseInt(trimQuotes(c.object().members["publish_id"]), 10, 64)
	d := &c.account.box
	d.mu.Lock()
	defer d.mu.Unlock()
	at := slices.IndexFunc(d.published, func(p *publication) bool { return p.id == id })
	if at < 0 {
		return c.refuse(40097)
	}
	p := d.published[at]
	answer := publicationReply{ID: strconv.FormatInt(p.id, 10), Status: publishRunning, Failed: []int{}}
	switch {
	case p.running(c.now):
	case p.gone():
		answer.Status = publishAllGone
	default:
		answer.Status, answer.ArticleID, answer.Detail = publishedWell, p.articleID, &articleDetail{Count: len(p.articles)}
		for i, a := range p.articles {
			answer.Detail.Items = append(answer.Detail.Items, publishedURL{i + 1, a.URL})
		}
	}
	return c.success(answer)
}

func trimQuotes(raw string) string {
	if text, ok := unquote(raw); ok {
		return text
	}
	return raw
}

// getPublished serves POST /cgi-bin/freepublish/getarticle.
func (c *call) getPublished() reply {
	return c.withPublished(func(p *publication, _ object) reply { return c.success(newsItems{p.articles}) })
}

// withPublished calls f with what the article_id of the body names.
func (c *call) withPublished(f func(p *publication, in object) reply) reply {
	in := c.object()
	id, d := in.text("article_id"), &c.account.box
	d.mu.Lock()
	defer d.mu.Unlock()
	at := slices.IndexFunc(d.published, func(p *publication) bool { return p.articleID == id })
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case at < 0:
		return c.refuse(53600)
	}
	return f(d.published[at], in)
}

// deletePublished serves POST /cgi-bin/freepublish/delete.
func (c *call) deletePublished() reply {
	return c.withPublished(func(p *publication, in object) reply {
		index := in.number("index")
		switch {
		case *in.wrong:
			return c.refuse(47001)
		case index < 0 || index > int64(len(p.articles)):
			return c.refuse(40060)
		}
		for i := range p.articles {
			if index == 0 || int64(i+1) == index {
				*p.articles[i].IsDeleted = true
			}
		}
		return c.done()
	})
}

// listPublished serves POST /cgi-bin/freepublish/batchget.
func (c *call) listPublished() reply {
	return c.page(func(d *draftBox, bare bool) (all []any) {
		for _, p := range slices.Backward(d.published) {
			if p.running(c.now) || p.gone() {
				continue
			}
			all = append(all, struct {
				ArticleID string    `json:"article_id"`
				Content   newsItems `json:"content"`
				Updated   int64     `json:"update_time"`
			}{p.articleID, shown(p.articles, bare), p.done.Unix()})
		}
		return all
	})
}
