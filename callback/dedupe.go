package callback

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/maphash"
	"math/bits"
	"sync"
	"time"
)

// Claimer lets several processes that receive the pushes of one account run each message once.
// Redis does it with SET key 1 NX PX ttl, a database with a unique column.
type Claimer interface {
	// Claim takes key for ttl and reports whether nobody had taken it before. It is called once
	// for a message that is new to this process, before its handler, and ctx ends after a second.
	// The key is 64 hexadecimal digits and holds nothing in clear. Claim must be safe for
	// concurrent use.
	Claim(ctx context.Context, key string, ttl time.Duration) (first bool, err error)
}

// appendIdentity appends what makes m the same message when it comes again: the account, the
// sender, and the id, or what there is in its place. No two lists of parts give the same bytes.
func appendIdentity(dst []byte, m Message) []byte {
	h := m.Head()
	dst = appendPart(dst, h.ToUserName)
	dst = appendPart(dst, h.FromUserName)
	dst = binary.AppendVarint(dst, h.MsgID)
	if identified(h) {
		return dst
	}
	dst = binary.AppendVarint(dst, h.CreateTime)
	dst = appendPart(dst, h.MsgType)
	dst = appendPart(dst, h.Event)
	return appendMark(dst, m)
}

func appendPart(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// repeatable reports whether repeats of m can be told from other messages. Receipts without an
// id cannot: an account gets many of them in one second.
func repeatable(m Message) bool {
	r, ok := m.(*TemplateSendJobFinishEvent)
	return !ok || r.MsgID != 0
}

// claimKey is the key of a message between processes. It must never change: versions of this
// package run beside each other while a deployment is under way.
func claimKey(identity []byte) string {
	sum := sha256.Sum256(append([]byte("wxhome callback\x00"), identity...))
	return hex.EncodeToString(sum[:])
}

// key stands for a message's identity: a keyed hash, so that nobody can make two messages meet.
// By accident a message meets one of 8,192 that are remembered once in 10^15.
type key uint64

// keyOf returns the key of m. It stands for what appendIdentity appends, which is much slower,
// so that messages, which are most of all, have a way of their own.
func (s *Server) keyOf(m Message) key {
	if h := m.Head(); identified(h) {
		const odd = 0x9E3779B97F4A7C15 // spreads ids; odd, so that no two of a sender's meet
		from, to := maphash.String(s.seed, h.FromUserName), maphash.String(s.seed, h.ToUserName)
		return key(from ^ bits.RotateLeft64(to, 32) + uint64(h.MsgID)*odd)
	}
	return key(maphash.Bytes(s.seed, appendIdentity(nil, m)))
}

// identified reports whether a message, and no event, has an id of its own.
func identified(h *Header) bool { return h.Event == "" && h.MsgID != 0 }

// signatures knows which message came with a signature. It is a table of buckets, each of which
// forgets its oldest, and so takes one look at one place where an LRU takes several.
type signatures struct{ buckets []bucket }

type bucket [4]struct {
	signature uint64 // a hash of it, which nobody can aim
	key       key
}

// newSignatures has room for four times what is to be remembered, so that of a hundred buckets
// two forget earlier than that.
func newSignatures(remembered int) signatures {
	const most = 1 << 18 // buckets, 16 MB
	n := 1
	for n < remembered && n < most {
		n *= 2
	}
	return signatures{make([]bucket, n)}
}

// claim enters k for signature, and reports whether that was not entered for another before.
func (s *signatures) claim(signature uint64, k key) bool {
	b := &s.buckets[signature&uint64(len(s.buckets)-1)]
	for i := range b {
		if b[i].signature == signature {
			return b[i].key == k
		}
	}
	copy(b[1:], b[:])
	b[0].signature, b[0].key = signature, k
	return true
}

// Why a push is not taken on.
var (
	// ErrFull: as many messages as Config.MaxInFlight allows are being handled.
	ErrFull = errors.New("callback: too many messages in flight")
	// ErrShutdown: Shutdown has been called.
	ErrShutdown = errors.New("callback: the server is shutting down")
	// ErrReplayed: in plain mode, where the signature does not cover the body, one came again with
	// a different message.
	ErrReplayed = errors.New("callback: the signature was used for another message")
)

// ledger knows the messages that are in flight and those that have been. The former are bounded
// by a cap, the latter by forgetting the oldest.
type ledger struct {
	max, remembered int

	mu         sync.Mutex // guards what follows
	flights    map[key]*flight
	past       past
	signatures signatures // empty until plain mode needs it
	running    int        // handlers and calls of Late, and what waits for a repeat
	closing    bool
	idle       chan struct{} // closed when closing and nothing runs
}

func newLedger(inFlight, remembered int) *ledger {
	return &ledger{
		max: inFlight, remembered: remembered,
		flights: make(map[key]*flight), past: newPast(remembered), idle: make(chan struct{}),
	}
}

// arrival is what the ledger says of a push.
type arrival struct {
	flight   *flight // the message is in flight: join it
	answer   []byte  // the message has been: that was its answer, in f's buffer
	replayed bool
	err      error
}

// board finds the message of a push, or enters f as a new one, which is then returned. Signature
// is 0 where it covers the message.
func (l *ledger) board(f *flight, signature uint64) arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	if signature != 0 && !l.claim(signature, f.key) {
		return arrival{err: ErrReplayed}
	}
	if !f.single {
		if known := l.flights[f.key]; known != nil {
			known.shared = true
			return arrival{flight: known}
		}
		if answer, ok := l.past.find(f.key); ok {
			f.buf = append(f.buf[:0], answer...)
			return arrival{answer: f.buf, replayed: true}
		}
	}
	switch {
	case l.closing:
		return arrival{err: ErrShutdown}
	case l.running >= l.max:
		return arrival{err: ErrFull}
	}
	if !f.single {
		l.flights[f.key] = f
	}
	l.running++
	return arrival{flight: f}
}

// claim enters a signature for a message, or reports false if it was another's. l.mu is held.
func (l *ledger) claim(signature uint64, k key) bool {
	if l.signatures.buckets == nil {
		l.signatures = newSignatures(l.remembered)
	}
	return l.signatures.claim(signature, k)
}

// land moves a message to those that have been.
func (l *ledger) land(f *flight, answer []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remember(f, answer)
}

// leave ends what board has begun.
func (l *ledger) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	l.rest()
}

// landAndLeave is land and leave in one.
func (l *ledger) landAndLeave(f *flight, answer []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remember(f, answer)
	l.running--
	l.rest()
}

// landAlone is landAndLeave if nobody has found f, and nobody can any more. Otherwise it reports
// false and leaves all as it is.
func (l *ledger) landAlone(f *flight, answer []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.shared || l.closing { // Shutdown may have found it
		return false
	}
	l.remember(f, answer)
	l.running--
	return true
}

// remember moves a message to those that have been. l.mu is held.
func (l *ledger) remember(f *flight, answer []byte) {
	if !f.single {
		delete(l.flights, f.key)
		l.past.add(f.key, answer)
	}
}

// rest tells who waits for it that nothing runs. l.mu is held.
func (l *ledger) rest() {
	if l.closing && l.running == 0 {
		close(l.idle)
	}
}

// close refuses new messages from now on, and returns those in flight. Only the first call does.
func (l *ledger) close() []*flight {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return nil
	}
	l.closing = true
	l.rest()
	in := make([]*flight, 0, len(l.flights))
	for _, f := range l.flights {
		in = append(in, f)
	}
	return in
}
