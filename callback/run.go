package callback

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// run is one message, from its first delivery until it is settled: until it is decided whether the
// reply goes into a response or to Config.Late. Settled runs are remembered for repeats.
type run struct {
	server *Server
	key    key
	single bool          // a repeat cannot be told from another message
	place  place         // with Config.InOrder
	done   chan struct{} // closed when the run is settled

	// The lock of messages guards the fields below until the run is settled. Then they stay constant.
	waiting []*delivery // deliveries that can still be answered
	lapses  int         // number of deliveries that timed out
	held    bool        // the reply is finished and waits for a repeat
	late    bool        // every delivery is answered "success"; the reply goes to Late
	other   bool        // another process handles the message
	reply   Reply       // nil means "success"

	in     *incoming // the data to encode the reply; nil when it is no longer needed
	once   sync.Once // guards answer, and also in after the run is settled
	answer []byte    // the encoded reply
}

// incoming is a message as received.
type incoming struct {
	account  *credentials
	values   context.Context // of the first request with the message
	message  Message         // nil after the handler has returned
	head     Header          // the message's own, which the handler may change
	format   Format
	sealer   Sealer // in safe mode: with the token and key that the push came with
	nonce    string
	claimKey string // empty without Config.Claim
}

// context returns ctx with the values of the request and of the account.
func (in *incoming) context(ctx context.Context) context.Context {
	return &pushContext{ctx, in.values, in.account.appID}
}

// join makes d wait for r. The caller holds the lock of messages.
func (r *run) join(d *delivery) error {
	switch {
	case isClosed(r.done):
		d.again = true
		return nil
	case len(r.waiting) >= maxWaiting:
		return ErrFull
	}
	r.waiting = append(r.waiting, d)
	if r.held && d.counts() {
		r.settle()
	}
	return nil
}

// counts reports whether d can still be answered. It compares the clock, because a timer fires late
// if the process was suspended.
func (d *delivery) counts() bool { return time.Since(d.arrival) < countsFor }

// lapse records that d has timed out. If more than Config.Lapse deliveries have, all deliveries are
// answered "success", so that WeChat does not show an error notice. A message whose repeat cannot be
// recognised is answered at once. The caller holds the lock of messages.
func (r *run) lapse(d *delivery) {
	i := slices.Index(r.waiting, d)
	if i < 0 {
		return
	}
	if r.lapses++; r.lapses > r.server.cfg.Lapse || r.single {
		r.late = true
		r.settle()
		return
	}
	r.waiting = slices.Delete(r.waiting, i, i+1)
	d.lapsed = true
}

// settle ends the wait of all deliveries. r.late and r.reply decide their answer. The caller holds
// the lock of messages, and r is not settled.
func (r *run) settle() {
	r.held, r.waiting = false, nil
	if r.late {
		r.reply = nil
	}
	if r.reply == nil {
		r.in = nil
	}
	if !r.single {
		r.server.messages.runs.age(r.key)
	}
	close(r.done)
}

// wait waits until r is settled or d times out, and then answers d.
func (d *delivery) wait(r *run) {
	timer := time.NewTimer(time.Until(d.arrival.Add(countsFor)))
	select {
	case <-r.done:
	case <-timer.C:
	}
	timer.Stop()
	m := d.server.messages
	m.mu.Lock()
	r.lapse(d) // does nothing if r is settled
	lapsed := d.lapsed
	m.mu.Unlock()
	switch {
	case lapsed:
		// The request's context is not used: a middleware may end it while the connection stays open.
		time.Sleep(time.Until(d.arrival.Add(heldFor)))
		d.answer(OutcomeDropped, http.StatusServiceUnavailable, plainText, nil)
	case r.reply == nil:
		d.answer(d.outcome(r), http.StatusOK, plainText, success)
	default:
		answer, contentType := r.encoded(), inXML
		if answer[0] == '{' {
			contentType = inJSON
		}
		d.answer(d.outcome(r), http.StatusOK, contentType, answer)
	}
}

