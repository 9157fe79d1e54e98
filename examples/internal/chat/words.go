package chat

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/org/wxhome/examples/internal/bind"
)

// intent is what a parent's text asks for.
type intent int

const (
	wantsOther intent = iota
	wantsBind
	wantsUnbind
	wantsPhoto
	wantsID
	wantsHelp
)

// The words of each intent. Those that may be followed by something are tried
// at the text's beginning, the longer ones first.
var (
	bindWords   = []string{"绑定码", "绑定", "綁定"}
	unbindWords = []string{"解除绑定", "取消绑定", "解绑", "解綁"}
	photoWords  = []string{"我的孩子照片", "我的孩子的照片", "查询照片", "孩子照片", "看照片", "照片"}
	idWords     = []string{"我的编号", "我的openid", "openid"}
	helpWords   = []string{"帮助", "help", "?"}
)

// request is a text that was understood.
type request struct {
	intent intent
	rest   string // what follows the word
}

// understand reads what a parent wrote. Blanks, full-width characters, case
// and marks at the end do not matter.
func understand(text string) request {
	text = narrow(text)
	if rest, ok := after(text, unbindWords); ok {
		return request{wantsUnbind, rest}
	}
	if rest, ok := after(text, bindWords); ok {
		return request{wantsBind, rest}
	}
	if rest, ok := after(text, photoWords); ok && (rest == "" || number(rest) > 0) {
		return request{wantsPhoto, rest}
	}
	whole := strings.ToLower(strings.ReplaceAll(text, " ", ""))
	for _, word := range idWords {
		if whole == word {
			return request{intent: wantsID}
		}
	}
	for _, word := range helpWords {
		if whole == word {
			return request{intent: wantsHelp}
		}
	}
	return request{rest: text}
}

// narrow takes full-width characters, invisible ones, and blanks and marks
// around the text away.
func narrow(text string) string {
	text = strings.Map(func(r rune) rune {
		switch r = bind.Narrow(r); {
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, text)
	return strings.TrimFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || r != '?' && unicode.IsPunct(r)
	})
}

// after cuts the first of words that the text begins with, blanks in it
// aside, and what stands between it and the rest.
func after(text string, words []string) (rest string, ok bool) {
	for _, word := range words {
		rest, ok = text, true
		for _, want := range word {
			rest = strings.TrimLeft(rest, " ")
			if ok = strings.HasPrefix(rest, string(want)); !ok {
				break
			}
			rest = rest[len(string(want)):]
		}
		if ok {
			return strings.TrimLeftFunc(rest, func(r rune) bool { return r == ' ' || unicode.IsPunct(r) }), true
		}
	}
	return "", false
}

// number reads a positive number of one to three digits; 0: it is none.
func number(s string) int {
	s = strings.TrimSpace(strings.TrimPrefix(s, "第"))
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 999 || strings.ContainsAny(s, "+-") {
		return 0
	}
	return n
}

// looksLikeCode reports whether what follows 绑定 is meant as a code: a question
// such as 绑定不了怎么办 is no wrong try.
func looksLikeCode(rest string) bool {
	letters := 0
	for _, r := range rest {
		switch {
		case r > unicode.MaxASCII && !unicode.IsPunct(r) && !unicode.IsSpace(r):
			return false
		case unicode.IsLetter(r), unicode.IsDigit(r):
			letters++
		}
	}
	return letters > 0
}
