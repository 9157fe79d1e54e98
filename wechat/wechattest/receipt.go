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
	// After is how long after its acceptance a message is receipted. 0: the first delivery is
	// made before the client that sent the message is answered, which WeChat is known to manage
	// at times; repeats follow later.
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
		a.pushReceipt(p)
		return
	}
	a.server.serving.Go(func() {
		if a.server.wait(r.After) {
			a.pushReceipt(p)
		}
	})
}

// pushReceipt delivers p once. Repeats follow in the background, so that a callback that is out of
// order does not hold up whoever waits.
func (a *Account) pushReceipt(p Push) {
	d, err := a.begin(p)
	if err != nil {
		return // there is no callback
	}
	ctx, cancel := a.server.untilClosed()
	if d.next(ctx) != nil || d.settled {
		cancel()
		return
	}
	a.server.serving.Go(func() {
		defer cancel()
		_ = d.run(ctx) // what becomes of a receipt is the callback's affair
	})
}

// untilClosed returns a context that ends when the server is closed, or by cancel.
func (s *Server) untilClosed() (ctx context.Context, cancel context.CancelFunc) {
	ctx, cancel = context.WithCancel(context.Background())
	s.serving.Go(func() {
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, cancel
}
