package main

import "github.com/org/wxhome/examples/internal/operator"

// language is the operator's, with the name that this program's lines use.
type language struct{ operator.Language }

// text formats a line in the operator's language.
func (l language) text(format string, args ...any) string { return l.Text(format, args...) }

// chooseLanguage follows -lang or the locale. ok is false when -lang names neither language.
func chooseLanguage(args []string, getenv func(string) string) (language, bool) {
	l, ok := operator.Choose(args, getenv, chinese)
	return language{l}, ok
}
