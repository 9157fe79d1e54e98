package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/share"
	"github.com/org/wxhome/wechat"
)

// The exit statuses.
const (
	exitOK          = 0
	exitFailed      = 1 // some messages failed, or nobody knows
	exitUsage       = 2 // the command line or the configuration
	exitStopped     = 3 // stopped early
	exitInterrupted = 130
)

// source is the program's folder in the repository.
const source = "examples/batchpush"

// program is one run of a command.
type program struct {
	language
	*options
	called   operator.Invocation
	getenv   func(string) string
	stdin    io.Reader
	stdout   io.Writer // the summary of -json
	out      io.Writer // all else that is not an error
	stderr   io.Writer
	terminal bool           // out is one
	asks     bool           // there is somebody at stdin to ask
	shared   *share.Redis   // of -redis; nil: none
	limiter  wechat.Limiter // the rate that is shared by it; nil: none
}

// run is the program: it returns the exit status. words are the command line with
// the program's name first. Cancelling ctx stops it gently.
func run(ctx context.Context, words []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	args := words[min(1, len(words)):]
	l, ok := chooseLanguage(args, getenv)
	if !ok {
		fmt.Fprintln(stderr, "batchpush: "+l.text("-lang must be zh or en"))
		return exitUsage
	}
	called := operator.Invoked(words, source, (&options{}).flagSet(l), variables)
	o, err := parseOptions(args, getenv, l, time.Now())
	if errors.Is(err, flag.ErrHelp) {
		printHelp(stdout, l)
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(stderr, "batchpush: "+err.Error())
		fmt.Fprintln(stderr, l.text("The flags are explained by: %s", called.Command(operator.Change{Command: "-h", Only: []string{"lang"}})))
		return exitUsage
	}
	p := &program{language: l, options: o, called: called, getenv: getenv, stdin: stdin, stdout: stdout, out: stdout, stderr: stderr}
	if o.json {
		p.out = stderr
	}
	p.terminal = isTerminal(p.out)
	p.asks = p.terminal && isTerminal(stdin)
	defer p.closeShared()
	return p.exit(ctx, p.do(ctx))
}

func (p *program) do(ctx context.Context) error {
	switch p.command {
	case cmdImport:
		return p.importFile(ctx)
	case cmdStatus:
		return p.status(ctx)
	case cmdTemplates:
		return p.templates(ctx)
	case cmdCheck:
		return p.check(ctx)
	case cmdPause, cmdResume, cmdCancel:
		return p.steer(ctx)
	}
	return p.push(ctx)
}

// say prints a line for the operator.
func (p *program) say(format string, args ...any) { fmt.Fprintln(p.out, p.text(format, args...)) }

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// printHelp explains the flags.
func printHelp(w io.Writer, l language) {
	fmt.Fprintln(w, l.text(helpText))
	flags := (&options{}).flagSet(l)
	flags.SetOutput(w)
	flags.PrintDefaults()
}
