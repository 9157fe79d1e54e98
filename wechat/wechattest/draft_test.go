package wechattest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat/wechattest"
)

// editor is a wire whose account has a cover in its library.
type editor struct {
	*wire
	cover string
}

func newEditor(t *testing.T, opts ...wechattest.Option) *editor {
	t.Helper()
	w := newWire(t, opts...)
	return &editor{w, w.s.AddMaterial(wechattest.Media{Kind: media.Image, Data: []byte(pngHead)})}
}

// article is a good one, with changes.
func (e *editor) article(replace ...string) string {
	good := `{"article_type":"news","title":"运动会","author":"王老师","digest":"今天","content":"<p>正文</p>",` +
		`"content_source_url":"https://school.example/","thumb_media_id":"` + e.cover + `","need_open_comment":0,"only_fans_can_comment":0}`
	return strings.NewReplacer(replace...).Replace(good)
}

type draftAnswer struct {
	answer
	MediaID   string `json:"media_id"`
	PublishID string `json:"publish_id"`
	Status    int    `json:"publish_status"`
	ArticleID string `json:"article_id"`
	Total     int    `json:"total_count"`
	Count     int    `json:"item_count"`
	News      []struct {
		Title   string `json:"title"`
		Content string `json:"content"`
		URL     string `json:"url"`
		Deleted *bool  `json:"is_deleted"`
	} `json:"news_item"`
}

func (e *editor) ask(path, body string) (d draftAnswer) {
	e.t.Helper()
	got := e.call("/cgi-bin/"+path, body)
	_ = json.Unmarshal([]byte(got.Body), &d)
	d.answer = got
	return d
}

func (e *editor) draft(articles ...string) string {
	e.t.Helper()
	d := e.ask("draft/add", `{"articles":[`+strings.Join(articles, ",")+`]}`)
	require.Regexp(e.t, `^\{"media_id":"draft\w+"\}$`, d.Body)
	return d.MediaID
}

func TestDrafts(t *testing.T) {
	t.Parallel()
	e := newEditor(t)
	id := e.draft(e.article(), e.article("运动会", "春游"))
	e.s.Advance(time.Minute)
	second := e.draft(e.article("运动会", "第二"))
	assert.Equal(t, `{"total_count":2}`, e.get(e.authorized("/cgi-bin/draft/count")).Body)
	got := e.ask("draft/get", `{"media_id":"`+id+`"}`)
	require.Len(t, got.News, 2)
	assert.Equal(t, "春游", got.News[1].Title)
	assert.Nil(t, got.News[0].Deleted)
	requireCode(t, 0, e.ask("draft/update", `{"media_id":"`+id+`","index":1,"articles":`+e.article("运动会", "秋游")+`}`).answer)
	assert.Equal(t, "秋游", e.ask("draft/get", `{"media_id":"`+id+`"}`).News[1].Title)
	page := e.ask("draft/batchget", `{"offset":0,"count":1,"no_content":1}`)
	assert.Equal(t, 2, page.Total)
	assert.Equal(t, 1, page.Count)
	assert.Contains(t, page.Body, `"item":[{"media_id":"`+second+`","content":{"news_item":[{"article_type":"news","title":"第二"`, "the newest first")
	assert.NotContains(t, page.Body, "正文")
	assert.Contains(t, e.ask("draft/batchget", `{"offset":1,"count":20}`).Body, "正文")
	requireCode(t, 0, e.ask("draft/delete", `{"media_id":"`+id+`"}`).answer)
	requireCode(t, 40007, e.ask("draft/get", `{"media_id":"`+id+`"}`).answer)
	requireCode(t, 40007, e.ask("draft/delete", `{"media_id":"`+id+`"}`).answer)
	assert.Equal(t, `{"total_count":1,"item_count":0,"item":[]}`, e.ask("draft/batchget", `{"offset":9,"count":1}`).Body)
}

