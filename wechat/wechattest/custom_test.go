package wechattest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	pathCustom = "/cgi-bin/message/custom/send"
	pathTyping = "/cgi-bin/message/custom/typing"
)

// newChat is newWire with a follower who has just written.
func newChat(t testing.TB, opts ...wechattest.Option) *wire {
	t.Helper()
	w := newWire(t, opts...)
	w.s.Interact(wechattest.Wrote, follower)
	w.s.AddMedia(wechattest.Media{ID: "M"})
	w.s.AddMedia(wechattest.Media{ID: "T", Kind: media.Thumb})
	return w
}

// customBody is a message to the follower, with the rest after its type.
func customBody(msgType, rest string) string {
	return fmt.Sprintf(`{"touser":"oFollower","msgtype":"%s"%s}`, msgType, rest)
}

const hello = `{"touser":"oFollower","msgtype":"text","text":{"content":"hi"}}`

func TestCustomMessagesAreReadable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rest string
		want custom.Message
	}{
		"text":          {`"text":{"content":"您好\n<a href=\"https://a.cn\">x</a>"}`, custom.Text{Content: "您好\n<a href=\"https://a.cn\">x</a>"}},
		"image":         {`"image":{"media_id":"M"}`, custom.Image{MediaID: "M"}},
		"voice":         {`"voice":{"media_id":"M"}`, custom.Voice{MediaID: "M"}},
		"video":         {`"video":{"media_id":"M","thumb_media_id":"T","title":"t","description":"d"}`, custom.Video{MediaID: "M", ThumbMediaID: "T", Title: "t", Description: "d"}},
		"music":         {`"music":{"title":"t","description":"d","musicurl":"u","hqmusicurl":"h","thumb_media_id":"T"}`, custom.Music{Title: "t", Description: "d", URL: "u", HQURL: "h", ThumbMediaID: "T"}},
		"news":          {`"news":{"articles":[{"title":"t","description":"d","url":"u","picurl":"p"}]}`, custom.News{Title: "t", Description: "d", URL: "u", PicURL: "p"}},
		"mpnews":        {`"mpnews":{"media_id":"M"}`, custom.MPNews{MediaID: "M"}},
		"mpnewsarticle": {`"mpnewsarticle":{"article_id":"A"}`, custom.MPNewsArticle{ArticleID: "A"}},
		"msgmenu": {`"msgmenu":{"head_content":"h","list":[{"id":"1","content":"a"},{"id":"2","content":"b"}],"tail_content":"t"}`,
			custom.Menu{Head: "h", Items: []custom.MenuItem{{ID: "1", Content: "a"}, {ID: "2", Content: "b"}}, Tail: "t"}},
		"wxcard": {`"wxcard":{"card_id":"C"}`, custom.Card{CardID: "C"}},
		"miniprogrampage": {`"miniprogrampage":{"title":"t","appid":"wx0123456789abcdef","pagepath":"p","thumb_media_id":"T"}`,
			custom.MiniProgram{Title: "t", AppID: "wx0123456789abcdef", PagePath: "p", ThumbMediaID: "T"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newChat(t)
			w.s.AddAgent(custom.Agent{Account: "a@b"})
			body := customBody(name, ","+tt.rest+`,"customservice":{"kf_account":"a@b"},"aimsgcontext":{"is_ai_msg":1},"businessid":1`)
			a := w.call(pathCustom, body)
			assert.Equal(t, `{"errcode":0,"errmsg":"ok"}`, a.Body)
			require.Len(t, w.s.Accepted(), 1)
			got := w.s.Accepted()[0]
			assert.WithinDuration(t, time.Now(), got.Time, time.Minute)
			got.Time = time.Time{}
			assert.Equal(t, wechattest.Accepted{AppID: w.s.AppID, To: follower, Body: body, Custom: tt.want, Agent: "a@b", AI: true, BusinessID: 1}, got)
		})
	}
}

