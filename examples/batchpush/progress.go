package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/org/wxhome/examples/internal/push"
)

// lineEvery is how often a pipe gets a line.
const lineEvery = 5 * time.Second

// meter shows how far a push has come: a bar on a terminal, a line every few
// seconds on a pipe. It is used by one goroutine.
type meter struct {
	p        *program
	campaign string
	bar      *progressbar.ProgressBar // nil on a pipe
	start    time.Time
	first    int       // rows that were settled before this run
	last     time.Time // when a line was printed
	begun    bool

	paused push.Control // what was told of it
}

func (p *program) newMeter(campaign string) *meter {
	return &meter{p: p, campaign: campaign, start: time.Now(), last: time.Now()}
}

// show takes what the push tells of itself.
func (m *meter) show(now push.Progress) {
	if !m.begun && now.Reading == 0 {
		m.begun, m.first = true, now.Done
		if m.p.terminal {
			m.bar = newBar(m.p.out, now.Total, m.p.text("pushing"))
		}
	}
	if m.tell(now) {
		return
	}
	if m.bar != nil {
		m.showBar(now)
		return
	}
	if now.Pause > 0 {
		m.p.say("%d of %d; the next batch begins at %s", now.Done, now.Total, clock(time.Now().Add(now.Pause)))
		m.last = time.Now()
		return
	}
	if time.Since(m.last) < lineEvery {
		return
	}
	m.last = time.Now()
	m.line(now)
}

// tell prints what a push waits for; it reports whether it waits.
func (m *meter) tell(now push.Progress) (waits bool) {
	if now.Reading > 0 {
		m.aside(func() { m.p.sayReading(now) })
		return true
	}
	if now.Paused != m.paused {
		m.paused = now.Paused
		m.aside(func() {
			if m.paused.Paused() {
				m.p.sayControl(m.campaign, m.paused)
			} else {
				m.p.say("Going on with %s.", m.campaign)
			}
		})
	}
	if len(now.Holders) > 0 {
		m.aside(func() {
			m.p.say("%d of %d; waiting for what other processes have in their hands:", now.Done, now.Total)
			for _, h := range now.Holders {
				fmt.Fprintln(m.p.out, "  "+m.p.Holder(h))
			}
		})
	}
	return now.Paused.Paused() || len(now.Holders) > 0
}

// sayReading tells that the school's database takes its time.
func (p *program) sayReading(now push.Progress) {
	p.say("Reading the school's database for %s now; Ctrl-C ends it", spoken(now.Reading))
}

// aside prints lines beside the bar.
func (m *meter) aside(say func()) {
	if m.bar != nil {
		fmt.Fprintln(m.p.out)
	}
	say()
}

// line prints count, rate and remaining time.
func (m *meter) line(now push.Progress) {
	elapsed := time.Since(m.start)
	rate := float64(now.Done-m.first) / elapsed.Seconds()
	left := m.p.text("unknown")
	if rate > 0 {
		left = spoken(time.Duration(float64(now.Total-now.Done) / rate * float64(time.Second)))
	}
	m.p.say("%d of %d (%d %%), %.1f a second, %s left", now.Done, now.Total, percent(now.Done, now.Total), rate, left)
}

func (m *meter) showBar(now push.Progress) {
	if int(m.bar.GetMax()) != now.Total && now.Total > 0 {
		m.bar.ChangeMax(now.Total)
	}
	if now.Pause > 0 {
		m.bar.Describe(m.p.text("next batch at %s", clock(time.Now().Add(now.Pause))))
	} else {
		m.bar.Describe(m.p.text("pushing"))
	}
	_ = m.bar.Set(now.Done) // a terminal that is gone stops no push
}

// end shows where the push has come to, and goes to the next line.
func (m *meter) end(s push.Summary) {
	if m.bar != nil {
		total := s.Recipients - s.Unchanged
		m.showBar(push.Progress{Total: total, Done: total - s.Pending})
		_ = m.bar.Exit()
		fmt.Fprintln(m.p.out)
	}
}

func newBar(w io.Writer, total int, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetWidth(30),
	)
}

func percent(part, whole int) int {
	if whole <= 0 {
		return 100
	}
	return int(int64(part) * 100 / int64(whole))
}

// clock prints a moment of the near future.
func clock(t time.Time) string { return t.Format("15:04:05") }

// spoken prints a duration without more digits than it deserves.
func spoken(d time.Duration) string {
	switch {
	case d > 48*time.Hour:
		return d.Round(time.Hour).String()
	case d > time.Minute:
		return d.Round(time.Minute).String()
	}
	return d.Round(time.Second).String()
}
