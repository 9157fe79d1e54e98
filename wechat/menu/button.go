package menu

// Type says what a tap on a [Button] does. Besides its Name, a button must have the fields that the comment
// on its type names, and may have no others.
type Type string

// The types that [Client.Create] takes.
const (
	// Click (点击推事件) sends the event CLICK. Needs Key. The account may answer.
	Click Type = "click"
	// View (跳转 URL) opens a page and sends the event VIEW. Needs URL.
	View Type = "view"
	// MiniProgram (小程序) opens a page of a mini program that is linked to the account (45064
	// otherwise), and sends the event view_miniprogram. Needs AppID, PagePath, and URL for old clients.
	MiniProgram Type = "miniprogram"
	// ScanCodePush (扫码推事件) has the follower scan a code, shows what it says, and sends the event
	// scancode_push. Needs Key.
	ScanCodePush Type = "scancode_push"
	// ScanCodeWaitMsg (扫码带提示) has the follower scan a code and wait for the account's answer, and
	// sends the event scancode_waitmsg. Needs Key.
	ScanCodeWaitMsg Type = "scancode_waitmsg"
	// PicSysPhoto (系统拍照发图) has the follower take pictures. It sends the event pic_sysphoto, and
	// the pictures follow as messages. Needs Key.
	PicSysPhoto Type = "pic_sysphoto"
	// PicPhotoOrAlbum (拍照或者相册发图) has the follower take or choose pictures. It sends the event
	// pic_photo_or_album, and the pictures follow as messages. Needs Key.
	PicPhotoOrAlbum Type = "pic_photo_or_album"
	// PicWeixin (微信相册发图) has the follower choose pictures. It sends the event pic_weixin, and the
	// pictures follow as messages. Needs Key.
	PicWeixin Type = "pic_weixin"
	// LocationSelect (发送位置) has the follower choose a place. It sends the event location_select, and
	// the place follows as a message. Needs Key.
	LocationSelect Type = "location_select"
	// MediaID (图片, 音频, 视频) sends the follower permanent material. Needs MediaID. It sends no event.
	MediaID Type = "media_id"
	// ViewLimited (图文消息) opens an article of the permanent material. Needs MediaID. It sends no event.
	// The platform is withdrawing it; use ArticleViewLimited.
	ViewLimited Type = "view_limited"
	// ArticleID (发布后的图文消息) sends the follower a published article as a card. Needs ArticleID. It sends no
	// event.
	ArticleID Type = "article_id"
	// ArticleViewLimited (发布后的图文消息) opens a published article. Needs ArticleID. It sends no event.
	ArticleViewLimited Type = "article_view_limited"
)

// The types of buttons that were made in the console, which only [Client.Current] returns.
const (
	Text  Type = "text"  // sends the follower the text in Value
	Image Type = "img"   // sends the image whose media id is in Value
	Voice Type = "voice" // sends the voice whose media id is in Value
	Video Type = "video" // opens the video whose address is in Value
	News  Type = "news"  // sends the articles in News; Value is their media id
)

// Limits of a menu.
const (
	MaxButtons     = 3    // in the menu, at least 1
	MaxSubButtons  = 5    // in a list, at least 1
	MaxName        = 16   // bytes of the name of a button in the menu, 5 Chinese characters; 4 of them are shown
	MaxSubName     = 60   // bytes of the name of a button in a list, 20 Chinese characters; 8 of them are shown
	MaxKey         = 128  // bytes of a Key
	MaxURL         = 1024 // bytes of a URL
	MaxLinkDomains = 3    // hosts that the View buttons of all conditional menus may lead to
)

// Button is a button of a menu. It has either a Type, or SubButtons, which a tap shows as a list. Its JSON
// is WeChat's, so a menu can be kept in a file.
type Button struct {
	Type Type   `json:"type,omitempty"` // empty with SubButtons
	Name string `json:"name"`           // what is shown; see MaxName and MaxSubName
	// Key comes back as the EventKey of the event. Several buttons may have the same.
	Key string `json:"key,omitempty"`
	// URL is an address that begins with http:// or https://. For a [MiniProgram] it is the page that
	// clients without mini programs open.
	URL       string `json:"url,omitempty"`
	AppID     string `json:"appid,omitempty"`      // the mini program's
	PagePath  string `json:"pagepath,omitempty"`   // the page of the mini program, which may have a query
	MediaID   string `json:"media_id,omitempty"`   // of permanent material
	ArticleID string `json:"article_id,omitempty"` // of a published article
	// SubButtons are 1 to MaxSubButtons buttons, none of which has SubButtons.
	SubButtons []Button `json:"sub_button,omitempty"`

	// Value and News are set for the types of the console only. Create refuses them.
	Value string    `json:"value,omitempty"`
	News  []Article `json:"-"`
}

// Article is one of the articles of a button of the type [News].
type Article struct {
	Title     string // the headline
	Author    string // who wrote it; may be empty
	Digest    string // the text below the headline
	ShowCover bool   // the cover stands in the article, too
	CoverURL  string // (cover_url) the picture
	URL       string // (content_url) the article
	SourceURL string // (source_url) of the link 阅读原文; mostly empty
}

// Menu is a menu that everybody sees.
type Menu struct {
	// ID (menuid) is the platform's. It is empty while there is no conditional menu.
	ID      string
	Buttons []Button // as the platform tells them, also of types that this package does not know
}

// Platform is the system of a follower's phone (client_platform_type).
type Platform int

// The platforms. The zero Platform means any of them.
const (
	IOS           Platform = 1 // iPhones
	Android       Platform = 2 // Android phones
	OtherPlatform Platform = 3 // all others
)

// Rule says who sees a conditional menu. It needs a TagID or a Platform; with both, a follower must
// fit both.
type Rule struct {
	// TagID is the id of a tag (标签). For a follower with several tags, WeChat uses the one that was
	// given last. The zero value means any.
	TagID int64
	// Platform is the system of the phone. The zero value means any.
	Platform Platform
	// Other has the further conditions of an old menu, by WeChat's names: sex, country, province, city,
	// language. WeChat no longer shows such a menu to anybody. AddConditional refuses these conditions,
	// as WeChat does (65320).
	Other map[string]string
}

// Conditional is a menu that some followers see in place of the default one (个性化菜单).
type Conditional struct {
	ID      string   // (menuid) for DeleteConditional; events have it as MenuID
	Rule    Rule     // who sees it
	Buttons []Button // as those of a Menu
}

// Menus is what [Client.Get] returns.
type Menus struct {
	Default Menu // that everybody sees for whom no conditional menu is
	// Conditional has the conditional menus in the platform's order. A follower sees the newest one
	// whose rule fits.
	Conditional []Conditional
}

// Current is what [Client.Current] returns.
type Current struct {
	Open    bool     // the menu is switched on
	Buttons []Button // also of the console's types
}