// TestCustomMessagesNeedTheirMedia sends media that is unknown, another account's, or expired.
func TestCustomMessagesNeedTheirMedia(t *testing.T) {
	t.Parallel()
	w := newChat(t)
	other := w.s.AddAccount("wxother", "secret")
	other.AddMedia(wechattest.Media{ID: "OTHER"})
	permanent := w.s.AddMaterial(wechattest.Media{Kind: media.Image})
	image := func(id string) string { return customBody("image", `,"image":{"media_id":"`+id+`"}`) }
	requireCode(t, 40007, w.call(pathCustom, image("UNKNOWN")))
	requireCode(t, 40007, w.call(pathCustom, image("OTHER")))
	requireCode(t, 40007, w.call(pathCustom, customBody("video", `,"video":{"media_id":"M","thumb_media_id":"UNKNOWN"}`)))
	requireCode(t, 0, w.call(pathCustom, image("M")))
	w.s.Advance(3*24*time.Hour + time.Second)
	w.token = w.stable(false).Token
	w.s.Interact(wechattest.Wrote, follower)
	requireCode(t, 40007, w.call(pathCustom, image("M")))
	requireCode(t, 0, w.call(pathCustom, image(permanent)))
}

// Through package custom, the value that was sent is the value that is read.
func TestCustomMessagesComeBack(t *testing.T) {
	t.Parallel()
	w := newChat(t, wechattest.WithWindow(wechattest.Wrote, -1, time.Hour))
	client := w.s.Client()
	sent := []custom.Message{
		custom.Text{Content: "您好😀 & <b>"}, custom.Image{MediaID: "M"}, custom.Voice{MediaID: "M"}, custom.Video{MediaID: "M", ThumbMediaID: "T"},
		custom.Music{URL: "https://a.cn/?b&c", ThumbMediaID: "T"}, custom.News{Title: "t"}, custom.MPNews{MediaID: "M"},
		custom.MPNewsArticle{ArticleID: "A"}, custom.Menu{Items: []custom.MenuItem{{ID: "1", Content: "a"}}}, custom.Card{CardID: "C"},
		custom.MiniProgram{AppID: "wx0123456789abcdef", PagePath: "p?q=r", ThumbMediaID: "T"},
	}
	for _, m := range sent {
		require.NoError(t, client.Custom.Send(t.Context(), follower, m))
	}
	var got []custom.Message
	for _, a := range w.s.Accepted() {
		got = append(got, a.Custom)
	}
	assert.Equal(t, sent, got)
}

// A refusal is a body and what it is answered.
type refusal struct {
	body string
	code int
}

func runCustomRefusals(t *testing.T, cases map[string]refusal) {
	t.Helper()
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newChat(t)
			w.s.Interact(wechattest.Wrote, "oLeft", "oBlack", "oRejects")
			w.s.Unfollow("oLeft")
			w.s.SetFollower(wechattest.Blacklisted, "oBlack")
			w.s.SetFollower(wechattest.Rejecting, "oRejects")
			w.s.Follow("oSilent")
			requireCode(t, tt.code, w.call(pathCustom, tt.body))
			accepted := 0
			if tt.code == 0 {
				accepted = 1
			}
			assert.Len(t, w.s.Accepted(), accepted)
		})
	}
}

