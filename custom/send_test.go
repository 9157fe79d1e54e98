package custom_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

const sendPath = "/cgi-bin/message/custom/send"

func TestSendToTheLetter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		m    custom.Message
		body string // after the recipient
	}{
		"text":  {custom.Text{Content: "Hello World"}, `"msgtype":"text","text":{"content":"Hello World"}}`},
		"links": {custom.Text{Content: "您好😀\n" + `<a href="https://a.cn/?b=1&c=2">x</a>`}, `"msgtype":"text","text":{"content":"您好😀\n<a href=\"https://a.cn/?b=1&c=2\">x</a>"}}`},
		"image": {custom.Image{MediaID: "MEDIA_ID"}, `"msgtype":"image","image":{"media_id":"MEDIA_ID"}}`},
		"voice": {custom.Voice{MediaID: "MEDIA_ID"}, `"msgtype":"voice","voice":{"media_id":"MEDIA_ID"}}`},
		"video": {custom.Video{MediaID: "MEDIA_ID", ThumbMediaID: "THUMB_MEDIA_ID", Title: "TITLE", Description: "DESCRIPTION"},
			`"msgtype":"video","video":{"media_id":"MEDIA_ID","thumb_media_id":"THUMB_MEDIA_ID","title":"TITLE","description":"DESCRIPTION"}}`},
		"bare video": {custom.Video{MediaID: "M", ThumbMediaID: "T"}, `"msgtype":"video","video":{"media_id":"M","thumb_media_id":"T"}}`},
		"music": {custom.Music{Title: "MUSIC_TITLE", Description: "MUSIC_DESCRIPTION", URL: "MUSIC_URL", HQURL: "HQ_MUSIC_URL", ThumbMediaID: "THUMB_MEDIA_ID"},
			`"msgtype":"music","music":{"title":"MUSIC_TITLE","description":"MUSIC_DESCRIPTION","musicurl":"MUSIC_URL","hqmusicurl":"HQ_MUSIC_URL","thumb_media_id":"THUMB_MEDIA_ID"}}`},
		"bare music": {custom.Music{HQURL: "U", ThumbMediaID: "T"}, `"msgtype":"music","music":{"hqmusicurl":"U","thumb_media_id":"T"}}`},
		"news": {custom.News{Title: "Happy Day", Description: "Is Really A Happy Day", URL: "https://a.cn/?b&c", PicURL: "PIC_URL"},
			`"msgtype":"news","news":{"articles":[{"title":"Happy Day","description":"Is Really A Happy Day","url":"https://a.cn/?b&c","picurl":"PIC_URL"}]}}`},
		"bare news":     {custom.News{Title: "T"}, `"msgtype":"news","news":{"articles":[{"title":"T"}]}}`},
		"mpnews":        {custom.MPNews{MediaID: "MEDIA_ID"}, `"msgtype":"mpnews","mpnews":{"media_id":"MEDIA_ID"}}`},
		"mpnewsarticle": {custom.MPNewsArticle{ArticleID: "ARTICLE_ID"}, `"msgtype":"mpnewsarticle","mpnewsarticle":{"article_id":"ARTICLE_ID"}}`},
		"msgmenu": {custom.Menu{Head: "您对本次服务是否满意呢? ", Items: []custom.MenuItem{{ID: "101", Content: "满意"}, {ID: "102", Content: "不满意"}}, Tail: "欢迎再次光临"},
			`"msgtype":"msgmenu","msgmenu":{"head_content":"您对本次服务是否满意呢? ","list":[{"id":"101","content":"满意"},{"id":"102","content":"不满意"}],"tail_content":"欢迎再次光临"}}`},
		"bare menu": {custom.Menu{Items: []custom.MenuItem{{ID: "1", Content: "a"}}}, `"msgtype":"msgmenu","msgmenu":{"list":[{"id":"1","content":"a"}]}}`},
		"wxcard":    {custom.Card{CardID: "123dsdajkasd231jhksad"}, `"msgtype":"wxcard","wxcard":{"card_id":"123dsdajkasd231jhksad"}}`},
		"miniprogrampage": {custom.MiniProgram{Title: "title", AppID: "appid", PagePath: "pagepath", ThumbMediaID: "thumb_media_id"},
			`"msgtype":"miniprogrampage","miniprogrampage":{"title":"title","appid":"appid","pagepath":"pagepath","thumb_media_id":"thumb_media_id"}}`},
		"a pointer": {&custom.Image{MediaID: "M"}, `"msgtype":"image","image":{"media_id":"M"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: fine}
			require.NoError(t, newClient(f).Send(t.Context(), "OPENID", tt.m))
			assert.Equal(t, []call{{"POST", sendPath, `{"touser":"OPENID",` + tt.body, false}}, f.calls, "and it must not be repeated")
			err := newClient(&fake{err: coded(45015)}).Send(t.Context(), "OPENID", tt.m)
			assert.Equal(t, coded(45015), err, "the Caller's error, untouched")
		})
	}
}

func TestSendOptions(t *testing.T) {
	t.Parallel()
	const text = `{"touser":"OPENID","msgtype":"text","text":{"content":"hi"}`
	for name, tt := range map[string]struct {
		opts []custom.Option
		tail string
	}{
		"none":         {nil, `}`},
		"agent":        {[]custom.Option{custom.WithAgent("test1@kftest")}, `,"customservice":{"kf_account":"test1@kftest"}}`},
		"AI mark":      {[]custom.Option{custom.WithAIMark()}, `,"aimsgcontext":{"is_ai_msg":1}}`},
		"sub-merchant": {[]custom.Option{custom.WithBusinessID(1)}, `,"businessid":1}`},
		"all": {[]custom.Option{custom.WithBusinessID(9007199254740993), custom.WithAIMark(), custom.WithAgent("a@b")},
			`,"customservice":{"kf_account":"a@b"},"aimsgcontext":{"is_ai_msg":1},"businessid":9007199254740993}`},
		"both": {[]custom.Option{custom.WithAIMark(), custom.WithAgent("a@b")}, `,"customservice":{"kf_account":"a@b"},"aimsgcontext":{"is_ai_msg":1}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: fine}
			require.NoError(t, newClient(f).Send(t.Context(), "OPENID", custom.Text{Content: "hi"}, tt.opts...))
			assert.Equal(t, text+tt.tail, f.calls[0].body)
		})
	}
}

