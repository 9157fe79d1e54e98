package callback

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
)

// key stands for a message, or for a follower. It is a keyed hash, so that nobody can make two
// messages meet. By accident a message meets one of 8,192 that are remembered once in 10^15.
type key uint64

// The identities that a message may have.
const (
	byMsgID     = 'm'
	byReceipts  = 'r'
	byPlaintext = 'p'
)

// appendIdentity appends what makes m, whose plaintext is plain, the same message when it comes
// again. No two different lists of parts give the same bytes. Single is true for a receipt without
// an id: an account gets many that are alike in one second, and each is a message of its own.
func appendIdentity(dst []byte, m Message, plain []byte) (identity []byte, single bool) {
	h := m.Head()
	switch e := m.(type) {
	case *TemplateSendJobFinishEvent:
		if h.MsgID != 0 {
			dst = appendPart(appendReceipt(dst, h), string(e.Status))
			return binary.AppendVarint(dst, h.MsgID), false
		}
		single = true
	case *SubscribeMsgSentEvent:
		if single = !slices.ContainsFunc(e.List, func(r SubscribeReceipt) bool { return r.MsgID != 0 }); single {
			break
		}
		dst = appendReceipt(dst, h)
		for _, r := range e.List {
			dst = binary.AppendVarint(appendPart(dst, r.TemplateID), r.MsgID)
		}
		return dst, false
	default:
		if h.Event == "" && h.MsgID != 0 {
			return binary.AppendVarint(appendNames(append(dst, byMsgID), h), h.MsgID), false
		}
	}
	// In compatible mode a repeat may have another ciphertext beside the same plain copy.
	before, after := splitEncrypt(plain)
	return append(append(append(dst, byPlaintext), before...), after...), single
}

// appendReceipt appends what receipts of all kinds have. Their names differ, and so their lists.
func appendReceipt(dst []byte, h *Header) []byte {
	dst = appendNames(append(dst, byReceipts), h)
	return appendPart(binary.AppendVarint(dst, h.CreateTime), h.Event)
}

func appendNames(dst []byte, h *Header) []byte {
	return appendPart(appendPart(dst, h.ToUserName), h.FromUserName)
}

func appendPart(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// identify says what the message of r, whose plaintext is plain, is to this process and to others.
func (r *run) identify(plain []byte) {
	var buf [256]byte // enough for an id and three names
	// With the account: what one account's owner signs is never taken for a message of another.
	identity, single := appendIdentity(appendPart(buf[:0], r.in.account.appID), r.in.message, plain)
	s := r.server
	r.key, r.single = key(maphash.Bytes(s.seed, identity)), single
	if s.cfg.Claim != nil && !single {
		r.in.claimKey = claimKey(identity)
	}
	if who := follower(r.in.message); s.cfg.InOrder && who != "" {
		names := appendPart(appendPart(appendPart(buf[:0], r.in.account.appID), r.in.head.ToUserName), who)
		r.place.follower = key(maphash.Bytes(s.seed, names))
	}
}

// follower returns the openid of the one whose doing m is, or "" for a push of the platform's own. An
// event about a user's own data has the platform as its sender.
func follower(m Message) string {
	if event, ok := m.(interface{ about() string }); ok {
		return event.about()
	}
	return m.Head().FromUserName
}

// sentBy reports whether m may come from openid, as the query says.
func sentBy(m Message, openid string) bool {
	return openid == "" || openid == m.Head().FromUserName || openid == follower(m)
}

func (m *Withdrawal) about() string { return m.OpenID }
