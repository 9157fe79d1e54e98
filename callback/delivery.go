package callback

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// state is what has become of a message. It leaves open once, under the flight's lock.
type state uint8

const (
	open    state = iota // no delivery has been answered
	passive              // the answer was handed to a delivery that counted; repeats get it again
	late                 // a delivery got success, or none came for the answer; repeats get success
)

// maxWaiting bounds the deliveries that wait for one message. WeChat sends three or four.
const maxWaiting = 16

// flight is one message, from its first delivery until its answer has gone its way: the run of
// its handler, and the deliveries that wait for it.
type flight struct {
	server  *Server
	key     key
	single  bool // it has no key that tells repeats: nobody else will come for the answer
	message Message
	account *credentials
	format  Format // of the push, and so of the answer
	sealer  Sealer // in safe mode: with the key that the push came with
	nonce   string
	arrival time.Time   // of the first delivery
	ctx     *runContext // the handler's, which may keep it
	// elsewhere is set by run: another process has the message.
	elsewhere bool

	shared bool // a repeat has found it; guarded by the ledger's lock
	// What answers are written in: the one that goes out, and what is encrypted for it. They serve
	// the next message too when f does.
	buf, plain []byte

	// alone is set by run, when no repeat has found it and none can any more.
	alone bool

	mu       sync.Mutex // guards what follows
	state    state
	finished bool      // the handler has returned
	waiting  *delivery // those that count
	waits    int       // how many those are
	lapses   int       // how many no longer do
	answer   []byte    // in buf; nil: success
	reply    Reply     // kept for Late while the state is open
	grace    *time.Timer
}

// reset makes f ready for another message.
func (f *flight) reset() {
	buf, plain := f.buf, f.plain
	*f = flight{}
	if cap(buf) <= keepSize && cap(plain) <= keepSize {
		f.buf, f.plain = buf[:0], plain[:0]
	}
}

// join lets d wait for the flight, or tells it at once what becomes of it.
func (f *flight) join(d *delivery) (verdict, []byte, Outcome) {
	f.mu.Lock()
	switch {
	case f.state == late:
		f.mu.Unlock()
		return acknowledged, nil, OutcomeLate
	case f.state == passive:
		defer f.mu.Unlock()
		return answered, f.answer, OutcomeReplayed
	case d.expired.Load():
		f.mu.Unlock()
		return lapsed, nil, OutcomeDropped
	case f.finished:
		f.state, f.reply = passive, nil
		f.grace.Stop()
		answer := f.answer
		f.mu.Unlock()
		f.server.ledger.landAndLeave(f, answer)
		return answered, answer, OutcomeJoined
	case f.waits >= maxWaiting:
		f.mu.Unlock()
		return pending, nil, OutcomeRefused
	}
	f.wait(d)
	f.mu.Unlock()
	f.follow(d)
	<-d.wake
	switch d.verdict {
	case acknowledged:
		return acknowledged, nil, OutcomeLate
	case lapsed:
		return lapsed, nil, OutcomeDropped
	}
	return answered, f.answer, OutcomeJoined
}

// follow lets the watch find f by d, which waits for it.
func (f *flight) follow(d *delivery) {
	d.flight.Store(f)
	if d.expired.Load() {
		f.lapse(d) // the watch has looked already
	}
}

// wait adds d to those that count. f.mu is held, or nobody else knows f.
func (f *flight) wait(d *delivery) {
	d.following, f.waiting = f.waiting, d
	f.waits++
}

// lapse takes note that d no longer counts. One too many, and the message is acknowledged, so
// that WeChat does not give up on it.
func (f *flight) lapse(d *delivery) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for at := &f.waiting; ; at = &(*at).following {
		if *at == nil {
			return // d has its verdict
		}
		if *at == d {
			*at = d.following
			break
		}
	}
	f.waits--
	f.lapses++
	if f.lapses <= f.server.cfg.Lapse {
		d.tell(lapsed)
		return
	}
	f.state = late
	d.tell(acknowledged)
	f.tell(acknowledged)
}

// tell gives all that wait their verdict. f.mu is held.
func (f *flight) tell(v verdict) {
	for d := f.waiting; d != nil; {
		next := d.following // d may be gone once it is told
		d.tell(v)
		d = next
	}
	f.waiting, f.waits = nil, 0
}

// tell gives d its verdict. The flight's lock is held.
func (d *delivery) tell(v verdict) {
	d.verdict, d.following = v, nil
	switch {
	case !d.runs:
		d.wake <- struct{}{}
	case v == acknowledged:
		d.closed = make(chan struct{})
		go d.acknowledge()
	}
}

