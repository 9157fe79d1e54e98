package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/pushflag"
)

// checkRows is how many rows have their values checked.
const checkRows = 100

// The clock decides when a message may still be repeated and when a link
// expires. Two machines that are each within clockSlack of WeChat's do no harm
// to each other.
const clockSlack = push.ClockSlack / 2

// check tells whether a push with these flags would work, one line for each
// thing that it depends on. It changes nothing.
func (p *program) check(ctx context.Context) error {
	a, err := p.openAccount(ctx)
	if err != nil {
		return err
	}
	c := &checker{p: p, s: &session{p: p, account: a}}
	defer c.s.close()
	c.flags()
	if c.secret(ctx) {
		c.address(ctx)
		c.template(ctx)
		c.quota(ctx)
	}
	c.tables(ctx)
	c.compareCounts(ctx)
	c.next()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.bad > 0 {
		p.say("%d of these must be mended before a push.", c.bad)
		return operator.Settled{Status: exitUsage}
	}
	p.say("A push with these flags would work.")
	return nil
}

// checker prints the findings.
type checker struct {
	p    *program
	s    *session
	bad  int
	used int64 // messages of today by WeChat's count; 0: it does not say, or none
}

func (c *checker) ok(what, finding string) {
	fmt.Fprintf(c.p.out, "%-4s %s: %s\n", c.p.text("ok"), what, finding)
}

func (c *checker) warn(what, finding string) {
	fmt.Fprintf(c.p.out, "%-4s %s: %s\n", c.p.text("!"), what, finding)
}

// fail prints what is wrong; finding says how to mend it.
func (c *checker) fail(what, finding string) {
	c.bad++
	fmt.Fprintf(c.p.out, "%-4s %s: %s\n", c.p.text("BAD"), what, finding)
}

// flags checks what needs nobody else.
func (c *checker) flags() {
	if err := c.p.checkSetUp(c.s); err != nil {
		c.fail(c.p.text("flags"), err.Error())
		return
	}
	c.ok(c.p.text("flags"), c.p.text("complete"))
}

// secret asks for a token, which needs the AppID and the AppSecret.
func (c *checker) secret(ctx context.Context) bool {
	what := c.p.text("AppID and AppSecret")
	if _, err := c.s.account.Client.Token.Get(ctx); err != nil {
		c.fail(what, c.p.describe(err))
		return false
	}
	c.ok(what, c.p.text("%s got a token at %s", c.s.account.AppID, c.s.account.Host))
	return true
}

// address makes a call that changes nothing, which needs this machine's
// outgoing address on the allow list, and reads the server's clock off it.
func (c *checker) address(ctx context.Context) {
	what := c.p.text("IP allow list")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "/cgi-bin/get_api_domain_ip", nil)
	if err != nil {
		c.fail(what, err.Error())
		return
	}
	asked := time.Now()
	answer, err := c.s.account.Client.Do(request)
	if err != nil {
		c.fail(what, c.p.describe(err))
		return
	}
	_ = answer.Body.Close()
	c.ok(what, c.p.text("this machine's outgoing address is allowed"))
	c.clock(answer.Header.Get("Date"), asked, time.Now())
}

func (c *checker) clock(date string, asked, answered time.Time) {
	what := c.p.text("clock")
	server, err := http.ParseTime(date)
	if err != nil {
		c.warn(what, c.p.text("the server does not tell its time"))
		return
	}
	off := asked.Add(answered.Sub(asked) / 2).Sub(server).Round(time.Second)
	if off.Abs() > clockSlack {
		c.fail(what, c.p.text("it differs from the server's by %s: let the system set it (NTP)", off))
		return
	}
	c.ok(what, c.p.text("within %s of the server's", clockSlack))
}

