package follower

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// unwritable returns why WeChat cannot be sent s, or "". It refuses the \u escapes of JSON
// (40033, 47002), which are all that JSON has for most control characters.
func unwritable(s string) string {
	for i := range len(s) {
		if c := s[i]; c < ' ' && !strings.ContainsRune("\b\t\n\f\r", rune(c)) {
			return "has a control character"
		}
	}
	if !utf8.ValidString(s) {
		return "is not valid UTF-8"
	}
	return ""
}

// badText returns what is wrong with a text that must be there, or "".
func badText(name, text string) string {
	if text == "" {
		return name + " is empty"
	}
	return badOptional(name, text)
}

// badOptional returns what is wrong with a text that may be empty, or "".
func badOptional(name, text string) string {
	if reason := unwritable(text); reason != "" {
		return name + " " + reason
	}
	return ""
}

func badOpenID(openID string) string { return badText("the openid", openID) }

// faultsTold is how many faults of a list an error text names.
const faultsTold = 10

// distinct returns openids without those that are given again, or what is wrong with them.
func distinct(openids []string) (list []string, reason string) {
	seen := make(map[string]bool, len(openids))
	var faults []string
	for i, id := range openids {
		if fault := badText(fmt.Sprintf("openid %d", i+1), id); fault != "" {
			faults = append(faults, fault)
			continue
		}
		if !seen[id] {
			seen[id] = true
			list = append(list, id)
		}
	}
	if more := len(faults) - faultsTold; more > 0 {
		faults = append(faults[:faultsTold], fmt.Sprintf("and %d more", more))
	}
	return list, strings.Join(faults, "; ")
}
