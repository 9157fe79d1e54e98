package main

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/org/wxhome/examples/internal/operator/languagetest"
	"github.com/org/wxhome/examples/internal/push"
)

func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	used := append(languagetest.Lines(t, "text", "say", "warn"), helpText, ruleText(""), "skipped", "failed", "unknown")
	used = slices.AppendSeq(used, maps.Values(flagTexts))
	for _, rule := range []string{
		"thing", "character_string", "time", "date", "amount", "phone_number", "car_number", "const", "number",
		"letter", "symbol", "name", "phrase",
	} {
		used = append(used, ruleText(rule))
	}
	for _, r := range []push.Reason{push.ReasonQuota, push.ReasonRefused, push.ReasonOutage, push.ReasonStopped} {
		used = append(used, string(r))
	}
	used = append(used, push.Whys()...)
	languagetest.Complete(t, chinese(), used)
}

func TestChooseLanguage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		args        []string
		environment map[string]string
		chinese, ok bool
	}{
		{"Chinese locale", nil, map[string]string{"LANG": "zh_CN.UTF-8"}, true, true},
		{"English locale", nil, map[string]string{"LANG": "en_US.UTF-8"}, false, true},
		{"LC_ALL before LANG", nil, map[string]string{"LC_ALL": "C", "LANG": "zh_CN"}, false, true},
		{"flag before locale", []string{"-lang", "en"}, map[string]string{"LANG": "zh_CN"}, false, true},
		{"flag with two dashes", []string{"--lang=zh"}, map[string]string{"LANG": "C"}, true, true},
		{"another language", []string{"-lang", "fr"}, nil, false, false},
		{"empty", []string{"-lang="}, nil, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, ok := chooseLanguage(tt.args, func(name string) string { return tt.environment[name] })
			assert.Equal(t, tt.ok, ok)
			assert.Equal(t, tt.chinese, l.IsChinese())
		})
	}
}

// TestFailuresInChinese: the list for Excel gives the ledger's own reasons in the operator's language.
func TestFailuresInChinese(t *testing.T) {
	t.Parallel()
	l, ok := chooseLanguage([]string{"-lang", "zh"}, func(string) string { return "" })
	assert.True(t, ok)
	p := &program{language: l}
	for reason, want := range map[string]string{
		"superseded by 春天":                     "由推送任务 春天 取代",
		"the binding is gone":                  "已解除绑定",
		"wechat: 47003 argument invalid! 100%": "wechat: 47003 argument invalid! 100%",
	} {
		assert.Equal(t, want, p.failureRow(push.Failure{Error: reason, Updated: time.Unix(1, 0)})[5])
	}
}