func TestDraftsAreRefused(t *testing.T) {
	t.Parallel()
	e := newEditor(t)
	temporary := e.s.AddMedia(wechattest.Media{Kind: media.Image, Data: []byte(pngHead)})
	voice := e.s.AddMaterial(wechattest.Media{Kind: media.Voice, Data: []byte("#!AMR\n")})
	add := func(articles string) answer { return e.ask("draft/add", `{"articles":`+articles+`}`).answer }
	requireCode(t, 44003, e.ask("draft/add", `{}`).answer)
	requireCode(t, 44003, add(`[]`))
	requireCode(t, 47001, add(e.article()))
	requireCode(t, 45008, add("["+strings.Repeat(e.article()+",", 8)+e.article()+"]"))
	for name, tt := range map[string]struct {
		code    int
		replace []string
	}{
		"type":                 {45166, []string{`"news"`, `"video"`}},
		"no title":             {45166, []string{"运动会", ""}},
		"long title":           {45003, []string{"运动会", strings.Repeat("长", 33)}},
		"title at its limit":   {0, []string{"运动会", strings.Repeat("长", 32)}},
		"title is a number":    {47001, []string{`"运动会"`, "1"}},
		"long author":          {40192, []string{"王老师", strings.Repeat("长", 17)}},
		"author at its limit":  {0, []string{"王老师", strings.Repeat("长", 16)}},
		"long digest":          {45004, []string{"今天", strings.Repeat("长", 121)}},
		"digest at its limit":  {0, []string{"今天", strings.Repeat("长", 120)}},
		"no content":           {44004, []string{"<p>正文</p>", ""}},
		"long content":         {45002, []string{"正文", strings.Repeat("长", 20_000-7)}},
		"content at its limit": {0, []string{"正文", strings.Repeat("长", 20_000-8)}},
		"foreign picture":      {45166, []string{"正文", `<img alt='x' src='https://elsewhere.example/a.jpg'>`}},
		"own picture":          {0, []string{"正文", `<img src='` + e.s.URL + `/wechattest/media?x'>`}},
		"no cover":             {40007, []string{e.cover, ""}},
		"temporary cover":      {40007, []string{e.cover, temporary}},
		"a voice as the cover": {40007, []string{e.cover, voice}},
	} {
		t.Run(name, func(t *testing.T) { requireCode(t, tt.code, add("["+e.article(tt.replace...)+"]")) })
	}
	pictures := func(n int, id string) string {
		one := `{"image_media_id":"` + id + `"}`
		return `[{"article_type":"newspic","title":"T","content":"C","image_info":{"image_list":[` + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + `]}}]`
	}
	for n, code := range map[int]int{0: 45166, 1: 0, 20: 0, 21: 45166} {
		requireCode(t, code, add(pictures(n, e.cover)))
	}
	requireCode(t, 40007, add(pictures(2, temporary)))
	id := e.draft(e.article())
	for body, code := range map[string]int{
		`{"media_id":"` + id + `","index":1,"articles":` + e.article() + `}`:          40060,
		`{"media_id":"` + id + `","index":-1,"articles":` + e.article() + `}`:         40060,
		`{"media_id":"` + id + `","index":"0","articles":` + e.article() + `}`:        47001,
		`{"media_id":"` + id + `","index":0,"articles":[` + e.article() + `]}`:        47001,
		`{"media_id":"` + id + `","index":0,"articles":` + e.article("运动会", "") + `}`: 45166,
		`{"media_id":"x","index":0,"articles":` + e.article() + `}`:                   40007,
		`{"media_id":1}`: 47001,
	} {
		requireCode(t, code, e.ask("draft/update", body).answer)
	}
	for _, page := range []string{`{"offset":-1,"count":1}`, `{"offset":0,"count":0}`, `{"offset":0,"count":21}`, `{}`} {
		requireCode(t, 40097, e.ask("draft/batchget", page).answer)
		requireCode(t, 40097, e.ask("freepublish/batchget", page).answer)
	}
	requireCode(t, 47001, e.ask("draft/batchget", `{"offset":"0","count":1}`).answer)
	requireCode(t, 43001, e.call("/cgi-bin/draft/count", "{}"))
	requireCode(t, 43002, e.get(e.authorized("/cgi-bin/draft/add")))
}

