package main

import (
	"errors"
	"flag"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/pushflag"
)

// options are the command line. Zero values of batch, interval and rate mean
// the defaults, which depend on whether it is a simulation.
type options struct {
	command string // push or another of the constants
	file    string // import's

	simulate, public, dryRun, fresh     bool
	again, retryFailed, resendUnknown   bool
	unknownReceived, timesShifted       bool
	yes, json                           bool
	db, query, ledger, redis            string
	template, campaign, since, link, to string
	student, parent                     string
	openid                              string // of the file of -parent
	cron, zone, lang, failures          string
	fields                              pushflag.FieldList
	batch, workers, limit               int
	interval, linkTTL                   operator.Period
	rate                                float64
	given                               map[string]bool // the flags that were on the command line
	timeZone                            *time.Location  // -tz
	sinceTime                           time.Time       // -since; zero: all
}

// The commands; push is the one without a name.
const (
	cmdPush      = "push"
	cmdImport    = "import"
	cmdStatus    = "status"
	cmdTemplates = "templates"
	cmdCheck     = "check"
	cmdPause     = "pause"
	cmdResume    = "resume"
	cmdCancel    = "cancel"
)

// commands are those that have a name.
var commands = []string{cmdImport, cmdStatus, cmdTemplates, cmdCheck, cmdPause, cmdResume, cmdCancel}

// commandFlags are the flags that the commands other than push and check
// understand. A flag that would do nothing is refused, not ignored.
var commandFlags = map[string][]string{
	cmdImport:    {"db", "lang", "json"},
	cmdStatus:    {"simulate", "db", "ledger", "campaign", "failures", "lang", "json"},
	cmdTemplates: {"simulate", "template", "redis", "lang"},
	cmdPause:     {"simulate", "db", "ledger", "campaign", "lang"},
	cmdResume:    {"simulate", "db", "ledger", "campaign", "lang"},
	cmdCancel:    {"simulate", "db", "ledger", "campaign", "lang", "yes"},
}

// usage is the error for a mistake on the command line or in the configuration.
func usage(says string) error { return operator.Usage(says) }

// parseOptions reads the command line. Flags may stand before and after the
// command. What is wrong is said in l.
func parseOptions(args []string, getenv func(string) string, l language, now time.Time) (*options, error) {
	o := &options{command: cmdPush, linkTTL: operator.Period(7 * 24 * time.Hour)}
	flags := o.flagSet(l)
	words, given, err := l.ParseFlags(flags, args)
	if err != nil {
		return nil, err
	}
	o.given = given
	if err := o.setCommand(words, l); err != nil {
		return nil, err
	}
	for flag, value := range map[string]*string{"db": &o.db, "ledger": &o.ledger, "redis": &o.redis} {
		if *value == "" {
			*value = strings.TrimSpace(getenv(variables[flag]))
		}
	}
	return o, o.validate(l, now)
}

