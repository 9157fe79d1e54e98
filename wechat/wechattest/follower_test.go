package wechattest_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/wechattest"
)

const (
	pathFollowers = "/cgi-bin/user/get"
	pathInfo      = "/cgi-bin/user/info"
	pathInfos     = "/cgi-bin/user/info/batchget"
	pathRemark    = "/cgi-bin/user/info/updateremark"
	pathChanged   = "/cgi-bin/changeopenid"
	pathTags      = "/cgi-bin/tags/"
	pathMembers   = "/cgi-bin/user/tag/get"
	pathTagging   = "/cgi-bin/tags/members/batchtagging"
	pathUntagging = "/cgi-bin/tags/members/batchuntagging"
	pathTagsOf    = "/cgi-bin/tags/getidlist"
	pathBlacklist = "/cgi-bin/tags/members/getblacklist"
	pathBlock     = "/cgi-bin/tags/members/batchblacklist"
	pathUnblock   = "/cgi-bin/tags/members/batchunblacklist"
)

// ask is get with the token and a query.
func (w *wire) ask(path, query string) answer {
	w.t.Helper()
	return w.get(w.authorized(path) + query)
}

// crowd returns n openids.
func crowd(n int) []string {
	openids := make([]string, n)
	for i := range openids {
		openids[i] = fmt.Sprintf("o%06d", i)
	}
	return openids
}

// list returns a JSON array of n openids.
func list(n int) string { return `["` + strings.Join(crowd(n), `","`) + `"]` }

func TestFollowersAreListed(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	assert.Equal(t, `{"total":0,"count":0,"next_openid":""}`, w.ask(pathFollowers, "&next_openid=").Body)
	w.s.Follow("oA", "oB", "oC", "oD")
	w.s.SetFollower(wechattest.Blacklisted, "oB")
	w.s.SetFollower(wechattest.Rejecting, "oC")
	w.s.Unfollow("oD", "oNeverFollowed")
	assert.Equal(t, `{"total":3,"count":3,"data":{"openid":["oA","oB","oC"]},"next_openid":"oC"}`, w.ask(pathFollowers, "").Body)
	assert.Equal(t, `{"total":3,"count":2,"data":{"openid":["oB","oC"]},"next_openid":"oC"}`, w.ask(pathFollowers, "&next_openid=oA").Body)
	assert.Equal(t, `{"total":3,"count":0,"next_openid":""}`, w.ask(pathFollowers, "&next_openid=oD").Body, "behind who has left")
	for _, unknown := range []string{"oX", "oNeverFollowed"} {
		requireCode(t, 40003, w.ask(pathFollowers, "&next_openid="+unknown))
	}
	w.s.Unfollow("oA")
	w.s.Follow("oA", "oB")
	assert.Equal(t, `{"total":3,"count":3,"data":{"openid":["oB","oC","oA"]},"next_openid":"oA"}`, w.ask(pathFollowers, "").Body, "in the order of follows")

	requireCode(t, 43001, w.call(pathFollowers, "{}"))
	w.s.SetDailyQuota(pathFollowers, 0)
	requireCode(t, 45009, w.ask(pathFollowers, ""))
}

func TestFollowersComeInPages(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.s.Follow(crowd(10_001)...)
	page := func(after string) (openids []string, next string) {
		var p struct {
			Data struct {
				OpenIDs []string `json:"openid"`
			} `json:"data"`
			Next string `json:"next_openid"`
		}
		require.NoError(t, json.Unmarshal([]byte(w.ask(pathFollowers, "&next_openid="+after).Body), &p))
		return p.Data.OpenIDs, p.Next
	}
	first, next := page("")
	assert.Len(t, first, 10_000)
	assert.Equal(t, "o009999", next)
	second, next := page(next)
	assert.Equal(t, []string{"o010000"}, second)
	assert.Equal(t, "o010000", next)
	third, next := page(next)
	assert.Empty(t, third)
	assert.Empty(t, next)
}

