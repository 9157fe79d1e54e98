package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/share"
)

// The exit statuses.
const (
	exitOK      = 0
	exitCut     = 1 // work was cut off, or the demonstration went wrong
	exitUsage   = 2 // the command line or the configuration
	exitStopped = 3 // WeChat cannot be reached
)

// program is one run of a command.
type program struct {
	language
	*options
	getenv func(string) string
	out    io.Writer
	stderr io.Writer
	log    *slog.Logger
	shared *share.Redis // of -redis; nil: none
}

// run is the program: it returns the exit status. words are the command line with
// the program's name first. Cancelling ctx ends the server gently.
func run(ctx context.Context, words []string, getenv func(string) string, stdout, stderr io.Writer) int {
	args := words[min(1, len(words)):]
	l, ok := chooseLanguage(args, getenv)
	if !ok {
		fmt.Fprintln(stderr, "photobot: "+l.text("-lang must be zh or en"))
		return exitUsage
	}
	o, err := parseOptions(args, getenv, l)
	if errors.Is(err, flag.ErrHelp) {
		printHelp(stdout, l)
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(stderr, "photobot: "+err.Error())
		called := operator.Invoked(words, "examples/photobot", (&options{}).flagSet(l), nil)
		fmt.Fprintln(stderr, l.text("The flags are explained by: %s", called.Command(operator.Change{Command: "-h", Only: []string{"lang"}})))
		return exitUsage
	}
	p := &program{
		language: l, options: o, getenv: getenv, out: stdout, stderr: stderr,
		log: slog.New(slog.NewTextHandler(stderr, nil)),
	}
	defer p.closeShared()
	if o.command == cmdCodes && o.outFile == "" {
		p.out = stderr // stdout is the CSV
		return p.exit(ctx, p.codes(ctx, stdout))
	}
	return p.exit(ctx, p.do(ctx))
}

func (p *program) do(ctx context.Context) error {
	switch p.command {
	case cmdCodes:
		return p.codes(ctx, nil)
	case cmdMenu:
		return p.menu(ctx)
	}
	return p.serve(ctx)
}

// say prints a line for the operator.
func (p *program) say(format string, args ...any) { fmt.Fprintln(p.out, p.text(format, args...)) }

// warn prints what the operator should know and what stops nothing.
func (p *program) warn(format string, args ...any) {
	fmt.Fprintln(p.stderr, p.text("warning: ")+p.text(format, args...))
}

func (p *program) complain(line string) { fmt.Fprintln(p.stderr, "photobot: "+line) }

// exit prints what went wrong, in one line with what to do, and returns the
// exit status.
func (p *program) exit(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if e, ok := errors.AsType[operator.Settled](err); ok {
		return e.Status
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		p.complain(p.text("interrupted"))
		return exitCut
	}
	p.complain(p.describe(err))
	if operator.IsOutOfReach(err) {
		return exitStopped
	}
	return exitUsage
}

// describe says what an error is and what to do about it.
func (p *program) describe(err error) string {
	if e, ok := errors.AsType[*operator.UsageError](err); ok {
		return e.Says
	}
	return p.Describe(err)
}

// databaseError makes an error about a database one of configuration.
func (p *program) databaseError(which string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return usage(which + ": " + p.DescribeDatabase(err))
}

// language is the operator's, with the name that this program's lines use.
type language struct{ operator.Language }

// text formats a line in the operator's language.
func (l language) text(format string, args ...any) string { return l.Text(format, args...) }

// chooseLanguage follows -lang or the locale. ok is false when -lang names
// neither language.
func chooseLanguage(args []string, getenv func(string) string) (language, bool) {
	l, ok := operator.Choose(args, getenv, chinese)
	return language{l}, ok
}

// printHelp explains the flags.
func printHelp(w io.Writer, l language) {
	fmt.Fprintln(w, l.text(helpText))
	flags := (&options{}).flagSet(l)
	flags.SetOutput(w)
	flags.PrintDefaults()
}