func TestCustomRefusals(t *testing.T) {
	t.Parallel()
	text := func(content string) string { return customBody("text", `,"text":{"content":"`+content+`"}`) }
	runCustomRefusals(t, map[string]refusal{
		"no JSON":                  {"{", 47001},
		"openid is a number":       {`{"touser":1,"msgtype":"text","text":{"content":"a"}}`, 47001},
		"text is a string":         {customBody("text", `,"text":"a"`), 47001},
		"content is a number":      {customBody("text", `,"text":{"content":1}`), 47001},
		"articles is an object":    {customBody("news", `,"news":{"articles":{"title":"a"}}`), 47001},
		"article is a string":      {customBody("news", `,"news":{"articles":["a"]}`), 47001},
		"sub-merchant is a text":   {customBody("text", `,"text":{"content":"a"},"businessid":"1"`), 47001},
		"AI mark is true":          {customBody("text", `,"text":{"content":"a"},"aimsgcontext":{"is_ai_msg":true}`), 47001},
		"no openid":                {`{"msgtype":"text","text":{"content":"a"}}`, 40003},
		"stranger":                 {strings.Replace(hello, follower, "oNobody", 1), 40003},
		"left":                     {strings.Replace(hello, follower, "oLeft", 1), 45015},
		"blacklisted":              {strings.Replace(hello, follower, "oBlack", 1), 43019},
		"rejecting":                {strings.Replace(hello, follower, "oRejects", 1), 48002},
		"never wrote":              {strings.Replace(hello, follower, "oSilent", 1), 45015},
		"no type":                  {`{"touser":"oFollower","text":{"content":"a"}}`, 40008},
		"unknown type":             {customBody("hologram", ""), 40008},
		"link":                     {customBody("link", ""), 45162},
		"no text":                  {customBody("text", ""), 44004},
		"empty text":               {text(""), 44004},
		"long text":                {text(strings.Repeat("长", 683)), 45002},
		"text at its limit":        {text(strings.Repeat("b", 2048)), 0},
		"link without end":         {text("<a href='https://a.cn'>x"), 40213},
		"link without href":        {text("<a name='x'>x</a>"), 40213},
		"link without text":        {text("<a href='https://a.cn'> </a>"), 40214},
		"link to no mini program":  {text("<a href='http://a' data-miniprogram-appid='wx1'>x</a>"), 45086},
		"link in capitals":         {text("<A HREF='x'>x</A>"), 0},
		"two links":                {text("<a href='http://a'>x</a> <a href='http://a' data-miniprogram-appid='wx0123456789abcdef' data-miniprogram-path='p'>x</A>"), 0},
		"the second link is wrong": {text("<a href='http://a'>x</a> <a href='http://a'></a>"), 40214},
	})
}

func TestCustomContentRefusals(t *testing.T) {
	t.Parallel()
	runCustomRefusals(t, map[string]refusal{
		"image":                   {customBody("image", `,"image":{}`), 40007},
		"voice":                   {customBody("voice", `,"voice":{"media_id":""}`), 40007},
		"video":                   {customBody("video", `,"video":{"thumb_media_id":"T"}`), 40007},
		"video without thumb":     {customBody("video", `,"video":{"media_id":"M"}`), 40007},
		"music without thumb":     {customBody("music", `,"music":{"musicurl":"u"}`), 40007},
		"music by another case":   {customBody("music", `,"music":{"musicUrl":"u","Thumb_media_id":"T"}`), 40007},
		"mpnews":                  {customBody("mpnews", `,"mpnews":{}`), 40007},
		"mpnewsarticle":           {customBody("mpnewsarticle", `,"mpnewsarticle":{}`), 40097},
		"wxcard":                  {customBody("wxcard", `,"wxcard":{}`), 40097},
		"no news":                 {customBody("news", ""), 44003},
		"no articles":             {customBody("news", `,"news":{"articles":[]}`), 44003},
		"empty article":           {customBody("news", `,"news":{"articles":[{}]}`), 44003},
		"two articles":            {customBody("news", `,"news":{"articles":[{"title":"a"},{"title":"b"}]}`), 45008},
		"no menu items":           {customBody("msgmenu", `,"msgmenu":{"head_content":"a","list":[]}`), 40097},
		"menu item without id":    {customBody("msgmenu", `,"msgmenu":{"list":[{"content":"a"}]}`), 40097},
		"menu item's id a number": {customBody("msgmenu", `,"msgmenu":{"list":[{"id":1,"content":"a"}]}`), 47001},
		"mini program's appid":    {customBody("miniprogrampage", `,"miniprogrampage":{"appid":"wx1","pagepath":"p","thumb_media_id":"T"}`), 40166},
		"mini program's page":     {customBody("miniprogrampage", `,"miniprogrampage":{"appid":"wx0123456789abcdef","thumb_media_id":"T"}`), 40165},
		"mini program's thumb":    {customBody("miniprogrampage", `,"miniprogrampage":{"appid":"wx0123456789abcdef","pagepath":"p"}`), 40007},
		"unknown agent":           {customBody("text", `,"text":{"content":"a"},"customservice":{"kf_account":"x@y"}`), 65401},
		"empty customservice":     {customBody("text", `,"text":{"content":"a"},"customservice":{}`), 65401},
		"unknown keys":            {customBody("text", `,"text":{"content":"a","x":1},"y":[]`), 0},
	})
}

