package callback

import (
	"fmt"
	"time"
)

// Reply is an answer that is sent in the response to a push (被动回复): a [Text], [Image],
// [Voice], [Video], [Music], [News] or [Transfer], by value. A nil Reply says nothing.
type Reply interface {
	reply()
}

// Text (文本) is a reply with text.
type Text struct {
	// Content has 1 to 2048 bytes, which are 682 Chinese characters. It may have line breaks,
	// emoji and <a href> links.
	Content string
}

// Image (图片) is a reply with a picture.
type Image struct {
	// MediaID is of an uploaded picture, temporary or permanent. GIF is not shown.
	MediaID string
}

// Voice (语音) is a reply with a recording.
type Voice struct {
	MediaID string // of an uploaded recording
}

// Video (视频) is a reply with a video.
type Video struct {
	MediaID     string // of an uploaded video
	Title       string // empty: none
	Description string // empty: none
	// ThumbMediaID is of an uploaded picture. It is not part of the reply; it is what the same
	// video needs where it is sent later, as a customer-service message ([Config].Late).
	ThumbMediaID string
}

// Music (音乐) is a reply with a piece of music elsewhere on the web.
type Music struct {
	Title        string // empty: none
	Description  string // empty: none
	URL          string // (MusicUrl)
	HQURL        string // (HQMusicUrl) played on wifi
	ThumbMediaID string // of an uploaded thumb, which is needed
}

// News (图文) is a reply with links to pages.
type News struct {
	// Articles are 1 in reply to a text, image, voice, video, news or location message, and 1 to
	// 8 in reply to an event or anything else.
	Articles []Article
}

// Article is one link of [News].
type Article struct {
	Title       string // which is needed
	Description string // shown where there is one article
	PicURL      string // (PicUrl) JPG or PNG, best of 360x200 for the first and 200x200 for others
	URL         string // the page
}

// Transfer (转发到客服, transfer_customer_service) hands the message to a human agent.
type Transfer struct {
	// KfAccount is the agent (客服账号), as in test1@test, with whom the follower then stays even
	// if the agent is offline. Empty: any that is free.
	KfAccount string
}

// What the platform takes.
const (
	maxText     = 2048 // bytes; reports differ, this is the documented figure
	maxArticles = 8
)

// AppendReply checks r and appends it to dst as the answer to the message whose Header is in:
// from its account to its sender, with now as its time. An r that the platform would refuse, a
// nil one among them, is an [ErrReply], and dst comes back as it was. The answer to a push for
// which there is no reply is the word success.
//
// What XML cannot hold is left out of texts (control characters), and broken UTF-8 becomes
// U+FFFD. A line break is always \n.
func AppendReply(dst []byte, format Format, in *Header, r Reply, now time.Time) ([]byte, error) {
	if in.FromUserName == "" || in.ToUserName == "" {
		return dst, refuse("the message has no sender or no receiver, so nobody can be answered")
	}
	if err := check(in, r); err != nil {
		return dst, err
	}
	e := encoder{dst: dst, json: format == JSON}
	e.open()
	e.head(in.FromUserName, in.ToUserName, now.Unix())
	e.reply(r)
	e.close()
	return e.dst, nil
}

// check returns why the platform would refuse r.
func check(in *Header, r Reply) error {
	switch r := r.(type) {
	case nil:
		return refuse("it is nil; the answer without a reply is the word success")
	case Text:
		return checkText(r.Content)
	case Image:
		return need(r.MediaID, "an Image", "MediaID")
	case Voice:
		return need(r.MediaID, "a Voice", "MediaID")
	case Video:
		return need(r.MediaID, "a Video", "MediaID")
	case Music:
		return need(r.ThumbMediaID, "a Music", "ThumbMediaID")
	case News:
		return checkNews(in, r.Articles)
	case Transfer:
		return nil
	}
	return refuse(fmt.Sprintf("it is a %T; replies are values such as callback.Text{...}, not pointers", r))
}

func checkText(content string) error {
	switch size := len(normalize(content)); {
	case size == 0:
		return refuse("a Text needs a Content")
	case size > maxText:
		return refuse(fmt.Sprintf("a Text of %d bytes; WeChat takes %d, so send the rest as customer-service messages", size, maxText))
	}
	return nil
}

func checkNews(in *Header, articles []Article) error {
	most := maxArticles
	if oneArticle(in.MsgType) {
		most = 1
	}
	switch n := len(articles); {
	case n == 0:
		return refuse("a News needs an Article")
	case n > most:
		return refuse(fmt.Sprintf("a News of %d articles; in reply to this kind of message WeChat shows %d", n, most))
	}
	for i := range articles {
		if normalize(articles[i].Title) == "" {
			return refuse(fmt.Sprintf("article %d of the News needs a Title", i+1))
		}
	}
	return nil
}

// oneArticle reports whether a reply to a message of msgType may have no more than one article.
func oneArticle(msgType string) bool {
	switch msgType {
	case "text", "image", "voice", "video", "news", "location":
		return true
	}
	return false
}

func need(value, of, field string) error {
	if normalize(value) == "" {
		return refuse(of + " needs a " + field)
	}
	return nil
}

func refuse(why string) error { return fmt.Errorf("%w: %s", ErrReply, why) }

func (Text) reply()     {}
func (Image) reply()    {}
func (Voice) reply()    {}
func (Video) reply()    {}
func (Music) reply()    {}
func (News) reply()     {}
func (Transfer) reply() {}