// outcome returns the Outcome of d, which is answered. r is settled.
func (d *delivery) outcome(r *run) Outcome {
	switch {
	case r.late || r.other && !d.again:
		return OutcomeLate
	case d.again:
		return OutcomeReplayed
	case d.first:
		return OutcomeRan
	}
	return OutcomeJoined
}

// encoded returns the encoded reply. The first delivery that needs it encodes it, and not the
// handler's goroutine, whose small stack would have to grow for the cipher.
func (r *run) encoded() []byte {
	r.once.Do(func() {
		now, in := time.Now(), r.in
		r.answer = appendReply(make([]byte, 0, 320), in.format, &in.head, r.reply, now)
		if in.account.crypter != nil {
			r.answer = in.sealer.Seal(nil, in.format, r.answer, now.Unix(), in.nonce)
		}
		r.in = nil // its names keep the whole message in memory
	})
	return r.answer
}

// work handles the message and settles the run. It runs on a goroutine of its own.
func (r *run) work(in *incoming) {
	defer r.server.messages.leave()
	defer r.passTurn()
	reply, err := Reply(nil), errExited
	defer func() { r.conclude(in, reply, err) }() // deferred, in case the handler calls runtime.Goexit
	reply, err = r.handle(in)
}

// handle calls the handler, unless another process handles the message.
func (r *run) handle(in *incoming) (reply Reply, err error) {
	defer func() {
		if v := recover(); v != nil {
			reply, err = nil, stacked(v)
		}
	}()
	mine, err := r.claim(in)
	if r.other = !mine; err != nil || !mine {
		return nil, err
	}
	r.awaitTurn()
	s := r.server
	ctx := &handlerContext{server: s.base, values: in.values, appID: in.account.appID, deadline: time.Now().Add(s.cfg.HandlerTimeout)}
	defer ctx.end()
	r.handOnAfter(ctx)
	reply, err = s.handler.Handle(ctx, in.message)
	return reply, tried(err)
}

// conclude settles the run with the result of the handler. It passes on errors and late replies.
func (r *run) conclude(in *incoming, reply Reply, err error) {
	in.message = nil
	long := false
	if err == nil {
		reply, long, err = r.server.checked(&in.head, reply)
	}
	if err != nil {
		reply = nil
	}
	late := r.offer(reply, long)
	switch {
	case err != nil:
		r.report(in, "callback: the handler failed", err)
	case late && reply != nil:
		r.sendLate(in, reply)
	}
}

// detach copies the texts of in.head, which otherwise keep the whole message in memory.
func (in *incoming) detach() {
	h := &in.head
	for _, text := range []*string{&h.ToUserName, &h.FromUserName, &h.MsgType, &h.Event, &h.MsgDataID} {
		*text = strings.Clone(*text)
	}
}

// offer gives reply to the waiting deliveries, or to a repeat that arrives within Config.Grace. It
// reports whether the reply must go to Late instead.
func (r *run) offer(reply Reply, long bool) (late bool) {
	m := r.server.messages
	m.mu.Lock()
	for _, d := range slices.Backward(r.waiting) { // lapse takes d out
		if !d.counts() {
			r.lapse(d)
		}
	}
	switch {
	case isClosed(r.done): // too late
	case reply == nil || len(r.waiting) > 0 && !long:
		r.reply = reply
		r.settle()
	case long:
		r.late = true
		r.settle()
	default:
		r.in.detach()
		r.reply, r.held = reply, true
	}
	held := r.held
	m.mu.Unlock()
	if held {
		r.hold()
	}
	return r.late
}

// hold waits for a repeat that can be answered with the reply.
func (r *run) hold() {
	m := r.server.messages
	timer := time.NewTimer(r.server.cfg.Grace)
	defer timer.Stop()
	select {
	case <-r.done:
	case <-timer.C:
	case <-m.closing:
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !isClosed(r.done) {
		r.late = true
		r.settle()
	}
}