func TestWindows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		what     wechattest.Interaction
		messages int // 0: any number
		lifetime time.Duration
		opts     []wechattest.Option
	}{
		"wrote":       {wechattest.Wrote, 5, 48 * time.Hour, nil},
		"tapped menu": {wechattest.TappedMenu, 3, time.Minute, nil},
		"followed":    {wechattest.Followed, 3, time.Minute, nil},
		"scanned":     {wechattest.Scanned, 3, time.Minute, nil},
		"paid":        {wechattest.Paid, 0, 48 * time.Hour, nil},
		"configured":  {wechattest.Wrote, 20, 24 * time.Hour, []wechattest.Option{wechattest.WithWindow(wechattest.Wrote, 20, 24*time.Hour)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Now()
			w := newWire(t, append(tt.opts, wechattest.WithClock(func() time.Time { return now }), wechattest.WithTokenLifetime(100*time.Hour))...)
			w.s.Interact(tt.what, follower)
			n := tt.messages
			if n == 0 {
				n = 50
			}
			for range n - 1 {
				requireCode(t, 0, w.call(pathCustom, hello))
			}
			w.s.Advance(tt.lifetime - 1)
			requireCode(t, 0, w.call(pathCustom, hello))
			if tt.messages > 0 {
				requireCode(t, 45047, w.call(pathCustom, hello))
			}
			w.s.Advance(1)
			requireCode(t, 45015, w.call(pathCustom, hello))

			w.s.Interact(tt.what, follower)
			requireCode(t, 0, w.call(pathCustom, hello))
			assert.Len(t, w.s.Accepted(), n+1)
		})
	}
}

func TestWindowsAddUp(t *testing.T) {
	t.Parallel()
	w := newChat(t)
	w.s.Interact(wechattest.Scanned, follower)
	requireCode(t, 0, w.call(pathCustom, hello))
	w.s.Advance(time.Minute)
	for range 5 {
		requireCode(t, 0, w.call(pathCustom, hello)) // the first came out of the window that ends first
	}
	requireCode(t, 45047, w.call(pathCustom, hello))
	w.s.Interact(wechattest.TappedMenu, follower)
	requireCode(t, 0, w.call(pathCustom, hello))
	w.s.Interact(wechattest.Wrote, follower)
	for range 7 {
		requireCode(t, 0, w.call(pathCustom, hello))
	}
	requireCode(t, 45047, w.call(pathCustom, hello))
	w.s.Follow("oOther")
	requireCode(t, 45015, w.call(pathCustom, strings.Replace(hello, follower, "oOther", 1)), "each has their own")
}

func TestRefusedMessagesLeaveTheWindowAlone(t *testing.T) {
	t.Parallel()
	w := newChat(t, wechattest.WithWindow(wechattest.Wrote, 1, time.Hour))
	requireCode(t, 44004, w.call(pathCustom, customBody("text", "")))
	requireCode(t, 65401, w.call(pathCustom, customBody("text", `,"text":{"content":"a"},"customservice":{"kf_account":"x@y"}`)))
	requireCode(t, 0, w.call(pathCustom, hello))
	requireCode(t, 45047, w.call(pathCustom, hello))
}

func TestInteractingIsFollowing(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.s.SetFollower(wechattest.Rejecting, "oRejects")
	w.s.Unfollow("oLeft")
	w.s.Interact(wechattest.Followed, "oNew", "oLeft", "oRejects")
	for openid, code := range map[string]int{"oNew": 0, "oLeft": 0, "oRejects": 48002} {
		requireCode(t, code, w.call(pathCustom, strings.Replace(hello, follower, openid, 1)))
	}
	assert.Panics(t, func() { w.s.Interact(wechattest.Interaction(99), "o") })
	assert.Panics(t, func() { wechattest.WithWindow(wechattest.Interaction(99), 1, time.Hour) })
}

