package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/photolink"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/examples/internal/share"
	"github.com/org/wxhome/wechat"
)

// The exit statuses.
const (
	exitOK          = 0
	exitFailed      = 1 // some messages failed, or nobody knows
	exitUsage       = 2 // the command line or the configuration
	exitStopped     = 3 // something is out of reach
	exitInterrupted = 130
)

// program is one run of a command, with all that it has opened.
type program struct {
	language
	*options
	called operator.Invocation
	getenv func(string) string
	stdout io.Writer // the object of -json
	stderr io.Writer
	mu     sync.Mutex // one line at a time
	out    io.Writer  // all else that is not an error

	shared  *share.Redis
	limiter wechat.Limiter // of the rate; nil: the simulation has none
	fleet   *fleet
	account *account.Account
	school  *db.DB
	ledger  *db.DB // may be school
	links   *photolink.Signer
	now     func() time.Time // nil: time.Now, and the ledger's clock for workers
}

// run is the program: it returns the exit status. words are the command line with the program's
// name first. Cancelling ctx stops it gently.
func run(ctx context.Context, words []string, getenv func(string) string, stdout, stderr io.Writer) int {
	l, ok := chooseLanguage(words[min(1, len(words)):], getenv)
	if !ok {
		fmt.Fprintln(stderr, "pushfleet: "+l.text("-lang must be zh or en"))
		return exitUsage
	}
	called := operator.Invoked(words, source, (&options{}).flagSet(l), variables)
	o, err := parseOptions(called.Args, getenv, l, time.Now())
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(stdout, l.text(helpText))
		flags := (&options{}).flagSet(l)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return exitOK
	}
	p := &program{language: l, options: o, called: called, getenv: getenv, stdout: stdout, out: stdout, stderr: stderr}
	if err != nil {
		return p.exit(ctx, err)
	}
	if o.json {
		p.out = stderr
	}
	defer p.close()
	return p.exit(ctx, p.do(ctx))
}

func (p *program) do(ctx context.Context) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	switch p.command {
	case cmdEnqueue:
		return p.enqueueOnce(ctx)
	case cmdWork:
		return p.work(ctx)
	case cmdSchedule:
		return p.schedule(ctx)
	}
	return p.status(ctx)
}

// exit prints what went wrong, in one line, and returns the exit status.
func (p *program) exit(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if e, ok := errors.AsType[operator.Settled](err); ok {
		return e.Status
	}
	if ctx.Err() != nil {
		p.complain("interrupted")
		return exitInterrupted
	}
	p.complainOf(err)
	if isMistake(err) {
		return exitUsage
	}
	return exitStopped
}

// isMistake reports whether the same command fails again until somebody changes it or the
// configuration.
func isMistake(err error) bool {
	_, isUsage := errors.AsType[*operator.UsageError](err)
	_, isConfig := errors.AsType[*account.ConfigError](err)
	_, isForeign := errors.AsType[*foreignError](err)
	return isUsage || isConfig || isForeign || errors.Is(err, push.ErrSettings) || errors.Is(err, push.ErrNotShareable) ||
		db.IsDenied(err) || db.IsMissing(err)
}

// describe says what an error is and what to do about it.
func (p *program) describe(err error) string {
	_, isConfig := errors.AsType[*account.ConfigError](err)
	_, isWeChat := errors.AsType[*wechat.Error](err)
	_, isDatabase := errors.AsType[*mysql.MySQLError](err)
	if isWeChat || isDatabase || isConfig && p.IsChinese() {
		return p.Describe(err)
	}
	return operator.OneLine(p.text(err.Error()))
}

func (p *program) redisError(err error) error {
	return fmt.Errorf("%s: %w", p.text("the Redis %s", p.shared.Name), err)
}

// complain prints a line about what is wrong.
func (p *program) complain(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.stderr, "pushfleet: "+p.text(format, args...))
}

// complainOf prints what went wrong.
func (p *program) complainOf(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.stderr, "pushfleet: "+p.describe(err))
}

// say prints a line for the operator.
func (p *program) say(format string, args ...any) { p.print(p.text(format, args...)) }

// print prints a line that is in the operator's language already.
func (p *program) print(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.out, line)
}

func (p *program) encode(v any) {
	e := json.NewEncoder(p.stdout)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a stdout that is gone changes no status
}

// logger writes what the engine warns of to stderr.
func (p *program) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// open opens what every command needs, in the order in which mistakes are
// cheapest to find.
func (p *program) open(ctx context.Context) (err error) {
	if p.shared, err = share.Open(p.redis); err != nil {
		return p.usage("-redis: %v", err)
	}
	if err := p.openAccount(); err != nil {
		return err
	}
	if err := p.openLinks(); err != nil {
		return err
	}
	p.fleet = newFleet(p.shared.Client, p.account.AppID)
	if p.school, err = db.Open(ctx, p.db); err != nil {
		return p.usage("the database: %s", operator.OneLine(err.Error()))
	}
	p.ledger = p.school
	if p.options.ledger != "" {
		if p.ledger, err = db.Open(ctx, p.options.ledger); err != nil {
			p.ledger = p.school
			return p.usage("the ledger: %s", operator.OneLine(err.Error()))
		}
	}
	if p.ledger.Dialect != db.MySQL {
		return operator.Usage(p.text(push.ErrNotShareable.Error()))
	}
	return nil
}

// openAccount connects to WeChat, sharing token and rate with all others of the
// account. A simulation has a token of its own, in each process.
func (p *program) openAccount() (err error) {
	appID := strings.TrimSpace(p.getenv(account.EnvAppID))
	var options []wechat.Option
	if !p.simulate && appID != "" {
		if options, err = p.shared.Options(appID, p.rate); err != nil {
			return err
		}
		if p.limiter, err = p.shared.Limiter(appID, p.rate); err != nil {
			return err
		}
	}
	p.account, err = account.Open(account.Config{
		Getenv: p.getenv, Simulate: p.simulate, Real: []string{p.command}, Options: options, Follower: school.Follower, Workers: p.workers,
	})
	if err == nil && p.account.Simulated() {
		p.say("Simulation: nothing leaves this machine.")
	}
	return err
}

// openLinks makes the signer of -link for those who send, and checks the address for those who load.
func (p *program) openLinks() (err error) {
	if p.link == "" {
		return nil
	}
	if p.command != cmdWork { // only workers have the key; the address is theirs too
		_, err := photolink.New(p.link, strings.Repeat("x", photolink.MinKey))
		return p.linkError(err)
	}
	key, previous := p.getenv("WXHOME_LINK_KEY"), p.getenv("WXHOME_LINK_KEY_PREVIOUS")
	if len(key) < photolink.MinKey {
		return p.usage("-link needs WXHOME_LINK_KEY, a secret of at least %d characters that the photo page knows too", photolink.MinKey)
	}
	p.links, err = photolink.New(p.link, key, previous)
	return p.linkError(err)
}

func (p *program) linkError(err error) error {
	if err == nil {
		return nil
	}
	return p.usage("-link: %s", strings.TrimPrefix(err.Error(), "photolink: "))
}

func (p *program) close() {
	if p.ledger != nil && p.ledger != p.school {
		_ = p.ledger.Close()
	}
	if p.school != nil {
		_ = p.school.Close()
	}
	if p.account != nil {
		p.account.Close()
	}
	if p.shared != nil {
		p.shared.Close()
	}
}