func TestFollowerInfo(t *testing.T) {
	t.Parallel()
	now := time.Unix(1790000000, 0)
	w := newWire(t, wechattest.WithClock(func() time.Time { return now }), wechattest.WithFollowers(func(_, openid string) wechattest.Follower {
		if openid == "oRule" {
			return wechattest.Following
		}
		return wechattest.Stranger
	}))
	w.s.Follow("oA")
	w.s.Unfollow("oLeft")
	const oA = `{"subscribe":1,"openid":"oA","nickname":"","sex":0,"language":"zh_CN","city":"","province":"","country":"","headimgurl":"",` +
		`"subscribe_time":1790000000,"remark":"","groupid":0,"tagid_list":[],"subscribe_scene":"ADD_SCENE_SEARCH","qr_scene":0,"qr_scene_str":""}`
	assert.Equal(t, oA, w.ask(pathInfo, "&openid=oA").Body)
	assert.Equal(t, strings.Replace(oA, "zh_CN", "en", 1), w.ask(pathInfo, "&openid=oA&lang=en").Body)
	assert.Equal(t, `{"subscribe":0,"openid":"oLeft"}`, w.ask(pathInfo, "&openid=oLeft").Body)
	assert.Contains(t, w.ask(pathInfo, "&openid=oRule").Body, `"subscribe":1`)
	requireCode(t, 40003, w.ask(pathInfo, "&openid=oX"))
	requireCode(t, 41009, w.ask(pathInfo, ""))
	requireCode(t, 40097, w.ask(pathInfo, "&openid=oA&lang=de"))

	assert.Equal(t, `{"user_info_list":[{"subscribe":0,"openid":"oLeft"},`+oA+`]}`,
		w.call(pathInfos, `{"user_list":[{"openid":"oA","lang":"zh_CN"},{"openid":"oLeft"}]}`).Body, "in another order")
	users := func(n int) string {
		return `{"user_list":[{"openid":"oA"}` + strings.Repeat(`,{"openid":"oA"}`, n-1) + `]}`
	}
	for body, code := range map[string]int{
		users(100): 0, users(101): 40032, `{"user_list":[]}`: 40032, `{}`: 40032,
		`{"user_list":[{"openid":"oA"},{"openid":"oX"}]}`: 40003, `{"user_list":[{}]}`: 40003,
		`{"user_list":["oA"]}`: 47001, `{"user_list":[{"openid":1}]}`: 47001, `{"user_list":{}}`: 47001,
		`{"user_list":[{"openid":"oA","lang":"de"}]}`: 40097,
	} {
		requireCode(t, code, w.call(pathInfos, body), body)
	}
}

func TestRemarks(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.s.Follow("oA")
	w.s.Unfollow("oLeft")
	for _, tt := range []struct {
		openid, remark string
		code           int
	}{
		{"oA", "三年级二班张三妈", 0}, {"oX", "a", 40003}, {"", "a", 40003}, {"oLeft", "a", 43004},
		{"oA", strings.Repeat("a", 30), 40092}, {"oA", strings.Repeat("三", 10), 40092}, {"oA", strings.Repeat("a", 29), 0},
	} {
		requireCode(t, tt.code, w.call(pathRemark, fmt.Sprintf(`{"openid":%q,"remark":%q}`, tt.openid, tt.remark)), tt)
	}
	requireCode(t, 47001, w.call(pathRemark, `{"openid":"oA","remark":1}`))
	assert.Contains(t, w.ask(pathInfo, "&openid=oA").Body, `"remark":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`)
	requireCode(t, 0, w.call(pathRemark, `{"openid":"oA","remark":""}`))
	assert.Contains(t, w.ask(pathInfo, "&openid=oA").Body, `"remark":""`)
	requireCode(t, 0, w.call(pathRemark, `{"openid":"oA","remark":"x"}`))
	w.s.Unfollow("oA")
	w.s.Follow("oA")
	assert.Contains(t, w.ask(pathInfo, "&openid=oA").Body, `"remark":""`, "forgotten with who left")
}

