package push

import (
	"errors"
	"time"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
)

const (
	// equalLimit is how many equal refusals in a row, with nothing accepted, stop a push.
	equalLimit = 20
	// rowsLimit is how many different rows in a row must meet a failure of the account or the
	// request, once something was accepted, before the push stops.
	rowsLimit = 3
)

// rules remember what the failure rules look back on.
type rules struct {
	workers  int
	accepted int
	refused  map[int64]bool // rows in a row refused for the request's or account's sake
	code     int            // of the last refusal
	equal    int            // refusals with that code since something was accepted
	transit  int            // outcomes in a row that reached nobody
	since    time.Time      // when transit reached the number of workers
	retried  map[int64]bool // rows whose 40037 is repeated once
	doubted  int            // those of them that still wait for it
}

// holding reports that nothing new is to be claimed: in an outage, or until a template that was
// refused has been tried once more. Rows that wait try the way.
func (r *rules) holding() bool { return r.transit >= r.workers || r.doubted > 0 }

func (r *rules) arrived() { r.transit, r.since = 0, time.Time{} }

// verdict is what the fate of a row means for the push.
type verdict struct {
	halt    Reason // why nothing more is to be sent; empty: go on
	minute  bool   // the limit by the minute has struck
	doubted bool   // the row's 40037 is to be repeated once, before anything new is claimed
}

// settle notes what a sent row becomes.
func (e *engine) settle(r *row, res template.Result) {
	o := outcome{row: r, msgID: res.MsgID}
	v := e.rules.judge(&o, res.Err, e.clock)
	if res.Err == nil {
		e.summary.Sent++
	} else {
		e.log.Debug("not accepted", "row", r.id, "openid", r.openid, "kind", wechat.KindOf(res.Err).String(), "error", o.reason)
	}
	if o.state == statePending {
		if o.forget && r.before == 0 { // as if it had not been claimed
			r.since = instant{}
			e.claimed--
			e.inBatch--
		}
		e.wait(r, v.doubted)
	}
	if v.minute {
		e.holdMinute()
	}
	if v.halt != "" {
		e.halt(v.halt, res.Err)
	}
	e.results = append(e.results, o)
}

// judge decides what a row becomes that was sent: o's state, and whether the attempt counts.
func (r *rules) judge(o *outcome, err error, c *clock) (v verdict) {
	if err = plain(err); err == nil {
		o.state = stateAccepted
		r.accepted++
		r.equal, r.refused = 0, nil
		r.arrived()
	} else {
		o.reason = err.Error()
		var failure *wechat.Error
		if errors.As(err, &failure) {
			o.code = int(failure.Code)
		}
		v = r.refuse(o, err, c)
	}
	if o.state != statePending {
		delete(r.retried, o.row.id)
	}
	return v
}

// refuse decides what a row becomes that was not accepted.
func (r *rules) refuse(o *outcome, err error, c *clock) (v verdict) {
	if held, ok := errors.AsType[*heldBack](err); ok {
		o.back(held, c)
		return v
	}
	notSent, kind := errors.Is(err, template.ErrNotSent), wechat.KindOf(err)
	switch {
	case notSent && errors.Is(err, template.ErrInvalidMessage):
		o.state, o.forget = stateFailed, true
	case kind == wechat.KindDailyQuota:
		o.putBack()
		v.halt = ReasonQuota
	case kind == wechat.KindMinuteLimit:
		r.arrived()
		o.putBack()
		v.minute = true
	case notSent:
		o.putBack()
	case kind == wechat.KindBusy || kind == wechat.KindLost || kind == wechat.KindNetwork:
		return r.missed(o, kind, c)
	case kind == wechat.KindRequest || kind == wechat.KindAccount || kind == wechat.KindToken:
		return r.refusedAll(o)
	case kind == wechat.KindRecipient:
		o.state = stateSkipped
		return r.refusal(o.code)
	default:
		o.state = stateFailed
		return r.refusal(o.code)
	}
	return v
}

// ended is what a row becomes that must not be repeated any more.
func ended(r *row) string {
	if r.doubt {
		return stateUnknown
	}
	return stateFailed
}

// putBack makes a row pending whose attempt surely was not carried out, as if it had not been.
func (o *outcome) putBack() { o.state, o.forget = statePending, true }

// back is what the gate's word means for a row: as if it had not been claimed, unless an earlier
// attempt of this claim is in doubt.
func (o *outcome) back(held *heldBack, c *clock) {
	switch {
	case held.before != nil:
		o.row.doubt = true
		o.again(c)
	case errors.Is(held, errTooLate):
		o.state, o.forget = ended(o.row), true
	default:
		o.putBack()
	}
}

// again makes a row pending that has left, until it is too late to repeat it safely.
func (o *outcome) again(c *clock) {
	next := *o.row
	next.before = o.row.firstAt
	o.state = statePending
	if c.tooLate(&next, firstBackoff) {
		o.state = ended(o.row)
	}
}

// halt ends the push, also for what has been handed to a sender and has not left; the first
// reason stands.
func (e *engine) halt(reason Reason, err error) {
	e.gate.closed.Store(true)
	if e.fatal == nil {
		e.fatal = &StopError{reason, err}
	}
}

// backoff is how long a row waits that has been tried so often.
func backoff(attempts int) time.Duration {
	return min(firstBackoff<<min(max(attempts-1, 0), 10), lastBackoff)
}

// wait puts a row off, the longer the oftener it has been tried.
func (e *engine) wait(r *row, doubted bool) {
	if doubted {
		e.rules.doubted++
	}
	r.tries++
	e.waiting[r.id] = waiting{until: time.Now().Add(backoff(max(r.attempts, r.tries))), since: r.since, doubt: r.doubt, doubted: doubted, tries: r.tries}
}

// goOn ends the waiting of a row.
func (e *engine) goOn(id int64) {
	if e.waiting[id].doubted {
		e.rules.doubted--
	}
	delete(e.waiting, id)
}

// missed puts a row back that reached nobody, or may have.
func (r *rules) missed(o *outcome, kind wechat.Kind, c *clock) (v verdict) {
	r.transit++
	if r.transit >= r.workers && r.since.IsZero() {
		r.since = time.Now()
	}
	if !r.since.IsZero() && time.Since(r.since) >= outageLimit {
		v.halt = ReasonOutage
	}
	if kind != wechat.KindNetwork {
		o.row.doubt = true
	}
	if o.row.doubt {
		o.again(c)
	} else {
		o.putBack() // it surely has never left
	}
	return v
}

// refusedAll handles what every row would meet: the row stays pending, and the push stops.
func (r *rules) refusedAll(o *outcome) (v verdict) {
	r.arrived()
	o.putBack()
	id := o.row.id
	if wechat.Code(o.code) == wechat.ErrInvalidTemplateID && !r.retried[id] {
		if r.retried == nil {
			r.retried = map[int64]bool{}
		}
		r.retried[id] = true // a false 40037 is known to happen
		return verdict{doubted: true}
	}
	if r.refused == nil {
		r.refused = map[int64]bool{}
	}
	r.refused[id] = true
	if r.accepted == 0 || len(r.refused) >= rowsLimit {
		v.halt = ReasonRefused
	}
	return v
}

// refusal counts equal refusals of single rows: twenty in a row are no accident.
func (r *rules) refusal(code int) (v verdict) {
	r.arrived()
	r.refused = nil
	if code != r.code {
		r.code, r.equal = code, 0
	}
	if r.equal++; r.equal >= equalLimit {
		v.halt = ReasonRefused
	}
	return v
}
