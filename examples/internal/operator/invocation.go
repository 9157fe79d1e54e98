package operator

import (
	"flag"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode"

	"github.com/go-sql-driver/mysql"

	"github.com/org/wxhome/examples/internal/share"
)

// Invocation is how an operator called a program. It makes the commands that the program prints, so
// that they run as they are printed in the same environment and folder. The zero value of each field
// is allowed.
type Invocation struct {
	Name  string        // of the program, ready for the shell
	Args  []string      // its command line
	Flags *flag.FlagSet // tells which flags take no value; nil: each takes one

	// Variables name the environment variables that the program reads where a flag is missing. A
	// database or Redis given with a password by flag is printed as its variable: a password on a
	// command line is seen by everybody on the machine, and stays in the shell's history.
	Variables map[string]string

	Windows bool // quote for cmd.exe, not for a POSIX shell
}

// Invoked describes the running program, which is called as words say; its first word is the
// program. source is its folder in the repository, which go run is given.
func Invoked(words []string, source string, flags *flag.FlagSet, variables map[string]string) Invocation {
	i := Invocation{Name: filepath.Base(source), Flags: flags, Variables: variables, Windows: runtime.GOOS == "windows"}
	if len(words) == 0 {
		return i
	}
	i.Name, i.Args = Quote(words[0], i.Windows), words[1:]
	if strings.Contains(filepath.ToSlash(words[0]), "/go-build") { // is gone when go run has ended
		i.Name = "go run ./" + source
	}
	return i
}

// Change tells how a printed command differs from the one that the operator gave.
type Change struct {
	Command string   // takes the place of the operator's; empty: that one stays
	Only    []string // the flags that stay, without dashes; nil: all
	Drop    []string // the flags that go
	Add     []string // what comes at the end, flags with their dash
}

// Command returns a command that runs as it is printed. It is the only way in which the programs
// print one.
func (i Invocation) Command(c Change) string {
	words, flags := i.parts()
	if c.Command != "" {
		words = []string{c.Command}
	}
	var secret, kept []string
	for n, f := range flags {
		if slices.Contains(c.Drop, f.name) || c.Only != nil && !slices.Contains(c.Only, f.name) {
			continue
		}
		if variable := i.Variables[f.name]; variable != "" {
			if slices.ContainsFunc(flags[n+1:], func(later given) bool { return later.name == f.name }) {
				continue // the last one counts
			}
			if HasPassword(f.value) {
				secret = append(secret, f.name)
				continue
			}
		}
		kept = append(kept, f.words...)
	}
	command := i.Name
	for _, word := range slices.Concat(words, kept, c.Add) {
		command += " " + Quote(word, i.Windows)
	}
	for _, name := range secret {
		command = i.demand(name) + command
	}
	return command
}

// demand makes a command fail before it begins while the variable of a flag is not set: it would
// otherwise mean another database.
func (i Invocation) demand(name string) string {
	variable := i.Variables[name]
	if i.Windows {
		return "if defined " + variable + " "
	}
	return variable + `="${` + variable + `:?set it to the value that -` + name + ` had}" `
}

// given is a flag of the command line.
type given struct {
	name, value string
	words       []string // as they stood there
}

// parts sorts the command line into words and flags, as [Language.ParseFlags] does.
func (i Invocation) parts() (words []string, flags []given) {
	for n := 0; n < len(i.Args); n++ {
		name, value, attached := cutFlag(i.Args[n])
		switch {
		case i.Args[n] == "--":
			if n+1 < len(i.Args) {
				n++
				words = append(words, i.Args[n])
			}
		case name == "":
			words = append(words, i.Args[n])
		case attached, i.isSwitch(name), n+1 == len(i.Args):
			flags = append(flags, given{name, value, i.Args[n : n+1]})
		default:
			flags = append(flags, given{name, i.Args[n+1], i.Args[n : n+2]})
			n++
		}
	}
	return words, flags
}

// isSwitch reports whether a flag stands without a value; one that does not exist does.
func (i Invocation) isSwitch(name string) bool {
	if i.Flags == nil {
		return false
	}
	f := i.Flags.Lookup(name)
	if f == nil {
		return true
	}
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// cutFlag splits -name=value and --name; name is empty for what is no flag.
func cutFlag(arg string) (name, value string, attached bool) {
	if len(arg) < 2 || arg[0] != '-' {
		return "", "", false
	}
	return strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
}

// HasPassword reports whether the address of a database or of a Redis holds a password. One that
// cannot be read is taken for such.
func HasPassword(address string) bool {
	kind, rest, _ := strings.Cut(address, ":")
	switch kind {
	case "sqlite":
		return false
	case "mysql":
		config, err := mysql.ParseDSN(rest)
		return err != nil || config.Passwd != ""
	}
	return share.Masked(address) != address
}

// Quote writes a word so that a shell takes it as it is: a POSIX shell, or cmd.exe.
func Quote(word string, windows bool) string {
	if word != "" && word[0] != '=' && !strings.ContainsFunc(withoutColumns(word, windows), func(r rune) bool { return !isPlain(r, windows) }) {
		return word
	}
	if !windows {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	var b strings.Builder
	slashes := 0
	for _, r := range word { // before a quotation mark a backslash is written twice
		if r == '"' {
			b.WriteString(strings.Repeat(`\`, slashes+1))
		}
		if slashes++; r != '\\' {
			slashes = 0
		}
		b.WriteRune(r)
	}
	return `"` + b.String() + strings.Repeat(`\`, slashes) + `"`
}

// isPlain reports whether a character means nothing to a shell.
func isPlain(r rune, windows bool) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_=./:,@+", r) ||
		!windows && (r == '%' || unicode.Is(unicode.Po, r) && r > unicode.MaxASCII)
}

// withoutColumns takes {column} out of a word: a POSIX shell changes no braces around a name.
func withoutColumns(word string, windows bool) string {
	var b strings.Builder
	for rest := word; ; {
		before, after, found := strings.Cut(rest, "{")
		name, next, closed := strings.Cut(after, "}")
		if !found || !closed || windows || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			return b.String() + rest
		}
		b.WriteString(before)
		rest = next
	}
}