func TestTags(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	assert.Equal(t, `{"tags":[{"id":2,"name":"星标组","count":0}]}`, w.ask(pathTags+"get", "").Body)
	assert.Equal(t, `{"tag":{"id":100,"name":"广东"}}`, w.call(pathTags+"create", `{"tag":{"name":"广东"}}`).Body)
	for body, code := range map[string]int{
		`{"tag":{"name":"广东"}}`: 45157, `{"tag":{"name":""}}`: 45157, `{}`: 45157, `{"tag":{"name":"星标组"}}`: 45157,
		`{"tag":{"name":"` + strings.Repeat("广", 31) + `"}}`: 45158,
		`{"tag":{"name":1}}`: 47001, `{"tag":"广东"}`: 47001,
	} {
		requireCode(t, code, w.call(pathTags+"create", body), body)
	}
	for body, code := range map[string]int{
		`{"tag":{"id":0,"name":"a"}}`: 45058, `{"tag":{"id":1,"name":"a"}}`: 45058, `{"tag":{"id":2,"name":"a"}}`: 45058,
		`{"tag":{"id":99,"name":"a"}}`: 45159, `{"tag":{"name":"a"}}`: 45159, `{"tag":{"id":-1,"name":"a"}}`: 45159,
		`{"tag":{"id":100,"name":""}}`: 45157, `{"tag":{"id":100,"name":"星标组"}}`: 45157, `{"tag":{"id":100,"name":"广东"}}`: 0,
		`{"tag":{"id":100,"name":"` + strings.Repeat("a", 31) + `"}}`: 45158,
		`{"tag":{"id":"100","name":"a"}}`:                             47001, `{"tag":{"id":100,"name":1}}`: 47001,
	} {
		requireCode(t, code, w.call(pathTags+"update", body), body)
	}
	requireCode(t, 0, w.call(pathTags+"update", `{"tag":{"id":100,"name":"`+strings.Repeat("广", 30)+`"}}`))
	assert.Contains(t, w.ask(pathTags+"get", "").Body, `{"id":100,"name":"`+strings.Repeat("广", 30)+`","count":0}`)

	for i := range 99 {
		requireCode(t, 0, w.call(pathTags+"create", fmt.Sprintf(`{"tag":{"name":"%d"}}`, i)))
	}
	requireCode(t, 45056, w.call(pathTags+"create", `{"tag":{"name":"one too many"}}`))
	for body, code := range map[string]int{
		`{"tag":{"id":0}}`: 45058, `{"tag":{"id":2}}`: 45058, `{"tag":{"id":999}}`: 45159, `{}`: 45159, `{"tag":{"id":"100"}}`: 47001,
	} {
		requireCode(t, code, w.call(pathTags+"delete", body), body)
	}
	requireCode(t, 0, w.call(pathTags+"delete", `{"tag":{"id":100}}`))
	requireCode(t, 45159, w.call(pathTags+"delete", `{"tag":{"id":100}}`))
	assert.Equal(t, `{"tag":{"id":200,"name":"again"}}`, w.call(pathTags+"create", `{"tag":{"name":"again"}}`).Body)
}

func TestFollowersAreTagged(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.s.Follow("oA", "oB", "oC")
	w.s.Unfollow("oLeft")
	requireCode(t, 0, w.call(pathTags+"create", `{"tag":{"name":"三年级"}}`))
	assert.Equal(t, `{"count":0}`, w.call(pathMembers, `{"tagid":100,"next_openid":""}`).Body)
	requireCode(t, 0, w.call(pathTagging, `{"openid_list":["oA","oB"],"tagid":100}`))
	requireCode(t, 0, w.call(pathTagging, `{"openid_list":["oA","oC"],"tagid":100}`))
	requireCode(t, 0, w.call(pathTagging, `{"openid_list":["oA"],"tagid":2}`))
	assert.Equal(t, `{"count":3,"data":{"openid":["oA","oB","oC"]},"next_openid":"oC"}`, w.call(pathMembers, `{"tagid":100}`).Body)
	assert.Equal(t, `{"count":1,"data":{"openid":["oC"]},"next_openid":"oC"}`, w.call(pathMembers, `{"tagid":100,"next_openid":"oB"}`).Body)
	assert.Equal(t, `{"count":0}`, w.call(pathMembers, `{"tagid":100,"next_openid":"oC"}`).Body)
	assert.Equal(t, `{"tagid_list":[100,2]}`, w.call(pathTagsOf, `{"openid":"oA"}`).Body)
	assert.Contains(t, w.ask(pathInfo, "&openid=oA").Body, `"tagid_list":[100,2]`)
	assert.Equal(t, `{"tags":[{"id":2,"name":"星标组","count":1},{"id":100,"name":"三年级","count":3}]}`, w.ask(pathTags+"get", "").Body)

	requireCode(t, 0, w.call(pathUntagging, `{"openid_list":["oA","oA"],"tagid":100}`))
	requireCode(t, 0, w.call(pathUntagging, `{"openid_list":["oA"],"tagid":100}`))
	assert.Equal(t, `{"tagid_list":[2]}`, w.call(pathTagsOf, `{"openid":"oA"}`).Body)
	w.s.Unfollow("oB")
	assert.Equal(t, `{"count":1,"data":{"openid":["oC"]},"next_openid":"oC"}`, w.call(pathMembers, `{"tagid":100}`).Body, "who left has no tag")
	requireCode(t, 0, w.call(pathTags+"delete", `{"tag":{"id":100}}`))
	assert.Equal(t, `{"tagid_list":[]}`, w.call(pathTagsOf, `{"openid":"oC"}`).Body)

	requireCode(t, 45159, w.call(pathMembers, `{"tagid":100}`))
	requireCode(t, 40003, w.call(pathMembers, `{"tagid":2,"next_openid":"oX"}`))
	requireCode(t, 47001, w.call(pathMembers, `{"tagid":"2"}`))
	for body, code := range map[string]int{`{"openid":"oX"}`: 40003, `{}`: 40003, `{"openid":"oLeft"}`: 50005, `{"openid":1}`: 47001} {
		requireCode(t, code, w.call(pathTagsOf, body), body)
	}
}

