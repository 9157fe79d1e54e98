package main

import (
	"flag"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/chat"
	"github.com/org/wxhome/examples/internal/operator"
)

// options are the command line.
type options struct {
	command string // serve, codes or menu
	file    string // of codes and menu

	simulate, demoExit, reissue            bool
	db, ledger, redis, addr, publicURL     string
	photoHosts, photoDir, photoAuth        string
	mpVerify, cert, key                    string
	fallback, name, student, outFile, lang string
	linkTTL, codeTTL                       operator.Period
	perPupil, textMessages, clickMessages  int
	rate                                   float64
	given                                  map[string]bool // the flags that were on the command line
}

// The commands; serve is the one without a name.
const (
	cmdServe = "serve"
	cmdCodes = "codes"
	cmdMenu  = "menu"
)

// commandFlags are the flags that each command understands. A flag that would
// do nothing is refused, not ignored.
var commandFlags = map[string][]string{
	cmdServe: {
		"simulate", "demo-exit", "db", "ledger", "addr", "public-url", "photo-hosts", "photo-dir", "photo-auth", "mp-verify",
		"cert", "key", "link-ttl", "fallback", "name", "messages", "click-messages", "redis", "rate", "lang",
	},
	cmdCodes: {"simulate", "db", "per-pupil", "student", "code-ttl", "reissue", "out", "lang"},
	cmdMenu:  {"simulate", "redis", "lang"},
}

// The values of -photo-auth.
const (
	authOpenID = "openid"
	authLink   = "link"
)

// usage is the error for a mistake on the command line or in the configuration.
func usage(says string) error { return operator.Usage(says) }

// parseOptions reads the command line. Flags may stand before and after the
// command. What is wrong is said in l.
func parseOptions(args []string, getenv func(string) string, l language) (*options, error) {
	o := &options{command: cmdServe, linkTTL: operator.Period(7 * 24 * time.Hour), codeTTL: operator.Period(30 * 24 * time.Hour)}
	flags := o.flagSet(l)
	words, given, err := l.ParseFlags(flags, args)
	if err != nil {
		return nil, err
	}
	o.given = given
	if err := o.setCommand(words, l); err != nil {
		return nil, err
	}
	if o.db == "" {
		o.db = strings.TrimSpace(getenv("WXHOME_DB"))
	}
	if o.ledger == "" {
		o.ledger = strings.TrimSpace(getenv("WXHOME_LEDGER"))
	}
	return o, o.validate(l)
}

func (o *options) flagSet(l language) *flag.FlagSet {
	f := flag.NewFlagSet("photobot", flag.ContinueOnError)
	f.SetOutput(io.Discard) // printed by run, in the operator's language
	doc := func(name string) string { return l.text(flagTexts[name]) }
	f.BoolVar(&o.simulate, "simulate", false, doc("simulate"))
	f.BoolVar(&o.demoExit, "demo-exit", false, doc("demo-exit"))
	f.StringVar(&o.db, "db", "", doc("db"))
	f.StringVar(&o.ledger, "ledger", "", doc("ledger"))
	f.StringVar(&o.redis, "redis", "", doc("redis"))
	f.Float64Var(&o.rate, "rate", defaultRate, doc("rate"))
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", doc("addr"))
	f.StringVar(&o.publicURL, "public-url", "", doc("public-url"))
	f.StringVar(&o.photoHosts, "photo-hosts", "", doc("photo-hosts"))
	f.StringVar(&o.photoDir, "photo-dir", "", doc("photo-dir"))
	f.StringVar(&o.photoAuth, "photo-auth", authOpenID, doc("photo-auth"))
	f.StringVar(&o.mpVerify, "mp-verify", "", doc("mp-verify"))
	f.StringVar(&o.cert, "cert", "", doc("cert"))
	f.StringVar(&o.key, "key", "", doc("key"))
	f.Var(&o.linkTTL, "link-ttl", doc("link-ttl"))
	f.StringVar(&o.fallback, "fallback", string(chat.FallbackHelp), doc("fallback"))
	f.StringVar(&o.name, "name", "", doc("name"))
	f.IntVar(&o.textMessages, "messages", 5, doc("messages"))
	f.IntVar(&o.clickMessages, "click-messages", 3, doc("click-messages"))
	f.IntVar(&o.perPupil, "per-pupil", 2, doc("per-pupil"))
	f.StringVar(&o.student, "student", "", doc("student"))
	f.Var(&o.codeTTL, "code-ttl", doc("code-ttl"))
	f.BoolVar(&o.reissue, "reissue", false, doc("reissue"))
	f.StringVar(&o.outFile, "out", "", doc("out"))
	f.StringVar(&o.lang, "lang", "", doc("lang"))
	return f
}

