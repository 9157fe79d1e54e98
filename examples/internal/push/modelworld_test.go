package push

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/departure"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
)

// parent is a person of the model, with the number of the photo that her child has now.
type parent struct {
	person
	photo int
	bound bool
}

func (a *parent) url() string {
	return fmt.Sprintf("https://p.example/%s-%d.jpg", a.studentID, a.photo)
}

func (a *parent) recipient() recipient {
	return recipient{openid: a.openid, studentID: a.studentID, content: content{
		"student_id": a.studentID, "student_name": "甲", "photo_url": a.url(), timeColumn: "2026-11-20 18:00:00",
	}}
}

// delivery is a photo that somebody gets.
type delivery struct{ openid, photo string }

// request is an attempt on its way to WeChat.
type request struct {
	due    time.Time
	id     string
	what   delivery
	done   bool
	answer error
}

// platform is WeChat as the model knows it. It remembers an id for ten minutes.
type platform struct {
	m       *model
	left    map[string]time.Time // when an id first left with a photo
	known   map[string]time.Time // when it first arrived, and was accepted
	refused map[string]error     // ids that it refuses for good
	got     map[delivery]int
	flights []*request
}

// arrive is what WeChat makes of a request.
func (w *platform) arrive(r *request) {
	r.done = true
	if err := w.refused[r.id]; err != nil {
		r.answer = err
		return
	}
	if first, ok := w.known[r.id]; !ok || w.m.now.Sub(first) >= 10*time.Minute {
		switch n := w.m.rnd.IntN(100); {
		case n < 5:
			r.answer = wechat.Code(43004)
			w.refused[r.id] = r.answer
			return
		case n < 8:
			r.answer = wechat.Code(47003)
			w.refused[r.id] = r.answer
			return
		case n < 12:
			r.answer = wechat.Code(45011)
			return
		case n < 16:
			r.answer = wechat.Code(-1)
			return
		}
		w.known[r.id] = w.m.now
		w.got[r.what]++
	}
	switch n := w.m.rnd.IntN(100); {
	case n < 20:
		r.answer = io.ErrUnexpectedEOF // the answer is lost
	case n < 26:
		r.answer = wechat.Code(-1) // and yet it was carried out
	}
}

// pass lets time pass; what is on its way arrives meanwhile.
func (m *model) pass(d time.Duration) {
	end := m.now.Add(d)
	for {
		i := slices.IndexFunc(m.wechat.flights, func(r *request) bool { return !r.due.After(end) })
		if i < 0 {
			break
		}
		r := m.wechat.flights[i]
		m.wechat.flights = slices.Delete(m.wechat.flights, i, i+1)
		if r.due.After(m.now) {
			m.now = r.due
		}
		m.wechat.arrive(r)
	}
	m.now = end
}

// process is a push of the model: the engine with a lock and clocks of the test's own. It stands still
// whenever the others act within one of its actions.
type process struct {
	*engine
	m         *model
	name      string
	wall      time.Duration // how far its clocks are off
	monotonic time.Duration
	busy      bool // within an action
	reading   bool // the clock: it is not set at that very moment
	dead      bool
	lockFree  bool    // others may take its rows, whether it knows or not
	confirmed instant // when it last knew better
}

// errKilled ends a process within an action.
var errKilled = errors.New("killed")

func (p *process) stopwatch() stopwatch {
	return stopwatch{
		wall:      func() time.Time { return p.m.now.Add(p.wall) },
		monotonic: func() time.Duration { return p.m.now.Sub(modelStart) + p.monotonic },
	}
}

// serverTime is the time of the ledger's server; the process may stand still before it has heard.
func (p *process) serverTime() time.Time {
	at := p.m.now
	if p.busy && p.m.rnd.IntN(12) == 0 {
		p.reading = true
		p.standStill()
		p.reading = false
	}
	return at
}

// standStill lets the others act, and perhaps end this process.
func (p *process) standStill() {
	if p.m.depth >= modelDepth {
		return
	}
	p.m.depth++
	for range p.m.rnd.IntN(6) {
		p.m.step()
	}
	p.m.depth--
	if p.dead {
		panic(errKilled)
	}
	if !p.lockFree && p.m.rnd.IntN(2) == 0 {
		p.confirmed = p.clock.watch.now() // the watch has asked
	}
}

// Call carries a message as a Client does, with a repetition of its own.
func (p *process) Call(ctx context.Context, _, path string, in, _ any) error {
	m := in.(*template.Message)
	var before error
	for attempt := 0; ; attempt++ {
		if p.m.rnd.IntN(6) == 0 {
			p.standStill() // for a connection, or a token
		}
		d := delivery{m.To, m.URL}
		err := p.attempt(ctx, path, m.ClientMsgID, d)
		kind := wechat.KindOf(err)
		switch {
		case before != nil && (kind == wechat.KindNetwork || kind == wechat.KindMinuteLimit):
			return before // the Client's error is of the attempt that may have been carried out
		case errors.Is(err, errLeaseOver) || errors.Is(err, errUnsure) || errors.Is(err, errTooLate) || errors.Is(err, errClosed):
			if before != nil {
				return before
			}
			return err
		case attempt == 0 && (kind == wechat.KindLost || kind == wechat.KindBusy) && p.m.rnd.IntN(2) == 0:
			before = err
			continue
		}
		return err
	}
}

// attempt is one request through departure's transport.
func (p *process) attempt(ctx context.Context, path, id string, d delivery) error {
	if p.m.rnd.IntN(20) == 0 {
		return &net.OpError{Op: "dial", Err: errors.New("no way")}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://h"+path, strings.NewReader("{}"))
	if err != nil {
		return err
	}
	_, err = departure.Transport(roundTrip(func(out *http.Request) (*http.Response, error) {
		if p.m.rnd.IntN(8) == 0 {
			p.standStill() // while it dials
		}
		if _, err := io.ReadAll(out.Body); err != nil {
			return nil, err
		}
		return nil, p.m.leaves(p, id, d)
	})).RoundTrip(req)
	return err
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// leaves has a request on its way, which takes up to ten seconds, and waits for the answer.
func (m *model) leaves(p *process, id string, d delivery) error {
	if !m.holds(p, id) {
		m.failf("%s sends by id %s, whose row it does not hold any more", p.name, id)
	}
	// A parent who has left and come back may get a new photo by an id that an old one had.
	key := id + " " + d.photo
	first, ok := m.wechat.left[key]
	if !ok {
		m.wechat.left[key] = m.now
	} else if m.now.Sub(first) > horizon {
		m.failf("id %s leaves %s after its first attempt", id, m.now.Sub(first))
	}
	r := &request{due: m.now.Add(time.Duration(m.rnd.IntN(10)) * time.Second), id: id, what: d}
	if m.rnd.IntN(25) > 0 { // otherwise it does not arrive at all
		m.wechat.flights = append(m.wechat.flights, r)
	} else {
		r.done, r.answer = true, io.ErrUnexpectedEOF
	}
	if m.rnd.IntN(3) == 0 {
		p.standStill()
	}
	if !r.done {
		m.pass(max(0, r.due.Sub(m.now)))
	}
	if code, refused := errors.AsType[wechat.Code](r.answer); refused && code != -1 && !ok {
		delete(m.wechat.left, key) // surely not carried out
	}
	return r.answer
}

// holds reports whether a process has the row of an id in its hands, in the ledger too.
func (m *model) holds(p *process, id string) bool {
	for _, r := range m.rows {
		if r.messageID == id && r.state == stateSending && r.owner == p.ledger.owner {
			return true
		}
	}
	return false
}
