package wechattest_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/menu"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	pathMenu = "/cgi-bin/menu/"

	goodMenu = `{"button":[{"type":"click","name":"查询照片","key":"PHOTO"},{"type":"view","name":"帮助","url":"https://a.cn"},` +
		`{"name":"更多","sub_button":[{"type":"scancode_push","name":"扫码","key":"SCAN"},` +
		`{"type":"miniprogram","name":"小程序","appid":"wx0123456789abcdef","pagepath":"p","url":"http://a.cn"},{"type":"media_id","name":"图","media_id":"M"}]}]}`
	toldMenu = `{"button":[{"type":"click","name":"查询照片","key":"PHOTO","sub_button":[]},{"type":"view","name":"帮助","url":"https://a.cn","sub_button":[]},` +
		`{"name":"更多","sub_button":[{"type":"scancode_push","name":"扫码","key":"SCAN","sub_button":[]},` +
		`{"type":"miniprogram","name":"小程序","url":"http://a.cn","appid":"wx0123456789abcdef","pagepath":"p","sub_button":[]},{"type":"media_id","name":"图","media_id":"M","sub_button":[]}]}]`
)

func button(b string) string { return `{"button":[` + b + `]}` }

func sub(b string) string { return button(`{"name":"a","sub_button":[` + b + `]}`) }

// badButtons has the errcode of each menu that WeChat does not take.
func badButtons() map[string]int {
	long := func(n int) string { return strings.Repeat("k", n) }
	many := strings.TrimSuffix(strings.Repeat(`{"type":"click","name":"a","key":"k"},`, 6), ",")
	return map[string]int{
		button(many): 40016, `{"button":1}`: 47001, button("1"): 47001, button(`{"type":"click","name":1,"key":"k"}`): 47001,
		sub(many): 40023, sub(`{"name":"b","type":"click","key":"k","sub_button":[{}]}`): 40022,
		button(`{"name":"a","type":"dance","key":"k"}`):                                         40017,
		sub(`{"name":"a","type":"dance","key":"k"}`):                                            40024,
		button(`{"type":"click","key":"k"}`):                                                    40018,
		button(`{"type":"click","name":"一二三四五六","key":"k"}`):                                    40018,
		sub(`{"type":"click","name":"` + strings.Repeat("长", 20) + `a","key":"k"}`):             40025,
		button(`{"type":"click","name":"a"}`):                                                   40019,
		button(`{"type":"click","name":"a","key":"` + long(129) + `"}`):                         40019,
		sub(`{"type":"pic_weixin","name":"a","key":"` + long(129) + `"}`):                       40026,
		button(`{"type":"view","name":"a"}`):                                                    40020,
		button(`{"type":"view","name":"a","url":"http://a.cn/` + long(1013) + `"}`):             40020,
		sub(`{"type":"view","name":"a"}`):                                                       40027,
		button(`{"type":"miniprogram","name":"a","appid":"x"}`):                                 40166,
		button(`{"type":"miniprogram","name":"a","appid":"wx0123456789abcdef","url":"u"}`):      40165,
		button(`{"type":"miniprogram","name":"a","appid":"wx0123456789abcdef","pagepath":"p"}`): 40020,
		button(`{"type":"media_id","name":"a"}`):                                                40117,
		sub(`{"type":"view_limited","name":"a"}`):                                               40118,
		sub(`{"type":"article_id","name":"a"}`):                                                 40097,
	}
}

