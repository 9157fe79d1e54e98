package wechattest

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// keywordRule returns the rule that a keyword's name carries: thing1 has the
// rule thing. Names without a known prefix or without a number, such as
// keyword1 or studentName, have none: their values are free.
func keywordRule(name string) string {
	prefix := strings.TrimRight(name, "0123456789")
	if prefix == name {
		return ""
	}
	switch prefix {
	case "thing", "character_string", "time", "date", "amount", "phone_number", "car_number", "const",
		"number", "letter", "symbol", "name", "phrase", "enum", "short_thing":
		return prefix
	}
	return ""
}

// validValue reports whether a value keeps the rule of its keyword. It is
// written from the platform's table and shares nothing with package template,
// so that the two check each other.
func validValue(rule, value string) bool {
	if rule == "" {
		return true
	}
	value = withoutEmoji(value)
	if strings.TrimSpace(value) == "" || strings.ContainsFunc(value, unicode.IsControl) || strings.Contains(value, "://") {
		return false
	}
	n := utf8.RuneCountInString(value)
	switch rule {
	case "thing", "const":
		return n <= 20
	case "character_string":
		return n <= 32 && !strings.ContainsFunc(value, isHan)
	case "time", "date":
		return validPeriod(rule, value)
	case "amount":
		return validAmount(value)
	case "phone_number":
		return n <= 17 && all(value, func(r rune) bool { return isDigit(r) || isSymbol(r) })
	case "car_number":
		return n <= 8 && validPlate([]rune(value))
	case "number":
		return n <= 32 && validDecimal(value, n)
	case "letter":
		return n <= 32 && all(value, isLatin)
	case "symbol":
		return n <= 5 && all(value, isSymbol)
	case "name":
		return validName(value, n)
	case "phrase":
		return n <= 5 && all(value, isHan)
	}
	return true // enum and short_thing: the platform does not publish more
}

func all(s string, is func(rune) bool) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !is(r) })
}

func isHan(r rune) bool    { return unicode.Is(unicode.Han, r) }
func isDigit(r rune) bool  { return '0' <= r && r <= '9' }
func isLatin(r rune) bool  { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
func isSymbol(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) || r == ' ' }

// withoutEmoji drops what the platform removes from values before it looks
// at them: pictographs, their modifiers and joiners.
func withoutEmoji(s string) string {
	drop := func(r rune) rune {
		if r >= 0x1F000 && r <= 0x1FAFF || r >= 0x2600 && r <= 0x27BF || r == 0xFE0F || r == 0x200D {
			return -1
		}
		return r
	}
	if all(s, func(r rune) bool { return drop(r) >= 0 }) {
		return s
	}
	return strings.Map(drop, s)
}

// validPeriod accepts one moment, or two with ~ between them.
func validPeriod(rule, value string) bool {
	from, to, isRange := strings.Cut(value, "~")
	return validMoment(rule, strings.TrimSpace(from)) && (!isRange || validMoment(rule, strings.TrimSpace(to)))
}

// validMoment accepts a date, a clock time, or both with a space between
// them or none; the rule says which of the two may not be missing.
func validMoment(rule, s string) bool {
	rest, hasDate := cutDate(s)
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return hasDate && rule == "date"
	}
	return (hasDate || rule == "time") && validClock(rest)
}

// cutDate cuts a date such as 2019年10月1日, 2019-10-01, 2019/10/1 or 2019.10.1
// off the front of s.
func cutDate(s string) (rest string, ok bool) {
	for _, sep := range [...][3]string{{"年", "月", "日"}, {"-", "-", ""}, {"/", "/", ""}, {".", ".", ""}} {
		year, after, ok1 := strings.Cut(s, sep[0])
		month, after, ok2 := strings.Cut(after, sep[1])
		if !ok1 || !ok2 || len(year) != 4 || !within(year, 1, 9999) || !within(month, 1, 12) {
			continue
		}
		digits := len(after) - len(strings.TrimLeft(after, "0123456789"))
		if !within(after[:digits], 1, 31) || !strings.HasPrefix(after[digits:], sep[2]) {
			continue
		}
		return after[digits+len(sep[2]):], true
	}
	return s, false
}

// validClock accepts 15:01 and 15:01:30.
func validClock(s string) bool {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 || !within(parts[0], 0, 23) {
		return false
	}
	for _, p := range parts[1:] {
		if len(p) != 2 || !within(p, 0, 59) {
			return false
		}
	}
	return true
}

func within(s string, low, high int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && len(s) <= 4 && all(s, isDigit) && low <= n && n <= high
}

func validAmount(s string) bool {
	if r, size := utf8.DecodeRuneInString(s); unicode.Is(unicode.Sc, r) {
		s = s[size:]
	}
	return validDecimal(strings.TrimSuffix(s, "元"), 10)
}

// validDecimal accepts digits with at most one decimal point between them,
// at most max of them before the point.
func validDecimal(s string, max int) bool {
	whole, fraction, point := strings.Cut(s, ".")
	return whole != "" && len(whole) <= max && all(whole, isDigit) && all(fraction, isDigit) && point == (fraction != "")
}

func validPlate(plate []rune) bool {
	for i, r := range plate {
		edge := i == 0 || i == len(plate)-1
		if !isLatin(r) && !isDigit(r) && (!edge || !isHan(r)) {
			return false
		}
	}
	return true
}

func validName(s string, n int) bool {
	if strings.ContainsFunc(s, isHan) {
		return n <= 10 && all(s, func(r rune) bool { return isHan(r) || isLatin(r) || isSymbol(r) })
	}
	return n <= 20 && all(s, func(r rune) bool { return isLatin(r) || isSymbol(r) })
}
