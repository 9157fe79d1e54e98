package bind

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestAlphabetHasNoLookAlikes(t *testing.T) {
	t.Parallel()
	for _, group := range []string{"0OQD", "1ILJ|", "2Z", "5S", "6G", "8B", "UV"} {
		n := 0
		for _, r := range group {
			n += strings.Count(alphabet, string(r))
		}
		assert.Equal(t, 1, n, "of %s one is in the alphabet", group)
	}
	for r, like := range alike {
		assert.NotContains(t, alphabet, string(r))
		assert.Contains(t, alphabet, string(like))
	}
}

func TestNewCode(t *testing.T) {
	t.Parallel()
	seen, count := map[string]bool{}, map[byte]int{}
	const n = 5000 // 2,000 of each character
	for range n {
		code := newCode()
		assert.Len(t, code, CodeLength)
		assert.True(t, IsCode(code), code)
		assert.False(t, seen[code], "twice: %s", code)
		seen[code] = true
		for i := range code {
			count[code[i]]++
		}
	}
	for i := range alphabet {
		assert.InDelta(t, 2000, count[alphabet[i]], 400, "as often as the others: %c", alphabet[i])
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, typed, want string }{
		{"as printed", "ACDEF23456", "ACDEF23456"},
		{"lower case", "acdef23456", "ACDEF23456"},
		{"full width", "ＡＣＤｅｆ２３４５６", "ACDEF23456"},
		{"blanks", " ACDEF\u300023456\n", "ACDEF23456"},
		{"a hyphen and marks", "【ACDEF-23456】。", "ACDEF23456"},
		{"invisible characters", "\u200bACDEF\u200d23456\ufeff", "ACDEF23456"},
		{"zero and O for D", "AC0EFOQ456", "ACDEFDD456"},
		{"one, I, l for J", "1IlACDEF23", "JJJACDEF23"},
		{"Z, S, G, B, U", "zsgbuACDEF", "2568VACDEF"},
		{"nothing", "：　", ""},
		{"Chinese stays", "你好", "你好"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, fold(tt.typed))
		})
	}
}

func TestIsCode(t *testing.T) {
	t.Parallel()
	assert.True(t, IsCode("acdef 23456"))
	assert.False(t, IsCode("acdef 2345"))
	assert.False(t, IsCode("acdef 234567"))
	assert.False(t, IsCode("一二三四五六七八九十"))
	assert.False(t, IsCode(""))
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"ACDEF23456", "绑定 ａ１", "\xff\x00", "\u200b", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := fold(s)
		if fold(once) != once {
			t.Errorf("%q becomes %q and then %q", s, once, fold(once))
		}
		if !utf8.ValidString(once) {
			t.Errorf("%q becomes %q, which is not UTF-8", s, once)
		}
	})
}

func TestHashCode(t *testing.T) {
	t.Parallel()
	a := hashCode([]byte("a key of 16 byte"), "ACDEF23456")
	assert.Len(t, a, 64)
	assert.NotEqual(t, a, hashCode([]byte("another 16 bytes"), "ACDEF23456"))
	assert.NotEqual(t, a, hashCode([]byte("a key of 16 byte"), "ACDEF23457"))
}
