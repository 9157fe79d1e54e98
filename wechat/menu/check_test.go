package menu_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/menu"
)

func click(name string) menu.Button { return menu.Button{Type: menu.Click, Name: name, Key: "k"} }

func listOf(subs ...menu.Button) menu.Button { return menu.Button{Name: "更多", SubButtons: subs} }

func TestButtonsThatAreRefused(t *testing.T) {
	t.Parallel()
	a := click("a")
	for name, tt := range map[string]struct {
		buttons []menu.Button
		want    string
	}{
		"nil":      {nil, "menu: button is empty: a menu has 1 to 3 buttons; Delete removes it"},
		"none":     {[]menu.Button{}, "menu: button is empty: a menu has 1 to 3 buttons; Delete removes it"},
		"four":     {[]menu.Button{a, a, a, a}, "menu: button has 4 entries, at most 3"},
		"six":      {[]menu.Button{a, listOf(a, a, a, a, a, a)}, "menu: button[1].sub_button has 6 entries, at most 5"},
		"zero":     {[]menu.Button{{}}, "menu: button[0].name is empty; button[0] has neither a type nor sub_button: give it one of them"},
		"no subs":  {[]menu.Button{{Name: "a", SubButtons: []menu.Button{}}}, "menu: button[0].sub_button is empty: give it 1 to 5 buttons, or the button a type"},
		"both":     {[]menu.Button{{Name: "a", Type: menu.Click, Key: "k", SubButtons: []menu.Button{a}}}, "menu: button[0] has both a type and sub_button: give it one of them; button[0].key must be empty: a button with sub_button has none"},
		"deep":     {[]menu.Button{a, listOf(listOf(a))}, "menu: button[1].sub_button[0].sub_button stands below another one: a menu has two levels"},
		"deep too": {[]menu.Button{listOf(menu.Button{Type: menu.Click, Name: "a", SubButtons: []menu.Button{a}})}, "menu: button[0].sub_button[0].sub_button stands below another one: a menu has two levels; button[0].sub_button[0].key is empty"},
		"no type":  {[]menu.Button{listOf(menu.Button{Name: "a", Key: "k"})}, "menu: button[0].sub_button[0] has neither a type nor sub_button: give it one of them"},
		"name": {[]menu.Button{click(strings.Repeat("a", 17)), listOf(click("一" + strings.Repeat("a", 58))), click("一二三四五六")},
			"menu: button[0].name has 17 bytes, at most 16 (a Chinese character has 3); button[1].sub_button[0].name has 61 bytes, at most 60 (a Chinese character has 3); button[2].name has 18 bytes, at most 16 (a Chinese character has 3)"},
		"name of odd bytes":   {[]menu.Button{click("a\x00"), click("\xff")}, "menu: button[0].name has a control character; button[1].name is not valid UTF-8"},
		"key":                 {[]menu.Button{{Type: menu.Click, Name: "a"}, {Type: menu.ScanCodePush, Name: "a", Key: strings.Repeat("k", 129)}}, "menu: button[0].key is empty; button[1].key has 129 bytes, at most 128 (a Chinese character has 3)"},
		"view":                {[]menu.Button{{Type: menu.View, Name: "a"}}, "menu: button[0].url is empty"},
		"view without scheme": {[]menu.Button{{Type: menu.View, Name: "a", URL: "school.example/page"}}, "menu: button[0].url must begin with http:// or https:// and name a host"},
		"view of a script":    {[]menu.Button{{Type: menu.View, Name: "a", URL: "javascript:alert(1)"}}, "menu: button[0].url must begin with http:// or https:// and name a host"},
		"view without host":   {[]menu.Button{{Type: menu.View, Name: "a", URL: "https:///page"}}, "menu: button[0].url must begin with http:// or https:// and name a host"},
		"view with a blank":   {[]menu.Button{{Type: menu.View, Name: "a", URL: "https://a.cn/a b"}}, "menu: button[0].url cannot be parsed: escape blanks and percent signs in it"},
		"view with a percent": {[]menu.Button{{Type: menu.View, Name: "a", URL: "https://a.cn/100%"}}, "menu: button[0].url cannot be parsed: escape blanks and percent signs in it"},
		"long url":            {[]menu.Button{{Type: menu.View, Name: "a", URL: "https://a.cn/" + strings.Repeat("x", 1012)}}, "menu: button[0].url has 1025 bytes, at most 1024 (a Chinese character has 3)"},
		"mini program":        {[]menu.Button{{Type: menu.MiniProgram, Name: "a"}}, "menu: button[0].url is empty; button[0].appid is empty; button[0].pagepath is empty"},
		"media":               {[]menu.Button{{Type: menu.MediaID, Name: "a", Key: "k"}, {Type: menu.ViewLimited, Name: "a", URL: "u"}}, "menu: button[0].media_id is empty; button[0].key must be empty: the type media_id has none; button[1].media_id is empty; button[1].url must be empty: the type view_limited has none"},
		"article":             {[]menu.Button{{Type: menu.ArticleID, Name: "a"}, {Type: menu.ArticleViewLimited, Name: "a", MediaID: "M"}}, "menu: button[0].article_id is empty; button[1].article_id is empty; button[1].media_id must be empty: the type article_view_limited has none"},
		"the console's":       {[]menu.Button{{Type: menu.News, Name: "a", Value: "M"}, {Type: menu.Click, Name: "a", Key: "k", Value: "v", News: make([]menu.Article, 1)}}, "menu: button[0].type is news, which only the console makes; button[1].value must be empty: the type click has none; button[1].news_info must be empty: only the console makes it"},
		"unknown":             {[]menu.Button{{Type: "dance\n", Name: "a"}}, `menu: button[0].type is "dance\n", which this package does not know`},
		"a list with an url":  {[]menu.Button{{Name: "a", URL: "https://a.cn", SubButtons: []menu.Button{a}}}, "menu: button[0].url must be empty: a button with sub_button has none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: fine}
			err := newClient(f).Create(t.Context(), tt.buttons)
			require.EqualError(t, err, tt.want)
			require.ErrorIs(t, err, menu.ErrInvalidArgument)
			assert.Equal(t, "request", kindName(t, err))
			invalid, ok := errors.AsType[*menu.InvalidError](err)
			require.True(t, ok)
			assert.Len(t, invalid.Faults, strings.Count(tt.want, "; button")+1)
			assert.Equal(t, strings.Fields(tt.want)[1], invalid.Faults[0].Place)
			_, err = newClient(f).AddConditional(t.Context(), tt.buttons, menu.Rule{TagID: 2})
			assert.EqualError(t, err, tt.want)
			assert.Empty(t, f.calls)
		})
	}
}

