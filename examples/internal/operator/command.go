package operator

import (
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/org/wxhome/wechat"
)

// UsageError is a mistake on the command line or in the configuration.
type UsageError struct {
	Says string // what is wrong and what to do, in the operator's language
}

// Error implements error.
func (e *UsageError) Error() string { return e.Says }

// Usage returns a [*UsageError].
func Usage(says string) error { return &UsageError{says} }

// Settled is an error whose lines have been printed: only the exit status is
// left of it.
type Settled struct {
	Status int // of the process
}

// Error implements error.
func (e Settled) Error() string { return fmt.Sprintf("exit status %d", e.Status) }

// ParseFlags reads a command line whose flags may stand before, between and
// after its words, which are the command and what it is about. It returns the
// words, and the names of the flags that were there. What is wrong is a
// [*UsageError], also a flag with an empty value, and [flag.ErrHelp] is what -h gives.
func (l Language) ParseFlags(flags *flag.FlagSet, args []string) (words []string, given map[string]bool, err error) {
	for {
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, nil, err
		} else if err != nil {
			return nil, nil, Usage(l.Text("the command line: %v", err))
		}
		if flags.NArg() == 0 {
			break
		}
		words, args = append(words, flags.Arg(0)), flags.Args()[1:]
	}
	given = make(map[string]bool)
	var empty []string
	flags.Visit(func(f *flag.Flag) {
		given[f.Name] = true
		if f.Value.String() == "" { // as -to "$NOBODY" is, of which the shell leaves nothing
			empty = append(empty, "-"+f.Name)
		}
	})
	if len(empty) > 0 {
		return nil, nil, Usage(l.Text("%s has an empty value: leave it out, or give it one (a variable of the shell may not be set)", strings.Join(empty, ", ")))
	}
	return words, given, nil
}

// IsOutOfReach reports whether err says that WeChat could not be reached or
// takes no more for now, so that the same command may work later.
func IsOutOfReach(err error) bool {
	switch wechat.KindOf(err) {
	case wechat.KindBusy, wechat.KindMinuteLimit, wechat.KindDailyQuota, wechat.KindNetwork, wechat.KindLost:
		return true
	}
	return false
}
