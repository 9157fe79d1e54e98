package callback

import "time"

// Header has the fields that all messages and events share. Each of their structs embeds it.
type Header struct {
	// ToUserName is the original id (原始ID) of the account. It starts with gh_.
	ToUserName string
	// FromUserName is the openid of the follower. A few events come from the platform itself and
	// have the openid in another field; see [Withdrawal].
	FromUserName string
	// CreateTime is the Unix time in seconds, by the platform's clock. See [Header.Time].
	CreateTime int64
	// MsgType is text, image, ... or event.
	MsgType string
	// Event is the name of the event, as received. Ignore its case when you compare it.
	Event string
	// MsgID is the MsgId of a message or the MsgID of a receipt. It is 0 for other events.
	MsgID int64
	// MsgDataID (MsgDataId) identifies the article under which a follower wrote the message. It is
	// empty for all other messages.
	MsgDataID string
	// Idx is the position of that article in its push, from 1.
	Idx int
	// BusinessID (BusinessId) is the sub-merchant (子商户) in whose chat the follower wrote. It is 0 for
	// an account without sub-merchants.
	BusinessID int64
	// Raw is the whole message as received, decrypted. It is empty in the Header that Late and
	// OnError of a [Config] receive. Printing and JSON leave out its content.
	Raw Raw `json:"-"`
}

// Head returns h. It makes each struct that embeds a Header a [Message].
func (h *Header) Head() *Header { return h }

// Time returns CreateTime as a time. If CreateTime is 0, it returns the zero Time.
func (h Header) Time() time.Time {
	if h.CreateTime == 0 {
		return time.Time{}
	}
	return time.Unix(h.CreateTime, 0)
}

// Message is a message or event: a pointer to one of this package's structs, such as [*TextMessage]
// or [*SubscribeEvent], or an [*Unknown]. [Parse] returns one.
type Message interface {
	// Head returns the message's own Header, not a copy.
	Head() *Header
}