func (o *options) flagSet(l language) *flag.FlagSet {
	f := flag.NewFlagSet("batchpush", flag.ContinueOnError)
	f.SetOutput(io.Discard) // printed by run, in the operator's language
	doc := func(name string) string { return l.text(flagTexts[name]) }
	f.BoolVar(&o.simulate, "simulate", false, doc("simulate"))
	f.StringVar(&o.db, "db", "", doc("db"))
	f.StringVar(&o.query, "query", "", doc("query"))
	f.StringVar(&o.ledger, "ledger", "", doc("ledger"))
	f.StringVar(&o.redis, "redis", "", doc("redis"))
	f.StringVar(&o.template, "template", "", doc("template"))
	f.Var(&o.fields, "field", doc("field"))
	f.StringVar(&o.campaign, "campaign", "", doc("campaign"))
	f.BoolVar(&o.fresh, "new", false, doc("new"))
	f.StringVar(&o.since, "since", "", doc("since"))
	f.IntVar(&o.batch, "batch", 500, doc("batch"))
	f.Var(&o.interval, "interval", doc("interval"))
	f.Float64Var(&o.rate, "rate", 0, doc("rate"))
	f.IntVar(&o.workers, "workers", 16, doc("workers"))
	f.StringVar(&o.link, "link", "", doc("link"))
	f.Var(&o.linkTTL, "link-ttl", doc("link-ttl"))
	f.BoolVar(&o.public, "public-photos", false, doc("public-photos"))
	f.BoolVar(&o.dryRun, "dry-run", false, doc("dry-run"))
	f.IntVar(&o.limit, "limit", 0, doc("limit"))
	f.StringVar(&o.to, "to", "", doc("to"))
	f.StringVar(&o.student, "student", "", doc("student"))
	f.StringVar(&o.parent, "parent", "", doc("parent"))
	f.BoolVar(&o.again, "again", false, doc("again"))
	f.BoolVar(&o.retryFailed, "retry-failed", false, doc("retry-failed"))
	f.BoolVar(&o.resendUnknown, "resend-unknown", false, doc("resend-unknown"))
	f.BoolVar(&o.unknownReceived, "unknown-received", false, doc("unknown-received"))
	f.BoolVar(&o.timesShifted, "times-shifted", false, doc("times-shifted"))
	f.StringVar(&o.cron, "cron", "", doc("cron"))
	f.StringVar(&o.zone, "tz", "Asia/Shanghai", doc("tz"))
	f.BoolVar(&o.yes, "yes", false, doc("yes"))
	f.StringVar(&o.lang, "lang", "", doc("lang"))
	f.BoolVar(&o.json, "json", false, doc("json"))
	f.StringVar(&o.failures, "failures", "", doc("failures"))
	return f
}

func (o *options) setCommand(words []string, l language) error {
	if len(words) > 0 {
		o.command, words = words[0], words[1:]
	}
	if o.command != cmdPush && !slices.Contains(commands, o.command) {
		return usage(l.text("unknown command %q: the commands are %s", o.command, strings.Join(commands, ", ")))
	}
	if o.command == cmdImport && len(words) > 0 {
		o.file, words = words[0], words[1:]
	}
	switch {
	case len(words) > 0:
		return usage(l.text("%q is not expected here", words[0]))
	case o.command == cmdImport && o.file == "":
		return usage(l.text("import needs the name of a CSV file: batchpush import FILE.csv"))
	case o.command == cmdCancel && o.campaign == "":
		return usage(l.text("cancel needs -campaign: it is final. To stop all campaigns for a while, use pause"))
	}
	allowed, limited := commandFlags[o.command]
	for name := range o.given {
		if limited && !slices.Contains(allowed, name) || !limited && name == "failures" {
			return usage(l.text("-%s does nothing with %s", name, o.command))
		}
	}
	return nil
}

// validate checks what the flag package cannot.
func (o *options) validate(l language, now time.Time) error {
	var err error
	if o.timeZone, err = time.LoadLocation(o.zone); err != nil || o.zone == "" {
		return usage(l.text("-tz: %q is not a time zone such as Asia/Shanghai", o.zone))
	}
	if o.since != "" {
		switch o.sinceTime, err = pushflag.ParseSince(o.since, o.timeZone, now); {
		case errors.Is(err, pushflag.ErrFuture):
			return usage(l.text("-since: %s is still to come: no photo is as new as that", o.since))
		case err != nil:
			return usage(l.text("-since: %q is neither a date such as 2026-11-20 nor a time ago such as 7d", o.since))
		}
	}
	switch {
	case o.batch < 1:
		return usage(l.text("-%s must be at least %v", "batch", 1))
	case o.workers < 1 || o.workers > maxWorkers:
		return usage(l.text("-%s must be from %v to %v", "workers", 1, maxWorkers))
	case o.given["rate"] && !(o.rate >= minRate && o.rate <= maxRate), math.IsNaN(o.rate):
		return usage(l.text("-%s must be from %v to %v", "rate", minRate, maxRate))
	case o.limit < 0 || o.given["limit"] && o.limit == 0:
		return usage(l.text("-%s must be at least %v", "limit", 1))
	case o.given["link-ttl"] && time.Duration(o.linkTTL) < time.Minute:
		return usage(l.text("-%s must be at least %v", "link-ttl", "1m"))
	case o.campaign != "" && push.CheckCampaign(o.campaign) != nil:
		return usage(l.text("-campaign: %q is no name: 1 to 64 characters, no invisible ones, no spaces around", o.campaign))
	case o.cron != "" && !pushflag.ValidCron(o.cron):
		return usage(l.text("-cron: %q is not a cron line of five fields that ever comes true, such as \"0 18 * * 5\" for Fridays at 18:00", o.cron))
	}
	return o.validatePairs(l)
}

