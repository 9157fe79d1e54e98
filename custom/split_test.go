package custom_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

// fill returns s after so many letters that it begins at byte n of the text.
func fill(n int, s string) string { return strings.Repeat("a", n) + s }

func TestSplitTextCutsAtTheBestPlace(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("b", 2048)
	link := `<a href="https://example.com/?a=1" data-miniprogram-path="a. b。c">去 看。看</a>`
	for name, tt := range map[string]struct{ text, first, second string }{
		"nothing better":              {fill(2048, "b"), fill(2048, ""), "b"},
		"a Chinese character":         {fill(2046, "长b"), fill(2046, ""), "长b"},
		"the last sentence":           {fill(1000, "。好！差"+strings.Repeat("，差", 400)), fill(1000, "。好！"), "差" + strings.Repeat("，差", 400)},
		"a sentence in quotes":        {fill(2000, "。”他说"+long[:80]), fill(2000, "。”"), "他说" + long[:80]},
		"several marks":               {fill(2000, "？！……好"+long[:80]), fill(2000, "？！……"), "好" + long[:80]},
		"a sentence of Latin":         {fill(2000, `." Next,`+long[:80]), fill(2000, `."`), "Next," + long[:80]},
		"no sentence ends in 3.14":    {fill(2000, ". Pi=3.14b?c=1"+long[:80]), fill(2000, "."), "Pi=3.14b?c=1" + long[:80]},
		"a line break":                {fill(2000, "\nb, c"+long[:80]), fill(2000, ""), "b, c" + long[:80]},
		"a line break after a stop":   {fill(1900, "。b\r\n\r\n c"+long[:180]), fill(1900, "。b"), "c" + long[:180]},
		"a comma":                     {fill(2000, "，b c"+long[:80]), fill(2000, "，"), "b c" + long[:80]},
		"a Latin comma":               {fill(2000, ", b c1,000"+long[:80]), fill(2000, ","), "b c1,000" + long[:80]},
		"a word":                      {fill(2000, " b"+long[:80]), fill(2000, ""), "b" + long[:80]},
		"between Chinese and Latin":   {fill(1000, "看https://example.com/"+strings.Repeat("x", 1040)+"谢谢"), fill(1000, "看"), "https://example.com/" + strings.Repeat("x", 1040) + "谢谢"},
		"not before a mark":           {fill(2045, "长。"), fill(2045, ""), "长。"},
		"the sentence just fits":      {fill(2045, "。长"), fill(2045, "。"), "长"},
		"white space at the cut":      {fill(2000, "。 \n\t　 b"+long[:80]), fill(2000, "。"), "b" + long[:80]},
		"a link":                      {fill(2000, link+"b"), fill(2000, ""), link + "b"},
		"a link in capitals":          {fill(2040, "<A HREF='x'>b b</A>"), fill(2040, ""), "<A HREF='x'>b b</A>"},
		"a word before a link":        {fill(100, " "+fill(1900, link+"b")), fill(100, " "+fill(1900, "")), link + "b"},
		"after a link":                {fill(1900, link+long[:180]), fill(1900, link), long[:180]},
		"a link after a sentence":     {fill(2000, "。看"+link), fill(2000, "。"), "看" + link},
		"a link as long as a part":    {"b <a " + strings.Repeat("x", 2041) + "</a>c", "b", "<a " + strings.Repeat("x", 2041) + "</a>c"},
		"no link without an end":      {fill(2000, "<a href=x"+long[:80]), fill(2000, "<a"), "href=x" + long[:80]},
		"other tags are text":         {fill(2000, "<abbr x>"+long[:80]+"</a>"), fill(2000, "<abbr"), "x>" + long[:80] + "</a>"},
		"an emoji":                    {fill(2046, "😀"), fill(2046, ""), "😀"},
		"an emoji of several":         {fill(2040, "👨‍👩‍👧b"), fill(2040, ""), "👨‍👩‍👧b"},
		"an emoji with a skin tone":   {fill(2044, "👍🏽b"), fill(2044, ""), "👍🏽b"},
		"a flag":                      {fill(2036, "🇨🇳🇨🇳b"), fill(2036, "🇨🇳"), "🇨🇳b"},
		"a keycap":                    {fill(2046, "1️⃣"), fill(2046, ""), "1️⃣"},
		"an accent":                   {fill(2047, "e\u0301b"), fill(2047, ""), "e\u0301b"},
		"a sentence within a label":   {"一。" + `<a href="x">` + strings.Repeat("b", 2000) + "。b</a>" + long[:80], "一。", `<a href="x">` + strings.Repeat("b", 2000) + "。b</a>" + long[:80]},
		"a place at the very end":     {fill(2048, " b"), fill(2048, ""), "b"},
		"white space before the text": {" " + fill(2048, ""), fill(2048, ""), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := []string{tt.first, tt.second}
			if tt.second == "" {
				want = want[:1]
			}
			parts := custom.SplitText(tt.text)
			if len(parts) > 2 { // what follows is not the matter here
				parts = []string{parts[0], strings.Join(parts[1:], "")}
			}
			assert.Equal(t, want, parts)
		})
	}
}

