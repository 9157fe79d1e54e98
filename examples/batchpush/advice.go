package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/wechat"
)

// exit prints what went wrong, in one line with what to do, and returns the
// exit status.
func (p *program) exit(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if e, ok := errors.AsType[operator.Settled](err); ok {
		return e.Status
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || wechat.KindOf(err) == wechat.KindLost) {
		p.complain(p.text("interrupted; nothing was sent"))
		return exitInterrupted
	}
	p.complain(p.describe(err))
	if p.command == cmdPush && push.IsSilent(err) { // before its campaign was loaded
		p.sayContinue(ctx, operator.Change{})
		return exitStopped
	}
	if operator.IsOutOfReach(err) {
		return exitStopped
	}
	return exitUsage
}

func (p *program) complain(line string) { fmt.Fprintln(p.stderr, "batchpush: "+line) }

// warn prints what the operator should know and what stops nothing.
func (p *program) warn(format string, args ...any) {
	fmt.Fprintln(p.stderr, p.text("warning: ")+p.text(format, args...))
}

// describe says what an error is and what to do about it.
func (p *program) describe(err error) string {
	if e, ok := errors.AsType[*operator.UsageError](err); ok {
		return e.Says
	}
	if e, ok := errors.AsType[*wechat.Error](err); ok && e.Code == wechat.ErrInvalidTemplateID {
		return p.Refusal(e, p.text("take -template from the account's own list: %s", p.commandLine(listTemplates())))
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

// ledgerError is for a ledger that was opened. One that gives no answer any more stops a push, which
// may go on later; anything else is an error of configuration.
func (p *program) ledgerError(err error) error {
	if push.IsSilent(err) {
		return err
	}
	return p.databaseError(p.text("the ledger"), err)
}

func oneLine(s string) string { return operator.OneLine(s) }