func TestPublishing(t *testing.T) {
	t.Parallel()
	e := newEditor(t)
	id := e.draft(e.article(), e.article("运动会", "春游"))
	submitted := e.ask("freepublish/submit", `{"media_id":"`+id+`"}`)
	assert.Regexp(t, `^\{"errcode":0,"errmsg":"ok","publish_id":"100000001","msg_data_id":"\d+"\}$`, submitted.Body)
	requireCode(t, 40007, e.ask("draft/get", `{"media_id":"`+id+`"}`).answer) // it has left the box
	requireCode(t, 40007, e.ask("freepublish/submit", `{"media_id":"`+id+`"}`).answer)
	state := func() draftAnswer { return e.ask("freepublish/get", `{"publish_id":"100000001"}`) }
	assert.Equal(t, `{"publish_id":"100000001","publish_status":1,"fail_idx":[]}`, state().Body)
	assert.Equal(t, `{"total_count":0,"item_count":0,"item":[]}`, e.ask("freepublish/batchget", `{"offset":0,"count":1}`).Body)
	e.s.Advance(5 * time.Second)
	done := state()
	assert.Regexp(t, `^\{"publish_id":"100000001","publish_status":0,"article_id":"article\w+","article_detail":\{"count":2,"item":\[\{"idx":1,"article_url":"http[^"]+"\},\{"idx":2,.*\]\},"fail_idx":\[\]\}$`, done.Body)
	assert.Equal(t, done.Body, e.ask("freepublish/get", `{"publish_id":100000001}`).Body, "a number too")
	requireCode(t, 40097, e.ask("freepublish/get", `{"publish_id":"1"}`).answer)
	requireCode(t, 40097, e.ask("freepublish/get", `{}`).answer)
	article := `{"article_id":"` + done.ArticleID + `"}`
	got := e.ask("freepublish/getarticle", article)
	require.Len(t, got.News, 2)
	assert.False(t, *got.News[0].Deleted)
	assert.Contains(t, done.Body, got.News[1].URL)
	assert.Contains(t, e.ask("freepublish/batchget", `{"offset":0,"count":20,"no_content":1}`).Body, `{"total_count":1,"item_count":1,"item":[{"article_id":"`+done.ArticleID)
	requireCode(t, 53600, e.ask("freepublish/getarticle", `{"article_id":"x"}`).answer)
	requireCode(t, 53600, e.ask("freepublish/delete", `{"article_id":"x"}`).answer)
	requireCode(t, 47001, e.ask("freepublish/getarticle", `{"article_id":1}`).answer)
	requireCode(t, 40060, e.ask("freepublish/delete", `{"article_id":"`+done.ArticleID+`","index":3}`).answer)
	requireCode(t, 47001, e.ask("freepublish/delete", `{"article_id":"`+done.ArticleID+`","index":"1"}`).answer)
	requireCode(t, 0, e.ask("freepublish/delete", `{"article_id":"`+done.ArticleID+`","index":2}`).answer)
	assert.True(t, *e.ask("freepublish/getarticle", article).News[1].Deleted)
	assert.Equal(t, 0, state().Status)
	requireCode(t, 0, e.ask("freepublish/delete", article).answer)
	assert.Equal(t, `{"publish_id":"100000001","publish_status":5,"fail_idx":[]}`, state().Body)
	assert.Equal(t, `{"total_count":0,"item_count":0,"item":[]}`, e.ask("freepublish/batchget", `{"offset":0,"count":1}`).Body)
}

type massAnswer struct {
	answer
	MsgID  int64  `json:"msg_id"`
	DataID int64  `json:"msg_data_id"`
	Status string `json:"msg_status"`
	Speed  int    `json:"speed"`
	Real   int    `json:"realspeed"`
}

