package wechattest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

func TestValueRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		keyword   string
		good, bad []string
	}{
		{"thing1", []string{"a", strings.Repeat("汉", 20), "张三 & <李四>", "好🎉"}, []string{"", " ", "🎉", strings.Repeat("a", 21), "a\nb", "http://a.cn"}},
		{"const2", []string{"已更新"}, []string{"", strings.Repeat("汉", 21)}},
		{"character_string3", []string{"AB-12_3.é", strings.Repeat("a", 32)}, []string{"A汉", strings.Repeat("a", 33)}},
		{"time4", []string{"15:01", "2019年10月1日 15:01", "2019年10月1日15:01:30", "2026-11-20 18:00", "2026/1/2 9:05", "15:01~16:00", "2019年10月1日 15:01 ~ 2019年10月2日 15:01"},
			[]string{"", "25:00", "15:60", "15", "2019年10月1日", "2019年13月1日 15:01", "2019年10月32日 15:01", "tomorrow", "15:01~", "15:1"}},
		{"date5", []string{"2019年10月1日", "2019-10-01", "2019.10.1", "2019年10月1日 15:01", "2019年10月1日~2019年10月3日"}, []string{"15:01", "2019年", "10月1日", "20191001", "2019年10月1", "2019年10月1日x"}},
		{"amount6", []string{"39.8元", "¥1234567890", "$1.50", "0"}, []string{"12345678901", "元", "39.8.1", "1.", "¥¥1", "abc", "-1"}},
		{"phone_number7", []string{"+86-0766-66888866", "13800138000"}, []string{strings.Repeat("1", 18), "电话", "1a"}},
		{"car_number8", []string{"粤A8Z888挂", "粤A88888", "AB1"}, []string{"粤A8汉888", "粤A-888", "粤A8Z88888"}},
		{"number9", []string{"1", "1.5", strings.Repeat("9", 32)}, []string{"1,5", "一", "1.2.3", ".5", strings.Repeat("9", 33)}},
		{"letter10", []string{"abc", strings.Repeat("z", 32)}, []string{"a1", "汉", strings.Repeat("z", 33)}},
		{"symbol11", []string{"+-*/", "￥"}, []string{"a", "++++++"}},
		{"name12", []string{"张三", strings.Repeat("汉", 10), strings.Repeat("a", 20), "张a", "J. O'Neil"}, []string{strings.Repeat("汉", 11), strings.Repeat("a", 21), "张" + strings.Repeat("a", 10), "张3", "R2"}},
		{"phrase13", []string{"已更新", "五个汉字的"}, []string{"六个汉字的词", "ok"}},
		{"enum14", []string{"任意"}, []string{"", "a\tb"}},
		{"short_thing15", []string{"任意"}, []string{""}},
		{"keyword1", []string{"", "a\nb", "http://a.cn", strings.Repeat("长", 200)}, nil},
		{"thing", []string{"", strings.Repeat("长", 200)}, nil},
		{"studentName", []string{""}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.keyword, func(t *testing.T) {
			t.Parallel()
			for _, v := range tt.good {
				assert.True(t, wechattest.ValidValue(tt.keyword, v), "%q", v)
				if ruled := tt.bad != nil; ruled && !strings.Contains(v, "🎉") { // emoji: removed, so better not sent
					assert.NoError(t, template.CheckValue(tt.keyword, v), "package template refuses what the server takes: %q", v)
				}
			}
			for _, v := range tt.bad {
				assert.False(t, wechattest.ValidValue(tt.keyword, v), "%q", v)
			}
		})
	}
}
