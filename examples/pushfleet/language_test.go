package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/operator/languagetest"
	"github.com/org/wxhome/examples/internal/push"
)

func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	used := languagetest.Lines(t, "text", "say", "complain", "usage")
	assert.Greater(t, len(used), 60)
	used = append(used, helpText, reasonMinute, string(push.ReasonQuota), string(push.ReasonOutage), push.ErrNotShareable.Error())
	used = slices.AppendSeq(used, maps.Values(flagTexts))
	assert.Greater(t, len(used), 100)
	languagetest.Complete(t, chinese(), used)
}

// TestLanguage: -lang and the locale choose it, in front of the command and behind it.
func TestLanguage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, locale, says string }{
		{"-lang zh", "", "缺少命令"},
		{"work -rate 0 -lang=zh", "en_US.UTF-8", "-rate 须在 0.01 到 100000 之间"},
		{"work -rate 0", "zh_CN.UTF-8", "-rate 须在 0.01 到 100000 之间"},
		{"work -rate 0 -lang en", "zh_CN.UTF-8", "-rate must be from 0.01 to 100000"},
		{"work -lang fr", "zh_CN.UTF-8", "-lang must be zh or en"},
		{"work", "zh_CN.UTF-8", "WECHAT_APPSECRET：请补全"},
	} {
		r := runProgram(t.Context(), map[string]string{
			"LANG": tt.locale, "WXHOME_DB": "mysql:u@tcp(127.0.0.1:1)/d", "WXHOME_REDIS": "redis://127.0.0.1:1/0", account.EnvAppID: "wx0123456789abcdef",
		}, strings.Fields(tt.args)...)
		oneClearLine(t, r, exitUsage, tt.says)
	}
	r := runProgram(t.Context(), nil, "-h", "-lang", "zh")
	assert.Contains(t, r.out, "所有 worker 合计每秒条数")
}

// TestChineseFleet: what a hold says stands in Redis, and each program says it in its language.
func TestChineseFleet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.env["LANG"] = "zh_CN.UTF-8"
	s := w.enqueue()
	assert.Equal(t, 3, s.Pending)
	_, err := w.of(w.wechat.AppID).hold(t.Context(), reasonMinute, soon)
	require.NoError(t, err)
	r := w.run(t.Context(), "status")
	assert.Contains(t, r.out, "：触及每分钟上限")
	assert.Contains(t, r.out, "接收人 3 = 无变化 0")
	assert.Contains(t, w.run(t.Context(), "status", "-lang", "en").out, ": the limit by the minute has struck")
}