// run runs the handler and settles what becomes of its reply. D is the delivery on whose
// goroutine it does, or nil if it has one of its own.
func (f *flight) run(d *delivery) {
	var reply Reply
	var answer []byte
	var now time.Time // when the handler returned
	err := errExited  // stands if the handler ends its goroutine
	defer func() {
		if v := recover(); v != nil {
			err = stacked(v)
		}
		if now.IsZero() {
			now = f.now()
		}
		f.ctx.end()
		if err != nil {
			reply, answer = nil, nil
		}
		if d == nil || err != nil || !f.finishAlone(d, answer, now) {
			f.finish(reply, answer, err, now)
		}
	}()
	if !f.server.claim(f) {
		f.elsewhere, err = true, nil
		return
	}
	reply, err = f.server.handler.Handle(f.ctx, f.message)
	now = f.now()
	if err == nil && reply != nil {
		answer, err = f.encode(reply, now)
	}
}

// finishAlone is finish for nearly every message: d counts, it is the only one, and it gets the
// answer. Then nobody else knows f any more, and no lock is needed to settle it.
func (f *flight) finishAlone(d *delivery, answer []byte, now time.Time) bool {
	s := f.server
	if now.Sub(f.arrival) >= countsFor {
		return false
	}
	s.watch.remove(d) // it has its verdict next, whatever that is
	d.left = true
	if d.expired.Load() || !s.ledger.landAlone(f, answer) {
		return false
	}
	d.verdict, f.answer, f.alone = answered, answer, true
	return true
}

// finish settles a message whose handler returned at now. A nil reply is success.
func (f *flight) finish(reply Reply, answer []byte, err error, now time.Time) {
	s := f.server
	if now.Sub(f.arrival) >= countsFor {
		s.watch.sweep(now) // our clock decides, and not how punctual a timer is
	}
	f.mu.Lock()
	f.finished = true
	switch {
	case f.state == late:
	case f.waiting != nil || reply == nil:
		f.state, f.answer = passive, answer
		f.tell(answered)
	case f.single || s.closing.Load():
		f.state = late
	default:
		f.reply, f.answer = reply, answer
		f.grace = time.AfterFunc(s.cfg.Grace, f.giveUp)
		f.mu.Unlock()
		return
	}
	state := f.state
	f.mu.Unlock()
	if state == passive && err == nil {
		s.ledger.landAndLeave(f, answer)
		return
	}
	if state == late {
		answer = nil
	}
	s.ledger.land(f, answer)
	if err != nil {
		s.report(f, "callback: the handler failed", err)
	} else {
		s.sendLate(f, reply)
	}
	s.ledger.leave()
}

// hopes reports whether a message is finished and hopes for a repeat.
func (f *flight) hopes() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state == open && f.finished
}

// giveUp ends the wait of a finished message for a repeat. Without Config.Late nobody gets the
// answer then, which is told.
func (f *flight) giveUp() {
	f.mu.Lock()
	if f.state != open || !f.finished {
		f.mu.Unlock()
		return
	}
	f.grace.Stop()
	reply := f.reply
	f.state, f.reply, f.answer = late, nil, nil
	f.mu.Unlock()
	f.server.ledger.land(f, nil)
	f.server.sendLate(f, reply)
	f.server.ledger.leave()
}

// now is time.Now for half the price, and by the clock that the arrival was told by.
func (f *flight) now() time.Time { return f.arrival.Add(time.Since(f.arrival)) }

// canEnd reports whether a request can be answered in full while its goroutine still runs. That
// takes a connection of HTTP/1 which can be taken over.
func canEnd(w http.ResponseWriter, r *http.Request) bool {
	if r.ProtoMajor != 1 {
		return false
	}
	for {
		switch v := w.(type) {
		case http.Hijacker:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return false
		}
	}
}

// acknowledge answers success while the handler still runs on the request's goroutine, and
// closes the connection, since nothing else could be served on it.
func (d *delivery) acknowledge() {
	defer close(d.closed)
	defer func() { _ = recover() }() // of a ResponseWriter that has the method but cannot do it
	conn, _, err := http.NewResponseController(d.w).Hijack()
	if err != nil {
		return // ServeHTTP answers when it can
	}
	d.ended = true
	defer func() { _ = conn.Close() }()
	now := time.Now()
	_ = conn.SetWriteDeadline(now.Add(heldFor - countsFor))
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nDate: "+now.UTC().Format(http.TimeFormat)+
		"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 7\r\nConnection: close\r\n\r\nsuccess")
}

// sitOut holds a delivery that no longer counts, until WeChat has surely dropped it. An answer
// that came sooner would be WeChat's last word on the message. The request's context is of no
// use here: a middleware may end it while the connection stays.
func (d *delivery) sitOut() { time.Sleep(time.Until(d.arrival.Add(heldFor))) }