func TestMenu(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	requireCode(t, 46003, w.get(w.authorized(pathMenu+"get")))
	assert.Nil(t, w.s.MenuOf(follower))
	assert.Equal(t, `{"is_menu_open":0,"selfmenu_info":{"button":[]}}`, w.get(w.authorized("/cgi-bin/get_current_selfmenu_info")).Body)
	requireCode(t, 0, w.call(pathMenu+"create", goodMenu))
	assert.Equal(t, goodMenu, w.s.Menu())
	assert.Equal(t, `{"menu":`+toldMenu+`}}`, w.get(w.authorized(pathMenu+"get")).Body)
	assert.Equal(t, `{"is_menu_open":1,"selfmenu_info":{"button":[{"type":"click","name":"查询照片","key":"PHOTO"},{"type":"view","name":"帮助","url":"https://a.cn"},`+
		`{"name":"更多","sub_button":{"list":[{"type":"scancode_push","name":"扫码","key":"SCAN"},`+
		`{"type":"miniprogram","name":"小程序","url":"http://a.cn","appid":"wx0123456789abcdef","pagepath":"p"},{"type":"media_id","name":"图","media_id":"M"}]}}]}}`,
		w.get(w.authorized("/cgi-bin/get_current_selfmenu_info")).Body)
	for body, code := range badButtons() {
		requireCode(t, code, w.call(pathMenu+"create", body), body)
	}
	for body, code := range map[string]int{
		`{}`: 40016, button(""): 40016, button(`{"name":"a"}`): 40017, sub(`{"name":"a"}`): 40024, sub(""): 40017,
		button(`{"type":"view","name":"a","url":"a.cn"}`): 40055, sub(`{"type":"view","name":"a","url":"ftp://a.cn"}`): 40054,
	} {
		requireCode(t, code, w.call(pathMenu+"create", body), body)
	}
	assert.Equal(t, goodMenu, w.s.Menu(), "a refused one changes nothing")
	requireCode(t, 0, w.get(w.authorized(pathMenu+"delete")))
	requireCode(t, 46003, w.get(w.authorized(pathMenu+"get")))
	requireCode(t, 0, w.get(w.authorized(pathMenu+"delete")))
	assert.Empty(t, w.s.Menu())
}

func TestConditionalMenu(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	const leaf = `{"type":"click","name":"a","key":"k"}`
	add := func(buttons, rule string) answer {
		return w.call(pathMenu+"addconditional", `{"button":[`+buttons+`],"matchrule":`+rule+`}`)
	}
	view := func(hosts ...string) string {
		for i, host := range hosts {
			hosts[i] = `{"type":"view","name":"a","url":"https://` + host + `/"}`
		}
		return strings.Join(hosts, ",")
	}
	requireCode(t, 65303, add(leaf, `{"tag_id":"2"}`))
	requireCode(t, 0, w.call(pathMenu+"create", goodMenu))
	for body, code := range badButtons() {
		requireCode(t, code, w.call(pathMenu+"addconditional", strings.TrimSuffix(body, "}")+`,"matchrule":{"tag_id":"2"}}`), body)
	}
	for rule, code := range map[string]int{
		`{}`: 65304, `{"tag_id":"","client_platform_type":""}`: 65304, `{"tag_id":2}`: 47001, `1`: 47001, `{"client_platform_type":"4"}`: 40097,
		`{"tag_id":"two"}`: 40097, `{"tag_id":"2","sex":"1"}`: 65320, `{"city":"广州"}`: 65320, `{"language":"zh_CN"}`: 65320,
	} {
		requireCode(t, code, add(leaf, rule), rule)
	}
	for buttons, code := range map[string]int{
		"": 65307, `{"name":"a"}`: 65308, `{"name":"a","sub_button":[{"name":"a"}]}`: 65308, `{"type":"view","name":"a","url":"a.cn"}`: 65317,
		`{"name":"a","sub_button":[` + view("a.cn", "b.cn", "c.cn", "d.cn") + `]}`: 65316,
	} {
		requireCode(t, code, add(buttons, `{"tag_id":"2"}`), buttons)
	}
	assert.Equal(t, `{"menuid":"208396939"}`, add(view("a.cn", "b.cn"), `{"tag_id":"2","client_platform_type":"2"}`).Body)
	requireCode(t, 65316, add(view("c.cn", "d.cn"), `{"tag_id":"2"}`), "over all conditional menus")
	assert.Equal(t, `{"menuid":"208396940"}`, add(view("c.cn", "B.cn"), `{"tag_id":"134"}`).Body)
	assert.Equal(t, `{"menu":`+toldMenu+`,"menuid":208396938},"conditionalmenu":[`+
		`{"button":[{"type":"view","name":"a","url":"https://c.cn/","sub_button":[]},{"type":"view","name":"a","url":"https://B.cn/","sub_button":[]}],"matchrule":{"tag_id":"134"},"menuid":208396940},`+
		`{"button":[{"type":"view","name":"a","url":"https://a.cn/","sub_button":[]},{"type":"view","name":"a","url":"https://b.cn/","sub_button":[]}],"matchrule":{"tag_id":"2","client_platform_type":"2"},"menuid":208396939}]}`,
		w.get(w.authorized(pathMenu+"get")).Body)
	for id, code := range map[string]int{`"208396938"`: 65301, `"1"`: 65301, `208396939`: 47001, `""`: 65301} {
		requireCode(t, code, w.call(pathMenu+"delconditional", `{"menuid":`+id+`}`), id)
	}
	requireCode(t, 0, w.call(pathMenu+"delconditional", `{"menuid":"208396939"}`))
	requireCode(t, 65301, w.call(pathMenu+"delconditional", `{"menuid":"208396939"}`))
	assert.NotContains(t, w.get(w.authorized(pathMenu+"get")).Body, "208396939")
	requireCode(t, 0, w.get(w.authorized(pathMenu+"delete")))
	requireCode(t, 65301, w.call(pathMenu+"delconditional", `{"menuid":"208396940"}`), "the default one's end is theirs")
	requireCode(t, 0, w.call(pathMenu+"create", goodMenu))
	assert.Equal(t, `{"menu":`+toldMenu+`}}`, w.get(w.authorized(pathMenu+"get")).Body)
}

