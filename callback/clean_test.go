package callback

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestNatural(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("1234567890", 2)
	for size := 1; size <= 18; size++ {
		n, ok := natural(digits[:size])
		want, err := strconv.ParseInt(digits[:size], 10, 64)
		assert.NoError(t, err)
		assert.True(t, ok, digits[:size])
		assert.Equal(t, want, n)
		for at := range size { // nothing but digits, wherever it stands
			for _, c := range []byte{'0' - 1, '9' + 1, 0, 'a', '0' | 0x80, '0' + 0x10, 0xFF} {
				other := []byte(digits[:size])
				other[at] = c
				_, ok := natural(string(other))
				assert.False(t, ok, "%q", other)
			}
		}
	}
	for text, want := range map[string]int64{
		"0": 0, "007": 7, "0000000000000000001": 1, "9223372036854775807": 1<<63 - 1, "1714037059": 1714037059,
	} {
		n, ok := natural(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, n)
	}
	for _, text := range []string{"", "-1", "+1", " 1", "9223372036854775808", "9999999999999999999", "1_0", "0x1"} {
		_, ok := natural(text)
		assert.False(t, ok, text)
	}
}

// TestTidy checks that a look at the bytes finds what a look at each rune would find.
func TestTidy(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"", "a", "\t", "\n", "\r", "\x00", "\x1f", "\x7f", "照片", "é", "😀", "\uFFFD", "\uFFFE", "\uFFFF", "！",
		"\xE7\x85", "\xE7\x85a", "\xE0\x80\x80", "\xED\xA0\x80", "\xED\x9F\xBF", "\xEC\xBF\xBF", "\xE1\x80\x80", "\xE1\x80", "\x80",
	}
	for _, piece := range pieces {
		for before := range 10 {
			for after := range 10 {
				s := strings.Repeat("x", before) + piece + strings.Repeat("y", after)
				assert.Equal(t, utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r == '\r' || !legal(r) }), tidy(s), "%q", s)
			}
		}
	}
}

func TestNameSize(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "a", "MsgType", "FromUserName", "Location_X", "MediaId16K", "a-b.c:d", "名字", strings.Repeat("x", 100)} {
		for _, end := range []string{"", ">", "/>", " a='b'>", "\t>", "<", "\x00", ">\x00\x00\x00\x00\x00\x00\x00\x00", "/" + strings.Repeat("y", 20)} {
			assert.Equal(t, len(name), nameSize(name+end), "%q", name+end)
		}
	}
}
