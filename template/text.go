package template

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

// field is a text that is sent, with its name for errors.
type field struct{ name, text string }

// badField returns what is wrong with the first of fields that cannot be written, or "".
func badField(fields ...field) string {
	for _, f := range fields {
		if reason := unwritable(f.text); reason != "" {
			return f.name + " " + reason
		}
	}
	return ""
}

// bad returns what of p cannot be written, or "".
func (p *MiniProgram) bad() string {
	if p == nil {
		return ""
	}
	return badField(field{"MiniProgram.AppID", p.AppID}, field{"MiniProgram.PagePath", p.PagePath}, field{"MiniProgram.Path", p.Path})
}

// check returns why d cannot be written; of several reasons the first by keyword.
func (d Data) check() error {
	var first string
	var err error
	for key, v := range d {
		if bad := badEntry(key, v); bad != nil && (err == nil || key < first) {
			first, err = key, bad
		}
	}
	return err
}

// badEntry returns why a value cannot be written under its keyword.
func badEntry(key string, v Value) error {
	if reason := unwritable(key); reason != "" {
		return badMessage("a keyword " + reason)
	}
	if reason := unwritable(v.Value); reason != "" {
		return &ValueError{Key: key, Rule: ruleOf(key), Reason: "the value " + reason}
	}
	if reason := unwritable(v.Color); reason != "" {
		return &ValueError{Key: key, Rule: ruleOf(key), Reason: "the color " + reason}
	}
	return nil
}

// checkID checks the id of a template that is managed.
func checkID(templateID string) error {
	if templateID == "" {
		return badArgument("the template id is empty")
	}
	if reason := unwritable(templateID); reason != "" {
		return badArgument("the template id " + reason)
	}
	return nil
}
