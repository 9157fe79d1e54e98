package custom

import "fmt"

// Message is one customer-service message: a [Text], [Image], [Voice], [Video], [Music],
// [News], [MPNews], [MPNewsArticle], [Menu], [Card] or [MiniProgram], or a pointer to one.
type Message interface {
	// MsgType returns the platform's name of the type (msgtype), such as "text".
	MsgType() string

	body() any    // what stands under the type's name
	check() error // what the platform would refuse for certain
}

// MaxText is how many bytes of UTF-8 a [Text] may have, 682 Chinese characters. The platform
// answers 45002 beyond and documents no number: this one is measured.
const MaxText = 2048

// Text is a text message (文本消息).
type Text struct {
	// Content is 1 to [MaxText] bytes. It may have line breaks and links, such as
	// <a href="https://example.com">label</a>, and links into a linked mini program, which have
	// data-miniprogram-appid and data-miniprogram-path too. See [SplitText] for longer ones.
	Content string `json:"content"`
}

// Image is a picture (图片消息).
type Image struct {
	// MediaID is of a temporary or permanent image.
	MediaID string `json:"media_id"`
}

// Voice is a voice message (语音消息).
type Voice struct {
	// MediaID is of a temporary or permanent voice.
	MediaID string `json:"media_id"`
}

// Video is a video message (视频消息).
type Video struct {
	// MediaID is of a temporary or permanent video.
	MediaID string `json:"media_id"`
	// ThumbMediaID is of the picture that is shown before it plays. The platform wants it.
	ThumbMediaID string `json:"thumb_media_id"`
	// Title and Description may be empty.
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}

// Music is a piece of music behind a link (音乐消息).
type Music struct {
	// Title and Description may be empty.
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	// URL is where it is played from, HQURL the same in better quality, played on WiFi. One of
	// them may be empty.
	URL   string `json:"musicurl,omitempty"`
	HQURL string `json:"hqmusicurl,omitempty"`
	// ThumbMediaID is of the cover. The platform wants it.
	ThumbMediaID string `json:"thumb_media_id"`
}

// News is one article that leads to a page outside of WeChat (图文消息, 点击跳转到外链). There
// can be no more than one: the platform answers 45008 to several. It needs one field at least.
type News struct {
	Title       string `json:"title,omitempty"`       // the headline
	Description string `json:"description,omitempty"` // the text below it
	// URL is opened by a tap.
	URL string `json:"url,omitempty"`
	// PicURL is where the picture is, a JPG or PNG.
	PicURL string `json:"picurl,omitempty"`
}

// MPNews is an article of the account's permanent material (图文消息, 点击跳转到图文消息页面).
// The platform has given it up with the drafts box (草稿箱); use [MPNewsArticle].
type MPNews struct {
	// MediaID is of permanent news.
	MediaID string `json:"media_id"`
}

// MPNewsArticle is an article that the account has published (图文消息, 使用 article_id).
type MPNewsArticle struct {
	// ArticleID is from the publishing API or its event PUBLISHJOBFINISH.
	ArticleID string `json:"article_id"`
}

// Menu asks something with answers to tap (菜单消息). A tap comes back as a text message with
// the item's Content and its ID as bizmsgmenuid. Test accounts (测试号) cannot send it.
type Menu struct {
	// Head stands above the items, Tail below. Either may be empty.
	Head string `json:"head_content,omitempty"`
	// Items has one item at least. The platform names no greatest number (45098).
	Items []MenuItem `json:"list"`
	Tail  string     `json:"tail_content,omitempty"` // below the items
}

// MenuItem is an answer to a [Menu].
type MenuItem struct {
	// ID comes back with a tap. Digits are safest: programs that read the callback as a number
	// are known.
	ID string `json:"id"`
	// Content is what is shown, and what the tap sends.
	Content string `json:"content"`
}

// Card is a coupon (卡券).
type Card struct {
	// CardID is the card's, from the card API.
	CardID string `json:"card_id"`
}

