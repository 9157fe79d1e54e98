package callback

import (
	"fmt"
	"hash/maphash"
	"log/slog"
	"time"
)

// push answers a push.
func (d *delivery) push() {
	if trust := d.server.cfg.Trust; trust != nil && !trust(d.r) {
		d.stranger()
		return
	}
	r, signature, err := d.open()
	if err == errProbe {
		d.answerProbe()
		return
	}
	if err != nil {
		d.refuse(err)
		return
	}
	d.deliver(r, signature)
}

// deliver answers d with the result of its message: of r, or of an earlier run of the same message.
func (d *delivery) deliver(r *run, signature uint64) {
	in := r.in
	r, err := d.server.messages.enter(d, r, signature)
	if err != nil {
		d.refuse(err)
		return
	}
	if d.first {
		go r.work(in)
	}
	d.wait(r)
}

// query finds the account, reads the query and checks the parameter signature.
func (d *delivery) query() (q query, err error) {
	if d.account, err = d.server.accounts.of(d.r); err != nil {
		return q, err
	}
	if d.server.cfg.Trust != nil {
		return q, nil // its pushes have no parameters of WeChat
	}
	if q, err = scanQuery(d.r.URL.RawQuery); err != nil {
		return q, err
	}
	if !q.complete() {
		return q, errQuery
	}
	d.signed = d.account.signed(&q)
	return q, nil
}

// admit makes the checks that do not need the body.
func (d *delivery) admit() (q query, err error) {
	if q, err = d.query(); err != nil || d.server.cfg.Trust != nil {
		return q, err
	}
	safe := d.account.crypter != nil
	switch {
	case !d.signed && (q.signature != "" || !safe):
		return q, ErrSignature
	case safe && !q.encrypted():
		return q, ErrMode
	case safe && q.msgSignature == "":
		return q, errQuery
	case d.signed:
		return q, d.fresh(&q)
	}
	return q, nil // safe mode without the parameter signature: msg_signature is checked with the body
}

// open verifies and reads a push, and returns a run for its message. If the signature does not
// cover the message, open also returns a hash of the signature, otherwise 0.
func (d *delivery) open() (*run, uint64, error) {
	q, err := d.admit()
	if err != nil {
		return nil, 0, err
	}
	s := d.server
	b := &d.body
	b.server = s
	defer b.free()
	if err = b.read(d); err != nil {
		return nil, 0, err
	}
	in := &incoming{account: d.account, values: d.r.Context(), nonce: q.nonce}
	plain, err := b.bytes()
	if err == nil && d.account.crypter != nil {
		plain, err = in.decrypt(d, b, plain, &q)
	}
	if err != nil {
		return nil, 0, err
	}
	if s.cfg.Trust != nil && isProbe(plain) {
		return nil, 0, errProbe
	}
	if in.message, err = Parse(plain); err != nil {
		return nil, 0, err
	}
	if u, ok := in.message.(*Unknown); ok && u.Err != nil {
		s.logSampled(d.r.Context(), manyAMinute, likelyCause(u.Err), "callback: a message is malformed after its header",
			slog.String("appid", d.account.appID), slog.String("error", u.Err.Error()))
	}
	in.head = *in.message.Head()
	in.head.Raw = Raw{}
	if d.account.crypter == nil {
		in.format, _ = FormatOf(plain)
	}
	d.msgType, d.event, d.differs = in.head.MsgType, in.head.Event, !sentBy(in.message, q.openid)
	r := &run{server: s, in: in, done: make(chan struct{})}
	r.identify(plain)
	if s.cfg.Trust != nil || d.account.crypter != nil {
		return r, 0, nil
	}
	return r, max(maphash.String(s.seed, q.signature), 1), nil
}

// decrypt opens an envelope.
func (in *incoming) decrypt(d *delivery, b *body, envelope []byte, q *query) (plain []byte, err error) {
	b.text = d.server.texts.Get().(*[]byte)
	plain, in.sealer, in.format, err = d.account.crypter.openBody((*b.text)[:0], envelope, q)
	if cap(plain) <= chunkSize { // large buffers are not kept
		*b.text = plain
	}
	switch {
	case err == ErrSignature && d.signed:
		return nil, errChanged
	case err == nil && !d.signed:
		err = d.fresh(q)
	}
	return plain, err
}

// fresh returns an error if the timestamp differs too much from the server's clock.
func (d *delivery) fresh(q *query) error {
	freshness := d.server.cfg.Freshness
	if freshness < 0 {
		return nil
	}
	seconds, ok := q.seconds()
	if !ok {
		return errQuery
	}
	// In seconds, because a Duration could overflow.
	behind := d.arrival.Unix() - seconds
	if max(behind, -behind) > int64(freshness/time.Second) {
		return fmt.Errorf("%w: it is %d s behind our clock", ErrStale, behind)
	}
	return nil
}
