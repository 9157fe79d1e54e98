package template

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// rule says what the values of one kind of keyword are. The zero rule is that of keywords
// without one.
type rule struct {
	limit    int                     // characters; 0: freeLimit
	hanLimit int                     // of a value with a Han character in it; 0: limit
	fits     func(value string) bool // nil: any text does
	form     string                  // what fits, in words
}

// freeLimit bounds values that have no rule. It is ours and generous: the platform folds what
// does not fit on the card, and nobody reads more.
const freeLimit = 200

// rules are those of the category templates (类目模板参数值). Thing, character_string, time,
// amount, phone_number, car_number and const are documented for this API; the others come from
// the mini programs' table, which the platform's staff refer to.
var rules = map[string]rule{
	"thing":            {limit: 20},
	"const":            {limit: 20},
	"character_string": {limit: 32, fits: without(isHan), form: "digits, letters and symbols, no Han characters"},
	"time":             {fits: timePattern.MatchString, form: "a time such as 15:01 or 2019年10月1日 15:01, or two with ~ between them"},
	"date":             {fits: datePattern.MatchString, form: "a date such as 2019年10月1日 or 2019年10月1日 15:01, or two with ~ between them"},
	"amount":           {fits: amountPattern.MatchString, form: "up to 10 digits, which may have decimals, a currency symbol before and 元 after them"},
	"phone_number":     {limit: 17, fits: only(isDigit, isSymbol), form: "digits and symbols"},
	"car_number":       {limit: 8, fits: isPlate, form: "letters and digits, of which the first and the last may be a Han character"},
	"number":           {limit: 32, fits: numberPattern.MatchString, form: "digits, which may have decimals"},
	"letter":           {limit: 32, fits: only(isLatin), form: "letters from a to z"},
	"symbol":           {limit: 5, fits: only(isSymbol), form: "symbols"},
	"name":             {limit: 20, hanLimit: 10, fits: only(unicode.IsLetter, unicode.IsMark, isSymbol), form: "letters and symbols"},
	"phrase":           {limit: 5, fits: only(isHan), form: "Han characters"},
	"enum":             {}, // one value of the template's list, which only the platform knows
	"short_thing":      {}, // in real templates, never documented
}

const (
	clockForm = `(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?`
	monthForm = `(?:0?[1-9]|1[0-2])`
	dayForm   = `(?:0?[1-9]|[12]\d|3[01])`
	hanDate   = `\d{4}年` + monthForm + `月` + dayForm + `日`
	plainDate = `(?:\d{4}-` + monthForm + `-` + dayForm + `|\d{4}/` + monthForm + `/` + dayForm +
		`|\d{4}\.` + monthForm + `\.` + dayForm + `)`
	// Only 日 tells a day's digits from an hour's without a blank.
	bothForm   = `(?:` + hanDate + ` *|` + plainDate + ` +)` + clockForm
	timeForm   = `(?:` + clockForm + `|` + bothForm + `)`                 // the clock may not be missing
	momentForm = `(?:` + hanDate + `|` + plainDate + `|` + bothForm + `)` // the date may not be missing
)

var (
	timePattern   = regexp.MustCompile(`^ *` + timeForm + `(?: *~ *` + timeForm + `)? *$`)
	datePattern   = regexp.MustCompile(`^ *` + momentForm + `(?: *~ *` + momentForm + `)? *$`)
	amountPattern = regexp.MustCompile(`^\p{Sc}?\d{1,10}(?:\.\d+)?元?$`)
	numberPattern = regexp.MustCompile(`^\d+(?:\.\d+)?$`)
)

// ruleOf returns the name of the rule that a keyword stands for: thing for thing12. Empty: none.
func ruleOf(keyword string) string {
	prefix := strings.TrimRight(keyword, "0123456789")
	if _, ok := rules[prefix]; ok && prefix != keyword {
		return prefix
	}
	return ""
}

// breach returns how value breaks r, or "".
func (r rule) breach(value string) string {
	limit := r.limit
	if limit == 0 {
		limit = freeLimit
	}
	if r.hanLimit > 0 && strings.ContainsFunc(value, isHan) {
		limit = r.hanLimit
	}
	if count := utf8.RuneCountInString(value); count > limit {
		return fmt.Sprintf("%d characters, at most %d", count, limit)
	}
	if r.fits != nil && !r.fits(value) {
		return "the value must be " + r.form
	}
	return ""
}

func isHan(c rune) bool    { return unicode.Is(unicode.Han, c) }
func isDigit(c rune) bool  { return '0' <= c && c <= '9' }
func isLatin(c rune) bool  { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isSymbol(c rune) bool { return unicode.IsPunct(c) || unicode.IsSymbol(c) || c == ' ' }

// only returns what reports whether each character is of one of kinds.
func only(kinds ...func(rune) bool) func(string) bool {
	return without(func(c rune) bool {
		for _, is := range kinds {
			if is(c) {
				return false
			}
		}
		return true
	})
}

// without returns what reports whether no character is of kind.
func without(kind func(rune) bool) func(string) bool {
	return func(value string) bool { return !strings.ContainsFunc(value, kind) }
}

// isPlate reports whether value is a car's number plate (车牌号).
func isPlate(value string) bool {
	plate := []rune(value)
	for i, c := range plate {
		edge := i == 0 || i == len(plate)-1
		if !isLatin(c) && !isDigit(c) && (!edge || !isHan(c)) {
			return false
		}
	}
	return true
}
