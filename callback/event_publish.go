package callback

// PublishJobFinishEvent (PUBLISHJOBFINISH, 发布结果) is the result of the publication of a draft.
type PublishJobFinishEvent struct {
	Header
	PublishID string // (publish_id) the id that the submit call returned
	// PublishStatus (publish_status): 0 means published, any other value is a failure.
	PublishStatus int
	ArticleID     string       // (article_id) set if published
	Articles      []ArticleURL // (article_detail) set if published
	ArticleCount  int          // number of articles by the platform's count
	FailIdx       []int        // (fail_idx) positions of the articles that failed, from 1
}

func (m *PublishJobFinishEvent) set(path, value string) bool {
	switch path {
	case "PublishEventInfo>publish_id":
		m.PublishID = value
	case "PublishEventInfo>publish_status":
		m.PublishStatus = number[int](value)
	case "PublishEventInfo>article_id":
		m.ArticleID = value
	case "PublishEventInfo>article_detail>count":
		m.ArticleCount = number[int](value)
	case "PublishEventInfo>article_detail>item":
		m.Articles = append(m.Articles, ArticleURL{})
	case "PublishEventInfo>article_detail>item>idx":
		m.Articles[len(m.Articles)-1].Idx = number[int](value)
	case "PublishEventInfo>article_detail>item>article_url":
		m.Articles[len(m.Articles)-1].URL = value
	case "PublishEventInfo>fail_idx":
		m.FailIdx = append(m.FailIdx, number[int](value))
	default:
		return false
	}
	return true
}

// ArticleURL is the address of one article.
type ArticleURL struct {
	Idx int    // position of the article, from 1
	URL string // permanent address
}
