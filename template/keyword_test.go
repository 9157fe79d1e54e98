package template_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/org/wxhome/template"
)

func TestKeywords(t *testing.T) {
	t.Parallel()
	for content, want := range map[string][]template.Keyword{
		"": nil,
		"学生姓名{{thing1.DATA}}\n更新时间{{time2.DATA}}\n温馨提示{{thing3.DATA}}\n": {
			{"thing1", "学生姓名", "thing"}, {"time2", "更新时间", "time"}, {"thing3", "温馨提示", "thing"}},
		"{{first.DATA}}\n姓名：{{keyword1.DATA}}\r\nTime: {{keyword2.DATA}}\n{{remark.DATA}}": {
			{"first", "", ""}, {"keyword1", "姓名", ""}, {"keyword2", "Time", ""}, {"remark", "", ""}},
		"单号{{character_string12.DATA}} 金额 {{ amount3.DATA }}": {
			{"character_string12", "单号", "character_string"}, {"amount3", "金额", "amount"}},
		"{{thing1.DATA}}{{thing1.DATA}}":        {{"thing1", "", "thing"}},
		"{{thing.DATA}}{{things2.DATA}}":        {{"thing", "", ""}, {"things2", "", ""}},
		"{{studentName.data}}{{姓名.DATA}}":       {{"studentName", "", ""}, {"姓名", "", ""}},
		"{{bad}} {{.DATA}} {x.DATA} {{a.DATA}":  nil,
		"{{{{{{thing1.DATA}}}}{{ a b.DATA }}}}": {{"thing1", "{{{{", "thing"}},
	} {
		assert.Equal(t, want, template.Template{Content: content}.Keywords(), "%q", content)
	}
}

func FuzzKeywords(f *testing.F) {
	f.Add("学生姓名{{thing1.DATA}}\n{{time2.DATA}}")
	f.Add("{{{{a.DATA}}: {{first.data }}\r{{remark.DATA}}")
	f.Fuzz(func(t *testing.T, content string) {
		seen := map[string]bool{}
		for _, k := range (template.Template{Content: content}).Keywords() {
			assert.Contains(t, content, k.Name)
			assert.Contains(t, content, k.Label)
			assert.NotEmpty(t, k.Name)
			assert.False(t, seen[k.Name], "twice")
			assert.True(t, strings.HasPrefix(k.Name, k.Rule))
			assert.NotContains(t, k.Label, "\n")
			seen[k.Name] = true
		}
	})
}
