package callback

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// headXML and headJSON are what every reply to replyTo begins with.
const (
	headXML  = "<xml><ToUserName><![CDATA[oUSER]]></ToUserName><FromUserName><![CDATA[gh_1]]></FromUserName><CreateTime>1763913600</CreateTime>"
	headJSON = `{"ToUserName":"oUSER","FromUserName":"gh_1","CreateTime":1763913600,`
)

func replyTo(msgType string) *Header {
	return &Header{ToUserName: "gh_1", FromUserName: "oUSER", MsgType: msgType}
}

var replyTime = time.UnixMilli(1763913600_999)

// replies has replies of every type, and what follows the head of each.
var replies = map[string]struct {
	reply     Reply
	xml, json string
}{
	"text": {
		Text{Content: "您好 😀\n<a href=\"https://example.com/?a=1&b=2\">照片</a>"},
		"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[您好 😀\n<a href=\"https://example.com/?a=1&b=2\">照片</a>]]></Content></xml>",
		`"MsgType":"text","Content":"您好 😀\u000a<a href=\"https://example.com/?a=1&b=2\">照片</a>"}`,
	},
	"text with the end of CDATA": {
		Text{Content: "a]]>b]]]]>>"},
		"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[a]]]]><![CDATA[>b]]]]]]><![CDATA[>>]]></Content></xml>",
		`"MsgType":"text","Content":"a]]>b]]]]>>"}`,
	},
	"text that XML cannot hold": {
		Text{Content: "a\x00b\x1fc\xffd\uFFFEe\r\nf\rg\t\\"},
		"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[abc\uFFFDde\nf\ng\t\\]]></Content></xml>",
		`"MsgType":"text","Content":"abc` + "\uFFFD" + `de\u000af\u000ag\u0009\\"}`,
	},
	"image": {
		Image{MediaID: "media_id"},
		"<MsgType><![CDATA[image]]></MsgType><Image><MediaId><![CDATA[media_id]]></MediaId></Image></xml>",
		`"MsgType":"image","Image":{"MediaId":"media_id"}}`,
	},
	"voice": {
		Voice{MediaID: "media_id"},
		"<MsgType><![CDATA[voice]]></MsgType><Voice><MediaId><![CDATA[media_id]]></MediaId></Voice></xml>",
		`"MsgType":"voice","Voice":{"MediaId":"media_id"}}`,
	},
	"video": {
		Video{MediaID: "media_id", Title: "title", Description: "description"},
		"<MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[media_id]]></MediaId><Title><![CDATA[title]]></Title><Description><![CDATA[description]]></Description></Video></xml>",
		`"MsgType":"video","Video":{"MediaId":"media_id","Title":"title","Description":"description"}}`,
	},
	"video alone": {
		Video{MediaID: "media_id"},
		"<MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[media_id]]></MediaId></Video></xml>",
		`"MsgType":"video","Video":{"MediaId":"media_id"}}`,
	},
	"music": {
		Music{Title: "TITLE", Description: "DESCRIPTION", URL: "MUSIC_Url", HQURL: "HQ_MUSIC_Url", ThumbMediaID: "media_id"},
		"<MsgType><![CDATA[music]]></MsgType><Music><Title><![CDATA[TITLE]]></Title><Description><![CDATA[DESCRIPTION]]></Description><MusicUrl><![CDATA[MUSIC_Url]]></MusicUrl><HQMusicUrl><![CDATA[HQ_MUSIC_Url]]></HQMusicUrl><ThumbMediaId><![CDATA[media_id]]></ThumbMediaId></Music></xml>",
		`"MsgType":"music","Music":{"Title":"TITLE","Description":"DESCRIPTION","MusicUrl":"MUSIC_Url","HQMusicUrl":"HQ_MUSIC_Url","ThumbMediaId":"media_id"}}`,
	},
	"music alone": {
		Music{ThumbMediaID: "media_id"},
		"<MsgType><![CDATA[music]]></MsgType><Music><ThumbMediaId><![CDATA[media_id]]></ThumbMediaId></Music></xml>",
		`"MsgType":"music","Music":{"ThumbMediaId":"media_id"}}`,
	},
	"news": {
		News{Articles: []Article{{Title: "title1", Description: "description1", PicURL: "picurl", URL: "url"}, {Title: "title2"}}},
		"<MsgType><![CDATA[news]]></MsgType><ArticleCount>2</ArticleCount><Articles><item><Title><![CDATA[title1]]></Title><Description><![CDATA[description1]]></Description><PicUrl><![CDATA[picurl]]></PicUrl><Url><![CDATA[url]]></Url></item>" +
			"<item><Title><![CDATA[title2]]></Title><Description><![CDATA[]]></Description><PicUrl><![CDATA[]]></PicUrl><Url><![CDATA[]]></Url></item></Articles></xml>",
		`"MsgType":"news","ArticleCount":2,"Articles":{"item":[{"Title":"title1","Description":"description1","PicUrl":"picurl","Url":"url"},{"Title":"title2","Description":"","PicUrl":"","Url":""}]}}`,
	},
	"transfer": {
		Transfer{},
		"<MsgType><![CDATA[transfer_customer_service]]></MsgType></xml>",
		`"MsgType":"transfer_customer_service"}`,
	},
	"transfer to an agent": {
		Transfer{KfAccount: "test1@test"},
		"<MsgType><![CDATA[transfer_customer_service]]></MsgType><TransInfo><KfAccount><![CDATA[test1@test]]></KfAccount></TransInfo></xml>",
		`"MsgType":"transfer_customer_service","TransInfo":{"KfAccount":"test1@test"}}`,
	},
}