func TestTyping(t *testing.T) {
	t.Parallel()
	const typing, cancel = `{"touser":"oFollower","command":"Typing"}`, `{"touser":"oFollower","command":"CancelTyping"}`
	now := time.Now()
	w := newWire(t, wechattest.WithClock(func() time.Time { return now }))
	w.s.Follow(follower)
	requireCode(t, 45080, w.call(pathTyping, typing))
	w.s.Interact(wechattest.Scanned, follower)
	requireCode(t, 45080, w.call(pathTyping, typing))
	w.s.Interact(wechattest.Wrote, follower)
	w.s.Advance(30 * time.Second)
	assert.Equal(t, `{"errcode":0,"errmsg":"ok"}`, w.call(pathTyping, typing).Body)
	assert.True(t, w.s.Typing(follower))
	assert.False(t, w.s.Typing("oOther"))
	w.s.Advance(1)
	requireCode(t, 45080, w.call(pathTyping, typing))

	w.s.Interact(wechattest.Wrote, follower)
	requireCode(t, 45081, w.call(pathTyping, typing))
	w.s.Advance(15*time.Second - 1)
	assert.False(t, w.s.Typing(follower), "15 seconds have passed")
	requireCode(t, 0, w.call(pathTyping, typing))
	requireCode(t, 0, w.call(pathTyping, cancel))
	assert.False(t, w.s.Typing(follower))
	requireCode(t, 0, w.call(pathTyping, cancel))

	requireCode(t, 0, w.call(pathTyping, typing))
	requireCode(t, 0, w.call(pathCustom, hello))
	assert.False(t, w.s.Typing(follower), "a message ends it")
	w.s.Advance(30 * time.Second)
	requireCode(t, 0, w.call(pathTyping, typing), "the account's own message counts")

	for body, code := range map[string]int{
		`{"touser":"oFollower","command":"typing"}`:                  45072,
		`{"touser":"oFollower"}`:                                     45072,
		`{"touser":"oNobody","command":"Typing"}`:                    40003,
		`{"touser":1,"command":"Typing"}`:                            47001,
		`{"touser":"oFollower","command":"Typing","businessid":"1"}`: 47001,
	} {
		requireCode(t, code, w.call(pathTyping, body))
	}
}

// A customer-service message is never sent twice, whatever becomes of the
// answer; a query is asked again.
func TestClientRepeatsWhatItMay(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	s.Interact(wechattest.Wrote, follower)
	c, ctx := s.Client().Custom, t.Context()
	s.Fail(pathCustom, 1, wechattest.Fault{Reset: wechattest.ResetAfter})
	err := c.Send(ctx, follower, custom.Text{Content: "a"})
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
	assert.Equal(t, 1, s.Requests(pathCustom))
	assert.Len(t, s.Accepted(), 1)
	assert.NotContains(t, err.Error(), follower)

	s.Fail(pathRecords, 1, wechattest.Fault{Reset: wechattest.ResetAfter})
	for _, err := range c.Records(ctx, time.Unix(1, 0), time.Unix(2, 0)) {
		require.NoError(t, err)
	}
	assert.Equal(t, 2, s.Requests(pathRecords))

	s.AddAgent(custom.Agent{Account: "a@b"})
	s.ExpireTokens()
	require.NoError(t, c.SetHeadImage(ctx, "a@b", strings.NewReader(headImageStart)), "with another token")
	assert.Equal(t, headImageStart, string(s.HeadImage("a@b")))
}

// TestNewPathsWantTheirMethod holds the routes of this file's neighbours to
// their methods and to a token.
func TestNewPathsWantTheirMethod(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	posts := []string{
		pathCustom, pathTyping, pathMenu + "create", pathMenu + "addconditional", pathMenu + "delconditional", pathMenu + "trymatch",
		pathAgent + "add", pathAgent + "update", pathAgent + "del", pathAgent + "inviteworker",
		pathAgent + "uploadheadimg", pathSession + "create", pathSession + "close", pathRecords, pathOneTime, pathNotify,
		pathTmpl + "addtemplate", pathTmpl + "deltemplate", pathBlocked,
	}
	gets := []string{
		pathMenu + "get", pathMenu + "delete", "/cgi-bin/get_current_selfmenu_info", pathAgents, pathOnline, pathSession + "getsession", pathSession + "getsessionlist",
		pathSession + "getwaitcase", pathTmpl + "getcategory", pathTmpl + "getpubtemplatetitles", pathTmpl + "getpubtemplatekeywords", pathTmpl + "gettemplate",
	}
	for _, path := range posts {
		requireCode(t, 43002, w.get(w.authorized(path)), path)
		requireCode(t, 41001, w.post(path, "{}"), path)
	}
	for _, path := range gets {
		requireCode(t, 43001, w.call(path, "{}"), path)
		requireCode(t, 41001, w.get(path), path)
	}
}
