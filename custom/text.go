package custom

import (
	"net/url"
	"reflect"
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

// badText returns what is wrong with the first text in v, a field of the given name, that cannot
// be written, or "".
func badText(name string, v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		if reason := unwritable(v.String()); reason != "" {
			return name + " " + reason
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if bad := badText(v.Type().Field(i).Name, v.Field(i)); bad != "" {
				return bad
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if bad := badText(name, v.Index(i)); bad != "" {
				return bad
			}
		}
	}
	return ""
}

// checkOpenID checks the openid of a follower whom a call is about.
func checkOpenID(openID string) error {
	if openID == "" {
		return badArgument("the openid is empty")
	}
	if reason := unwritable(openID); reason != "" {
		return badArgument("the openid " + reason)
	}
	return nil
}

// inQuery escapes a value for a query. The platform wants the @ of an account as it is.
func inQuery(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "%40", "@")
}
