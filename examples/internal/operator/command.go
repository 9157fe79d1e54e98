package operator

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

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
// [*UsageError], and [flag.ErrHelp] is what -h gives.
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
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
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

// Interruptible returns a context that the first SIGINT (Ctrl-C) or SIGTERM
// cancels, so that the program ends gently. A second one ends it at once, with
// status.
func Interruptible(status int) context.Context {
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { // ends with the process
		<-signals
		stop()
		<-signals
		os.Exit(status)
	}()
	return ctx
}
