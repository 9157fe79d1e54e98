package chat

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/org/wxhome/examples/internal/bind"
)

func TestUnderstand(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want request
	}{
		{"绑定 ACDEF23456", request{wantsBind, "ACDEF23456"}},
		{"绑定ACDEF23456", request{wantsBind, "ACDEF23456"}},
		{"　绑　定：ａｃｄｅｆ２３４５６。", request{wantsBind, "acdef23456"}},
		{"绑定码 ACDEF 23456", request{wantsBind, "ACDEF 23456"}},
		{"綁定ACDEF23456", request{wantsBind, "ACDEF23456"}},
		{"绑定", request{wantsBind, ""}},
		{"解绑", request{wantsUnbind, ""}},
		{"解绑 2", request{wantsUnbind, "2"}},
		{"解绑：张三", request{wantsUnbind, "张三"}},
		{"取消绑定", request{wantsUnbind, ""}},
		{"照片", request{wantsPhoto, ""}},
		{" 照片！", request{wantsPhoto, ""}},
		{"照片？", request{wantsPhoto, ""}},
		{"照片 6", request{wantsPhoto, "6"}},
		{"照片６", request{wantsPhoto, "6"}},
		{"我的孩子照片", request{wantsPhoto, ""}},
		{"查询照片", request{wantsPhoto, ""}},
		{"照片怎么看", request{wantsOther, "照片怎么看"}},
		{"我的编号", request{intent: wantsID}},
		{"OpenID", request{intent: wantsID}},
		{"帮助", request{intent: wantsHelp}},
		{"？", request{intent: wantsHelp}},
		{"你好", request{wantsOther, "你好"}},
		{"", request{wantsOther, ""}},
		{"照\u200b片\ufe0f", request{wantsPhoto, ""}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, understand(tt.text))
		})
	}
}

func TestLooksLikeCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"ACDEF23456": true, "x": true, "【ACDEF-23456】": true, "ACDEF 23456": true,
		"不了怎么办": false, "": false, "。": false, "张三 ACDEF23456": false,
	} {
		assert.Equal(t, want, looksLikeCode(text), text)
	}
}

func FuzzUnderstand(f *testing.F) {
	for _, s := range []string{"绑定 ACDEF23456", "照片 2", "解绑 全部", "\xff绑定", "？", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r := understand(s); !utf8.ValidString(r.rest) {
			t.Errorf("%q gives %q", s, r.rest)
		}
	})
}

func TestCutAndNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "照片", cut("照片", 6))
	assert.Equal(t, "照…", cut("照片照片", 8))
	assert.Equal(t, "…", cut("照片", 3))
	assert.Equal(t, "＜a＞", nameOf(bind.Child{Name: "<a>"}), "a name makes no link")
	assert.Equal(t, "学号 S1", nameOf(bind.Child{StudentID: "S1"}))
	many := make([]bind.Child, 12)
	assert.Contains(t, namesOf(many), "等")
	assert.Equal(t, `<a href="https://x/%22%3E">a</a>`, linked(`https://x/">`, "a"))
}

func TestChooseChildren(t *testing.T) {
	t.Parallel()
	two := []bind.Child{{StudentID: "S1", Name: "张三"}, {StudentID: "S2", Name: "李四"}}
	same := []bind.Child{{StudentID: "S1", Name: "张三"}, {StudentID: "S2", Name: "张三"}}
	assert.Equal(t, two[:1], chooseChildren(two[:1], ""))
	assert.Empty(t, chooseChildren(two, ""))
	assert.Equal(t, two, chooseChildren(two, "全部"))
	assert.Equal(t, two[1:], chooseChildren(two, "2"))
	assert.Equal(t, two[1:], chooseChildren(two, "李四"))
	assert.Equal(t, two[1:], chooseChildren(two, "s2"))
	assert.Empty(t, chooseChildren(two, "3"))
	assert.Empty(t, chooseChildren(two[:1], "王五"), "a name that is none of theirs unbinds nobody")
	assert.Empty(t, chooseChildren(same, "张三"))
}
