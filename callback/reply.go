package callback

import (
	"fmt"
	"time"
)

// Reply is an answer in the response to a push (被动回复): a [Text], [Image], [Voice], [Video],
// [Music], [News] or [Transfer]. Use values such as callback.Text{...}. A pointer compiles, but is
// refused as an [ErrReply]. A nil Reply sends nothing.
type Reply interface {
	// check returns why the platform would refuse the reply to a message with that Header.
	check(in *Header) error
}

// Text (文本) is a reply with text.
type Text struct {
	// Content has 1 to 2048 bytes, about 682 Chinese characters. It may contain line breaks, emoji
	// and <a href> links. With [Config].Late, a longer Content is possible: Late receives it.
	Content string
}

// Image (图片) is a reply with a picture.
type Image struct {
	// MediaID is the id of an uploaded picture, temporary or permanent. WeChat does not show a GIF.
	MediaID string
}

// Voice (语音) is a reply with a recording.
type Voice struct {
	MediaID string // id of an uploaded recording
}

// Video (视频) is a reply with a video.
type Video struct {
	MediaID     string // id of an uploaded video
	Title       string // optional
	Description string // optional
	// ThumbMediaID is the id of an uploaded picture. The response does not contain it. It is needed
	// if the video is sent late, as a customer-service message ([Config].Late). Optional.
	ThumbMediaID string
}

// Music (音乐) is a reply with a link to a piece of music.
type Music struct {
	Title        string // optional
	Description  string // optional
	URL          string // (MusicUrl) address of the music
	HQURL        string // (HQMusicUrl) address in better quality, played on Wi-Fi
	ThumbMediaID string // id of an uploaded thumb, required
}

// News (图文) is a reply with links to pages.
type News struct {
	// Articles has exactly 1 article in reply to a text, image, voice, video, news or location
	// message. In reply to an event or any other message it has 1 to 8.
	Articles []Article
}

// Article is one link of [News].
type Article struct {
	Title       string // required
	Description string // shown if there is only one article
	PicURL      string // (PicUrl) address of a JPG or PNG; best 360x200 for the first article, 200x200 for others
	URL         string // address of the page
}

// Transfer (转发到客服, transfer_customer_service) passes the message to a human agent.
type Transfer struct {
	// KfAccount is the account of the agent (客服账号), such as test1@test. The follower stays with
	// that agent, even if the agent is offline. Empty means any free agent.
	KfAccount string
}

// Limits of the platform.
const (
	maxText     = 2048 // bytes; reports differ, this is the documented figure
	maxArticles = 8
)

// AppendReply checks r and appends its body, in format, to dst. in is the Header of the message
// that r answers: the body is addressed from in.ToUserName to in.FromUserName. now is the time of
// the reply. If r is nil or the platform would refuse it, AppendReply returns [ErrReply] and dst
// unchanged. To answer a push without a reply, send the word "success" instead.
//
// AppendReply removes control characters that XML cannot hold, replaces broken UTF-8 by U+FFFD, and
// writes every line break as \n.
func AppendReply(dst []byte, format Format, in *Header, r Reply, now time.Time) ([]byte, error) {
	if err := check(in, r); err != nil {
		return dst, err
	}
	return appendReply(dst, format, in, r, now), nil
}

// appendReply is AppendReply for a reply that was already checked.
func appendReply(dst []byte, format Format, in *Header, r Reply, now time.Time) []byte {
	e := encoder{dst: dst, json: format == JSON}
	e.open()
	e.head(in.FromUserName, in.ToUserName, now.Unix())
	e.reply(r)
	e.close()
	return e.dst
}

// check returns why the platform would refuse r.
func check(in *Header, r Reply) error {
	switch r.(type) {
	case nil:
		return refuse("it is nil; the answer without a reply is the word success")
	case Text, Image, Voice, Video, Music, News, Transfer:
	default:
		return refuse(fmt.Sprintf("it is a %T; replies are values such as callback.Text{...}, not pointers", r))
	}
	if in.FromUserName == "" || in.ToUserName == "" {
		return refuse("the message has no sender or no receiver, so nobody can be answered")
	}
	return r.check(in)
}

func (r Text) check(*Header) error {
	switch size := len(normalize(r.Content)); {
	case size == 0:
		return refuse("a Text needs a Content")
	case size > maxText:
		return refuse(fmt.Sprintf("a Text of %d bytes; WeChat takes %d in a response. With Config.Late set it is sent whole", size, maxText))
	}
	return nil
}

// tooLong reports whether r is a text that is too long for a response.
func tooLong(r Reply) bool {
	text, ok := r.(Text)
	return ok && len(text.Content) > maxText/3 && len(normalize(text.Content)) > maxText // broken UTF-8 may become three times as long
}

func (r News) check(in *Header) error {
	most := maxArticles
	if oneArticle(in.MsgType) {
		most = 1
	}
	switch n := len(r.Articles); {
	case n == 0:
		return refuse("a News needs an Article")
	case n > most:
		return refuse(fmt.Sprintf("a News of %d articles; in reply to this kind of message WeChat shows %d", n, most))
	}
	for i := range r.Articles {
		if normalize(r.Articles[i].Title) == "" {
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

func (r Image) check(*Header) error  { return need(r.MediaID, "an Image", "MediaID") }
func (r Voice) check(*Header) error  { return need(r.MediaID, "a Voice", "MediaID") }
func (r Video) check(*Header) error  { return need(r.MediaID, "a Video", "MediaID") }
func (r Music) check(*Header) error  { return need(r.ThumbMediaID, "a Music", "ThumbMediaID") }
func (Transfer) check(*Header) error { return nil }