func TestTaggingIsRefused(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.s.Follow(crowd(51)...)
	w.s.Unfollow("oLeft")
	id := w.s.AddTag("三年级")
	for _, path := range []string{pathTagging, pathUntagging} {
		for body, code := range map[string]int{
			list(50) + `,"tagid":100`: 0, list(51) + `,"tagid":100`: 40032, `[],"tagid":100`: 40032,
			list(1) + `,"tagid":101`: 45159, list(1) + `,"tagid":0`: 45159, list(1): 45159,
			`["o000000","oX"],"tagid":100`: 40003, `[""],"tagid":100`: 40003,
			`["o000000",1],"tagid":100`: 47001, `"o000000","tagid":100`: 47001, list(1) + `,"tagid":"100"`: 47001,
		} {
			requireCode(t, code, w.call(path, `{"openid_list":`+body+`}`), path, " ", body)
		}
		a := w.call(path, `{"openid_list":["o000000","oLeft","o000001"],"tagid":100}`)
		requireCode(t, 45171, a)
		assert.Regexp(t, `,"fail_openid_list":\["oLeft"\]}$`, a.Body)
	}
	requireCode(t, 40032, w.call(pathTagging, `{"tagid":100}`))

	requireCode(t, 40003, w.call(pathTagging, `{"openid_list":["o000005","oX"],"tagid":100}`))
	assert.Equal(t, `{"tagid_list":[]}`, w.call(pathTagsOf, `{"openid":"o000005"}`).Body, "a foreign openid fails the call")
	requireCode(t, 45171, w.call(pathTagging, `{"openid_list":["o000005","oLeft"],"tagid":100}`))
	assert.Equal(t, `{"tagid_list":[100]}`, w.call(pathTagsOf, `{"openid":"o000005"}`).Body, "one who has left fails alone")

	for i := range 19 {
		w.s.AddTag(fmt.Sprint("tag", i), "o000005")
	}
	more := w.s.AddTag("one too many")
	tag := func(id int) answer {
		return w.call(pathTagging, fmt.Sprintf(`{"openid_list":["o000006","o000005"],"tagid":%d}`, id))
	}
	requireCode(t, 45059, tag(more))
	requireCode(t, 0, tag(id), "they have it")
	assert.Equal(t, `{"count":0}`, w.call(pathMembers, fmt.Sprintf(`{"tagid":%d}`, more)).Body)
}

func TestATagOfManyIsNotDeleted(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	openids := crowd(100_001)
	w.s.Follow(openids...)
	id := w.s.AddTag("everybody", openids...)
	remove := func() answer { return w.call(pathTags+"delete", fmt.Sprintf(`{"tag":{"id":%d}}`, id)) }
	requireCode(t, 45057, remove())
	requireCode(t, 0, w.call(pathUntagging, fmt.Sprintf(`{"openid_list":["o000000"],"tagid":%d}`, id)))
	requireCode(t, 0, remove())
}

