package wechattest

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/template"
)

const (
	// repeatWindow is how long a client_msg_id is remembered.
	repeatWindow = 10 * time.Minute

	// rememberedMax bounds each of the two generations of remembered ids. A
	// million take 80 MB, so that the two never have more than 160 MB.
	rememberedMax = 1 << 20

	// firstMsgID is the msgid before the first: 19 digits, beyond 2^53, as
	// today's are.
	firstMsgID = 3717005636572528640
)

// Accepted is a message of any kind that the server has accepted. What was
// understood of it is in one of Message, Custom, OneTime and Notification; the
// others are zero.
type Accepted struct {
	AppID string    // the account that sent it
	To    string    // the openid
	MsgID int64     // in order of acceptance, from 3717005636572528641 on; 0 where none is answered
	Time  time.Time // by the server's clock
	Body  string    // the request's exact body

	Message template.Message // of message/template/send

	Custom custom.Message // of message/custom/send: a custom.Text, never a pointer
	Agent  string         // its kf_account, if any
	AI     bool           // whether it has the AI mark

	BusinessID int64 // its businessid, if any

	OneTime      *template.OneTimeMessage // of message/template/subscribe
	Notification *template.Notification   // of message/subscribe/bizsend
}

// Accepted returns the accepted messages of all kinds, oldest first: the last
// 1,000, or as many as [WithHistory] says. Repeated ones are in it once.
func (s *Server) Accepted() []Accepted {
	l := &s.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	size := int64(len(l.history))
	n := min(l.accepted, size)
	out := make([]Accepted, 0, n)
	for i := l.accepted - n; i < l.accepted; i++ {
		out = append(out, l.history[i%size])
	}
	return out
}

// AcceptedCount returns how many messages were accepted since the start,
// whether Accepted still has them or not.
func (s *Server) AcceptedCount() int64 {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	return s.ledger.accepted
}

// RepeatedCount returns how many sends were answered as accepted because a
// message with their openid and client_msg_id had been, within 10 minutes.
func (s *Server) RepeatedCount() int64 {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	return s.ledger.repeated
}

// OnAccept sets a hook that is called for each accepted message (not for
// repeated ones), before the client is answered. It is called from several
// goroutines, in no particular order, and may call the server. A nil hook
// removes it.
func (s *Server) OnAccept(hook func(Accepted)) {
	if hook == nil {
		s.ledger.hook.Store(nil)
		return
	}
	s.ledger.hook.Store(&hook)
}

// ledger is what the server has accepted, and the ids that it remembers.
//
// Ids are kept in two generations, each filled for repeatWindow or until it
// has rememberedMax ids: then it becomes the older one and the one before is
// dropped at once, instead of id by id. Keys and values have no pointers, so
// the garbage collector does not walk through them.
type ledger struct {
	hook atomic.Pointer[func(Accepted)]
	seed [2]maphash.Seed

	mu                 sync.Mutex // guards the fields below
	history            []Accepted // a ring: message n is at n % len
	accepted, repeated int64
	recent, older      map[messageKey]remembered
	begun              time.Time // when recent was begun
}

// messageKey is 128 bits of hash over AppID, openid and client_msg_id.
type messageKey [2]uint64

type remembered struct {
	msgID int64
	at    int64 // unix nanoseconds
}

// add accepts m, unless it repeats a message; either way the msgid returned is
// that of the accepted one. fresh says that it repeats none.
func (l *ledger) add(m Accepted) (msgID int64, fresh bool) {
	key, keyed := l.key(m)
	l.mu.Lock()
	if keyed {
		l.turn(m.Time)
		if old, ok := l.lookup(key); ok && m.Time.UnixNano()-old.at < int64(repeatWindow) {
			l.repeated++
			l.mu.Unlock()
			return old.msgID, false
		}
	}
	if m.Custom == nil && m.OneTime == nil {
		m.MsgID = firstMsgID + l.accepted + 1
	}
	if keyed {
		l.recent[key] = remembered{m.MsgID, m.Time.UnixNano()}
	}
	if size := int64(len(l.history)); size > 0 {
		l.history[l.accepted%size] = m
	}
	l.accepted++
	l.mu.Unlock()
	if hook := l.hook.Load(); hook != nil {
		(*hook)(m)
	}
	return m.MsgID, true
}

func (l *ledger) key(m Accepted) (key messageKey, keyed bool) {
	if m.Message.ClientMsgID == "" {
		return key, false
	}
	for i, seed := range l.seed {
		var h maphash.Hash
		h.SetSeed(seed)
		for _, part := range [...]string{m.AppID, m.Message.To, m.Message.ClientMsgID} {
			_, _ = h.WriteString(part)
			_ = h.WriteByte(0)
		}
		key[i] = h.Sum64()
	}
	return key, true
}

func (l *ledger) lookup(key messageKey) (remembered, bool) {
	if r, ok := l.recent[key]; ok {
		return r, true
	}
	r, ok := l.older[key]
	return r, ok
}

// turn begins a new generation when it is time. The caller holds l.mu.
func (l *ledger) turn(now time.Time) {
	age := now.Sub(l.begun)
	if l.recent != nil && age < repeatWindow && len(l.recent) < rememberedMax {
		return
	}
	l.older = l.recent
	if age >= 2*repeatWindow {
		l.older = nil
	}
	l.recent, l.begun = make(map[messageKey]remembered), now
}
