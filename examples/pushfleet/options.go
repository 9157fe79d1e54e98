package main

import (
	"flag"
	"fmt"
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

const helpText = `pushfleet sends template messages (模板消息) from several machines, through a queue in Redis.

  pushfleet enqueue [flags]   load the recipients into the ledger and the queue; again: heal what Redis has lost
  pushfleet work [flags]      send, until interrupted; any number of them on any number of machines
  pushfleet status [flags]    progress and tally
  pushfleet schedule [flags]  stay, and enqueue whenever -cron fires; of several one leads

Environment: WECHAT_APPID, WECHAT_APPSECRET, WECHAT_BASE_URL, WXHOME_DB, WXHOME_REDIS, WXHOME_LINK_KEY, WXHOME_LINK_KEY_PREVIOUS
Exit status: 0 all is well; 1 some failed or unknown (status); 2 usage or configuration; 3 something is out of reach; 130 interrupted

Flags:`

// options are the command line.
type options struct {
	command string

	simulate, public, untilDone              bool
	again, retryFailed, resendUnknown, json  bool
	db, query, ledger, redis, template, link string
	campaign, since, cron, zone              string
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
	everyCommand = []string{"db", "ledger", "redis", "simulate"}
	loading      = []string{"query", "template", "field", "since", "limit", "link", "public-photos", "again", "tz", "json"}
	commandFlags = map[string][]string{
		cmdEnqueue:  append([]string{"campaign", "retry-failed", "resend-unknown"}, loading...),
		cmdSchedule: append([]string{"cron"}, loading...),
		cmdWork:     {"rate", "workers", "link", "link-ttl", "until-done"},
		cmdStatus:   {"campaign", "json"},
	}
)

func (o *options) flagSet() *flag.FlagSet {
	f := flag.NewFlagSet("pushfleet", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.db, "db", "", "the school's `database`, mysql:USER:PASSWORD@tcp(HOST:PORT)/NAME (also WXHOME_DB)")
	f.StringVar(&o.ledger, "ledger", "", "another `database` for the ledger, mysql:... (default: as -db)")
	f.StringVar(&o.redis, "redis", "", "the Redis that all share, a `URL` such as redis://:PASSWORD@127.0.0.1:6379/0 (also WXHOME_REDIS)")
	f.BoolVar(&o.simulate, "simulate", false, "send to a simulation inside each worker: nothing leaves the machine")
	f.StringVar(&o.query, "query", "", "a `file` with a SELECT of the columns openid, student_id, student_name, photo_url, photo_update_time (default: the two tables)")
	f.StringVar(&o.template, "template", "", "the template's `id`")
	f.Var(&o.fields, "field", "a value of the template, `KEY=TEXT` (repeatable); {column} in TEXT stands for a column")
	f.StringVar(&o.campaign, "campaign", "", "the `name` of the push; the same name continues it (default: photos- and Beijing's date, or the unfinished one of the last 48 h)")
	f.StringVar(&o.since, "since", "", "only photos updated since a `date`, or a time ago such as 7d (default: all)")
	f.IntVar(&o.limit, "limit", 0, "the first `N` recipients only")
	f.StringVar(&o.link, "link", "", "base `URL` of the photo page; the same for enqueue and work, where links are signed with WXHOME_LINK_KEY")
	f.Var(&o.linkTTL, "link-ttl", "how long a link works, a `duration`")
	f.BoolVar(&o.public, "public-photos", false, "link to the photo's own URL")
	f.BoolVar(&o.again, "again", false, "send photos that an earlier campaign had accepted, too")
	f.BoolVar(&o.retryFailed, "retry-failed", false, "take failed rows up again")
	f.BoolVar(&o.resendUnknown, "resend-unknown", false, "take unknown rows up again: some parents may get the message twice")
	f.StringVar(&o.cron, "cron", "", "enqueue whenever this `line` fires, as \"0 18 * * 5\": Fridays at 18:00")
	f.StringVar(&o.zone, "tz", "Asia/Shanghai", "the time `zone` of -cron and -since")
	f.Float64Var(&o.rate, "rate", 2, "messages per second of all workers together; each must be given the same; while Redis is out of reach each sends at a third of it")
	f.IntVar(&o.workers, "workers", 16, "messages in flight in this process")
	f.BoolVar(&o.untilDone, "until-done", false, "end once every campaign in the fleet is done")
	f.BoolVar(&o.json, "json", false, "the tally as one JSON object on stdout, all else on stderr")
	return f
}

// usage is the error for a mistake on the command line or in the configuration.
func usage(format string, args ...any) error { return operator.Usage(fmt.Sprintf(format, args...)) }

const (
	maxWorkers = 1000
	minRate    = 0.01
	maxRate    = 10000
)

func parseOptions(args []string, getenv func(string) string, now time.Time) (*options, error) {
	o := &options{linkTTL: operator.Period(7 * 24 * time.Hour)}
	flags := o.flagSet()
	words, given, err := operator.Language{}.ParseFlags(flags, args)
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
	}{{&o.db, "WXHOME_DB"}, {&o.redis, "WXHOME_REDIS"}} {
		if *v.value == "" {
			*v.value = strings.TrimSpace(getenv(v.name))
		}
	}
	return o, o.validate(now)
}

