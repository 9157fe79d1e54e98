package menu_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/menu"
)

// everyType has a button of each type that the platform takes.
func everyType() []menu.Button {
	return []menu.Button{
		{Type: menu.Click, Name: "查询", Key: "PHOTO"},
		{Name: "更多", SubButtons: []menu.Button{
			{Type: menu.View, Name: "帮助", URL: "https://a.cn/?b=1&c=<2>"},
			{Type: menu.MiniProgram, Name: "小程序", URL: "http://mp.weixin.qq.com", AppID: "wx0123456789abcdef", PagePath: "pages/index/index?a=b"},
			{Type: menu.ScanCodePush, Name: "扫码", Key: "S"},
			{Type: menu.ScanCodeWaitMsg, Name: "扫码等待", Key: "W"},
			{Type: menu.PicSysPhoto, Name: "拍照", Key: "P"},
		}},
		{Name: "还有", SubButtons: []menu.Button{
			{Type: menu.PicPhotoOrAlbum, Name: "拍照或相册", Key: "A"},
			{Type: menu.PicWeixin, Name: "相册", Key: "X"},
			{Type: menu.LocationSelect, Name: "位置", Key: "L"},
			{Type: menu.MediaID, Name: "图片", MediaID: "M"},
			{Type: menu.ArticleID, Name: "文章", ArticleID: "T"},
		}},
	}
}

const everyJSON = `[{"type":"click","name":"查询","key":"PHOTO"},` +
	`{"name":"更多","sub_button":[{"type":"view","name":"帮助","url":"https://a.cn/?b=1&c=<2>"},` +
	`{"type":"miniprogram","name":"小程序","url":"http://mp.weixin.qq.com","appid":"wx0123456789abcdef","pagepath":"pages/index/index?a=b"},` +
	`{"type":"scancode_push","name":"扫码","key":"S"},{"type":"scancode_waitmsg","name":"扫码等待","key":"W"},{"type":"pic_sysphoto","name":"拍照","key":"P"}]},` +
	`{"name":"还有","sub_button":[{"type":"pic_photo_or_album","name":"拍照或相册","key":"A"},{"type":"pic_weixin","name":"相册","key":"X"},` +
	`{"type":"location_select","name":"位置","key":"L"},{"type":"media_id","name":"图片","media_id":"M"},{"type":"article_id","name":"文章","article_id":"T"}]}]`

