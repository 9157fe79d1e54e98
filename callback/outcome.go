package callback

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Outcome tells how the server answered a delivery.
type Outcome string

// The outcomes of a [Delivery].
const (
	OutcomeRan      Outcome = "ran"      // the first delivery of a message, answered with the handler's reply
	OutcomeJoined   Outcome = "joined"   // a repeat, answered with the reply of the handler that an earlier delivery started
	OutcomeReplayed Outcome = "replayed" // a repeat of a message whose handler had returned; answered with the same reply
	OutcomeLate     Outcome = "late"     // answered "success": the reply goes to Late, or another process handles the message
	OutcomeDropped  Outcome = "dropped"  // left unanswered, so that WeChat repeats the message; see Config.Lapse
	OutcomeRefused  Outcome = "refused"  // refused; Err is the reason
	OutcomeEchoed   Outcome = "echoed"   // the console's check of the URL, or the probe of WeChat Cloud Run, was answered
)

// Delivery describes one request to a [Server], for [Config].Hook. It holds no secret and no
// openid.
type Delivery struct {
	// Type is the MsgType and Event is the name of the event, as received. Both are empty if the
	// server refused the request before it read the message, and for a third-party platform's own
	// pushes.
	Type, Event string
	AppID       string        // of the account, as configured; may be empty in plain mode
	Outcome     Outcome       // how it was answered
	Status      int           // of the response; for OutcomeDropped WeChat does not read it
	Err         error         // for OutcomeRefused: the reason; otherwise nil
	Duration    time.Duration // from the arrival to the answer
	// SenderDiffers is true if the query's openid differs from the message's FromUserName. No
	// signature covers the query's openid in any mode. In plain mode no signature covers the
	// message either.
	SenderDiffers bool
}

// observe calls Config.Hook, and logs a refusal.
func (d *delivery) observe(o Delivery) {
	if d.server.cfg.Hook == nil && o.Err == nil && !d.differs {
		return
	}
	o.Duration = time.Since(d.arrival)
	o.Type, o.Event, o.AppID, o.SenderDiffers = d.msgType, d.event, d.account.id(), d.differs
	s := d.server
	if o.Err != nil {
		s.logRefusal(d, o)
	}
	if o.SenderDiffers {
		s.logSampled(d.r.Context(), manyAMinute, "the query's openid is not the message's FromUserName",
			"callback: the sender differs", slog.String("appid", o.AppID))
	}
	if s.cfg.Hook == nil {
		return
	}
	ctx := &pushContext{context.Background(), d.r.Context(), o.AppID}
	s.contain(ctx, "callback: Hook panicked", func() { s.cfg.Hook(ctx, o) })
}

// report logs a failure that no response can report, and calls OnError.
func (r *run) report(in *incoming, what string, err error) {
	s, ctx := r.server, in.context(context.Background())
	in.detach()
	head := in.head
	attrs := []slog.Attr{
		slog.String("appid", in.account.appID), slog.String("type", head.MsgType),
		slog.String("event", head.Event), slog.String("error", err.Error()),
	}
	if p, ok := errors.AsType[*panicked](err); ok {
		attrs = append(attrs, slog.String("stack", p.stack))
	}
	s.log(ctx, slog.LevelError, what, attrs...)
	if s.cfg.OnError != nil {
		s.contain(ctx, "callback: OnError panicked", func() { s.cfg.OnError(ctx, head, err) })
	}
}