func TestReplies(t *testing.T) {
	t.Parallel()
	for name, tt := range replies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := AppendReply([]byte("before"), XML, replyTo("event"), tt.reply, replyTime)
			require.NoError(t, err)
			assert.Equal(t, "before"+headXML+tt.xml, string(got))
			got, err = AppendReply([]byte("before"), JSON, replyTo("event"), tt.reply, replyTime)
			require.NoError(t, err)
			assert.Equal(t, "before"+headJSON+tt.json, string(got))
			assert.True(t, json.Valid(got[len("before"):]))
		})
	}
}

func TestReplyIsRefused(t *testing.T) {
	t.Parallel()
	title := Article{Title: "t"}
	many := func(n int) News {
		var news News
		for range n {
			news.Articles = append(news.Articles, title)
		}
		return news
	}
	for name, tt := range map[string]struct {
		to    *Header
		reply Reply
		why   string // "": it is not refused
	}{
		"2048 bytes":           {replyTo("text"), Text{strings.Repeat("x", 2048)}, ""},
		"682 Chinese":          {replyTo("text"), Text{strings.Repeat("字", 682)}, ""},
		"2049 bytes":           {replyTo("text"), Text{strings.Repeat("x", 2049)}, "a Text of 2049 bytes; WeChat takes 2048 in a response. With Config.Late set it is sent whole"},
		"683 Chinese":          {replyTo("text"), Text{strings.Repeat("字", 683)}, "a Text of 2049 bytes; WeChat takes 2048 in a response. With Config.Late set it is sent whole"},
		"2048 and controls":    {replyTo("text"), Text{strings.Repeat("x", 2048) + "\x00"}, ""},
		"broken UTF-8 grows":   {replyTo("text"), Text{strings.Repeat("\xff", 1000)}, "a Text of 3000 bytes; WeChat takes 2048 in a response. With Config.Late set it is sent whole"},
		"no text":              {replyTo("text"), Text{}, "a Text needs a Content"},
		"only controls":        {replyTo("text"), Text{"\x00"}, "a Text needs a Content"},
		"image":                {replyTo("text"), Image{}, "an Image needs a MediaID"},
		"voice":                {replyTo("text"), Voice{}, "a Voice needs a MediaID"},
		"video":                {replyTo("text"), Video{Title: "t"}, "a Video needs a MediaID"},
		"music":                {replyTo("text"), Music{URL: "u"}, "a Music needs a ThumbMediaID"},
		"a title of controls":  {replyTo("event"), News{[]Article{{Title: "\x00"}}}, "article 1 of the News needs a Title"},
		"an id of controls":    {replyTo("text"), Image{"\x00"}, "an Image needs a MediaID"},
		"no articles":          {replyTo("event"), News{}, "a News needs an Article"},
		"8 articles":           {replyTo("event"), many(8), ""},
		"9 articles":           {replyTo("event"), many(9), "a News of 9 articles; in reply to this kind of message WeChat shows 8"},
		"an article untitled":  {replyTo("event"), News{[]Article{title, {URL: "u"}}}, "article 2 of the News needs a Title"},
		"8 articles to a link": {replyTo("link"), many(8), ""},
		"2 articles to text":   {replyTo("text"), many(2), "a News of 2 articles; in reply to this kind of message WeChat shows 1"},
		"to image":             {replyTo("image"), many(2), "a News of 2 articles; in reply to this kind of message WeChat shows 1"},
		"to voice":             {replyTo("voice"), many(2), "a News of 2 articles; in reply to this kind of message WeChat shows 1"},
		"to video":             {replyTo("video"), many(2), "a News of 2 articles; in reply to this kind of message WeChat shows 1"},
		"to news":              {replyTo("news"), many(2), "a News of 2 articles; in reply to this kind of message WeChat shows 1"},
		"to location":          {replyTo("location"), many(2), "a News of 2 articles; in reply to this kind of message WeChat shows 1"},
		"nil":                  {replyTo("text"), nil, "it is nil; the answer without a reply is the word success"},
		"pointer":              {replyTo("text"), &Text{Content: "x"}, "it is a *callback.Text; replies are values such as callback.Text{...}, not pointers"},
		"nil pointer":          {replyTo("text"), (*News)(nil), "it is a *callback.News; replies are values such as callback.Text{...}, not pointers"},
		"nobody to answer":     {&Header{ToUserName: "gh_1"}, Text{"x"}, "the message has no sender or no receiver, so nobody can be answered"},
		"nobody who answers":   {&Header{FromUserName: "o"}, Text{"x"}, "the message has no sender or no receiver, so nobody can be answered"},
		"a foreign reply":      {replyTo("text"), foreign{Text{"x"}}, "it is a callback.foreign; replies are values such as callback.Text{...}, not pointers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := AppendReply([]byte("before"), XML, tt.to, tt.reply, replyTime)
			if tt.why == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrReply)
			require.EqualError(t, err, "callback: invalid reply: "+tt.why)
			assert.Equal(t, "before", string(got))
		})
	}
}

