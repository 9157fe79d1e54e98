package main

import (
	"errors"
	"flag"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/pushflag"
)

// The commands.
const (
	cmdEnqueue  = "enqueue"
	cmdWork     = "work"
	cmdStatus   = "status"
	cmdSchedule = "schedule"
)

// options are the command line.
type options struct {
	language
	command string

	simulate, public, untilDone              bool
	again, retryFailed, resendUnknown        bool
	unknownReceived, timesShifted            bool
	json, yes                                bool
	db, query, ledger, redis, template, link string
	campaign, since, cron, zone, lang        string
	fields                                   pushflag.FieldList
	workers, limit                           int
	rate                                     float64
	linkTTL                                  operator.Period

	given     map[string]bool
	timeZone  *time.Location
	sinceTime time.Time
}

// everyCommand has the flags that each command understands; commandFlags the
// others. A flag that would do nothing is refused, not ignored.
var (
	everyCommand = []string{"db", "ledger", "redis", "simulate", "lang"}
	loading      = []string{"query", "template", "field", "since", "link", "public-photos", "tz", "json", "yes"}
	// decisions are meant once: a command that goes on with a campaign does not repeat them.
	decisions    = []string{"retry-failed", "resend-unknown", "unknown-received", "times-shifted"}
	commandFlags = map[string][]string{
		cmdEnqueue:  slices.Concat([]string{"campaign", "limit", "again"}, decisions, loading),
		cmdSchedule: append([]string{"cron"}, loading...),
		cmdWork:     {"rate", "workers", "link", "link-ttl", "until-done"},
		cmdStatus:   {"campaign", "json"},
	}
)

func (o *options) flagSet(l language) *flag.FlagSet {
	doc := func(name string) string { return l.text(flagTexts[name]) }
	f := flag.NewFlagSet("pushfleet", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.db, "db", "", doc("db"))
	f.StringVar(&o.ledger, "ledger", "", doc("ledger"))
	f.StringVar(&o.redis, "redis", "", doc("redis"))
	f.BoolVar(&o.simulate, "simulate", false, doc("simulate"))
	f.StringVar(&o.query, "query", "", doc("query"))
	f.StringVar(&o.template, "template", "", doc("template"))
	f.Var(&o.fields, "field", doc("field"))
	f.StringVar(&o.campaign, "campaign", "", doc("campaign"))
	f.StringVar(&o.since, "since", "", doc("since"))
	f.IntVar(&o.limit, "limit", 0, doc("limit"))
	f.StringVar(&o.link, "link", "", doc("link"))
	f.Var(&o.linkTTL, "link-ttl", doc("link-ttl"))
	f.BoolVar(&o.public, "public-photos", false, doc("public-photos"))
	f.BoolVar(&o.again, "again", false, doc("again"))
	f.BoolVar(&o.retryFailed, "retry-failed", false, doc("retry-failed"))
	f.BoolVar(&o.resendUnknown, "resend-unknown", false, doc("resend-unknown"))
	f.BoolVar(&o.unknownReceived, "unknown-received", false, doc("unknown-received"))
	f.BoolVar(&o.timesShifted, "times-shifted", false, doc("times-shifted"))
	f.StringVar(&o.cron, "cron", "", doc("cron"))
	f.StringVar(&o.zone, "tz", "Asia/Shanghai", doc("tz"))
	f.Float64Var(&o.rate, "rate", 2, doc("rate"))
	f.IntVar(&o.workers, "workers", 16, doc("workers"))
	f.BoolVar(&o.untilDone, "until-done", false, doc("until-done"))
	f.BoolVar(&o.yes, "yes", false, doc("yes"))
	f.StringVar(&o.lang, "lang", "", doc("lang"))
	f.BoolVar(&o.json, "json", false, doc("json"))
	return f
}

// usage is the error for a mistake on the command line or in the configuration.
func (l language) usage(format string, args ...any) error {
	return operator.Usage(l.text(format, args...))
}

const (
	maxWorkers = 1000
	minRate    = 0.01
	maxRate    = 100000
)