func TestSendRefusals(t *testing.T) {
	t.Parallel()
	text := custom.Text{Content: "hi"}
	for name, tt := range map[string]struct {
		to   string
		m    custom.Message
		want string
	}{
		"no recipient":           {"", text, "custom: the message has no recipient (the openid is empty)"},
		"nil":                    {"O", nil, "custom: the message is nil"},
		"nil pointer":            {"O", (*custom.Text)(nil), "custom: the message is nil"},
		"empty text":             {"O", custom.Text{}, "custom: the text's Content is empty"},
		"long text":              {"O", custom.Text{Content: strings.Repeat("a", 2049)}, "custom: the text has 2049 bytes, at most 2048; SplitText cuts it"},
		"broken text":            {"O", custom.Text{Content: "a\xff"}, "custom: the text's Content is not valid UTF-8"},
		"image":                  {"O", custom.Image{}, "custom: the image's MediaID is empty"},
		"voice":                  {"O", custom.Voice{}, "custom: the voice's MediaID is empty"},
		"video":                  {"O", custom.Video{ThumbMediaID: "T"}, "custom: the video's MediaID is empty"},
		"video without thumb":    {"O", custom.Video{MediaID: "M"}, "custom: the video's ThumbMediaID is empty"},
		"music without thumb":    {"O", custom.Music{URL: "U"}, "custom: the music's ThumbMediaID is empty"},
		"music without address":  {"O", custom.Music{ThumbMediaID: "T"}, "custom: the music has no address (URL and HQURL are empty)"},
		"news":                   {"O", custom.News{}, "custom: the news is empty: give it a Title and a URL"},
		"mpnews":                 {"O", custom.MPNews{}, "custom: the mpnews's MediaID is empty"},
		"mpnewsarticle":          {"O", custom.MPNewsArticle{}, "custom: the mpnewsarticle's ArticleID is empty"},
		"menu":                   {"O", custom.Menu{Head: "?"}, "custom: the menu has no Items"},
		"menu item without id":   {"O", custom.Menu{Items: []custom.MenuItem{{ID: "1", Content: "a"}, {Content: "b"}}}, "custom: item 2 of the menu has no ID or no Content"},
		"menu item without text": {"O", custom.Menu{Items: []custom.MenuItem{{ID: "1"}}}, "custom: item 1 of the menu has no ID or no Content"},
		"card":                   {"O", custom.Card{}, "custom: the card's CardID is empty"},
		"mini program":           {"O", custom.MiniProgram{PagePath: "p", ThumbMediaID: "T"}, "custom: the mini program's AppID is empty"},
		"mini program's page":    {"O", custom.MiniProgram{AppID: "a", ThumbMediaID: "T"}, "custom: the mini program's PagePath is empty"},
		"mini program's thumb":   {"O", custom.MiniProgram{AppID: "a", PagePath: "p"}, "custom: the mini program's ThumbMediaID is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: fine}
			err := newClient(f).Send(t.Context(), tt.to, tt.m)
			require.ErrorIs(t, err, custom.ErrInvalidMessage)
			assert.Equal(t, "value", kindName(t, err))
			assert.EqualError(t, err, tt.want)
			assert.Equal(t, name == "long text", errors.Is(err, custom.ErrTooLong))
			assert.Empty(t, f.calls)
		})
	}
	f := &fake{answer: fine}
	require.NoError(t, newClient(f).Send(t.Context(), "O", custom.Text{Content: strings.Repeat("a", custom.MaxText)}))
	assert.Len(t, f.calls, 1, "at the limit")
}