const (
	maxWorkers = 1000
	minRate    = 0.01 // one message in 100 s
	maxRate    = 10000
)

// validatePairs refuses flags that contradict each other.
func (o *options) validatePairs(l language) error {
	pairs := [][2]string{
		{"link", "public-photos"}, {"dry-run", "to"}, {"dry-run", "cron"}, {"to", "cron"},
		{"to", "campaign"}, {"to", "new"}, {"to", "limit"}, {"campaign", "cron"}, {"new", "cron"},
		{"resend-unknown", "unknown-received"}, {"parent", "to"}, {"student", "cron"}, {"parent", "cron"},
	}
	for _, p := range pairs {
		if o.given[p[0]] && o.given[p[1]] {
			return usage(l.text("-%s and -%s do not go together", p[0], p[1]))
		}
	}
	if err := o.validateCron(l); err != nil {
		return err
	}
	decides := o.retryFailed || o.resendUnknown || o.unknownReceived
	switch {
	case o.given["student"] && !o.given["to"] && !decides:
		return usage(l.text("-student is of use with -to, -resend-unknown, -unknown-received and -retry-failed only"))
	case o.given["parent"] && !decides:
		return usage(l.text("-parent is of use with -resend-unknown, -unknown-received and -retry-failed only"))
	case (o.given["student"] || o.given["parent"]) && decides && o.campaign == "": // another campaign would be pushed to everybody
		return usage(l.text("a decision about one pupil or parent needs -campaign"))
	}
	if o.given["link-ttl"] && !o.given["link"] {
		return usage(l.text("-%s is of use with -%s only", "link-ttl", "link"))
	}
	return nil
}

// validateCron refuses what would be done at each firing although it is meant once.
func (o *options) validateCron(l language) error {
	if o.cron == "" {
		return nil
	}
	for flag, given := range map[string]bool{
		"retry-failed": o.retryFailed, "resend-unknown": o.resendUnknown, "unknown-received": o.unknownReceived, "times-shifted": o.timesShifted,
	} {
		if given {
			return usage(l.text("-%s and -cron do not go together: that is a person's decision about one campaign, and each firing would repeat it", flag))
		}
	}
	switch {
	case o.again:
		return usage(l.text("-again and -cron do not go together: each firing would send once more what was sent before"))
	case o.limit > 0:
		return usage(l.text("-limit and -cron do not go together: each firing would reach the same first recipients, and the others never"))
	}
	return nil
}

// relativeSince reports whether -since says how long ago, and not a date.
func (o *options) relativeSince() bool {
	_, err := operator.ParsePeriod(o.since)
	return err == nil
}

// real returns what was given that speaks of a real push.
func (o *options) real(getenv func(string) string) []string {
	var given []string
	for _, name := range []string{"db", "ledger", "template", "link", "cron", "redis"} {
		variable := variables[name]
		switch {
		case o.given[name]:
			given = append(given, "-"+name)
		case variable != "" && strings.TrimSpace(getenv(variable)) != "":
			given = append(given, variable)
		}
	}
	return given
}

// pace is how fast a push goes.
type pace struct {
	batch, workers int
	interval       time.Duration
	rate           float64
}

// pace fills in the defaults: careful ones for people, quick ones for the
// simulation.
func (o *options) pace(simulated bool) pace {
	p := pace{o.batch, o.workers, 15 * time.Minute, 2}
	if simulated {
		p.interval, p.rate = time.Second, 400
	}
	if o.given["interval"] {
		p.interval = time.Duration(o.interval)
	}
	if o.given["rate"] {
		p.rate = o.rate
	}
	return p
}