func parseOptions(args []string, getenv func(string) string, l language, now time.Time) (*options, error) {
	o := &options{language: l, linkTTL: operator.Period(7 * 24 * time.Hour)}
	flags := o.flagSet(l)
	words, given, err := l.ParseFlags(flags, args)
	if err != nil {
		return nil, err
	}
	o.given = given
	if err := o.setCommand(words); err != nil {
		return nil, err
	}
	for _, v := range []struct {
		value *string
		name  string
	}{{&o.db, variables["db"]}, {&o.ledger, variables["ledger"]}, {&o.redis, variables["redis"]}} {
		if *v.value == "" {
			*v.value = strings.TrimSpace(getenv(v.name))
		}
	}
	return o, o.validate(now)
}

func (o *options) setCommand(words []string) error {
	switch {
	case len(words) == 0:
		return o.usage("a command is missing: enqueue, work, status or schedule")
	case len(words) > 1:
		return o.usage("%q is not expected here", words[1])
	}
	o.command = words[0]
	allowed, known := commandFlags[o.command]
	if !known {
		return o.usage("unknown command %q: the commands are enqueue, work, status and schedule", o.command)
	}
	if o.command == cmdSchedule {
		if err := o.validateSchedule(); err != nil {
			return err
		}
	}
	for name := range o.given {
		if !slices.Contains(allowed, name) && !slices.Contains(everyCommand, name) {
			return o.usage("-%s does nothing with %s", name, o.command)
		}
	}
	return nil
}

// validateSchedule refuses what would be done at each firing although it is meant once.
func (o *options) validateSchedule() error {
	for _, flag := range decisions {
		if o.given[flag] {
			return o.usage("-%s does not go with schedule: that is a person's decision about one campaign, and each firing would repeat it", flag)
		}
	}
	switch {
	case o.given["again"]:
		return o.usage("-again does not go with schedule: each firing would send once more what was sent before")
	case o.given["limit"]:
		return o.usage("-limit does not go with schedule: each firing would reach the same first recipients, and the others never")
	}
	return nil
}

func (o *options) validate(now time.Time) (err error) {
	if o.timeZone, err = time.LoadLocation(o.zone); err != nil || o.zone == "" {
		return o.usage("-tz: %q is not a time zone such as Asia/Shanghai", o.zone)
	}
	if o.since != "" {
		switch o.sinceTime, err = pushflag.ParseSince(o.since, o.timeZone, now); {
		case errors.Is(err, pushflag.ErrFuture):
			return o.usage("-since: %s is still to come: no photo is as new as that", o.since)
		case err != nil:
			return o.usage("-since: %q is neither a date such as 2026-11-20 nor a time ago such as 7d", o.since)
		}
	}
	loads := o.command == cmdEnqueue || o.command == cmdSchedule
	switch {
	case o.redis == "":
		return o.usage("-redis (or WXHOME_REDIS) is missing: start one, such as `redis-server --appendonly yes`, and give its address to enqueue and to every worker: -redis redis://127.0.0.1:6379/0")
	case o.db == "":
		return o.usage("-db (or WXHOME_DB) is missing: the school's database, mysql:USER:PASSWORD@tcp(HOST:3306)/NAME")
	case !(o.rate >= minRate && o.rate <= maxRate):
		return o.usage("-rate must be from %v to %v", minRate, maxRate)
	case o.workers < 1 || o.workers > maxWorkers:
		return o.usage("-workers must be from 1 to %d", maxWorkers)
	case o.limit < 0 || o.given["limit"] && o.limit == 0:
		return o.usage("-limit must be at least 1")
	case o.given["link-ttl"] && time.Duration(o.linkTTL) < time.Minute:
		return o.usage("-link-ttl must be at least 1m")
	case o.link != "" && o.public:
		return o.usage("-link and -public-photos do not go together")
	case o.resendUnknown && o.unknownReceived:
		return o.usage("-resend-unknown and -unknown-received do not go together: send the unknown ones again, or count them as received")
	case loads && o.link == "" && !o.public:
		return o.usage("a push needs -link URL (signed links to the photo page) or -public-photos (links to the photos themselves)")
	case loads && (o.template == "" || len(o.fields) == 0):
		return o.usage("-template and -field are missing: the command templates of batchpush shows those of the account, with their keywords")
	case o.command == cmdSchedule && !pushflag.ValidCron(o.cron):
		return o.usage("-cron: %q is not a cron line of five fields that ever comes true, such as \"0 18 * * 5\" for Fridays at 18:00", o.cron)
	}
	return nil
}