func TestTryMatch(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	try := func(user string) answer { return w.call(pathMenu+"trymatch", `{"user_id":`+user+`}`) }
	w.s.Follow("oPlain", "oTeacher", "oBoth", "oPhone")
	w.s.Unfollow("oLeft")
	teachers := strconv.Itoa(w.s.AddTag("老师", "oTeacher", "oBoth"))
	requireCode(t, 46003, try(`"oPlain"`))
	requireCode(t, 0, w.call(pathMenu+"create", button(`{"type":"click","name":"all","key":"k"}`)))
	for _, named := range [][2]string{{"tag", `"tag_id":"` + teachers + `"`}, {"phone", `"client_platform_type":"2"`}, {"both", `"tag_id":"` + teachers + `","client_platform_type":"1"`}} {
		requireCode(t, 0, w.call(pathMenu+"addconditional", `{"button":[{"type":"click","name":"`+named[0]+`","key":"k"}],"matchrule":{`+named[1]+`}}`))
	}
	w.s.SetPlatform(menu.IOS, "oBoth")
	w.s.SetPlatform(menu.Android, "oPhone")
	for openid, name := range map[string]string{"oPlain": "all", "oTeacher": "tag", "oBoth": "both", "oPhone": "phone"} {
		assert.Equal(t, `{"button":[{"type":"click","name":"`+name+`","key":"k","sub_button":[]}]}`, try(`"`+openid+`"`).Body)
		assert.Equal(t, name, w.s.MenuOf(openid)[0].Name)
	}
	w.s.AddTag("班主任", "oTeacher")
	assert.Contains(t, try(`"oTeacher"`).Body, `"all"`, "the tag that was put on last counts")
	w.s.SetPlatform(menu.Android, "oBoth")
	assert.Contains(t, try(`"oBoth"`).Body, `"phone"`, "the newest whose rule fits")
	requireCode(t, 65302, try(`"oNobody"`))
	requireCode(t, 65302, try(`""`))
	requireCode(t, 65315, try(`"oLeft"`))
	requireCode(t, 47001, try(`1`))
}