func (o *options) setCommand(words []string, l language) error {
	if len(words) > 0 {
		o.command, words = words[0], words[1:]
	}
	if _, known := commandFlags[o.command]; !known {
		return usage(l.text("unknown command %q: the commands are codes and menu", o.command))
	}
	if o.command != cmdServe && len(words) > 0 {
		o.file, words = words[0], words[1:]
	}
	switch {
	case len(words) > 0:
		return usage(l.text("%q is not expected here", words[0]))
	case o.command == cmdCodes && o.file == "":
		return usage(l.text("codes needs the name of a CSV file with the columns student_id, student_name and class: photobot codes ROSTER.csv"))
	case o.command == cmdMenu && o.file == "":
		return usage(l.text("menu needs the name of a JSON file: photobot menu FILE.json"))
	}
	for name := range o.given {
		if !slices.Contains(commandFlags[o.command], name) {
			return usage(l.text("-%s does nothing with %s", name, o.command))
		}
	}
	return nil
}

// validate checks what the flag package cannot.
func (o *options) validate(l language) error {
	switch {
	case o.perPupil < 1 || o.perPupil > maxPerPupil:
		return usage(l.text("-%s must be from %v to %v", "per-pupil", 1, maxPerPupil))
	case o.textMessages < 1 || o.textMessages > maxMessages:
		return usage(l.text("-%s must be from %v to %v", "messages", 1, maxMessages))
	case o.clickMessages < 0 || o.clickMessages > maxMessages:
		return usage(l.text("-%s must be from %v to %v", "click-messages", 0, maxMessages))
	case !(o.rate >= minRate && o.rate <= maxRate):
		return usage(l.text("-%s must be from %v to %v", "rate", minRate, maxRate))
	case time.Duration(o.linkTTL) < time.Minute:
		return usage(l.text("-%s must be at least %v", "link-ttl", "1m"))
	case time.Duration(o.codeTTL) < time.Minute:
		return usage(l.text("-%s must be at least %v", "code-ttl", "1m"))
	case !slices.Contains([]string{string(chat.FallbackHelp), string(chat.FallbackAgent), string(chat.FallbackSilent)}, o.fallback):
		return usage(l.text("-fallback must be help, agent or silent"))
	case o.photoAuth != authOpenID && o.photoAuth != authLink:
		return usage(l.text("-photo-auth must be openid or link"))
	case (o.cert == "") != (o.key == ""):
		return usage(l.text("-cert and -key go together: both for TLS, neither behind a proxy"))
	case o.reissue && o.student != "":
		return usage(l.text("-%s and -%s do not go together", "reissue", "student"))
	}
	if _, _, err := net.SplitHostPort(o.addr); err != nil {
		return usage(l.text("-addr: %q is not of the form HOST:PORT, such as 127.0.0.1:8080", o.addr))
	}
	return o.validateURL(l)
}

const (
	maxPerPupil = 20
	maxMessages = 100

	// Messages per second: what a chat of some ten thousand parents never reaches, and what keeps
	// a mistake within the 500,000 that WeChat allows in a day for hours.
	defaultRate = 20
	minRate     = 0.1
	maxRate     = 1000
)

// validateURL checks -public-url, to whose host everything belongs.
func (o *options) validateURL(l language) error {
	if o.publicURL == "" {
		return nil
	}
	u, err := url.Parse(o.publicURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		strings.Trim(u.Path, "/") != "" {
		return usage(l.text("-public-url must be an address without a path, such as https://school.example"))
	}
	o.publicURL = strings.TrimRight(o.publicURL, "/")
	return nil
}

// real returns what was given that speaks of a real account.
func (o *options) real(getenv func(string) string) []string {
	var given []string
	for _, name := range []string{"WECHAT_TOKEN", "WECHAT_AES_KEY"} {
		if strings.TrimSpace(getenv(name)) != "" {
			given = append(given, name)
		}
	}
	for _, name := range []string{"db", "ledger", "public-url", "photo-hosts", "photo-dir", "mp-verify", "cert", "redis"} {
		if o.given[name] {
			given = append(given, "-"+name)
		}
	}
	if !o.given["db"] && strings.TrimSpace(getenv("WXHOME_DB")) != "" {
		given = append(given, "WXHOME_DB")
	}
	if !o.given["ledger"] && strings.TrimSpace(getenv("WXHOME_LEDGER")) != "" {
		given = append(given, "WXHOME_LEDGER")
	}
	return given
}
