package media

import (
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

// escapes are the short escapes of JSON.
var escapes = strings.NewReplacer(
	`"`, `\"`, `\`, `\\`, "\b", `\b`, "\t", `\t`, "\n", `\n`, "\f", `\f`, "\r", `\r`)

// quote returns s, which is writable, as a JSON string in plain UTF-8.
func quote(s string) string { return `"` + escapes.Replace(s) + `"` }

// checkID checks the media_id that a call is about.
func checkID(mediaID string) error {
	if mediaID == "" {
		return argument("the media_id is empty")
	}
	if reason := unwritable(mediaID); reason != "" {
		return argument("the media_id " + reason)
	}
	return nil
}