// MiniProgram is a card that opens a mini program (小程序卡片), which must be linked to the
// account.
type MiniProgram struct {
	// Title may be empty.
	Title string `json:"title,omitempty"`
	// AppID is the mini program's, not the account's.
	AppID string `json:"appid"`
	// PagePath may have a query, as in index?foo=bar.
	PagePath string `json:"pagepath"`
	// ThumbMediaID is of an image, 520 x 416 pixels at best.
	ThumbMediaID string `json:"thumb_media_id"`
}

// MsgType returns "text".
func (Text) MsgType() string { return "text" }

// MsgType returns "image".
func (Image) MsgType() string { return "image" }

// MsgType returns "voice".
func (Voice) MsgType() string { return "voice" }

// MsgType returns "video".
func (Video) MsgType() string { return "video" }

// MsgType returns "music".
func (Music) MsgType() string { return "music" }

// MsgType returns "news".
func (News) MsgType() string { return "news" }

// MsgType returns "mpnews".
func (MPNews) MsgType() string { return "mpnews" }

// MsgType returns "mpnewsarticle".
func (MPNewsArticle) MsgType() string { return "mpnewsarticle" }

// MsgType returns "msgmenu".
func (Menu) MsgType() string { return "msgmenu" }

// MsgType returns "wxcard".
func (Card) MsgType() string { return "wxcard" }

// MsgType returns "miniprogrampage".
func (MiniProgram) MsgType() string { return "miniprogrampage" }

func (m Text) body() any          { return m }
func (m Image) body() any         { return m }
func (m Voice) body() any         { return m }
func (m Video) body() any         { return m }
func (m Music) body() any         { return m }
func (m News) body() any          { return articles{[]News{m}} }
func (m MPNews) body() any        { return m }
func (m MPNewsArticle) body() any { return m }
func (m Menu) body() any          { return m }
func (m Card) body() any          { return m }
func (m MiniProgram) body() any   { return m }

// articles is how News is sent.
type articles struct {
	Articles []News `json:"articles"`
}

func (m Text) check() error {
	switch {
	case m.Content == "":
		return badMessage("the text's Content is empty")
	case len(m.Content) > MaxText:
		return &refusal{ErrTooLong, "value", fmt.Sprintf("the text has %d bytes, at most %d; SplitText cuts it", len(m.Content), MaxText)}
	}
	return nil
}

func (m Image) check() error  { return want("image", "MediaID", m.MediaID) }
func (m Voice) check() error  { return want("voice", "MediaID", m.MediaID) }
func (m MPNews) check() error { return want("mpnews", "MediaID", m.MediaID) }
func (m Card) check() error   { return want("card", "CardID", m.CardID) }
func (m MPNewsArticle) check() error {
	return want("mpnewsarticle", "ArticleID", m.ArticleID)
}

func (m Video) check() error {
	return want("video", "MediaID", m.MediaID, "ThumbMediaID", m.ThumbMediaID)
}

func (m Music) check() error {
	if m.URL == "" && m.HQURL == "" {
		return badMessage("the music has no address (URL and HQURL are empty)")
	}
	return want("music", "ThumbMediaID", m.ThumbMediaID)
}

func (m News) check() error {
	if m == (News{}) {
		return badMessage("the news is empty: give it a Title and a URL")
	}
	return nil
}

func (m Menu) check() error {
	if len(m.Items) == 0 {
		return badMessage("the menu has no Items")
	}
	for i, item := range m.Items {
		if item.ID == "" || item.Content == "" {
			return badMessage(fmt.Sprintf("item %d of the menu has no ID or no Content", i+1))
		}
	}
	return nil
}

func (m MiniProgram) check() error {
	return want("mini program", "AppID", m.AppID, "PagePath", m.PagePath, "ThumbMediaID", m.ThumbMediaID)
}

// want checks that fields, each given by name and value, are not empty.
func want(what string, fields ...string) error {
	for i := 0; i < len(fields); i += 2 {
		if fields[i+1] == "" {
			return badMessage("the " + what + "'s " + fields[i] + " is empty")
		}
	}
	return nil
}
