package main

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode"

	"github.com/org/wxhome/examples/internal/share"
)

// calledAs returns how the operator calls the program again: what go run builds
// is gone by then.
func calledAs(program string) string {
	if strings.Contains(filepath.ToSlash(program), "/go-build") {
		return "go run ./examples/batchpush"
	}
	return shellWord(program, runtime.GOOS == "windows")
}

// commandLine writes arguments so that they can be copied into a shell.
func commandLine(args []string) string {
	quoted := make([]string, 0, len(args))
	for _, arg := range args {
		quoted = append(quoted, shellWord(arg, runtime.GOOS == "windows"))
	}
	return strings.Join(quoted, " ")
}

// shellWord quotes a word where the shell would not take it as it is.
func shellWord(s string, windows bool) string {
	safe := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_=./:,@%+", r) ||
			!windows && (r == '{' || r == '}' || unicode.Is(unicode.Po, r) && r > unicode.MaxASCII)
	}
	switch {
	case s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !safe(r) }):
		return s
	case windows:
		return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// continued returns the command line that goes on with a campaign: the one
// that was given, for that campaign, with more switches. Passwords are masked.
func (p *program) continued(campaign string, more ...string) string {
	args := p.args
	dropped := append([]string{"-new", "-campaign"}, more...)
	var kept []string
	for i := 0; i < len(args); i++ {
		name, value, attached := cutFlag(args[i])
		words := []string{args[i]}
		switch {
		case name == "":
		case attached:
			words = []string{"-" + name + "=" + masked(name, value)}
		case !isSwitch(name) && i+1 < len(args):
			i++
			words = []string{"-" + name, masked(name, args[i])}
		}
		if name == "" || !slices.Contains(dropped, "-"+name) {
			kept = append(kept, words...)
		}
	}
	kept = append(kept, more...)
	if campaign != "" {
		kept = append(kept, "-campaign", campaign)
	}
	return strings.TrimSpace(p.name + " " + commandLine(kept))
}

// without returns p with a flag that takes a value taken off its command line.
func (p *program) without(flag string) *program {
	q := *p
	q.args = nil
	for i := 0; i < len(p.args); i++ {
		name, _, attached := cutFlag(p.args[i])
		switch {
		case name == flag && !attached:
			i++
		case name != flag:
			q.args = append(q.args, p.args[i])
		}
	}
	return &q
}

// cutFlag splits -name=value and --name; name is empty for what is no flag.
func cutFlag(arg string) (name, value string, attached bool) {
	if len(arg) < 2 || arg[0] != '-' {
		return "", "", false
	}
	return strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
}

// isSwitch reports whether a flag stands without a value.
func isSwitch(name string) bool {
	return slices.Contains([]string{
		"simulate", "new", "public-photos", "dry-run", "again", "retry-failed", "resend-unknown", "yes", "json",
	}, name)
}

// masked hides the password of a DSN or an address.
func masked(name, value string) string {
	switch name {
	case "db", "ledger":
	case "redis":
		return share.Masked(value)
	default:
		return value
	}
	at := strings.LastIndex(value, "@")
	scheme, rest, ok := strings.Cut(value, ":")
	if at < 0 || !ok || scheme != "mysql" {
		return value
	}
	user, _, hasPassword := strings.Cut(rest[:at-len(scheme)-1], ":")
	if !hasPassword {
		return value
	}
	return scheme + ":" + user + ":***" + value[at:]
}
