package push

import (
	"errors"
	"time"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
)

// equalLimit is how many equal refusals in a row, with nothing accepted, stop a push.
const equalLimit = 20

// rowsLimit is how many different rows in a row must meet a failure of the account or the
// request, once something was accepted, before the push stops.
const rowsLimit = 3

// rules remember what the failure rules look back on.
type rules struct {
	workers  int
	accepted int
	refused  map[int64]bool // rows in a row refused for the request's or account's sake
	code     int            // of the last refusal
	equal    int            // refusals with that code since something was accepted
	transit  int            // outcomes in a row that reached nobody
	since    time.Time      // when transit reached the number of workers
	retried  map[int64]bool // rows whose 40037 was repeated once
}

// open reports an outage: nothing new is claimed, and waiting rows try the way.
func (r *rules) open() bool { return r.transit >= r.workers }

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
		e.results = append(e.results, o)
		return
	}
	o.reason = res.Err.Error()
	var failure *wechat.Error
	if errors.As(res.Err, &failure) {
		o.code = int(failure.Code)
	}
	kind := wechat.KindOf(res.Err)
	e.log.Debug("not accepted", "row", r.id, "openid", r.openid, "kind", kind.String(), "error", o.reason)
	switch {
	case errors.Is(res.Err, template.ErrNotSent):
		o.state, o.forget = statePending, true
		if kind == wechat.KindDailyQuota {
			e.halt(ReasonQuota, res.Err)
		}
	case kind == wechat.KindDailyQuota:
		o.state, o.forget = statePending, true
		e.halt(ReasonQuota, res.Err)
	case kind == wechat.KindMinuteLimit:
		o.state, o.forget = statePending, true
		e.wait(r)
	case kind == wechat.KindBusy || kind == wechat.KindLost || kind == wechat.KindNetwork:
		e.missed(r, kind, &o, res.Err)
	case kind == wechat.KindRequest || kind == wechat.KindAccount || kind == wechat.KindToken:
		e.refusedAll(r, &o, res.Err)
	case kind == wechat.KindRecipient:
		o.state = stateSkipped
		e.refusal(o.code, res.Err)
	default:
		o.state = stateFailed
		e.refusal(o.code, res.Err)
	}
	e.results = append(e.results, o)
}

// halt ends the push; the first reason stands.
func (e *engine) halt(reason Reason, err error) {
	if e.fatal == nil {
		e.fatal = &StopError{reason, err}
	}
}

func (e *engine) wait(r *row) {
	e.backoff[r.id] = time.Now().Add(min(firstBackoff<<min(r.attempts-1, 10), lastBackoff))
}

// missed puts a row that reached nobody back, until it is too late to repeat it safely.
func (e *engine) missed(r *row, kind wechat.Kind, o *outcome, err error) {
	e.rules.transit++
	if e.rules.open() && e.rules.since.IsZero() {
		e.rules.since = time.Now()
	}
	if !e.rules.since.IsZero() && time.Since(e.rules.since) >= outageLimit {
		e.halt(ReasonOutage, err)
	}
	next := e.ledger.now().Unix() + int64(firstBackoff/time.Second)
	switch {
	case next-r.firstAt < int64(horizon/time.Second):
		o.state = statePending
		e.wait(r)
	case kind == wechat.KindNetwork && r.attempts == 1:
		o.state = stateFailed
	default:
		o.state = stateUnknown
	}
}

// refusedAll handles what every row would meet: the row stays pending, and the push stops.
func (e *engine) refusedAll(r *row, o *outcome, err error) {
	o.state, o.forget = statePending, true
	e.rules.arrived()
	if wechat.Code(o.code) == wechat.ErrInvalidTemplateID && !e.rules.retried[r.id] {
		if e.rules.retried == nil {
			e.rules.retried = map[int64]bool{}
		}
		e.rules.retried[r.id] = true // a false 40037 is known to happen
		e.wait(r)
		return
	}
	if e.rules.refused == nil {
		e.rules.refused = map[int64]bool{}
	}
	e.rules.refused[r.id] = true
	if e.rules.accepted == 0 || len(e.rules.refused) >= rowsLimit {
		e.halt(ReasonRefused, err)
		return
	}
	e.wait(r)
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
