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

// settle decides what a sent row becomes.
func (e *engine) settle(r *row, res template.Result) {
	o := outcome{row: r, msgID: res.MsgID}
	if res.Err == nil {
		o.state = stateAccepted
		e.summary.Sent++
		e.rules.accepted++
		e.rules.equal, e.rules.refused = 0, nil
		e.rules.arrived()
	} else {
		o.reason = res.Err.Error()
		var failure *wechat.Error
		if errors.As(res.Err, &failure) {
			o.code = int(failure.Code)
		}
		kind := wechat.KindOf(res.Err)
		e.log.Debug("not accepted", "row", r.id, "openid", r.openid, "kind", kind.String(), "error", o.reason)
		e.refuse(&o, kind, res.Err)
	}
	if o.state != statePending {
		delete(e.rules.retried, r.id)
	}
	e.results = append(e.results, o)
}

// refuse decides what a row becomes that was not accepted.
func (e *engine) refuse(o *outcome, kind wechat.Kind, err error) {
	notSent := errors.Is(err, template.ErrNotSent)
	switch {
	case notSent && errors.Is(err, template.ErrInvalidMessage):
		o.state, o.forget = stateFailed, true
	case errors.Is(err, errTooLate):
		o.state, o.forget = ended(o.row), true
	case kind == wechat.KindDailyQuota:
		e.putBack(o)
		e.halt(ReasonQuota, err)
	case kind == wechat.KindMinuteLimit:
		e.rules.arrived()
		e.putBack(o)
	case notSent, errors.Is(err, errClosed):
		e.putBack(o)
	case kind == wechat.KindBusy || kind == wechat.KindLost || kind == wechat.KindNetwork:
		e.missed(o, kind, err)
	case kind == wechat.KindRequest || kind == wechat.KindAccount || kind == wechat.KindToken:
		e.refusedAll(o, err)
	case kind == wechat.KindRecipient:
		o.state = stateSkipped
		e.refusal(o.code, err)
	default:
		o.state = stateFailed
		e.refusal(o.code, err)
	}
}

// ended is what a row becomes that must not be repeated any more.
func ended(r *row) string {
	if r.doubt {
		return stateUnknown
	}
	return stateFailed
}

// halt ends the push, also for what has been handed to a sender and has not left; the first
// reason stands.
func (e *engine) halt(reason Reason, err error) {
	e.gate.closed.Store(true)
	if e.fatal == nil {
		e.fatal = &StopError{reason, err}
	}
}

// putBack makes a row pending whose attempt surely was not carried out, as if it had not been.
func (e *engine) putBack(o *outcome) {
	o.state, o.forget = statePending, true
	if o.row.before == 0 {
		o.row.since = time.Time{}
		e.claimed--
		e.inBatch--
	}
	e.wait(o.row, false)
}

// wait puts a row off, the longer the oftener it has been tried.
func (e *engine) wait(r *row, doubted bool) {
	if doubted {
		e.rules.doubted++
	}
	pause := min(firstBackoff<<min(r.attempts-1, 10), lastBackoff)
	e.waiting[r.id] = waiting{until: time.Now().Add(pause), since: r.since, doubt: r.doubt, doubted: doubted}
}

// goOn ends the waiting of a row.
func (e *engine) goOn(id int64) {
	if e.waiting[id].doubted {
		e.rules.doubted--
	}
	delete(e.waiting, id)
}

// missed puts a row that reached nobody back, until it is too late to repeat it safely.
func (e *engine) missed(o *outcome, kind wechat.Kind, err error) {
	r := o.row
	e.rules.transit++
	if e.rules.transit >= e.rules.workers && e.rules.since.IsZero() {
		e.rules.since = time.Now()
	}
	if !e.rules.since.IsZero() && time.Since(e.rules.since) >= outageLimit {
		e.halt(ReasonOutage, err)
	}
	if kind != wechat.KindNetwork {
		r.doubt = true
	}
	next := *r
	next.before = r.firstAt
	if tooLate(&next, e.ledger.now().Add(firstBackoff)) {
		o.state = ended(r)
		return
	}
	o.state = statePending
	e.wait(r, false)
}

// refusedAll handles what every row would meet: the row stays pending, and the push stops.
func (e *engine) refusedAll(o *outcome, err error) {
	e.rules.arrived()
	e.putBack(o)
	r := o.row
	if wechat.Code(o.code) == wechat.ErrInvalidTemplateID && !e.rules.retried[r.id] {
		if e.rules.retried == nil {
			e.rules.retried = map[int64]bool{}
		}
		e.rules.retried[r.id] = true // a false 40037 is known to happen
		e.wait(r, true)
		return
	}
	if e.rules.refused == nil {
		e.rules.refused = map[int64]bool{}
	}
	e.rules.refused[r.id] = true
	if e.rules.accepted == 0 || len(e.rules.refused) >= rowsLimit {
		e.halt(ReasonRefused, err)
	}
}

// refusal counts equal refusals of single rows: twenty in a row are no accident.
func (e *engine) refusal(code int, err error) {
	e.rules.arrived()
	e.rules.refused = nil
	if code != e.rules.code {
		e.rules.code, e.rules.equal = code, 0
	}
	if e.rules.equal++; e.rules.equal >= equalLimit {
		e.halt(ReasonRefused, err)
	}
}
