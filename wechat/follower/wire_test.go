package follower_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/follower"
)

// TestCallsToTheLetter has each call that is about one thing, what it sends, and what it makes of the
// answer.
func TestCallsToTheLetter(t *testing.T) {
	t.Parallel()
	type client = *follower.Client
	info := func(ctx context.Context, c client) (any, error) { return c.Info(ctx, "o P&1") }
	infoCall := call{"GET", "/cgi-bin/user/info?openid=o+P%261", "", false}
	tags := func(ctx context.Context, c client) (any, error) { return c.Tags(ctx) }
	tagsCall := call{"GET", "/cgi-bin/tags/get", "", false}
	add := func(ctx context.Context, c client) (any, error) { return c.AddTag(ctx, "广东") }
	addCall := call{"POST", "/cgi-bin/tags/create", `{"tag":{"name":"广东"}}`, false}
	tagsOf := func(ctx context.Context, c client) (any, error) { return c.TagsOf(ctx, "O") }
	tagsOfCall := call{"POST", "/cgi-bin/tags/getidlist", `{"openid":"O"}`, true}
	for name, tt := range map[string]struct {
		call   func(context.Context, client) (any, error)
		answer string
		want   call
		result any
	}{
		"info": {info, `{"subscribe":1,"openid":"o P&1","nickname":"","sex":0,"language":"zh_CN","city":"","province":"","country":"","headimgurl":"",` +
			`"subscribe_time":1641364601,"unionid":"U","remark":"R","groupid":0,"tagid_list":[128,2],"subscribe_scene":"ADD_SCENE_QR_CODE",` +
			`"qr_scene":98765,"qr_scene_str":""}`, infoCall,
			follower.Info{
				OpenID: "o P&1", Following: true, Since: time.Unix(1641364601, 0), UnionID: "U", Remark: "R", Tags: []int{128, 2},
				Source: follower.SourceQRCode, Scene: "98765", Language: "zh_CN",
			}},
		"text scene": {info, `{"subscribe":1,"subscribe_scene":"ADD_SCENE_NEW","qr_scene":0,"qr_scene_str":"class-3"}`, infoCall,
			follower.Info{OpenID: "o P&1", Following: true, Source: "ADD_SCENE_NEW", Scene: "class-3"}},
		"quoted": {info, `{"subscribe":"1","subscribe_time":"1641364601","tagid_list":["128",2],"qr_scene":"7","qr_scene_str":8}`, infoCall,
			follower.Info{OpenID: "o P&1", Following: true, Since: time.Unix(1641364601, 0), Tags: []int{128, 2}, Scene: "8"}},
		"nulls": {info, `{"subscribe":1,"subscribe_time":null,"tagid_list":null,"unionid":null,"qr_scene":null,"qr_scene_str":null,"remark":null}`, infoCall,
			follower.Info{OpenID: "o P&1", Following: true}},
		"numbers for texts": {info, `{"subscribe":1,"remark":7,"unionid":8,"tagid_list":"","language":null}`, infoCall,
			follower.Info{OpenID: "o P&1", Following: true, Remark: "7", UnionID: "8"}},
		"no scene":      {info, `{"subscribe":1,"qr_scene":0,"qr_scene_str":""}`, infoCall, follower.Info{OpenID: "o P&1", Following: true}},
		"not following": {info, `{"subscribe":0,"openid":"o P&1","remark":"old"}`, infoCall, follower.Info{OpenID: "o P&1"}},
		"in English": {func(ctx context.Context, c client) (any, error) { return c.Info(ctx, "O", follower.WithLanguage("en")) },
			`{"subscribe":0}`, call{"GET", "/cgi-bin/user/info?openid=O&lang=en", "", false}, follower.Info{OpenID: "O"}},
		"remark": {func(ctx context.Context, c client) (any, error) { return nil, c.SetRemark(ctx, "O", "<张三> & co") }, fine,
			call{"POST", "/cgi-bin/user/info/updateremark", `{"openid":"O","remark":"<张三> & co"}`, false}, nil},
		"no remark": {func(ctx context.Context, c client) (any, error) { return nil, c.SetRemark(ctx, "O", "") }, fine,
			call{"POST", "/cgi-bin/user/info/updateremark", `{"openid":"O","remark":""}`, false}, nil},
		"tags": {tags, `{"tags":[{"id":2,"name":"星标组","count":0},{"id":"127","name":"广东","count":"5"},{"id":128}]}`, tagsCall,
			[]follower.Tag{{ID: 2, Name: "星标组"}, {ID: 127, Name: "广东", Followers: 5}, {ID: 128}}},
		"no tags":    {tags, `{"tags":[]}`, tagsCall, []follower.Tag{}},
		"tags null":  {tags, `{"tags":null}`, tagsCall, []follower.Tag{}},
		"add":        {add, `{"tag":{"id":134,"name":"广东"}}`, addCall, 134},
		"add quoted": {add, `{"tag":{"id":"134"}}`, addCall, 134},
		"rename": {func(ctx context.Context, c client) (any, error) { return nil, c.RenameTag(ctx, 134, "广东人") }, fine,
			call{"POST", "/cgi-bin/tags/update", `{"tag":{"id":134,"name":"广东人"}}`, false}, nil},
		"delete": {func(ctx context.Context, c client) (any, error) { return nil, c.DeleteTag(ctx, 134) }, fine,
			call{"POST", "/cgi-bin/tags/delete", `{"tag":{"id":134}}`, false}, nil},
		"tags of": {tagsOf, `{"tagid_list":[134,"2"]}`, tagsOfCall, []int{134, 2}},
		"none":    {tagsOf, `{"tagid_list":[]}`, tagsOfCall, []int(nil)},
		"null":    {tagsOf, `{"tagid_list":null}`, tagsOfCall, []int(nil)},
		"a text":  {tagsOf, `{"tagid_list":""}`, tagsOfCall, []int(nil)},
		"tag": {func(ctx context.Context, c client) (any, error) { return nil, c.Tag(ctx, 134, "O1", "O2") }, fine,
			call{"POST", "/cgi-bin/tags/members/batchtagging", `{"openid_list":["O1","O2"],"tagid":134}`, false}, nil},
		"untag": {func(ctx context.Context, c client) (any, error) {
			return nil, c.Untag(ctx, 134, "O1", "O1", "O2", "O1")
		}, fine,
			call{"POST", "/cgi-bin/tags/members/batchuntagging", `{"openid_list":["O1","O2"],"tagid":134}`, false}, nil},
		"block": {func(ctx context.Context, c client) (any, error) { return nil, c.Block(ctx, "O1", "O2") }, fine,
			call{"POST", "/cgi-bin/tags/members/batchblacklist", `{"openid_list":["O1","O2"]}`, false}, nil},
		"unblock": {func(ctx context.Context, c client) (any, error) { return nil, c.Unblock(ctx, "O1") }, fine,
			call{"POST", "/cgi-bin/tags/members/batchunblacklist", `{"openid_list":["O1"]}`, false}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: tt.answer}
			got, err := tt.call(t.Context(), newClient(f))
			require.NoError(t, err)
			assert.Equal(t, tt.result, got)
			assert.Equal(t, []call{tt.want}, f.calls)
			got, err = tt.call(t.Context(), newClient(&fake{err: coded(48001)}))
			require.ErrorIs(t, err, coded(48001))
			assert.Equal(t, "account", kindName(t, err))
			if _, several := err.(*follower.BatchError); !several {
				assert.Equal(t, coded(48001), err, "the Caller's error, untouched")
			}
			assert.Empty(t, got)
		})
	}
}