func TestSplitTextLeavesShortOnesAlone(t *testing.T) {
	t.Parallel()
	assert.Empty(t, custom.SplitText(""))
	assert.Empty(t, custom.SplitText(strings.Repeat(" \n", 2000)))
	for _, text := range []string{"a", " a\n", "   ", fill(2048, ""), strings.Repeat("长。", 341)} {
		assert.Equal(t, []string{text}, custom.SplitText(text))
	}
	assert.Equal(t, []string{"a\uFFFDb"}, custom.SplitText("a\xff\xfeb"))
}

// A link that fits into no part cannot be kept, but what is sent is still within the limit.
func TestSplitTextOfAnEndlessLink(t *testing.T) {
	t.Parallel()
	parts := custom.SplitText(`<a href="` + strings.Repeat("x", 5000) + `">label</a>`)
	assert.Len(t, parts, 3+1)
	checkParts(t, parts)
}

func checkParts(t *testing.T, parts []string) {
	t.Helper()
	for _, part := range parts {
		assert.LessOrEqual(t, len(part), custom.MaxText)
		assert.True(t, utf8.ValidString(part))
		assert.NotEmpty(t, part)
	}
}

func dense(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return -1
		}
		return c
	}, s)
}

// FuzzSplitText: parts are within the limit and valid, nothing but white space is lost, no link
// is broken.
func FuzzSplitText(f *testing.F) {
	f.Add("你好。", 700, `<a href="https://example.com">标签</a>`)
	f.Add("a, b. c\n", 300, "👨‍👩‍👧🇨🇳")
	f.Add("<a ", 900, "</a>")
	f.Add("\xff \r\n", 1000, "e\u0301”）")
	f.Add("\u200d", 3000, "")
	f.Fuzz(func(t *testing.T, unit string, times int, tail string) {
		if times < 0 || times > 5000 || len(unit)*times > 10_000 {
			return
		}
		link := `<a href="x">` + strings.ReplaceAll(unit, "<", "") + `</a>`
		text := strings.Repeat(unit, times) + tail + link
		parts := custom.SplitText(text)
		checkParts(t, parts)
		require.Equal(t, dense(strings.ToValidUTF8(text, "\uFFFD")), dense(strings.Join(parts, "")))
		require.Equal(t, parts, custom.SplitText(text))
		link = strings.ToValidUTF8(link, "\uFFFD")
		if !strings.Contains(strings.ToLower(unit+tail), "<a") && len(link) <= custom.MaxText {
			require.Contains(t, strings.Join(parts, "\x00"), link, "the link is broken")
		}
	})
}

func BenchmarkSplitText(b *testing.B) {
	text := strings.Repeat("今天天气很好，我们去公园。", 1000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		custom.SplitText(text)
	}
}