func TestLimitsAreInclusive(t *testing.T) {
	t.Parallel()
	sub := menu.Button{Type: menu.View, Name: strings.Repeat("长", 20), URL: "https://a.cn/?" + strings.Repeat("长", 336) + "xx"}
	require.Len(t, sub.URL, 1024)
	full := menu.Button{Name: "一二三四五1", SubButtons: []menu.Button{sub, sub, sub, sub, sub}}
	leaf := menu.Button{Type: menu.Click, Name: strings.Repeat("a", 16), Key: strings.Repeat("k", 128), SubButtons: []menu.Button{}}
	f := &fake{answer: fine}
	require.NoError(t, newClient(f).Create(t.Context(), []menu.Button{full, full, leaf}))
	assert.NotContains(t, f.calls[0].body, "[]")
}

func TestRulesThatAreRefused(t *testing.T) {
	t.Parallel()
	view := func(hosts ...string) (buttons []menu.Button) {
		for _, host := range hosts {
			buttons = append(buttons, menu.Button{Type: menu.View, Name: "a", URL: "https://" + host + "/x"})
		}
		return []menu.Button{listOf(buttons...)}
	}
	for name, tt := range map[string]struct {
		buttons []menu.Button
		rule    menu.Rule
		want    string
	}{
		"empty":     {view("a.cn"), menu.Rule{}, "menu: matchrule is empty: give it a TagID, a Platform or both"},
		"negative":  {view("a.cn"), menu.Rule{TagID: -1, Platform: -1}, "menu: matchrule.tag_id is negative; matchrule.client_platform_type is -1; it is 1 (iOS), 2 (Android) or 3 (others)"},
		"platform":  {view("a.cn"), menu.Rule{Platform: 4}, "menu: matchrule.client_platform_type is 4; it is 1 (iOS), 2 (Android) or 3 (others)"},
		"withdrawn": {view("a.cn"), menu.Rule{TagID: 2, Other: map[string]string{"sex": "1"}}, "menu: matchrule has fields that WeChat has withdrawn (65320): clear Other"},
		"hosts":     {view("a.cn", "b.cn:80", "c.cn", "C.cn", "d.cn"), menu.Rule{TagID: 2}, "menu: button has links to 4 hosts, at most 3 in all conditional menus together (65316)"},
		"everything": {nil, menu.Rule{}, "menu: button is empty: a menu has 1 to 3 buttons; Delete removes it; " +
			"matchrule is empty: give it a TagID, a Platform or both"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: `{"menuid":1}`}
			_, err := newClient(f).AddConditional(t.Context(), tt.buttons, tt.rule)
			require.EqualError(t, err, tt.want)
			require.ErrorIs(t, err, menu.ErrInvalidArgument)
			assert.Empty(t, f.calls)
		})
	}
	f := &fake{answer: `{"menuid":1}`}
	_, err := newClient(f).AddConditional(t.Context(), view("a.cn", "A.cn", "b.cn", "c.cn"), menu.Rule{TagID: 2})
	require.NoError(t, err)
	require.NoError(t, newClient(f).Create(t.Context(), view("a.cn", "b.cn", "c.cn", "d.cn")), "the default menu has no such limit")
	programs := view("a.cn", "b.cn", "c.cn", "d.cn")
	programs[0].SubButtons[3] = menu.Button{Type: menu.MiniProgram, Name: "a", URL: "https://d.cn", AppID: "wx0123456789abcdef", PagePath: "p"}
	_, err = newClient(f).AddConditional(t.Context(), programs, menu.Rule{TagID: 2})
	require.NoError(t, err, "the address for old clients does not count")
}

