package template

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ValueError is a value that the platform would refuse (47003) or mutilate. It is an
// [ErrInvalidMessage] too.
type ValueError struct {
	// Key is the keyword, such as thing1.
	Key string
	// Rule is the value rule that the keyword stands for, such as thing. Empty: it has none.
	Rule string
	// Reason says what is wrong, such as "23 characters, at most 20".
	Reason string
}

// Error names keyword and reason, never the value, which may be personal.
func (e *ValueError) Error() string { return prefix + e.Key + ": " + e.Reason }

// KindName returns "value".
func (e *ValueError) KindName() string { return kindName(ErrInvalidMessage) }

// Unwrap returns [ErrInvalidMessage], for errors.Is.
func (e *ValueError) Unwrap() error { return ErrInvalidMessage }

// CheckValue checks one value against the rule that keyword stands for (类目模板参数值: thing,
// time, amount, ...), and against what holds for all: not empty, one line, no link, no emoji
// (WeChat removes them), no control characters, valid UTF-8. Each Han character, letter or digit
// counts as one. The error is a [*ValueError].
//
// A keyword without a rule, such as an older template's keyword1, may have 200 characters: the
// platform folds long values of those. Of first and remark, which the platform has not shown
// since 2023, only links and broken text are refused. Where the platform's rule is not known for
// certain (enum, const, short_thing) CheckValue takes more rather than less: the platform may
// still refuse.
func CheckValue(keyword, value string) error {
	name := ruleOf(keyword)
	reason := brokenText(value)
	if reason == "" && keyword != "first" && keyword != "remark" {
		reason = unfit(value)
		if reason == "" {
			reason = rules[name].breach(value)
		}
	}
	if reason == "" {
		return nil
	}
	return &ValueError{Key: keyword, Rule: name, Reason: reason}
}

// brokenText returns what no value may have, shown or not, or "".
func brokenText(value string) string {
	switch {
	case !utf8.ValidString(value):
		return "the value is not valid UTF-8"
	case strings.Contains(value, "://") || webAddress.MatchString(value):
		return "the value has a link in it; a link belongs into the message's URL"
	case strings.ContainsFunc(value, func(c rune) bool { return unicode.IsControl(c) && !isLineBreak(c) }):
		return "the value has a control character"
	}
	return ""
}

// webAddress finds addresses that people write without their scheme.
var webAddress = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])www\.[a-z0-9]`)

// unfit returns what no value that is shown may have, or "".
func unfit(value string) string {
	switch {
	case !strings.ContainsFunc(value, func(c rune) bool { return unicode.IsGraphic(c) && !unicode.IsSpace(c) }):
		return "the value is empty"
	case strings.ContainsFunc(value, isLineBreak):
		return "the value has a line break; it must be one line"
	case strings.ContainsFunc(value, func(c rune) bool { return unicode.Is(emoji, c) }):
		return "the value has an emoji, which WeChat removes"
	}
	return ""
}

func isLineBreak(c rune) bool { return c == '\n' || c == '\r' || c == '\u2028' || c == '\u2029' }

// emoji are the characters that are pictures by default, and those that make one of others.
// Signs that are text by default (★ ✓ ☎ ©) are none, nor are rare Han characters.
var emoji = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x20E3, 0x20E3, 1}, // keycap
		{0x231A, 0x231B, 1}, {0x23E9, 0x23EC, 1}, {0x23F0, 0x23F3, 3}, {0x25FD, 0x25FE, 1},
		{0x2614, 0x2615, 1}, {0x2648, 0x2653, 1}, {0x267F, 0x2693, 0x14}, {0x26A1, 0x26A1, 1},
		{0x26AA, 0x26AB, 1}, {0x26BD, 0x26BE, 1}, {0x26C4, 0x26C5, 1}, {0x26CE, 0x26D4, 6},
		{0x26EA, 0x26EA, 1}, {0x26F2, 0x26F3, 1}, {0x26F5, 0x26FA, 5}, {0x26FD, 0x26FD, 1},
		{0x2705, 0x2705, 1}, {0x270A, 0x270B, 1}, {0x2728, 0x2728, 1}, {0x274C, 0x274E, 2},
		{0x2753, 0x2755, 1}, {0x2757, 0x2757, 1}, {0x2795, 0x2797, 1}, {0x27B0, 0x27BF, 0xF},
		{0x2B1B, 0x2B1C, 1}, {0x2B50, 0x2B55, 5},
		{0xFE0F, 0xFE0F, 1}, // makes a picture of the sign before it
	},
	R32: []unicode.Range32{
		{0x1F000, 0x1FAFF, 1}, {0x1FC00, 0x1FFFF, 1},
		{0xE0020, 0xE007F, 1}, // tags, in flags
	},
}