// TestTap has a follower tap a button of each type, and looks at what the account is told.
func TestTap(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	h := &asked{answer: "success"}
	s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken})
	s.Follow(follower)
	c := s.Client()
	require.NoError(t, c.Menu.Create(t.Context(), []menu.Button{
		{Type: menu.Click, Name: "照片", Key: "PHOTO"},
		{Name: "更多", SubButtons: []menu.Button{
			{Type: menu.View, Name: "帮助", URL: "https://a.cn/?b=1&c=2"},
			{Type: menu.MiniProgram, Name: "小程序", URL: "http://a.cn", AppID: "wx0123456789abcdef", PagePath: "pages/index?a=b"},
			{Type: menu.ScanCodePush, Name: "扫码", Key: "S"}, {Type: menu.ScanCodeWaitMsg, Name: "等待", Key: "W"}, {Type: menu.MediaID, Name: "图", MediaID: "M"},
		}},
		{Name: "发送", SubButtons: []menu.Button{
			{Type: menu.PicSysPhoto, Name: "拍照", Key: "P"}, {Type: menu.PicPhotoOrAlbum, Name: "选择", Key: "A"}, {Type: menu.PicWeixin, Name: "相册", Key: "X"},
			{Type: menu.LocationSelect, Name: "位置", Key: "L"}, {Type: menu.ArticleViewLimited, Name: "文章", ArticleID: "T"},
		}},
	}))
	pics := func(key string) callback.MenuPics {
		return callback.MenuPics{EventKey: key, Count: 1, MD5Sums: []string{"1b5f7c23b5bf75682a53e7b6d163e185"}}
	}
	for _, tt := range []struct {
		names []string
		event string
		want  callback.Message
	}{
		{[]string{"照片"}, "CLICK", &callback.ClickEvent{EventKey: "PHOTO"}},
		{[]string{"更多", "帮助"}, "VIEW", &callback.ViewEvent{EventKey: "https://a.cn/?b=1&c=2", MenuID: "208396938"}},
		{[]string{"更多", "小程序"}, "view_miniprogram", &callback.ViewMiniProgramEvent{EventKey: "pages/index?a=b", MenuID: "208396938"}},
		{[]string{"更多", "扫码"}, "scancode_push", &callback.ScanCodePushEvent{MenuScan: callback.MenuScan{EventKey: "S", ScanType: "qrcode", ScanResult: "1"}}},
		{[]string{"更多", "等待"}, "scancode_waitmsg", &callback.ScanCodeWaitMsgEvent{MenuScan: callback.MenuScan{EventKey: "W", ScanType: "qrcode", ScanResult: "1"}}},
		{[]string{"发送", "拍照"}, "pic_sysphoto", &callback.PicSysPhotoEvent{MenuPics: pics("P")}},
		{[]string{"发送", "选择"}, "pic_photo_or_album", &callback.PicPhotoOrAlbumEvent{MenuPics: pics("A")}},
		{[]string{"发送", "相册"}, "pic_weixin", &callback.PicWeixinEvent{MenuPics: pics("X")}},
		{[]string{"发送", "位置"}, "location_select", &callback.LocationSelectEvent{EventKey: "L", Latitude: 23, Longitude: 113, Scale: 15, Label: "广州市海珠区客村艺苑路 106号"}},
	} {
		d, err := s.Tap(t.Context(), follower, tt.names...)
		require.NoError(t, err)
		require.Len(t, d.Attempts, 1)
		got, err := callback.Parse([]byte(h.bodies[len(h.bodies)-1]))
		require.NoError(t, err)
		assert.Equal(t, []string{s.OriginalID(), follower, tt.event}, []string{got.Head().ToUserName, got.Head().FromUserName, got.Head().Event})
		*got.Head() = callback.Header{}
		assert.Equal(t, tt.want, got)
	}
	before := len(h.bodies)
	for _, names := range [][]string{{"更多", "图"}, {"发送", "文章"}} {
		d, err := s.Tap(t.Context(), follower, names...)
		require.NoError(t, err)
		assert.Zero(t, d)
		_, err = s.Tapped(follower, names...)
		require.ErrorContains(t, err, "sends no event")
	}
	assert.Len(t, h.bodies, before)
	_, err := c.Menu.AddConditional(t.Context(), []menu.Button{{Type: menu.View, Name: "班级", URL: "https://a.cn"}}, menu.Rule{Platform: menu.IOS})
	require.NoError(t, err)
	s.SetPlatform(menu.IOS, follower)
	p, err := s.Tapped(follower, "班级")
	require.NoError(t, err)
	assert.Equal(t, wechattest.Event(follower, "VIEW", wechattest.Element{Name: "EventKey", Value: "https://a.cn"}, wechattest.Element{Name: "MenuId", Value: int64(208396939)}), p)
	_, err = s.Tap(t.Context(), follower, "照片")
	require.ErrorContains(t, err, `no button "照片", but ["班级"]`)
}