func TestCallsToTheLetter(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	limited := []menu.Button{{Type: menu.ViewLimited, Name: "a", MediaID: "M"}, {Type: menu.ArticleViewLimited, Name: "b", ArticleID: "T"}}
	for name, tt := range map[string]struct {
		answer string
		do     func(c *menu.Client) (any, error)
		want   any
		call   call
	}{
		"create": {fine, func(c *menu.Client) (any, error) { return nil, c.Create(ctx, everyType()) }, nil,
			call{"POST", "/cgi-bin/menu/create", `{"button":` + everyJSON + `}`, true}},
		"create, limited": {fine, func(c *menu.Client) (any, error) { return nil, c.Create(ctx, limited) }, nil,
			call{"POST", "/cgi-bin/menu/create", `{"button":[{"type":"view_limited","name":"a","media_id":"M"},{"type":"article_view_limited","name":"b","article_id":"T"}]}`, true}},
		"delete": {fine, func(c *menu.Client) (any, error) { return nil, c.Delete(ctx) }, nil, call{"GET", "/cgi-bin/menu/delete", "", false}},
		"add by tag and phone": {`{"menuid":"208379533"}`, func(c *menu.Client) (any, error) {
			return c.AddConditional(ctx, limited[:1], menu.Rule{TagID: 2, Platform: menu.Android})
		}, "208379533", call{"POST", "/cgi-bin/menu/addconditional",
			`{"button":[{"type":"view_limited","name":"a","media_id":"M"}],"matchrule":{"tag_id":"2","client_platform_type":"2"}}`, false}},
		"add by tag": {`{"errcode":0,"errmsg":"ok","menuid":208379533}`, func(c *menu.Client) (any, error) {
			return c.AddConditional(ctx, limited[:1], menu.Rule{TagID: 134})
		}, "208379533", call{"POST", "/cgi-bin/menu/addconditional",
			`{"button":[{"type":"view_limited","name":"a","media_id":"M"}],"matchrule":{"tag_id":"134"}}`, false}},
		"add by phone": {`{"menuid":"1"}`, func(c *menu.Client) (any, error) {
			return c.AddConditional(ctx, limited[:1], menu.Rule{Platform: menu.OtherPlatform})
		}, "1", call{"POST", "/cgi-bin/menu/addconditional",
			`{"button":[{"type":"view_limited","name":"a","media_id":"M"}],"matchrule":{"client_platform_type":"3"}}`, false}},
		"delete conditional": {fine, func(c *menu.Client) (any, error) { return nil, c.DeleteConditional(ctx, "208379533") }, nil,
			call{"POST", "/cgi-bin/menu/delconditional", `{"menuid":"208379533"}`, false}},
		"try": {`{"button":` + everyJSON + `}`, func(c *menu.Client) (any, error) { return c.Try(ctx, "weixin") }, everyType(),
			call{"POST", "/cgi-bin/menu/trymatch", `{"user_id":"weixin"}`, true}},
		"try, wrapped": {`{"menu":{"button":` + everyJSON + `}}`, func(c *menu.Client) (any, error) { return c.Try(ctx, "o") }, everyType(),
			call{"POST", "/cgi-bin/menu/trymatch", `{"user_id":"o"}`, true}},
		"try, nothing": {`{"button":[]}`, func(c *menu.Client) (any, error) { return c.Try(ctx, "o") }, []menu.Button(nil),
			call{"POST", "/cgi-bin/menu/trymatch", `{"user_id":"o"}`, true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: tt.answer}
			got, err := tt.do(newClient(f))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, []call{tt.call}, f.calls)
			_, err = tt.do(newClient(&fake{err: coded(48001)}))
			assert.Equal(t, coded(48001), err, "the Caller's error, untouched")
		})
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	button := []menu.Button{{Type: menu.Click, Name: "a", Key: "k"}}
	const leaf = `{"type":"click","name":"a","key":"k","sub_button":[]}`
	for name, tt := range map[string]struct {
		answer string
		want   menu.Menus
	}{
		"default alone": {`{"menu":{"button":` + everyJSON + `}}`, menu.Menus{Default: menu.Menu{Buttons: everyType()}}},
		"both": {`{"menu":{"button":[` + leaf + `],"menuid":208396938},"conditionalmenu":[{"button":[` + leaf + `],"matchrule":{"tag_id":"2","client_platform_type":"2"},"menuid":208396993},` +
			`{"button":[` + leaf + `],"matchrule":{"client_platform_type":1},"menuid":"208396994"}]}`,
			menu.Menus{Default: menu.Menu{"208396938", button}, Conditional: []menu.Conditional{
				{"208396993", menu.Rule{TagID: 2, Platform: menu.Android}, button}, {"208396994", menu.Rule{Platform: menu.IOS}, button}}}},
		"an old rule": {`{"menu":{"button":[` + leaf + `]},"conditionalmenu":[{"button":[` + leaf + `],"menuid":1,` +
			`"matchrule":{"group_id":2,"sex":"1","country":"中国","province":"","language":null,"tag_id":"many","client_platform_type":99999999999999999999}}]}`,
			menu.Menus{Default: menu.Menu{Buttons: button}, Conditional: []menu.Conditional{{"1", menu.Rule{Other: map[string]string{
				"group_id": "2", "sex": "1", "country": "中国", "tag_id": "many", "client_platform_type": "99999999999999999999"}}, button}}}},
		"conditional alone": {`{"conditionalmenu":[{"button":[` + leaf + `],"matchrule":null,"menuid":null}]}`, menu.Menus{Conditional: []menu.Conditional{{Buttons: button}}}},
		"odd and new": {`{"menu":{"button":[{"type":"hologram","name":7,"key":6,"new":{"a":[1]},"sub_button":null},{"name":"b","sub_button":{"list":[` + leaf + `]}},null]},"conditionalmenu":null}`,
			menu.Menus{Default: menu.Menu{Buttons: []menu.Button{{Type: "hologram", Name: "7", Key: "6"}, {Name: "b", SubButtons: button}, {}}}}},
		"empty": {`{"menu":{"button":[]}}`, menu.Menus{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: tt.answer}
			got, err := newClient(f).Get(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, []call{{"GET", "/cgi-bin/menu/get", "", false}}, f.calls)
		})
	}
	_, err := newClient(&fake{err: coded(46003)}).Get(t.Context())
	assert.Equal(t, coded(46003), err)
}

