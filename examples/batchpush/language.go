package main

import (
	"fmt"
	"runtime"
	"strings"
)

// language turns the operator's lines into his language. The lines stand in
// the code in English; the other language is a catalogue keyed by them, and a
// test sees to it that the catalogue is complete.
type language struct {
	catalogue map[string]string // nil: English
}

// text formats a line in the operator's language.
func (l language) text(format string, args ...any) string {
	if translated, ok := l.catalogue[format]; ok {
		format = translated
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// chooseLanguage follows -lang, or the locale, or takes Chinese on a Windows
// that does not say: such a machine is a school's more often than not. ok is
// false when -lang names neither language.
func chooseLanguage(args []string, getenv func(string) string) (l language, ok bool) {
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
		return language{}, false
	case strings.HasPrefix(name, "zh"), name == "" && runtime.GOOS == "windows":
		return language{chinese()}, true
	}
	return language{}, true
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