func (c *checker) template(ctx context.Context) {
	what := c.p.text("template")
	if c.p.template == "" && !c.s.account.Simulated() {
		return // flags has said it
	}
	chosen, err := c.p.chooseTemplate(ctx, c.s.account)
	if err != nil {
		c.fail(what, c.p.describe(err))
		return
	}
	c.s.chosen = chosen
	if !chosen.listed {
		c.warn(what, c.p.text("%s is not in the account's list; WeChat does not list every one", chosen.ID))
		return
	}
	c.ok(what, chosen.ID+" "+chosen.Title)
}

func (c *checker) quota(ctx context.Context) {
	what := c.p.text("quota")
	q, err := c.s.account.Client.Quota(ctx, sendPath)
	c.used = q.Used
	switch {
	case err != nil:
		c.warn(what, c.p.text("WeChat does not say: %s", c.p.describe(err)))
	case q.DailyLimit == 0:
		c.ok(what, c.p.text("no daily limit"))
	case q.Remain <= 0:
		c.fail(what, c.p.text("today's %d messages are used up; they return at midnight in Beijing", q.DailyLimit))
	default:
		c.ok(what, c.p.text("%d of %d messages left today", q.Remain, q.DailyLimit))
	}
}

// tables reads what a push would read, and asks for the right to write the ledger.
func (c *checker) tables(ctx context.Context) {
	if c.p.db == "" && !c.s.account.Simulated() {
		return // flags has said it
	}
	if err := c.s.openDatabases(ctx); err != nil {
		c.fail(c.p.text("database"), err.Error())
		return
	}
	name := c.p.campaign
	if name == "" {
		name = pushflag.CampaignName(time.Now(), false)
	}
	c.control(ctx, name)
	config := c.s.config(push.Campaign{Name: name})
	look, err := push.Look(ctx, config, checkRows)
	if err != nil {
		c.fail(c.p.text("tables"), c.p.describe(err))
		return
	}
	c.ok(c.p.text("tables"), c.p.text("%s: %d recipients; %s", c.s.school.Name, look.Recipients, c.p.LeftOut(look.Summary)))
	c.recipients(look.Summary)
	c.values(look)
	c.parents(ctx, look)
	c.rights(ctx)
}

// control tells of a campaign that is paused or cancelled: a push would wait, or refuse.
func (c *checker) control(ctx context.Context, campaign string) {
	control, err := push.ControlOf(ctx, c.s.ledger, c.s.account.AppID, campaign)
	switch line := c.p.Control(control); {
	case err != nil:
		c.fail(c.p.text("campaign"), c.p.describe(err))
	case line != "":
		c.fail(c.p.text("campaign"), campaign+": "+line)
	}
}

// recipients tells who is left out, and of a push to nobody.
func (c *checker) recipients(s push.Summary) {
	what := c.p.text("recipients")
	for _, line := range []string{c.p.Early(s), c.p.Alike(s)} {
		if line != "" {
			c.warn(what, line)
		}
	}
	if s.Recipients == 0 {
		c.fail(what, c.p.text("there are none: nobody would get a message"))
	}
}

// values reports what the first rows' values break.
func (c *checker) values(look push.Preview) {
	what := c.p.text("values")
	faults := 0
	var first error
	for _, fault := range look.Faults {
		if fault == nil {
			continue
		}
		if faults++; first == nil {
			first = fault
		}
	}
	switch {
	case c.s.chosen.ID == "":
		c.warn(what, c.p.text("not checked without a template"))
	case faults > 0:
		c.fail(what, c.p.text("%d of the first %d messages would fail: %s", faults, len(look.Faults), c.p.valueFault(first)))
	default:
		c.ok(what, c.p.text("of the first %d messages: all keep their rules", len(look.Faults)))
	}
}

// next tells when -cron fires.
func (c *checker) next() {
	if c.p.cron == "" {
		return
	}
	next, err := pushflag.NextFiring(c.p.cron, time.Now().In(c.p.timeZone))
	if err != nil {
		c.fail("-cron", err.Error())
		return
	}
	c.ok("-cron", c.p.text("next push: %s", next.Format("2006-01-02 15:04 MST")))
}