func TestCurrent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer string
		want   menu.Current
	}{
		"by the API": {`{"is_menu_open":1,"selfmenu_info":{"button":[{"name":"b","sub_button":{"list":[{"type":"view","name":"v","url":"http://a.cn"}]}}]}}`,
			menu.Current{Open: true, Buttons: []menu.Button{{Name: "b", SubButtons: []menu.Button{{Type: menu.View, Name: "v", URL: "http://a.cn"}}}}}},
		"by the console": {`{"is_menu_open":"1","selfmenu_info":{"button":[{"type":"text","name":"t","value":"hi"},{"type":"news","name":"n","value":"M",` +
			`"news_info":{"list":[{"title":"T","author":"A","digest":"D","show_cover":1,"cover_url":"C","content_url":"U","source_url":""}]}}]}}`,
			menu.Current{Open: true, Buttons: []menu.Button{{Type: menu.Text, Name: "t", Value: "hi"},
				{Type: menu.News, Name: "n", Value: "M", News: []menu.Article{{Title: "T", Author: "A", Digest: "D", ShowCover: true, CoverURL: "C", URL: "U"}}}}}},
		"off":     {`{"is_menu_open":0}`, menu.Current{}},
		"no menu": {`{"is_menu_open":0,"selfmenu_info":null}`, menu.Current{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: tt.answer}
			got, err := newClient(f).Current(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, []call{{"GET", "/cgi-bin/get_current_selfmenu_info", "", false}}, f.calls)
		})
	}
	_, err := newClient(&fake{err: coded(48001)}).Current(t.Context())
	assert.Equal(t, coded(48001), err)
}

// Answers that came whole and do not say what they have to.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	rule, buttons := menu.Rule{TagID: 2}, everyType()[:1]
	for name, do := range map[string]func(c *menu.Client) error{
		"get":             func(c *menu.Client) error { _, err := c.Get(t.Context()); return err },
		"current":         func(c *menu.Client) error { _, err := c.Current(t.Context()); return err },
		"add conditional": func(c *menu.Client) error { _, err := c.AddConditional(t.Context(), buttons, rule); return err },
		"try":             func(c *menu.Client) error { _, err := c.Try(t.Context(), "o"); return err },
	} {
		for _, answer := range []string{fine, `{"errcode":0,"menuid":null}`, `{"errcode":0,"menuid":""}`, `{"errcode":0,"menuid":0}`, `{"menu":null,"button":null,"is_menu_open":null}`} {
			err := do(newClient(&fake{answer: answer}))
			require.Error(t, err, name, answer)
			assert.Equal(t, "lost", kindName(t, err))
			assert.NotErrorIs(t, err, menu.ErrInvalidArgument)
		}
	}
}

// nilCaller is a Caller that may be nil without a pointer.
type nilCaller func()

func (nilCaller) Call(context.Context, string, string, any, any) error { return nil }

func TestNewClientOfNil(t *testing.T) {
	t.Parallel()
	for _, c := range []menu.Caller{nil, (*fake)(nil), nilCaller(nil)} {
		client, err := menu.NewClient(c)
		require.ErrorIs(t, err, menu.ErrInvalidArgument)
		assert.Equal(t, "request", kindName(t, err))
		assert.Nil(t, client)
	}
}