func TestBlacklist(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	w.s.Follow(crowd(1001)...)
	w.s.Unfollow("oLeft")
	assert.Equal(t, `{"total":0,"count":0,"next_openid":""}`, w.call(pathBlacklist, `{"begin_openid":""}`).Body)
	requireCode(t, 0, w.call(pathBlock, `{"openid_list":["oFollower"]}`))
	requireCode(t, 0, w.call(pathBlock, `{"openid_list":["oFollower"]}`))
	assert.Equal(t, `{"total":1,"count":1,"data":{"openid":["oFollower"]},"next_openid":"oFollower"}`, w.call(pathBlacklist, `{}`).Body)
	requireCode(t, 43019, w.send(), "who is blocked gets no message")
	assert.Contains(t, w.ask(pathInfo, "&openid=oFollower").Body, `"subscribe":1`)
	requireCode(t, 0, w.call(pathUnblock, `{"openid_list":["oFollower","o000000"]}`))
	requireCode(t, 0, w.send())
	assert.Equal(t, `{"total":0,"count":0,"next_openid":""}`, w.call(pathBlacklist, `{"begin_openid":"oFollower"}`).Body)

	for _, path := range []string{pathBlock, pathUnblock} {
		for body, code := range map[string]int{
			list(20): 0, list(21): 40032, `[]`: 40032, `["o000000","oX"]`: 49003, `["oLeft"]`: 49003, `["o000000",1]`: 47001,
		} {
			requireCode(t, code, w.call(path, `{"openid_list":`+body+`}`), path, " ", body)
		}
	}
	requireCode(t, 40032, w.call(pathBlock, `{}`))
	requireCode(t, 40003, w.call(pathBlacklist, `{"begin_openid":"oX"}`))
	requireCode(t, 47001, w.call(pathBlacklist, `{"begin_openid":1}`))

	w.s.SetFollower(wechattest.Blacklisted, crowd(1001)...)
	assert.Contains(t, w.call(pathBlacklist, `{}`).Body, `{"total":1001,"count":1000,`)
	assert.Equal(t, 1, strings.Count(w.call(pathBlacklist, `{"begin_openid":"o000999"}`).Body, `"count":1,`))
	w.s.Unfollow("o000000")
	assert.Contains(t, w.call(pathBlacklist, `{}`).Body, `{"total":1000,`, "who left is off the list")
}

func TestChangedOpenIDs(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.s.MoveFrom("wxold", map[string]string{"oA": "nA", "oB": "nB"})
	assert.Equal(t, `{"errcode":0,"errmsg":"ok","result_list":[{"ori_openid":"oB","new_openid":"nB","err_msg":"ok"},`+
		`{"ori_openid":"oX","err_msg":"ori_openid error"}]}`, w.call(pathChanged, `{"from_appid":"wxold","openid_list":["oB","oX"]}`).Body)
	assert.Contains(t, w.ask(pathInfo, "&openid=nA").Body, `"subscribe_scene":"ADD_SCENE_ACCOUNT_MIGRATION"`)
	for body, code := range map[string]int{
		`{"from_appid":"wxother","openid_list":["oA"]}`: 40013, `{"openid_list":["oA"]}`: 40013,
		`{"from_appid":"wxold","openid_list":[]}`: 40032, `{"from_appid":"wxold"}`: 40032,
		`{"from_appid":"wxold","openid_list":` + list(101) + `}`: 40032, `{"from_appid":"wxold","openid_list":` + list(100) + `}`: 0,
		`{"from_appid":1,"openid_list":["oA"]}`: 47001, `{"from_appid":"wxold","openid_list":"oA"}`: 47001,
	} {
		requireCode(t, code, w.call(pathChanged, body), body)
	}
}

func TestFollowersByTheWrongMethod(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, path := range []string{
		pathInfos, pathRemark, pathChanged, pathTags + "create", pathTags + "update", pathTags + "delete", pathMembers, pathTagging,
		pathUntagging, pathTagsOf, pathBlacklist, pathBlock, pathUnblock, pathCode, pathShorten, pathExpand,
	} {
		requireCode(t, 43002, w.get(w.authorized(path)), path)
	}
	for _, path := range []string{pathInfo, pathTags + "get", "/cgi-bin/showqrcode"} {
		requireCode(t, 43001, w.call(path, "{}"), path)
	}
	requireCode(t, 41001, w.get(pathFollowers+"?next_openid="+url.QueryEscape("oA")))
}
