package operator

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// sameSignal is how soon after the first a signal is taken for the same one.
const sameSignal = 500 * time.Millisecond

// Interruptible returns a context that the first SIGINT (Ctrl-C), SIGTERM or SIGHUP cancels, so
// that the program ends gently. A second SIGINT or SIGTERM ends it at once, with status, but for the
// same one within half a second: timeout(1) signals the program and then its group.
//
// SIGHUP is ignored when it was ignored at the start, as under nohup. It never counts as the second
// signal: when a connection is dropped, the shell and the system each send one. A write to a pipe
// that nobody reads any more is an error and no longer ends the process, since what reads the
// program's lines may get the same SIGHUP and end first.
func Interruptible(status int) context.Context {
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 4)
	signal.Ignore(syscall.SIGPIPE)
	signal.Notify(signals, wanted(signal.Ignored(syscall.SIGHUP))...)
	go func() { // ends with the process
		var first os.Signal
		var at time.Time
		for {
			got := <-signals
			stop()
			switch {
			case got == syscall.SIGHUP:
			case first == nil:
				first, at = got, time.Now()
			case got != first || time.Since(at) > sameSignal:
				os.Exit(status)
			}
		}
	}()
	return ctx
}

// wanted are the signals that end a program.
func wanted(hangupIgnored bool) []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !hangupIgnored {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