func (o *options) setCommand(words []string) error {
	switch {
	case len(words) == 0:
		return usage("a command is missing: enqueue, work, status or schedule")
	case len(words) > 1:
		return usage("%q is not expected here", words[1])
	}
	o.command = words[0]
	allowed, known := commandFlags[o.command]
	if !known {
		return usage("unknown command %q: the commands are enqueue, work, status and schedule", o.command)
	}
	for name := range o.given {
		if !slices.Contains(allowed, name) && !slices.Contains(everyCommand, name) {
			return usage("-%s does nothing with %s", name, o.command)
		}
	}
	return nil
}

func (o *options) validate(now time.Time) (err error) {
	if o.timeZone, err = time.LoadLocation(o.zone); err != nil || o.zone == "" {
		return usage("-tz: %q is not a time zone such as Asia/Shanghai", o.zone)
	}
	if o.since != "" {
		if o.sinceTime, err = pushflag.ParseSince(o.since, o.timeZone, now); err != nil {
			return usage("-since: %q is neither a date such as 2026-11-20 nor a time ago such as 7d", o.since)
		}
	}
	loads := o.command == cmdEnqueue || o.command == cmdSchedule
	switch {
	case o.redis == "":
		return usage("-redis (or WXHOME_REDIS) is missing: start one, such as `redis-server --appendonly yes`, and give its address to enqueue and to every worker: -redis redis://127.0.0.1:6379/0")
	case o.db == "":
		return usage("-db (or WXHOME_DB) is missing: the school's database, mysql:USER:PASSWORD@tcp(HOST:3306)/NAME")
	case !(o.rate >= minRate && o.rate <= maxRate):
		return usage("-rate must be from %v to %v", minRate, maxRate)
	case o.workers < 1 || o.workers > maxWorkers:
		return usage("-workers must be from 1 to %d", maxWorkers)
	case o.limit < 0 || o.given["limit"] && o.limit == 0:
		return usage("-limit must be at least 1")
	case o.given["link-ttl"] && time.Duration(o.linkTTL) < time.Minute:
		return usage("-link-ttl must be at least 1m")
	case o.link != "" && o.public:
		return usage("-link and -public-photos do not go together")
	case loads && o.link == "" && !o.public:
		return usage("a push needs -link URL (signed links to the photo page) or -public-photos (links to the photos themselves)")
	case loads && (o.template == "" || len(o.fields) == 0):
		return usage("-template and -field are missing: batchpush templates shows the account's, with their keywords")
	case o.command == cmdSchedule && !pushflag.ValidCron(o.cron):
		return usage("-cron: %q is not a cron line of five fields that ever comes true, such as \"0 18 * * 5\" for Fridays at 18:00", o.cron)
	}
	return nil
}
