package template_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

func han(n int) string { return strings.Repeat("汉", n) }

func TestCheckValueByRule(t *testing.T) {
	t.Parallel()
	for keyword, tt := range map[string]struct{ good, bad []string }{
		"thing1":            {[]string{"a", han(20), "张三 & <李四>", "𠮷野家", "a b"}, []string{han(21), strings.Repeat("a", 21)}},
		"const2":            {[]string{"已更新", han(20)}, []string{han(21)}},
		"character_string3": {[]string{"AB-12_3.é", strings.Repeat("9", 32), "（1）"}, []string{"单号1", strings.Repeat("9", 33)}},
		"time4": {
			[]string{"15:01", "9:05", "23:59:59", "2019年10月1日 15:01", "2026年11月20日18:00", "2026-11-20 18:00", "2026/1/2 9:05", "2026.1.2 9:05",
				" 15:01 ", "15:01~16:00", "2019年10月1日 15:01 ~ 2019年10月2日 15:01", "2019年10月1日 15:01~16:01"},
			[]string{"下午三点", "25:00", "15:60", "15:1", "15", "2019年10月1日", "2019年13月1日 15:01", "2019年10月32日 15:01", "2019年10月1日 15点",
				"15:01~", "~15:01", "15:01~16:00~17:00", "15:01-16:00", "2019年10-1 15:01", "2026-11-2018:00"},
		},
		"date5": {
			[]string{"2019年10月1日", "2019-10-01", "2019.10.1", "2019/10/01 ", "2019年10月1日 15:01", "2019年10月1日~2019年10月3日"},
			[]string{"15:01", "2019年", "10月1日", "20191001", "2019年10月1", "2019年0月1日", "明天", "2019年10月1日x", "2026-11-2018:00"},
		},
		"amount6":        {[]string{"39.8元", "¥1234567890", "￥1.00元", "$1.50", "€2", "0"}, []string{"12345678901", "元", "39.8.1", "1.", ".5", "¥¥1", "-1", "1,000", "很多"}},
		"phone_number7":  {[]string{"+86-0766-66888866", "13800138000", "(0766) 66888866"}, []string{strings.Repeat("1", 18), "電話", "1a"}},
		"car_number8":    {[]string{"粤A8Z888挂", "粤A88888", "AB1", "京"}, []string{"粤A8汉888", "粤A-888", "粤A8Z88888"}},
		"number9":        {[]string{"1", "1.5", strings.Repeat("9", 32)}, []string{"1,5", "一", "1.2.3", "1.", ".5", strings.Repeat("9", 33)}},
		"letter10":       {[]string{"abc", "ABC", strings.Repeat("z", 32)}, []string{"a1", "a b", "汉", strings.Repeat("z", 33)}},
		"symbol11":       {[]string{"+-*/", "￥", "★"}, []string{"a", "1", "++++++"}},
		"name12":         {[]string{"张三", han(10), "Zhang San", strings.Repeat("a", 20), "张a", "J. O'Neil", "阿凡提·买买提", "Müller", "葛\U000E0100城"}, []string{han(11), strings.Repeat("a", 21), "张" + strings.Repeat("a", 10), "张3"}},
		"phrase13":       {[]string{"已更新", "五个汉字的"}, []string{"六个汉字的词", "ok", "审核a"}},
		"enum14":         {[]string{"任意", han(200)}, []string{han(201)}},
		"short_thing15":  {[]string{"任意", "a1"}, []string{han(201)}},
		"keyword1":       {[]string{"任意", "a1", han(200)}, []string{han(600)}},
		"studentName":    {[]string{"张三"}, []string{han(600)}},
		"thing":          {[]string{han(21)}, nil}, // no number: no rule
		"thing1x":        {[]string{han(21)}, nil},
		"time0000000001": {[]string{"15:01"}, []string{"x"}},
	} {
		t.Run(keyword, func(t *testing.T) {
			t.Parallel()
			for _, value := range tt.good {
				require.NoError(t, template.CheckValue(keyword, value), "%q", value)
			}
			for _, value := range append(tt.bad, unfit...) {
				requireValueError(t, keyword, value)
			}
		})
	}
}

// unfit are values for no keyword that is shown.
var unfit = []string{
	"", " ", "　", "\u200b", "a\nb", "a\r", "a\u2028b", "a\tb", "x\x01", "x\x7f", "x\xff", "\xe6\xb1",
	"https://example.com", "看HTTPS://EXAMPLE.COM", "weixin://dl", "详见www.example.com", "WWW.a.cn",
	"好😀", "🇨🇳", "1️⃣", "☀️", "⭐", "👨‍👩‍👧", "✅",
}

func requireValueError(t *testing.T, keyword, value string) {
	t.Helper()
	err := template.CheckValue(keyword, value)
	var ve *template.ValueError
	require.ErrorAs(t, err, &ve, "%q", value)
	require.ErrorIs(t, err, template.ErrInvalidMessage)
	assert.Equal(t, keyword, ve.Key)
	assert.Equal(t, "template: "+keyword+": "+ve.Reason, err.Error())
	if utf8.RuneCountInString(value) > 20 {
		assert.NotContains(t, err.Error(), value)
	}
}

// Of first and remark, which are not shown, almost everything is taken.
func TestCheckValueNotShown(t *testing.T) {
	t.Parallel()
	for _, keyword := range []string{"first", "remark"} {
		for _, value := range []string{"", "您好：\n", "\n谢谢😀", han(600)} {
			require.NoError(t, template.CheckValue(keyword, value), "%q", value)
		}
		for _, value := range []string{"https://example.com", "x\xff", "x\x00"} {
			requireValueError(t, keyword, value)
		}
	}
}

func TestCheckValueTakesTextThatLooksLikeMore(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"a.b/c", "awww.a", "awww.", "www", "www. 你好", "1:2", "★☆✓☎♥©", "A/B", "12:30 // 13:30"} {
		require.NoError(t, template.CheckValue("thing1", value), "%q", value)
	}
}

func TestValueErrorText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ keyword, value, want string }{
		{"thing1", han(23), "template: thing1: 23 characters, at most 20"},
		{"name2", han(11), "template: name2: 11 characters, at most 10"},
		{"phrase3", "pass", "template: phrase3: the value must be Han characters"},
		{"thing1", "", "template: thing1: the value is empty"},
		{"thing1", "https://a.cn", "template: thing1: the value has a link in it; a link belongs into the message's URL"},
		{"thing1", "好😀", "template: thing1: the value has an emoji, which WeChat removes"},
	} {
		require.EqualError(t, template.CheckValue(tt.keyword, tt.value), tt.want)
	}
}

func FuzzCheckValue(f *testing.F) {
	f.Add("thing1", "张三")
	f.Add("time2", "2019年10月1日 15:01~16:01")
	f.Add("amount3", "￥39.8元")
	f.Add("remark", "")
	f.Fuzz(func(t *testing.T, keyword, value string) {
		if template.CheckValue(keyword, value) != nil {
			requireValueError(t, keyword, value)
			return
		}
		assert.True(t, utf8.ValidString(value))
		assert.NotContains(t, value, "://")
		if keyword == "first" || keyword == "remark" {
			return
		}
		assert.NotEmpty(t, strings.TrimSpace(value))
		assert.False(t, strings.ContainsFunc(value, unicode.IsControl))
		assert.LessOrEqual(t, utf8.RuneCountInString(value), 200)
	})
}