func (e *editor) mass(path, body string) (m massAnswer) {
	e.t.Helper()
	got := e.call("/cgi-bin/message/mass/"+path, body)
	_ = json.Unmarshal([]byte(got.Body), &m)
	m.answer = got
	return m
}

func TestMassMessages(t *testing.T) {
	t.Parallel()
	e := newEditor(t)
	e.s.Follow("oA")
	draft := e.draft(e.article())
	got := e.mass("preview", `{"touser":"oA","msgtype":"mpnews","mpnews":{"media_id":"`+draft+`"}}`)
	assert.Regexp(t, `^\{"errcode":0,"errmsg":"preview success","msg_id":\d+\}$`, got.Body)
	got = e.mass("sendall", `{"filter":{"is_to_all":false,"tag_id":2},"msgtype":"mpnews","mpnews":{"media_id":"`+draft+`"},"send_ignore_reprint":0,"clientmsgid":"K"}`)
	assert.Regexp(t, `^\{"errcode":0,"errmsg":"send job submission success","msg_id":\d+,"msg_data_id":\d+\}$`, got.Body)
	requireCode(t, 40007, e.ask("draft/get", `{"media_id":"`+draft+`"}`).answer)
	state := func() string { return e.mass("get", fmt.Sprintf(`{"msg_id":"%d"}`, got.MsgID)).Status }
	assert.Equal(t, "SENDING", state())
	e.s.Advance(5 * time.Second)
	assert.Equal(t, "SEND_SUCCESS", state())
	requireCode(t, 40060, e.mass("delete", fmt.Sprintf(`{"msg_id":%d,"article_idx":9}`, got.MsgID)).answer)
	requireCode(t, 0, e.mass("delete", fmt.Sprintf(`{"msg_id":%d,"article_idx":1}`, got.MsgID)).answer)
	assert.Equal(t, "DELETE", state())
	text := e.mass("send", `{"touser":["oA","oB"],"msgtype":"text","text":{"content":"C"}}`)
	requireCode(t, 40008, e.mass("delete", fmt.Sprintf(`{"msg_id":%d}`, text.MsgID)).answer)
	for _, unknown := range []string{`{"msg_id":1}`, `{}`, `{"msg_id":"x"}`} {
		requireCode(t, 40097, e.mass("get", unknown).answer)
		requireCode(t, 40097, e.mass("delete", unknown).answer)
	}
	all := e.s.MassMessages()
	require.Len(t, all, 3)
	assert.Equal(t, "oA", all[0].Preview)
	assert.Equal(t, []any{"mpnews", draft, int64(2), "K", true}, []any{all[1].Type, all[1].Content, all[1].TagID, all[1].Key, all[1].Deleted})
	assert.Equal(t, []string{"oA", "oB"}, all[2].To)
	assert.Equal(t, `{"speed":0,"realspeed":80}`, e.mass("speed/get", `{}`).Body)
	requireCode(t, 0, e.mass("speed/set", `{"speed":4}`).answer)
	assert.Equal(t, `{"speed":4,"realspeed":10}`, e.mass("speed/get", `{}`).Body)
	requireCode(t, 45083, e.mass("speed/set", `{"speed":5}`).answer)
	requireCode(t, 45083, e.mass("speed/set", `{"speed":-1}`).answer)
	requireCode(t, 45084, e.mass("speed/set", `{}`).answer)
	requireCode(t, 47001, e.mass("speed/set", `{"speed":"1"}`).answer)
}