func TestAnswersThatAreNonsense(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"openid":"O"}`:                  "follower: the answer does not say whether the person follows the account",
		`{"subscribe":null,"openid":"O"}`: "follower: the answer does not say whether the person follows the account",
		`{"subscribe":"","openid":"O"}`:   "follower: the answer does not say whether the person follows the account",
		`{"subscribe":" ","openid":"O"}`:  "follower: the answer does not say whether the person follows the account",
		`{"subscribe":1,"openid":"O2"}`:   "follower: the answer is about another person",
	} {
		_, err := newClient(&fake{answer: answer}).Info(t.Context(), "O")
		require.EqualError(t, err, want)
		assert.Equal(t, "lost", kindName(t, err))
	}
	_, err := newClient(&fake{answer: `{"tag":{"name":"a"}}`}).AddTag(t.Context(), "a")
	require.EqualError(t, err, "follower: the platform made a tag and told no id: look for it among the Tags")
	assert.Equal(t, "lost", kindName(t, err))
	_, err = newClient(&fake{answer: fine}).Tags(t.Context())
	require.EqualError(t, err, "follower: the answer has no list of tags")
	assert.Equal(t, "lost", kindName(t, err))
	_, err = newClient(&fake{answer: fine}).TagsOf(t.Context(), "O")
	require.EqualError(t, err, "follower: the answer has no list of tags")
	assert.Equal(t, "lost", kindName(t, err))
	for _, answer := range []string{`{"subscribe":"yes"}`, `{"subscribe":1,"tagid_list":{}}`, `{"subscribe":1,"qr_scene":{}}`, `{"subscribe":1,"subscribe_time":1.5}`} {
		_, err := newClient(&fake{answer: answer}).Info(t.Context(), "O")
		require.Error(t, err, answer)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	c, ctx := newClient(f), t.Context()
	own := func(id string) string {
		return "follower: the tag id is " + id + ", it must be more than 2: the tags 0 to 2 are the platform's own"
	}
	for want, err := range map[string]error{
		"follower: the openid is empty": errOf(c.Info(ctx, "")), "follower: the openid has a control character": errOf(c.TagsOf(ctx, "o\x00")),
		"follower: the remark has 30 bytes, at most 29 (a Han character has 3): shorten it":                                                     c.SetRemark(ctx, "O", strings.Repeat("三", 10)),
		"follower: the openid is empty; the remark has 31 bytes, at most 29 (a Han character has 3): shorten it; the remark is not valid UTF-8": c.SetRemark(ctx, "", strings.Repeat("a", 30)+"\xff"),
		"follower: the tag's name has 0 characters, it must have 1 to 30":                                                                       errOf(c.AddTag(ctx, "")),
		"follower: the tag's name has 31 characters, it must have 1 to 30":                                                                      errOf(c.AddTag(ctx, strings.Repeat("三", 31))),
		"follower: the tag's name has a control character":                                                                                      errOf(c.AddTag(ctx, "a\x01")),
		own("2"): c.RenameTag(ctx, 2, "a"), own("0"): c.DeleteTag(ctx, 0), own("-1"): c.DeleteTag(ctx, -1),
		own("1") + "; the tag's name has 0 characters, it must have 1 to 30":                          c.RenameTag(ctx, 1, ""),
		"follower: the tag id is 0, it must be 1 or more: AddTag and Tags tell it":                    c.Tag(ctx, 0, "O"),
		"follower: the tag id is -5, it must be 1 or more: AddTag and Tags tell it":                   c.Untag(ctx, -5),
		"follower: openid 2 is empty; openid 4 has a control character":                               c.Tag(ctx, 134, "O", "", "P", "\x01"),
		"follower: the tag id is 0, it must be 1 or more: AddTag and Tags tell it; openid 1 is empty": c.Tag(ctx, 0, ""),
		"follower: openid 1 is not valid UTF-8":                                                       c.Block(ctx, "\xff"),
		"follower: openid 1 is empty; openid 2 is empty; openid 3 is empty; openid 4 is empty; openid 5 is empty; openid 6 is empty; " +
			"openid 7 is empty; openid 8 is empty; openid 9 is empty; openid 10 is empty; and 990 more": c.Unblock(ctx, make([]string, 1000)...),
	} {
		require.ErrorIs(t, err, follower.ErrInvalidArgument, want)
		require.EqualError(t, err, want)
		assert.Equal(t, "request", kindName(t, err))
	}
	for _, err := range []error{c.Tag(ctx, 134), c.Untag(ctx, 134), c.Block(ctx), c.Unblock(ctx)} {
		require.NoError(t, err, "nobody is no error")
	}
	assert.Empty(t, f.calls)

	require.NoError(t, c.SetRemark(ctx, "O", strings.Repeat("a", 29)), "at the limits")
	require.NoError(t, c.RenameTag(ctx, 3, strings.Repeat("三", 30)))
	require.NoError(t, c.Tag(ctx, 1, "O"))
	assert.Len(t, f.calls, 3)
}

func errOf[T any](_ T, err error) error { return err }

// nilCaller is a Caller that may be nil without a pointer.
type nilCaller func()

func (nilCaller) Call(context.Context, string, string, any, any) error { return nil }

func TestNewClientOfNil(t *testing.T) {
	t.Parallel()
	for _, c := range []follower.Caller{nil, (*fake)(nil), nilCaller(nil)} {
		client, err := follower.NewClient(c)
		require.ErrorIs(t, err, follower.ErrInvalidArgument)
		assert.Equal(t, "request", kindName(t, err))
		assert.Nil(t, client)
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	english := follower.WithLanguage("en")
	for want, opts := range map[string][]follower.Option{
		"follower: option 1 is nil":                                             {nil},
		"follower: option 2 is nil":                                             {english, nil},
		"follower: WithLanguage is given twice":                                 {english, english},
		`follower: WithLanguage: the language "" is none of zh_CN, zh_TW, en`:   {follower.WithLanguage("")},
		`follower: WithLanguage: the language "de" is none of zh_CN, zh_TW, en`: {follower.WithLanguage("de"), english},
	} {
		f := &fake{answer: `{"subscribe":0}`}
		_, err := newClient(f).Info(t.Context(), "O", opts...)
		require.ErrorIs(t, err, follower.ErrInvalidArgument)
		require.EqualError(t, err, want)
		n := 0
		for r := range newClient(f).InfoAll(t.Context(), follower.OpenIDs("O"), opts...) {
			require.EqualError(t, r.Err, want)
			assert.Zero(t, r.OpenID)
			n++
		}
		assert.Equal(t, 1, n)
		assert.Empty(t, f.calls, want)
	}
}

// FuzzInfo: whatever the platform answers is an error or an Info, never a panic.
func FuzzInfo(f *testing.F) {
	f.Add(`{"subscribe":1,"openid":"O","subscribe_time":"1641364601","tagid_list":[1,"2"],"qr_scene":7,"qr_scene_str":""}`)
	f.Add(`{"subscribe":1e400,"qr_scene":-1,"tagid_list":[null]}`)
	f.Fuzz(func(t *testing.T, answer string) {
		info, err := newClient(&fake{answer: answer}).Info(t.Context(), "O")
		assert.Equal(t, err == nil, info.OpenID == "O")
	})
}

// FuzzTags: whatever the platform answers is an error or tags, never a panic.
func FuzzTags(f *testing.F) {
	f.Add(`{"tags":[{"id":2,"name":"星标组","count":"0"},{"id":null}],"tag":{"id":"134"},"tagid_list":[1,"2"]}`)
	f.Fuzz(func(t *testing.T, answer string) {
		c := newClient(&fake{answer: answer})
		tags, err := c.Tags(t.Context())
		assert.True(t, err == nil || tags == nil)
		id, err := c.AddTag(t.Context(), "a")
		assert.Equal(t, err == nil, id != 0)
		ids, err := c.TagsOf(t.Context(), "O")
		assert.True(t, err == nil || ids == nil)
	})
}
