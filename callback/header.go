package callback

import "time"

// Header holds what messages and events have in common. Every one of them embeds it.
type Header struct {
	// ToUserName is the account's original id (原始ID), which begins with gh_.
	ToUserName string
	// FromUserName is the sender's openid. A few events come from the platform itself; they
	// carry the openid in a field of their own.
	FromUserName string
	// CreateTime is in unix seconds, as the platform's clock tells; see [Header.Time].
	CreateTime int64
	// MsgType is text, image, ... or event.
	MsgType string
	// Event is the event's name as it was received; its case is not to be trusted.
	Event string
	// MsgID is MsgId of a message, MsgID of a receipt, and 0 for other events.
	MsgID int64
	// MsgDataID (MsgDataId) is set only for a message that was written under an article.
	MsgDataID string
	// Idx is which article of that push it was, from 1.
	Idx int
}

// Head returns h. Embedding a Header thereby makes a [Message] of a pointer to a struct.
func (h *Header) Head() *Header { return h }

// Time returns CreateTime. The zero Time stands for 0.
func (h Header) Time() time.Time {
	if h.CreateTime == 0 {
		return time.Time{}
	}
	return time.Unix(h.CreateTime, 0)
}

// Message is what [Parse] returns: a pointer to one of this package's message or event structs,
// such as [*TextMessage] or [*SubscribeEvent], or an [*Unknown].
type Message interface {
	// Head returns the part that all have. It is the message's own, not a copy.
	Head() *Header
}
