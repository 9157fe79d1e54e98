package wechat

import (
	"bytes"
	"cmp"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// personal are the members of a body and the parameters of a query whose values no error may hold:
// they name a person, or are the caller's own data.
var personal = map[string]bool{
	"openid": true, "openid_list": true, "touser": true, "user_id": true, "next_openid": true, "begin_openid": true, "invite_wx": true,
	"scene_id": true, "scene_str": true, "long_data": true, "short_key": true,
	"name": true, "key": true, "url": true, "remark": true, "content": true, "value": true,
}

// personalValues returns what of r no error may hold, the longest first.
func (r *request) personalValues() []string {
	var values []string
	if query, err := url.ParseQuery(r.query); err == nil {
		for name, list := range query {
			if personal[name] {
				values = append(values, list...)
			}
		}
	}
	if len(r.json) > 0 {
		d := json.NewDecoder(bytes.NewReader(r.json))
		d.UseNumber()
		var body any
		if d.Decode(&body) == nil {
			values = appendPersonal(values, body, false)
		}
	}
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	return slices.DeleteFunc(values, func(v string) bool { return v == "" })
}

// appendPersonal appends the texts and numbers of v. Of an object only the members that are personal count,
// unless v is one itself.
func appendPersonal(values []string, v any, is bool) []string {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			values = appendPersonal(values, member, is || personal[name])
		}
	case []any:
		for _, item := range v {
			values = appendPersonal(values, item, is)
		}
	case string:
		if is {
			values = append(values, v)
		}
	case json.Number:
		if is {
			values = append(values, v.String())
		}
	}
	return values
}

// quotedLimit bounds how much of an answer is searched for what an error may not hold.
const quotedLimit = 16 << 10

// quote returns the excerpt of an errmsg or a page that an error shows. Both may repeat the request:
// "invalid openid o..." does, and so do the pages of proxies.
func (c *Client) quote(r *request, text string, more bool, secrets []string) string {
	if len(text) > quotedLimit {
		text, more = text[:quotedLimit], true
	}
	for _, value := range r.personalValues() {
		text = hide(text, value)
	}
	text = redactAll(text, secrets...)
	if more && len(text) <= excerptLimit {
		return redacted // it would show the end, where a value may have been cut off
	}
	return excerpt([]byte(text))
}

// certain is from which length on a value is replaced wherever it stands. A shorter one must stand by
// itself: an openid has 28 characters, and the name of a button may be one.
const certain = 8

// hide replaces value in text, as it is and as bodies, queries and pages spell it.
func hide(text, value string) string {
	for _, form := range spellings(value) {
		if strings.ContainsAny(form, `\"&`) && utf8.ValidString(form) {
			text = escapedPattern(form).ReplaceAllLiteralString(text, redacted)
			continue
		}
		if len(form) >= certain {
			text = strings.ReplaceAll(text, form, redacted)
			continue
		}
		for from := 0; ; {
			i := strings.Index(text[from:], form)
			if i < 0 {
				break
			}
			start, end := from+i, from+i+len(form)
			if from = end; !joined(text, start) && !joined(text, end) {
				text = text[:start] + redacted + text[end:]
				from = start + len(redacted)
			}
		}
	}
	return text
}

// escapedPattern finds form with any number of backslashes where it has some: an errmsg may hold JSON
// that holds JSON.
func escapedPattern(form string) *regexp.Regexp {
	var b strings.Builder
	for i := range len(form) {
		switch {
		case form[i] == '\\' && i > 0 && form[i-1] == '\\':
		case form[i] == '\\':
			b.WriteString(`\\+`)
		case form[i] == '"':
			b.WriteString(`\\*"`)
		case form[i] == '&':
			b.WriteString(`(?:&|\\+u0026)`)
		case form[i] < utf8.RuneSelf:
			b.WriteString(regexp.QuoteMeta(form[i : i+1]))
		default:
			b.WriteByte(form[i])
		}
	}
	return regexp.MustCompile(b.String())
}

// spellings returns the forms of value, the longest first.
func spellings(value string) []string {
	ascii := strconv.QuoteToASCII(value)
	forms := []string{value, ascii[1 : len(ascii)-1]}
	for _, marshal := range []func(any) ([]byte, error){encode, json.Marshal} {
		if quoted, err := marshal(value); err == nil {
			forms = append(forms, string(quoted[1:len(quoted)-1]))
		}
	}
	for _, form := range forms[:len(forms):len(forms)] {
		forms = append(forms, url.QueryEscape(form), url.PathEscape(form), html.EscapeString(form))
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(forms)
}

// escapedEnd finds an escaped character at the end of a text.
var escapedEnd = regexp.MustCompile(`(?:%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4})$`)

// joined reports whether the characters before and after the index i of text belong to one word.
func joined(text string, i int) bool {
	word := func(c byte) bool {
		return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '-'
	}
	return i > 0 && i < len(text) && word(text[i-1]) && word(text[i]) && !escapedEnd.MatchString(text[max(0, i-6):i])
}
