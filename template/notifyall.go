package template

import (
	"context"
	"iter"
)

// NotifyResult is what became of one notification.
type NotifyResult struct {
	// Notification is the one pulled.
	Notification Notification
	// MsgID is the platform's, when Err is nil; 0 where it tells none.
	MsgID int64
	// Err is nil when the platform has accepted the notification. An error with [ErrNotSent] in it
	// is certain; after any other, ask the error whether the notification may have been carried out.
	Err error
}

// NotifyAll sends the subscription notifications (订阅通知) that notifications yields, several at a
// time, and yields one [NotifyResult] for each of them, in the order in which they finish. In all
// that [Client.SendAll] promises it is the same: constant memory, what runs on which goroutine,
// options, errors that notifications yields, how to stop and to abort, the limit by the minute
// (45011) and the daily quota (45009). A nil notifications is an empty sequence.
//
// It differs in one thing: a notification is never repeated after a lost answer, since the platform
// does not say that a ClientMsgID makes it count once. Its Result has that error, without
// [ErrNotSent]: with package wechat of the kind KindLost or KindBusy. Sending it again may reach the
// person twice, and uses up another consent.
//
// The values' rules are not looked at; to check one, yield the error of [CheckValue].
//
// A person without a consent is 43101, of the kind KindRecipient; it concerns them alone. Two
// notifications to one person may leave in any order.
//
// POST /cgi-bin/message/subscribe/bizsend
func (c *Client) NotifyAll(ctx context.Context, notifications iter.Seq2[Notification, error], opts ...Option) iter.Seq[NotifyResult] {
	return all(ctx, notifications, opts, door[Notification, NotifyResult]{
		check:  (*Notification).sendable,
		send:   func(n Notification) (int64, error) { return c.notify(ctx, n) },
		result: func(n Notification, msgID int64, err error) NotifyResult { return NotifyResult{n, msgID, err} },
	})
}
