package operator

import (
	"fmt"
	"runtime"
	"strings"
)

// Language turns the operator's lines into his language. The zero value is
// English.
type Language struct {
	catalogue map[string]string // nil: English
}

// Text formats a line in the operator's language.
func (l Language) Text(format string, args ...any) string {
	if translated, ok := l.catalogue[format]; ok {
		format = translated
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// IsChinese reports whether lines are translated.
func (l Language) IsChinese() bool { return l.catalogue != nil }

// InChinese returns the language with these catalogues; a line of an earlier
// one stands.
func InChinese(catalogues ...map[string]string) Language {
	all := make(map[string]string)
	for _, part := range catalogues {
		for english, line := range part {
			if _, ok := all[english]; !ok {
				all[english] = line
			}
		}
	}
	return Language{all}
}

// Choose follows -lang, or the locale, or takes Chinese on a Windows that does
// not say: such a machine is a school's more often than not. own is the
// program's catalogue, to which [Chinese] is added. ok is false when -lang names
// neither language.
func Choose(args []string, getenv func(string) string, own func() map[string]string) (l Language, ok bool) {
	name, given := langFlag(args)
	if !given {
		for _, variable := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
			if name = getenv(variable); name != "" {
				break
			}
		}
	}
	name = strings.ToLower(name)
	switch {
	case given && name != "zh" && name != "en":
		return Language{}, false
	case strings.HasPrefix(name, "zh"), name == "" && runtime.GOOS == "windows":
		return InChinese(own(), Chinese()), true
	}
	return Language{}, true
}

// langFlag finds -lang before the flags are parsed: what is wrong with them
// is to be said in that language already.
func langFlag(args []string) (value string, given bool) {
	for i, arg := range args {
		name, isFlag := strings.CutPrefix(arg, "-")
		name, value, attached := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		switch {
		case !isFlag || name != "lang":
			continue
		case attached:
			return value, true
		case i+1 < len(args):
			return args[i+1], true
		}
	}
	return "", false
}