// foreign is a reply by embedding.
type foreign struct{ Text }

// answer is what a program with encoding/xml reads of a reply.
type answer struct {
	ToUserName, FromUserName string
	CreateTime               int64
	MsgType, Content         string
	Image, Voice             struct {
		MediaID string `xml:"MediaId"`
	}
	Video struct {
		MediaID            string `xml:"MediaId"`
		Title, Description string
	}
	Music struct {
		Title, Description string
		URL                string `xml:"MusicUrl"`
		HQURL              string `xml:"HQMusicUrl"`
		ThumbMediaID       string `xml:"ThumbMediaId"`
	}
	ArticleCount int
	Articles     struct {
		Item []struct {
			Title, Description string
			PicURL             string `xml:"PicUrl"`
			URL                string `xml:"Url"`
		} `xml:"item"`
	}
	TransInfo struct{ KfAccount string }
}

// reply turns a back into what it was made from.
func (a answer) reply() Reply {
	switch a.MsgType {
	case "text":
		return Text{a.Content}
	case "image":
		return Image{a.Image.MediaID}
	case "voice":
		return Voice{a.Voice.MediaID}
	case "video":
		return Video{MediaID: a.Video.MediaID, Title: a.Video.Title, Description: a.Video.Description}
	case "music":
		return Music{a.Music.Title, a.Music.Description, a.Music.URL, a.Music.HQURL, a.Music.ThumbMediaID}
	case "news":
		var n News
		for _, item := range a.Articles.Item {
			n.Articles = append(n.Articles, Article(item))
		}
		return n
	case "transfer_customer_service":
		return Transfer{a.TransInfo.KfAccount}
	}
	return nil
}

// readBack encodes r and reads it with encoding/xml.
func readBack(t testing.TB, in *Header, r Reply) answer {
	encoded, err := AppendReply(nil, XML, in, r, replyTime)
	require.NoError(t, err)
	var a answer
	require.NoError(t, xml.Unmarshal(encoded, &a), "%s", encoded)
	assert.EqualValues(t, 1763913600, a.CreateTime)
	return a
}

func TestReplyIsParsedToo(t *testing.T) {
	t.Parallel()
	for _, format := range []Format{XML, JSON} {
		encoded, err := AppendReply(nil, format, replyTo("text"), Text{Content: "a]]>b\n\"你"}, replyTime)
		require.NoError(t, err)
		assert.Equal(t, &TextMessage{
			Header:  Header{ToUserName: "oUSER", FromUserName: "gh_1", CreateTime: 1763913600, MsgType: "text"},
			Content: "a]]>b\n\"你",
		}, parsed(t, string(encoded)))
	}
}
