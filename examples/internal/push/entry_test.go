package push

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

func person1(openid, student string) recipient {
	return recipient{openid: openid, studentID: student, content: content{
		"student_id": student, "student_name": "张三", "photo_url": "https://p.example/1.jpg", "photo_update_time": "2026-11-20 18:00:05",
	}}
}

func TestEntry(t *testing.T) {
	t.Parallel()
	cfg := &Config{TemplateID: templateID, Public: true, Fields: []Field{{"thing1", "{student_name}"}, {"time2", "{photo_update_time}"}}}
	with := func(name, value string) recipient {
		r := person1("oA", "1")
		r.content[name] = value
		return r
	}
	for name, tt := range map[string]struct {
		r     recipient
		fault string // part of it; empty: none
		kept  bool   // under its own key
	}{
		"good":                  {person1("oA", "1"), "", true},
		"64 characters":         {person1(strings.Repeat("o", 64), strings.Repeat("学", 64)), "", true},
		"Chinese id":            {person1("oA", "一年级-1"), "", true},
		"65 of an openid":       {person1(strings.Repeat("o", 65), "1"), "not an openid", false},
		"openid in Chinese":     {person1("未绑定", "1"), "not an openid", false},
		"openid with a NUL":     {person1("o\x00A", "1"), "not an openid", false},
		"space after an openid": {person1("oA ", "1"), "not an openid", false},
		"65 of a student":       {person1("oA", strings.Repeat("9", 65)), "student_id", false},
		"space after a student": {person1("oA", "1 "), "student_id", false},
		"line in a student":     {person1("oA", "1\n2"), "student_id", false},
		"no UTF-8":              {person1("oA", "\xff1"), "student_id", false},
		"long name":             {with("student_name", strings.Repeat("长", 600)), "thing1", true},
		"no name":               {with("student_name", ""), "thing1", true},
		"line in a name":        {with("student_name", "张\n三"), "thing1", true},
		"no time":               {with("photo_update_time", ""), "time2", true},
		"not a time":            {with("photo_update_time", "yesterday"), "time2", true},
		"no address":            {with("photo_url", "photos/1.jpg"), "https://", true},
		"long address":          {with("photo_url", "https://p.example/"+strings.Repeat("x", 3000)), "URL", true},
		"endless column":        {with("student_name", strings.Repeat("长", 30000)), "60000", true},
	} {
		x, err := cfg.entry(tt.r)
		require.NoError(t, err, name)
		if tt.fault == "" {
			require.NoError(t, x.fault, name)
		} else {
			require.ErrorContains(t, x.fault, tt.fault, name)
		}
		assert.Equal(t, tt.kept, x.person == person{tt.r.openid, tt.r.studentID}, name)
		assert.True(t, isOpenID(x.openid) && isIdentifier(x.studentID), "%s: the key %q can be kept", name, x.person)
		assert.LessOrEqual(t, len(x.content), contentLimit, name)
		_, err = decodeContent(x.content)
		require.NoError(t, err, name)
	}
	_, err := decodeContent("{")
	require.Error(t, err)
}

// What cannot be kept as it is has a key of its own: two that begin alike stay two.
func TestReplacedKeysDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range []string{"1 ", "1", " 1", "1\x00", "一", "二", strings.Repeat("9", 65), strings.Repeat("9", 66), ""} {
		key := replaced(s)
		assert.False(t, seen[key], "%q", s)
		assert.True(t, isOpenID(key) && isIdentifier(key), "%q", key)
		seen[key] = true
	}
}

func TestCompose(t *testing.T) {
	t.Parallel()
	cfg := &Config{
		TemplateID: templateID, Link: func(row int64) string { return "https://school.example/p/" + strings.Repeat("1", int(row)) },
		Fields: []Field{{"thing1", "{student_name}同学"}, {"time2", "{photo_update_time}"}, {"thing3", "点击查看"}},
	}
	m, err := cfg.compose(&row{id: 3, openid: "oA", clientMsgID: "id"}, person1("oA", "1").content)
	require.NoError(t, err)
	assert.Equal(t, template.Message{
		To: "oA", TemplateID: templateID, ClientMsgID: "id", URL: "https://school.example/p/111",
		Data: template.Data{"thing1": {Value: "张三同学"}, "time2": {Value: "2026年11月20日 18:00"}, "thing3": {Value: "点击查看"}},
	}, m)
	cfg.Fields = []Field{{"thing1", "{nobody}"}}
	_, err = cfg.compose(&row{id: 3, openid: "oA"}, content{})
	require.ErrorContains(t, err, "{nobody}")
	cfg.Fields = []Field{{"thing1", "{photo_url}"}}
	_, err = cfg.compose(&row{id: 3, openid: "oA"}, person1("oA", "1").content)
	require.Error(t, err, "a link is no value")
}

