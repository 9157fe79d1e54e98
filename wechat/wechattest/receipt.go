package wechattest

import (
	"context"
	"time"

	"github.com/org/wxhome/callback"
)

// Receipts says how an account's template messages are receipted (TEMPLATESENDJOBFINISH).
type Receipts struct {
	// Status tells how a message fared; nil: all are delivered. An empty status: no receipt.
	Status func(Accepted) callback.DeliveryStatus
	// After is how long after its acceptance a message is receipted. 0: before the client that
	// sent it is answered, which WeChat is known to manage at times.
	After time.Duration
	// NoMsgID leaves MsgID 0, which was seen for messages with a client_msg_id.
	NoMsgID bool
}

// SendReceipts has each template message of the account receipted to its callback from now on.
// Receipts that are under way are given up when the server is closed.
func (a *Account) SendReceipts(r Receipts) { a.receipts.Store(&r) }

// receipt sends the receipt of an accepted message.
func (a *Account) receipt(m Accepted) {
	r := a.receipts.Load()
	if r == nil || a.line.Load() == nil {
		return
	}
	status := callback.StatusDelivered
	if r.Status != nil {
		status = r.Status(m)
	}
	if status == "" {
		return
	}
	p := Receipt(m.Message.To, m.MsgID, status)
	if r.NoMsgID {
		p = Receipt(m.Message.To, 0, status)
	}
	if r.After <= 0 {
		a.pushUntilClosed(p)
		return
	}
	a.server.serving.Go(func() {
		if a.server.wait(r.After) {
			a.pushUntilClosed(p)
		}
	})
}

// pushUntilClosed pushes p unless the server is closed meanwhile. What becomes of it is the
// callback's affair.
func (a *Account) pushUntilClosed(p Push) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a.server.serving.Go(func() {
		select {
		case <-a.server.closing:
			cancel()
		case <-ctx.Done():
		}
	})
	_, _ = a.Push(ctx, p)
}
