package menu

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// field is what a [Type] can ask for.
type field struct {
	name string // WeChat's
	most int    // bytes; 0: not known
	of   func(*Button) string
}

var (
	keyField     = field{"key", MaxKey, func(b *Button) string { return b.Key }}
	urlField     = field{"url", MaxURL, func(b *Button) string { return b.URL }}
	appIDField   = field{"appid", 0, func(b *Button) string { return b.AppID }}
	pageField    = field{"pagepath", 0, func(b *Button) string { return b.PagePath }}
	mediaField   = field{"media_id", 0, func(b *Button) string { return b.MediaID }}
	articleField = field{"article_id", 0, func(b *Button) string { return b.ArticleID }}
	valueField   = field{"value", 0, func(b *Button) string { return b.Value }}
)

// allFields are in the order in which faults are told.
func allFields() []field {
	return []field{keyField, urlField, appIDField, pageField, mediaField, articleField, valueField}
}

// fieldsOf returns the names of the fields that a button of the type has; nil: the platform does
// not take the type.
func (t Type) fieldsOf() []string {
	switch t {
	case Click, ScanCodePush, ScanCodeWaitMsg, PicSysPhoto, PicPhotoOrAlbum, PicWeixin, LocationSelect:
		return []string{"key"}
	case View:
		return []string{"url"}
	case MiniProgram:
		return []string{"url", "appid", "pagepath"}
	case MediaID, ViewLimited:
		return []string{"media_id"}
	case ArticleID, ArticleViewLimited:
		return []string{"article_id"}
	}
	return nil
}

// console reports whether only the console makes buttons of the type.
func (t Type) console() bool { return slices.Contains([]Type{Text, Image, Voice, Video, News}, t) }

// checker gathers faults.
type checker struct {
	faults []Fault
	hosts  []string // that View buttons lead to, each once
}

func (c *checker) add(place, format string, args ...any) {
	c.faults = append(c.faults, Fault{place, fmt.Sprintf(format, args...)})
}

// err returns what was found; nil: nothing.
func (c *checker) err() error {
	if len(c.faults) == 0 {
		return nil
	}
	return &InvalidError{c.faults}
}

// menu checks the buttons of a menu.
func (c *checker) menu(buttons []Button) {
	switch n := len(buttons); {
	case n == 0:
		c.add("button", "is empty: a menu has 1 to %d buttons; Delete removes it", MaxButtons)
	case n > MaxButtons:
		c.add("button", "has %d entries, at most %d", n, MaxButtons)
	}
	for i := range buttons {
		place := fmt.Sprintf("button[%d]", i)
		c.name(place, &buttons[i], MaxName)
		if b := &buttons[i]; b.SubButtons == nil || len(b.SubButtons) == 0 && b.Type != "" {
			c.leaf(place, b)
		} else {
			c.list(place, b)
		}
	}
}

// list checks a button with SubButtons.
func (c *checker) list(place string, b *Button) {
	if b.Type != "" {
		c.add(place, "has both a type and sub_button: give it one of them")
	}
	c.without(place, b, nil, "a button with sub_button")
	switch n := len(b.SubButtons); {
	case n == 0:
		c.add(place+".sub_button", "is empty: give it 1 to %d buttons, or the button a type", MaxSubButtons)
	case n > MaxSubButtons:
		c.add(place+".sub_button", "has %d entries, at most %d", n, MaxSubButtons)
	}
	for i := range b.SubButtons {
		place, sub := fmt.Sprintf("%s.sub_button[%d]", place, i), &b.SubButtons[i]
		c.name(place, sub, MaxSubName)
		if len(sub.SubButtons) > 0 {
			c.add(place+".sub_button", "stands below another one: a menu has two levels")
			if sub.Type == "" {
				continue
			}
		}
		c.leaf(place, sub)
	}
}

// leaf checks a button that does something.
func (c *checker) leaf(place string, b *Button) {
	fields := b.Type.fieldsOf()
	switch {
	case b.Type == "":
		c.add(place, "has neither a type nor sub_button: give it one of them")
		return
	case b.Type.console():
		c.add(place+".type", "is %s, which only the console makes", b.Type)
		return
	case fields == nil:
		c.add(place+".type", "is %.40q, which this package does not know", string(b.Type))
		return
	}
	for _, f := range allFields() {
		if slices.Contains(fields, f.name) {
			c.text(place+"."+f.name, f.of(b), f.most)
		}
	}
	if slices.Contains(fields, "url") {
		c.url(place+".url", b)
	}
	c.without(place, b, fields, "the type "+string(b.Type))
}

// without finds fields that WeChat would pass over.
func (c *checker) without(place string, b *Button, allowed []string, what string) {
	for _, f := range allFields() {
		if f.of(b) != "" && !slices.Contains(allowed, f.name) {
			c.add(place+"."+f.name, "must be empty: %s has none", what)
		}
	}
	if len(b.News) > 0 {
		c.add(place+".news_info", "must be empty: only the console makes it")
	}
}

func (c *checker) name(place string, b *Button, most int) { c.text(place+".name", b.Name, most) }

// text checks a text that is required.
func (c *checker) text(place, text string, most int) {
	reason := unwritable(text)
	switch {
	case text == "":
		c.add(place, "is empty")
	case reason != "":
		c.add(place, "%s", reason)
	case most > 0 && len(text) > most:
		c.add(place, "has %d bytes, at most %d (a Chinese character has 3)", len(text), most)
	}
}

// url checks what text has not.
func (c *checker) url(place string, b *Button) {
	if b.URL == "" || unwritable(b.URL) != "" {
		return
	}
	u, err := url.Parse(b.URL)
	switch {
	case err != nil || strings.ContainsAny(b.URL, " \t\r\n"):
		c.add(place, "cannot be parsed: escape blanks and percent signs in it")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		c.add(place, "must begin with http:// or https:// and name a host")
	case b.Type == View && !slices.Contains(c.hosts, strings.ToLower(u.Hostname())):
		c.hosts = append(c.hosts, strings.ToLower(u.Hostname()))
	}
}

// conditional checks what a conditional menu needs beside its buttons.
func (c *checker) conditional(r Rule) {
	if n := len(c.hosts); n > MaxLinkDomains {
		c.add("button", "has links to %d hosts, at most %d in all conditional menus together (65316)", n, MaxLinkDomains)
	}
	if r.TagID == 0 && r.Platform == 0 {
		c.add("matchrule", "is empty: give it a TagID, a Platform or both")
	}
	if r.TagID < 0 {
		c.add("matchrule.tag_id", "is negative")
	}
	if r.Platform < 0 || r.Platform > OtherPlatform {
		c.add("matchrule.client_platform_type", "is %d; it is 1 (iOS), 2 (Android) or 3 (others)", int(r.Platform))
	}
	if len(r.Other) > 0 {
		c.add("matchrule", "has fields that WeChat has withdrawn (65320): clear Other")
	}
}

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