func TestParseField(t *testing.T) {
	t.Parallel()
	f, err := ParseField("thing1={student_name}=x")
	require.NoError(t, err)
	assert.Equal(t, Field{"thing1", "{student_name}=x"}, f)
	assert.Equal(t, []string{"student_name"}, f.columns())
	for _, bad := range []string{"", "thing1", "=x", "thing1="} {
		_, err := ParseField(bad)
		assert.ErrorContains(t, err, "KEY=TEXT", bad)
	}
}

func TestCheckConfig(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"photos-2026-11-20", "秋季 照片", "👨\u200d👩\u200d👧 家", strings.Repeat("照", 64)} {
		assert.NoError(t, CheckCampaign(good))
	}
	for _, bad := range []string{"", " a", "a ", "a\nb", "a\x00b", strings.Repeat("照", 65), "\xff", "photos\u200b-1", "photos\u202e-1", "\ufeffphotos"} {
		assert.Error(t, CheckCampaign(bad), "%q", bad)
	}
	for name, change := range map[string]func(*Config){
		"no AppID": func(c *Config) { c.AppID = "" }, "no Caller": func(c *Config) { c.Caller = nil },
		"no School": func(c *Config) { c.School = nil }, "no Campaign": func(c *Config) { c.Campaign = "" },
		"long Campaign": func(c *Config) { c.Campaign = strings.Repeat("x", 65) }, "Chinese AppID": func(c *Config) { c.AppID = "微信" },
		"Rate": func(c *Config) { c.Rate = -1 }, "Batch": func(c *Config) { c.Batch = -1 }, "Workers": func(c *Config) { c.Workers = -1 },
	} {
		d := emptySchool(t, "sqlite:"+t.TempDir()+"/c.db")
		cfg := ofSchool(d, newWeChat(t))
		change(&cfg)
		_, err := Run(t.Context(), nil, cfg)
		assert.Error(t, err, name)
		assert.NotContains(t, err.Error(), "\n", name)
	}
}

// The id that makes a repetition count once is the same in every process, and another one for
// every deliberate sending.
func TestMessageID(t *testing.T) {
	t.Parallel()
	id := messageID("wx0123456789abcdef", "spring", "oA", "1", 0)
	assert.Equal(t, "wx0123456789abcdef-D2XNRBH6IXODZQW5IILUKA2UYT-0", id)
	seen := map[string]bool{id: true}
	for _, other := range []string{
		messageID("wx0123456789abcdef", "spring", "oA", "1", 1), messageID("wx0123456789abcdee", "spring", "oA", "1", 0),
		messageID("wx0123456789abcdef", "summer", "oA", "1", 0), messageID("wx0123456789abcdef", "spring", "oB", "1", 0),
		messageID("wx0123456789abcdef", "spring", "oA", "2", 0),
	} {
		assert.False(t, seen[other])
		seen[other] = true
	}
	assert.LessOrEqual(t, len(messageID(strings.Repeat("x", 64), "c", "o", "s", 1<<31)), 64)
}

func FuzzContent(f *testing.F) {
	f.Add("张三", "https://p/1?a=1&b=<2>")
	f.Add("\xff\x00\"", "\u2028")
	f.Fuzz(func(t *testing.T, name, url string) {
		text, err := content{"student_name": name, "photo_url": url}.encode()
		require.NoError(t, err)
		c, err := decodeContent(text)
		require.NoError(t, err)
		assert.Equal(t, string([]rune(name)), c["student_name"], "each byte that is no character is one \uFFFD")
		_, _ = Field{"thing1", "{student_name} {photo_url}"}.value(c)
		_ = Printed(name)
	})
}

func TestFieldParts(t *testing.T) {
	t.Parallel()
	c := content{"a": "甲", "b_2": "乙", "at": "2026-11-20 18:00:05"}
	for text, want := range map[string]string{
		"{a}": "甲", "x{a}y{b_2}z": "x甲y乙z", "{a}{a}": "甲甲", "{at}": "2026年11月20日 18:00",
		"no column": "no column", "{}": "{}", "{ a }": "{ a }", "{{a}}": "{甲}", "{a": "{a", "a}": "a}", "{1a}": "{1a}", "{列}": "{列}", "{a{b_2}": "{a乙", "": "",
	} {
		got, err := Field{"k", text}.value(c)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	assert.Equal(t, []string{"a", "b_2"}, Field{"k", "{a}{ }{b_2}"}.columns())
}