// After a lost answer a menu is created again, which changes nothing. A conditional one would be there
// twice.
func TestMenuAfterALostAnswer(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	c, ctx := s.Client().Menu, t.Context()
	buttons := []menu.Button{{Type: menu.Click, Name: "照片", Key: "K"}}
	s.Fail(pathMenu+"create", 1, wechattest.Fault{Reset: wechattest.ResetAfter})
	require.NoError(t, c.Create(ctx, buttons))
	assert.Equal(t, 2, s.Requests(pathMenu+"create"))
	s.Fail(pathMenu+"addconditional", 1, wechattest.Fault{Reset: wechattest.ResetAfter})
	_, err := c.AddConditional(ctx, buttons, menu.Rule{Platform: menu.Android})
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
	assert.Equal(t, 1, s.Requests(pathMenu+"addconditional"))
	menus, err := c.Get(ctx)
	require.NoError(t, err)
	assert.Equal(t, menu.Menus{
		Default:     menu.Menu{ID: "208396939", Buttons: buttons}, // the second
		Conditional: []menu.Conditional{{ID: "208396940", Rule: menu.Rule{Platform: menu.Android}, Buttons: buttons}},
	}, menus)
	current, err := c.Current(ctx)
	require.NoError(t, err)
	assert.Equal(t, menu.Current{Open: true, Buttons: buttons}, current)
	require.NoError(t, c.DeleteConditional(ctx, menus.Conditional[0].ID))
	require.ErrorIs(t, c.DeleteConditional(ctx, menus.Conditional[0].ID), wechat.ErrNotConditionalMenu)
	require.NoError(t, c.Delete(ctx))
	_, err = c.Get(ctx)
	require.ErrorIs(t, err, wechat.ErrMenuNotFound)
}

func TestTapErrors(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	tap := func(names ...string) error { _, err := s.Tap(t.Context(), follower, names...); return err }
	require.ErrorContains(t, tap("a"), "oFollower does not follow the account")
	s.Follow(follower)
	require.ErrorContains(t, tap("a"), "has no menu")
	c := s.Client()
	require.NoError(t, c.Menu.Create(t.Context(), []menu.Button{{Name: "更多", SubButtons: []menu.Button{{Type: menu.Click, Name: "照片", Key: "K"}}}}))
	require.ErrorContains(t, tap("照片"), `no button "照片", but ["更多"]`)
	require.ErrorContains(t, tap("更多"), `name one of these buttons: ["照片"]`)
	require.ErrorContains(t, tap(), `name one of these buttons: ["更多"]`)
	require.ErrorContains(t, tap("更多", "照片", "x"), `no button "x", but []`)
	require.ErrorContains(t, tap("更多", "照片"), "no callback")
	s.Unfollow(follower)
	require.ErrorContains(t, tap("更多", "照片"), "does not follow")
	_, err := c.Menu.Try(t.Context(), follower)
	require.ErrorIs(t, err, wechat.ErrMenuUserNotFollowing)
}
