package scene

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The platform's limits on scenes.
const (
	maxNumber          = math.MaxUint32
	maxPermanentNumber = 100_000
	maxText            = 64 // characters
)

// Scene is the number or the text that a code carries. Make one with [Number] or [Text]. The zero Scene is
// refused.
type Scene struct {
	number   int64
	text     string
	isNumber bool
}

// Number returns a scene that is a number, from 1 to 4,294,967,295, for a permanent code from 1 to
// 100,000. WeChat pushes it in decimal, so a handler cannot tell it from a [Text] with the same digits.
func Number(n int64) Scene { return Scene{number: n, isNumber: true} }

// Text returns a scene that is a text of 1 to 64 characters. WeChat pushes it unchanged. Control
// characters and ]]> are refused, because they do not survive the XML of a push.
func Text(s string) Scene { return Scene{text: s} }

// String returns the scene as the method Scene of callback's SubscribeEvent and ScanEvent returns it.
func (s Scene) String() string {
	if s.isNumber {
		return strconv.FormatInt(s.number, 10)
	}
	return s.text
}

// bad returns what is wrong with s for a code that lasts or not, or "".
func (s Scene) bad(permanent bool) string {
	if !s.isNumber {
		return s.badText()
	}
	most, which := int64(maxNumber), "the scene's number must be 1 to %d"
	if permanent {
		most, which = maxPermanentNumber, "the scene's number must be 1 to %d for a permanent code: use a Text or a code for a while"
	}
	if s.number < 1 || s.number > most {
		return fmt.Sprintf(which, most)
	}
	return ""
}

// badText returns what is wrong with a text, or "".
func (s Scene) badText() string {
	n := utf8.RuneCountInString(s.text)
	switch {
	case n < 1 || n > maxText:
		return fmt.Sprintf("the scene has %d characters, it must have 1 to %d: for a longer one use a short key of it", n, maxText)
	case !utf8.ValidString(s.text):
		return "the scene is not valid UTF-8"
	case strings.ContainsFunc(s.text, unpushable):
		return "the scene has a control character, which is not pushed as it is"
	case strings.Contains(s.text, "]]>"):
		return "the scene has ]]> in it, which ends it in the XML of a push"
	}
	return ""
}

// unpushable reports a character that XML cannot hold or reads otherwise.
func unpushable(r rune) bool { return r < ' ' || r == 0x7f || r == 0xFFFE || r == 0xFFFF }
