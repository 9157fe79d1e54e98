package callback

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// What a push may take. WeChat drops a delivery 5 s after it began to send it, which is before
// it arrives here, so half a second is left for the way back.
const (
	// countsFor is how long after its arrival a delivery may be answered.
	countsFor = 4500 * time.Millisecond
	// heldFor is how long a delivery that no longer counts stays without an answer: one before
	// WeChat's own 5 s would be taken for the answer.
	heldFor = 5500 * time.Millisecond
)

// verdict is what becomes of a delivery.
type verdict uint8

const (
	pending      verdict = iota // it counts, and waits
	answered                    // it gets the answer
	acknowledged                // it gets success; the answer goes by Late
	lapsed                      // it no longer counts, and a repeat is hoped for
)

// keepSize is how many bytes a buffer may have that is used again, so that one large push does
// not stay for good.
const keepSize = 16 << 10

// delivery is one request that carries a push. It is used again after the request.
type delivery struct {
	w       http.ResponseWriter
	r       *http.Request
	arrival time.Time
	body    []byte
	text    []byte  // what was encrypted in it
	whole   bool    // the body has been read
	left    bool    // is watched no more
	spare   *flight // of a message that was alone, for the next

	next, prev *delivery // guarded by the watch's lock
	watched    bool      // guarded by the watch's lock

	expired atomic.Bool            // the watch found that its time is over
	flight  atomic.Pointer[flight] // nil until the message is known

	// What follows is guarded by the flight's lock until the verdict is told.
	following *delivery     // of those that wait for the flight
	verdict   verdict       // told through wake, unless the delivery runs the handler itself
	runs      bool          // the handler runs on the request's own goroutine
	closed    chan struct{} // closed when acknowledge is done; nil: it was not begun
	ended     bool          // acknowledge has ended the request; read it when closed is
	wake      chan struct{} // capacity 1
}

func newDelivery() *delivery { return &delivery{wake: make(chan struct{}, 1)} }

// begin makes d the delivery of r, which has just arrived.
func (d *delivery) begin(w http.ResponseWriter, r *http.Request) {
	d.w, d.r, d.arrival = w, r, time.Now()
	d.whole, d.left, d.verdict, d.runs, d.closed = false, false, pending, false, nil
	d.ended = false
	if d.expired.Load() {
		d.expired.Store(false)
	}
}

// end drops what belongs to the request.
func (d *delivery) end() {
	if cap(d.body) > keepSize {
		d.body = nil
	}
	if cap(d.text) > keepSize {
		d.text = nil
	}
	d.w, d.r, d.closed = nil, nil, nil
	d.flight.Store(nil)
	if d.spare != nil {
		d.spare.reset()
	}
}

// expire is called by the watch, once, when d no longer counts.
func (d *delivery) expire() {
	d.expired.Store(true)
	if f := d.flight.Load(); f != nil {
		f.lapse(d)
		return
	}
	// The body is still on its way. Not every ResponseWriter can be told; net/http's can.
	_ = http.NewResponseController(d.w).SetReadDeadline(time.Unix(1, 0))
}

// watch ends the deliveries whose time is over. All have the same time, so they leave it in the
// order in which they came, and one timer that is set at most once in 4.5 s serves them all.
type watch struct {
	mu             sync.Mutex // guards what follows
	oldest, newest *delivery
	timer          *time.Timer
	set            bool
}

// add begins to watch d.
func (w *watch) add(d *delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d.prev, d.next, d.watched = w.newest, nil, true
	if w.newest == nil {
		w.oldest = d
	} else {
		w.newest.next = d
	}
	w.newest = d
	w.arm()
}

// remove ends the watching. After it nothing of the watch touches d.
func (w *watch) remove(d *delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unlink(d)
}

// sweep expires what is due, however late the timer may be.
func (w *watch) sweep(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.oldest != nil && now.Sub(w.oldest.arrival) >= countsFor {
		d := w.oldest
		w.unlink(d)
		d.expire()
	}
}

// tick is the timer's.
func (w *watch) tick() {
	w.sweep(time.Now())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.set = false
	w.arm()
}

// arm sets the timer for the oldest delivery, unless it is set. w.mu is held.
func (w *watch) arm() {
	if w.set || w.oldest == nil {
		return
	}
	w.set = true
	wait := time.Until(w.oldest.arrival.Add(countsFor))
	if w.timer == nil {
		w.timer = time.AfterFunc(wait, w.tick)
		return
	}
	w.timer.Reset(wait)
}

// unlink takes d out of the list. w.mu is held.
func (w *watch) unlink(d *delivery) {
	if !d.watched {
		return
	}
	if d.prev == nil {
		w.oldest = d.next
	} else {
		d.prev.next = d.next
	}
	if d.next == nil {
		w.newest = d.prev
	} else {
		d.next.prev = d.prev
	}
	d.next, d.prev, d.watched = nil, nil, false
}
