package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/wechat/wechattest"
)

func TestMenu(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	environment := map[string]string{account.EnvAppID: s.AppID, account.EnvAppSecret: s.AppSecret, account.EnvBaseURL: s.URL}
	name := file(t, "menu.json", "\uFEFF"+`{"button": [{"type": "click", "name": "\u67e5\u8be2\u7167\u7247", "key": "PHOTO"},
{"name": "更多", "sub_button": [{"type": "view", "name": "帮助", "url": "https://school.example/?a=1&b=2"}]}]}`)
	r := runProgram(t.Context(), environment, "menu", name)
	require.Equal(t, exitOK, r.status, r.both())
	assert.Empty(t, r.errors)
	assert.JSONEq(t, `{"button": [{"type": "click", "name": "查询照片", "key": "PHOTO"},
{"name": "更多", "sub_button": [{"type": "view", "name": "帮助", "url": "https://school.example/?a=1&b=2"}]}]}`, s.Menu())

	r = runProgram(t.Context(), environment, "menu", file(t, "menu.json", `{"button": [{"type": "view", "name": "帮助", "url": "https://school.example"}]}`))
	require.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.errors, "the key PHOTO")

	s.Fail("/cgi-bin/menu/create", 1, wechattest.Fault{Code: 48001})
	r = runProgram(t.Context(), environment, "menu", name)
	oneClearLine(t, r, exitUsage, "48001", "lacks this permission")
}

func TestBadMenus(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	environment := map[string]string{account.EnvAppID: s.AppID, account.EnvAppSecret: s.AppSecret, account.EnvBaseURL: s.URL}
	for text, says := range map[string]string{
		"":                     "not one JSON object",
		"[]":                   "not one JSON object",
		`{"button": []} {}`:    "not one JSON object",
		`{"button": "PHOTO"}`:  `no list "button"`,
		`{"buttons": []}`:      `no list "button"`,
		"{\"button\": [\xb2]}": "not one JSON object",
		`{"button": [{"tpye": "click", "name": "查询照片", "key": "PHOTO"}]}`:                                         "tpye",
		`{"button": [{"type": "click", "name": "查询照片"}, {"type": "click", "name": "这个名字太长了一点", "key": "PHOTO"}]}`: "button[0].key",
	} {
		r := runProgram(t.Context(), environment, "menu", file(t, "menu.json", text))
		oneClearLine(t, r, exitUsage, says)
	}
	oneClearLine(t, runProgram(t.Context(), nil, "menu", "/nowhere/menu.json"), exitUsage, "/nowhere/menu.json")
}
