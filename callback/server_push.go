package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"runtime/debug"
	"time"
)

// servePush answers a push.
func (s *Server) servePush(w http.ResponseWriter, r *http.Request) {
	d := s.deliveries.Get().(*delivery)
	d.begin(w, r)
	s.watch.add(d)
	defer s.endPush(d)
	account, err := s.accounts.of(r)
	if err != nil {
		s.refusePush(d, nil, nil, err)
		return
	}
	f, signature, err := s.open(d, account)
	if err != nil {
		s.refusePush(d, account, nil, err)
		return
	}
	if s.deliver(d, f, signature); d.runs && f.alone {
		d.spare = f // nearly every message ends here
	}
}

// endPush makes d ready for another push.
func (s *Server) endPush(d *delivery) {
	if d.closed != nil {
		<-d.closed // w must not be used after this
	}
	if !d.left {
		s.watch.remove(d)
	}
	d.end()
	s.deliveries.Put(d)
}

// refusePush refuses a push. A body that has not been read is not waited for.
func (s *Server) refusePush(d *delivery, account *credentials, m Message, err error) {
	if !d.whole {
		d.w.Header().Set("Connection", "close")
		_ = http.NewResponseController(d.w).SetReadDeadline(d.arrival.Add(countsFor))
	}
	s.refuse(d.w, d.r, d.arrival, account.id(), m, err)
}

// checkedQuery returns the parameters of r, if those are there that all requests have.
func checkedQuery(r *http.Request) (query, error) {
	q, err := scanQuery(r.URL.RawQuery)
	if err == nil && !q.complete() {
		err = errQuery
	}
	return q, err
}

// open verifies and reads a push. It returns a hash of the signature where that does not cover
// the message, otherwise 0.
func (s *Server) open(d *delivery, account *credentials) (*flight, uint64, error) {
	q, err := checkedQuery(d.r)
	if err != nil {
		return nil, 0, err
	}
	f := d.spare
	if d.spare = nil; f == nil {
		f = new(flight)
	}
	f.server, f.account, f.nonce = s, account, q.nonce
	var signature uint64
	if account.crypter == nil {
		signature, err = s.openPlain(d, f, &q)
	} else {
		err = s.openSafe(d, f, &q)
	}
	if err != nil {
		return nil, 0, err
	}
	f.key = s.keyOf(f.message)
	f.single = !repeatable(f.message)
	return f, signature, nil
}

// openPlain opens a push in plain mode (明文模式), or the plain copy in one of compatible mode.
func (s *Server) openPlain(d *delivery, f *flight, q *query) (signature uint64, err error) {
	// All that can be told without the body is told before it is read.
	if err = f.account.verify(q); err != nil {
		return 0, err
	}
	if err = s.fresh(q, d.arrival); err != nil {
		return 0, err
	}
	if err = s.read(d); err != nil {
		return 0, err
	}
	if f.message, err = Parse(d.body); err != nil {
		return 0, err
	}
	f.format, _ = FormatOf(d.body)
	return max(maphash.String(s.seed, q.signature), 1), nil
}

// openSafe opens a push in safe mode (安全模式), or the encrypted part of one in compatible mode.
func (s *Server) openSafe(d *delivery, f *flight, q *query) error {
	if !q.encrypted() {
		return ErrMode
	}
	if q.msgSignature == "" {
		return errQuery
	}
	if err := s.read(d); err != nil {
		return err
	}
	if err := s.decrypt(d, f, q); err != nil {
		return err
	}
	if err := s.fresh(q, d.arrival); err != nil {
		return err
	}
	var err error
	f.message, err = Parse(d.text)
	return err
}

// decrypt puts what d.body holds encrypted into d.text.
func (s *Server) decrypt(d *delivery, f *flight, q *query) (err error) {
	c := f.account.crypter
	// Nearly all envelopes are alike, and what is signed is good wherever it was found. So the
	// parser is asked only about what does not fit.
	if _, rest, ok := bytes.Cut(d.body, []byte("<Encrypt><![CDATA[")); ok {
		encrypt, _, _ := bytes.Cut(rest, []byte(cdataEnd))
		d.text, f.sealer, err = c.open(d.text[:0], q.msgSignature, q.timestamp, q.nonce, encrypt)
		if err != ErrSignature {
			return err
		}
	}
	e, err := ParseEnvelope(d.body)
	if err != nil {
		if _, plaintext := Parse(d.body); plaintext == nil {
			return ErrMode
		}
		return err
	}
	f.format = e.Format
	d.text, f.sealer, err = c.Open(d.text[:0], q.msgSignature, q.timestamp, q.nonce, e.Encrypt)
	return err
}

// fresh refuses a request whose timestamp is far from our clock. It is asked about requests that
// are verified, so that the log tells of clocks and not of what anybody sent.
func (s *Server) fresh(q *query, now time.Time) error {
	if s.cfg.Freshness < 0 {
		return nil
	}
	seconds, ok := q.seconds()
	if !ok {
		return errQuery
	}
	// In seconds, which cannot overflow as a Duration can.
	behind := now.Unix() - seconds
	if max(behind, -behind) > int64(s.cfg.Freshness/time.Second) {
		return fmt.Errorf("%w: it is %d s behind our clock", ErrStale, behind)
	}
	return nil
}