func TestArgumentsThatAreRefused(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	c := newClient(f)
	for want, err := range map[string]error{
		"menu: the id of the conditional menu is empty; AddConditional and Get return it": c.DeleteConditional(t.Context(), ""),
		"menu: the id of the conditional menu is not valid UTF-8":                         c.DeleteConditional(t.Context(), "\xff"),
		"menu: the follower is empty: give an openid or a WeChat name":                    second(c.Try(t.Context(), "")),
		"menu: the openid or WeChat name has a control character":                         second(c.Try(t.Context(), "o\x00")),
	} {
		require.EqualError(t, err, want)
		require.ErrorIs(t, err, menu.ErrInvalidArgument)
		assert.Equal(t, "request", kindName(t, err))
	}
	assert.Empty(t, f.calls)
}

func second[T any](_ T, err error) error { return err }

// No name, key or address of a button is in an error: they may hold anything.
func TestFaultsQuoteNothing(t *testing.T) {
	t.Parallel()
	const secret = "SECRET"
	b := menu.Button{Type: menu.Click, Name: secret + strings.Repeat("a", 60), Key: secret + strings.Repeat("k", 128), URL: secret, AppID: secret, PagePath: secret, MediaID: secret, ArticleID: secret, Value: secret}
	_, err := newClient(&fake{}).AddConditional(t.Context(), []menu.Button{b, listOf(b)}, menu.Rule{Other: map[string]string{secret: secret}})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), secret)
}

// A menu may be kept in a file as WeChat writes it.
func TestButtonsAreWeChatsJSON(t *testing.T) {
	t.Parallel()
	var got []menu.Button
	require.NoError(t, json.Unmarshal([]byte(everyJSON), &got))
	assert.Equal(t, everyType(), got)
}

// FuzzAnswer reads any answer, and creates again what it has read if that is allowed.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"menu":{"button":` + everyJSON + `,"menuid":208396938},"conditionalmenu":[{"button":[],"matchrule":{"tag_id":"2","sex":1},"menuid":"1"}]}`))
	f.Add([]byte(`{"is_menu_open":1.0,"selfmenu_info":{"button":[{"name":"b","sub_button":{"list":[{"type":"news","news_info":{"list":[{"show_cover":"1"}]}}]}}]}}`))
	f.Add([]byte(`{"button":[{"sub_button":[{"sub_button":[{}]}]},null,{"name":null,"key":-0.5}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		answers := &fake{answer: string(body)}
		c := newClient(answers)
		all, err := c.Get(t.Context())
		tried, tryErr := c.Try(t.Context(), "o")
		_, _ = c.Current(t.Context())
		_, _ = c.AddConditional(t.Context(), []menu.Button{click("a")}, menu.Rule{TagID: 1})
		lists := [][]menu.Button{tried}
		if err == nil {
			lists = append(lists, all.Default.Buttons)
			for _, m := range all.Conditional {
				lists = append(lists, m.Buttons)
			}
		}
		if err != nil && tryErr != nil {
			return
		}
		for _, buttons := range lists {
			sent := &fake{answer: fine}
			if err := newClient(sent).Create(t.Context(), buttons); err != nil {
				require.ErrorIs(t, err, menu.ErrInvalidArgument)
				require.Empty(t, sent.calls)
				continue
			}
			require.Len(t, sent.calls, 1)
			again, err := newClient(&fake{answer: sent.calls[0].body}).Try(t.Context(), "o")
			require.NoError(t, err)
			require.Equal(t, buttons, again, "what is read, created and read again is the same")
		}
	})
}
