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

// Scene is what a code carries: a number or a text. Make one with [Number] or [Text]; the zero Scene is
// none and is refused.
type Scene struct {
	number   int64
	text     string
	isNumber bool
}

// Number is a number as a scene: 1 to 4,294,967,295, for a permanent code 1 to 100,000. It is pushed
// in decimal, so that it cannot be told from a [Text] of these digits.
func Number(n int64) Scene { return Scene{number: n, isNumber: true} }

// Text is a text as a scene, of 1 to 64 characters. It is pushed as it is. Control characters and ]]>
// are refused, since the XML of a push would not give them back.
func Text(s string) Scene { return Scene{text: s} }

// String returns the scene as the Scene of a callback's SubscribeEvent and ScanEvent has it.
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
	most, which := int64(maxNumber), "the scene is %d, it must be 1 to %d"
	if permanent {
		most, which = maxPermanentNumber, "the scene is %d, for a permanent code it must be 1 to %d: use a Text or a code for a while"
	}
	if s.number < 1 || s.number > most {
		return fmt.Sprintf(which, s.number, most)
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