func TestMassMessagesAreRefused(t *testing.T) {
	t.Parallel()
	e := newEditor(t)
	e.s.Follow("oA")
	for name, tt := range map[string]struct {
		body string
		code int
	}{
		"no type":            {`"text":{"content":"C"}`, 40008},
		"type":               {`"msgtype":"news","news":{}`, 40008},
		"no text":            {`"msgtype":"text","text":{}`, 44004},
		"text is a number":   {`"msgtype":"text","text":{"content":1}`, 47001},
		"no draft":           {`"msgtype":"mpnews","mpnews":{"media_id":"` + e.cover + `"}`, 40007},
		"voice":              {`"msgtype":"voice","voice":{"media_id":"x"}`, 40007},
		"image, not images":  {`"msgtype":"image","image":{"media_id":"` + e.cover + `"}`, 40007},
		"images":             {`"msgtype":"image","images":{"media_ids":["` + e.cover + `"]}`, 0},
		"images is a number": {`"msgtype":"image","images":{"media_ids":[1]}`, 47001},
		"card":               {`"msgtype":"wxcard","wxcard":{"card_id":"C"}`, 0},
		"no card":            {`"msgtype":"wxcard","wxcard":{}`, 40097},
		"long key":           {`"msgtype":"text","text":{"content":"C"},"clientmsgid":"` + strings.Repeat("k", 65) + `"`, 45067},
	} {
		t.Run(name, func(t *testing.T) {
			requireCode(t, tt.code, e.mass("sendall", `{"filter":{"is_to_all":false,"tag_id":2},`+tt.body+`}`).answer)
			requireCode(t, tt.code, e.mass("send", `{"touser":["oA","oB"],`+tt.body+`}`).answer)
		})
	}
	const text = `"msgtype":"text","text":{"content":"C"}`
	requireCode(t, 40097, e.mass("sendall", `{`+text+`}`).answer)
	requireCode(t, 40097, e.mass("sendall", `{"filter":{"is_to_all":false},`+text+`}`).answer)
	requireCode(t, 47001, e.mass("sendall", `{"filter":{"is_to_all":"true"},`+text+`}`).answer)
	requireCode(t, 40130, e.mass("send", `{"touser":["oA"],`+text+`}`).answer)
	requireCode(t, 40130, e.mass("send", `{`+text+`}`).answer)
	requireCode(t, 40130, e.mass("send", `{"touser":["oA"`+strings.Repeat(`,"o"`, 10_000)+`],`+text+`}`).answer)
	requireCode(t, 47001, e.mass("send", `{"touser":["oA",1],`+text+`}`).answer)
	requireCode(t, 40003, e.mass("preview", `{`+text+`}`).answer)
	requireCode(t, 40003, e.mass("preview", `{"touser":"oNobody",`+text+`}`).answer)
	requireCode(t, 0, e.mass("preview", `{"towxname":"wang",`+text+`}`).answer)
	requireCode(t, 0, e.mass("preview", `{"touser":"oA","msgtype":"image","image":{"media_id":"`+e.cover+`"}}`).answer)
}

func TestMassKeysAndQuota(t *testing.T) {
	t.Parallel()
	monday := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	e := newEditor(t, wechattest.WithClock(func() time.Time { return monday }))
	advance := func(d time.Duration) {
		e.s.Advance(d)
		e.token = e.stable(false).Token
	}
	const body = `{"filter":{"is_to_all":true},"msgtype":"text","text":{"content":"C"},"clientmsgid":"%s"}`
	first := e.mass("sendall", fmt.Sprintf(body, "K"))
	requireCode(t, 0, first.answer)
	again := e.mass("sendall", fmt.Sprintf(body, "K"))
	requireCode(t, 45065, again.answer)
	assert.Equal(t, first.MsgID, again.MsgID)
	advance(24 * time.Hour)
	requireCode(t, 0, e.mass("sendall", fmt.Sprintf(body, "K")).answer)
	requireCode(t, 0, e.mass("sendall", fmt.Sprintf(body, "3")).answer)
	requireCode(t, 0, e.mass("sendall", fmt.Sprintf(body, "4")).answer)
	requireCode(t, 45028, e.mass("sendall", fmt.Sprintf(body, "5")).answer)
	advance(32 * 24 * time.Hour)
	requireCode(t, 0, e.mass("sendall", fmt.Sprintf(body, "6")).answer)
}