// read reads the body into d.body, which grows with what comes, and not with what is promised.
func (s *Server) read(d *delivery) error {
	limit := s.cfg.BodyLimit
	if d.r.ContentLength > limit {
		return ErrTooLarge
	}
	if d.r.Body == nil {
		return ErrMalformed
	}
	if d.body == nil {
		d.body = make([]byte, 0, 2048)
	}
	b := d.body[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := d.r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > limit:
			return ErrTooLarge
		case err == io.EOF, err == nil && int64(len(b)) == d.r.ContentLength:
			d.body, d.whole = b, true
			return nil
		case err != nil:
			return bodyError(d, err)
		}
	}
}

func bodyError(d *delivery, err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return ErrTooLarge
	case d.expired.Load():
		return errSlow
	}
	return errBody // the cause may name addresses
}

// deliver gives a push to its flight, and answers what comes of it.
func (s *Server) deliver(d *delivery, f *flight, signature uint64) {
	f.arrival = d.arrival
	f.ctx = &runContext{server: s.base, request: d.r.Context(), deadline: d.arrival.Add(s.cfg.HandlerTimeout)}
	f.wait(d)
	d.runs = canEnd(d.w, d.r)
	got := s.ledger.board(f, signature)
	switch {
	case got.err != nil:
		s.refusePush(d, f.account, f.message, got.err)
		return
	case got.replayed:
		s.answer(d, f, answered, got.answer, OutcomeReplayed)
		return
	case got.flight == f:
		s.first(d, f)
		return
	}
	d.runs = false
	v, answer, outcome := got.flight.join(d)
	if outcome == OutcomeRefused {
		s.refusePush(d, f.account, f.message, ErrFull)
		return
	}
	s.answer(d, f, v, answer, outcome)
}

// first runs the handler for the first delivery of a message.
func (s *Server) first(d *delivery, f *flight) {
	f.follow(d)
	if d.runs {
		f.run(d)
	} else {
		go f.run(nil)
		<-d.wake
	}
	// Since d has its verdict nobody else touches it, nor the answer if that is what it gets.
	if d.closed != nil {
		if <-d.closed; d.ended {
			s.observe(d.r, d.arrival, f.message, Delivery{AppID: f.account.appID, Outcome: OutcomeLate, Status: http.StatusOK})
			return
		}
	}
	v := d.verdict
	var answer []byte
	if v == answered {
		answer = f.answer
	}
	outcome := OutcomeRan
	if f.elsewhere || v == acknowledged {
		outcome = OutcomeLate
	}
	s.answer(d, f, v, answer, outcome)
}

// answer writes what became of a delivery.
func (s *Server) answer(d *delivery, f *flight, v verdict, answer []byte, outcome Outcome) {
	status := http.StatusOK
	h := d.w.Header()
	switch {
	case v == lapsed:
		d.sitOut()
		outcome, status = OutcomeDropped, http.StatusServiceUnavailable
		h["Content-Type"] = s.plainText
		d.w.WriteHeader(status)
	case v == acknowledged || len(answer) == 0:
		h["Content-Type"] = s.plainText
		_, _ = d.w.Write(s.successBody)
	default:
		h["Content-Type"] = s.xml
		if answer[0] == '{' {
			h["Content-Type"] = s.enc
		}
		_, _ = d.w.Write(answer)
	}
	if s.cfg.Hook != nil {
		s.observe(d.r, d.arrival, f.message, Delivery{AppID: f.account.appID, Outcome: outcome, Status: status})
	}
}

// encode returns r as the answer to f's message, in f.buf.
func (f *flight) encode(r Reply, now time.Time) (answer []byte, err error) {
	if f.account.crypter == nil {
		f.buf, err = AppendReply(f.buf[:0], f.format, f.message.Head(), r, now)
		return f.buf, err
	}
	if f.plain, err = AppendReply(f.plain[:0], f.format, f.message.Head(), r, now); err != nil {
		return nil, err
	}
	f.buf = f.sealer.Seal(f.buf[:0], f.format, f.plain, now.Unix(), f.nonce)
	return f.buf, nil
}

// claim reports whether f's message is this process's to handle.
func (s *Server) claim(f *flight) bool {
	if s.cfg.Claim == nil || f.single {
		return true
	}
	ctx, cancel := context.WithTimeout(f.ctx, claimTimeout)
	defer cancel()
	key := claimKey(appendIdentity(nil, f.message))
	first, err := s.cfg.Claim.Claim(ctx, key, s.cfg.HandlerTimeout+claimMargin)
	if err != nil {
		// A chat that goes on with a message answered twice is better than one that is dead.
		s.report(f, "callback: Claim failed", fmt.Errorf("callback: claim: %w", err))
		return true
	}
	return first
}

// sendLate hands a reply to Config.Late.
func (s *Server) sendLate(f *flight, r Reply) {
	switch {
	case r == nil:
		return
	case s.cfg.Late == nil:
		s.report(f, "callback: a reply is lost", ErrLate)
		return
	}
	ctx := &runContext{server: s.base, request: f.ctx.request, deadline: time.Now().Add(s.cfg.HandlerTimeout)}
	defer ctx.end()
	err := errExited
	defer func() {
		if v := recover(); v != nil {
			err = stacked(v)
		}
		if err != nil {
			s.report(f, "callback: Late failed", fmt.Errorf("callback: late: %w", err))
		}
	}()
	err = s.cfg.Late(ctx, *f.message.Head(), r)
}

// stacked returns the error for a panic that is being recovered from.
func stacked(v any) error {
	p := newPanicked(v)
	p.stack = string(debug.Stack())
	return p
}
