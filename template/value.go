package template

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ValueError is a value that the platform would refuse (47003) or mutilate.
type ValueError struct {
	Key    string // the keyword, such as thing1
	Rule   string // the rule that it breaks, such as thing; empty: one that holds for all
	Reason string // such as "23 characters, at most 20"
}

// Error names keyword and reason, never the value, which may be personal.
func (e *ValueError) Error() string { return "template: " + e.Key + ": " + e.Reason }

// Is makes a ValueError an [ErrInvalidMessage] too.
func (e *ValueError) Is(target error) bool { return target == ErrInvalidMessage }

// rule says what values of one kind of keyword are. Each character counts one, Han or not.
type rule struct {
	limit   int            // characters; 0: none
	pattern *regexp.Regexp // what the whole value must be; nil: anything
	says    string         // the pattern in words
}

const (
	clock = `\d{1,2}:\d{2}(:\d{2})?`
	day   = `(\d{4}年\d{1,2}月\d{1,2}日|\d{4}年\d{1,2}月|\d{1,2}月\d{1,2}日|\d{4}[-/.]\d{1,2}[-/.]\d{1,2})`
	// moment is a day, a clock time or both.
	moment = `(` + day + `( ?` + clock + `)?|` + clock + `)`
	period = `^` + moment + `( ?~ ?` + moment + `)?$`
)

// rules are the category templates' (类目模板参数值). The reference says of several that sources
// disagree; those accept more rather than less, and the platform has the last word.
var rules = map[string]rule{
	"thing":            {limit: 20},
	"character_string": {limit: 32, pattern: regexp.MustCompile(`^\P{Han}+$`), says: "digits, letters and symbols without Han characters"},
	"time":             {pattern: regexp.MustCompile(period), says: "a time such as 15:01 or 2019年10月1日 15:01, or two with ~ between them"},
	"date":             {pattern: regexp.MustCompile(period), says: "a date such as 2019年10月1日, or two with ~ between them"},
	"amount":           {pattern: regexp.MustCompile(`^[\p{Sc}￥]?-?\d{1,10}(\.\d+)?元?$`), says: "a currency symbol, up to 10 digits with decimals, and 元 at the end, the first and last optional"},
	"phone_number":     {limit: 17, pattern: regexp.MustCompile(`^[0-9\p{P}\p{S} ]+$`), says: "digits and symbols"},
	"car_number":       {limit: 8, pattern: regexp.MustCompile(`^[\p{Han}A-Za-z0-9][A-Za-z0-9·]*[\p{Han}A-Za-z0-9]$`), says: "letters and digits, the first and last may be Han"},
	"const":            {limit: 20},
	"number":           {limit: 32, pattern: regexp.MustCompile(`^-?\d+(\.\d+)?$`), says: "a number"},
	"letter":           {limit: 32, pattern: regexp.MustCompile(`^[A-Za-z]+$`), says: "letters"},
	"symbol":           {limit: 5, pattern: regexp.MustCompile(`^[\p{P}\p{S}]+$`), says: "symbols"},
	"name":             {limit: 20},
	"phrase":           {limit: 5, pattern: regexp.MustCompile(`^\p{Han}+$`), says: "Han characters"},
	"enum":             {},
	"short_thing":      {},
}

// nameLimit bounds a name with a Han character in it; one without may have 20 characters.
const nameLimit = 10

// CheckValue checks one value against the rule that keyword stands for (thing, time, ...), and
// against what holds for all: not empty, one line, no link, no emoji, no control characters.
// The error is a [*ValueError].
//
// Keywords of older templates (keyword1, first, remark) have only the common rules, without a
// limit: the platform folds or hides their values rather than refusing them.
func CheckValue(keyword, value string) error {
	name := ruleOf(keyword)
	fail := func(format string, args ...any) error {
		return &ValueError{Key: keyword, Rule: name, Reason: fmt.Sprintf(format, args...)}
	}
	if reason := commonFault(value); reason != "" {
		return fail("%s", reason)
	}
	r := rules[name]
	count := utf8.RuneCountInString(value)
	limit := r.limit
	if name == "name" && strings.ContainsFunc(value, func(c rune) bool { return unicode.Is(unicode.Han, c) }) {
		limit = nameLimit
	}
	if limit > 0 && count > limit {
		return fail("%d characters, at most %d", count, limit)
	}
	if r.pattern != nil && !r.pattern.MatchString(value) {
		return fail("not of the form that %s takes: %s", name, r.says)
	}
	return nil
}

// commonFault returns what is wrong with value for every rule, or "".
func commonFault(value string) string {
	switch {
	case strings.TrimSpace(value) == "":
		return "the value is empty"
	case !utf8.ValidString(value):
		return "the value is not valid UTF-8"
	case strings.ContainsAny(value, "\r\n\u2028\u2029"):
		return "the value has a line break; it must be one line"
	case strings.Contains(value, "http://") || strings.Contains(value, "https://"):
		return "the value is a link; links belong into the message's URL"
	}
	for _, c := range value {
		if unicode.IsControl(c) {
			return "the value has a control character"
		}
		if isEmoji(c) {
			return "the value has an emoji, which WeChat removes"
		}
	}
	return ""
}

// isEmoji tells pictures from letters. Rare Han characters above U+20000 are letters.
func isEmoji(c rune) bool {
	switch {
	case c >= 0x1F000 && c <= 0x1FAFF, c >= 0x1FC00 && c <= 0x1FFFF, c >= 0xE0000 && c <= 0xE01FF:
		return true
	case c >= 0x2600 && c <= 0x27BF, c == 0xFE0F, c == 0x20E3, c == 0x200D:
		return true
	}
	return false
}
